"""The process that runs a function: one shard's events, one after another.

A Python of its own, isolated from ours, with the unpacked zip and the variables of the deployed
function. It is killed, with all that it started, when an invocation takes longer than the
function's timeout or leaves it broken; the next invocation is for a new one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from event_source_mapping import MAX_EVENT_LENGTH, Answered, Failed

RUNTIME = Path(__file__).with_name("runtime.py")
PYTHON_IN_AWS = "python3.13"

INIT_SECONDS = 10
"""What AWS gives a function to be imported before it does so within an invocation's time."""

END_SECONDS = 1
"""For a process that has hung up to end by itself, and so tell its exit code."""


class StartError(Exception):
    """An environment could not be started."""


@dataclass(frozen=True)
class Runnable:
    """A function as an environment runs it."""

    name: str
    arn: str
    timeout_seconds: int
    variables: Mapping[str, str]
    """All variables that it sees; nothing of ours comes with them."""
    folder: Path
    """The unpacked zip."""
    log: Path
    """The file that what it writes is appended to, by whole lines."""


class ExecutionEnvironment:
    """One started process. Must be started from the main thread: the tie to our life is to it.

    Invoked from one thread at a time; may be killed from any.
    """

    def __init__(self, runnable: Runnable, python: str) -> None:
        self._runnable = runnable
        self._killing = threading.Lock()
        self._is_swept = False
        self._is_ready = False
        self._ran_out_of_time = False
        events_read, events_write = os.pipe()
        answers_read, answers_write = os.pipe()
        passed = (events_read, answers_write)
        command: list[str | Path] = [
            python,
            "-I",
            "-S",
            RUNTIME,
            *map(str, passed),
            str(os.getpid()),
        ]
        try:
            with runnable.log.open("ab") as log:
                self._process = subprocess.Popen(
                    command,
                    env=dict(runnable.variables),
                    cwd=runnable.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=passed,
                )
        except OSError as e:
            for descriptor in (events_write, answers_read):
                os.close(descriptor)
            raise StartError(f"execution environment could not be started: {e}") from e
        finally:
            for descriptor in passed:
                os.close(descriptor)
        self._events: IO[bytes] = os.fdopen(events_write, "wb")
        self._answers: IO[bytes] = os.fdopen(answers_read, "rb")

    def has_ended(self) -> bool:
        """Tells whether its process has ended, so that it cannot be invoked.

        What it started ends with it.
        """
        if self._process.poll() is None:
            return False
        self.kill()
        return True

    def invoke(self, event: str) -> Answered | Failed:
        """Hands an event to the function and waits for its answer, at most the timeout."""
        if len(event) > MAX_EVENT_LENGTH:
            return Failed(f"event too large: length={len(event)} (at most {MAX_EVENT_LENGTH})")
        if not self._is_ready:
            with self._killed_after(INIT_SECONDS + self._runnable.timeout_seconds):
                outcome = self._outcome(self._answers.readline())
            if isinstance(outcome, Failed):
                self.kill()
                return outcome
            self._is_ready = True
        with self._killed_after(self._runnable.timeout_seconds) as deadline:
            return self._outcome(self._exchange(event, deadline))

    @contextlib.contextmanager
    def _killed_after(self, seconds: float) -> Iterator[float]:
        """Kills the process unless what is done meanwhile ends in time; yields until when."""
        timer = threading.Timer(seconds, self._run_out_of_time)
        timer.daemon = True
        timer.start()
        try:
            yield time.monotonic() + seconds
        finally:
            timer.cancel()

    def _run_out_of_time(self) -> None:
        self._ran_out_of_time = True
        self.kill()

    def _exchange(self, event: str, deadline: float) -> bytes:
        about = {
            "requestId": str(uuid.uuid4()),
            "functionArn": self._runnable.arn,
            "deadline": deadline,
        }
        with contextlib.suppress(BrokenPipeError):
            self._events.write(f"{json.dumps(about)}\t{event}\n".encode())
            self._events.flush()
        return self._answers.readline()

    def _outcome(self, line: bytes) -> Answered | Failed:
        """Returns what a reply says; without a whole one the process is of no more use."""
        if not line.endswith(b"\n"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
            self.kill()
            if self._ran_out_of_time:
                return Failed(f"timed out: timeout_seconds={self._runnable.timeout_seconds}")
            return Failed(f"process ended: exit_code={self._process.returncode}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            return Failed(f"error raised: type={reply['error']}")
        return Answered(reply.get("answer"))

    def kill(self) -> None:
        """Kills the process with all that it started, and waits until it is gone."""
        with self._killing:
            if not self._is_swept:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._is_swept = True  # only once: later the number may be another group's
            self._process.wait()

    def close(self) -> None:
        """Kills it; afterwards nothing of it is left here either."""
        self.kill()
        self._answers.close()
        with contextlib.suppress(BrokenPipeError):  # an event that was never read
            self._events.close()


def find_python(given: str | None) -> str:
    """Returns the Python given; else the one that AWS has, if it runs here; else our own.

    Raises StartError for one that does not run with none of our variables, as a function's must.
    """
    if given is not None:
        candidates = [given]
    else:
        candidates = [shutil.which(PYTHON_IN_AWS) or "", sys.executable]
    for candidate in candidates:
        program = _program_behind(candidate)
        if program is not None and _run(program, {}) is not None:
            return program
    raise StartError(f"no python for the function runs here: tried={candidates}")


def _program_behind(candidate: str) -> str | None:
    """Returns what a name leads to: version managers have scripts that need our variables."""
    found = shutil.which(candidate)
    return _run(found, os.environ) if found else None


def _run(program: str, variables: Mapping[str, str]) -> str | None:
    """Runs a Python; returns its own idea of where it is, or None."""
    command = [program, "-I", "-S", "-c", "import sys; print(sys.executable)"]
    try:
        ended = subprocess.run(
            command, env=dict(variables), capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return ended.stdout.strip() or None if ended.returncode == 0 else None
