"""Writes items into the table: whole requests, in order, again and again what was not taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from retries import Time, code_of, is_passing
from trades import Item

MAX_ITEMS = 25
"""Of one BatchWriteItem. Its 16 MB are out of reach: an item is made of at most 8,192 bytes."""


class NotStoredError(Exception):
    """Items that are not stored now, and may be later; `stored` are the ids that are."""

    def __init__(self, reason: str, stored: Sequence[str]) -> None:
        super().__init__(f"items not stored: reason={reason} stored={len(stored)}")
        self.reason = reason
        self.stored = frozenset(stored)


class Table:
    """One table, through DynamoDB's low-level client. Confined to one thread."""

    def __init__(self, client: Any, name: str) -> None:
        self.unprocessed_items = 0
        """How often an item was given back by a request that was otherwise taken."""
        self._client = client
        self._name = name
        self._has_taken = False

    def write(self, items: Sequence[Item], time: Time) -> list[Item]:
        """Writes at most 25 items of distinct ids; returns those that the table refuses for good.

        Raises NotStoredError when time runs out, or for an error that another attempt would not
        change, such as a missing permission.

        A request that the table finds invalid is repeated item by item, so that one odd item does
        not take 24 others with it. An item that is refused alone counts as refused for good only if
        the table has taken another one: a table of another kind refuses everything, and then
        nothing is wrong with the items.
        """
        stored: list[str] = []
        try:
            self._put(items, time, stored)
        except _InvalidError as e:
            return self._write_each(items, time, stored, e)
        return []

    def _write_each(
        self, items: Sequence[Item], time: Time, stored: list[str], cause: _InvalidError
    ) -> list[Item]:
        refused = []
        for item in items:
            try:
                self._put([item], time, stored)
            except _InvalidError:
                refused.append(item)
        if not self._has_taken:
            raise NotStoredError(f"table refuses every item: {cause}", stored) from cause
        return refused

    def _put(self, items: Sequence[Item], time: Time, stored: list[str]) -> None:
        """Writes with retries; adds the ids that are stored to the list, also when it raises."""
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
                    raise NotStoredError(reason, stored) from e
                continue
            if unprocessed is None:
                reason = "unknown answer"
                continue
            self._note(left, unprocessed, stored)
            left = unprocessed
            if not left:
                return
            reason = "unprocessed items"
        raise NotStoredError(f"{reason}, and no time left" if reason else "no time left", stored)

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

    def _note(self, asked: list[Item], unprocessed: list[Item], stored: list[str]) -> None:
        self.unprocessed_items += len(unprocessed)
        self._has_taken = self._has_taken or len(unprocessed) < len(asked)
        still = set(_ids(unprocessed))
        stored += [id_ for id_ in _ids(asked) if id_ not in still]


class _InvalidError(Exception):
    """A request that DynamoDB finds invalid."""


def _ids(items: Sequence[Item]) -> Iterator[str]:
    return (item["trade_id"]["S"] for item in items)
