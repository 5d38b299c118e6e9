"""Faults begin and end in their time, wait for whom they are to hit, and are recovered from."""

from __future__ import annotations

from injections import Injections
from schedule import Planned


class Fault:
    """Notes what is done to it."""

    def __init__(self, effects: int = 1, *, is_possible: bool = True, is_done: bool = True) -> None:
        self.effects = effects
        self.is_possible = is_possible
        self.is_done = is_done
        self.calls: list[str] = []
        self.late_effects = 0

    def begin(self, seconds: float) -> None:
        self.calls.append(f"begin {seconds:g}")

    def turn(self) -> None:
        self.calls.append("turn")

    def end(self) -> None:
        self.calls.append("end")

    def look_back(self) -> None:
        self.effects = self.effects or self.late_effects


class Wall:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def injections(faults: dict[str, Fault], *plan: Planned, wall: Wall | None = None) -> Injections:
    return Injections(plan, faults.__getitem__, wall or Wall())


def test_a_fault_begins_goes_on_and_ends_in_its_time() -> None:
    fault = Fault()
    under_test = injections({"kind": fault}, Planned(5, 2, "kind"))
    for now in (4.9, 5.0, 6.0, 7.0, 8.0):
        under_test.turn(now)
    assert fault.calls == ["begin 2", "turn", "turn", "turn", "end"]


def test_a_fault_is_put_off_while_nobody_is_there_for_it_and_then_lasts_as_long() -> None:
    fault = Fault(is_possible=False)
    under_test = injections({"kind": fault}, Planned(5, 2, "kind"))
    under_test.turn(6)
    assert fault.calls == []
    assert under_test.is_waiting
    fault.is_possible = True
    under_test.turn(20)
    under_test.turn(21.9)
    assert fault.calls == ["begin 2", "turn", "turn"]
    under_test.turn(22)
    assert fault.calls[-1] == "end"
    assert not under_test.is_waiting


def test_a_fault_is_not_put_off_for_ever() -> None:
    fault = Fault(0, is_possible=False)
    under_test = injections({"kind": fault}, Planned(5, 2, "kind"))
    under_test.turn(64.9)
    assert under_test.is_waiting
    under_test.turn(65)
    assert not under_test.is_waiting
    under_test.end_all()
    assert "fault without effect: kind=kind count=1" in under_test.problems()


def test_a_fault_that_never_began_is_one_without_effect() -> None:
    under_test = injections({"kind": Fault(is_possible=False)}, Planned(5, 2, "kind"))
    under_test.turn(6)
    assert under_test.by_kind() == [
        {"kind": "kind", "count": 0, "effect": 0, "worst_recovery_seconds": None}
    ]
    assert under_test.problems() == ["fault without effect: kind=kind count=0"]


def test_a_fault_that_nobody_has_met_lasts_longer() -> None:
    fault = Fault(0, is_done=False)
    under_test = injections({"kind": fault}, Planned(5, 2, "kind"))
    under_test.turn(5)
    under_test.turn(36)
    assert "end" not in fault.calls
    fault.effects = 1
    under_test.turn(36.1)
    assert fault.calls[-1] == "end"


def test_it_does_not_last_longer_than_that() -> None:
    fault = Fault(0, is_done=False)
    under_test = injections({"kind": fault}, Planned(5, 2, "kind"))
    under_test.turn(5)
    under_test.turn(37)
    assert fault.calls[-1] == "end"


def test_at_the_end_of_play_all_end_once() -> None:
    faults = {"one": Fault(), "other": Fault()}
    under_test = injections(faults, Planned(1, 1, "one"), Planned(1, 9, "other"))
    under_test.turn(1)
    under_test.turn(2)
    under_test.end_all()
    assert [fault.calls.count("end") for fault in faults.values()] == [1, 1]


def test_recovered_is_when_a_trade_received_after_the_end_is_stored() -> None:
    wall = Wall()
    under_test = injections({"kind": Fault()}, Planned(1, 1, "kind"), wall=wall)
    under_test.turn(1)
    under_test.note_stored(wall.now + 60)
    assert not under_test.is_recovered  # it lasts still
    wall.now += 1
    under_test.turn(2)
    wall.now += 3
    under_test.note_stored(1001.0)
    assert not under_test.is_recovered
    assert "not recovered: kind=kind" in under_test.problems()
    under_test.note_stored(1001.1)
    assert under_test.is_recovered
    assert under_test.by_kind()[0]["worst_recovery_seconds"] == 3.0
    assert under_test.problems() == []


def test_of_several_of_a_kind_the_worst_recovery_is_told() -> None:
    wall = Wall()
    under_test = injections(
        {"kind": Fault(2)}, Planned(1, 1, "kind"), Planned(10, 1, "kind"), wall=wall
    )
    for now, recovers_after in ((1, 2.0), (10, 7.0)):
        under_test.turn(now)
        under_test.turn(now + 1)
        ended_at = wall.now
        wall.now += recovers_after
        under_test.note_stored(ended_at + 0.5)
    assert under_test.by_kind() == [
        {"kind": "kind", "count": 2, "effect": 4, "worst_recovery_seconds": 7.0}
    ]


def test_time_of_overlapping_faults_counts_once() -> None:
    wall = Wall()
    under_test = injections(
        {"one": Fault(), "other": Fault(), "last": Fault()},
        Planned(1, 10, "one"),
        Planned(5, 2, "other"),
        Planned(100, 5, "last"),
        wall=wall,
    )
    for now in range(111):
        wall.now = 1000.0 + now
        under_test.turn(now)
        if now in (7, 20, 110):
            under_test.note_stored(wall.now)
    # The first from 1 to 20, the second within it, the last from 100 to 110.
    assert under_test.disturbed_seconds() == 19 + 10


def test_an_effect_that_shows_late_counts() -> None:
    fault = Fault(effects=0)
    fault.late_effects = 2
    found = injections({"kill": fault}, Planned(0, 2, "kill"))
    found.turn(0)
    found.turn(3)
    assert found.by_kind()[0]["effect"] == 0
    found.note_stored(2000.0)
    assert found.by_kind()[0]["effect"] == 2
    assert found.problems() == []
