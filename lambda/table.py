"""Writes items into the table: some requests at once, and again and again what was not taken."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, wait
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from retries import Time, code_of, is_passing
from trades import Item

MAX_ITEMS = 25
"""Of one BatchWriteItem. Its 16 MB are out of reach: an item is made of at most 8,192 bytes."""
MAX_REQUESTS_AT_ONCE = 8
"""Bound of the requests under way: more would wait less for the table, and throttle it sooner."""


class NotStoredError(Exception):
    """Items that are not stored now, and may be later; `stored` are the ids that are."""

    def __init__(self, reason: str, stored: Sequence[str]) -> None:
        super().__init__(f"items not stored: reason={reason} stored={len(stored)}")
        self.reason = reason
        self.stored = frozenset(stored)


class Table:
    """One table, through DynamoDB's low-level client. Confined to one thread, but for requests."""

    def __init__(self, client: Any, name: str, executor: Executor) -> None:
        """The client may be called by all threads of the executor, which requests are made by."""
        self.unprocessed_items = 0
        """How often an item was given back by a request that was otherwise taken."""
        self._client = client
        self._name = name
        self._executor = executor
        self._has_taken = False

    def write(self, items: Sequence[Item], time: Time) -> list[Item]:
        """Writes items of distinct ids; returns those that the table refuses for good.

        Raises NotStoredError when time runs out, or for an error that another attempt would not
        change, such as a missing permission. Then no further request begins; when this returns or
        raises, none is under way.

        A request that the table finds invalid is repeated item by item, so that one odd item does
        not take 24 others with it. An item that is refused alone counts as refused for good only if
        the table has taken another one: a table of another kind refuses everything, and then
        nothing is wrong with the items.
        """
        parts = [_Part(items[at : at + MAX_ITEMS]) for at in range(0, len(items), MAX_ITEMS)]
        self._write_all(parts, time)
        self.unprocessed_items += sum(part.unprocessed_items for part in parts)
        stored = [id_ for part in parts for id_ in part.stored]
        refused = [item for part in parts for item in part.refused]
        self._has_taken = self._has_taken or bool(stored)
        for part in parts:
            if part.failure:
                raise NotStoredError(part.failure, stored)
        if refused and not self._has_taken:
            refusal = next(part.refusal for part in parts if part.refused)
            raise NotStoredError(f"table refuses every item: {refusal}", stored)
        return refused

    def _write_all(self, parts: Sequence[_Part], time: Time) -> None:
        has_failed = threading.Event()
        if len(parts) == 1:
            self._write(parts[0], time, has_failed)
            return
        futures = [self._executor.submit(self._write, part, time, has_failed) for part in parts]
        wait(futures)
        for future in futures:
            future.result()

    def _write(self, part: _Part, time: Time, has_failed: threading.Event) -> None:
        """Writes a part, unless another one has failed; notes in it what came of it."""
        if has_failed.is_set():
            return
        try:
            self._put(part.items, time, part)
        except _InvalidError as e:
            part.refusal = str(e)
            self._write_each(part, time)
        if part.failure:
            has_failed.set()

    def _write_each(self, part: _Part, time: Time) -> None:
        for item in part.items:
            try:
                self._put([item], time, part)
            except _InvalidError:
                part.refused.append(item)
            if part.failure:
                return

    def _put(self, items: Sequence[Item], time: Time, part: _Part) -> None:
        """Writes with retries; notes the ids that are stored, and why not all are."""
        left = list(items)
        reason = ""
        for _ in time.attempts():
            try:
                unprocessed = self._request(left)
            except (ClientError, BotoCoreError) as e:
                reason = code_of(e)
                if reason == "ValidationException":
                    raise _InvalidError(str(e)) from e
                if not is_passing(e):
                    part.failure = reason
                    return
                continue
            if unprocessed is None:
                reason = "unknown answer"
                continue
            part.note(left, unprocessed)
            left = unprocessed
            if not left:
                return
            reason = "unprocessed items"
        part.failure = f"{reason}, and no time left" if reason else "no time left"

    def _request(self, items: list[Item]) -> list[Item] | None:
        """Returns what was not processed. None: the answer does not say, so nothing is claimed.

        botocore makes an answer of whatever comes with status 200, if it is a proxy's page.
        """
        answer = self._client.batch_write_item(
            RequestItems={self._name: [{"PutRequest": {"Item": item}} for item in items]}
        )
        by_table = answer.get("UnprocessedItems")
        if by_table is None:
            return None
        # Of one table, whether it is called by its name or its ARN.
        return [
            request["PutRequest"]["Item"] for requests in by_table.values() for request in requests
        ]


@dataclass
class _Part:
    """Items of one request, and what has become of them. Used by one thread at a time."""

    items: Sequence[Item]
    stored: list[str] = field(default_factory=list)
    refused: list[Item] = field(default_factory=list)
    refusal: str = ""
    """What the table said to a request that it finds invalid."""
    failure: str = ""
    """Why not all is written; empty also if it was not begun, as another part had failed."""
    unprocessed_items: int = 0

    def note(self, asked: list[Item], unprocessed: list[Item]) -> None:
        """Takes note of an answer."""
        self.unprocessed_items += len(unprocessed)
        still = set(_ids(unprocessed))
        self.stored += [id_ for id_ in _ids(asked) if id_ not in still]


class _InvalidError(Exception):
    """A request that DynamoDB finds invalid."""


def _ids(items: Sequence[Item]) -> Iterator[str]:
    return (item["trade_id"]["S"] for item in items)
