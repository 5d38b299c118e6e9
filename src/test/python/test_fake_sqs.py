"""The double of SQS refuses what the service refuses."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from botocore.exceptions import ClientError

import aws_faults
from fake_sqs import MAX_LENGTH, QUEUE_URL, FakeSqs, SendFault


def send(sqs: FakeSqs, *bodies: str, url: str = QUEUE_URL) -> dict[str, Any]:
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    return sqs.send_message_batch(QueueUrl=url, Entries=entries)


def refused(entries: list[dict[str, str]], url: str = QUEUE_URL) -> str:
    sqs = FakeSqs()
    with pytest.raises(ClientError) as caught:
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert sqs.bodies == []
    return caught.value.response["Error"]["Message"]


def test_it_keeps_messages_in_order() -> None:
    sqs = FakeSqs()
    answer = send(sqs, '{"a":1}', '{"b":2}')
    assert [entry["Id"] for entry in answer["Successful"]] == ["0", "1"]
    assert "Failed" not in answer
    assert sqs.messages == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "There should be at least one SendMessageBatchRequestEntry in the request."),
        (
            [{"Id": str(number), "MessageBody": "x"} for number in range(11)],
            "Maximum number of entries per request are 10. You have sent 11.",
        ),
        (
            [{"Id": "a", "MessageBody": "x"}, {"Id": "a", "MessageBody": "y"}],
            "Id a repeated.",
        ),
        (
            [{"Id": "a:1", "MessageBody": "x"}],
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long.",
        ),
        (
            [{"Id": "a", "MessageBody": ""}],
            "The request must contain the parameter MessageBody.",
        ),
        (
            [{"Id": "a", "MessageBody": "x" * (MAX_LENGTH + 1)}],
            "One or more parameters are invalid. "
            "Reason: Message must be shorter than 262144 bytes.",
        ),
        (
            [{"Id": "a", "MessageBody": "x" * MAX_LENGTH}, {"Id": "b", "MessageBody": "x"}],
            "Batch requests cannot be longer than 262144 bytes. You have sent 262145 bytes.",
        ),
    ],
)
def test_it_refuses_a_request(entries: list[dict[str, str]], message: str) -> None:
    assert refused(entries) == message


def test_it_takes_as_much_as_is_allowed() -> None:
    sqs = FakeSqs()
    send(sqs, *(["x" * (MAX_LENGTH // 10)] * 10))
    send(sqs, "x" * MAX_LENGTH)
    assert len(sqs.bodies) == 11


def test_it_does_not_find_another_queue() -> None:
    assert refused([{"Id": "a", "MessageBody": "x"}], QUEUE_URL + "2") == (
        "The specified queue does not exist."
    )


def test_it_leaves_out_what_it_is_told_to_and_says_whose_fault_it_is() -> None:
    sqs = FakeSqs(
        faults=[
            SendFault(failed=lambda index: index == 1),
            SendFault(failed=lambda _: True, code="InvalidMessageContents", is_senders=True),
        ]
    )
    answer = send(sqs, '"a"', '"b"')
    assert answer["Failed"] == [
        {"Id": "1", "SenderFault": False, "Code": "InternalError", "Message": "InternalError"}
    ]
    assert send(sqs, '"c"')["Failed"][0]["SenderFault"] is True
    assert sqs.bodies == ['"a"']


def test_it_fails_before_or_after_its_work_for_ever_if_it_is_told_to() -> None:
    sqs = FakeSqs(faults=itertools.repeat(SendFault(before=aws_faults.throttled())))
    for _ in range(3):
        with pytest.raises(ClientError, match="ThrottlingException"):
            send(sqs, '"a"')
    sqs.fail(SendFault(after=aws_faults.server_error()))
    with pytest.raises(ClientError, match="InternalServerError"):
        send(sqs, '"a"')
    assert sqs.bodies == ['"a"']


def test_it_takes_time() -> None:
    sqs = FakeSqs(seconds_a_call=3.0)
    began = sqs.clock.now
    send(sqs, '"a"')
    assert sqs.clock.now - began == 3.0
