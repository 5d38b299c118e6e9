"""Which sockets clients hold, by key."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

_HELD_STATES = (1, 4, 5)
"""ESTABLISHED, FIN_WAIT1 and FIN_WAIT2 of Linux: the other side has not closed."""


class FeedSockets:
    """Counts how many sockets clients hold at once. Confined to the proxy's event loop."""

    def __init__(self) -> None:
        self._by_key: dict[str, dict[socket.socket, asyncio.Event]] = {}
        self._most: dict[str, int] = {}

    def add(self, key: str, client: socket.socket) -> int:
        """Counts a socket, and returns how many of this key its client holds.

        A client that closes one and opens another is not taken to hold both, in whichever order
        the proxy comes to know: the kernel knows.
        """
        clients = self._by_key.setdefault(key, {})
        clients[client] = asyncio.Event()
        held = sum(_is_held(other) for other in clients)
        self._most[key] = max(self._most.get(key, 0), held)
        return held

    def remove(self, key: str, client: socket.socket) -> None:
        """Forgets a socket, before it is closed, and after the market's was."""
        self._by_key[key].pop(client).set()

    async def removal_of_those_left(self, key: str) -> None:
        """Returns when the sockets of this key that their client holds no more are removed.

        A market sees a second connection with a key where the first is not closed yet.
        """
        for client, removed in list(self._by_key[key].items()):
            if not removed.is_set() and not _is_held(client):
                await removed.wait()

    def counts(self) -> dict[str, dict[str, Any]]:
        """Returns by hash of key how many sockets are held, and the most that were at once."""
        return {
            key: {"open": sum(map(_is_held, clients)), "most_open": self._most[key]}
            for key, clients in self._by_key.items()
        }


def _is_held(client: socket.socket) -> bool:
    return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in _HELD_STATES
