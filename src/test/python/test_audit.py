"""The audit finds what it is there to find, given streams that are wrong in one place."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import audit
import deaggregation
import feed_logs
import identity
import journal_bytes
import journal_file
import reference_conf
import stored
import summary
from aggregates import encode
from comparison import Finding, compare, compare_items
from contents import Contents
from expected import Expected, expect
from journal_bytes import Written, frame
from reference_conf import RecordSettings
from shards import Shard, StreamRecord

ROOT = Path(__file__).parents[3]
SETTINGS = reference_conf.read()
WHOLE = Shard("shardId-000000000000", 0, 2**128 - 1)
FRAMES = [
    json.loads(line)["frame"]
    for line in (ROOT / "conf/captures/crypto-in-finnhub-shape.ndjson").read_text().splitlines()
]
ENTRIES = [Written(1, b"{}"), *map(frame, FRAMES), Written(5, b"closed 1001")]

Records = list[tuple[str, str, bytes]]


@pytest.fixture
def expected(tmp_path: Path) -> Expected:
    return expect(journal_bytes.write(tmp_path, [ENTRIES], 1024 * 1024), SETTINGS)


def user_records(expected: Expected) -> list[deaggregation.UserRecord]:
    """Returns a user record for each trade that must be on the stream."""
    records = []
    for symbol, lines in expected.lines.values():
        bucket = identity.bucket_of(symbol, SETTINGS.buckets)
        hash_key = identity.explicit_hash_key_of(bucket, SETTINGS.buckets)
        records += [deaggregation.UserRecord(str(bucket), hash_key, line) for line in lines]
    return records


def aggregated(records: list[deaggregation.UserRecord]) -> list[StreamRecord]:
    return [
        StreamRecord(WHOLE, str(at), "a", encode(records[at : at + 100]))
        for at in range(0, len(records), 100)
    ]


def alone(record: deaggregation.UserRecord) -> StreamRecord:
    return StreamRecord(WHOLE, "alone", record.partition_key, record.data)


def result(expected: Expected, records: list[StreamRecord]) -> dict[str, Any]:
    contents = Contents(SETTINGS).add_all(records)
    return audit.report(expected, contents, compare(expected, contents, SETTINGS), [])


def test_a_stream_with_every_trade_is_a_proof(expected: Expected) -> None:
    records = user_records(expected)
    numbers = result(expected, [*aggregated(records[1:]), alone(records[0])])
    assert audit.is_proof(numbers)
    assert numbers["frames"] == len(FRAMES)
    assert numbers["trades_received"] == numbers["trades_published"] == 1226
    assert numbers["distinct_trade_ids"] == numbers["user_records"] == 1226
    assert numbers["stream_records"] == 14
    assert numbers["aggregated_stream_records"] == 13
    assert numbers["duplicates"] == 0


def test_a_trade_put_twice_is_counted_and_no_fault(expected: Expected) -> None:
    records = user_records(expected)
    numbers = result(expected, [*aggregated(records), alone(records[0])])
    assert audit.is_proof(numbers)
    assert numbers["duplicates"] == 1


def test_a_missing_trade_is_found(expected: Expected) -> None:
    numbers = result(expected, aggregated(user_records(expected)[1:]))
    assert not audit.is_proof(numbers)
    assert (numbers["missing"], numbers["unexpected"]) == (1, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace(b'"price":', b'"price":1', 1),
        lambda line: line.replace(b'"received_at":1', b'"received_at":2', 1),
        lambda line: line.replace(b'"crypto"', b'"stock"', 1),
        lambda line: line.replace(b'"feed":"finnhub"', b'"feed":"finnhub","x":1', 1),
        lambda line: line.replace(b'{"trade_id":"', b'{"trade_id":"_', 1),
        lambda line: line.replace(b'{"trade_id":', b'{ "trade_id":', 1),
        lambda line: b"\n",
        lambda line: b"not a line\n",
    ],
)
def test_a_line_that_differs_is_unexpected_and_its_trade_missing(
    expected: Expected, change: Callable[[bytes], bytes]
) -> None:
    records = user_records(expected)
    first = next(r for r in records if b'"crypto"' in r.data)
    changed = deaggregation.UserRecord(
        first.partition_key, first.explicit_hash_key, change(first.data)
    )
    assert changed.data != first.data
    rest = [record for record in records if record is not first]
    numbers = result(expected, [*aggregated(rest), alone(changed)])
    assert not audit.is_proof(numbers)
    assert (numbers["missing"], numbers["unexpected"]) == (1, 1)


def test_a_line_in_another_bucket_is_unexpected(expected: Expected) -> None:
    records = user_records(expected)
    other = str((int(records[0].partition_key) + 1) % SETTINGS.buckets)
    moved = deaggregation.UserRecord(other, None, records[0].data)
    numbers = result(expected, [*aggregated(records[1:]), alone(moved)])
    assert (numbers["missing"], numbers["unexpected"]) == (1, 1)


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (StreamRecord(WHOLE, "1", "32", b"x\n"), "partition key not a bucket"),
        (StreamRecord(WHOLE, "1", "01", b"x\n"), "partition key not a bucket"),
        (StreamRecord(WHOLE, "1", "k", b"x\n"), "partition key not a bucket"),
        (StreamRecord(Shard("s", 0, 1), "1", "3", b"x\n"), "in a shard that does not hold"),
        (StreamRecord(WHOLE, "1", "3", b"x" * 20_000 + b"\n"), "longer than a user record may be"),
        (StreamRecord(WHOLE, "1", "3", b"x"), "does not end in a newline"),
        (StreamRecord(WHOLE, "1", "3", b""), "does not end in a newline"),
        (StreamRecord(WHOLE, "1", "a", deaggregation.MAGIC + b"x" * 40), "digest wrong"),
        (
            StreamRecord(WHOLE, "1", "a", encode([deaggregation.UserRecord("3", "7", b"x\n")] * 2)),
            "explicit hash key not the bucket's",
        ),
    ],
)
def test_a_damaged_record_is_found(expected: Expected, record: StreamRecord, problem: str) -> None:
    contents = Contents(SETTINGS).add_all([record])
    assert contents.damaged[0].startswith(problem)
    numbers = audit.report(expected, contents, Finding(), [])
    assert not audit.is_proof(numbers)


LEFT = Shard("left", 0, 2**127 - 1, parents=("old",))
RIGHT = Shard("right", 2**127, 2**128 - 1, parents=("old",))
OLD = Shard("old", 0, 2**128 - 1, is_open=False)
OLDEST = [Shard("oldest", 0, 2**128 - 1), Shard("old", 0, 1, parents=("oldest",))]


@pytest.mark.parametrize(
    ("shards", "again", "is_explained"),
    [
        ([OLD, LEFT, RIGHT], RIGHT, True),
        ([*OLDEST, LEFT, RIGHT], RIGHT, True),
        ([OLD, LEFT, RIGHT], LEFT, False),  # never where it belongs
        ([LEFT, RIGHT], RIGHT, False),  # of what they came is not known
        ([OLDEST[1], LEFT, RIGHT], RIGHT, False),  # what they came of did not hold it either
    ],
)
def test_a_user_record_in_a_wrong_shard_is_explained_by_a_split_if_it_came_again(
    shards: list[Shard], again: Shard, is_explained: bool
) -> None:
    hash_key = identity.explicit_hash_key_of(SETTINGS.buckets - 1, SETTINGS.buckets)
    record = deaggregation.UserRecord(str(SETTINGS.buckets - 1), hash_key, b"x\n")
    data = encode([record, record])
    records = [StreamRecord(LEFT, "1", "a", data), StreamRecord(again, "2", "a", data)]
    contents = Contents(SETTINGS, shards).add_all(records)
    assert contents.lines.total() == 4
    assert contents.wrong_shard_user_records == (2 if is_explained else 0)
    assert bool(contents.damaged) is not is_explained


def test_a_trade_of_two_sessions_may_carry_either_time(tmp_path: Path) -> None:
    entries = [frame(FRAMES[0], 1, 1_000), frame(FRAMES[0], 2, 2_000)]
    expected = expect(journal_bytes.write(tmp_path, [entries]), SETTINGS)
    (first, _), *_ = [sorted(lines) for _, lines in expected.lines.values()]
    assert b'"received_at":1000,' in first
    numbers = result(expected, aggregated(user_records(expected)))
    assert audit.is_proof(numbers)
    assert numbers["trades_published"] == 2 * numbers["distinct_trade_ids"] == 4
    assert numbers["duplicates"] == 2


def item_of(line: bytes) -> stored.Item:
    """Returns the item that a line must become, by docs/RECORDS.md."""
    values: dict[str, Any] = json.loads(line, parse_int=str, parse_float=str)
    item: stored.Item = {"kind": {"S": values.pop("kind", "trade")}}
    if "conditions" in values:
        item["conditions"] = {"L": [{"S": text} for text in values.pop("conditions")]}
    for name in ("price", "volume", "traded_at", "received_at"):
        item[name] = {"N": values.pop(name)}
    return item | {name: {"S": value} for name, value in values.items()}


def items(expected: Expected) -> list[stored.Item]:
    """Returns an item for each trade that must be in the table."""
    return [item_of(min(lines)) for _, lines in expected.lines.values()]


def table_result(expected: Expected, found: list[stored.Item]) -> dict[str, Any]:
    contents = Contents(SETTINGS).add_all(aggregated(user_records(expected)))
    on_stream = compare(expected, contents, SETTINGS)
    numbers = audit.report(expected, contents, on_stream, [])
    return audit.with_table(numbers, on_stream, compare_items(expected, found), 0)


def test_a_table_with_every_trade_is_a_proof(expected: Expected) -> None:
    numbers = table_result(expected, items(expected))
    assert audit.is_proof(numbers)
    assert numbers["trades_stored"] == numbers["distinct_trade_ids"] == 1226
    assert (numbers["missing_in_table"], numbers["unexpected_in_table"]) == (0, 0)


def test_a_trade_that_is_not_in_the_table_is_found(expected: Expected) -> None:
    numbers = table_result(expected, items(expected)[1:])
    assert not audit.is_proof(numbers)
    assert (numbers["missing"], numbers["missing_in_table"]) == (1, 1)
    assert (numbers["missing_on_stream"], numbers["unexpected"]) == (0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"price": {"N": "1"}},
        {"price": {"N": "not a number"}},
        {"received_at": {"N": "1"}},
        {"symbol": {"S": "AAPL"}},
        {"trade_id": {"S": "x"}},
        {"conditions": {"L": []}},
        {"expires_at": {"N": "1"}},
    ],
)
def test_an_item_that_differs_is_unexpected_and_its_trade_missing(
    expected: Expected, change: stored.Item
) -> None:
    first, *rest = items(expected)
    numbers = table_result(expected, [first | change, *rest])
    assert not audit.is_proof(numbers)
    assert (numbers["missing"], numbers["unexpected"]) == (1, 1)
    assert (numbers["missing_in_table"], numbers["unexpected_in_table"]) == (1, 1)


def test_an_item_of_no_received_trade_is_unexpected(expected: Expected) -> None:
    found = items(expected)
    numbers = table_result(expected, [*found, found[0] | {"trade_id": {"S": "another"}}])
    assert (numbers["missing"], numbers["unexpected_in_table"]) == (0, 1)
    assert numbers["trades_stored"] == 1227


def test_a_journal_whose_beginning_is_gone_is_refused(tmp_path: Path) -> None:
    journal_bytes.write(tmp_path, [ENTRIES[:3], ENTRIES[3:5]])
    (tmp_path / f"{0:020d}.jrn").unlink()
    with pytest.raises(journal_file.UnreadableJournalError, match="beginning is gone"):
        expect(tmp_path, SETTINGS)


def test_the_command_says_what_it_could_not_read(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts/local/audit.py"), "--stream", "s"]
    done = subprocess.run(
        [*command, "--journal", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr == f"audit not possible: no segment in the journal: folder={tmp_path}\n"


def test_company_is_another_user_record_of_the_shard_within_the_buffered_time() -> None:
    settings = RecordSettings({}, 1, 16 * 1024)
    key = identity.explicit_hash_key_of(0, 1)

    def at(time: int) -> deaggregation.UserRecord:
        return deaggregation.UserRecord("0", key, b'{"received_at":%d}\n' % time)

    records = [*aggregated([at(1000), at(1050)]), alone(at(1120)), alone(at(5000))]
    contents = Contents(settings).add_all(records)
    assert contents.user_records == 4
    assert contents.aggregated_share() == 0.5
    assert contents.aggregated_share_with_company() == round(2 / 3, 4)


def run_main(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[int, dict[str, Any], str]:
    """Runs the program over a journal whose frames are all on the stream and in the table."""
    expected = expect(folder / "journal", SETTINGS)
    endpoints: dict[str, str] = {}

    def connect(service: str, endpoint: str, _ca: object, _region: str) -> str:
        return endpoints.setdefault(service, endpoint)

    monkeypatch.setattr("clients.connect", connect)
    monkeypatch.setattr("audit.shards_of", lambda *_: [WHOLE])
    monkeypatch.setattr("stream.read", lambda *_: aggregated(user_records(expected)))
    monkeypatch.setattr("stored.scan", lambda *_: items(expected))
    monkeypatch.setattr("stored.dead_letters", lambda *_: 0)
    command = ["audit.py", "--journal", str(folder / "journal"), "--stream", "s", "--json"]
    command += ["--table", "t", "--dead-letter-queue", "q", "--endpoint", "https://a", *options]
    monkeypatch.setattr(sys, "argv", command)
    code = audit.main()
    out, err = capsys.readouterr()
    return code, json.loads(out) | {"endpoints": endpoints}, err


def test_the_command_proves_what_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    journal_bytes.write(tmp_path / "journal", [ENTRIES], 1024 * 1024)
    sent = [feed_logs.connection(1, FRAMES, code=1001), feed_logs.connection(2, [])]
    log = feed_logs.write(tmp_path / "log", sent)
    options = ["--market-log", str(log), "--damage-log", str(tmp_path / "absent")]
    code, numbers, err = run_main(tmp_path, monkeypatch, capsys, *options)
    assert (code, err) == (0, "")
    assert summary.problems_of(numbers) == []
    names = ("connections", "sessions", "gaps", "frames_sent", "frames_journalled", "frames_lost")
    assert [numbers[name] for name in names] == [2, 1, 1, len(FRAMES), len(FRAMES), 0]
    assert numbers["endpoints"] == dict.fromkeys(("kinesis", "dynamodb", "sqs"), "https://a")
    assert numbers["trades_stored"] == 1226


def test_the_stream_may_be_at_an_endpoint_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    journal_bytes.write(tmp_path / "journal", [ENTRIES], 1024 * 1024)
    options = ["--stream-endpoint", "https://b"]
    _, numbers, _ = run_main(tmp_path, monkeypatch, capsys, *options)
    assert numbers["endpoints"]["kinesis"] == "https://b"
    assert numbers["endpoints"]["dynamodb"] == "https://a"
    assert "frames_sent" not in numbers


def test_the_command_tells_which_frames_are_not_where_they_were_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    journal_bytes.write(tmp_path / "journal", [ENTRIES[:5] + ENTRIES[6:]], 1024 * 1024)
    log = feed_logs.write(tmp_path / "log", [feed_logs.connection(1, FRAMES, code=1001)])
    code, numbers, err = run_main(tmp_path, monkeypatch, capsys, "--market-log", str(log))
    assert code == 1
    assert summary.problems_of(numbers) == ["broken_prefixes 1"]
    assert err == (
        "journal and log differ: frames missing before this one frame=4 "
        f"length={len(FRAMES[5].encode())} connection=1 session=1\n"
    )


def test_a_hole_is_a_problem_unless_it_was_made_on_purpose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = journal_bytes.write(tmp_path / "journal", [ENTRIES], 1024 * 1024)
    path = journal / f"{0:020d}.jrn"
    at = journal_bytes.position(ENTRIES, 7) + 100
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    log = feed_logs.write(tmp_path / "log", [feed_logs.connection(1, FRAMES, code=1001)])
    damage = tmp_path / "damage.ndjson"
    damage.write_text(json.dumps({"segment": path.name, "from": at, "to": at + 1}) + "\n")
    code, numbers, _ = run_main(tmp_path, monkeypatch, capsys, "--market-log", str(log))
    assert (code, numbers["journal_holes"]) == (1, 1)
    assert summary.problems_of(numbers) == ["unexplained_holes 1", "broken_prefixes 1"]
    options = ["--market-log", str(log), "--damage-log", str(damage)]
    code, numbers, err = run_main(tmp_path, monkeypatch, capsys, *options)
    assert (code, err) == (0, "")
    assert (numbers["journal_holes"], numbers["frames_lost"]) == (1, 1)
