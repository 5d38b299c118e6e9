"""The result of a run: the audit's numbers, the ingester's own, and where the two disagree."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

COUNTED_TWICE = (
    "frames",
    "trades_received",
    "quotes_received",
    "redelivered_frames",
    "redelivered_trades",
    "rejected_trades",
    "broken_messages",
    "trades_published",
    "user_records",
)
DISPROOFS = (
    "missing",
    "unexpected",
    "dead_letters",
    "damaged_user_records",
    "unexplained_holes",
    "broken_prefixes",
    "uncovered_suffixes",
)
"""Numbers of the audit that must be zero, as far as it could count them."""
NAMES = (
    "env",
    "seconds",
    "connections",
    "sessions",
    "gaps",
    "gap_seconds",
    "frames_sent",
    "frames_journalled",
    "frames_lost",
    *COUNTED_TWICE[:-1],
    "distinct_trade_ids",
    "user_records",
    "stream_records",
    "aggregated_stream_records",
    "user_records_per_stream_record",
    "aggregated_share",
    "aggregated_share_with_company",
    "duplicates",
    "wrong_shard_user_records",
    "trades_stored",
    *DISPROOFS,
    "unacknowledged_bytes",
    "latency_ms",
    "stored_latency_ms",
)


def merge(own: dict[str, Any], audited: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Returns the summary of a run from the ingester's own and from the audit's numbers."""
    merged = own | audited | {"env": "local", "seconds": round(seconds, 1)}
    return {name: merged.get(name) for name in NAMES}


def problems_of(audited: dict[str, Any]) -> list[str]:
    """Returns what keeps the audit's numbers from being a proof."""
    return [f"{name} {audited[name]}" for name in DISPROOFS if audited.get(name)]


def disagreements(own: dict[str, Any], audited: dict[str, Any]) -> list[str]:
    """Returns where the numbers of a run without a fault differ, from end to end."""
    counted = [
        f"{name}: the ingester counted {own.get(name)}, the audit {audited[name]}"
        for name in COUNTED_TWICE
        if own.get(name) != audited[name]
    ]
    lost = audited["frames_lost"]
    return counted + ([f"frames_lost {lost}"] if lost else [])


def last_object(path: Path) -> dict[str, Any]:
    """Returns the JSON object on the last line of a file, empty if there is none."""
    lines = path.read_text().rstrip().splitlines()
    with contextlib.suppress(ValueError):
        parsed = json.loads(lines[-1]) if lines else {}
        return parsed if isinstance(parsed, dict) else {}
    return {}


def show(summary: dict[str, Any], as_json: bool) -> None:
    """Prints the result on stdout, if it still leads anywhere."""
    lines = [f"{name.replace('_', ' '):32} {value}" for name, value in summary.items()]
    try:
        print(json.dumps(summary) if as_json else "\n".join(lines), flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
