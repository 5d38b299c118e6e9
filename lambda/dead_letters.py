"""What can never be stored goes to a queue, with its reason, its place and its bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from retries import Time, code_of, is_passing

MAX_LETTERS = 10
"""Of one SendMessageBatch."""
MAX_LENGTH = 262_144
"""In bytes: of a message, and of all messages of one SendMessageBatch."""


class Place(NamedTuple):
    """Where in the stream something was found. A tuple, since every trade has one."""

    stream: str
    """The stream's ARN."""
    shard_id: str
    sequence_number: str
    sub_sequence_number: int | None = None
    """Index in an aggregated record; None in a record that came alone."""
    line: int | None = None
    """Index in the user record; None for a whole stream record."""


class NotSentError(Exception):
    """Dead letters that are not in the queue; `sent` are the places of those that are."""

    def __init__(self, reason: str, sent: Sequence[Place]) -> None:
        super().__init__(f"dead letters not sent: reason={reason} sent={len(sent)}")
        self.reason = reason
        self.sent = frozenset(sent)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A line, or a stream record, that can never be stored."""

    reason: str
    place: Place
    payload: bytes

    def body(self) -> str:
        """Returns the message: JSON, the payload in base64 unless the message grew too long."""
        place = self.place
        fields: dict[str, Any] = {
            "reason": self.reason,
            "stream": place.stream,
            "shard_id": place.shard_id,
            "sequence_number": place.sequence_number,
            "sub_sequence_number": place.sub_sequence_number,
            "line": place.line,
            "payload_length": len(self.payload),
        }
        payload = {"payload": base64.b64encode(self.payload).decode()}
        whole = json.dumps(fields | payload)
        return whole if len(whole) <= MAX_LENGTH else json.dumps(fields)


class DeadLetterQueue:
    """One queue, through the low-level client of SQS. Confined to one thread."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, letters: Sequence[DeadLetter], time: Time) -> None:
        """Sends all of them, in order; raises NotSentError if one is not in the queue.

        A letter may be in the queue twice: what is not answered is sent again.
        """
        sent: list[Place] = []
        for group in _groups(letters):
            self._send(group, time, sent)

    def _send(self, group: _Group, time: Time, sent: list[Place]) -> None:
        """Sends with retries; adds the places of what is sent to the list, also when it raises."""
        left = {str(number): letter for number, letter in enumerate(group)}
        reason = ""
        for _ in time.attempts():
            entries = [{"Id": id_, "MessageBody": body} for id_, (_, body) in left.items()]
            try:
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            except (ClientError, BotoCoreError) as e:
                reason = code_of(e)
                if not is_passing(e):
                    raise NotSentError(reason, sent) from e
                continue
            taken = {entry["Id"] for entry in answer.get("Successful", [])}
            sent += [place for id_, (place, _) in left.items() if id_ in taken]
            reason = "unknown answer"
            for entry in answer.get("Failed", []):
                reason = entry.get("Code", "unknown")
                if entry.get("SenderFault", False):
                    raise NotSentError(reason, sent)
            left = {id_: letter for id_, letter in left.items() if id_ not in taken}
            if not left:
                return
        raise NotSentError(f"{reason}, and no time left" if reason else "no time left", sent)


_Group = list[tuple[Place, str]]
"""Letters of one request: where each was found, and its message."""


def _groups(letters: Sequence[DeadLetter]) -> Iterator[_Group]:
    """Yields as many letters as a request takes. A body is ASCII: a character is a byte."""
    group: _Group = []
    length = 0
    for letter in letters:
        body = letter.body()
        if group and (len(group) == MAX_LETTERS or length + len(body) > MAX_LENGTH):
            yield group
            group, length = [], 0
        group.append((letter.place, body))
        length += len(body)
    if group:
        yield group
