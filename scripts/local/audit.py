"""The audit: proves, or disproves, that stream and table hold every trade of the journal, no other.

Independent of the ingester: it reads the journal's bytes by docs/JOURNAL.md, recomputes every
trade_id, line and item by docs/RECORDS.md, reads the stream by its public format and scans the
table, and compares. It shares no code with the ingester and starts no JVM.

    python scripts/local/audit.py --journal data/local/journal --stream stream-finnhub --json \\
        --table ProcessedTradesDynamoDB --dead-letter-queue stream-finnhub-dead-letters \\
        --endpoint https://127.0.0.1:4567 --ca ca.pem --market-log data/local/market.ndjson

With the market's log, or a feed proxy's, it also proves that the journal holds what was sent: of
each connection a prefix, and that a gap covers what is missing at its end (receipt.py). What was
damaged on purpose is told by the damage log (damage_log.py), and looked at as restoration.py says.

Without --table only the stream is compared. A full scan of a table costs what reading it costs.
Exit codes: 0 all is as it must be, 1 it is not, 2 usage, 3 something could not be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import botocore.exceptions

import clients
import damage_log
import journal_file
import market_log
import reference_conf
import restoration
import sessions
import stored
import stream
import summary
from comparison import Finding, compare, compare_items
from contents import Contents
from damage_log import Damage
from expected import Expected, expect
from receipt import Receipt, receive
from reference_conf import RecordSettings
from shards import shards_of

MAX_EXAMPLES = 10


def report(
    expected: Expected, contents: Contents, finding: Finding, damages: list[Damage]
) -> dict[str, Any]:
    """Returns the numbers of journal and stream, by the names that the ingester uses."""
    counts = expected.counts
    holes = expected.damage.holes
    return {
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
        "wrong_shard_user_records": contents.wrong_shard_user_records,
        "damaged_user_records": len(contents.damaged),
        "sessions": len(expected.sessions),
        "gaps": len(expected.gaps),
        "journal_segments": len(expected.bases),
        "journal_damaged_headers": expected.damage.headers,
        "journal_holes": len(holes),
        "journal_hole_bytes": expected.damage.hole_bytes,
        "journal_torn_bytes": expected.damage.torn_bytes,
        "unexplained_holes": sum(not sessions.is_explained(hole, damages) for hole in holes),
    }


def with_receipt(numbers: dict[str, Any], receipt: Receipt) -> dict[str, Any]:
    """Returns the numbers with those of what was sent."""
    return numbers | {
        "connections": receipt.connections,
        "gap_seconds": round(receipt.gap_seconds, 3),
        "frames_sent": receipt.frames_sent,
        "frames_journalled": numbers["frames"],
        "frames_lost": receipt.frames_lost,
        "broken_prefixes": len(receipt.broken),
        "uncovered_suffixes": len(receipt.uncovered),
    }


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
    """Tells whether stream and table hold every trade and nothing else, and the journal all."""
    return not summary.problems_of(numbers)


def audit(arguments: argparse.Namespace) -> dict[str, Any]:
    """Reads all sides and compares them; returns the numbers, and shows examples of what is wrong.

    Raises what readers raise that could not read.
    """
    where = (arguments.ca, arguments.region)
    settings = reference_conf.read(arguments.reference_conf)
    expected, receipt, damages = _journal(arguments, settings)
    source = stream.connect(arguments.stream_endpoint or arguments.endpoint, *where)
    contents = Contents(settings, shards_of(source, arguments.stream))
    contents.add_all(stream.read(source, arguments.stream))
    on_stream = compare(expected, contents, settings)
    numbers = report(expected, contents, on_stream, damages)
    if receipt is not None:
        numbers = with_receipt(numbers, receipt)
        _show("journal and log differ", receipt.broken)
        _show("journal and log differ", receipt.uncovered)
    _show("missing on the stream", on_stream.missing)
    _show("unexpected on the stream", on_stream.unexpected)
    _show("damaged", contents.damaged)
    dead_letters = None
    if arguments.dead_letter_queue:
        sqs = clients.connect("sqs", arguments.endpoint, *where)
        dead_letters = stored.dead_letters(sqs, arguments.dead_letter_queue)
    if arguments.table:
        items = stored.scan(
            clients.connect("dynamodb", arguments.endpoint, *where), arguments.table
        )
        in_table = compare_items(expected, items)
        numbers = with_table(numbers, on_stream, in_table, dead_letters)
        _show("missing in the table", in_table.missing)
        _show("unexpected in the table", in_table.unexpected)
    return numbers


def _journal(
    arguments: argparse.Namespace, settings: RecordSettings
) -> tuple[Expected, Receipt | None, list[Damage]]:
    """Reads the journal and what it is compared with that is not AWS's."""
    damages = damage_log.read(arguments.damage_log)
    expected = expect(arguments.journal, settings)
    if not arguments.market_log:
        return expected, None, damages
    sessions.note_breaks(expected.sessions, expected.damage.holes, damages)
    log = market_log.read(arguments.market_log)
    receipt = receive(expected.sessions, expected.gaps, log)
    restoration.restore(expected, receipt, damages, settings)
    return expected, receipt, damages


def main() -> int:
    """Audits, prints the result."""
    arguments = _parse()
    try:
        numbers = audit(arguments)
    except (
        OSError,
        ValueError,
        KeyError,
        journal_file.UnreadableJournalError,
        botocore.exceptions.BotoCoreError,
        botocore.exceptions.ClientError,
    ) as e:
        print(f"audit not possible: {e}", file=sys.stderr)
        return 3
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
    parser.add_argument("--stream-endpoint", help="the same of the stream, if it is another")
    parser.add_argument("--ca", type=Path, help="PEM file that the endpoint is verified against")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument(
        "--market-log", type=Path, help="log of the frames that a market or a feed proxy sent"
    )
    parser.add_argument(
        "--damage-log", type=Path, help="what of the journal was damaged on purpose; may be absent"
    )
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
