"""The arithmetic of a load test's cost, on a /proc that is made here."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import process_cpu
from process_cpu import Cost, Watch

TICKS = process_cpu.TICKS_PER_SECOND


def _stat(name: str, user: float, system: float) -> str:
    fields = ["S", *["0"] * 10, str(int(user * TICKS)), str(int(system * TICKS)), *["0"] * 30]
    return f"1 ({name}) {' '.join(fields)}\n"


def _put_thread(process: Path, number: str, name: str, seconds: float, children: str = "") -> None:
    task = process / "task" / number
    task.mkdir(parents=True, exist_ok=True)
    (task / "stat").write_text(_stat(name, seconds, 0))
    (task / "children").write_text(children)


def _put_process(proc: Path, pid: str, name: str, seconds: float, anonymous_kib: int) -> Path:
    process = proc / pid
    process.mkdir(exist_ok=True)
    (process / "stat").write_text(_stat(name, seconds, 0))
    (process / "status").write_text(f"Name:\t{name}\nVmRSS:\t9 kB\nRssAnon:\t{anonymous_kib} kB\n")
    return process


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Returns a /proc with an ingester, 7, and its daemon, 8."""
    process = _put_process(tmp_path, "7", "java", 10, 1000)
    _put_thread(process, "7", "java", 1)
    _put_thread(process, "71", "publisher", 4, children="8 9")
    _put_thread(process, "72", "C2 CompilerThre", 2)
    _put_thread(process, "73", "kpl-daemon-0001", 3)
    _put_process(tmp_path, "8", "kinesis_produce", 5, 300)
    _put_process(tmp_path, "9", "another", 100, 100_000)
    return tmp_path


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has each sample taken ten seconds after the one before it, from 100 on."""
    times = itertools.count(100.0, 10.0)
    monkeypatch.setattr("process_cpu.time.time", lambda: next(times))


@pytest.mark.usefixtures("clock")
def test_the_cost_is_that_of_jvm_and_daemon_apart_and_by_stage(proc: Path) -> None:
    watch = Watch(7, proc)
    watch.look()

    cost = watch.cost_at(100)

    assert cost == Cost(10, 5, {"other": 1, "publish": 4, "compile": 2, "kpl": 3})
    assert cost.total == 15
    assert watch.peak_anonymous_kib == {"jvm": 1000, "daemon": 300}


@pytest.mark.usefixtures("clock")
def test_between_two_samples_it_is_in_proportion_and_beyond_them_the_nearest(proc: Path) -> None:
    watch = Watch(7, proc)
    watch.look()
    _put_process(proc, "7", "java", 20, 500)
    _put_thread(proc / "7", "71", "publisher", 9, children="8")
    watch.look()

    half = watch.cost_at(105).since(watch.cost_at(100))

    assert half.jvm == pytest.approx(5)
    assert half.stages["publish"] == pytest.approx(2.5)
    assert half.stages["kpl"] == 0
    assert watch.cost_at(0).jvm == 10
    assert watch.cost_at(1000).jvm == 20
    assert watch.peak_anonymous_kib["jvm"] == 1000


@pytest.mark.usefixtures("clock")
def test_what_threads_and_daemons_have_cost_stays_when_they_have_ended(proc: Path) -> None:
    watch = Watch(7, proc)
    watch.look()
    for file in (proc / "7/task/73/stat", proc / "7/task/73/children", proc / "8/stat"):
        file.unlink()
    watch.look()

    assert watch.cost_at(110).stages["kpl"] == 3
    assert watch.cost_at(110).daemon == 5


def test_a_name_may_hold_anything() -> None:
    assert process_cpu.parse_stat(_stat("a) S 1 (b", 1.5, 0.25)) == ("a) S 1 (b", 1.75)


def test_a_process_that_is_gone_costs_nothing_more(tmp_path: Path) -> None:
    watch = Watch(7, tmp_path)
    watch.look()

    assert watch.cost_at(0) == Cost(0, 0)


@pytest.mark.parametrize(
    ("thread", "stage"),
    [
        ("feed", "receive"),
        ("publisher-watch", "other"),
        ("publisher", "publish"),
        ("G1 Conc#0", "gc"),
        ("GC Thread#1", "gc"),
        ("kpl-callback-po", "kpl"),
        ("java", "other"),
    ],
)
def test_a_thread_works_for_a_stage(thread: str, stage: str) -> None:
    assert process_cpu.stage_of(thread) == stage
