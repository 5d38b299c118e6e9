"""The wall clock of the ingester alone, moved by libfaketime (a library loaded before others).

Its monotonic clock is left as it is, and so are waits that are timed by it. The KPL's daemon, which
the ingester starts, inherits the moved clock: on a host whose clock steps it would see that too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

LIBRARY = "libfaketimeMT.so.1"
FOLDERS = (Path("/usr/lib"), Path("/usr/lib64"), Path("/usr/local/lib"))
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  where the library keeps what it shares


def find_library() -> Path | None:
    """Returns where the library is installed, if it is."""
    patterns = (f"*/faketime/{LIBRARY}", f"faketime/{LIBRARY}")
    found = (path for folder in FOLDERS for pattern in patterns for path in folder.glob(pattern))
    return next(found, None)


class IngesterClock:
    """How far the ingester's wall clock is off."""

    def __init__(self, library: Path, folder: Path) -> None:
        self._library = library
        self._file = folder / "clock"
        self._offsets: list[int] = []
        """Of those that move it now; the last one counts."""

    @property
    def variables(self) -> dict[str, str]:
        """What an ingester has to be started with."""
        self._write()
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # A wait until a time of the monotonic clock is handed on as it is: the JVM's waits are
            # such ones. With 1, the library's own default, each of them is over at once.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "NO_FAKE_STAT": "1",
        }

    def move(self, seconds: int) -> Callable[[], None]:
        """Moves it by so much; returns what moves it back."""
        self._offsets.append(seconds)
        self._write()

        def back() -> None:
            self._offsets.remove(seconds)
            self._write()

        return back

    def forget(self, pid: int) -> None:
        """Removes what the library leaves of a process that was killed."""
        for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
            with contextlib.suppress(OSError):
                (SHARED_MEMORY / name).unlink()

    def _write(self) -> None:
        draft = self._file.with_suffix(".tmp")
        draft.write_text(f"{self._offsets[-1] if self._offsets else 0:+d}\n")
        draft.replace(self._file)
