"""Samples of an ingester as a soak takes them, a second apart."""

from __future__ import annotations

from samples import Phases, Sample

MIB = 1 << 20
BEGAN_AT = 1_000.0
PAYLOAD_LENGTH = 260
ENTRY_LENGTH = 296
"""32 of header, 4 of padding."""
FRAMES_A_SECOND = 1_000
TRADES_A_FRAME = 3
PHASES = Phases(
    normal=BEGAN_AT,
    outage=BEGAN_AT + 10,
    drain=BEGAN_AT + 130,
    live=BEGAN_AT + 150,
    end=BEGAN_AT + 160,
)


def sample(second: float, **changed: int) -> Sample:
    """What is seen so many seconds after the begin of a run in which all is well.

    Lengths and metrics can be changed; metrics by their names on the page.
    """
    frames = round(second * FRAMES_A_SECOND)
    drain = PHASES.drain - BEGAN_AT
    acknowledged = frames if second <= 10 or second >= 150 else 10 * FRAMES_A_SECOND
    if drain < second < 150:
        acknowledged = round(10 + (second - drain) * 7) * FRAMES_A_SECOND
    lengths = {
        "jvm": changed.pop("jvm", 300 * MIB),
        "daemon": changed.pop("daemon", 50 * MIB),
        "disk": changed.pop("disk", frames * ENTRY_LENGTH),
    }
    metrics = {
        "feed_frames_total": frames,
        "feed_payload_bytes_total": frames * PAYLOAD_LENGTH,
        "journal_append_position": frames * ENTRY_LENGTH,
        "journal_unacknowledged_bytes": (frames - acknowledged) * ENTRY_LENGTH,
        "kinesis_acknowledged_trades_total": acknowledged * TRADES_A_FRAME,
        "kinesis_producers_given_up_total": 1,
        "kinesis_producer_builds_total": 2,
        "kinesis_stalls_total": 0,
        "kinesis_daemon_losses_total": 0,
        "kinesis_retries_total": 0,
    }
    return Sample(BEGAN_AT + second, daemons=(7,), metrics=metrics | changed, **lengths)


def run() -> list[Sample]:
    """A run in which all is well: 120 s without an answer, 20 s of draining."""
    return [sample(second) for second in range(161)]
