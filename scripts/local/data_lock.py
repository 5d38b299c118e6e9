"""One local environment at a time: a lock beside its data, which the kernel drops with us."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self


class HeldError(Exception):
    """Another process uses the data folder."""


class DataLock:
    """Held while the environment runs; refused while an ingester writes the folder's journal."""

    def __init__(self, data: Path) -> None:
        self._path = data.with_suffix(".lock")
        self._journal_lock = data / "journal/lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            raise HeldError(
                f"already running: pid={holder} lock={self._path} (stop it first)"
            ) from None
        self._refuse_a_journal_in_use()
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()  # the file stays: removing it would let two hold "the" lock

    def _refuse_a_journal_in_use(self) -> None:
        if not self._journal_lock.exists():
            return
        with self._journal_lock.open("r+") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kind that Java takes
            except OSError as e:
                if e.errno not in (errno.EACCES, errno.EAGAIN):
                    raise
                raise HeldError(
                    f"the journal is written by another process: pid={file.read().strip()} "
                    f"lock={self._journal_lock} (stop it first)"
                ) from e
