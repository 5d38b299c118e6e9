"""Each distinct call is written down once, as IAM would look at it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import request_log
from request_log import Call

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

ACCOUNT = "us-east-1:123456789012"
STREAM = f"arn:aws:kinesis:{ACCOUNT}:stream/stream-finnhub"
TABLE = f"arn:aws:dynamodb:{ACCOUNT}:table/T"


def request(service: str, target: str | None, body: Any, principal: str = "local-x") -> Any:
    """Returns what a server gets of a signed request."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    scope = f"{principal}/20261125/us-east-1/{service}/aws4_request"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host",
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": io.BytesIO(content),
    }
    return environ if target is None else environ | {"HTTP_X_AMZ_TARGET": target}


@pytest.mark.parametrize(
    ("service", "target", "body", "action", "resources"),
    [
        ("kinesis", "Kinesis_20131202.PutRecords", {"StreamName": "stream-finnhub"}, None, STREAM),
        ("kinesis", "Kinesis_20131202.ListShards", {"StreamARN": STREAM}, None, STREAM),
        ("kinesis", "Kinesis_20131202.ListStreams", {}, None, "*"),
        (
            "dynamodb",
            "DynamoDB_20120810.BatchWriteItem",
            {"RequestItems": {"T": []}},
            None,
            TABLE,
        ),
        (
            "dynamodb",
            "DynamoDB_20120810.Query",
            {"TableName": "T", "IndexName": "I"},
            None,
            TABLE + "/index/I",
        ),
        (
            "sqs",
            "AmazonSQS.SendMessageBatch",
            {"QueueUrl": "https://sqs/1/letters"},
            "sqs:SendMessage",
            f"arn:aws:sqs:{ACCOUNT}:letters",
        ),
    ],
)
def test_a_call_is_told_by_principal_action_and_resource(
    service: str, target: str, body: Any, action: str | None, resources: str
) -> None:
    expected = action or f"{service}:{target.rpartition('.')[2]}"
    assert request_log.calls_in(request(service, target, body)) == {
        Call("local-x", expected, resources)
    }


def test_a_batch_of_two_tables_is_two_calls() -> None:
    body: dict[str, Any] = {"RequestItems": {"T": [], "U": []}}
    calls = request_log.calls_in(request("dynamodb", "DynamoDB_20120810.BatchGetItem", body))
    assert {call.resource for call in calls} == {TABLE, TABLE.replace("/T", "/U")}


def test_a_form_and_a_path_are_told_by_what_they_say() -> None:
    form = request("iam", None, b"Version=1&Action=GetRole&RoleName=r")
    form["CONTENT_TYPE"] = "application/x-www-form-urlencoded; charset=utf-8"
    assert request_log.calls_in(form) == {Call("local-x", "iam:GetRole", "*")}
    assert request_log.calls_in(request("s3", None, b"")) == {Call("local-x", "s3:POST", "*")}


def test_a_request_that_is_not_signed_is_anonymous() -> None:
    environ = request("kinesis", "Kinesis_20131202.PutRecords", {})
    del environ["HTTP_AUTHORIZATION"]
    assert request_log.calls_in(environ) == {Call("anonymous", "*", "*")}


def test_each_distinct_call_is_written_once_and_the_request_goes_on_whole(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def application(environ: WSGIEnvironment, _: StartResponse) -> Iterable[bytes]:
        seen.append(environ["wsgi.input"].read())
        return [b"answer"]

    def start(*_: Any) -> Any:
        return None

    log = request_log.RequestLog(application, tmp_path / "log")
    body = {"StreamName": "stream-finnhub"}
    for principal in ("local-a", "local-a", "local-b"):
        environ = request("kinesis", "Kinesis_20131202.PutRecords", body, principal)
        assert list(log(environ, start)) == [b"answer"]
    assert seen == [json.dumps(body).encode()] * 3
    assert request_log.read(tmp_path / "log") == {
        Call(principal, "kinesis:PutRecords", STREAM) for principal in ("local-a", "local-b")
    }
    assert len((tmp_path / "log").read_text().splitlines()) == 2
