"""The fault proxy alters what a fault is for, counts it, and passes everything else on as it is."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    SSLError,
)

import certificates
from aws_proxy import AwsProxy
from aws_proxy_process import AwsProxyProcess
from endpoint_faults import Effects, Fault, Kind
from processes import wait_until
from proxy_process import ProxyError
from recording_endpoint import Asked, RecordingEndpoint, recording_endpoint

SECONDS = 10
PUT_RECORDS = frozenset({"kinesis:PutRecords"})
BATCH_WRITE_ITEM = frozenset({"dynamodb:BatchWriteItem"})
UNREACHABLE = (ConnectionClosedError, EndpointConnectionError, SSLError)
"""What botocore says of a connection that is reset, which depends on how far it was."""
KEYS = [f"k{number}" for number in range(40)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
def upstream(folder: Path) -> Iterator[RecordingEndpoint]:
    with recording_endpoint(folder) as endpoint:
        yield endpoint


@pytest.fixture
def proxy(upstream: RecordingEndpoint, folder: Path) -> Iterator[AwsProxy]:
    with AwsProxy(upstream.url, upstream.ca, folder, seeded(7)) as running:
        yield running


class Clients:
    """What our parts do, each by a client that makes one attempt."""

    def __init__(self, endpoint: str, ca: Path, principal: str = "local-ingester") -> None:
        session = botocore.session.Session()
        session.set_credentials(principal, "secret")
        self._made: dict[str, Any] = {
            service: session.create_client(
                service,
                region_name="us-east-1",
                endpoint_url=endpoint,
                verify=str(ca),
                config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
            )
            for service in ("kinesis", "dynamodb", "sqs")
        }

    def put(self, *keys: str) -> Any:
        """PutRecords; the key of each record is its content too."""
        records = [{"Data": key.encode(), "PartitionKey": key} for key in keys]
        return self._made["kinesis"].put_records(StreamName="stream", Records=records)

    def write(self, *keys: str, table: str = "T") -> Any:
        """BatchWriteItem."""
        return self._made["dynamodb"].batch_write_item(RequestItems={table: writes_of(*keys)})

    def send(self) -> Any:
        """SendMessage."""
        return self._made["sqs"].send_message(QueueUrl="https://sqs/1/q", MessageBody="message")

    def close(self) -> None:
        """Closes the connections."""
        for client in self._made.values():
            client.close()


@pytest.fixture
def clients(proxy: AwsProxy, upstream: RecordingEndpoint) -> Iterator[Clients]:
    made = Clients(proxy.endpoint, upstream.ca)
    yield made
    made.close()


@pytest.fixture
def connection(
    proxy: AwsProxy, upstream: RecordingEndpoint
) -> Iterator[http.client.HTTPSConnection]:
    made = connection_to(proxy.endpoint, upstream.ca)
    yield made
    made.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


def seeded(seed: int) -> random.Random:
    return random.Random(seed)


def connection_to(endpoint: str, ca: Path) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=ca)
    return http.client.HTTPSConnection(endpoint[len("https://") :], timeout=60, context=context)


def writes_of(*keys: str) -> list[dict[str, Any]]:
    return [{"PutRequest": {"Item": {"id": {"S": key}}}} for key in keys]


def keys_put(upstream: RecordingEndpoint) -> list[str]:
    return [record["PartitionKey"] for body in upstream.bodies for record in body["Records"]]


def keys_of(writes: list[dict[str, Any]]) -> list[str]:
    return [write["PutRequest"]["Item"]["id"]["S"] for write in writes]


def answers(proxy: AwsProxy, action: str) -> dict[str, int]:
    return dict(proxy.counts()[action]["answers"])


def waits_for(condition: Callable[[], bool]) -> None:
    assert wait_until(condition, SECONDS)


def error_of(failed: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response: Any = failed.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


# Without a fault


def test_requests_and_answers_pass_as_they_are(
    connection: http.client.HTTPSConnection, upstream: RecordingEndpoint
) -> None:
    request = bytes(range(256)) * 4096
    answer = bytes(reversed(range(256))) * 8192
    upstream.answer = lambda _: answer
    upstream.headers = {"x-amzn-RequestId": "r", "X-Odd": "a: b ", "x-amz-crc32": "1"}
    headers = {
        "Host": "kinesis.example.invalid",
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20261125/r/kinesis/aws4_request, "
        "SignedHeaders=host, Signature=00",
        "X-AMZ-Target": "Kinesis_20131202.PutRecords",
        "Content-Type": "application/x-amz-json-1.1",
    }
    connection.request("POST", "/path?query=%20", request, headers)
    response = connection.getresponse()
    assert response.read() == answer
    assert {name: response.headers[name] for name in upstream.headers} == upstream.headers
    (asked,) = upstream.asked
    assert asked.body == request
    assert asked.headers == headers | {
        "Accept-Encoding": "identity",
        "Content-Length": str(len(request)),
    }


@pytest.mark.parametrize(
    ("method", "status", "body"),
    [("HEAD", 200, b""), ("GET", 204, b""), ("GET", 404, b"none"), ("POST", 200, b"")],
)
def test_any_method_and_status_passes(
    connection: http.client.HTTPSConnection,
    upstream: RecordingEndpoint,
    method: str,
    status: int,
    body: bytes,
) -> None:
    upstream.answer = lambda _: body
    upstream.status = status
    for _ in range(2):
        connection.request(method, "/")
        response = connection.getresponse()
        assert (response.status, response.read()) == (status, body)
    assert [asked.method for asked in upstream.asked] == [method] * 2


def test_a_chunked_answer_passes_and_the_connection_stays(
    connection: http.client.HTTPSConnection, upstream: RecordingEndpoint
) -> None:
    upstream.answer = lambda _: b"5\r\nfirst\r\n6;x=y\r\nsecond\r\n0\r\nTrailer: t\r\n\r\n"
    upstream.headers = {"Transfer-Encoding": "chunked"}
    for _ in range(2):
        connection.request("POST", "/", b"x")
        assert connection.getresponse().read() == b"firstsecond"
    assert upstream.connections == 1


def test_a_client_that_waits_for_100_is_told_to_go_on(
    proxy: AwsProxy, upstream: RecordingEndpoint
) -> None:
    upstream.answer = lambda _: b"done"
    connection = connection_to(proxy.endpoint, upstream.ca)
    connection.connect()
    head = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    connection.sock.sendall(head)
    assert connection.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sock.sendall(b"body")
    assert connection.sock.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
    connection.close()
    assert [asked.body for asked in upstream.asked] == [b"body"]


def test_the_clients_of_the_services_verify_it_and_their_calls_are_counted(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    assert [found["SequenceNumber"] for found in clients.put("a", "b")["Records"]] == ["a", "b"]
    assert clients.write("a")["UnprocessedItems"] == {}
    assert clients.send()["MessageId"] == "m"
    assert proxy.counts() == {
        action: {"requests": 1, "answers": {"200": 1}}
        for action in ("dynamodb:BatchWriteItem", "kinesis:PutRecords", "sqs:SendMessage")
    }
    assert len(upstream.asked) == 3


def test_a_client_with_other_authorities_refuses_it(proxy: AwsProxy, tmp_path: Path) -> None:
    clients = Clients(proxy.endpoint, certificates.ensure(tmp_path).ca)
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        clients.put("a")
    clients.close()


def test_an_endpoint_with_another_authority_gets_no_request(
    upstream: RecordingEndpoint, folder: Path, tmp_path: Path
) -> None:
    with AwsProxy(upstream.url, certificates.ensure(tmp_path).ca, folder) as proxy:
        clients = Clients(proxy.endpoint, upstream.ca)
        with pytest.raises(ConnectionClosedError):
            clients.put("a")
        clients.close()
        assert answers(proxy, "kinesis:PutRecords") == {"none": 1}
    assert upstream.asked == []


def test_connections_are_used_again_on_both_sides(
    clients: Clients, upstream: RecordingEndpoint
) -> None:
    for key in KEYS:
        clients.put(key)
    assert keys_put(upstream) == KEYS
    assert upstream.connections == 1


def test_a_client_keeps_its_connection_where_the_endpoint_closes_each(
    connection: http.client.HTTPSConnection, upstream: RecordingEndpoint
) -> None:
    upstream.headers = {"Connection": "close"}
    upstream.answer = lambda _: b"x"
    connection.connect()
    used = connection.sock
    for _ in range(3):
        connection.request("POST", "/", b"")
        assert connection.getresponse().read() == b"x"
        assert connection.sock is used
    assert upstream.connections == 3


def test_a_client_that_asks_for_it_has_its_connection_closed(
    connection: http.client.HTTPSConnection, upstream: RecordingEndpoint
) -> None:
    upstream.answer = lambda _: b"x"
    connection.connect()
    connection.sock.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    received = b""
    while data := connection.sock.recv(1000):
        received += data
    assert received.endswith(b"\r\n\r\nx")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        b"x" * 100_000,
    ],
)
def test_what_is_not_http_ends_its_connection_only(
    request_bytes: bytes, proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    connection = connection_to(proxy.endpoint, upstream.ca)
    connection.connect()
    received = b""
    with contextlib.suppress(OSError):  # it may be closed before all is sent
        connection.sock.sendall(request_bytes)
        received = connection.sock.recv(1000)
    assert received == b""
    connection.close()
    clients.put("a")
    assert keys_put(upstream) == ["a"]


def test_many_connections_are_served_at_once(
    clients: Clients, upstream: RecordingEndpoint, pool: ThreadPoolExecutor
) -> None:
    together = threading.Barrier(8, timeout=SECONDS)
    at_once = upstream.answer

    def answer(asked: Asked) -> bytes:
        together.wait()
        return at_once(asked)

    upstream.answer = answer
    results = list(pool.map(clients.put, KEYS))
    assert [result["Records"][0]["SequenceNumber"] for result in results] == KEYS
    assert sorted(keys_put(upstream)) == sorted(KEYS)


# Faults


def test_a_refused_client_gets_no_connection_and_loses_the_one_it_has(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    clients.put("before")
    handle = proxy.begin(Fault(Kind.REFUSE))
    assert handle.effects == Effects(connections=1)
    with pytest.raises(UNREACHABLE):
        clients.put("refused")
    assert handle.effects == Effects(connections=2)
    handle.end()
    clients.put("after")
    assert keys_put(upstream) == ["before", "after"]


def test_a_refusal_for_one_service_leaves_the_others_alone(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    clients.send()
    handle = proxy.begin(Fault(Kind.REFUSE, frozenset({"kinesis:*"})))
    clients.send()
    with pytest.raises(UNREACHABLE):
        clients.put("refused")
    assert handle.effects == Effects(connections=1)
    assert len(upstream.asked) == 2


def test_a_request_that_hangs_is_let_go_when_the_fault_ends(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint, pool: ThreadPoolExecutor
) -> None:
    handle = proxy.begin(Fault(Kind.HANG, PUT_RECORDS))
    hung: list[Future[Any]] = [pool.submit(clients.put, key, "other") for key in KEYS[:3]]
    waits_for(lambda: handle.effects == Effects(requests=3, entries=6))
    clients.write("a")
    assert not any(future.done() for future in hung)
    handle.end()
    for future in hung:
        assert isinstance(future.exception(SECONDS), ConnectionClosedError)
    assert answers(proxy, "kinesis:PutRecords") == {"none": 3}
    assert [asked.headers["X-Amz-Target"] for asked in upstream.asked] == [
        "DynamoDB_20120810.BatchWriteItem"
    ]
    clients.put("after")


def test_a_reset_comes_in_the_middle_of_the_answer(
    proxy: AwsProxy, connection: http.client.HTTPSConnection, upstream: RecordingEndpoint
) -> None:
    upstream.answer = lambda _: b"x" * 1_000_000
    handle = proxy.begin(Fault(Kind.RESET))
    connection.request("POST", "/", b"")
    response = connection.getresponse()
    assert response.status == 200
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead, ssl.SSLError)):
        response.read()
    assert handle.effects == Effects(requests=1)
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    ("fault", "status", "codes"),
    [
        (Fault(Kind.ERROR_400), 400, ["ThrottlingException"] * 3),
        (
            Fault(Kind.ERROR_400, error="AccessDeniedException"),
            400,
            ["AccessDeniedException"] * 3,
        ),
        (Fault(Kind.ERROR_500), 500, ["InternalFailure"] * 3),
        (
            Fault(Kind.THROTTLE_ALL),
            400,
            [*["ProvisionedThroughputExceededException"] * 2, "RequestThrottled"],
        ),
    ],
    ids=["passing", "lasting", "server", "throttled"],
)
def test_an_error_is_told_as_the_service_tells_it(
    fault: Fault,
    status: int,
    codes: list[str],
    proxy: AwsProxy,
    clients: Clients,
    upstream: RecordingEndpoint,
) -> None:
    handle = proxy.begin(fault)
    calls: tuple[Callable[[], Any], ...] = (
        lambda: clients.put("a", "b"),
        lambda: clients.write("a"),
        clients.send,
    )
    for call, code in zip(calls, codes, strict=True):
        with pytest.raises(ClientError) as failed:
            call()
        assert error_of(failed) == (status, code)
    assert handle.effects == Effects(requests=3, entries=3)
    assert answers(proxy, "kinesis:PutRecords") == {str(status): 1}
    assert upstream.asked == []
    handle.end()
    clients.put("a")
    assert keys_put(upstream) == ["a"]


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 1.0])
def test_throttled_records_are_told_in_their_place_and_the_others_passed_on(
    share: float, proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    handle = proxy.begin(Fault(Kind.THROTTLE_SOME, share=share))
    failed = 0
    forwarded: list[str] = []
    for _ in range(5):
        answer = clients.put(*KEYS)
        results = answer["Records"]
        for key, result in zip(KEYS, results, strict=True):
            if "ErrorCode" in result:
                assert result["ErrorCode"] == "ProvisionedThroughputExceededException"
                assert result["ErrorMessage"]
                assert "SequenceNumber" not in result
            else:
                assert result["SequenceNumber"] == key
                forwarded.append(key)
        assert answer["FailedRecordCount"] == sum("ErrorCode" in result for result in results)
        failed += answer["FailedRecordCount"]
    assert keys_put(upstream) == forwarded
    assert handle.effects.entries == failed == 5 * len(KEYS) - len(forwarded)
    assert failed > 0


def test_records_that_the_stream_itself_refuses_are_counted_with_the_throttled(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    upstream.answer = lambda asked: json.dumps(
        {
            "FailedRecordCount": len(asked.members["Records"]),
            "Records": [{"ErrorCode": "InternalFailure", "ErrorMessage": "m"}]
            * len(asked.members["Records"]),
            "EncryptionType": "NONE",
        }
    ).encode()
    handle = proxy.begin(Fault(Kind.THROTTLE_SOME, share=0.5))
    answer = clients.put(*KEYS)
    codes = [result["ErrorCode"] for result in answer["Records"]]
    assert answer["FailedRecordCount"] == len(codes) == len(KEYS)
    assert answer["EncryptionType"] == "NONE"
    assert codes.count("InternalFailure") == len(KEYS) - handle.effects.entries
    assert 0 < handle.effects.entries < len(KEYS)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_throttled_writes_are_returned_unprocessed_and_the_others_passed_on(
    share: float, proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    keys = KEYS[:25]
    upstream.headers = {"x-amz-crc32": str(zlib.crc32(b'{"UnprocessedItems":{}}'))}
    handle = proxy.begin(Fault(Kind.THROTTLE_SOME, BATCH_WRITE_ITEM, share=share))
    unprocessed = keys_of(clients.write(*keys)["UnprocessedItems"]["T"])
    written = [key for body in upstream.bodies for key in keys_of(body["RequestItems"]["T"])]
    assert written == [key for key in keys if key not in unprocessed]
    assert unprocessed == [key for key in keys if key not in written]
    assert handle.effects == Effects(requests=1, entries=len(unprocessed))
    clients.put("a")
    assert handle.effects.requests == 1


def test_writes_that_the_table_itself_leaves_are_returned_with_the_throttled(
    proxy: AwsProxy, connection: http.client.HTTPSConnection, upstream: RecordingEndpoint
) -> None:
    upstream.answer = lambda asked: json.dumps(
        {"UnprocessedItems": asked.members["RequestItems"], "ConsumedCapacity": []}
    ).encode()
    upstream.headers = {"x-amz-crc32": "1"}
    proxy.begin(Fault(Kind.THROTTLE_SOME, share=0.5))
    request = {"RequestItems": {"T": writes_of(*KEYS[:10]), "U": writes_of(*KEYS[10:20])}}
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20261125/r/dynamodb/aws4_request",
        "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
    }
    connection.request("POST", "/", json.dumps(request), headers)
    response = connection.getresponse()
    body = response.read()
    assert int(response.headers["x-amz-crc32"]) == zlib.crc32(body)
    answer = json.loads(body)
    assert answer["ConsumedCapacity"] == []
    assert sorted(keys_of(answer["UnprocessedItems"]["T"])) == KEYS[:10]
    assert sorted(keys_of(answer["UnprocessedItems"]["U"])) == sorted(KEYS[10:20])


def test_a_part_is_withheld_of_what_comes_in_chunks_too(
    proxy: AwsProxy, connection: http.client.HTTPSConnection, upstream: RecordingEndpoint
) -> None:
    answer = b'{"UnprocessedItems":{}}'
    upstream.answer = lambda _: (
        b"5\r\n%s\r\n%x;x=y\r\n%s\r\n0\r\n\r\n"
        % (
            answer[:5],
            len(answer) - 5,
            answer[5:],
        )
    )
    upstream.headers = {"Transfer-Encoding": "chunked"}
    handle = proxy.begin(Fault(Kind.THROTTLE_SOME, share=0.5))
    body = json.dumps({"RequestItems": {"T": writes_of(*KEYS[:20])}}).encode()
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20261125/r/dynamodb/aws4_request",
        "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
    }
    connection.request("POST", "/", iter([body[:9], body[9:]]), headers, encode_chunked=True)
    told = json.loads(connection.getresponse().read())["UnprocessedItems"]["T"]
    (written,) = (keys_of(asked["RequestItems"]["T"]) for asked in upstream.bodies)
    assert sorted([*written, *keys_of(told)]) == sorted(KEYS[:20])
    assert handle.effects == Effects(requests=1, entries=len(told))


def test_an_error_to_the_rest_is_one_to_the_whole(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    upstream.status = 400
    upstream.answer = lambda _: b'{"__type":"ResourceNotFoundException","message":"m"}'
    proxy.begin(Fault(Kind.THROTTLE_SOME, share=0.5))
    with pytest.raises(ClientError) as failed:
        clients.put(*KEYS)
    assert error_of(failed) == (400, "ResourceNotFoundException")


@pytest.mark.parametrize(
    "answer",
    [b"", b"not JSON", b'{"FailedRecordCount":0}', b'{"FailedRecordCount":0,"Records":[]}'],
)
def test_an_answer_that_is_none_to_the_rest_is_not_passed_off_as_one(
    answer: bytes, proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    upstream.answer = lambda _: answer
    proxy.begin(Fault(Kind.THROTTLE_SOME, share=0.5))
    with pytest.raises(ConnectionClosedError):
        clients.put(*KEYS)
    assert answers(proxy, "kinesis:PutRecords") == {"none": 1}


def test_all_writes_are_returned_unprocessed(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    handle = proxy.begin(Fault(Kind.UNPROCESSED_ALL))
    assert keys_of(clients.write("a", "b")["UnprocessedItems"]["T"]) == ["a", "b"]
    assert upstream.asked == []
    clients.put("a")
    assert handle.effects == Effects(requests=1, entries=2)


def test_what_is_passed_on_and_then_timed_out_is_written_once(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint, pool: ThreadPoolExecutor
) -> None:
    handle = proxy.begin(Fault(Kind.FORWARD_THEN_TIME_OUT, PUT_RECORDS))
    timed_out = pool.submit(clients.put, "a", "b")
    waits_for(lambda: handle.effects == Effects(requests=1, entries=2))
    assert keys_put(upstream) == ["a", "b"]
    assert not timed_out.done()
    handle.end()
    assert isinstance(timed_out.exception(SECONDS), ConnectionClosedError)
    clients.put("after")
    assert keys_put(upstream) == ["a", "b", "after"]


def test_what_is_passed_on_and_then_reset_is_written_once(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    handle = proxy.begin(Fault(Kind.FORWARD_THEN_RESET))
    with pytest.raises(UNREACHABLE):
        clients.write("a", "b")
    assert handle.effects == Effects(requests=1, entries=2)
    assert len(upstream.asked) == 1
    assert answers(proxy, "dynamodb:BatchWriteItem") == {"none": 1}


def test_a_slow_answer_comes_whole_and_at_once_when_the_fault_ends(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint, pool: ThreadPoolExecutor
) -> None:
    handle = proxy.begin(Fault(Kind.SLOW, PUT_RECORDS, seconds=3600))
    late = pool.submit(clients.put, "a")
    waits_for(lambda: handle.effects == Effects(requests=1, entries=1))
    assert keys_put(upstream) == ["a"]
    clients.write("b")
    assert not late.done()
    handle.end()
    assert late.result(SECONDS)["Records"][0]["SequenceNumber"] == "a"


def test_a_slow_answer_comes_by_itself(proxy: AwsProxy, clients: Clients) -> None:
    handle = proxy.begin(Fault(Kind.SLOW, seconds=0.01))
    assert clients.put("a")["FailedRecordCount"] == 0
    assert handle.effects == Effects(requests=1, entries=1)


def test_a_fault_for_a_principal_leaves_the_others_alone(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    handle = proxy.begin(Fault(Kind.ERROR_500, principals=frozenset({"local-function"})))
    clients.write("a")
    function = Clients(proxy.endpoint, upstream.ca, "local-function")
    with pytest.raises(ClientError):
        function.write("b")
    function.close()
    assert handle.effects == Effects(requests=1, entries=1)


def test_a_share_of_the_requests_is_met_and_the_same_seed_meets_the_same(
    upstream: RecordingEndpoint, folder: Path
) -> None:
    def met() -> list[bool]:
        found = []
        with AwsProxy(upstream.url, upstream.ca, folder, seeded(3)) as proxy:
            clients = Clients(proxy.endpoint, upstream.ca)
            handle = proxy.begin(Fault(Kind.ERROR_500, share=0.5))
            for key in KEYS:
                before = handle.effects.requests
                try:
                    clients.put(key)
                    found.append(False)
                except ClientError:
                    found.append(True)
                assert handle.effects.requests - before == found[-1]
            clients.close()
        return found

    first = met()
    assert {True, False} == set(first)
    assert met() == first


def test_faults_overlap_and_the_first_that_began_is_met(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    throttled = proxy.begin(Fault(Kind.THROTTLE_ALL, PUT_RECORDS))
    failing = proxy.begin(Fault(Kind.ERROR_500))
    slow = proxy.begin(Fault(Kind.SLOW, seconds=0.01))
    with pytest.raises(ClientError, match="ProvisionedThroughputExceeded"):
        clients.put("a")
    with pytest.raises(ClientError, match="InternalFailure"):
        clients.write("a")
    throttled.end()
    with pytest.raises(ClientError, match="InternalFailure"):
        clients.put("a")
    failing.end()
    clients.put("a")
    slow.end()
    clients.put("b")
    assert [handle.effects.requests for handle in (throttled, failing, slow)] == [1, 2, 4]
    assert keys_put(upstream) == ["a", "b"]


def test_a_throttled_part_and_a_lost_answer_come_together(
    proxy: AwsProxy, clients: Clients, upstream: RecordingEndpoint
) -> None:
    throttled = proxy.begin(Fault(Kind.THROTTLE_SOME, share=0.5))
    lost = proxy.begin(Fault(Kind.FORWARD_THEN_RESET))
    with pytest.raises(UNREACHABLE):
        clients.put(*KEYS)
    assert lost.effects == Effects(requests=1, entries=len(KEYS))
    assert len(keys_put(upstream)) == len(KEYS) - throttled.effects.entries


def test_the_end_of_the_proxy_frees_what_hangs_and_leaves_no_thread(
    upstream: RecordingEndpoint, folder: Path, pool: ThreadPoolExecutor
) -> None:
    proxy = AwsProxy(upstream.url, upstream.ca, folder)
    clients = Clients(proxy.endpoint, upstream.ca)
    clients.send()
    handle = proxy.begin(Fault(Kind.HANG, PUT_RECORDS))
    hung = pool.submit(clients.put, "a")
    waits_for(lambda: handle.effects.any)
    proxy.close()
    proxy.close()
    assert isinstance(hung.exception(SECONDS), ConnectionClosedError)
    assert not [thread for thread in threading.enumerate() if "aws-proxy" in thread.name]
    with pytest.raises(UNREACHABLE):
        clients.send()
    clients.close()
    handle.end()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"kind": "refuse", "share": 0}, r"share out of range: share=0 \(above 0, at most 1\)"),
        ({"kind": "refuse", "share": 1.1}, "share out of range"),
        ({"kind": "slow"}, "seconds do not fit: kind=slow seconds=0.0"),
        ({"kind": "hang", "seconds": 1}, "seconds do not fit"),
        (
            {"kind": "unprocessed-all", "actions": ["kinesis:PutRecords"]},
            r"actions do not fit: kind=unprocessed-all actions=\['kinesis:PutRecords'\]"
            r" \(of \['dynamodb:BatchWriteItem'\]\)",
        ),
        ({"kind": "throttle-some", "actions": ["sqs:SendMessage"]}, "actions do not fit"),
        ({"kind": "other"}, "'other' is not a valid Kind"),
        ({}, "'' is not a valid Kind"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(members: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Fault.from_json(members)


@pytest.mark.parametrize("endpoint", ["ftp://127.0.0.1:1", "https://", "127.0.0.1:1"])
def test_what_is_not_an_endpoint_is_refused(endpoint: str, folder: Path) -> None:
    with pytest.raises(ValueError, match="not an endpoint"):
        AwsProxy(endpoint, folder / "ca.pem", folder)


# Kinesis at an endpoint of its own


@pytest.mark.parametrize("is_secured", [True, False])
def test_a_service_that_is_elsewhere_is_led_there_and_faults_meet_it_as_before(
    is_secured: bool, upstream: RecordingEndpoint, folder: Path
) -> None:
    with (
        recording_endpoint(folder, is_secured) as kinesis,
        AwsProxyProcess(upstream.url, upstream.ca, folder, kinesis_endpoint=kinesis.url) as proxy,
        contextlib.closing(Clients(proxy.endpoint, upstream.ca)) as clients,
    ):
        clients.put("a")
        clients.write("b")
        handle = proxy.begin(Fault(Kind.ERROR_400, PUT_RECORDS))
        with pytest.raises(ClientError):
            clients.put("c")
        clients.write("d")
        handle.end()
        clients.put("e")
        assert handle.effects == Effects(requests=1, entries=1)
        assert keys_put(kinesis) == ["a", "e"]
        written = [keys_of(body["RequestItems"]["T"]) for body in upstream.bodies]
        assert written == [["b"], ["d"]]


# Who is held


@pytest.mark.parametrize("kind", [Kind.HANG, Kind.FORWARD_THEN_TIME_OUT])
def test_a_client_is_among_the_held_ones_until_the_end_of_the_fault(
    kind: Kind, proxy: AwsProxy, upstream: RecordingEndpoint
) -> None:
    upstream.answer = lambda _: b"{}"
    handle = proxy.begin(Fault(kind))
    with contextlib.closing(connection_to(proxy.endpoint, upstream.ca)) as connection:
        connection.connect()
        port = connection.sock.getsockname()[1]
        assert handle.effects.held == ()
        connection.request("POST", "/", b"{}")
        waits_for(lambda: handle.effects.held == (port,))
        assert len(upstream.asked) == (kind is Kind.FORWARD_THEN_TIME_OUT)
        handle.end()
        waits_for(lambda: handle.effects.held == ())
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()


@pytest.mark.parametrize("kind", [Kind.HANG, Kind.FORWARD_THEN_TIME_OUT])
def test_a_client_that_has_left_is_held_no_longer(
    kind: Kind, proxy: AwsProxy, upstream: RecordingEndpoint
) -> None:
    upstream.answer = lambda _: b"{}"
    handle = proxy.begin(Fault(kind))
    before = threading.active_count()
    with contextlib.closing(connection_to(proxy.endpoint, upstream.ca)) as stays:
        stays.request("POST", "/", b"{}")
        for _ in range(3):
            with contextlib.closing(connection_to(proxy.endpoint, upstream.ca)) as leaves:
                leaves.request("POST", "/", b"{}")
                waits_for(lambda: len(handle.effects.held) == 2)
            waits_for(lambda: handle.effects.held == (stays.sock.getsockname()[1],))
        waits_for(lambda: threading.active_count() <= before + 1 + len(upstream.asked))
        assert handle.effects.requests == 4
        handle.end()


# In a process of its own


def test_a_process_of_its_own_does_the_same(upstream: RecordingEndpoint, folder: Path) -> None:
    with AwsProxyProcess(upstream.url, upstream.ca, folder, seed=7) as proxy:
        clients = Clients(proxy.endpoint, upstream.ca)
        handle = proxy.begin(Fault(Kind.THROTTLE_SOME, PUT_RECORDS, share=0.5))
        failed = clients.put(*KEYS)["FailedRecordCount"]
        assert handle.effects == Effects(requests=1, entries=failed)
        assert handle.effects.any
        handle.end()
        handle.end()
        assert clients.put(*KEYS)["FailedRecordCount"] == 0
        assert proxy.counts() == {"kinesis:PutRecords": {"requests": 2, "answers": {"200": 2}}}
        clients.close()
    assert len(keys_put(upstream)) == 2 * len(KEYS) - failed


@pytest.mark.parametrize(
    ("verb", "argument"),
    [
        ("begin", {"kind": "other"}),
        ("begin", {"kind": "hang", "word": 1}),
        ("begin", 7),
        ("end", 7),
        ("effects", []),
        ("other", 1),
    ],
)
def test_a_process_refuses_what_is_not_a_command_and_goes_on(
    verb: str, argument: Any, upstream: RecordingEndpoint, folder: Path
) -> None:
    with AwsProxyProcess(upstream.url, upstream.ca, folder) as proxy:
        with pytest.raises(ProxyError, match="not a command"):
            proxy.ask(verb, argument)
        assert proxy.counts() == {}


def test_a_process_that_has_ended_says_so(upstream: RecordingEndpoint, folder: Path) -> None:
    proxy = AwsProxyProcess(upstream.url, upstream.ca, folder)
    proxy.close()
    proxy.close()
    with pytest.raises(ProxyError, match="the fault proxy has ended"):
        proxy.counts()
