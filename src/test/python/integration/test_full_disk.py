"""A disk that fills up ends the ingester before a frame is lost, and says so."""

from __future__ import annotations

import signal

import pytest

import journal_file
import rig as rigs
from rig import Rig, on_its_own_mount

pytestmark = pytest.mark.integration

UNACKNOWLEDGED = 4

# The mount goes with its last process: what it held has to be copied before.
COPY_AT_THE_END = '"$@"; code=$?; cp -r data "$0"; exit $code'


def test_a_full_disk_ends_it_with_everything_kept(rig: Rig) -> None:
    rig.create_stream()
    market = rig.start_market("--capture", rigs.CRYPTO, "--loop", "--rate", "2000")
    kept = rig.folder / "kept"
    ingester = rig.start_ingester(
        {
            "feed.uri": market.address,
            "feed.max-message-length": "16 KiB",
            "journal.segment-length": "64 KiB",
        },
        before=(
            *on_its_own_mount("size=512k", rig.folder / "data"),
            *("sh", "-c", COPY_AT_THE_END, str(kept)),
        ),
    )
    ended = rig.end_of(ingester.child)
    assert ended.code == UNACKNOWLEDGED
    assert ended.left == []
    assert "No space left on device" in ended.err
    assert str(rig.journal.relative_to(rig.folder)) in ended.err
    assert "\tat " not in ended.err

    rig.journal = kept / "local/journal"
    entries = list(journal_file.read(rig.journal).entries())
    last = entries[-1]
    assert (last.type, last.payload) == (journal_file.SESSION_CLOSED, b"failed")
    frames = sum(entry.type == journal_file.FRAME for entry in entries)
    assert frames == ended.result()["frames"] > 100
    rig.assert_all_on_the_stream()

    again = rig.start_ingester(
        {
            "feed.uri": market.address,
            "feed.max-message-length": "16 KiB",
            "journal.segment-length": "64 KiB",
            "journal.directory": str(rig.journal),
        }
    )
    again.waits_for_health(lambda health: health["feed"] == "open" and health["frames"] > 100)
    market.child.stop(10)
    again.waits_for_health(lambda health: health["unacknowledged_bytes"] == 0)
    assert rig.signal(again.child, signal.SIGTERM).code == 128 + signal.SIGTERM
    assert rig.assert_all_on_the_stream()["sessions"] >= 2, "there is room: it goes on from there"
