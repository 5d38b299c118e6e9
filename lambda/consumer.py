"""Follows a stream and prints its trades, one a line. For looking only.

    python lambda/consumer.py --stream stream-finnhub
    python lambda/consumer.py --stream stream-finnhub --from oldest --json | jq .price

Needs boto3, which .venv has. It keeps no checkpoint: each start begins anew, at the latest trade or
at the oldest that the stream has kept. What it prints may hold a trade twice, as the stream may.
Bad lines and damaged records are told on stderr. It reads each shard five times a second at most,
which is all that a shard allows: a function that polls the same stream gets that much less.

Exit codes: 2 usage, 3 the stream could not be read, 130 after Ctrl-C, 141 when whoever read its
output is gone.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import sys
import time
from collections.abc import Callable
from typing import BinaryIO, NoReturn, TextIO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

import deaggregation
import shards
import trades
from shards import StreamRecord

LATEST, OLDEST = "latest", "oldest"
EPOCH = datetime.datetime(1970, 1, 1)


class Printer:
    """Prints the trades of stream records, and tells what is no trade."""

    def __init__(self, out: BinaryIO, err: TextIO, as_lines: bool) -> None:
        self._out = out
        self._err = err
        self._as_lines = as_lines

    def show(self, record: StreamRecord) -> None:
        """Prints every trade of a stream record."""
        place = f"shard={record.shard.id} sequence_number={record.sequence_number}"
        try:
            user_records = _user_records_of(record)
        except deaggregation.DamagedAggregateError as e:
            self._tell(f"damaged aggregate: {e} {place}")
            return
        for number, data in enumerate(user_records):
            for index, line in enumerate(trades.lines_of(data)):
                try:
                    item = trades.item_of(line)
                except trades.BadLineError as e:
                    self._tell(f"{e} {place} sub_sequence_number={number} line={index}")
                else:
                    self._out.write((line if self._as_lines else columns_of(item)) + b"\n")

    def flush(self) -> None:
        """Lets all that was printed be seen."""
        self._out.flush()

    def _tell(self, text: str) -> None:
        print(text, file=self._err, flush=True)


def columns_of(item: trades.Item) -> bytes:
    """Returns a trade in columns: when, symbol, price, volume, kind, conditions."""
    traded_at = EPOCH + datetime.timedelta(milliseconds=int(item["traded_at"]["N"]))
    conditions = [text["S"] for text in item.get("conditions", {"L": []})["L"]]
    columns = (
        traded_at.isoformat(timespec="milliseconds") + "Z",
        f"{_printable(item['symbol']['S']):<24}",
        f"{item['price']['N']:>16}",
        f"{item['volume']['N']:>16}",
        item["kind"]["S"],
        _printable(",".join(conditions)),
    )
    return "  ".join(columns).rstrip().encode()


def _user_records_of(record: StreamRecord) -> list[bytes]:
    if not deaggregation.is_aggregated(record.data):
        return [record.data]
    return [user_record.data for user_record in deaggregation.deaggregate(record.data)]


def _printable(text: str) -> str:
    """Returns a text that cannot do anything to a terminal."""
    return text if text.isprintable() else ascii(text)[1:-1]


def follow(
    reader: shards.StreamReader,
    printer: Printer,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> NoReturn:
    """Prints what is in the stream and what comes, until it is interrupted."""
    while True:
        begun = clock()
        for record in reader.read():
            printer.show(record)
        printer.flush()
        sleep(max(0.0, begun + shards.READ_INTERVAL_SECONDS - clock()))


def main() -> int:
    """Follows the stream until a signal comes; returns the exit code."""
    arguments = _parse()
    try:
        _follow(arguments)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 141
    except (BotoCoreError, ClientError) as e:
        print(f"stream not readable: stream={arguments.stream}: {e}", file=sys.stderr)
        code = 3
    _give_up_output()
    return code


def _follow(arguments: argparse.Namespace) -> NoReturn:
    client = boto3.client(
        "kinesis",
        region_name=arguments.region,
        endpoint_url=arguments.endpoint,
        verify=arguments.ca,
        config=Config(retries={"mode": "standard", "max_attempts": 8}),
    )
    reader = shards.StreamReader(client, arguments.stream, arguments.start == OLDEST)
    print(
        f"following, for looking only (no checkpoint): stream={arguments.stream}"
        f" shards={len(reader.shards)} from={arguments.start}",
        file=sys.stderr,
    )
    follow(reader, Printer(sys.stdout.buffer, sys.stderr, arguments.json))


def _give_up_output() -> None:
    """Writes what is buffered; if its reader is gone, no complaint comes of it at the end."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="follows a stream and prints its trades")
    parser.add_argument("--stream", required=True)
    parser.add_argument("--region", help="default: where the AWS SDK finds it")
    parser.add_argument("--endpoint", type=_url, help="default: AWS")
    parser.add_argument("--ca", help="file of certificates to verify the endpoint against")
    parser.add_argument(
        "--from", dest="start", choices=[LATEST, OLDEST], default=LATEST, help="(%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the lines as they are")
    return parser.parse_args()


def _url(text: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]+/?", text):
        raise argparse.ArgumentTypeError(f"not a URL: {text} (expected: https://HOST:PORT)")
    return text


if __name__ == "__main__":
    sys.exit(main())
