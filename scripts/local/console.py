"""What a person at the terminal sees of a run."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

QUIET_LOG_LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} (INFO|DEBUG|TRACE) ")
LOG_LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} [A-Z]+ ")


def say(text: str) -> None:
    """Tells the person at the terminal, if there still is one."""
    if text:
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr, flush=True)


class Tail:
    """Passes on what a log has grown by: what a person wants to see, not the log of every event."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("r", errors="replace")
        self._rest = ""
        self.shows_warnings = True

    def pass_on(self) -> None:
        """Prints the whole lines that have come since the last call."""
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        for line in lines:
            quiet = QUIET_LOG_LINE if self.shows_warnings else LOG_LINE
            if not quiet.match(line):
                say(line)

    def close(self) -> None:
        """Prints what is left."""
        self.pass_on()
        self._file.close()
