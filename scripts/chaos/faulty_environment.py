"""A run of the local environment with faults: what is between the parts, who starts them again.

What is between the parts is a fault proxy; the parts themselves know nothing of it. A part that has
ended is started again, as a supervisor of services does. Every kind that was scheduled must have
had an effect, and in the end every trade must be in the table once: else the run has failed.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import local_folder  # noqa: F401  what follows is found through it
import commands
import fault_kinds
import reshard_faults
import summary
from aws_proxy_process import AwsProxyProcess
from commands import DELIVERED_LOG, STREAM, Aws
from console import Tail, say
from environment import TURN_SECONDS, Environment, FailedError
from fault_kinds import Injected
from feed_proxy_process import FeedProxyProcess
from ingester_clock import IngesterClock, find_library
from injections import Injections
from journal_disk import JournalDisk
from kinesis_local import KinesisLocal
from options import Options
from processes import Child
from reshard_faults import Shards
from schedule import Planned
from signals import Signals
from surroundings import DATA, LOGS, ROOT, java

RESTART_SECONDS = 1.0
"""Between two starts of a part, so that one that cannot start is not started all the time."""
RECOVERY_SECONDS = 90.0
"""After the last fault, for the pipeline to be whole again before it is stopped."""
OVERTIME_SECONDS = 60.0
"""How much longer a run may last, for faults that had to be put off."""
LEAST_JOURNALLED = 0.8
END_SECONDS = 2.0
"""Of a gap that is nobody's fault: from the last frame to the end of the market."""
AUDITED = (
    "frames_sent",
    "frames_journalled",
    "frames_lost",
    "gaps",
    "gap_seconds",
    "trades_published",
    "distinct_trade_ids",
    "trades_stored",
    *summary.DISPROOFS,
    "duplicates",
    "wrong_shard_user_records",
    "stored_latency_ms",
)
"""Numbers of the audit that the result has, with the ingester's and the function's."""
DISK_LENGTH = 256 << 20
"""Bytes of the journal's own disk; its free part takes memory only while a fault fills it."""


class FaultyEnvironment(Environment):
    """The local environment with faults."""

    def __init__(
        self, options: Options, temp: Path, signals: Signals, plan: list[Planned], seed: int
    ) -> None:
        super().__init__(options, temp, signals)
        self._kinds = {planned.kind for planned in plan}
        self._injections = Injections(plan, self._fault_of)
        self._random = random.Random(seed)  # noqa: S311  a schedule, not a secret
        self._held: Counter[str] = Counter()
        self._started_at = {"ingester": 0.0, "poller": 0.0}
        self._restarts: Counter[str] = Counter()
        self._proxy: AwsProxyProcess | None = None
        self._feed_proxy: FeedProxyProcess | None = None
        self._seed = seed
        self._second_instances = 0
        self.problems: list[str] = []
        self.keys = temp / "keys"
        self.kpl = DATA / "kpl"
        self.disk = JournalDisk(DATA / "journal")
        self._has_own_disk = bool(self._kinds & set(fault_kinds.DISK_KINDS))
        library = find_library() if self._kinds & set(fault_kinds.CLOCK_KINDS) else None
        self._clock = IngesterClock(library, temp) if library else None
        self._kinesis: KinesisLocal | None = None
        self._shards: Shards | None = None

    def kill(self) -> None:
        """Kills all that still runs, the proxy too."""
        super().kill()
        for proxy in (self._proxy, self._feed_proxy):
            if proxy is not None:
                proxy.close()
        self.disk.close()
        if self._clock is not None:
            for child in self._children:
                self._clock.forget(child.pid)
        if self._kinesis is not None:
            self._kinesis.close()

    def run(self) -> tuple[dict[str, Any], list[str]]:
        """Goes from nothing to the summary; returns it and what is wrong with it."""
        self.crashed = True  # what ended processes had counted is gone
        if self._has_own_disk:
            self.disk.mount(DISK_LENGTH)
        result, problems = super().run()
        return self._summary(result), problems + self._problems(result)

    def hold(self, name: str, *, down: bool) -> None:
        """Keeps a part that has ended from being started again, or no longer."""
        self._held[name] += 1 if down else -1

    def start_ingester(self) -> None:
        """Starts the ingester."""
        self._started_at["ingester"] = time.monotonic()
        super().start_ingester()

    def start_poller(self) -> None:
        """Starts the poller."""
        self._started_at["poller"] = time.monotonic()
        super().start_poller()

    def move_clock(self, seconds: int) -> Callable[[], None]:
        """Moves the ingester's wall clock; returns what moves it back."""
        if self._clock is None:
            raise FailedError("the ingester was not started with a clock of its own")
        return self._clock.move(seconds)

    def _variables_of_ingester(self) -> dict[str, str]:
        return self._clock.variables if self._clock is not None else {}

    def start_second(self, *, shares_data: bool) -> Child:
        """Starts another ingester with the same key."""
        self._second_instances += 1
        name = f"second-{self._second_instances}"
        own = [
            f"journal.directory={self._temp / name / 'journal'}",
            f"kinesis.temp-directory={self._temp / name / 'kpl'}",
        ]
        settings = [*self._options.settings, *([] if shares_data else own)]
        options = replace(self._options, settings=settings)
        return self._start(
            name, commands.ingester(options, self._aws_of_parts(), self._feed, self._temp)
        )

    def _start_aws(self) -> None:
        super()._start_aws()
        if self._kinds & set(fault_kinds.RESHARD_KINDS):
            self._start_kinesis()
        self._proxy = AwsProxyProcess(
            self._aws.endpoint,
            self._aws.ca,
            self._aws.ca.parent,
            self._seed,
            kinesis_endpoint=self._stream_endpoint,
        )

    def _start_kinesis(self) -> None:
        say("starting a Kinesis that splits and merges shards truly (kinesis-local)")
        self._kinesis = KinesisLocal(LOGS)
        self._kinesis.create(STREAM, reshard_faults.FIRST)
        self._kinesis.hurry()
        self._stream_endpoint = self._kinesis.endpoint
        self._shards = Shards(self._kinesis, self._temp / "checkpoints")

    def _start_market(self) -> None:
        super()._start_market()
        # What the market sends into a connection that a fault has ended is never on its way.
        self._delivered_log = DELIVERED_LOG
        self._feed_proxy = FeedProxyProcess(self._feed, self._delivered_log, self._seed)
        self._feed = self._feed_proxy.url

    def _aws_of_parts(self) -> Aws:
        if self._proxy is None:
            raise FailedError("the fault proxy has not been started")
        return Aws(self._proxy.endpoint, self._aws.ca)

    def _play(self, tail: Tail) -> None:
        self._await_first_trade(tail)
        begun = time.monotonic()
        seconds = self._options.seconds or 0.0
        while not self._signals.number:
            self._turn(tail)
            self.played_seconds = time.monotonic() - begun
            self._injections.turn(self.played_seconds)
            overtime = self.played_seconds - seconds
            if overtime >= (OVERTIME_SECONDS if self._injections.is_waiting else 0.0):
                break
        self._injections.end_all()
        self._await_recovery(tail)

    def _turn(self, tail: Tail) -> None:
        time.sleep(TURN_SECONDS)
        self._look(tail)
        self._function_log.read()
        self._injections.note_stored(self._function_log.newest_received_at / 1000)

    def _look(self, tail: Tail) -> None:
        """Passes on what there is to see, and starts again what has ended."""
        tail.pass_on()
        kinesis = (self._kinesis.process,) if self._kinesis is not None else ()
        for child in (self.aws_server, *kinesis, self.market):
            if child.exit_code() is not None:
                raise self._failure(child)
        for name, child, start in (
            ("ingester", self.ingester, self.start_ingester),
            ("poller", self.poller, self.start_poller),
        ):
            if self._may_start(name, child):
                self._restarts[name] += 1
                start()

    def _may_start(self, name: str, child: Child) -> bool:
        return (
            child.exit_code() is not None
            and self._held[name] == 0
            and time.monotonic() - self._started_at[name] > RESTART_SECONDS
        )

    def _fault_of(self, kind: str) -> Injected:
        if kind in fault_kinds.HOST_KINDS:
            return fault_kinds.HOST_KINDS[kind](self, self._random)
        if kind in fault_kinds.PROCESS_KINDS:
            return fault_kinds.PROCESS_KINDS[kind](self, self._random)
        if self._proxy is None or self._feed_proxy is None:
            raise FailedError("a fault proxy has not been started")
        if kind in fault_kinds.HELD_KINDS:
            return fault_kinds.HELD_KINDS[kind](self, self._random, self._proxy)
        if kind in fault_kinds.RESHARD_KINDS and self._shards is not None:
            return fault_kinds.RESHARD_KINDS[kind](self._shards)
        if kind in fault_kinds.ENDPOINT_KINDS:
            return fault_kinds.endpoint_fault(self._proxy, kind)
        return fault_kinds.feed_fault(self._feed_proxy, kind)

    def _await_recovery(self, tail: Tail) -> None:
        deadline = time.monotonic() + RECOVERY_SECONDS
        while not self._injections.is_recovered:
            self._signals.check()
            if time.monotonic() > deadline:
                say(f"not recovered within {RECOVERY_SECONDS:g} s")
                return
            self._turn(tail)

    def _summary(self, result: dict[str, Any]) -> dict[str, Any]:
        return {
            "seed": self._seed,
            "seconds": result["seconds"],
            "faults": self._injections.by_kind(),
            "restarts": dict(self._restarts),
            "disturbed_seconds": round(self._injections.disturbed_seconds(), 1),
            **{name: result[name] for name in AUDITED},
        }

    def _problems(self, result: dict[str, Any]) -> list[str]:
        problems = self.problems + self._injections.problems()
        if result["frames_journalled"] < LEAST_JOURNALLED * result["frames_sent"]:
            problems.append(
                f"journalled {result['frames_journalled']} frames of {result['frames_sent']} sent"
            )
        disturbed = self._injections.disturbed_seconds()
        # Both are by the harness's clock, which nobody moves.
        if result["gap_seconds"] > disturbed + END_SECONDS:
            problems.append(
                f"gaps of {result['gap_seconds']:g} s, but only {disturbed:g} s of faults and"
                " recoveries"
            )
        told = self._gaps_told()
        if told != result["gaps"]:
            problems.append(f"gaps: the ingester tells {told}, the audit {result['gaps']}")
        return problems

    def _gaps_told(self) -> int:
        """Returns how many gaps the ingester's own command finds in the journal."""
        command = [*java(), "journal", "gaps", "--env", "local", "--json"]
        ended = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
        )
        return len(ended.stdout.splitlines())
