"""Requests of AWS that carry several entries, and what is done to some of them.

A part of a request is withheld, and the answer to the rest is made one to the whole, as the service
would if it had refused just that part.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from endpoint_faults import BATCH_WRITE_ITEM, PUT_RECORDS
from http_messages import BrokenMessageError

OVER_THROUGHPUT = "ProvisionedThroughputExceededException"

_WITHHELD_RECORD = {"ErrorCode": OVER_THROUGHPUT, "ErrorMessage": "Rate exceeded for shard."}


@dataclass(frozen=True)
class Split:
    """A request of which a part is withheld."""

    rest: bytes | None
    """The body to pass on; None if nothing is left of it."""
    withheld: int
    """Entries that are not in the rest."""
    answer: Callable[[bytes | None], bytes]
    """Returns the answer to the whole, made of that to the rest (None if there was none); raises
    BrokenMessageError if it is none to the rest."""


def entries_in(action: str, body: bytes) -> int:
    """Returns how many entries a request carries; 0 if it is not one of several."""
    request = _read(body)
    if action == PUT_RECORDS:
        return len(request.get("Records", []))
    if action == BATCH_WRITE_ITEM:
        return sum(len(writes) for writes in request.get("RequestItems", {}).values())
    return 0


def all_unprocessed(body: bytes) -> bytes:
    """Returns the answer to BatchWriteItem that has written nothing."""
    return _text({"UnprocessedItems": _read(body).get("RequestItems", {})})


def split(action: str, body: bytes, withholds: Callable[[], bool]) -> Split | None:
    """Asks for each entry whether to withhold it; returns None if all are to be passed on."""
    request = _read(body)
    if action == PUT_RECORDS:
        return _split_records(request, withholds)
    return _split_writes(request, withholds)


def _split_records(request: dict[str, Any], withholds: Callable[[], bool]) -> Split | None:
    records = request.get("Records", [])
    withheld = [withholds() for _ in records]
    count = sum(withheld)
    if not count:
        return None
    kept = [record for record, is_out in zip(records, withheld, strict=True) if not is_out]

    def answer(to_rest: bytes | None) -> bytes:
        found = _read_answer(to_rest)
        results = found.get("Records", [])
        if len(results) != len(kept):
            raise BrokenMessageError("not an answer to the records that were passed on")
        left = iter(results)
        merged = [_WITHHELD_RECORD if is_out else next(left) for is_out in withheld]
        failed = found.get("FailedRecordCount", 0) + count
        return _text(found | {"FailedRecordCount": failed, "Records": merged})

    return Split(_text(request | {"Records": kept}) if kept else None, count, answer)


def _split_writes(request: dict[str, Any], withholds: Callable[[], bool]) -> Split | None:
    kept: dict[str, list[Any]] = {}
    withheld: dict[str, list[Any]] = {}
    for table, writes in request.get("RequestItems", {}).items():
        for write in writes:
            part = withheld if withholds() else kept
            part.setdefault(table, []).append(write)
    if not withheld:
        return None

    def answer(to_rest: bytes | None) -> bytes:
        found = _read_answer(to_rest)
        unprocessed = dict(found.get("UnprocessedItems", {}))
        for table, writes in withheld.items():
            unprocessed[table] = [*unprocessed.get(table, []), *writes]
        return _text(found | {"UnprocessedItems": unprocessed})

    count = sum(len(writes) for writes in withheld.values())
    return Split(_text(request | {"RequestItems": kept}) if kept else None, count, answer)


def _read(body: bytes) -> dict[str, Any]:
    """Returns the object of a body; an empty one if it holds none."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _read_answer(body: bytes | None) -> dict[str, Any]:
    if body is None:
        return {}
    found = _read(body)
    if not found:
        raise BrokenMessageError("not an answer of a JSON service, or a compressed one")
    return found


def _text(members: dict[str, Any]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()
