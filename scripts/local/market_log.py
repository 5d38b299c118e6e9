"""Reads the market's own log of the frames it sent: one JSON object a line."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path


def read(path: Path) -> Counter[bytes]:
    """Returns how often each frame was sent, over all connections."""
    sent: Counter[bytes] = Counter()
    with path.open("rb") as file:
        for line in file:
            sent[json.loads(line)["frame"].encode()] += 1
    return sent
