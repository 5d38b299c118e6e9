"""The fault proxy between our parts and the local AWS.

It serves TLS with the certificate that the local AWS has, so that clients verify it as they verify
that, and passes requests and answers on as they came: headers, signatures and bodies. Of an answer
only the header Connection is taken away, which is about the connection behind; the client's stays.
Kinesis may be at an endpoint of its own; clients see one.

    with AwsProxy("https://127.0.0.1:4567", ca, certificates_folder) as proxy:
        ...                                       # clients use proxy.endpoint
        handle = proxy.begin(Fault(Kind.HANG, actions=frozenset({"kinesis:PutRecords"})))
        ...
        handle.end()
        assert handle.effects.any

Faults (endpoint_faults) begin and end at any time, several at once. Of several for one call the
first that began is met, in this order: one that refuses it, one that answers it without passing it
on, THROTTLE_SOME, one of after it was passed on; SLOW comes to any of these that answers. A request
is passed on once or not at all, never again. THROTTLE_SOME alters what is signed, which an emulator
does not look at.

As a program it takes commands on stdin, one JSON object a line, and answers each with one on
stdout, after a first line `{"endpoint": "https://127.0.0.1:PORT"}`. It ends with its stdin.

    {"begin": {"kind": "slow", "seconds": 2, "actions": ["dynamodb:*"]}}    {"id": 1}
    {"effects": 1}    {"effects": {"connections": 0, "requests": 7, "entries": 60, "held": []}}
    {"end": 1}        {"effects": {"connections": 0, "requests": 9, "entries": 75, "held": []}}
    {"counts": true}  {"counts": {"kinesis:PutRecords": {"requests": 9, "answers": {"200": 9}}}}

What is not a command is answered with `{"error": "..."}`. aws_proxy_process has the other side.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import socket
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from endpoint_faults import Call, Fault, Faults, Handle, Kind
from proxied_connection import ProxiedConnection, reset
from proxy_commands import Commands
from upstream import Endpoint, Upstreams

HOST = "127.0.0.1"
BACKLOG = 128
UNANSWERED = "none"
"""Stands for the status of requests that got no whole answer."""

Counts = dict[str, dict[str, Any]]


class AwsProxy:
    """An endpoint that passes everything on, but for the faults that are there."""

    def __init__(
        self,
        upstream_endpoint: str,
        ca: Path,
        certificates_folder: Path,
        randomness: random.Random | None = None,
        port: int = 0,
        elsewhere: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Serves at once; services that are not at the endpoint behind are led elsewhere.

        The certificate authority is that of the endpoint behind; the folder holds `server.pem` and
        `server.key`, as scripts/local/certificates.py makes them.
        """
        self._endpoint = Endpoint.of(upstream_endpoint, ca)
        self._elsewhere = {service: Endpoint.of(url, ca) for service, url in elsewhere.items()}
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(
            certificates_folder / "server.pem", certificates_folder / "server.key"
        )
        self._faults = Faults(randomness or random.Random())  # noqa: S311 - faults, no secrets
        self._traffic = _Traffic()
        self._connections: dict[ProxiedConnection, threading.Thread] = {}
        self._lock = threading.Lock()
        self._is_closed = False
        self._listener = socket.create_server((HOST, port), backlog=BACKLOG)
        self.endpoint = f"https://{HOST}:{self._listener.getsockname()[1]}"
        self._acceptor = threading.Thread(target=self._accept, name="aws-proxy")
        self._acceptor.start()

    def begin(self, fault: Fault) -> Handle:
        """Begins a fault; it lasts until its handle is told to end."""
        handle = self._faults.begin(fault)
        if fault.kind is Kind.REFUSE:
            self._close_those_that_meet(handle)
        return handle

    def counts(self) -> Counts:
        """Returns by action how many requests came, and how many got which status."""
        return self._traffic.counts()

    def close(self) -> None:
        """Ends all faults and connections, and serves no more. May be repeated."""
        with self._lock:
            self._is_closed = True
            connections = dict(self._connections)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the acceptor
        self._acceptor.join()
        self._listener.close()
        self._faults.end_all()
        for connection in connections:
            connection.abort()
        for thread in connections.values():
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def _close_those_that_meet(self, handle: Handle) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            if handle.fault.meets(connection.last_call) and self._faults.chooses(handle.fault):
                handle.count(connections=1)
                connection.abort()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except ConnectionAbortedError:
                continue
            except OSError:
                if self._is_closed:
                    return
                raise
            refusal = self._faults.meeting(None, Kind.REFUSE)
            if refusal:
                refusal.count(connections=1)
                reset(client)
            else:
                # Wrapping takes the socket over: what is closed here is what could not be wrapped.
                with client, contextlib.suppress(OSError):  # it has gone already
                    self._start(client)

    def _start(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The handshake is left to the connection's own thread: one slow client must not hold up
        # the others.
        secured = self._context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        connection = ProxiedConnection(
            secured,
            Upstreams(self._endpoint, self._elsewhere),
            self._faults,
            self._traffic,
        )
        thread = threading.Thread(target=self._serve, args=(connection,), name="aws-proxy-client")
        with self._lock:
            if self._is_closed:
                secured.close()
                return
            self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: ProxiedConnection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                del self._connections[connection]


class _Traffic:
    """Counts requests and answers."""

    def __init__(self) -> None:
        self._requests: Counter[str] = Counter()
        self._answers: dict[str, Counter[str]] = {}
        self._lock = threading.Lock()

    def seen(self, call: Call) -> None:
        with self._lock:
            self._requests[call.action] += 1

    def answered(self, call: Call, status: int | None) -> None:
        with self._lock:
            by_status = self._answers.setdefault(call.action, Counter())
            by_status[UNANSWERED if status is None else str(status)] += 1

    def counts(self) -> Counts:
        with self._lock:
            return {
                action: {"requests": requests, "answers": dict(self._answers.get(action, {}))}
                for action, requests in sorted(self._requests.items())
            }


def main() -> int:
    """Serves and carries out commands until stdin ends."""
    arguments = _parse()
    with AwsProxy(
        arguments.to,
        arguments.ca or arguments.certificates / "ca.pem",
        arguments.certificates,
        random.Random(arguments.seed),  # noqa: S311 - faults, no secrets
        arguments.port,
        {"kinesis": arguments.kinesis_to} if arguments.kinesis_to else {},
    ) as proxy:
        commands = Commands(lambda fault: proxy.begin(Fault.from_json(fault)), proxy.counts)
        commands.serve({"endpoint": proxy.endpoint})
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="the fault proxy before the local AWS")
    parser.add_argument("--to", required=True, help="endpoint behind, https://host:port")
    parser.add_argument(
        "--certificates",
        type=Path,
        required=True,
        help="folder of ca.pem, server.pem and server.key, as the local AWS makes it",
    )
    parser.add_argument(
        "--ca", type=Path, help="authority of the endpoint behind; that of --certificates if none"
    )
    parser.add_argument(
        "--kinesis-to", help="endpoint of Kinesis behind, http:// or https://, if it is another"
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0: any free one")
    parser.add_argument("--seed", type=int, default=0, help="of the random choices (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
