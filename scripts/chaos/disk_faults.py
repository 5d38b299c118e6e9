"""A journal that cannot be written: its disk is full, or has turned read-only."""

from __future__ import annotations

import random
import re

from host import Host, LogSince
from journal_disk import PAGE_LENGTH
from process_faults import ProcessFault
from processes import Child

UNACKNOWLEDGED, COULD_NOT_START = 4, 3


class DiskFault(ProcessFault):
    """A fault of the disk under the journal. The ingester must end by itself and say why.

    It is started again in vain, or with what it has freed, until the disk is well.
    """

    is_done = False
    cause = ""
    """The operating system's words."""

    def __init__(self, host: Host, randomness: random.Random) -> None:
        super().__init__(host, randomness)
        self._host = host
        self._watched: Child | None = None
        self._log: LogSince | None = None

    def begin(self, seconds: float) -> None:
        """Harms the disk."""
        self._watched = self._host.ingester
        self._log = LogSince(self._host.ingester.err)
        self._host.crashed = True
        self._harm()

    def turn(self) -> None:
        """Looks whether the ingester has ended, and how."""
        watched = self._watched
        if watched is not None and watched.exit_code() is not None:
            self.effects += self._has_met_it(watched)
            self._watched = None
        if self._watched is None and self._host.ingester is not watched:
            self._watched = self._host.ingester
            self._log = LogSince(self._watched.err)
        self._go_on()

    def end(self) -> None:
        """Heals the disk."""
        self._heal()

    def _has_met_it(self, ended: Child) -> bool:
        text = self._log.text() if self._log is not None else ""
        if ended.exit_code() == UNACKNOWLEDGED:
            return self._tells_it(r"stopped: [^\n]*", text)
        return ended.exit_code() == COULD_NOT_START and self._tells_it("", text)

    def _tells_it(self, beginning: str, text: str) -> bool:
        return bool(re.search(rf"{beginning}path=\S*journal\S* cause={self.cause}", text))

    def _harm(self) -> None:
        raise NotImplementedError

    def _go_on(self) -> None:
        """Harms it further."""

    def _heal(self) -> None:
        raise NotImplementedError


class DiskFull(DiskFault):
    """The disk is full, but for a few bytes or a part of a segment: so each write meets it once.

    What the ingester frees while it ends or starts is taken too.
    """

    cause = "No space left on device"

    def _harm(self) -> None:
        pages = self._random.choice((0, 1, 2, self._random.randrange(3, 17)))
        self._leave = pages * PAGE_LENGTH
        self._go_on()

    def _go_on(self) -> None:
        self._host.disk.fill(self._leave)

    def _heal(self) -> None:
        self._host.disk.empty()


class DiskReadOnly(DiskFault):
    """The file system turns read-only: files that are open and mapped live on, others fail."""

    cause = "Read-only file system"

    def _harm(self) -> None:
        self._host.disk.turn_read_only()

    def _heal(self) -> None:
        self._host.disk.turn_writable()
