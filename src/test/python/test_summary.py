"""The summary is the audit's word, and says where the ingester's differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import summary
from console import Tail

AUDITED: dict[str, Any] = dict.fromkeys(summary.COUNTED_TWICE, 5) | {
    "missing": 0,
    "unexpected": 0,
    "dead_letters": 0,
    "damaged_user_records": 0,
    "unexplained_holes": 0,
    "broken_prefixes": 0,
    "uncovered_suffixes": 0,
    "frames_lost": 0,
}
OWN: dict[str, Any] = dict.fromkeys(summary.COUNTED_TWICE, 5) | {"latency_ms": {"p50": 1, "p99": 2}}


def test_numbers_that_agree_are_no_problem() -> None:
    assert summary.problems_of(AUDITED) + summary.disagreements(OWN, AUDITED) == []
    merged = summary.merge(OWN, AUDITED, 10.04)
    assert list(merged) == list(summary.NAMES)
    assert (merged["env"], merged["seconds"]) == ("local", 10.0)
    assert merged["latency_ms"] == {"p50": 1, "p99": 2}


@pytest.mark.parametrize("name", summary.COUNTED_TWICE)
def test_a_number_that_differs_is_told(name: str) -> None:
    problems = summary.disagreements(OWN | {name: 6}, AUDITED)
    assert problems == [f"{name}: the ingester counted 6, the audit 5"]


@pytest.mark.parametrize("name", summary.DISPROOFS)
def test_what_keeps_it_from_being_a_proof_is_told(name: str) -> None:
    assert summary.problems_of(AUDITED | {name: 1}) == [f"{name} 1"]


def test_a_frame_lost_between_market_and_journal_is_told() -> None:
    assert summary.disagreements(OWN, AUDITED | {"frames_lost": 1}) == ["frames_lost 1"]


def test_the_result_is_the_last_line_of_an_output(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text('starting\n{"a":1}\n{"b":2}\n')
    assert summary.last_object(path) == {"b": 2}
    path.write_text("no object\n")
    assert summary.last_object(path) == {}
    path.write_text("")
    assert summary.last_object(path) == {}


def test_a_person_sees_progress_and_warnings_and_no_other_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    log.write_text("12:00:00.000 INFO  [main] hidden\nrunning  feed open  frames 0\n")
    with log.open("a") as file:
        file.write("12:00:00.000 WARN  [main] seen\nha")
    tail = Tail(log)
    tail.pass_on()
    with log.open("a") as file:
        file.write("lf\n")
    tail.levels = {"ERROR"}
    with log.open("a") as file:
        file.write("12:00:00.000 WARN  [main] hidden too\n\tat hidden\n")
        file.write("running  feed open  frames 1\n12:00:00.000 ERROR [main] bad\n\tat shown\n")
    tail.close()
    assert capsys.readouterr().err.splitlines() == [
        "running  feed open  frames 0",
        "12:00:00.000 WARN  [main] seen",
        "half",
        "running  feed open  frames 1",
        "12:00:00.000 ERROR [main] bad",
        "\tat shown",
    ]


def test_a_line_of_progress_gets_what_is_stored_besides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    log.write_text("running  feed open  frames 0\n12:00:00.000 ERROR [main] bad\n")
    Tail(log, lambda: "  stored 7").close()
    assert capsys.readouterr().err.splitlines() == [
        "running  feed open  frames 0  stored 7",
        "12:00:00.000 ERROR [main] bad",
    ]


def test_progress_can_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    log.write_text("running  feed open  frames 0\n12:00:00.000 ERROR [main] bad\n")
    tail = Tail(log)
    tail.shows_progress = False
    tail.close()
    assert capsys.readouterr().err.splitlines() == ["12:00:00.000 ERROR [main] bad"]
