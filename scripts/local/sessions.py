"""A journal's sessions, and the gaps between them, by docs/JOURNAL.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from damage_log import Damage
from journal_file import FRAME, SESSION_CLOSED, Entry, Hole

CORRUPT = "corrupt"
PROCESS_ENDED = "process ended"
ALIGNMENT = 8


@dataclass
class Session:
    """The entries of one session that are whole."""

    number: int
    entries: list[Entry] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    breaks: dict[int, int] = field(default_factory=dict)
    """Where bytes were damaged on purpose: how many frames lie before, and how many bytes."""

    @property
    def closed(self) -> str | None:
        """Reason for which it was closed; None where no entry says that it was."""
        last = self.entries[-1]
        return last.payload.decode(errors="replace") if last.type == SESSION_CLOSED else None

    @property
    def end(self) -> int:
        """Position after its last entry."""
        return self.entries[-1].end


@dataclass(frozen=True)
class Gap:
    """A stretch that the journal does not cover, by position; open where nothing follows yet."""

    begin: int
    end: int
    reason: str
    is_open: bool = False


def sessions_of(entries: Iterable[Entry]) -> list[Session]:
    """Returns the sessions in the order of the journal."""
    sessions: list[Session] = []
    for entry in entries:
        if not sessions or sessions[-1].number != entry.session:
            sessions.append(Session(entry.session))
        sessions[-1].entries.append(entry)
        if entry.type == FRAME:
            sessions[-1].frames.append(entry.payload)
    return sessions


def gaps_of(sessions: Sequence[Session], holes: Sequence[Hole], start: int = 0) -> list[Gap]:
    """Returns the gaps of a journal that nobody writes any more, and that begins at `start`."""
    gaps = []
    end = start
    reason: str | None = None
    for session in sessions:
        for entry in session.entries:
            if any(end <= hole.begin < entry.position for hole in holes):
                gaps.append(Gap(end, entry.position, CORRUPT))
            if reason is not None:
                gaps.append(Gap(end, entry.position, reason))
            end, reason = entry.end, None
        reason = session.closed or PROCESS_ENDED
    if reason is not None:
        gaps.append(Gap(end, end, reason, is_open=True))
    return gaps


def note_breaks(
    sessions: Sequence[Session], holes: Sequence[Hole], damages: Sequence[Damage]
) -> None:
    """Notes in each session where bytes were damaged on purpose.

    A tail that was cut off is the end of a session: nothing is missing at the next one's beginning.
    """
    if not damages:
        return
    end = 0
    for session in sessions:
        frames = 0
        for entry in session.entries:
            found = [damage for damage in damages if end <= damage.begin < entry.position]
            length = _hole_length(end, entry.position, holes, found)
            if entry is not session.entries[0]:
                lengths = [min(damage.end, entry.position) - damage.begin for damage in found]
                length = max(length, sum(lengths))
            if length:
                session.breaks[frames] = session.breaks.get(frames, 0) + length
            frames += entry.type == FRAME
            end = entry.last_byte + 1


def is_explained(hole: Hole, damages: Sequence[Damage]) -> bool:
    """Tells whether a hole is where bytes were damaged on purpose.

    An entry is a hole as a whole, wherever in it the damage begins; or in the padding before it.
    """
    return any(hole.begin - ALIGNMENT < damage.begin < hole.end for damage in damages)


def _hole_length(begin: int, end: int, holes: Sequence[Hole], damages: Sequence[Damage]) -> int:
    return sum(
        hole.end - hole.begin
        for hole in holes
        if begin <= hole.begin < end and is_explained(hole, damages)
    )
