"""Which session of the journal is which connection of the log: by order and by content.

Never by the ingester's clock, which may be wrong. Each session is of one connection, later ones of
later ones; a connection may have no session, if its client died before it could begin one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from journal_file import ENTRY_HEADER_LENGTH, aligned
from market_log import Connection
from sessions import Session

FINDING = 1000
"""What a frame that does not fit costs, against an end of which two accounts differ."""
NOBODYS = 1_000_000_000
"""What a session without a connection costs: there is always one, unless entries are made up."""


@dataclass(frozen=True)
class Run:
    """Frames of a connection that are not in the journal, from one index to another."""

    begin: int
    end: int
    frames_before: int
    """How many frames of the session lie before them."""


@dataclass
class Fit:
    """How far the frames of a session are those of a connection."""

    skipped: list[Run] = field(default_factory=list)
    """Frames that are missing where bytes were damaged on purpose."""
    end: int = 0
    """How many frames of the connection come before what is missing at its end."""
    broken_at: int | None = None
    """The first frame of the session that is not the one that was sent then; None: none."""


def entry_length(payload: bytes) -> int:
    """Returns how many bytes of a journal a frame takes."""
    return aligned(ENTRY_HEADER_LENGTH + len(payload))


def fit(session: Session, connection: Connection) -> Fit:
    """Compares frame by frame; only where bytes were damaged on purpose may some be left out."""
    found = Fit()
    borders = sorted({0, len(session.frames), *session.breaks})
    for begin, end in zip(borders, [*borders[1:], borders[-1]], strict=True):
        wanted = session.frames[begin:end]
        skipped = _skip(connection.frames, found.end, wanted, session.breaks.get(begin, 0))
        if skipped is None:
            same = _common(wanted, connection.frames[found.end : found.end + len(wanted)])
            found.broken_at = begin + same
            found.end += same
            return found
        if skipped:
            found.skipped.append(Run(found.end, found.end + skipped, begin))
        found.end += skipped + len(wanted)
    return found


def may_lack_its_end(session: Session, connection: Connection, found: Fit) -> bool:
    """Tells whether frames may be missing at the end of a connection.

    A session that the venue's close frame ended was read up to it. One that we ended because of a
    message that nobody may take was read up to that. Otherwise frames may have been on their way.
    """
    reason = session.closed or ""
    if reason.startswith("closed "):
        return False
    if reason.startswith("ended by us "):
        return connection.first_injected is not None and found.end >= connection.first_injected
    return True


def align(sessions: Sequence[Session], connections: Sequence[Connection]) -> list[int | None]:
    """Returns for each session the index of its connection; None where there is none."""
    sent = [frozenset(connection.frames) for connection in connections]
    best = [0] * (len(connections) + 1)
    rows: list[list[str]] = []
    for session in sessions:
        held = frozenset(session.frames)
        row = [best[0] + NOBODYS]
        steps = ["nobody's"]
        for at, connection in enumerate(connections):
            choices = {
                "match": best[at] + _cost(session, connection, len(held - sent[at])),
                "pass": row[at],
                "nobody's": best[at + 1] + NOBODYS,
            }
            step = min(choices, key=choices.__getitem__)
            row.append(choices[step])
            steps.append(step)
        best = row
        rows.append(steps)
    return _trace(rows, len(connections))


def _trace(rows: list[list[str]], connections: int) -> list[int | None]:
    found: list[int | None] = []
    at = connections
    for steps in reversed(rows):
        while steps[at] == "pass":
            at -= 1
        if steps[at] == "match":
            at -= 1
            found.append(at)
        else:
            found.append(None)
    return found[::-1]


def _cost(session: Session, connection: Connection, foreign: int) -> int:
    if foreign:
        return FINDING * (1 + foreign)
    found = fit(session, connection)
    is_wrong = found.broken_at is not None or (
        found.end < len(connection.frames) and not may_lack_its_end(session, connection, found)
    )
    return FINDING * is_wrong + (not _agree_on_the_end(session, connection))


def _agree_on_the_end(session: Session, connection: Connection) -> bool:
    reason, code = session.closed or "", connection.code
    return reason.startswith("closed ") == (
        code is not None and f"{reason} ".startswith(f"closed {code} ")
    )


def _skip(frames: Sequence[bytes], begin: int, wanted: Sequence[bytes], length: int) -> int | None:
    """Returns how many frames, in at most `length` bytes, come before those that are wanted.

    Where none is wanted any more, those that were there came last: as many as there was room for.
    """
    skipped = 0
    while not wanted or frames[begin + skipped : begin + skipped + len(wanted)] != wanted:
        at = begin + skipped
        length -= entry_length(frames[at]) if at < len(frames) else length + 1
        if length < 0:
            return None if wanted else skipped
        skipped += 1
    return skipped


def _common(first: Sequence[bytes], second: Sequence[bytes]) -> int:
    return next(
        (at for at, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]),
        min(len(first), len(second)),
    )
