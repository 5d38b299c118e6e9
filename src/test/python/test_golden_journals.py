"""What golden journals say, recomputed by docs/JOURNAL.md and docs/RECORDS.md.

For each version of the format `src/test/resources/journals` keeps a journal that the first code of
that version wrote, and what must be read out of it by every later one. The ingester's tests compare
with the same files (GoldenJournalTest).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import expected
import journal_file
import reference_conf
import sessions
from identity import Identity
from surroundings import ROOT

GOLDEN = sorted((ROOT / "src/test/resources/journals").iterdir())


def ndjson(rows: list[dict[str, Any]]) -> str:
    return "".join(
        json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows
    )


@pytest.fixture(params=GOLDEN, ids=lambda folder: folder.name)
def golden(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


def entries_of(golden: Path) -> list[journal_file.Entry]:
    journal = journal_file.read(golden / "journal")
    entries = list(journal.entries())
    assert journal.damage == journal_file.Damage()
    return entries


def test_its_export_is_its_frames(golden: Path) -> None:
    exported = [
        {"received_at": entry.received_at, "frame": entry.payload.decode()}
        for entry in entries_of(golden)
        if entry.type == journal_file.FRAME
    ]
    assert (golden / "export.ndjson").read_text() == ndjson(exported)


def test_its_gaps_lie_between_its_sessions(golden: Path) -> None:
    entries = entries_of(golden)
    gaps = [
        {"reason": gap.reason, "from_position": gap.begin, "to_position": gap.end}
        for gap in sessions.gaps_of(sessions.sessions_of(entries), [])
    ]
    assert (golden / "gaps.ndjson").read_text() == ndjson(gaps)


def test_its_trades_have_the_ids_that_they_were_published_with(golden: Path) -> None:
    identities = Identity("finnhub", reference_conf.read().venues)
    bases = [segment.base for segment in journal_file.read(golden / "journal").segments]
    published = [
        {"position": entry.position, "trade_ids": [trade_id for trade_id, _, _ in lines]}
        for entry, lines in expected.lines_of(identities, bases, entries_of(golden))
        if lines
    ]
    assert (golden / "published.ndjson").read_text() == ndjson(published)
    counts = identities.counts
    assert min(counts.redelivered_frames, counts.rejected.total(), counts.broken_messages) > 0


def test_its_checkpoint_needs_two_segments_before_its_own(golden: Path) -> None:
    checkpoint = journal_file.read_checkpoint(golden / "journal")
    assert checkpoint
    entries = entries_of(golden)
    bases = sorted({entry.segment for entry in entries})
    own = max(base for base in bases if base <= checkpoint)
    assert bases.index(own) > 2
    assert entries[-1].position > checkpoint
