"""What runs inside an execution environment: the function's handler, called once an event.

Started by execution_environment.py, with nothing but the standard library and the variables that
the function sees in AWS. Dies with the process that started it. Events and answers are JSON, one a
line, over two pipes; an answer is one of {"ready": true}, {"answer": ...} and {"error": "..."}.

What the function writes goes to stdout by whole lines, one write each, so that the environments of
several shards can append to one file.

    runtime.py EVENTS ANSWERS STARTER
      numbers of the pipes' descriptors, and the process id of who started it
"""

from __future__ import annotations

import ctypes
import importlib
import io
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG = 1

Handler = Callable[[Any, "Context"], Any]


class Context:
    """What a handler is told about its invocation, named as AWS names it."""

    def __init__(self, about: dict[str, Any]) -> None:
        self.aws_request_id: str = about["requestId"]
        self.invoked_function_arn: str = about["functionArn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline: float = about["deadline"]  # of a clock that all processes share

    def get_remaining_time_in_millis(self) -> int:
        """Returns the milliseconds until the invocation is ended."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class WholeLines(io.RawIOBase):
    """A file that text is written to a whole line at a time, each with one write."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._line = b""

    def fileno(self) -> int:
        """Returns the descriptor that lines go to."""
        return self._descriptor

    def writable(self) -> bool:
        """Tells that it can be written."""
        return True

    def write(self, written: Any) -> int:
        """Writes what has become whole lines."""
        with self._lock:
            lines, end, rest = bytes(written).rpartition(b"\n")
            if end:
                self._write(self._line + lines + end)
                self._line = b""
            self._line += rest
        return len(written)

    def end_line(self) -> None:
        """Ends a line that the function has left open."""
        if self._line:
            self.write(b"\n")

    def _write(self, lines: bytes) -> None:
        while lines:
            lines = lines[os.write(self._descriptor, lines) :]


def tie_to(starter: int) -> None:
    """Lets this process die with the one that started it, and listen to all signals."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != starter:  # it died before the tie was made
            os._exit(1)


def load_handler() -> Handler:
    """Imports the function's handler, as the variable _HANDLER names it."""
    module, _, name = os.environ["_HANDLER"].rpartition(".")
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    handler: Handler = getattr(importlib.import_module(module.replace("/", ".")), name)
    return handler


def told(error: BaseException) -> dict[str, str]:
    """Logs an error as AWS does, with its trace, and returns what the other side is told."""
    name = type(error).__name__
    print(f"[ERROR] {name}: {error}\n{''.join(traceback.format_exception(error))}", end="")
    return {"error": name}


def invoke(handler: Handler, line: bytes) -> str:
    """Calls the handler; a line is about the invocation and, after a tab, the event."""
    about, event = line.split(b"\t", 1)
    context = Context(json.loads(about))
    try:
        return json.dumps({"answer": handler(json.loads(event), context)})
    except Exception as e:
        return json.dumps(told(e))


def main() -> None:
    """Answers events until there are no more."""
    events, answers, starter = (int(argument) for argument in sys.argv[1:])
    tie_to(starter)
    for descriptor in (events, answers):
        os.set_inheritable(descriptor, False)
    out = WholeLines(1)
    sys.stdout = sys.stderr = io.TextIOWrapper(out, "utf-8", "backslashreplace", write_through=True)
    logging.basicConfig(stream=sys.stdout, format="[%(levelname)s]\t%(message)s")
    with open(events, "rb") as lines, open(answers, "wb") as replies:  # noqa: PTH123  descriptors

        def reply(text: str) -> None:
            out.end_line()
            replies.write(text.encode() + b"\n")
            replies.flush()

        try:
            handler = load_handler()
        except Exception as e:
            reply(json.dumps(told(e)))
            return
        reply(json.dumps({"ready": True}))
        for line in lines:
            reply(invoke(handler, line))


if __name__ == "__main__":
    main()
