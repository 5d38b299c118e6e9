"""Reads which bytes of a journal were damaged on purpose: one JSON object a line.

    {"segment":"00000000000000000000.jrn","from":8192,"to":8193}

`from` and `to` are positions of the journal, `to` exclusive: those of a bit that was flipped, or of
a tail that was cut off.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Damage:
    """Damaged bytes, by position; the end is exclusive."""

    begin: int
    end: int


def read(path: Path | None) -> list[Damage]:
    """Returns what was damaged, nothing where there is no such file.

    Raises ValueError or KeyError where it is not such a log.
    """
    if path is None or not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [Damage(int(line["from"]), int(line["to"])) for line in lines]
