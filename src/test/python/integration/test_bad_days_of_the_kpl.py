"""Whatever state the KPL is in, a stop ends, leaves no process, and loses nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rig as rigs
from endpoint_faults import PUT_RECORDS, Fault, Kind
from processes import wait_until
from rig import Ended, Ingester, Rig

pytestmark = pytest.mark.integration

UNACKNOWLEDGED = 4
STOP_SECONDS = 2
# A KPL that is built on a busy machine takes its seconds too.
STUCK_SECONDS = 15
CLOSE_SECONDS = 20
"""What the end of the producer and of the journal may take beyond the stop timeout."""
SPARE_SECONDS = 20
"""For the JVM to take the signal and to end on a machine that does something else too."""
PUTS = frozenset({PUT_RECORDS})


@pytest.fixture
def own_temp(rig: Rig) -> Path:
    """A folder that only this test's KPL unpacks its program in."""
    return rig.folder / "kpl"


def settings(rig: Rig, temp: Path, endpoint: str, market: str | None) -> dict[str, str | None]:
    """The settings of an ingester whose bad days are short."""
    return {
        **({"feed.uri": market, "feed.symbols": '["AAPL"]'} if market else {}),
        "kinesis.endpoint": endpoint,
        "kinesis.temp-directory": str(temp),
        "kinesis.stall-timeout": "4s",
        "run.stop-timeout": f"{STOP_SECONDS}s",
        "run.stuck-timeout": f"{STUCK_SECONDS}s",
    }


def daemons(ingester: Ingester) -> list[int]:
    """The process ids of the KPL's daemons."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == ingester.child.pid and "kinesis_producer" in str(
                (folder / "exe").readlink()
            ):
                found.append(int(folder.name))
    return found


def freeze_daemon(ingester: Ingester, temp: Path) -> None:
    """Lets the daemon take what it is given, and do nothing."""
    for pid in daemons(ingester):
        os.kill(pid, signal.SIGSTOP)


def take_daemon_away(ingester: Ingester, temp: Path) -> None:
    """Kills the daemon where no other can be unpacked."""
    shutil.rmtree(temp)
    temp.touch()
    for pid in daemons(ingester):
        os.kill(pid, signal.SIGKILL)
    ingester.waits_for("producer not built, tried again")


def leave_it(ingester: Ingester, temp: Path) -> None:
    """Does nothing: the endpoint hangs."""


def assert_told(ended: Ended) -> None:
    """The end is as promised: told, with nothing left running."""
    assert ended.code == UNACKNOWLEDGED, ended.err
    assert ended.left == []
    (sentence,) = [line for line in ended.err.splitlines() if "stopped with unack" in line]
    assert f"bytes={ended.result()['unacknowledged_bytes']}" in sentence
    assert "it is in the journal and published at the next start" in sentence


def assert_published_at_next_start(rig: Rig, temp: Path, endpoint: str) -> None:
    """The next start publishes what was left, without a feed."""
    assert rig.audit()["missing"] > 0
    if temp.is_file():
        temp.unlink()
    after = rig.start_ingester(settings(rig, temp, endpoint, None))
    after.waits_for_health(lambda health: health["unacknowledged_bytes"] == 0)
    assert rig.signal(after.child, signal.SIGTERM).code == 128 + signal.SIGTERM
    rig.assert_all_on_the_stream()


@pytest.mark.parametrize("day", [freeze_daemon, take_daemon_away, leave_it])
def test_a_stop_on_a_bad_day_ends_and_leaves_the_rest_to_the_next_start(
    rig: Rig, own_temp: Path, day: Callable[[Ingester, Path], None]
) -> None:
    rig.create_stream()
    proxy = rig.start_proxy()
    market = rig.start_market()
    ingester = rig.start_ingester(settings(rig, own_temp, proxy.endpoint, market.address))
    ingester.waits_for_trades(more_than=100)
    hang = proxy.begin(Fault(Kind.HANG, PUTS)) if day is leave_it else None
    day(ingester, own_temp)
    before = ingester.health()["unacknowledged_bytes"]
    ingester.waits_for_health(lambda health: health["unacknowledged_bytes"] > before + 10_000)
    os.kill(ingester.child.pid, signal.SIGTERM)
    ended = rig.end_of(ingester.child, STOP_SECONDS + CLOSE_SECONDS + SPARE_SECONDS)
    if hang is not None:
        hang.end()
    assert_told(ended)
    assert market.openings() == 1
    market.child.stop(10)
    assert_published_at_next_start(rig, own_temp, proxy.endpoint)


@contextlib.contextmanager
def held_locks(folder: Path) -> Iterator[None]:
    """Holds the locks under which the KPL unpacks its program, as another process may."""
    with contextlib.ExitStack() as files:
        for lock in folder.rglob("*.lock"):
            fcntl.lockf(files.enter_context(lock.open("r+")), fcntl.LOCK_EX)
        yield


def test_a_producer_that_is_never_built_to_the_end_ends_the_process_with_a_sentence(
    rig: Rig, own_temp: Path
) -> None:
    rig.create_stream()
    market = rig.start_market()
    ingester = rig.start_ingester(settings(rig, own_temp, rig.kinesis.endpoint, market.address))
    ingester.waits_for_trades(more_than=100)
    assert wait_until(lambda: len(list(own_temp.rglob("*.lock"))) > 0, rigs.SECONDS)
    with held_locks(own_temp):
        freeze_daemon(ingester, own_temp)
        ended = rig.end_of(ingester.child)
    assert_told(ended)
    (sentence,) = [line for line in ended.err.splitlines() if "stopped: publisher stuck" in line]
    assert f"seconds={STUCK_SECONDS}" in sentence
    assert "the KPL does not return" in sentence
    assert market.openings() == 1
    market.child.stop(10)
    assert_published_at_next_start(rig, own_temp, rig.kinesis.endpoint)
