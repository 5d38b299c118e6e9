"""What is done to the KPL's daemon, and that only a replacement of its own making counts."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import process_faults
from daemon_faults import CleanKplDirectory, DaemonGone, FreezeDaemon
from processes import Child, wait_until

# Starts a daemon whenever there is none, as the KPL does, if its program is there.
INGESTER = """
trap 'exit 0' TERM
while :; do "$1" 60 & wait $!; sleep 0.05; done 2>/dev/null
"""


class Host:
    """An ingester that starts daemons."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kpl = folder / "kpl"
        self.kpl.mkdir()
        self.unpack()
        self.ingester = self.start()

    def start(self) -> Child:
        return Child(
            "ingester",
            ["sh", "-c", INGESTER, "sh", self.program],
            environment=os.environ,
            directory=self.folder,
            out=self.folder / "out",
            err=self.folder / "err",
        )

    @property
    def program(self) -> Path:
        return self.kpl / "natives" / process_faults.DAEMON

    def unpack(self) -> None:
        self.program.parent.mkdir(exist_ok=True)
        shutil.copy(shutil.which("sleep") or "", self.program)

    def daemons(self) -> list[int]:
        return process_faults.descendants(
            self.ingester.pid, lambda words: process_faults.DAEMON in words[0]
        )


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Any]:
    host = Host(tmp_path)
    assert wait_until(lambda: bool(host.daemons()), 10)
    yield host
    host.ingester.kill()


def meets(fault: Any) -> bool:
    fault.turn()
    return bool(fault.effects)


def test_a_frozen_daemon_counts_when_the_ingester_has_replaced_it(host: Any) -> None:
    fault = FreezeDaemon(host, random.Random(1))
    assert fault.is_possible
    (frozen,) = host.daemons()
    fault.begin(2)
    assert wait_until(lambda: process_faults.state_of(frozen) == "T", 10)
    assert not meets(fault)
    os.kill(frozen, signal.SIGKILL)  # by the ingester
    assert wait_until(lambda: meets(fault), 10)


def test_a_frozen_daemon_that_another_fault_kills_does_not_count(host: Any) -> None:
    fault = FreezeDaemon(host, random.Random(1))
    (frozen,) = host.daemons()
    fault.begin(2)
    process_faults.kill(frozen)

    def next_is_frozen() -> bool:
        fault.turn()
        return any(process_faults.state_of(pid) == "T" for pid in host.daemons())

    assert wait_until(next_is_frozen, 10)
    assert fault.effects == 0


def test_a_new_ingester_gets_its_daemon_frozen_too(host: Any) -> None:
    fault = FreezeDaemon(host, random.Random(1))
    fault.begin(2)
    host.ingester.kill()
    host.ingester = host.start()

    def is_frozen() -> bool:
        fault.turn()
        return any(process_faults.state_of(pid) == "T" for pid in host.daemons())

    assert wait_until(is_frozen, 10)
    assert fault.effects == 0


def test_a_cleaned_folder_counts_when_daemon_and_files_are_there_again(host: Any) -> None:
    fault = CleanKplDirectory(host, random.Random(1))
    fault.begin(2)
    assert list(host.kpl.iterdir()) == []
    assert wait_until(lambda: host.daemons() == [], 10)
    assert not meets(fault)
    host.unpack()
    assert wait_until(lambda: meets(fault), 10)


def test_a_replacement_that_comes_late_counts(host: Any) -> None:
    fault = FreezeDaemon(host, random.Random(1))
    (frozen,) = host.daemons()
    fault.begin(2)
    fault.end()
    os.kill(frozen, signal.SIGKILL)  # by the ingester

    def shows() -> bool:
        fault.look_back()
        return bool(fault.effects)

    assert wait_until(shows, 10)
    (next_one,) = host.daemons()
    assert process_faults.state_of(next_one) != "T"


def test_each_daemon_that_appears_is_killed_and_counted(host: Any) -> None:
    fault = DaemonGone(host, random.Random(1))
    fault.begin(2)

    def three() -> bool:
        fault.turn()
        return fault.effects >= 3

    assert wait_until(three, 20)
    fault.end()
    assert wait_until(lambda: bool(host.daemons()), 10)
