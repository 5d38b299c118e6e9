"""What an answer does not say is not claimed: a proxy's page with status 200 is no success.

botocore makes of such a page an answer without any of the members that the service's has.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from dead_letters import DeadLetter, DeadLetterQueue, NotSentError, Place
from executors import InOrder
from fake_time import FakeClock, FakeContext, time_of
from retries import Time
from stream_events import STREAM, items_of, lines_of
from table import NotStoredError, Table

PAGE: dict[str, Any] = {"ResponseMetadata": {"HTTPStatusCode": 200}}
ALL_STORED: dict[str, Any] = {"UnprocessedItems": {}}
ITEMS = list(items_of(lines_of(range(3))).values())
LETTERS = [DeadLetter("json", Place(STREAM, "s", "1", None, line), b"x") for line in range(3)]
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/trades"


class Scripted:
    """A client that gives the answers of a script, the last of them for ever."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.requests: list[list[Any]] = []
        self._answers = deque(answers)

    def batch_write_item(self, *, RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803
        return self._answer(RequestItems["trades"])

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Any:  # noqa: N803
        assert QueueUrl == "url"
        return self._answer(Entries)

    def _answer(self, request: list[Any]) -> Any:
        self.requests.append(request)
        return self._answers[0] if len(self._answers) == 1 else self._answers.popleft()


def a_minute() -> Time:
    clock = FakeClock()
    return time_of(FakeContext(clock), clock)


def table_of(client: Scripted) -> Table:
    return Table(client, "trades", InOrder())


def successful(*ids: str) -> dict[str, Any]:
    return {"Successful": [{"Id": id_} for id_ in ids]}


def test_items_are_written_again_until_an_answer_says_what_became_of_them() -> None:
    client = Scripted(PAGE, PAGE, ALL_STORED)
    assert table_of(client).write(ITEMS, a_minute()) == []
    assert [len(request) for request in client.requests] == [3, 3, 3]


def test_items_without_an_answer_for_ever_are_not_stored() -> None:
    with pytest.raises(NotStoredError) as caught:
        table_of(Scripted(PAGE)).write(ITEMS, a_minute())
    assert caught.value.reason == "unknown answer, and no time left"
    assert caught.value.stored == frozenset()


def test_what_is_unprocessed_is_found_whatever_the_answer_calls_the_table() -> None:
    left = [{"PutRequest": {"Item": ITEMS[1]}}]
    client = Scripted({"UnprocessedItems": {ARN: left}}, ALL_STORED)
    assert table_of(client).write(ITEMS, a_minute()) == []
    assert client.requests[1] == left


def test_letters_are_sent_again_until_an_answer_names_them() -> None:
    client = Scripted(PAGE, successful("0", "2"), successful("1"))
    DeadLetterQueue(client, "url").send(LETTERS, a_minute())
    assert [[entry["Id"] for entry in entries] for entries in client.requests] == [
        ["0", "1", "2"],
        ["0", "1", "2"],
        ["1"],
    ]


def test_letters_that_no_answer_names_are_not_sent() -> None:
    with pytest.raises(NotSentError) as caught:
        DeadLetterQueue(Scripted(successful("1")), "url").send(LETTERS, a_minute())
    assert caught.value.reason == "unknown answer, and no time left"
    assert caught.value.sent == {LETTERS[1].place}
