"""The process that runs a handler on one event, again and again, and tells what it took.

    measured_handler.py FOLDER MODULE EVENT SECONDS
      FOLDER   what the handler is imported from
      EVENT    a file with the event, as JSON
      SECONDS  of its own CPU time that it goes on for, after one invocation that is not measured

Prints one line of JSON: invocations, that first one not among them, and the seconds that they took,
by the process's CPU time and by the clock.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path

EVER_MILLIS = 60_000


class Context:
    """An invocation that has time."""

    def get_remaining_time_in_millis(self) -> int:
        """Returns a function's whole time-out."""
        return EVER_MILLIS


def main() -> None:
    """Measures, and prints."""
    folder, module, event_file, seconds = sys.argv[1:]
    sys.path.insert(0, folder)
    event = json.loads(Path(event_file).read_text())
    result = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # where the handler's own lines go
    handler = importlib.import_module(module).lambda_handler
    answers = [handler(event, Context())]
    wall, cpu = time.perf_counter(), time.process_time()
    while not answers[1:] or time.process_time() - cpu < float(seconds):
        answers.append(handler(event, Context()))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if any(answer != {"batchItemFailures": []} for answer in answers):
        sys.exit(f"not everything stored: answers={answers}")
    took = {"invocations": len(answers) - 1, "cpu_seconds": cpu, "wall_seconds": wall}
    print(json.dumps(took), file=result, flush=True)


if __name__ == "__main__":
    main()
