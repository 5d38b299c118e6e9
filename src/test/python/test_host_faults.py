"""What faults of the host do, and that they count only what was really met."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import chaos
import commands
import disk_faults
import ingester_clock
import journal_bytes
import journal_faults
import journal_file
from host import LogSince
from ingester_clock import IngesterClock
from journal_disk import JournalDisk
from journal_faults import Damaged
from second_instance import SecondInstance

PATH = "path=/x/data/local/journal/checkpoint"


class FakeChild:
    """A process that ends when the test says so."""

    pid = 2**22 + 1  # more than a process id can be
    name = "ingester"

    def __init__(self, folder: Path, name: str = "ingester") -> None:
        self.err = folder / f"{name}.log"
        self.err.touch()
        self.code: int | None = None

    def exit_code(self) -> int | None:
        return self.code

    def wait(self, _seconds: float) -> int | None:
        return self.code

    def kill(self) -> int:
        self.code = 137
        return self.code

    def tells(self, text: str) -> None:
        with self.err.open("a") as file:
            file.write(text + "\n")


class FakeHost:
    """A host whose disk and clock are not harmed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ingester = FakeChild(folder)
        self.crashed = False
        self.disk: Any = FakeDisk(folder)
        self.problems: list[str] = []
        self.keys = folder / "keys"
        self.keys.mkdir()
        self.held = 0
        self.seconds: list[FakeChild] = []

    def hold(self, _name: str, *, down: bool) -> None:
        self.held += 1 if down else -1

    def move_clock(self, _seconds: int) -> Callable[[], None]:
        return lambda: None

    def start_second(self, *, shares_data: bool) -> FakeChild:
        self.seconds.append(FakeChild(self.folder, f"second-{len(self.seconds)}-{shares_data}"))
        return self.seconds[-1]


class FakeDisk:
    """A disk that stays well."""

    def __init__(self, folder: Path) -> None:
        self.writable = folder

    def fill(self, leave: int) -> None: ...

    def empty(self) -> None: ...


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(commands, "DAMAGE_LOG", tmp_path / "damage.ndjson")
    return FakeHost(tmp_path)


def stopped(cause: str) -> str:
    return f"12:00:00.000 ERROR [main] Run stopped: checkpoint cannot be written: {PATH} {cause}"


@pytest.mark.parametrize(
    ("code", "told", "effects"),
    [
        (4, stopped("cause=No space left on device (check free space)"), 1),
        (3, f"journal cannot be opened: {PATH} cause=No space left on device", 1),
        (4, stopped("cause=Input/output error"), 0),
        (4, "stopped with unacknowledged data: bytes=7", 0),
        (137, stopped("cause=No space left on device"), 0),
        (0, "", 0),
    ],
)
def test_a_full_disk_is_met_if_the_ingester_ends_and_says_why(
    host: Any, code: int, told: str, effects: int
) -> None:
    host.ingester.tells(stopped("cause=No space left on device"))  # of an earlier fault
    fault = disk_faults.DiskFull(host, random.Random(1))
    fault.begin(2)
    fault.turn()
    assert fault.effects == 0
    host.ingester.tells(told)
    host.ingester.code = code
    fault.turn()
    fault.turn()
    assert fault.effects == effects
    assert not fault.is_done


def test_each_ingester_that_meets_a_full_disk_counts(host: Any) -> None:
    fault = disk_faults.DiskFull(host, random.Random(1))
    fault.begin(2)
    for _ in range(3):
        host.ingester.tells(stopped("cause=No space left on device"))
        host.ingester.code = 4
        fault.turn()
        host.ingester = FakeChild(host.folder)
        fault.turn()
    assert fault.effects == 3


def journal(folder: Path) -> Path:
    frames = [[journal_bytes.frame(f"message {i} of {j}") for i in range(40)] for j in range(5)]
    return journal_bytes.write(folder, frames)


def contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.jrn")))


@pytest.mark.parametrize("seed", range(30))
def test_a_flipped_bit_costs_the_one_entry_that_is_told(
    host: Any, tmp_path: Path, seed: int
) -> None:
    folder = journal(tmp_path / "journal")
    before = contents(folder)
    newest = journal_faults._newest(folder)
    damaged = journal_faults.FlipBit(host, random.Random(seed))._damage(folder, newest)
    assert damaged is not None
    assert sum(bin(a ^ b).count("1") for a, b in zip(before, contents(folder), strict=True)) == 1
    after = {entry.position for entry in journal_file.read(folder).entries()}
    gone = [entry.position for entry in newest if entry.position not in after]
    assert gone == [damaged.begin]
    assert damaged.segment == f"{damaged.begin // journal_bytes.SEGMENT_LENGTH * 65536:020}.jrn"
    assert damaged.end - damaged.begin in range(32, 64)


@pytest.mark.parametrize("seed", range(30))
def test_a_cut_tail_costs_only_what_is_told(host: Any, tmp_path: Path, seed: int) -> None:
    folder = journal(tmp_path / "journal")
    entries = list(journal_file.read(folder).entries())
    newest = journal_faults._newest(folder)
    damaged = journal_faults.CutTail(host, random.Random(seed))._damage(folder, newest)
    assert damaged is not None
    after = {entry.position for entry in journal_file.read(folder).entries()}
    gone = [entry for entry in entries if entry.position not in after]
    assert gone
    for entry in gone:
        end = entry.position + 32 + len(entry.payload)
        assert damaged.begin < end <= damaged.end
    path = folder / damaged.segment
    assert int(path.stem) + path.stat().st_size == damaged.begin


def test_a_prepared_segment_is_not_damaged(host: Any, tmp_path: Path) -> None:
    folder = journal(tmp_path / "journal")
    prepared = folder / f"{5 * 65536:020}.jrn"
    prepared.write_bytes(bytes(65536))
    newest = journal_faults._newest(folder)
    damaged = journal_faults.CutTail(host, random.Random(1))._damage(folder, newest)
    assert damaged is not None
    assert damaged.segment == f"{4 * 65536:020}.jrn"
    assert prepared.read_bytes() == bytes(65536)


def test_only_what_an_ingester_reads_at_its_start_is_damaged(tmp_path: Path) -> None:
    folder = journal(tmp_path / "journal")
    assert {entry.segment for entry in journal_faults._newest(folder)} == {
        segment * 65536 for segment in range(5)
    }
    position = 3 * 65536 + 600
    checkpoint = bytearray(b"TAPECKP\0" + (1).to_bytes(4, "little") + bytes(4))
    checkpoint += position.to_bytes(8, "little")
    checksum = journal_file._crc32c(bytes(checkpoint[:12]), bytes(checkpoint[16:]))
    checkpoint[12:16] = checksum.to_bytes(4, "little")
    (folder / "checkpoint").write_bytes(checkpoint)
    assert {entry.segment for entry in journal_faults._newest(folder)} == {
        segment * 65536 for segment in range(1, 5)
    }


@pytest.mark.parametrize(
    ("told", "is_told"),
    [
        ("journal damaged, entries skipped position=1000 length=40 segment=x", True),
        ("journal damaged, entries skipped position=900 length=100 segment=x", False),
        ("journal damaged, entries skipped position=1040 length=100 segment=x", False),
        ("journal damaged, entries skipped position=900 length=101 segment=x", True),
        (f"journal entry torn segment=/x/{0:020}.jrn offset=1000 (recovered)", True),
        (f"journal entry torn segment=/x/{4096:020}.jrn offset=1000 (recovered)", False),
        (f"segment cut short segment=/x/{0:020}.jrn length=1000 expected=65536", True),
        (f"segment cut short segment=/x/{0:020}.jrn length=999 expected=65536", False),
        ("", False),
    ],
)
def test_damage_is_met_where_the_log_tells_of_its_place(told: str, is_told: bool) -> None:
    assert Damaged("x", 1000, 1040).is_told_in(told) is is_told


def test_damage_is_met_by_the_ingester_that_starts_after_it(host: Any) -> None:
    journal(host.folder)
    fault = journal_faults.FlipBit(host, random.Random(1))
    host.ingester.code = 137
    fault.begin(0)
    assert host.held == 1
    (line,) = commands.DAMAGE_LOG.read_text().splitlines()
    fault.turn()
    assert (host.held, fault.effects) == (0, 0)
    fault.end()
    position = json.loads(line)["from"]
    host.ingester.tells(f"journal damaged, entries skipped position={position} length=56 segment=x")
    fault._look_at = 0.0
    fault.look_back()
    assert (host.held, fault.effects) == (0, 1)


def test_a_log_is_read_from_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "log"
    none = LogSince(path)
    assert none.text() == ""
    path.write_text("old\n")
    since = LogSince(path)
    with path.open("a") as file:
        file.write("new\n")
    assert since.text() == "new\n"
    assert none.text() == "old\nnew\n"


def test_of_several_steps_of_the_clock_the_last_counts(tmp_path: Path) -> None:
    clock = IngesterClock(tmp_path / "library", tmp_path)
    file = Path(clock.variables["FAKETIME_TIMESTAMP_FILE"])
    assert file.read_text() == "+0\n"
    forward_back = clock.move(3600)
    assert file.read_text() == "+3600\n"
    back_back = clock.move(-3600)
    assert file.read_text() == "-3600\n"
    forward_back()
    assert file.read_text() == "-3600\n"
    back_back()
    assert file.read_text() == "+0\n"


def second(host: Any) -> tuple[SecondInstance, FakeChild]:
    (host.keys / "key.lock").write_text(f"{host.ingester.pid}\n")
    fault = SecondInstance(host, random.Random(1))
    assert fault.is_possible
    fault.begin(2)
    return fault, host.seconds[-1]


def test_a_second_instance_that_names_the_holder_is_the_effect(host: Any) -> None:
    fault, child = second(host)
    fault.turn()
    assert fault.effects == 0
    child.tells(f"api key is in use on this host: pid={host.ingester.pid} lock=/x")
    child.code = 3
    fault.turn()
    fault.end()
    assert (fault.effects, host.problems) == (1, [])


def test_a_second_instance_with_another_obstacle_tries_again(host: Any) -> None:
    fault, child = second(host)
    child.tells("kinesis cannot be reached and the journal is empty")
    child.code = 3
    fault.turn()
    assert fault.effects == 0
    fault.turn()
    assert len(host.seconds) == 2
    assert host.problems == []


def test_a_second_instance_that_runs_fails_the_run(host: Any) -> None:
    fault, child = second(host)
    child.tells("12:00:00.000 INFO  [main] Ingester started env=local stream=x")
    fault.turn()
    assert child.code == 137
    assert fault.effects == 0
    assert host.problems == [f"a second ingester ran beside the first: pid={child.pid}"]


def test_a_second_instance_that_ends_otherwise_fails_the_run(host: Any) -> None:
    fault, child = second(host)
    child.code = 0
    fault.turn()
    assert host.problems == ["a second ingester ended with 0 and not 3"]


def test_a_second_instance_is_let_alone_when_the_first_is_gone(host: Any) -> None:
    fault, child = second(host)
    host.ingester.code = 137
    child.tells("12:00:00.000 INFO  [main] Ingester started env=local stream=x")
    fault.turn()
    assert child.code == 137
    assert host.problems == []


def test_a_disk_that_is_not_mounted_is_the_folder(tmp_path: Path) -> None:
    disk = JournalDisk(tmp_path)
    assert disk.writable == tmp_path
    disk.close()
    assert list(tmp_path.iterdir()) == []


def test_kinds_that_cannot_be_had_are_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TAPESTREAM_OWN_MOUNTS", raising=False)
    monkeypatch.setattr(ingester_clock, "find_library", lambda: None)
    kinds = "clock-back,disk-full,kill-daemon,disk-read-only"
    monkeypatch.setattr(sys, "argv", ["chaos.py", "--faults", kinds])
    assert chaos.main() == 3
    assert capsys.readouterr().err.splitlines() == [
        "chaos: cannot be had here: clock-back: libfaketime is missing; "
        "apt-get install libfaketime, or leave them out",
        "chaos: cannot be had here: disk-full, disk-read-only: no mounts of our own; "
        "run scripts/chaos.sh as root, or allow user namespaces, or leave them out",
    ]
