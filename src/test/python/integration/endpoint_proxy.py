"""A Kinesis endpoint that passes everything on to another, or answers some of it otherwise.

It can come late and go early, which the one behind it cannot without losing what it holds.
"""

from __future__ import annotations

import argparse
import http.server
import json
import ssl
import threading
from pathlib import Path
from typing import Any

import urllib3

DENIED = {
    "__type": "AccessDeniedException",
    "message": "User: arn:aws:iam::123456789012:user/reader is not authorized to perform: "
    "kinesis:DescribeStreamSummary",
}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    behind: urllib3.PoolManager
    to: str
    answers: str

    def do_POST(self) -> None:
        """Passes a request on."""
        length = int(self.headers.get("Content-Length", "0"))
        content = self.rfile.read(length)
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if self.answers == "denied":
            self._answer(400, json.dumps(DENIED).encode())
            return
        response = self.behind.request("POST", self.to, body=content, headers=dict(self.headers))
        payload = response.data
        if self.answers == "service-managed" and operation == "DescribeStreamSummary":
            described = json.loads(payload)
            described["StreamDescriptionSummary"]["RecordDistributionStrategy"] = "AUTO"
            payload = json.dumps(described).encode()
        self._answer(response.status, payload)

    def _answer(self, status: int, payload: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", self.headers.get("Content-Type", ""))
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_args: Any) -> None:
        """Says nothing of single requests."""


class Server(http.server.ThreadingHTTPServer):
    """One that is not disturbed by clients that go away."""

    request_queue_size = 64

    def handle_error(self, *_args: Any) -> None:
        """Says nothing of a connection that broke."""


def main() -> None:
    """Serves until it is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificates", type=Path, required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--answers", choices=["all", "denied", "service-managed"], default="all")
    parser.add_argument("--ready-file", type=Path, required=True)
    arguments = parser.parse_args()
    Handler.behind = urllib3.PoolManager(
        maxsize=32, ca_certs=str(arguments.certificates / "ca.pem")
    )
    Handler.to = arguments.to
    Handler.answers = arguments.answers
    server = Server(("127.0.0.1", arguments.port), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(
        arguments.certificates / "server.pem", arguments.certificates / "server.key"
    )
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    draft = arguments.ready_file.with_suffix(".tmp")
    draft.write_text(f"https://127.0.0.1:{server.server_port}\n")
    draft.replace(arguments.ready_file)
    threading.Thread(target=server.serve_forever).start()


if __name__ == "__main__":
    main()
