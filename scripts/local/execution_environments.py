"""The execution environments of a function, one a shard, started by the main thread.

A process is tied to the thread that started it, so that readers, whose threads come and go with
their shards, ask the main thread for one.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

from event_source_mapping import Answered, Failed
from execution_environment import ExecutionEnvironment, StartError


class ClosedError(Exception):
    """There are no more environments: the poller ends."""


class ExecutionEnvironments:
    """Starts an environment when a shard has none that lives, and keeps it for the next event."""

    def __init__(self, start: Callable[[], ExecutionEnvironment]) -> None:
        self._start = start
        self._lock = threading.Lock()  # of what follows
        self._environments: dict[str, ExecutionEnvironment] = {}
        self._is_closed = False
        self._wanted: queue.SimpleQueue[tuple[str, Future[ExecutionEnvironment]]] = (
            queue.SimpleQueue()
        )
        self.started = 0

    def invoke(self, shard_id: str, event: str) -> Answered | Failed:
        """Hands an event of a shard to the function; raises ClosedError.

        Waits until the main thread has started an environment if there is none.
        """
        with self._lock:
            if self._is_closed:
                raise ClosedError
            environment = self._environments.get(shard_id)
            if environment is None or environment.has_ended():
                wanted: Future[ExecutionEnvironment] = Future()
                self._wanted.put((shard_id, wanted))
                environment = None
        return (environment or wanted.result()).invoke(event)

    def start_wanted(self, seconds: float) -> None:
        """Starts what a reader asks for, and waits for one that asks at most so long.

        For the main thread only. Raises StartError.
        """
        try:
            shard_id, wanted = self._wanted.get(timeout=seconds)
        except queue.Empty:
            return
        self.end(shard_id)
        try:
            environment = self._start()
        except StartError as e:
            wanted.set_exception(e)
            raise
        self.started += 1
        with self._lock:
            self._environments[shard_id] = environment
        wanted.set_result(environment)

    def end(self, shard_id: str) -> None:
        """Ends a shard's environment, which is not invoked again."""
        with self._lock:
            environment = self._environments.pop(shard_id, None)
        if environment is not None:
            environment.close()

    def kill(self) -> None:
        """Kills all environments; from now on there are none. For the main thread only."""
        with self._lock:
            self._is_closed = True
            left = list(self._environments.values())
        while not self._wanted.empty():
            self._wanted.get()[1].set_exception(ClosedError())
        for environment in left:
            environment.kill()

    def close(self) -> None:
        """Kills them, and lets go of what they were talked to with."""
        self.kill()
        for shard_id in list(self._environments):
            self.end(shard_id)
