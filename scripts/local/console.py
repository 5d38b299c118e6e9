"""What a person at the terminal sees of a run."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable
from pathlib import Path

LOG_LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} ([A-Z]+) ")
PROGRESS_LINE = re.compile(r"\w+ +feed \w+ +frames ")


def say(text: str) -> None:
    """Tells the person at the terminal, if there still is one."""
    if text:
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr, flush=True)


class Tail:
    """Passes on what a log has grown by: what a person wants to see, not the log of every event."""

    def __init__(self, path: Path, suffix: Callable[[], str] = str) -> None:
        """The suffix is asked for at each line of progress, and added to it."""
        self._suffix = suffix
        self._file = path.open("r", errors="replace")
        self._rest = ""
        self._shows_entry = True
        self.levels = {"WARN", "ERROR"}
        """Levels of the log lines that are passed on, each with what follows it."""
        self.shows_progress = True
        """Whether the lines of progress are passed on."""

    def pass_on(self) -> None:
        """Prints the whole lines that have come since the last call."""
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        for line in lines:
            logged = LOG_LINE.match(line)
            if logged:
                self._shows_entry = logged[1] in self.levels
            if PROGRESS_LINE.match(line):
                if self.shows_progress:
                    say(line + self._suffix())
            elif self._shows_entry:
                say(line)

    def close(self) -> None:
        """Prints what is left."""
        self.pass_on()
        self._file.close()
