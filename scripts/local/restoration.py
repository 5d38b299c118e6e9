"""Which lines a journal would have become had its bytes not been damaged on purpose.

Frames that the log says were sent are put back where, and only where, damage explains that they are
missing. Ids are computed over the whole session then: what follows may have other ordinals.

When they were received is not known, and may not be asked of the log: the ingester's clock may step
by an hour. So a restored line is compared without its time. Everything else in it must be right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import identity
from alignment import Run, entry_length
from damage_log import Damage
from expected import Expected, Lines, lines_of, timeless
from journal_file import FRAME, Entry
from market_log import Connection
from receipt import Receipt
from reference_conf import RecordSettings
from sessions import Session


def restore(
    expected: Expected, receipt: Receipt, damages: Sequence[Damage], settings: RecordSettings
) -> None:
    """Adds the lines of what is put back, and of what follows it in its session."""
    if not damages:
        return
    before: Session | None = None
    for session, connection, found in receipt.fits:
        if found.broken_at is not None:
            before = session or before
            continue
        before = session or before
        if before is None:
            continue
        tail = _tail(before, connection.frames[found.end :], damages)
        runs = [*found.skipped]
        if tail:
            held = len(session.frames) if session else 0
            runs.append(Run(found.end, found.end + tail, held))
        if runs:
            entries = list(_with(session, before, connection, runs))
            identities = identity.Identity(expected.feed, settings.venues)
            _add(expected, entries, identities)


def _tail(session: Session, missing: Sequence[bytes], damages: Sequence[Damage]) -> int:
    """Returns how many frames were cut off after a session's last entry.

    A tail that is cut off is written over by the next session; so nothing of the journal shows it.
    What stood there began at the session's end, and reached to where the damage begins, or beyond.
    """
    if not missing:
        return 0
    reach = max(entry_length(missing[0]), entry_length(session.entries[0].payload))
    end = max(
        (
            damage.end
            for damage in damages
            if session.entries[-1].last_byte < damage.begin < session.end + reach
        ),
        default=0,
    )
    position, count = session.end, 0
    while count < len(missing) and position < end:
        position += entry_length(missing[count])
        count += 1
    return count


def _with(
    session: Session | None, before: Session, connection: Connection, runs: Sequence[Run]
) -> Iterator[tuple[Entry, bool]]:
    """Yields the entries of a session with what is put back, and whether they are."""
    frames = 0
    last = before.entries[0] if session else before.entries[-1]
    left = list(runs)
    for entry in session.entries if session else []:
        while left and entry.type == FRAME and left[0].frames_before == frames:
            yield from _put_back(left.pop(0), connection, last)
        yield entry, False
        frames += entry.type == FRAME
        last = entry
    for run in left:
        yield from _put_back(run, connection, last)


def _put_back(run: Run, connection: Connection, last: Entry) -> Iterator[tuple[Entry, bool]]:
    number = last.session
    for at in range(run.begin, run.end):
        payload, sent_at = connection.frames[at], connection.sent_at[at]
        yield (
            Entry(last.segment, last.end, FRAME, last.keeps_redelivered, number, sent_at, payload),
            True,
        )


def _add(
    expected: Expected, entries: Sequence[tuple[Entry, bool]], identities: identity.Identity
) -> None:
    restored: Lines = expected.restored
    published = lines_of(identities, expected.bases, (entry for entry, _ in entries))
    for (_, is_restored), (_, lines) in zip(entries, published, strict=True):
        for trade_id, symbol, line in lines:
            if is_restored or line not in expected.lines.get(trade_id, ("", set()))[1]:
                restored.setdefault(trade_id, (symbol, set()))[1].add(timeless(line))
