"""Compares stream and table with what a journal says must be in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import identity
import stored
from contents import Contents
from expected import Expected
from reference_conf import RecordSettings


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


def compare(expected: Expected, contents: Contents, settings: RecordSettings) -> Finding:
    """Compares every line of the stream with the one that the journal's frames must become."""
    finding = Finding()
    seen: set[str] = set()
    for (line, bucket), count in contents.lines.items():
        finding.count += count
        trade_id = trade_id_in(line)
        symbol = expected.symbol_of(trade_id, line)
        if symbol is None or bucket != identity.bucket_of(symbol, settings.buckets):
            finding.unexpected += [line[:300].decode(errors="replace").rstrip()] * count
            continue
        finding.duplicates += count - (trade_id not in seen)
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
        if expected.symbol_of(trade_id, line) is None:
            finding.unexpected.append(line[:300].decode(errors="replace").rstrip())
        else:
            seen.add(trade_id)
    finding.missing = [trade_id for trade_id in expected.lines if trade_id not in seen]
    return finding


def trade_id_in(line: bytes) -> str:
    """Returns the trade_id that a line claims, empty if it is not in its place."""
    prefix, suffix = b'{"trade_id":"', b'",'
    if line.startswith(prefix) and line[35:37] == suffix:
        return line[13:35].decode(errors="replace")
    return ""
