"""Child processes that cannot outlive us, each in a group of its own and tied to our life.

A group of its own keeps a terminal's Ctrl-C from all but us, so that children are stopped in order,
and lets one signal reach a child with all that it started. Where the kernel can (Linux), a child is
killed as soon as we die, even by SIGKILL.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

POLL_SECONDS = 0.05
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class ChildError(Exception):
    """A child that could not be started, or did not do what it was started for."""


class Child:
    """One started process. Must be started from the main thread: the tie is to the thread."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | os.PathLike[str]],
        *,
        environment: Mapping[str, str],
        directory: Path,
        out: Path,
        err: Path,
    ) -> None:
        self.name = name
        self.out = out
        self.err = err
        self._swept = False
        parent = os.getpid()

        def tie() -> None:
            # What we were told to ignore (by nohup, or as a background job) would be handed down.
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            if _LIBC is not None:
                _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() != parent:  # we died before the tie was made
                    os._exit(1)

        with out.open("ab") as out_file, err.open("ab") as err_file:
            try:
                self._process = subprocess.Popen(
                    command,
                    env=dict(environment),
                    cwd=directory,
                    stdin=subprocess.DEVNULL,
                    stdout=out_file,
                    stderr=err_file,
                    start_new_session=True,
                    preexec_fn=tie,  # noqa: PLW1509  no thread of ours is running
                )
            except OSError as e:
                raise ChildError(f"{name} could not be started: {e}") from e

    @property
    def pid(self) -> int:
        """The process id, which is the group's too."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Returns how it ended, None while it runs; 128 + n if signal n ended it.

        What it started ends with it: the rest of its group is killed when its end is seen.
        """
        code = self._process.poll()
        if code is None:
            return None
        if not self._swept:
            self._swept = True  # only now: later the number may be another group's
            self._kill_group()
        return code if code >= 0 else 128 - code

    def wait(self, seconds: float) -> int | None:
        """Waits until it has ended, at most so long, and returns its exit code."""
        wait_until(lambda: self.exit_code() is not None, seconds)
        return self.exit_code()

    def terminate(self) -> None:
        """Asks it to end, and does not wait."""
        if self.exit_code() is None:
            self._process.terminate()

    def stop(self, seconds: float) -> int:
        """Asks it to end, waits, then kills it with all that it started; returns its exit code."""
        self.terminate()
        code = self.wait(seconds)
        return self.kill() if code is None else code

    def kill(self) -> int:
        """Kills it with all that it started; returns its exit code."""
        code = self.exit_code()
        while code is None:
            self._kill_group()
            self._process.wait()
            code = self.exit_code()
        return code

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Polls a condition until it holds, at most so long; returns whether it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def free_port() -> int:
    """Returns a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
