"""An AWS endpoint that keeps what it is asked, and answers as the services do."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import certificates


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    headers: dict[str, str]
    body: bytes

    @property
    def members(self) -> dict[str, Any]:
        """The request as its client made it."""
        return dict(json.loads(self.body))


def _put_records(asked: Asked) -> bytes:
    """Each record is told its own partition key as its sequence number."""
    results = [
        {"SequenceNumber": record["PartitionKey"], "ShardId": "shardId-000000000000"}
        for record in asked.members["Records"]
    ]
    return json.dumps({"FailedRecordCount": 0, "Records": results}).encode()


def _batch_write_item(_: Asked) -> bytes:
    return b'{"UnprocessedItems":{}}'


def _send_message(_: Asked) -> bytes:
    return b'{"MessageId":"m","MD5OfMessageBody":"9dd4e461268c8034f5c8564e155c67a6"}'


_ANSWERS = {
    "Kinesis_20131202.PutRecords": _put_records,
    "DynamoDB_20120810.BatchWriteItem": _batch_write_item,
    "AmazonSQS.SendMessage": _send_message,
}


def _usual_answer(asked: Asked) -> bytes:
    return _ANSWERS[asked.headers["X-Amz-Target"]](asked)


@dataclass
class RecordingEndpoint:
    """What came, and what is answered."""

    url: str = ""
    ca: Path = Path()
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    status: int = 200
    answer: Callable[[Asked], bytes] = _usual_answer
    headers: dict[str, str] = field(default_factory=dict)
    """What the answers have; and their length, unless it is told in chunks."""

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The requests that came, as their clients made them."""
        return [asked.members for asked in self.asked]


@contextmanager
def recording_endpoint(folder: Path, is_secured: bool = True) -> Iterator[RecordingEndpoint]:
    """Serves, with certificates that are made in the folder, or without TLS."""
    made = certificates.ensure(folder)
    endpoint = RecordingEndpoint(ca=made.ca)
    server = _Server(("127.0.0.1", 0), _handler(endpoint))
    if is_secured:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.server, made.key)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    scheme = "https" if is_secured else "http"
    endpoint.url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = False  # so that server_close waits for them
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """Says nothing of a connection that broke."""


def _handler(endpoint: RecordingEndpoint) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            endpoint.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(self.command, dict(self.headers), body)
            endpoint.asked.append(asked)
            payload = endpoint.answer(asked)
            self.send_response(endpoint.status)
            for name, value in endpoint.headers.items():
                self.send_header(name, value)
            if "Transfer-Encoding" not in endpoint.headers:
                self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(payload)

        do_GET = do_HEAD = do_POST  # noqa: N815 - the names are http.server's

        def log_message(self, *_: Any) -> None:
            """Says nothing of single requests."""

    return Handler
