"""What is behind the fault proxy: one endpoint for all services, or some services elsewhere."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from http_messages import Message, MessageReader

CONNECT_SECONDS = 10

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Endpoint:
    """Where a service answers."""

    host: str
    port: int
    context: ssl.SSLContext | None
    """None: it speaks without TLS."""

    @classmethod
    def of(cls, url: str, ca: Path) -> Self:
        """Returns the endpoint of a URL; the authority is for one with TLS."""
        address = urlsplit(url)
        if address.scheme not in _PORTS or not address.hostname:
            raise ValueError(f"not an endpoint: {url} (https://host:port, or http)")
        is_secured = address.scheme == "https"
        return cls(
            address.hostname,
            address.port or _PORTS[address.scheme],
            ssl.create_default_context(cafile=ca) if is_secured else None,
        )


class Upstream:
    """An endpoint behind, for one client at a time: connected when it is needed and kept."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._connection: socket.socket | None = None
        self._reader: MessageReader | None = None
        self._lock = threading.Lock()
        self._is_aborted = False

    def exchange(self, request: Message) -> Message:
        """Sends a request once and returns the answer; raises OSError or BrokenMessageError."""
        connection, reader = self._connected()
        connection.sendall(request.head + request.content)
        answer = reader.answer(request.start[0])
        if answer.is_last:
            self.close()
        return answer

    def _connected(self) -> tuple[socket.socket, MessageReader]:
        if self._connection is not None and _has_news(self._connection):
            self.close()  # nothing is due: it has ended while it was idle
        if self._connection is None or self._reader is None:
            return self._connect()
        return self._connection, self._reader

    def _connect(self) -> tuple[socket.socket, MessageReader]:
        connection = self._open()
        with self._lock:
            if self._is_aborted:
                connection.close()
                raise ConnectionAbortedError("the proxy ends this connection")
            self._connection, self._reader = connection, MessageReader(connection)
            return self._connection, self._reader

    def _open(self) -> socket.socket:
        endpoint = self._endpoint
        connection = socket.create_connection((endpoint.host, endpoint.port), CONNECT_SECONDS)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if endpoint.context is not None:
                connection = endpoint.context.wrap_socket(connection, server_hostname=endpoint.host)
            connection.settimeout(None)
        except OSError:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Closes the connection, if there is one. For the thread that uses it."""
        with self._lock:
            connection, self._connection, self._reader = self._connection, None, None
        if connection is not None:
            connection.close()

    def abort(self) -> None:
        """Ends the connection for good, for another thread to call."""
        with self._lock:
            self._is_aborted = True
            if self._connection is not None:
                shut(self._connection)


class Upstreams:
    """The endpoints behind, for one client."""

    def __init__(self, endpoint: Endpoint, elsewhere: Mapping[str, Endpoint]) -> None:
        """Leads to the endpoint, but for the services that are elsewhere."""
        self._others = Upstream(endpoint)
        self._elsewhere = {service: Upstream(there) for service, there in elsewhere.items()}

    def of(self, service: str) -> Upstream:
        """Returns where a service is."""
        return self._elsewhere.get(service, self._others)

    def close(self) -> None:
        """Closes all connections. For the thread that uses them."""
        for upstream in (self._others, *self._elsewhere.values()):
            upstream.close()

    def abort(self) -> None:
        """Ends all connections for good, for another thread to call."""
        for upstream in (self._others, *self._elsewhere.values()):
            upstream.abort()


def shut(connection: socket.socket) -> None:
    """Wakes the thread that uses a connection: for it the other side has gone.

    The method of SSLSocket would take the TLS away under that thread, which might then send in the
    clear.
    """
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _has_news(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
