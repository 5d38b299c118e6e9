"""The fault proxy between a feed's client and the market.

It passes handshakes and frames on as they came, and knows the borders of frames, so that it can
alter what the market sends. It logs what it delivered (feed_log), as nobody else can know: what the
market logs may have been lost on a connection that a fault has ended.

    with FeedProxy("ws://127.0.0.1:4567/", log=folder / "feed.ndjson") as proxy:
        ...                                      # the client uses proxy.url
        handle = proxy.begin(Fault(Kind.CLOSE, code=1012))
        ...
        handle.end()
        assert handle.effects.any

Faults (feed_faults) begin and end at any time, several at once. Those that are done once wait for
the next message of the market; ended before, they have no effect. What a fault is about is decided
at the start of a message, never within one.

The market is plain ws. Extensions are not known, nobody here speaks one. Where the market resets a
connection, the client is sent a FIN. A client that leaves is closed at the market at once, also in
HALF_OPEN and HANDSHAKE_HANG.

As a program it takes commands on stdin, one JSON object a line, and answers each with one on
stdout, after a first line `{"url": "ws://127.0.0.1:PORT/"}`. It ends with its stdin.

    {"begin": {"kind": "close", "code": 1012}}   {"id": 1}
    {"effects": 1}    {"effects": {"connections": 1, "messages": 0, "pings": 0, "pongs": 0}}
    {"end": 1}        {"effects": {"connections": 1, "messages": 0, "pings": 0, "pongs": 0}}
    {"counts": true}  {"counts": {"connections": 2, "messages": 9120, "injected": 0, "failures": 0,
                       "most_open": 1, "keys": {"5994471abb01112a": {"open": 1, "most_open": 1}}}}

`failures` are of the proxy itself, and 0 in a run that counts.

What is not a command is answered with `{"error": "..."}`. feed_proxy_process has the other side.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from feed_connection import FeedConnection, Shared
from feed_faults import Fault, Faults, Handle
from feed_log import FeedLog
from proxy_commands import Commands

HOST = "127.0.0.1"
BACKLOG = 128

T = TypeVar("T")


class FeedProxy:
    """A market that is the one behind it, but for the faults that are there. Any thread.

    Everything happens on an event loop in a thread of its own.
    """

    def __init__(
        self,
        upstream_ws_url: str,
        log: Path | None = None,
        randomness: random.Random | None = None,
        port: int = 0,
    ) -> None:
        """Serves at once. The log is created, or emptied."""
        address = urlsplit(upstream_ws_url)
        if address.scheme != "ws" or not address.hostname:
            raise ValueError(f"not a market: {upstream_ws_url} (ws://host:port/)")
        self._faults = Faults(self._end)
        self._log = FeedLog(log)
        self._shared = Shared(
            (address.hostname, address.port or 80),
            self._faults,
            self._log,
            randomness or random.Random(),  # noqa: S311 - faults, no secrets
        )
        self._accepted = 0
        self._connections: dict[asyncio.Task[None], FeedConnection] = {}
        self._failures: list[BaseException] = []
        self._is_closed = False
        self._listener = socket.create_server((HOST, port), backlog=BACKLOG)
        self._listener.setblocking(False)
        self.url = f"ws://{HOST}:{self._listener.getsockname()[1]}{address.path or '/'}"
        self._loop = asyncio.new_event_loop()
        self._acceptor = self._loop.create_task(self._accept())
        self._thread = threading.Thread(target=self._loop.run_forever, name="feed-proxy")
        self._thread.start()

    def begin(self, fault: Fault) -> Handle:
        """Begins a fault; unless it is done once, it lasts until its handle is told to end."""
        return self._call(lambda: self._begin(fault))

    def counts(self) -> dict[str, Any]:
        """Returns what went through up to now; all that is counted is in the log's file then."""
        return self._call(self._count)

    def close(self) -> None:
        """Ends all faults and connections, and serves no more. May be repeated.

        Raises what went wrong in the proxy itself.
        """
        if self._is_closed:
            return
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._is_closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._listener.close()
        self._log.close()
        if self._failures:
            raise self._failures[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, function: Callable[[], T]) -> T:
        async def call() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    def _begin(self, fault: Fault) -> Handle:
        handle = self._faults.begin(fault, self._accepted)
        if fault.replace_open:
            for connection in self._connections.values():
                connection.is_to_be_replaced = True
        return handle

    def _end(self, handle: Handle) -> None:
        if not self._is_closed:
            self._call(lambda: self._faults.end(handle))

    def _count(self) -> dict[str, Any]:
        self._log.flush()
        keys = self._shared.sockets.counts()
        return {
            "connections": self._accepted,
            "messages": self._log.messages,
            "injected": self._log.injected,
            "failures": len(self._failures),
            "most_open": max((key["most_open"] for key in keys.values()), default=0),
            "keys": keys,
        }

    async def _accept(self) -> None:
        while True:
            client, _ = await self._loop.sock_accept(self._listener)
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._accepted += 1
            connection = FeedConnection(self._accepted, client, self._shared)
            task = self._loop.create_task(connection.run())
            self._connections[task] = connection
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._connections.pop(task).close()
        if not task.cancelled() and (failure := task.exception()):
            self._failures.append(failure)

    async def _shut(self) -> None:
        tasks = [self._acceptor, *self._connections]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._faults.end_all()


def main() -> int:
    """Serves and carries out commands until stdin ends."""
    arguments = _parse()
    randomness = random.Random(arguments.seed)  # noqa: S311 - faults, no secrets
    with FeedProxy(arguments.to, arguments.log, randomness, arguments.port) as proxy:
        commands = Commands(lambda fault: proxy.begin(Fault.from_json(fault)), proxy.counts)
        commands.serve({"url": proxy.url})
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="the fault proxy before the local market")
    parser.add_argument("--to", required=True, help="market behind, ws://host:port/")
    parser.add_argument("--log", type=Path, help="file of what was delivered")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0: any free one")
    parser.add_argument("--seed", type=int, default=0, help="of the random choices (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
