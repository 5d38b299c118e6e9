"""The function at its doors: variables, events, answers, metrics, logs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

import aws_faults
import lambda_function
from batch import MAX_TRADES
from fake_dynamodb import Fault, first_unprocessed
from fake_time import STARTED_AT, FakeClock, FakeContext
from invocations import VARIABLES, Invocations, forget_logger
from lambda_function import ConfigurationError, Settings, UnknownEventError
from stream_events import (
    RECEIVED_AT,
    SHARD,
    STREAM,
    TRADED_AT,
    aggregate,
    event_of,
    id_in,
    line_of,
    lines_of,
    numbers_of,
    packs_of,
)
from table import MAX_REQUESTS_AT_ONCE

BAD = b'{"trade_id":"SECRETID","symbol":"SECRETSYMBOL","price":SECRETPRICE}'
NEEDED = {
    "AWS_REGION": "us-east-1",
    "DYNAMODB_TABLE_NAME": "trades",
    "DEAD_LETTER_QUEUE_URL": "https://queue",
    "POWERTOOLS_METRICS_NAMESPACE": "Tapestream",
}


class Output:
    """What the function printed: its log and its metrics."""

    def __init__(self, text: str) -> None:
        self.text = text
        printed = [json.loads(line) for line in text.splitlines()]
        self.logs = [line for line in printed if "_aws" not in line]
        self.metrics = [line for line in printed if "_aws" in line]

    def counts(self) -> dict[str, int]:
        """Returns the metrics of one invocation that are counts."""
        assert all(len(blob[name]) == 1 for blob in self.metrics for name in self._counts_of(blob))
        counts: dict[str, int] = {}
        for blob in self.metrics:
            counts |= {name: int(blob[name][0]) for name in self._counts_of(blob)}
        return counts

    def latencies(self) -> list[float]:
        """Returns all values of stored_latency."""
        return [value for blob in self.metrics for value in blob.get("stored_latency", [])]

    @staticmethod
    def _counts_of(blob: dict[str, Any]) -> list[str]:
        return [name for name in lambda_function.COUNTS if name in blob]


def set_to_a_number(fields: dict[str, Any], name: str) -> None:
    fields[name] = 1


def test_settings_are_read_from_variables() -> None:
    assert Settings.from_variables(NEEDED) == Settings("trades", "https://queue", 0)
    days = NEEDED | {"TIME_TO_LIVE_DAYS": "365"}
    assert Settings.from_variables(days) == Settings("trades", "https://queue", 365)
    assert Settings.from_variables(NEEDED | {"TIME_TO_LIVE_DAYS": ""}).time_to_live_days == 0


def test_all_variables_that_are_wrong_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_variables({"DEAD_LETTER_QUEUE_URL": "", "TIME_TO_LIVE_DAYS": "a year"})
    assert str(caught.value) == (
        "environment variables wrong: AWS_REGION not set; DYNAMODB_TABLE_NAME not set; "
        "DEAD_LETTER_QUEUE_URL not set; POWERTOOLS_METRICS_NAMESPACE not set; "
        "TIME_TO_LIVE_DAYS not a number of days: value=a year (0 to 99999) "
        "(conf/aws/template.yaml)"
    )


@pytest.mark.parametrize("days", ["-1", "1.5", "100000", "٣", " 1"])
def test_a_time_to_live_that_is_no_number_of_days_is_refused(days: str) -> None:
    with pytest.raises(ConfigurationError, match="TIME_TO_LIVE_DAYS not a number of days"):
        Settings.from_variables(NEEDED | {"TIME_TO_LIVE_DAYS": days})


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({}, "not a batch of stream records: Records missing or empty"),
        ({"Records": []}, "not a batch of stream records: Records missing or empty"),
        ({"Records": {}}, "not a batch of stream records: Records missing or empty"),
        ([], "not a batch of stream records: Records missing or empty"),
        ("event", "not a batch of stream records: Records missing or empty"),
        (
            {"Records": [{"eventSource": "aws:sqs", "body": "x"}]},
            "not a stream record: source=aws:sqs (expected: aws:kinesis)",
        ),
        (
            {"Records": [*event_of(line_of(1))["Records"], None]},
            "not a stream record: source=None (expected: aws:kinesis)",
        ),
    ],
)
def test_an_event_that_is_no_batch_of_stream_records_is_refused(event: Any, message: str) -> None:
    invocations = Invocations()
    with pytest.raises(UnknownEventError) as caught:
        invocations.invoke(event)
    assert str(caught.value) == message
    assert invocations.dynamodb.requests == []


@pytest.mark.parametrize(
    "path", [("eventID",), ("eventSourceARN",), ("kinesis",), ("kinesis", "sequenceNumber")]
)
@pytest.mark.parametrize("change", [dict[str, Any].__delitem__, set_to_a_number])
def test_an_incomplete_stream_record_is_refused(
    path: tuple[str, ...], change: Callable[[dict[str, Any], str], None]
) -> None:
    event = event_of(line_of(1), line_of(2))
    *parents, name = path
    changed = event["Records"][1]
    for parent in parents:
        changed = changed[parent]
    change(changed, name)
    invocations = Invocations()
    with pytest.raises(UnknownEventError) as caught:
        invocations.invoke(event)
    assert str(caught.value) == (
        "stream record incomplete "
        "(needs eventID, eventSourceARN, kinesis.sequenceNumber, kinesis.data)"
    )
    assert invocations.dynamodb.requests == []


def test_a_time_to_live_is_stored_with_the_item() -> None:
    invocations = Invocations(time_to_live_days=2)
    invocations.invoke(event_of(line_of(1)))
    (item,) = invocations.dynamodb.items.values()
    assert item["expires_at"] == {"N": str(TRADED_AT // 1000 + 2 * 86_400)}


def test_the_answer_is_what_a_mapping_that_reports_items_wants() -> None:
    invocations = Invocations()
    function, context = invocations.function, FakeContext(invocations.clock)
    event = event_of(line_of(1), line_of(2))
    assert function.handle(event, context) == {"batchItemFailures": []}
    invocations.dynamodb.fail(Fault(before=aws_faults.access_denied()))
    assert function.handle(event, context) == {
        "batchItemFailures": [{"itemIdentifier": numbers_of(event)[0]}]
    }


def test_metrics_count_what_became_of_a_batch(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(range(40))
    conflict = line_of(3, price="77")
    again = line_of(4, received_at=RECEIVED_AT + 1)
    event = event_of(
        aggregate(packs_of(lines, 10)), lines[5], conflict, again, b"bad", aggregate([b"bad too"])
    )
    invocations = Invocations()
    invocations.dynamodb.fail(first_unprocessed(2))
    assert invocations.invoke(event) is None
    output = Output(capsys.readouterr().out)
    assert output.counts() == {
        "stream_records": 6,
        "user_records": 9,
        "trades_stored": 40,
        "duplicate_trades": 3,
        "conflicting_trades": 1,
        "dead_letters": 2,
        "unprocessed_items": 2,
        "failed_records": 0,
    }
    assert len(output.latencies()) == 40


def test_metrics_are_in_the_namespace_of_the_variables(capsys: pytest.CaptureFixture[str]) -> None:
    Invocations().invoke(event_of(line_of(1)))
    (blob,) = Output(capsys.readouterr().out).metrics
    (described,) = blob["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == "Tapestream"
    assert described["Dimensions"] == [["service"]]
    units = {metric["Name"]: metric["Unit"] for metric in described["Metrics"]}
    assert units == dict.fromkeys(lambda_function.COUNTS, "Count") | {
        "stored_latency": "Milliseconds"
    }


@pytest.mark.parametrize("count", [99, 100, 101, 250])
def test_every_trade_stored_has_a_latency(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    invocations = Invocations()
    invocations.invoke(event_of(aggregate(packs_of(lines_of(range(count)), 40))))
    output = Output(capsys.readouterr().out)
    assert output.latencies() == [STARTED_AT * 1000 - RECEIVED_AT] * count
    assert output.counts()["trades_stored"] == count
    assert all(len(blob.get("stored_latency", [])) <= 100 for blob in output.metrics)


def test_latency_is_from_receipt_to_stored_and_never_negative(
    capsys: pytest.CaptureFixture[str],
) -> None:
    early = line_of(1, received_at=int(STARTED_AT * 1000) - 1500)
    late = line_of(2, received_at=int(STARTED_AT * 1000) + 9000)
    invocations = Invocations()
    invocations.dynamodb.seconds_a_call = 2.0
    invocations.invoke(event_of(early, late))
    assert Output(capsys.readouterr().out).latencies() == [3500.0, 0.0]


def test_what_is_not_stored_has_no_latency_and_its_records_count_as_failed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    event = event_of(*packs_of(lines_of(range(60)), 10))
    invocations = Invocations(seconds=0.0)
    invocations.dynamodb.fail(first_unprocessed(3))
    assert invocations.invoke(event) == numbers_of(event)[0]
    output = Output(capsys.readouterr().out)
    assert output.counts()["trades_stored"] == 22
    assert output.counts()["failed_records"] == 6
    assert len(output.latencies()) == 22


def test_no_count_goes_from_one_invocation_into_the_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    invocations = Invocations()
    invocations.dynamodb.fail(first_unprocessed(1))
    invocations.invoke(event_of(*lines_of(range(30)), line_of(1), b"bad"))
    capsys.readouterr()
    invocations.invoke(event_of(line_of(99)))
    output = Output(capsys.readouterr().out)
    assert output.counts() == dict.fromkeys(lambda_function.COUNTS, 0) | {
        "stream_records": 1,
        "user_records": 1,
        "trades_stored": 1,
    }
    assert len(output.latencies()) == 1


def test_an_unforeseen_error_is_raised_after_what_was_done_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    event = event_of(*lines_of(range(MAX_TRADES + 1)))
    invocations = Invocations()
    invocations.dynamodb.fail(
        *[Fault()] * MAX_REQUESTS_AT_ONCE, Fault(before=RuntimeError("unforeseen"))
    )
    with pytest.raises(RuntimeError, match="unforeseen"):
        invocations.invoke(event)
    output = Output(capsys.readouterr().out)
    assert output.counts()["trades_stored"] == len(output.latencies()) == MAX_TRADES
    assert invocations.deliver(event) == 1
    assert Output(capsys.readouterr().out).counts()["trades_stored"] == MAX_TRADES + 1


def test_dead_letters_are_logged_by_reason_with_the_first_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    event = event_of(b"bad\nbad\n", b"{}", b"bad")
    Invocations().invoke(event)
    logs = Output(capsys.readouterr().out).logs
    told = [line for line in logs if line["message"] == "dead letters sent"]
    assert [(line["level"], line["reason"], line["count"]) for line in told] == [
        ("WARNING", "json", 3),
        ("WARNING", "missing-field", 1),
    ]
    assert told[1]["first"] == {
        "stream": STREAM,
        "shard_id": SHARD,
        "sequence_number": numbers_of(event)[1],
        "sub_sequence_number": None,
        "line": 0,
    }


def test_a_conflict_is_logged_with_both_places(capsys: pytest.CaptureFixture[str]) -> None:
    event = event_of(line_of(1), aggregate([line_of(2) + line_of(1, price="77")]))
    Invocations().invoke(event)
    (told,) = [line for line in Output(capsys.readouterr().out).logs if "earlier" in line]
    assert told["level"] == "ERROR"
    assert told["earlier"]["sequence_number"] == numbers_of(event)[0]
    assert told["later"]["sequence_number"] == numbers_of(event)[1]
    assert (told["later"]["sub_sequence_number"], told["later"]["line"]) == (0, 1)


def test_many_conflicts_are_counted_and_the_first_ten_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = [line_of(number, price=price) for number in range(30) for price in ("1", "2")]
    Invocations().invoke(event_of(aggregate(lines)))
    output = Output(capsys.readouterr().out)
    assert output.counts()["conflicting_trades"] == 30
    assert Counter("earlier" in line for line in output.logs) == {True: 10, False: 1}


def test_a_batch_that_is_not_done_is_logged_with_cause_and_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    event = event_of(*lines_of(range(30)))
    invocations = Invocations()
    invocations.dynamodb.fail(Fault(), Fault(before=aws_faults.access_denied()))
    invocations.invoke(event)
    told, summary = Output(capsys.readouterr().out).logs
    assert (told["level"], told["cause"]) == ("ERROR", "AccessDeniedException")
    assert told["from"] == numbers_of(event)[25]
    assert summary["message"] == "batch handled"
    assert summary["failed_records"] == 5
    assert summary["shard_id"] == SHARD


def test_no_log_holds_a_trade_or_what_is_not_one(capsys: pytest.CaptureFixture[str]) -> None:
    line, conflict = line_of(1), line_of(1, price="77.123")
    event = event_of(aggregate([line, conflict]), BAD, line_of(2), *lines_of(range(3, 40)))
    invocations = Invocations()
    invocations.dynamodb.refused = {id_in(line_of(2))}
    invocations.dynamodb.fail(Fault(), Fault(before=aws_faults.throttled()))
    invocations.invoke(event)
    invocations.dynamodb.key = "id"
    invocations.invoke(event_of(line_of(50)))
    captured = capsys.readouterr()
    output = captured.out + captured.err
    assert "refused-by-table" in output
    assert "SECRET" not in output
    for text in (id_in(line), id_in(line_of(2)), id_in(line_of(50)), "77.123", "BTCUSDT", "AAPL"):
        assert text not in output


def test_it_is_imported_without_any_variable_or_call() -> None:
    folder = Path(lambda_function.__file__).parent
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import lambda_function"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env={}, capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_the_handler_tells_all_variables_that_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in NEEDED:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError, match=r"DYNAMODB_TABLE_NAME.*DEAD_LETTER_QUEUE_URL"):
        lambda_function.lambda_handler(event_of(line_of(1)), FakeContext(FakeClock()))


class RefusingAws(BaseHTTPRequestHandler):
    """Answers every request with a missing permission; keeps what it was asked."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Answers in the words of DynamoDB."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(str(self.headers))
        body = b'{"__type":"com.amazon.coral.service#AccessDeniedException","message":"denied"}'
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing."""


@pytest.fixture
def refusing_aws() -> Iterator[str]:
    """Serves one that refuses; gives its URL."""
    RefusingAws.asked.clear()
    with HTTPServer(("127.0.0.1", 0), RefusingAws) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_handler_calls_aws_with_its_credentials_and_logs_none_of_them(
    refusing_aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = {
        "AWS_ACCESS_KEY_ID": "KEYOFTHEFUNCTION",
        "AWS_SECRET_ACCESS_KEY": "SECRETOFTHEFUNCTION",
        "AWS_SESSION_TOKEN": "TOKENOFTHEFUNCTION",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": refusing_aws,
    }
    for name, value in (NEEDED | VARIABLES | variables | {"POWERTOOLS_LOG_LEVEL": "DEBUG"}).items():
        monkeypatch.setenv(name, value)
    forget_logger()
    lambda_function._function.cache_clear()
    event = event_of(line_of(1))
    try:
        answer = lambda_function.lambda_handler(event, FakeContext(FakeClock()))
    finally:
        lambda_function._function.cache_clear()
    assert answer == {"batchItemFailures": [{"itemIdentifier": numbers_of(event)[0]}]}
    (asked,) = RefusingAws.asked
    assert "DynamoDB_20120810.BatchWriteItem" in asked
    assert "KEYOFTHEFUNCTION" in asked
    captured = capsys.readouterr()
    assert "AccessDeniedException" in captured.out
    assert "OFTHEFUNCTION" not in captured.out + captured.err
