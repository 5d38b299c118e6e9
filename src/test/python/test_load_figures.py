"""What a load test makes of what it has measured: figures, tables, the page."""

from __future__ import annotations

import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import baselines
import ingester_run
import load_aims
import load_report
import load_table
import scenarios
import svg_plots
from ingester_run import Outcome
from process_cpu import Cost, Watch


class _LinearWatch(Watch):
    """Costs one core in the JVM, half a one in the daemon, a quarter of it publishing."""

    def __init__(self) -> None:
        super().__init__(1, Path("/nowhere"))
        self.peak_anonymous_kib = {"jvm": 204_800, "daemon": 10_240}

    def cost_at(self, seconds: float) -> Cost:
        return Cost(seconds, seconds / 2, {"publish": seconds / 4})


def _delays(scale: int) -> dict[str, Any]:
    points = [[0.0, scale], [50.0, 2 * scale], [99.9, 9 * scale]]
    return {"count": 3, "p50": 2 * scale, "p99": 9 * scale, "p999": 9 * scale, "points": points}


def _outcome(trades: int = 1_000_000, distinct: int | None = None) -> Outcome:
    analysis = {
        "trades": trades,
        "distinct_trades": trades if distinct is None else distinct,
        "user_records": trades // 50,
        "stream_records": trades // 400,
        "line_bytes": 180 * trades,
        "payload_bytes": 185 * trades,
        "request_bytes": 250 * trades,
        "first_micros": 100_000_000,
        "half_micros": 108_000_000,
        "last_micros": 110_000_000,
        "first_traded_at_millis": 96_000,
        "timeline": [[0.0, 1000.0], [0.1, 3000.0]],
        "receipt_to_acknowledgement": _delays(1000),
        "due_to_receipt": _delays(100),
        "due_to_acknowledgement": _delays(1100),
    }
    quantiles = {"hand_over_micros": {"0.5": 700.0, "0.99": 1800.0, "0.999": 4000.0}}
    return Outcome(
        "run",
        trades,
        analysis,
        {"trades_published": trades},
        {"wire_bytes": 255 * trades, "records_refused": 3},
        _LinearWatch(),
        97.5,
        quantiles,
    )


def test_cost_a_trade_is_of_the_time_from_first_to_last_acknowledgement() -> None:
    figures = scenarios.catch_up_figures(_outcome())

    assert figures["trades_a_second"] == pytest.approx(100_000)
    assert figures["cpu_us_jvm"] == pytest.approx(10)
    assert figures["cpu_us_daemon"] == pytest.approx(5)
    assert figures["cpu_us"] == pytest.approx(15)
    assert figures["cpu_us_second_half"] == pytest.approx(6)
    assert figures["stages_us"] == pytest.approx({"daemon": 5, "publish": 2.5})
    assert figures["start_to_first_acknowledgement_seconds"] == pytest.approx(2.5)
    assert figures["peak_anonymous_mib"] == {"jvm": 200, "daemon": 10}
    assert figures["bytes_a_trade"]["wire"] == 255


def test_a_live_run_costs_so_many_cores() -> None:
    figures = scenarios.live_figures(_outcome())

    assert figures["cores_jvm"] == pytest.approx(1)
    assert figures["cores_daemon"] == pytest.approx(0.5)
    assert figures["receipt_to_acknowledgement_us"]["p99"] == 9000


def test_a_lost_trade_is_a_problem_and_so_is_one_too_many() -> None:
    assert _outcome().problems == []
    assert _outcome(distinct=999_999).problems == ["run: trades=1000000 arrived=999999"]
    assert _outcome(distinct=1_000_001).problems == ["run: trades=1000000 arrived=1000001"]
    unpublished = _outcome()
    unpublished.summary["trades_published"] = 5
    assert unpublished.problems == ["run: trades=1000000 published=5"]


def test_a_baseline_that_publishes_something_else_is_a_problem() -> None:
    right = {"distinct_trades": 10, "lines_not_ours": 0}

    assert baselines.problems("b", 10, right) == []
    assert baselines.problems("b", 10, right | {"distinct_trades": 9}) == ["b: trades=10 arrived=9"]
    assert baselines.problems("b", 10, right | {"lines_not_ours": 1}) == [
        "b: lines that differ from the ingester's=1"
    ]


def test_a_baselines_round_is_told_a_trade() -> None:
    taken = {
        "kind": "put-record",
        "concurrency": 4,
        "trades": 1000,
        "seconds": 0.5,
        "cpu_seconds_jvm": 0.02,
        "cpu_seconds_daemon": 0.01,
    }

    costs = baselines.costs_of(taken)

    assert costs["cpu_us"] == pytest.approx(30)
    assert costs["cpu_us_jvm"] == pytest.approx(20)
    assert costs["trades_a_second"] == pytest.approx(2000)


def test_quantiles_are_read_from_the_page_of_metrics() -> None:
    text = (
        "# TYPE kinesis_hand_over_micros summary\n"
        'kinesis_hand_over_micros{quantile="0.5"} 812.0\n'
        'kinesis_hand_over_micros{quantile="0.999"} 4000.5\n'
        "kinesis_hand_over_micros_count 12\n"
        'kinesis_latency{quantile="0.99"} 1.5E2\n'
        'other{quantile="0.99"} 1\n'
    )

    assert ingester_run.parse_quantiles(text) == {
        "hand_over_micros": {"0.5": 812.0, "0.999": 4000.5},
        "latency": {"0.99": 150.0},
    }


@pytest.mark.parametrize(
    ("hour", "hours"), [(0, "12:00-12:01"), (11, "23:00-23:01"), (15, "03:00-03:01")]
)
def test_a_backlog_is_caught_up_with_while_the_feed_is_closed(hour: int, hours: str) -> None:
    now = datetime.datetime(2026, 11, 25, hour, 30, tzinfo=datetime.UTC)

    assert ingester_run.closed_hours(now) == f"UTC Mon-Sun {hours}"


def test_quiet_is_a_file_that_has_something_and_does_not_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("ingester_run.time.monotonic", lambda: now[0])
    file = tmp_path / "received"
    file.write_bytes(b"")
    quiet = ingester_run.Quiet(file)

    now[0] = 5
    assert not quiet.is_quiet()
    file.write_bytes(b"x")
    assert not quiet.is_quiet()
    now[0] += ingester_run.QUIET_SECONDS
    assert quiet.is_quiet()


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.outside += [v or "" for name, v in attrs if name in ("src", "href")]


def _figures() -> dict[str, Any]:
    caught_up = scenarios.catch_up_figures(_outcome())
    live = scenarios.live_figures(_outcome())
    baseline = {
        "kind": "put-record",
        "concurrency": 4,
        "trades": 1000,
        "trades_a_second": 2000.0,
        "cpu_us": 300.0,
        "cpu_us_jvm": 300.0,
        "cpu_us_daemon": 0.0,
        "cpu_ratio": 20.0,
        "stream_records_a_trade": 1.0,
        "wire_bytes_a_trade": 900.0,
    }
    return {
        "catch_up": caught_up,
        "baselines": [baseline],
        "steady": [{"rate": 1000} | live, {"rate": 5000} | live],
        "burst": live | {"drained_seconds": 1.25},
        "shards": caught_up | {"refused_records": 3},
        "idle": [
            {
                "name": "outside the hours",
                "cores_jvm": 0.004,
                "cores_daemon": 0.03,
                "peak_anonymous_mib": {"jvm": 90, "daemon": 5},
            }
        ],
        "scale_symbols": [{"symbols": 1} | caught_up, {"symbols": 10_000} | caught_up],
    }


def test_the_table_has_every_scenario() -> None:
    text = load_table.text(_figures())

    for expected in ("15.00", "20.0", "put-record", "1.8", "1.25", "100,000", "10,000", "180 B"):
        assert expected in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_quick_run_has_a_table_and_a_page_too() -> None:
    figures = _figures()
    del figures["shards"]
    figures |= {"scale_symbols": [], "steady": figures["steady"][:1]}

    assert "scale" not in load_table.text(figures)
    assert "One shard" not in load_report.page(figures, [], {})


def test_the_page_needs_nothing_else_and_tells_what_was_lost() -> None:
    text = load_report.page(_figures(), ["run: <trades>=2 arrived=1"], {"date": "today"})
    tags = _Tags(text)

    assert tags.outside == []
    assert "script" not in tags.tags
    assert tags.tags.count("svg") >= 8
    assert "run: &lt;trades&gt;=2 arrived=1" in text
    assert "nothing was lost" not in text
    assert "nothing was lost" in load_report.page(_figures(), [], {})


def test_aims_are_met_or_missed_by_so_much() -> None:
    figures = _figures()
    figures["catch_up"]["cpu_us"] = 12.5
    figures["catch_up"]["trades_a_second"] = 50_000
    figures["steady"] = [
        figures["steady"][0] | {"rate": rate, "cpu_us": cost}
        for rate, cost in ((1000, 30.0), (5000, 10.0), (20_000, 11.0), (50_000, 15.0))
    ]

    verdicts = {aim.what: aim.verdict for aim in load_aims.aims(figures)}

    assert verdicts == {
        "catch-up: CPU a trade, JVM and daemon": "missed 2.5 times",
        "catch-up: throughput": "missed 4.0 times",
        "catch-up: times the CPU of put-record": "met",
        "start to first trade acknowledged": "met",
        "one shard: trades": "met",
        "shards that put-record(s) need besides": "met",
        "5,000 trades/s: receipt to hand-over p99": "met",
        "5,000 trades/s: receipt to acknowledgement p99": "met",
        "5,000 trades/s: JVM": "missed 3.0 times",
        "50,000 trades/s: RssAnon of the JVM": "met",
        "idle, outside the hours: JVM": "met",
        "idle, outside the hours: JVM and daemon": "missed 1.7 times",
        "growth with load: CPU a trade": "missed 1.2 times",
        "growth with symbols: CPU a trade": "met",
    }


@pytest.mark.parametrize(("rate", "shards"), [(1000, 2), (5000, 2), (20_000, 8), (50_000, 20)])
def test_a_steady_load_has_twice_the_shards_that_it_fills(rate: int, shards: int) -> None:
    assert scenarios.shards_for(rate) == shards


@pytest.mark.parametrize("highest", [0.3, 1, 7, 19.9, 123_456])
def test_an_axis_holds_its_highest_value_in_few_round_steps(highest: float) -> None:
    axis = svg_plots.linear("t", highest)

    assert axis.high >= highest
    assert 1 < len(axis.marks) <= 10
    assert axis.share(axis.high) == 1


def test_a_logarithmic_axis_goes_by_powers_of_ten() -> None:
    axis = svg_plots.logarithmic("t", 0.2, 50)

    assert (axis.low, axis.high) == (0.1, 100)
    assert axis.share(1) == pytest.approx(1 / 3)
    assert axis.share(0) == 0


def test_nines_spread_the_high_percentiles() -> None:
    assert svg_plots.nines(99) == pytest.approx(2)
    assert svg_plots.nines(99.9) == pytest.approx(3)
    assert svg_plots.nines(100) == 4
