"""Polls all shards of a mapping, each in a thread of its own, from the main thread."""

from __future__ import annotations

import json
import logging
import threading
import time
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from checkpoints import Checkpoints
from event_source_mapping import Answered, Counts, Failed, Rules
from execution_environments import ClosedError
from lineage import ListedShard, childless, readable
from shard_reader import ShardReader, Source, State
from signals import SignalledError

STATUS_SECONDS = 1.0
TURN_SECONDS = 0.05
LIST_SECONDS = 1.0
"""Between two looks for the children of a shard that has ended; a list may come late."""
JOIN_SECONDS = 2.0

log = logging.getLogger(__name__)


class Environments(Protocol):
    """What runs the function; see ExecutionEnvironments."""

    @property
    def started(self) -> int: ...

    def invoke(self, shard_id: str, event: str) -> Answered | Failed: ...

    def start_wanted(self, seconds: float) -> None: ...

    def end(self, shard_id: str) -> None: ...

    def kill(self) -> None: ...


class SignalSource(Protocol):
    """Where signals are noted; see Signals."""

    @property
    def number(self) -> int | None: ...


class ReaderThread(threading.Thread):
    """Steps a reader until its shard has an end, or it is told to stop."""

    def __init__(
        self, reader: ShardReader, drains: threading.Event, stops: threading.Event
    ) -> None:
        super().__init__(name=reader.shard_id, daemon=True)
        self.reader = reader
        self.has_failed = False
        self._drains = drains
        self._stops = stops

    def run(self) -> None:
        """Steps on and on."""
        try:
            while self.reader.state is State.READING and not self._stops.is_set():
                self._stops.wait(self.reader.step(drains=self._drains.is_set()))
        except ClosedError:
            pass  # the poller ends: the batch comes again
        except Exception:  # a defect or a full disk: the poller ends
            log.exception("shard is not read on: shard=%s", self.name)
            self.has_failed = True


class Polling:
    """All shards of one mapping. Confined to the main thread."""

    def __init__(
        self,
        source: Source,
        environments: Environments,
        checkpoints: Checkpoints,
        rules: Rules,
        status_file: Path | None,
    ) -> None:
        self._source = source
        self._environments = environments
        self._checkpoints = checkpoints
        self._rules = rules
        self._status_file = status_file
        self._drains = threading.Event()
        self._stops = threading.Event()
        self._listed: list[ListedShard] = []
        self._finished: set[str] = set()
        self._threads: dict[str, ReaderThread] = {}
        self._list_at = 0.0
        self._status_at = 0.0

    def run(self, signals: SignalSource, drain_seconds: float) -> list[str]:
        """Polls until a signal and then to the end, or a failure of our own; returns what is left.

        A signal that comes again, or drain_seconds after the first, end it with something left.
        """
        deadline: float | None = None
        try:
            while True:
                self._environments.start_wanted(TURN_SECONDS)
                self._look_at_threads()
                self._list_when_due()
                self._show_status()
                if signals.number is not None and deadline is None:
                    log.info("reading to the end: signal=%d", signals.number)
                    deadline = time.monotonic() + drain_seconds
                    self._drains.set()
                if self._has_failed():
                    break
                if deadline is not None and (self._is_drained() or time.monotonic() > deadline):
                    break
        except SignalledError:
            log.warning("stopped at once: the signal came again")
        finally:
            self._stop()
        return self._left()

    def _has_failed(self) -> bool:
        return any(thread.has_failed for thread in self._threads.values())

    def _look_at_threads(self) -> None:
        for shard_id, thread in self._threads.items():
            if thread.is_alive() or thread.reader.state is State.READING:
                continue
            self._environments.end(shard_id)
            if thread.reader.state is State.FINISHED and shard_id not in self._finished:
                log.info("shard finished: shard=%s", shard_id)
                self._finished.add(shard_id)
                self._list_at = 0

    def _list_when_due(self) -> None:
        if time.monotonic() < self._list_at:
            return
        self._list_at = time.monotonic() + LIST_SECONDS
        try:
            self._listed = self._source.shards()
        except (ClientError, BotoCoreError) as e:
            log.warning("shards cannot be listed, trying on: %s", e)
            return
        for shard in self._listed:
            if self._checkpoints.read(shard.id).is_finished:
                self._finished.add(shard.id)
        for shard_id in readable(self._listed, self._finished):
            if shard_id not in self._threads:
                self._start_reader(shard_id)
        if not childless(self._listed, self._finished):
            self._list_at = float("inf")  # until a shard ends

    def _start_reader(self, shard_id: str) -> None:
        reader = ShardReader(
            shard_id,
            self._source,
            lambda event: self._environments.invoke(shard_id, event),
            self._checkpoints,
            self._rules,
        )
        log.info("shard is read: shard=%s after=%s", shard_id, reader.checkpoint)
        self._threads[shard_id] = ReaderThread(reader, self._drains, self._stops)
        self._threads[shard_id].start()

    def _is_drained(self) -> bool:
        return bool(self._listed) and not (
            self._unread() or self._heirless() or self._not_at_an_end()
        )

    def _unread(self) -> list[str]:
        """Returns the shards that could be read and are not: the list has only just come."""
        return [id_ for id_ in readable(self._listed, self._finished) if id_ not in self._threads]

    def _heirless(self) -> list[str]:
        """Returns the shards that have an end, and of which the children have not been seen."""
        finished = {
            shard_id
            for shard_id, thread in self._threads.items()
            if thread.reader.state is State.FINISHED
        }
        return [*childless(self._listed, self._finished), *sorted(finished - self._finished)]

    def _not_at_an_end(self) -> list[str]:
        return [
            shard_id
            for shard_id, thread in self._threads.items()
            if thread.reader.state is State.READING
        ]

    def _stop(self) -> None:
        self._stops.set()
        self._environments.kill()
        deadline = time.monotonic() + JOIN_SECONDS
        for thread in self._threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))
        self._status_at = 0
        self._show_status()

    def _left(self) -> list[str]:
        if self._is_drained():
            return []
        if not self._listed:
            return ["the shards of the stream are not known"]
        states = self._states().items()
        return [
            f"shard={shard_id} state={state['state']} millis_behind={state['millis_behind']}"
            for shard_id, state in states
            if state["state"] in ("reading", "waiting")
        ] + [f"the children of shard={shard_id} are not known" for shard_id in self._heirless()]

    def _states(self) -> dict[str, dict[str, Any]]:
        states: dict[str, dict[str, Any]] = {}
        for shard in self._listed:
            thread = self._threads.get(shard.id)
            if thread is not None:
                states[shard.id] = {
                    "state": thread.reader.state.value,
                    "millis_behind": thread.reader.millis_behind,
                }
            else:
                state = "finished" if shard.id in self._finished else "waiting"
                states[shard.id] = {"state": state, "millis_behind": None}
        return states

    def _show_status(self) -> None:
        if self._status_file is None or time.monotonic() < self._status_at:
            return
        self._status_at = time.monotonic() + STATUS_SECONDS
        readers = [thread.reader for thread in self._threads.values()]
        status: dict[str, Any] = {
            name: sum(getattr(reader.counts, name) for reader in readers) for name in vars(Counts())
        }
        status["read_errors"] = sum(reader.read_errors for reader in readers)
        status["environments_started"] = self._environments.started
        status["shards"] = self._states()
        draft = self._status_file.with_suffix(".tmp")
        draft.write_text(json.dumps(status) + "\n")
        draft.replace(self._status_file)
