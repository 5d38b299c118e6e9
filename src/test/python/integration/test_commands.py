"""The other commands: replay, reconcile, journal export, verify and gaps, and config."""

from __future__ import annotations

import gzip
import json
import signal
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import clients
import journal_file
import market_log
import reference_conf
import stream
import trades
from contents import Contents
from rig import AAPL, AAPL_TRADES, Ended, Rig
from surroundings import REGION

pytestmark = pytest.mark.integration

DAMAGED = 1
USAGE = 2
CANNOT_START = 3
NOT_ALL = 1
KEY = "SECRETTOKEN123"


def record_aapl(rig: Rig, sessions: int = 1) -> None:
    """Plays the eight frames once, in each of so many sessions, and publishes them."""
    rig.create_stream()
    for _ in range(sessions):
        market = rig.start_market("--capture", AAPL, "--speed", "max")
        ingester = rig.start_ingester({"feed.uri": market.address, "feed.symbols": '["AAPL"]'})
        ingester.waits_for_trades(more_than=AAPL_TRADES - 1)
        ended = rig.signal(ingester.child, signal.SIGTERM)
        assert ended.code == 128 + signal.SIGTERM
        assert market.child.stop(10) in (0, 128 + signal.SIGTERM)
        assert market_log.read(market.log).frames.total() == 8


def on_the_journal(rig: Rig, *arguments: str, changed: Mapping[str, str | None]) -> Ended:
    """Runs a command with the test's settings."""
    ended = rig.run(*arguments, *rig.settings(changed))
    assert ended.left == []
    return ended


def test_replay_publishes_the_same_ids_again_however_often(rig: Rig) -> None:
    record_aapl(rig)
    first = rig.assert_all_on_the_stream()
    assert (first["distinct_trade_ids"], first["duplicates"]) == (AAPL_TRADES, 0)
    for round_number in (1, 2):
        ended = on_the_journal(rig, "replay", "--json", changed={})
        assert ended.code == 0, ended.err
        result = ended.result()
        assert result["env"] == "local"
        assert result["from"] == 0
        assert result["trades_received"] == result["trades_published"] == AAPL_TRADES
        numbers = rig.assert_all_on_the_stream()
        assert numbers["distinct_trade_ids"] == AAPL_TRADES
        assert numbers["duplicates"] == AAPL_TRADES * round_number


def test_two_sessions_give_the_same_ids(rig: Rig) -> None:
    record_aapl(rig, sessions=2)
    numbers = rig.assert_all_on_the_stream()
    assert numbers["trades_published"] == 2 * AAPL_TRADES
    assert numbers["distinct_trade_ids"] == AAPL_TRADES


def test_replay_of_a_range_publishes_what_it_holds_and_nothing_else(rig: Rig) -> None:
    record_aapl(rig)
    frames = [entry for entry in entries(rig) if entry.type == journal_file.FRAME]
    third, sixth = frames[2].position, frames[5].position
    ended = on_the_journal(
        rig, "replay", "--json", "--from", str(third), "--to", str(sixth), changed={}
    )
    assert ended.code == 0
    result = ended.result()
    assert (result["from"], result["to"]) == (third, sixth)
    numbers = rig.assert_all_on_the_stream()
    held = sum(len(json.loads(frame.payload)["data"]) for frame in frames[2:5])
    assert numbers["duplicates"] == result["trades_published"] == held


def test_reconcile_names_what_the_table_lacks_and_replay_brings_it(rig: Rig) -> None:
    record_aapl(rig)
    table = Table(rig)
    table.store(lines_of_stream(rig)[:-5])
    settings = {"table.name": table.name, "table.endpoint": rig.kinesis.endpoint}

    ended = on_the_journal(rig, "reconcile", "--json", "--scan", changed=settings)
    assert ended.code == NOT_ALL
    counts = ("distinct", "found", "missing", "different", "unexpected")
    assert [ended.result()[name] for name in counts] == [AAPL_TRADES, AAPL_TRADES - 5, 5, 0, 0]
    *missing, remedy = (line for line in ended.sentences if not line.startswith("from position="))
    assert all(line.startswith("missing trade_id=") for line in missing)
    assert len(missing) == 5

    before = Counter(lines_of_stream(rig))
    words = remedy.split("tapestream ")[1].split()
    assert on_the_journal(rig, *words, changed={}).code == 0
    table.store([*(Counter(lines_of_stream(rig)) - before).elements()])
    ended = on_the_journal(rig, "reconcile", "--json", "--scan", changed=settings)
    assert ended.code == 0, ended.err
    assert [ended.result()[name] for name in counts] == [AAPL_TRADES, AAPL_TRADES, 0, 0, 0]


def lines_of_stream(rig: Rig) -> list[bytes]:
    """The lines on the stream; those that are there several times side by side."""
    records = stream.read(rig.kinesis.client(), rig.stream)
    return [line for line, _ in Contents(reference_conf.read()).add_all(records).lines.elements()]


class Table:
    """The test's table."""

    def __init__(self, rig: Rig) -> None:
        self.name = f"table-{rig.folder.name}"[:255]
        self._client = clients.connect("dynamodb", rig.kinesis.endpoint, rig.kinesis.ca, REGION)
        self._client.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "trade_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "trade_id", "AttributeType": "S"}],
        )

    def store(self, lines: list[bytes]) -> None:
        """Holds the items of these lines."""
        for line in lines:
            self._client.put_item(TableName=self.name, Item=trades.item_of(line))


def test_replay_while_kinesis_is_not_there(rig: Rig) -> None:
    record_aapl(rig)
    proxy = rig.start_proxy()
    proxy.close()
    ended = on_the_journal(rig, "replay", changed={"kinesis.endpoint": proxy.endpoint})
    assert ended.code == CANNOT_START
    (sentence,) = ended.sentences
    assert "kinesis cannot be reached" in sentence


def entries(rig: Rig) -> list[journal_file.Entry]:
    """The journal's entries."""
    return list(journal_file.read(rig.journal).entries())


def test_export_writes_a_capture_that_a_market_plays(rig: Rig) -> None:
    record_aapl(rig)
    told = [
        {"received_at": entry.received_at, "frame": entry.payload.decode()}
        for entry in entries(rig)
        if entry.type == journal_file.FRAME
    ]
    ended = on_the_journal(rig, "journal", "export", changed={})
    assert ended.code == 0
    assert [json.loads(line) for line in ended.out.splitlines()] == told
    assert ended.sentences == [f"exported frames=8 from=0 to={end_of_journal(rig)}"]

    capture = rig.folder / "capture.ndjson.gz"
    ended = on_the_journal(rig, "journal", "export", "--out", str(capture), changed={})
    assert (ended.code, ended.out) == (0, "")
    with gzip.open(capture, "rt") as file:
        assert [json.loads(line) for line in file] == told
    again = rig.start_market("--capture", capture, "--speed", "max")
    assert again.address.startswith("ws://127.0.0.1:")

    ended = on_the_journal(rig, "journal", "export", "--out", str(capture), changed={})
    assert ended.code == CANNOT_START, "it is not written over"
    (sentence,) = ended.sentences
    assert str(capture) in sentence


def end_of_journal(rig: Rig) -> int:
    """The position behind the last entry."""
    last = journal_file.last_entry(rig.journal)
    assert last
    length = journal_file.ENTRY_HEADER_LENGTH + len(last.payload)
    return last.position + (length + 7) // 8 * 8


def test_export_of_a_range_of_time(rig: Rig) -> None:
    record_aapl(rig)
    ended = on_the_journal(rig, "journal", "export", "--to", "2020-01-01T00:00:00Z", changed={})
    assert (ended.code, ended.out) == (0, "")
    ended = on_the_journal(rig, "journal", "export", "--from", "2020-01-01T00:00:00Z", changed={})
    assert (ended.code, len(ended.out.splitlines())) == (0, 8)
    ended = on_the_journal(rig, "journal", "export", "--from", "yesterday", changed={})
    assert ended.code == USAGE
    (sentence,) = ended.sentences
    assert sentence.startswith("--from: neither position nor time: value=yesterday ")


def test_verify_tells_a_whole_journal_from_a_damaged_one(rig: Rig) -> None:
    record_aapl(rig)
    ended = on_the_journal(rig, "journal", "verify", "--json", changed={})
    assert ended.code == 0
    result = ended.result()
    assert result["whole"] is True
    assert {name: result[name] for name in ("frame", "session_opened", "session_closed")} == {
        "frame": 8,
        "session_opened": 1,
        "session_closed": 1,
    }
    assert (result["holes"], result["hole_bytes"], result["torn_bytes"]) == (0, 0, 0)
    assert result["start_position"] == 0
    assert result["checkpoint"] == result["end_position"] == end_of_journal(rig)

    damaged = next(entry for entry in entries(rig) if entry.type == journal_file.FRAME)
    flip_a_bit(sorted(rig.journal.glob("*.jrn"))[0], damaged.position + 40)
    ended = on_the_journal(rig, "journal", "verify", "--json", changed={})
    assert ended.code == DAMAGED
    result = ended.result()
    assert (result["whole"], result["frame"], result["holes"]) == (False, 7, 1)
    assert result["hole_bytes"] > len(damaged.payload)
    ended = on_the_journal(rig, "journal", "verify", changed={})
    assert ended.code == DAMAGED
    assert [line.split() for line in ended.out.splitlines()][1] == ["whole", "false"]


def flip_a_bit(file: Path, offset: int) -> None:
    """Damages one byte."""
    content = bytearray(file.read_bytes())
    content[offset] ^= 1
    file.write_bytes(content)


def test_gaps_are_listed_with_reason_and_symbols(rig: Rig) -> None:
    rig.create_stream()
    market = rig.start_market()
    ingester = rig.start_ingester({"feed.uri": market.address, "feed.symbols": '["AAPL"]'})
    ingester.waits_for_trades()
    assert rig.signal(ingester.child, signal.SIGTERM).code == 128 + signal.SIGTERM
    ingester = rig.start_ingester({"feed.uri": market.address, "feed.symbols": '["AAPL"]'})
    ingester.waits_for_trades()
    market.child.stop(10)
    ingester.waits_for_health(lambda health: health["feed"] != "open")
    assert rig.signal(ingester.child, signal.SIGTERM).code == 128 + signal.SIGTERM

    ended = on_the_journal(rig, "journal", "gaps", "--json", changed={})
    assert ended.code == 0
    gaps: list[dict[str, Any]] = [json.loads(line) for line in ended.out.splitlines()]
    between, still_open = gaps
    assert between["symbols"] == still_open["symbols"] == ["AAPL"]
    assert between["reason"] == "stopped"
    assert still_open["reason"] == "closed 1001 market stopped"
    assert between["seconds"] > 0
    assert between["from"] < between["to"] < still_open["from"]
    assert still_open["to"] is None
    ended = on_the_journal(rig, "journal", "gaps", changed={})
    lines = ended.out.splitlines()
    assert len(lines) == 2
    assert " reason=stopped " in lines[0]
    assert " to=still-open " in lines[1]


@pytest.mark.parametrize(
    "command",
    [["replay"], ["journal", "export"], ["journal", "verify"], ["journal", "gaps"]],
    ids=" ".join,
)
def test_without_a_journal_there_is_nothing_to_do(rig: Rig, command: list[str]) -> None:
    ended = on_the_journal(rig, *command, changed={})
    assert (ended.code, ended.out) == (CANNOT_START, "")
    (sentence,) = ended.sentences
    assert sentence.startswith("no journal: directory=data/local/journal (")


def test_journal_needs_a_subcommand(rig: Rig) -> None:
    ended = rig.run("journal")
    assert (ended.code, ended.out) == (USAGE, "")
    assert "no subcommand (expected: export, verify or gaps)" in ended.err


def test_config_shows_every_setting_with_its_origin_and_masks_the_key(rig: Rig) -> None:
    properties = rig.folder / "conf/application.properties"
    properties.write_text(f"finnhub.api.key={KEY}\nrun.stop-timeout=7s\n")
    variables = {"FINNHUB_API_KEY": None, "AWS_REGION": "eu-west-1"}
    ended = rig.run("config", "--env", "dev", "-Dkinesis.buckets=64", variables=variables)
    assert (ended.code, ended.err) == (0, "")
    shown = dict(line.split(" = ", 1) for line in ended.out.splitlines())
    assert shown["finnhub.api.key"] == '"***"  # conf/application.properties:1'
    assert shown["run.stop-timeout"] == '"7s"  # conf/application.properties:2'
    assert shown["kinesis.region"] == '"eu-west-1"  # environment variable AWS_REGION'
    assert shown["kinesis.buckets"] == '"64"  # -Dkinesis.buckets'
    assert shown["kinesis.stream"] == '"stream-finnhub-dev"  # conf/dev.conf:10'
    assert shown["feed.connect-timeout"].startswith('"10s"  # reference.conf')
    assert KEY not in ended.out

    variables = {"FINNHUB_API_KEY": KEY}
    ended = rig.run("config", "--env", "dev", "--json", variables=variables)
    assert ended.code == 0
    settings = json.loads(ended.out)
    assert settings["finnhub.api.key"] == "***"
    assert settings["kinesis.record.max-bytes"] == "16 KiB"
    assert KEY not in ended.out


def test_config_of_an_unknown_environment(rig: Rig) -> None:
    ended = rig.run("config", "--env", "staging")
    assert (ended.code, ended.out) == (USAGE, "")
    (sentence,) = ended.sentences
    assert "unknown environment: env=staging (expected: dev, local, prod, " in sentence
