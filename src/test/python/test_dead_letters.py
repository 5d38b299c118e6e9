"""Dead letters: what they hold, and that none of them is taken for sent that is not."""

from __future__ import annotations

import base64
import itertools

import pytest

import aws_faults
from dead_letters import MAX_LENGTH, DeadLetter, DeadLetterQueue, NotSentError, Place
from fake_sqs import QUEUE_URL, FakeSqs, SendFault
from fake_time import FakeClock, FakeContext, time_of
from retries import RESERVE_SECONDS

PLACE = Place("arn:aws:kinesis:us-east-1:123456789012:stream/s", "shardId-000000000003", "4957")


class Sends:
    """A queue, and the time of one invocation."""

    def __init__(self, seconds: float = 60.0) -> None:
        self.clock = FakeClock()
        self.sqs = FakeSqs(clock=self.clock)
        self.queue = DeadLetterQueue(self.sqs, QUEUE_URL)
        self.context = FakeContext(self.clock, seconds)
        self.time = time_of(self.context, self.clock)

    def seconds_left(self) -> float:
        return self.context.get_remaining_time_in_millis() / 1000

    def send(self, letters: list[DeadLetter]) -> None:
        self.queue.send(letters, self.time)

    def fail_to_send(self, letters: list[DeadLetter]) -> NotSentError:
        with pytest.raises(NotSentError) as caught:
            self.send(letters)
        return caught.value


def letters_of(count: int, length: int = 3) -> list[DeadLetter]:
    return [letter_of(number, length) for number in range(count)]


def letter_of(line: int, length: int = 3) -> DeadLetter:
    place = Place(PLACE.stream, PLACE.shard_id, PLACE.sequence_number, 4, line)
    return DeadLetter("json", place, b"x" * length)


def lines_in(sqs: FakeSqs) -> list[int]:
    return [message["line"] for message in sqs.messages]


def test_a_letter_holds_reason_place_and_exact_bytes() -> None:
    sends = Sends()
    payload = bytes(range(256))
    place = Place(PLACE.stream, PLACE.shard_id, PLACE.sequence_number, 4, 17)
    sends.send([DeadLetter("utf-8", place, payload), DeadLetter("damaged-aggregate", PLACE, b"")])
    line, record = sends.sqs.messages
    assert line == {
        "reason": "utf-8",
        "stream": PLACE.stream,
        "shard_id": "shardId-000000000003",
        "sequence_number": "4957",
        "sub_sequence_number": 4,
        "line": 17,
        "payload": base64.b64encode(payload).decode(),
        "payload_length": 256,
    }
    assert record == {
        "reason": "damaged-aggregate",
        "stream": PLACE.stream,
        "shard_id": "shardId-000000000003",
        "sequence_number": "4957",
        "sub_sequence_number": None,
        "line": None,
        "payload": "",
        "payload_length": 0,
    }


def test_a_letter_as_long_as_a_message_may_be_has_its_payload_and_a_longer_one_has_not() -> None:
    overhead = len(DeadLetter("json", PLACE, b"").body()) + len("196000") - len("0")
    room = (MAX_LENGTH - overhead) // 4 * 3
    sends = Sends()
    sends.send([DeadLetter("json", PLACE, b"x" * room)])
    sends.send([DeadLetter("json", PLACE, b"x" * (room + 1))])
    fits, too_long = sends.sqs.messages
    assert len(sends.sqs.bodies[0]) > MAX_LENGTH - 4
    assert base64.b64decode(fits["payload"]) == b"x" * room
    assert "payload" not in too_long
    assert too_long["payload_length"] == room + 1
    assert too_long["sequence_number"] == "4957"


def test_letters_go_in_requests_of_ten_in_order() -> None:
    sends = Sends()
    sends.send(letters_of(23))
    assert sends.sqs.requests == [10, 10, 3]
    assert lines_in(sends.sqs) == list(range(23))


def test_long_letters_go_in_requests_that_the_queue_takes() -> None:
    sends = Sends()
    sends.send(letters_of(5, length=80_000))
    assert sends.sqs.requests == [2, 2, 1]
    assert lines_in(sends.sqs) == list(range(5))


def test_only_letters_that_were_not_taken_are_sent_again() -> None:
    sends = Sends()
    sends.sqs.fail(
        SendFault(failed=lambda index: index in (1, 3)), SendFault(failed=lambda index: index == 1)
    )
    sends.send(letters_of(5))
    assert sends.sqs.requests == [5, 2, 1]
    assert lines_in(sends.sqs) == [0, 2, 4, 1, 3]


@pytest.mark.parametrize(
    "fault",
    [
        SendFault(before=aws_faults.throttled()),
        SendFault(before=aws_faults.refusal("RequestThrottled", "", "SendMessageBatch", 403)),
        SendFault(before=aws_faults.server_error()),
        SendFault(before=aws_faults.connection_refused()),
        SendFault(before=aws_faults.read_timeout()),
    ],
)
def test_a_request_that_fails_in_passing_is_repeated(fault: SendFault) -> None:
    sends = Sends()
    sends.sqs.fail(fault, fault)
    sends.send(letters_of(2))
    assert sends.sqs.requests == [2, 2, 2]
    assert lines_in(sends.sqs) == [0, 1]


def test_letters_whose_answer_is_lost_are_sent_again() -> None:
    sends = Sends()
    sends.sqs.fail(SendFault(after=aws_faults.read_timeout()))
    sends.send(letters_of(2))
    assert lines_in(sends.sqs) == [0, 1, 0, 1]


def test_a_letter_that_is_refused_for_what_it_is_is_not_sent_again() -> None:
    sends = Sends()
    sends.sqs.fail(
        SendFault(failed=lambda index: index == 1, code="InvalidMessageContents", is_senders=True)
    )
    error = sends.fail_to_send(letters_of(3))
    assert error.reason == "InvalidMessageContents"
    assert error.sent == {letter_of(0).place, letter_of(2).place}
    assert sends.sqs.requests == [3]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (SendFault(before=aws_faults.throttled()), "ThrottlingException, and no time left"),
        (SendFault(failed=lambda _: True), "InternalError, and no time left"),
        (SendFault(before=aws_faults.access_denied()), "AccessDeniedException"),
        (SendFault(before=aws_faults.no_credentials()), "NoCredentialsError"),
    ],
)
def test_a_request_that_fails_for_ever_says_why(fault: SendFault, reason: str) -> None:
    sends = Sends()
    sends.sqs.fail_with(itertools.repeat(fault))
    error = sends.fail_to_send(letters_of(2))
    assert error.reason == reason
    assert str(error) == f"dead letters not sent: reason={reason} sent=0"
    assert sends.sqs.bodies == []
    assert sends.seconds_left() >= RESERVE_SECONDS
    assert len(sends.sqs.requests) < 120


def test_a_queue_that_does_not_exist_takes_nothing() -> None:
    sends = Sends()
    sends.sqs.url = "https://sqs.us-east-1.amazonaws.com/123456789012/other"
    error = sends.fail_to_send(letters_of(1))
    assert error.reason == "AWS.SimpleQueueService.NonExistentQueue"


def test_one_request_is_tried_without_any_time_and_what_was_sent_is_told() -> None:
    sends = Sends(seconds=0.0)
    letters = letters_of(23)
    error = sends.fail_to_send(letters)
    assert error.reason == "no time left"
    assert error.sent == {letter.place for letter in letters[:10]}
    assert lines_in(sends.sqs) == list(range(10))
