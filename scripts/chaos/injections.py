"""The faults of a run, from the schedule until the pipeline has recovered from each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from console import say
from fault_kinds import Injected
from schedule import Planned

PUT_OFF_SECONDS = 60.0
"""How long a fault may be put off, because others keep away those whom it is to hit."""
PROLONGED_SECONDS = 30.0
"""How much longer it may last, because others keep away those who are to meet it."""


@dataclass
class Running:
    """A fault that has begun."""

    planned: Planned
    fault: Injected
    over_at: float
    """When it is to end, in seconds of play."""
    begun_at: float
    """Wall time, as the two that follow."""
    ended_at: float | None = None
    """None while it lasts."""
    recovered_at: float | None = None
    """When a trade that was received after its end was stored."""

    @property
    def recovery(self) -> float | None:
        """Seconds from its end until the pipeline was whole again; None if it never was."""
        if self.ended_at is None or self.recovered_at is None:
            return None
        return round(self.recovered_at - self.ended_at, 1)


class Injections:
    """Begins, goes on with and ends faults when their time has come. Confined to one thread."""

    def __init__(
        self,
        plan: Sequence[Planned],
        fault_of: Callable[[str], Injected],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._waiting = list(plan)
        self._fault_of = fault_of
        self._wall = wall
        self._begun: list[Running] = []

    @property
    def is_waiting(self) -> bool:
        """Whether a fault has not begun yet."""
        return bool(self._waiting)

    @property
    def is_recovered(self) -> bool:
        """Whether the pipeline is whole again after each that has begun."""
        return all(running.recovered_at is not None for running in self._begun)

    def turn(self, now: float) -> None:
        """Does what is due at so many seconds of play."""
        for planned in [planned for planned in self._waiting if planned.begin <= now]:
            fault = self._fault_of(planned.kind)
            if fault.is_possible or now - planned.begin >= PUT_OFF_SECONDS:
                self._waiting.remove(planned)
                self._begin(planned, fault, now)
        for running in self._begun:
            if running.ended_at is None:
                running.fault.turn()
                if running.over_at <= now and not self._is_awaited(running, now):
                    self._end(running)

    def end_all(self) -> None:
        """Ends those that last still."""
        for running in self._begun:
            if running.ended_at is None:
                self._end(running)

    def note_stored(self, newest_received_at: float) -> None:
        """Takes note that a trade is stored that was received then, in wall time."""
        for running in self._begun:
            ended_at = running.ended_at
            if ended_at is None:
                continue
            running.fault.look_back()
            if running.recovered_at is not None:
                continue
            if newest_received_at > ended_at:
                running.recovered_at = self._wall()
                say(f"recovered from {running.planned.kind} after {running.recovery:g} s")

    def disturbed_seconds(self) -> float:
        """Returns for how long there was a fault, or a recovery from one, however many at once."""
        total, until = 0.0, 0.0
        for running in sorted(self._begun, key=lambda running: running.begun_at):
            over = running.recovered_at or self._wall()
            total += max(0.0, over - max(until, running.begun_at))
            until = max(until, over)
        return total

    def by_kind(self) -> list[dict[str, Any]]:
        """Returns, for each kind that was scheduled, how often it came and what came of it."""
        kinds: dict[str, list[Running]] = {planned.kind: [] for planned in self._waiting}
        for running in self._begun:
            kinds.setdefault(running.planned.kind, []).append(running)
        return [
            {
                "kind": kind,
                "count": len(found),
                "effect": sum(running.fault.effects for running in found),
                "worst_recovery_seconds": max(
                    (running.recovery for running in found if running.recovery is not None),
                    default=None,
                ),
            }
            for kind, found in sorted(kinds.items())
        ]

    def problems(self) -> list[str]:
        """Returns what is wrong with the faults: without effect, or not recovered from."""
        without = [
            f"fault without effect: kind={found['kind']} count={found['count']}"
            for found in self.by_kind()
            if found["effect"] == 0
        ]
        return without + [
            f"not recovered: kind={running.planned.kind}"
            for running in self._begun
            if running.recovered_at is None
        ]

    def _begin(self, planned: Planned, fault: Injected, now: float) -> None:
        say(f"fault    {planned.kind} for {planned.seconds:g} s")
        self._begun.append(Running(planned, fault, now + planned.seconds, self._wall()))
        fault.begin(planned.seconds)

    def _is_awaited(self, running: Running, now: float) -> bool:
        """Tells whether it goes on, since nobody has met it yet."""
        may_last = now - running.over_at < PROLONGED_SECONDS
        return may_last and running.fault.effects == 0 and not running.fault.is_done

    def _end(self, running: Running) -> None:
        running.fault.end()
        running.ended_at = self._wall()
        say(f"over     {running.planned.kind}: effects {running.fault.effects}")
