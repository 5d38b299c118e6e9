"""A file system of the journal's own, which can be filled and can turn read-only under its writer.

It is there only in a mount namespace of our own (scripts/chaos.sh makes one), so that nothing of it
is left whatever dies; and nobody outside sees what is in it before `close` has copied it out.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

NAMESPACE = "TAPESTREAM_OWN_MOUNTS"
"""The variable by which scripts/chaos.sh says that it has made a namespace."""
BALLAST = "ballast"
PAGE_LENGTH = 4096


class MountError(OSError):
    """Something could not be mounted."""


def can_mount() -> bool:
    """Whether mounts of ours are seen by nobody else."""
    return os.environ.get(NAMESPACE) == "1"


class JournalDisk:
    """The folder of the journal and, between `mount` and `close`, a file system on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root: int | None = None
        self._ballast: int | None = None

    @property
    def writable(self) -> Path:
        """The folder, led to past what makes it read-only."""
        return self._folder if self._root is None else Path(f"/proc/self/fd/{self._root}")

    def mount(self, length: int) -> None:
        """Puts a file system of so many bytes on the folder; raises MountError."""
        self._folder.mkdir(parents=True)
        _run("mount", "-t", "tmpfs", "-o", f"size={length},mode=0755", "none", self._folder)
        self._root = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)

    def free_bytes(self) -> int:
        """How much can be written."""
        found = os.statvfs(self.writable)
        return found.f_bavail * found.f_frsize

    def fill(self, leave: int) -> None:
        """Takes what is free but `leave` bytes; what is freed meanwhile is taken at the next call.

        A disk that is fuller than that stays so.
        """
        if self._ballast is None:
            self._ballast = os.open(self.writable / BALLAST, os.O_CREAT | os.O_WRONLY, 0o600)
        wanted = (self.free_bytes() - leave) // PAGE_LENGTH * PAGE_LENGTH
        if wanted > 0:
            # The writer may be faster than we: then the disk is full without this.
            with contextlib.suppress(OSError):
                os.posix_fallocate(self._ballast, os.fstat(self._ballast).st_size, wanted)

    def empty(self) -> None:
        """Gives back what `fill` has taken."""
        if self._ballast is not None:
            os.close(self._ballast)
            self._ballast = None
            (self.writable / BALLAST).unlink()

    def turn_read_only(self) -> None:
        """Lets nobody open a file for writing; files that are open and mapped live on."""
        _run("mount", "--bind", self._folder, self._folder)
        _run("mount", "-o", "remount,bind,ro", self._folder)

    def turn_writable(self) -> None:
        """Takes that back."""
        _run("umount", "--lazy", self._folder)

    def close(self) -> None:
        """Puts what is in the file system in its place, for looking at; nobody uses it any more."""
        if self._root is None:
            return
        self.empty()
        kept = self._folder.with_name(self._folder.name + ".kept")
        shutil.copytree(self.writable, kept)
        os.close(self._root)
        self._root = None
        while os.path.ismount(self._folder):
            _run("umount", "--lazy", self._folder)
        self._folder.rmdir()
        kept.rename(self._folder)


def _run(*command: str | Path) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise MountError(f"{' '.join(map(str, command))}: {ended.stderr.strip()}")
