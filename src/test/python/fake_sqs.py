"""An SQS that refuses what the service refuses, in its words, and fails when it is told to.

It stands in for botocore's low-level client and knows SendMessageBatch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

import aws_faults
from fake_time import FakeClock

QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters"

MAX_ENTRIES = 10
MAX_LENGTH = 262_144

_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True)
class SendFault:
    """What one call does besides its work, or instead of it."""

    before: BaseException | None = None
    """Raised with nothing in the queue."""
    after: BaseException | None = None
    """Raised with everything in the queue: the answer is lost."""
    failed: Callable[[int], bool] = lambda _: False
    """By an entry's index in the request: whether it is not taken."""
    code: str = "InternalError"
    is_senders: bool = False
    """Whether it is for what was sent that it is not taken: another attempt does not change it."""


NO_FAULT = SendFault()


@dataclass
class FakeSqs:
    """One queue. Confined to one thread."""

    url: str = QUEUE_URL
    faults: Iterable[SendFault] = ()
    """Of the next calls, one each; there may be no end of them."""
    clock: FakeClock = field(default_factory=FakeClock)
    seconds_a_call: float = 0.0
    bodies: list[str] = field(default_factory=list)
    """What is in the queue, in the order in which it came."""
    requests: list[int] = field(default_factory=list)
    """How many entries each call had, of those that failed too."""

    def __post_init__(self) -> None:
        self._faults: Iterator[SendFault] = iter(self.faults)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What is in the queue, its JSON read."""
        return [json.loads(body) for body in self.bodies]

    def fail(self, *faults: SendFault) -> None:
        """Sets what the next calls do, in place of what was set before."""
        self._faults = iter(faults)

    def fail_with(self, faults: Iterable[SendFault]) -> None:
        """Sets what all calls to come do; there may be no end of it."""
        self._faults = iter(faults)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
        """Takes messages; raises what botocore raises, or returns which were not taken."""
        self.requests.append(len(Entries))
        self.clock.pass_by(self.seconds_a_call)
        fault = next(self._faults, NO_FAULT)
        if fault.before is not None:
            raise fault.before
        _check(self.url, QueueUrl, Entries)
        answer: dict[str, Any] = {"Successful": [], "Failed": []}
        for index, entry in enumerate(Entries):
            if fault.failed(index):
                why = {"SenderFault": fault.is_senders, "Code": fault.code, "Message": fault.code}
                answer["Failed"].append({"Id": entry["Id"], **why})
            else:
                self.bodies.append(entry["MessageBody"])
                answer["Successful"].append({"Id": entry["Id"], "MessageId": str(len(self.bodies))})
        if fault.after is not None:
            raise fault.after
        return {kind: entries for kind, entries in answer.items() if entries}


def _check(url: str, asked: str, entries: list[Any]) -> None:
    if asked != url:
        raise _refusal("NonExistentQueue", "The specified queue does not exist.")
    if not entries:
        raise _refusal(
            "EmptyBatchRequest",
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        )
    if len(entries) > MAX_ENTRIES:
        raise _refusal(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {MAX_ENTRIES}. "
            f"You have sent {len(entries)}.",
        )
    ids = [entry["Id"] for entry in entries]
    if not all(_ENTRY_ID.fullmatch(id_) for id_ in ids):
        raise _refusal(
            "InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long.",
        )
    for number, id_ in enumerate(ids):
        if id_ in ids[:number]:
            raise _refusal("BatchEntryIdsNotDistinct", f"Id {id_} repeated.")
    _check_lengths([len(entry["MessageBody"].encode()) for entry in entries])


def _check_lengths(lengths: list[int]) -> None:
    if 0 in lengths:
        raise aws_faults.refusal(
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
            "SendMessageBatch",
        )
    if max(lengths) > MAX_LENGTH:
        raise aws_faults.refusal(
            "InvalidParameterValue",
            "One or more parameters are invalid. "
            f"Reason: Message must be shorter than {MAX_LENGTH} bytes.",
            "SendMessageBatch",
        )
    if sum(lengths) > MAX_LENGTH:
        raise _refusal(
            "BatchRequestTooLong",
            f"Batch requests cannot be longer than {MAX_LENGTH} bytes. "
            f"You have sent {sum(lengths)} bytes.",
        )


def _refusal(code: str, message: str) -> ClientError:
    return aws_faults.refusal(f"AWS.SimpleQueueService.{code}", message, "SendMessageBatch")
