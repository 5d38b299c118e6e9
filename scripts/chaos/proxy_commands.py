"""What a fault proxy is told on stdin: one JSON object a line, answered with one on stdout."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol


class Handle(Protocol):
    """A fault that has begun."""

    id: int

    @property
    def effects(self) -> Any: ...

    def end(self) -> None: ...


class Commands:
    """Carries out commands that come as JSON."""

    def __init__(
        self, begin: Callable[[dict[str, Any]], Handle], counts: Callable[[], dict[str, Any]]
    ) -> None:
        """Begins a fault by its JSON object, which may raise ValueError or TypeError."""
        self._begin = begin
        self._counts = counts
        self._handles: dict[int, Handle] = {}

    def serve(self, greeting: dict[str, Any]) -> None:
        """Says where the proxy serves, and carries out commands until stdin ends."""
        # Whoever started it ends it by closing its stdin, after everything that it stands between.
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        print(json.dumps(greeting), flush=True)
        for line in sys.stdin:
            print(json.dumps(self.answer(line)), flush=True)

    def answer(self, line: str) -> dict[str, Any]:
        """Returns what a command is answered with."""
        try:
            ((verb, argument),) = json.loads(line).items()
            match verb:
                case "begin":
                    handle = self._begin(argument)
                    self._handles[handle.id] = handle
                    return {"id": handle.id}
                case "end":
                    self._handles[argument].end()
                    return {"effects": asdict(self._handles[argument].effects)}
                case "effects":
                    return {"effects": asdict(self._handles[argument].effects)}
                case "counts":
                    return {"counts": self._counts()}
                case _:
                    return {"error": f"not a command: {verb} (begin, end, effects, counts)"}
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            return {"error": f"not a command: {type(error).__name__}: {error}"}
