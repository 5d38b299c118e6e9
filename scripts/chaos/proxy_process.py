"""A fault proxy in a process of its own: started, told what to do, and ended."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Generic, Self, TypeVar, cast

END_SECONDS = 10

EffectsT = TypeVar("EffectsT")


class ProxyError(Exception):
    """The process has ended, or refused a command."""


class ProxyProcess:
    """Gives commands, one JSON object a line, and reads an answer to each. Any thread."""

    def __init__(self, program: Path, arguments: Sequence[str | Path]) -> None:
        """Returns once it serves; `greeting` is its first line."""
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a signal to the group of whoever started it is not for it
        )
        self._commands = cast(IO[str], self._process.stdin)
        self._answers = cast(IO[str], self._process.stdout)
        try:
            self.greeting = self._answer()
        except ProxyError:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process, for whoever measures it."""
        return self._process.pid

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

    def begin_fault(
        self, fault: dict[str, Any], effects: Callable[..., EffectsT]
    ) -> RemoteHandle[EffectsT]:
        """Begins a fault by its JSON object; effects makes of an answer's members what they are."""
        return RemoteHandle(self, self.ask("begin", fault)["id"], effects)

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


class RemoteHandle(Generic[EffectsT]):
    """A fault that has begun there."""

    def __init__(
        self, process: ProxyProcess, number: int, effects: Callable[..., EffectsT]
    ) -> None:
        self._process = process
        self._id = number
        self._effects = effects

    @property
    def effects(self) -> EffectsT:
        """What it has altered up to now."""
        return self._effects(**self._process.ask("effects", self._id)["effects"])

    def end(self) -> None:
        """Ends the fault. May be repeated."""
        self._process.ask("end", self._id)
