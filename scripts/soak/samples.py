"""What is seen of an ingester from outside, time after time: its memory, its metrics, its disk."""

from __future__ import annotations

import contextlib
import http.client
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import chaos_folder  # noqa: F401  what follows is found through it
from process_faults import DAEMON, descendants

PAGE_SECONDS = 10
BLOCK_LENGTH = 512
"""Unit of st_blocks, whatever the file system's is."""

_SERVED = re.compile(r"status served url=http://127\.0\.0\.1:(\d+)/")
_RSS_ANON = re.compile(r"^RssAnon:\s+(\d+) kB", re.MULTILINE)
_METRIC = re.compile(r"^(\w+) (-?[\d.]+(?:E[+-]?\d+)?)$", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    """One look. Lengths in bytes."""

    at: float
    """When: seconds since 1970."""
    jvm: int
    """RssAnon of the ingester's JVM: its memory without the files that it has mapped."""
    daemon: int
    """That of the KPL's daemons, mostly one; 0 while there is none."""
    daemons: tuple[int, ...]
    """Their process ids."""
    disk: int
    """What the journal's segments take on disk."""
    metrics: dict[str, int]
    """Whole numbers of the metrics page, by their names there."""

    @property
    def frames(self) -> int:
        """Frames received."""
        return self.metrics["feed_frames_total"]

    @property
    def payload(self) -> int:
        """Length of all frames received."""
        return self.metrics["feed_payload_bytes_total"]

    @property
    def position(self) -> int:
        """End of the journal."""
        return self.metrics["journal_append_position"]

    @property
    def backlog(self) -> int:
        """What of the journal is not acknowledged."""
        return self.metrics["journal_unacknowledged_bytes"]

    @property
    def acknowledged(self) -> int:
        """Trades acknowledged."""
        return self.metrics["kinesis_acknowledged_trades_total"]


class Sampler:
    """Takes samples of one ingester."""

    def __init__(self, pid: int, log: Path, journal: Path) -> None:
        self._pid = pid
        self._log = log
        self._journal = journal
        self._port: int | None = None

    def take(self) -> Sample | None:
        """Returns a sample; None while the ingester does not serve its metrics."""
        page = self._metrics_page()
        memory = rss_anon(self._pid)
        if page is None or memory is None:
            return None
        daemons = descendants(self._pid, lambda words: DAEMON in words[0])
        return Sample(
            at=time.time(),
            jvm=memory,
            daemon=sum(rss_anon(pid) or 0 for pid in daemons),
            daemons=tuple(daemons),
            disk=disk_length(self._journal.glob("*.jrn")),
            metrics=metrics_in(page),
        )

    def _metrics_page(self) -> str | None:
        if self._port is None:
            served = _SERVED.search(self._log.read_text(errors="replace"))
            if not served:
                return None
            self._port = int(served[1])
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PAGE_SECONDS)
        with (
            contextlib.closing(connection),
            contextlib.suppress(OSError, http.client.HTTPException),
        ):
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        return None


def rss_anon(pid: int) -> int | None:
    """Returns the anonymous resident memory of a process in bytes; None if there is none."""
    with contextlib.suppress(OSError):
        found = _RSS_ANON.search(Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) << 10 if found else None
    return None


def disk_length(files: Iterable[Path]) -> int:
    """Returns how much of the disk files take, those left out that go away meanwhile."""
    length = 0
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            length += file.stat().st_blocks * BLOCK_LENGTH
    return length


def metrics_in(page: str) -> dict[str, int]:
    """Returns the numbers of a page in Prometheus's text format that have no labels, as whole."""
    return {name: int(float(value)) for name, value in _METRIC.findall(page)}


def between(samples: Sequence[Sample], begin: float, end: float) -> list[Sample]:
    """Returns the samples of a stretch of time, both ends included."""
    return [sample for sample in samples if begin <= sample.at <= end]


@dataclass
class Phases:
    """When each phase of a soak began; seconds since 1970."""

    normal: float = 0.0
    """There is no backlog."""
    outage: float = 0.0
    """The endpoint does not answer."""
    drain: float = 0.0
    """It answers again, and there is a backlog."""
    live: float | None = None
    """There is none any more; None: it never came to that."""
    end: float = 0.0
    """The market is stopped."""

    def begins(self) -> dict[str, float]:
        """Returns what began when, in order."""
        begun = {"normal": self.normal, "outage": self.outage, "drain": self.drain}
        return begun if self.live is None else begun | {"live": self.live}
