"""What processes cost: processor time by process and by stage, and memory, as /proc tells them."""

from __future__ import annotations

import bisect
import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
DAEMON = "kinesis_produce"
"""The KPL's daemon; the kernel cuts names to 15 characters."""

STAGES = (
    ("feed", "receive"),
    ("publisher-watch", "other"),
    ("publisher", "publish"),
    ("journal-keeper", "keep"),
    ("kpl-", "kpl"),
    ("status", "status"),
    ("progress", "status"),
    ("GC Thread", "gc"),
    ("G1 ", "gc"),
    ("VM Thread", "gc"),
    ("C1 Compiler", "compile"),
    ("C2 Compiler", "compile"),
)
"""Stage by the beginning of a thread's name; the rest is "other"."""


@dataclass(frozen=True)
class Cost:
    """What an ingester has cost since its start, seconds of a processor."""

    jvm: float
    daemon: float
    stages: Mapping[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """JVM and daemon together."""
        return self.jvm + self.daemon

    def since(self, earlier: Cost) -> Cost:
        """Returns what it has cost since."""
        stages = {
            name: seconds - earlier.stages.get(name, 0.0) for name, seconds in self.stages.items()
        }
        return Cost(self.jvm - earlier.jvm, self.daemon - earlier.daemon, stages)

    def between(self, other: Cost, share: float) -> Cost:
        """Returns what lies at this share of the way to another."""
        names = self.stages.keys() | other.stages.keys()

        def mix(low: float, high: float) -> float:
            return low + (high - low) * share

        stages = {
            name: mix(self.stages.get(name, 0.0), other.stages.get(name, 0.0)) for name in names
        }
        return Cost(mix(self.jvm, other.jvm), mix(self.daemon, other.daemon), stages)


def stage_of(thread: str) -> str:
    """Returns the stage that a thread works for, by its name."""
    for beginning, stage in STAGES:
        if thread.startswith(beginning):
            return stage
    return "other"


def parse_stat(text: str) -> tuple[str, float]:
    """Returns the name and the processor seconds in the text of a `stat` file."""
    # The name is in parentheses and may hold any character, parentheses too.
    name = text[text.index("(") + 1 : text.rindex(")")]
    fields = text[text.rindex(")") + 2 :].split()
    return name, (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def anonymous_kib(text: str) -> int:
    """Returns RssAnon of the text of a `status` file, KiB."""
    for line in text.splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


class Watch:
    """Looks at an ingester and its daemon again and again."""

    def __init__(self, pid: int, proc: Path = Path("/proc")) -> None:
        self.peak_anonymous_kib = {"jvm": 0, "daemon": 0}
        self._pid = pid
        self._proc = proc
        self._times: list[float] = []
        self._costs: list[Cost] = []
        self._threads: dict[str, tuple[str, float]] = {}
        self._daemons: dict[str, float] = {}

    def look(self) -> None:
        """Takes a sample of now; does nothing once the process has ended."""
        process = self._proc / str(self._pid)
        try:
            _, jvm = parse_stat((process / "stat").read_text())
            self._look_at_threads(process / "task")
            self._look_at_daemons(process / "task")
            self._note_memory("jvm", process)
        except (FileNotFoundError, ProcessLookupError):
            return
        stages: dict[str, float] = {}
        for name, seconds in self._threads.values():
            stage = stage_of(name)
            stages[stage] = stages.get(stage, 0.0) + seconds
        self._times.append(time.time())
        self._costs.append(Cost(jvm, sum(self._daemons.values()), stages))

    def _look_at_threads(self, tasks: Path) -> None:
        for task in tasks.iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                self._threads[task.name] = parse_stat((task / "stat").read_text())

    def _look_at_daemons(self, tasks: Path) -> None:
        for task in tasks.iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for child in (task / "children").read_text().split():
                    process = self._proc / child
                    name, seconds = parse_stat((process / "stat").read_text())
                    if name == DAEMON:
                        self._daemons[child] = seconds
                        self._note_memory("daemon", process)

    def _note_memory(self, name: str, process: Path) -> None:
        kib = anonymous_kib((process / "status").read_text())
        self.peak_anonymous_kib[name] = max(self.peak_anonymous_kib[name], kib)

    def cost_at(self, seconds: float) -> Cost:
        """Returns what it had cost at a time since the epoch, between two samples in proportion."""
        if not self._costs:
            return Cost(0.0, 0.0)
        after = bisect.bisect_left(self._times, seconds)
        if after == 0:
            return self._costs[0]
        if after == len(self._times):
            return self._costs[-1]
        before = after - 1
        span = self._times[after] - self._times[before]
        share = (seconds - self._times[before]) / span if span > 0 else 0.0
        return self._costs[before].between(self._costs[after], share)
