"""The fault proxy in a process of its own, used as if it were in this one."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from aws_proxy import Counts
from endpoint_faults import Effects, Fault

PROGRAM = Path(__file__).with_name("aws_proxy.py")
END_SECONDS = 10


class ProxyError(Exception):
    """The process has ended, or refused a command."""


class RemoteHandle:
    """A fault that has begun there."""

    def __init__(self, process: AwsProxyProcess, number: int) -> None:
        self._process = process
        self._id = number

    @property
    def effects(self) -> Effects:
        """What it has altered up to now."""
        return Effects(**self._process.ask("effects", self._id)["effects"])

    def end(self) -> None:
        """Ends the fault. May be repeated."""
        self._process.ask("end", self._id)


class AwsProxyProcess:
    """Starts and commands the process; the surface is that of AwsProxy."""

    def __init__(
        self,
        upstream_endpoint: str,
        ca: Path,
        certificates_folder: Path,
        seed: int = 0,
        port: int = 0,
    ) -> None:
        """Returns once it serves; port 0 is any free one."""
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [
                *(sys.executable, PROGRAM, "--to", upstream_endpoint, "--ca", ca),
                *("--certificates", certificates_folder),
                *("--seed", str(seed), "--port", str(port)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a signal to the group of whoever started it is not for it
        )
        self._commands = cast(IO[str], self._process.stdin)
        self._answers = cast(IO[str], self._process.stdout)
        try:
            self.endpoint = str(self._answer()["endpoint"])
        except ProxyError:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process, for whoever measures it."""
        return self._process.pid

    def begin(self, fault: Fault) -> RemoteHandle:
        """Begins a fault; it lasts until its handle is told to end."""
        return RemoteHandle(self, self.ask("begin", fault.to_json())["id"])

    def counts(self) -> Counts:
        """Returns by action how many requests came, and how many got which status."""
        return dict(self.ask("counts", True)["counts"])

    def close(self) -> None:
        """Ends the process, and with it all faults and connections. May be repeated."""
        with self._lock:
            with contextlib.suppress(OSError):  # it has ended by itself
                self._commands.close()
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._answers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, verb: str, argument: Any) -> dict[str, Any]:
        """Gives a command and returns its answer; raises ProxyError if it is refused."""
        with self._lock:
            try:
                self._commands.write(json.dumps({verb: argument}) + "\n")
                self._commands.flush()
            except (OSError, ValueError) as error:
                raise ProxyError(f"the fault proxy has ended: {error}") from error
            answer = self._answer()
        if "error" in answer:
            raise ProxyError(answer["error"])
        return answer

    def _answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            raise ProxyError("the fault proxy has ended")
        return dict(json.loads(line))
