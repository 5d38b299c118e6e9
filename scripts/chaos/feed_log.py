"""What a feed proxy delivered, as NDJSON in the form of the market's log, and with more in it.

    {"connection":1,"at":1680286538355,"event":"opened","key":"5994471abb01112a","open":1}
    {"connection":1,"sent_at":1680286538360,"frame":"..."}
    {"connection":1,"sent_at":1680286538361,"frame":"...","resent":true}
    {"connection":1,"sent_at":1680286538362,"injected":"bad-utf8","length":42}
    {"connection":1,"at":1680286538363,"event":"closed","reason":"client","code":1007}
    {"connection":2,"at":1680286538364,"event":"refused","key":"...","open":1,"by":"handshake-502"}

A message is logged when the client's socket has taken all its bytes, however many frames they were
in; one whose end was not handed over is not. `resent` is what RESEND_ON_SUBSCRIBE sent again.
`injected` was never sent by the market, and its text is not logged. A message that is not UTF-8
though the market sent it has `frame_base64` instead of `frame`.

`reason` is who began to end the connection: `client`, `market`, `replaced` (by a fault's
`replace_open`), `proxy` (it was told to close) or the kind of a fault; `code` is that of the first
close frame in either direction, null if there was none. `key` is a hash of the client's key; `open`
is how many sockets of that key its client held then, this one included. `by` is a kind, or `market`
with its `status`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from pathlib import Path
from typing import Any


def hash_of(key: str) -> str:
    """Returns what stands for a key."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


class FeedLog:
    """Writes the log, and counts what is in it. Confined to the proxy's event loop."""

    def __init__(self, path: Path | None) -> None:
        """Creates the file, or empties it; without one it only counts."""
        self._file = path.open("w", encoding="ascii") if path else None
        self.messages = 0
        """Messages of the market's that were delivered, each as often as it was."""
        self.injected = 0
        """Messages of our own that were delivered."""

    def event(self, connection: int, event: str, **members: Any) -> None:
        """Notes what happened to a connection, and hands all to the operating system."""
        self._write({"connection": connection, "at": _now(), "event": event, **members})
        if self._file:
            self._file.flush()

    def delivered(self, connection: int, payload: bytes, *, is_resent: bool = False) -> None:
        """Notes a message of the market's."""
        self.messages += 1
        line: dict[str, Any] = {"connection": connection, "sent_at": _now()}
        try:
            line["frame"] = payload.decode()
        except UnicodeDecodeError:
            line["frame_base64"] = base64.b64encode(payload).decode()
        if is_resent:
            line["resent"] = True
        self._write(line)

    def injected_message(self, connection: int, kind: str, length: int) -> None:
        """Notes a message of our own."""
        self.injected += 1
        self._write(
            {"connection": connection, "sent_at": _now(), "injected": kind, "length": length}
        )

    def flush(self) -> None:
        """Hands what was noted to the operating system."""
        if self._file:
            self._file.flush()

    def close(self) -> None:
        """Finishes the file."""
        if self._file:
            self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        if self._file:
            self._file.write(json.dumps(line, separators=(",", ":")) + "\n")


def _now() -> int:
    return time.time_ns() // 1_000_000
