"""What the faults of the host are done to, besides the processes: files, mounts, clocks, logs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from journal_disk import JournalDisk
from process_faults import Parts
from processes import Child


class Host(Parts, Protocol):
    """The parts of a run, and what they stand on."""

    disk: JournalDisk
    problems: list[str]
    """What a fault has seen that must not be; each fails the run."""

    @property
    def keys(self) -> Path:
        """Folder of the locks of API keys."""

    @property
    def kpl(self) -> Path:
        """Folder that the KPL unpacks its daemon into."""

    def move_clock(self, seconds: int) -> Callable[[], None]:
        """Moves the ingester's wall clock by so much; returns what moves it back."""

    def start_second(self, *, shares_data: bool) -> Child:
        """Starts another ingester with the same key, in the same data directory or its own; its log
        is its alone."""


class LogSince:
    """What a log has grown by since this was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def text(self) -> str:
        """Returns it; empty if there is no log yet."""
        if not self._path.exists():
            return ""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            return file.read().decode(errors="replace")
