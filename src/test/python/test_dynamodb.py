"""Our BatchWriteItem, held against what botocore's client sends and raises."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

import trades
from dynamodb import DynamoDB
from processes import free_port
from recording_endpoint import Asked, RecordingEndpoint, recording_endpoint
from stream_events import lines_of

ITEMS = [trades.item_of(line) for line in lines_of(range(25))]
TABLES = {"trades": [{"PutRequest": {"Item": item}} for item in ITEMS]}


def client_of(endpoint: RecordingEndpoint) -> Any:
    return botocore.session.get_session().create_client(
        "dynamodb",
        region_name="eu-west-3",
        endpoint_url=endpoint.url,
        verify=str(endpoint.ca),
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=8),
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        aws_session_token="token",
    )


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[RecordingEndpoint]:
    """What stands in for DynamoDB, behind TLS."""
    with recording_endpoint(tmp_path) as serving:
        serving.headers["Connection"] = "close"  # what is raised would keep it open, to no end
        yield serving


@pytest.fixture
def client(endpoint: RecordingEndpoint) -> Iterator[Any]:
    """botocore's client of it, closed before the endpoint waits for its connections' end."""
    made = client_of(endpoint)
    yield made
    made.close()


def raised_by(call: Callable[..., Any]) -> ClientError:
    with pytest.raises(ClientError) as caught:
        call(RequestItems=TABLES)
    return caught.value


def test_it_sends_what_the_client_sends(endpoint: RecordingEndpoint, client: Any) -> None:
    client.batch_write_item(RequestItems=TABLES)
    DynamoDB(client).batch_write_item(RequestItems=TABLES)
    theirs, ours = endpoint.asked
    assert ours.members == theirs.members == {"RequestItems": TABLES}
    for name in ("Content-Type", "X-Amz-Target", "X-Amz-Security-Token", "Host"):
        assert ours.headers[name] == theirs.headers[name]
    assert scope_of(ours) == scope_of(theirs)


def scope_of(asked: Asked) -> list[str]:
    """Returns who signed, for which region and service, and which headers."""
    scheme, _, pairs = asked.headers["Authorization"].partition(" ")
    credential, headers, signature = pairs.split(", ")
    assert len(signature) == len("Signature=") + 64
    key, _date, *scope = credential.removeprefix("Credential=").split("/")
    signed = headers.removeprefix("SignedHeaders=").split(";")
    return [scheme, key, *scope, *(name for name in signed if name.startswith(("host", "x-amz-")))]


def test_it_returns_what_is_unprocessed(endpoint: RecordingEndpoint, client: Any) -> None:
    unprocessed = {"UnprocessedItems": {"trades": TABLES["trades"][:2]}}
    endpoint.answer = lambda _: json.dumps(unprocessed).encode()
    assert DynamoDB(client).batch_write_item(RequestItems=TABLES) == unprocessed


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (
            400,
            {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slower"},
        ),
        (400, {"__type": "com.amazon.coral.validate#ValidationException", "message": "odd"}),
        (400, {"__type": "AccessDeniedException", "Message": "not authorized"}),
        (500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}),
        (503, {}),
        (403, None),
        (302, {}),
    ],
)
def test_it_raises_what_the_client_raises(
    endpoint: RecordingEndpoint, client: Any, status: int, answer: dict[str, str] | None
) -> None:
    endpoint.status = status
    endpoint.answer = lambda _: b"<html>" if answer is None else json.dumps(answer).encode()
    theirs, ours = raised_by(client.batch_write_item), raised_by(DynamoDB(client).batch_write_item)
    assert ours.response["Error"]["Code"] == theirs.response["Error"]["Code"]
    if answer is not None:  # of a page, nothing is kept
        assert ours.response["Error"]["Message"] == theirs.response["Error"]["Message"]
    assert ours.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize("page", [b"<html>welcome</html>", b"", b"[]", b"\xff"])
def test_an_answer_that_is_no_json_object_is_an_empty_one(
    endpoint: RecordingEndpoint, client: Any, page: bytes
) -> None:
    endpoint.answer = lambda _: page
    assert DynamoDB(client).batch_write_item(RequestItems=TABLES) == {}


def test_an_endpoint_that_is_not_there_is_an_error_of_botocore() -> None:
    nowhere = RecordingEndpoint(url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(EndpointConnectionError):
        DynamoDB(client_of(nowhere)).batch_write_item(RequestItems=TABLES)


def test_without_credentials_nothing_is_sent(
    endpoint: RecordingEndpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    client = botocore.session.get_session().create_client(
        "dynamodb", region_name="eu-west-3", endpoint_url=endpoint.url
    )
    with pytest.raises(NoCredentialsError):
        DynamoDB(client).batch_write_item(RequestItems=TABLES)
    assert endpoint.asked == []


def test_several_threads_keep_a_connection_each(endpoint: RecordingEndpoint, client: Any) -> None:
    del endpoint.headers["Connection"]
    dynamodb = DynamoDB(client)
    together = threading.Barrier(4)

    def call(_: int) -> dict[str, Any]:
        together.wait(10)
        return dynamodb.batch_write_item(RequestItems=TABLES)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(call, range(40)))
    assert answers == [{"UnprocessedItems": {}}] * 40
    assert len(endpoint.asked) == 40
    assert endpoint.connections <= 4
