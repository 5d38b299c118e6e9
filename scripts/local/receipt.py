"""What became of the frames that a log says were sent: of each connection the journal holds a
prefix, and what is missing at its end is in a gap."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import alignment
from alignment import Fit
from market_log import Connection, MarketLog
from sessions import CORRUPT, Gap, Session


@dataclass
class Receipt:
    """The journal's sessions beside the log's connections."""

    connections: int
    frames_sent: int
    frames_lost: int = 0
    """Frames that were sent and are not in the journal."""
    gap_seconds: float = 0.0
    """By the log's clock: from the last frame of a connection that is in the journal to the next
    connection that has a session; the last one to the end of the log."""
    broken: list[str] = field(default_factory=list)
    """Sessions that do not hold a prefix of what was sent."""
    uncovered: list[str] = field(default_factory=list)
    """Ends of connections that are missing, and must not be or are in no gap."""
    fits: list[tuple[Session | None, Connection, Fit]] = field(default_factory=list)
    """Each connection with its session, if it has one."""


def receive(sessions: Sequence[Session], gaps: Sequence[Gap], log: MarketLog) -> Receipt:
    """Compares a journal with a log."""
    receipt = Receipt(len(log.connections), sum(len(sent.frames) for sent in log.connections))
    indexes = alignment.align(sessions, log.connections)
    by_index: dict[int, Session] = {}
    for found, index in zip(sessions, indexes, strict=True):
        if index is None:
            receipt.broken.append(f"session without a connection session={found.number}")
        else:
            by_index[index] = found
    gap_begins = {gap.begin for gap in gaps if gap.reason != CORRUPT}
    session: Session | None = None
    for index, connection in enumerate(log.connections):
        session = by_index.get(index, session)
        fit = alignment.fit(session, connection) if session and index in by_index else Fit()
        receipt.fits.append((by_index.get(index), connection, fit))
        _judge(receipt, session is None or session.end in gap_begins)
    receipt.gap_seconds = _gap_seconds(receipt, log.ended_at)
    return receipt


def _judge(receipt: Receipt, is_covered: bool) -> None:
    """Notes what is wrong with the newest connection.

    One without a session is lost as a whole, in the gap after the session before it; before the
    first session, nothing was ever said to be there.
    """
    session, connection, found = receipt.fits[-1]
    where = f"connection={connection.number} session={session.number if session else 'none'}"
    missing = len(connection.frames) - found.end
    receipt.frames_lost += missing + sum(run.end - run.begin for run in found.skipped)
    if session and found.broken_at is not None:
        receipt.broken.append(f"{_wrong(session, connection, found)} {where}")
    elif missing and not is_covered:
        receipt.uncovered.append(f"in no gap {where} missing={missing}")
    elif missing and session and not alignment.may_lack_its_end(session, connection, found):
        receipt.uncovered.append(
            f"end missing of what was read to its end {where} missing={missing}"
            f' reason="{session.closed}"'
        )


def _wrong(session: Session, connection: Connection, found: Fit) -> str:
    """Says what is in the place of the frame that was sent."""
    at = found.broken_at or 0
    frame = session.frames[at]
    if frame in connection.frames[found.end :]:
        what = "frames missing before this one"
    elif frame in connection.frames:
        what = "frame once more, or out of order"
    else:
        what = "frame that was not sent"
    return f"{what} frame={at} length={len(frame)}"


def _gap_seconds(receipt: Receipt, ended_at: int) -> float:
    covered = [
        (connection.opened_at, connection.sent_at[found.end - 1])
        if found.end
        else (connection.opened_at, connection.opened_at)
        for session, connection, found in receipt.fits
        if session
    ]
    ends = itertools.pairwise([*covered, (ended_at, ended_at)])
    return sum(max(0, after[0] - before[1]) for before, after in ends) / 1000
