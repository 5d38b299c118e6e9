"""The function killed around its write: the fault proxy holds the write, and its client is killed.

Which process waits for an answer that is held, is told by the port of its connection.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable
from pathlib import Path

from aws_proxy_process import AwsProxyProcess
from endpoint_faults import BATCH_WRITE_ITEM, Effects, Fault, Kind
from process_faults import KillFunction, Parts, kill
from proxy_process import RemoteHandle

_TCP = Path("/proc/net/tcp")
_ESTABLISHED = "01"


class KillFunctionAtWrite(KillFunction):
    """kill -9 of the processes of the function whose write is held."""

    kind: Kind

    def __init__(self, parts: Parts, randomness: random.Random, proxy: AwsProxyProcess) -> None:
        super().__init__(parts, randomness)
        self._proxy = proxy
        self._handle: RemoteHandle[Effects] | None = None

    @property
    def is_done(self) -> bool:
        """Whether one was killed: no more are."""
        return self.effects > 0

    def begin(self, seconds: float) -> None:
        self._handle = self._proxy.begin(Fault(self.kind, frozenset({BATCH_WRITE_ITEM})))

    def turn(self) -> None:
        if self._handle is None or self.is_done:
            return
        waiting = owners(self._handle.effects.held, self._runs())
        self.effects += sum(kill(pid) for pid in waiting)
        if self.is_done:
            self._handle.end()

    def end(self) -> None:
        if self._handle is not None:
            self._handle.end()


class KillFunctionBeforeWrite(KillFunctionAtWrite):
    """They are killed when their write has come whole, and before it is passed on: it never is."""

    kind = Kind.HANG


class KillFunctionAfterWrite(KillFunctionAtWrite):
    """They are killed when the table has answered their write, and before they are told."""

    kind = Kind.FORWARD_THEN_TIME_OUT


def owners(ports: Iterable[int], pids: Iterable[int]) -> list[int]:
    """Returns which of the processes have a connection of their own from one of these ports."""
    wanted = set(ports)
    sockets = {f"socket:[{inode}]" for port, inode in _connections() if port in wanted}
    return [pid for pid in pids if sockets & set(_open_files(pid))] if sockets else []


def _connections() -> list[tuple[int, str]]:
    """Returns local port and inode of each connection of this host."""
    rows = [line.split() for line in _TCP.read_text().splitlines()[1:]]
    return [(int(row[1].rpartition(":")[2], 16), row[9]) for row in rows if row[3] == _ESTABLISHED]


def _open_files(pid: int) -> list[str]:
    found = []
    with contextlib.suppress(OSError):  # it has ended
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # it has been closed
                found.append(str(file.readlink()))
    return found
