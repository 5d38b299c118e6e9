"""A venue on a loopback socket whose connections are each led by the test, step by step."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable

import websocket_frames as frames

ACCEPT_SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3


class Connection:
    """One connection that has shaken hands; times are those of the monotonic clock, in seconds."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._agree()
        self.opened_at = time.monotonic()
        self.last_said_at: float | None = None
        self.left_at: float | None = None

    @property
    def socket(self) -> socket.socket:
        """The venue's end."""
        return self._peer

    def _agree(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            more = self._peer.recv(1)
            if not more:
                raise ConnectionResetError("the client has left amid its request")
            head += more
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", head)
        assert key
        accept = base64.b64encode(hashlib.sha1(key[1] + ACCEPT_SALT).digest())
        self._peer.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    def say(self, text: str) -> None:
        """Sends a message."""
        self.last_said_at = time.monotonic()
        self._peer.sendall(frames.encoded(frames.TEXT, text.encode()))

    def close_with(self, code: int, reason: str = "") -> None:
        """Sends a close frame and waits until the client has left."""
        payload = frames.close_payload(code, reason)
        self._peer.sendall(frames.encoded(frames.CLOSE, payload))
        self.listen()

    def listen(self, seconds: float | None = None) -> bool:
        """Reads until the client leaves, or for so long; returns whether it has left."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while self.left_at is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            self._peer.settimeout(left)
            try:
                if not self._peer.recv(65536):
                    self.left_at = time.monotonic()
            except TimeoutError:
                return False
            except OSError:
                self.left_at = time.monotonic()
        return True


class PatientVenue:
    """Accepts connections and has each led in a thread of its own; 0 is the first."""

    def __init__(self, lead: Callable[[int, Connection], None]) -> None:
        self._lead = lead
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._peers: list[socket.socket] = []
        self.address = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.accepted_at: list[float] = []
        self.connections: list[Connection] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # until it is closed
            while True:
                peer, _ = self._listener.accept()
                self._peers.append(peer)
                self.accepted_at.append(time.monotonic())
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            connection = Connection(peer)
            self.connections.append(connection)
            self._lead(len(self.connections) - 1, connection)

    def close(self) -> None:
        """Accepts no more, and ends what is open."""
        self._listener.close()
        for peer in self._peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)


class RefusingVenue:
    """Answers every request with the same head, and closes."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.accepted_at: list[float] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # until it is closed
            while True:
                peer, _ = self._listener.accept()
                self.accepted_at.append(time.monotonic())
                with contextlib.suppress(OSError), peer:
                    peer.recv(65536)
                    peer.sendall(self._head)

    def close(self) -> None:
        """Accepts no more."""
        self._listener.close()
