"""The audit: proves, or disproves, that stream and table hold every trade of the journal, no other.

Independent of the ingester: it reads the journal's bytes by docs/JOURNAL.md, recomputes every
trade_id, line and item by docs/RECORDS.md, reads the stream by its public format and scans the
table, and compares. It shares no code with the ingester and starts no JVM.

    python scripts/local/audit.py --journal data/local/journal --stream stream-finnhub --json \\
        --table ProcessedTradesDynamoDB --dead-letter-queue stream-finnhub-dead-letters \\
        --endpoint https://127.0.0.1:4567 --ca ca.pem --market-log data/local/market.ndjson

Without --table only the stream is compared. A full scan of a table costs what reading it costs.
Exit codes: 0 all is as it must be, 1 it is not, 2 usage, 3 something could not be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.exceptions

import clients
import identity
import journal_file
import market_log
import reference_conf
import stored
import stream
from contents import Contents
from reference_conf import RecordSettings

MAX_EXAMPLES = 10


@dataclass
class Expected:
    """What the journal says must be on the stream."""

    counts: identity.Counts
    lines: dict[str, tuple[str, set[bytes]]]
    """Symbol and line by trade_id; several lines where a trade was received in several sessions."""
    payloads: Counter[bytes]
    damage: journal_file.Damage
    segments: int


@dataclass
class Finding:
    """The result of a comparison with the stream, or with the table."""

    missing: list[str] = field(default_factory=list)
    """Each trade_id that is not there as it must be."""
    unexpected: list[str] = field(default_factory=list)
    """What is there and must not be, cut short."""
    duplicates: int = 0
    count: int = 0
    """Lines or items in all."""


def expect(folder: Path, settings: RecordSettings) -> Expected:
    """Reads a journal from its beginning."""
    journal = journal_file.read(folder)
    first = journal.segments[0]
    if first.open_session:
        raise journal_file.UnreadableJournalError(
            f"journal's beginning is gone: first={first.path.name} session={first.open_session} "
            "(identity needs what came before; audit before old segments are deleted)"
        )
    feed = next((segment.feed for segment in journal.segments if segment.is_whole), "finnhub")
    identities = identity.Identity(feed, settings.venues)
    lines: dict[str, tuple[str, set[bytes]]] = {}
    payloads: Counter[bytes] = Counter()
    bases = iter([segment.base for segment in journal.segments])
    base = -1
    for entry in journal.entries():
        while base != entry.segment:
            base = next(bases)
            identities.begin_segment(base)
        if entry.type == journal_file.FRAME:
            payloads[entry.payload] += 1
        for trade_id, symbol, line in identities.lines_of(entry):
            lines.setdefault(trade_id, (symbol, set()))[1].add(line)
    return Expected(identities.counts, lines, payloads, journal.damage, len(journal.segments))


def compare(expected: Expected, contents: Contents, settings: RecordSettings) -> Finding:
    """Compares every line of the stream with the one that the journal's frames must become."""
    finding = Finding(count=len(contents.lines))
    seen: set[str] = set()
    for line, bucket in contents.lines:
        trade_id = trade_id_in(line)
        symbol, wanted = expected.lines.get(trade_id, ("", set()))
        if line not in wanted or bucket != identity.bucket_of(symbol, settings.buckets):
            finding.unexpected.append(line[:300].decode(errors="replace").rstrip())
            continue
        finding.duplicates += trade_id in seen
        seen.add(trade_id)
    finding.missing = [trade_id for trade_id in expected.lines if trade_id not in seen]
    return finding


def compare_items(expected: Expected, items: Iterable[stored.Item]) -> Finding:
    """Compares every item of the table with the ones that the journal's frames must become."""
    finding = Finding()
    seen: set[str] = set()
    for item in items:
        finding.count += 1
        try:
            line = stored.line_of(item)
        except (stored.UnexpectedItemError, ValueError) as e:
            finding.unexpected.append(f"{e} trade_id={item.get('trade_id')}")
            continue
        trade_id = item["trade_id"]["S"]
        if line in expected.lines.get(trade_id, ("", set()))[1]:
            seen.add(trade_id)
        else:
            finding.unexpected.append(line[:300].decode(errors="replace").rstrip())
    finding.missing = [trade_id for trade_id in expected.lines if trade_id not in seen]
    return finding


def trade_id_in(line: bytes) -> str:
    """Returns the trade_id that a line claims, empty if it is not in its place."""
    prefix, suffix = b'{"trade_id":"', b'",'
    if line.startswith(prefix) and line[35:37] == suffix:
        return line[13:35].decode(errors="replace")
    return ""


def report(
    expected: Expected, contents: Contents, finding: Finding, sent: Counter[bytes] | None
) -> dict[str, Any]:
    """Returns all numbers, by the names that the ingester uses for its own."""
    counts = expected.counts
    numbers: dict[str, Any] = {
        "frames": counts.frames,
        "trades_received": counts.trades_received,
        "quotes_received": counts.quotes_received,
        "redelivered_frames": counts.redelivered_frames,
        "redelivered_trades": counts.redelivered_trades,
        "rejected_trades": counts.rejected.total(),
        "rejected_by_reason": dict(sorted(counts.rejected.items())),
        "broken_messages": counts.broken_messages,
        "trades_published": counts.trades_published,
        "distinct_trade_ids": len(expected.lines),
        "user_records": contents.user_records,
        "stream_records": contents.stream_records,
        "aggregated_stream_records": contents.aggregated_stream_records,
        "user_records_per_stream_record": contents.user_records_per_stream_record(),
        "aggregated_share": contents.aggregated_share(),
        "aggregated_share_with_company": contents.aggregated_share_with_company(),
        "missing": len(finding.missing),
        "unexpected": len(finding.unexpected),
        "duplicates": finding.duplicates,
        "damaged_user_records": len(contents.damaged),
        "journal_segments": expected.segments,
        "journal_damaged_headers": expected.damage.headers,
        "journal_holes": expected.damage.holes,
        "journal_hole_bytes": expected.damage.hole_bytes,
        "journal_torn_bytes": expected.damage.torn_bytes,
    }
    if sent is not None:
        numbers["frames_sent"] = sent.total()
        numbers["frames_not_journalled"] = (sent - expected.payloads).total()
        numbers["frames_not_sent"] = (expected.payloads - sent).total()
    return numbers


def with_table(
    numbers: dict[str, Any], on_stream: Finding, in_table: Finding, dead_letters: int | None
) -> dict[str, Any]:
    """Returns the numbers with the table's: missing is what is missing in either of the two."""
    return numbers | {
        "missing": len({*on_stream.missing, *in_table.missing}),
        "unexpected": len(on_stream.unexpected) + len(in_table.unexpected),
        "missing_on_stream": len(on_stream.missing),
        "unexpected_on_stream": len(on_stream.unexpected),
        "missing_in_table": len(in_table.missing),
        "unexpected_in_table": len(in_table.unexpected),
        "trades_stored": in_table.count,
        "dead_letters": dead_letters,
    }


def is_proof(numbers: dict[str, Any]) -> bool:
    """Tells whether stream and table hold every trade and nothing else."""
    return not any(numbers[name] for name in ("missing", "unexpected", "damaged_user_records"))


def main() -> int:
    """Reads all sides, compares them, prints the result."""
    arguments = _parse()
    where = (arguments.endpoint, arguments.ca, arguments.region)
    in_table, dead_letters = Finding(), None
    try:
        settings = reference_conf.read(arguments.reference_conf)
        sent = market_log.read(arguments.market_log) if arguments.market_log else None
        expected = expect(arguments.journal, settings)
        contents = Contents(settings).add_all(stream.read(stream.connect(*where), arguments.stream))
        if arguments.table:
            items = stored.scan(clients.connect("dynamodb", *where), arguments.table)
            in_table = compare_items(expected, items)
        if arguments.dead_letter_queue:
            sqs = clients.connect("sqs", *where)
            dead_letters = stored.dead_letters(sqs, arguments.dead_letter_queue)
    except (
        OSError,
        ValueError,
        journal_file.UnreadableJournalError,
        botocore.exceptions.BotoCoreError,
        botocore.exceptions.ClientError,
    ) as e:
        print(f"audit not possible: {e}", file=sys.stderr)
        return 3
    on_stream = compare(expected, contents, settings)
    numbers = report(expected, contents, on_stream, sent)
    if arguments.table:
        numbers = with_table(numbers, on_stream, in_table, dead_letters)
    _show("missing on the stream", on_stream.missing)
    _show("missing in the table", in_table.missing)
    _show("unexpected on the stream", on_stream.unexpected)
    _show("unexpected in the table", in_table.unexpected)
    _show("damaged", contents.damaged)
    if arguments.json:
        print(json.dumps(numbers))
    else:
        for name, value in numbers.items():
            print(f"{name.replace('_', ' '):32} {value}")
    return 0 if is_proof(numbers) else 1


def _show(what: str, examples: Iterable[str]) -> None:
    for example in list(examples)[:MAX_EXAMPLES]:
        print(f"{what}: {example}", file=sys.stderr)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="compares a journal with stream and table")
    parser.add_argument("--journal", type=Path, required=True, help="folder of the journal")
    parser.add_argument("--stream", required=True, help="name of the stream")
    parser.add_argument("--table", help="name of the table; it is scanned as a whole")
    parser.add_argument("--dead-letter-queue", help="name of the queue, whose messages are counted")
    parser.add_argument("--endpoint", help="https address of an emulator; AWS's own if left out")
    parser.add_argument("--ca", type=Path, help="PEM file that the endpoint is verified against")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--market-log", type=Path, help="the market's log of the frames it sent")
    parser.add_argument(
        "--reference-conf",
        type=Path,
        default=reference_conf.DEFAULT_PATH,
        help="where venues, buckets and the longest user record are read from",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
