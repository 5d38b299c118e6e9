"""Reads the market's own log: one JSON object a line for each frame sent, and some for events."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path


def read(path: Path) -> Counter[bytes]:
    """Returns how often each frame was sent, over all connections."""
    sent: Counter[bytes] = Counter()
    with path.open("rb") as file:
        for line in file:
            frame = json.loads(line).get("frame")
            if frame is not None:
                sent[frame.encode()] += 1
    return sent
