"""The consumer prints what is in the stream, and tells what is no trade."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import consumer
import identity
import reference_conf
import shards
import stream
from aggregates import encode_by_hand
from deaggregation import MAGIC, UserRecord
from fake_kinesis import FakeKinesis

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "lambda/consumer.py"
SERVER = ROOT / "scripts/local/moto_server.py"
VENUES = reference_conf.read().venues
IDS = [f"{number:022}" for number in range(9)]


def line(trade_id: str, **changes: Any) -> bytes:
    trade = {"symbol": "AAPL", "price": "164.0601", "volume": "5", "conditions": ("1", "12")}
    made = identity.Trade(**trade | {"traded_at": 1_680_286_537_580} | changes)
    return made.line(trade_id, 1_680_286_538_355, "finnhub", VENUES)


def followed(kinesis: FakeKinesis, as_lines: bool = True) -> tuple[bytes, str]:
    """Returns what three rounds of reading print, on stdout and stderr."""
    out, err = io.BytesIO(), io.StringIO()
    rounds = iter(range(2))

    def sleep(_: float) -> None:
        if next(rounds, None) is None:
            raise KeyboardInterrupt

    reader = shards.StreamReader(kinesis.client, "s", oldest=True)
    with pytest.raises(KeyboardInterrupt):
        consumer.follow(reader, consumer.Printer(out, err, as_lines), sleep=sleep)
    return out.getvalue(), err.getvalue()


def test_lines_are_printed_as_they_are() -> None:
    lines = [line(trade_id) for trade_id in IDS[:3]]
    kinesis = FakeKinesis("s", "a")
    kinesis.put("a", lines[0] + lines[1], lines[2].removesuffix(b"\n"))
    assert followed(kinesis) == (b"".join(lines), "")


def test_aggregated_records_are_taken_apart() -> None:
    lines = [line(trade_id) for trade_id in IDS[:3]]
    user_records = [UserRecord("1", "7", lines[0]), UserRecord("2", None, lines[1] + lines[2])]
    kinesis = FakeKinesis("s", "a")
    kinesis.put("a", encode_by_hand(user_records))
    assert followed(kinesis) == (b"".join(lines), "")


def test_trades_are_printed_in_columns() -> None:
    kinesis = FakeKinesis("s", "a")
    kinesis.put(
        "a",
        line(IDS[0]),
        line(IDS[1], symbol="BINANCE:BTCUSDT", price="7296.89", volume="0.011467", conditions=()),
        line(IDS[2], symbol="OANDA:EUR_USD", price="1.0842", volume="0", conditions=()),
    )
    out, err = followed(kinesis, as_lines=False)
    assert err == ""
    assert out.decode().splitlines() == [
        "2023-03-31T18:15:37.580Z  AAPL                              164.0601                 5"
        "  trade  1,12",
        "2023-03-31T18:15:37.580Z  BINANCE:BTCUSDT                    7296.89          0.011467"
        "  trade",
        "2023-03-31T18:15:37.580Z  OANDA:EUR_USD                       1.0842                 0"
        "  quote",
    ]


def test_columns_cannot_do_anything_to_a_terminal() -> None:
    kinesis = FakeKinesis("s", "a")
    kinesis.put("a", line(IDS[0], symbol="\x1b[2J币", conditions=("\x9b",)))
    out, _ = followed(kinesis, as_lines=False)
    assert b"\x1b" not in out
    assert "\\x1b[2J\\u5e01" in out.decode()
    assert "\x9b" not in out.decode()


def test_what_is_no_trade_is_told_with_its_place_and_the_rest_is_printed() -> None:
    kinesis = FakeKinesis("s", "a")
    kinesis.put("a", MAGIC + b"x" * 40, b"x\n" + line(IDS[0]) + b"{}\n")
    kinesis.put(
        "a", encode_by_hand([UserRecord("1", None, line(IDS[1])), UserRecord("1", None, b"")])
    )
    out, err = followed(kinesis)
    assert out == line(IDS[0]) + line(IDS[1])
    assert err.splitlines() == [
        "damaged aggregate: digest wrong: length=44 shard=a sequence_number=1",
        "bad line: reason=json shard=a sequence_number=2 sub_sequence_number=0 line=0",
        "bad line: reason=missing-field shard=a sequence_number=2 sub_sequence_number=0 line=2",
        "bad line: reason=empty shard=a sequence_number=3 sub_sequence_number=1 line=0",
    ]


def test_no_shard_is_read_more_than_five_times_a_second() -> None:
    kinesis = FakeKinesis("s", "a", "b")
    now, reads = 0.0, []

    def clock() -> float:
        return now

    def sleep(seconds: float) -> None:
        nonlocal now
        reads.append((now, kinesis.reads.count("a"), kinesis.reads.count("b")))
        now += seconds
        if len(reads) == 11:
            raise KeyboardInterrupt

    reader = shards.StreamReader(kinesis.client, "s", oldest=False)
    printer = consumer.Printer(io.BytesIO(), io.StringIO(), as_lines=True)
    with pytest.raises(KeyboardInterrupt):
        consumer.follow(reader, printer, clock, sleep)
    assert [(a, b) for _, a, b in reads] == [(n, n) for n in range(1, 12)]
    assert reads[-1][0] == pytest.approx(2.0)


def test_a_slow_round_is_followed_by_the_next_at_once() -> None:
    times = iter([0.0, 0.15, 1.0, 9.0])
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise KeyboardInterrupt

    reader = shards.StreamReader(FakeKinesis("s", "a").client, "s", oldest=False)
    printer = consumer.Printer(io.BytesIO(), io.StringIO(), as_lines=True)
    with pytest.raises(KeyboardInterrupt):
        consumer.follow(reader, printer, lambda: next(times), sleep)
    assert slept == [pytest.approx(0.05), 0.0]


@dataclass
class Aws:
    """A local Kinesis with a stream."""

    endpoint: str
    ca: Path

    def put(self, data: bytes) -> None:
        client = stream.connect(self.endpoint, self.ca, "us-east-1")
        client.put_record(StreamName="s", PartitionKey="k", Data=data)

    @contextlib.contextmanager
    def consumer(self, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """Runs the command, for a minute at most."""
        where = ["--endpoint", self.endpoint, "--ca", str(self.ca), "--region", "us-east-1"]
        # Whoever started the tests in the background may ignore SIGINT, which would be inherited.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            started = subprocess.Popen(
                [sys.executable, str(SCRIPT), *where, *options],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
            )
        finally:
            signal.signal(signal.SIGINT, before)
        with started as process:
            deadline = threading.Timer(60, process.kill)
            deadline.start()
            yield process
            deadline.cancel()


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    folder = tmp_path_factory.mktemp("aws")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        with subprocess.Popen(
            [sys.executable, str(SERVER), "--certificates", str(folder)], stdout=subprocess.PIPE
        ) as server:
            assert server.stdout
            made = Aws(server.stdout.readline().decode().strip(), folder / "ca.pem")
            stream.create(stream.connect(made.endpoint, made.ca, "us-east-1"), "s", 1)
            made.put(line(IDS[0]))
            yield made
            server.send_signal(signal.SIGTERM)


FOLLOWING = b"following, for looking only (no checkpoint): stream=s shards=1 from=oldest\n"


def test_ctrl_c_ends_it_quietly(aws: Aws) -> None:
    with aws.consumer("--stream", "s", "--from", "oldest", "--json") as process:
        assert process.stdout
        assert process.stdout.readline() == line(IDS[0])
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, FOLLOWING)


def test_it_ends_quietly_when_nobody_reads_it_any_more(aws: Aws) -> None:
    with aws.consumer("--stream", "s", "--from", "oldest") as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith(b"2023-03-31T18:15:37.580Z  AAPL ")
        process.stdout.close()
        aws.put(line(IDS[1]))
        assert process.wait(30) == 141
        assert process.stderr.read() == FOLLOWING


def test_a_stream_that_is_not_there_is_told(aws: Aws) -> None:
    with aws.consumer("--stream", "other") as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (3, b"")
    assert err.startswith(b"stream not readable: stream=other: ")
    assert b"ResourceNotFoundException" in err
    assert err.count(b"\n") == 1


@pytest.mark.parametrize(
    "options", [(), ("--stream", "s", "--from", "x"), ("--stream", "s", "--endpoint", "localhost")]
)
def test_a_wrong_command_line_is_refused(options: tuple[str, ...]) -> None:
    command = [sys.executable, str(SCRIPT), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: consumer.py ")
