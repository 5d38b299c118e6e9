"""Reads the few settings that others depend on out of reference.conf, without a HOCON library."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PATH = Path(__file__).resolve().parents[2] / "src/main/resources/reference.conf"

_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
_UNITS = {"B": 1, "KiB": 1024, "MiB": 1024**2}


@dataclass(frozen=True)
class RecordSettings:
    """What lines and packs depend on."""

    venues: dict[str, str]
    """Asset class by the part of a symbol before its first colon."""
    buckets: int
    max_bytes: int


def read(path: Path = DEFAULT_PATH) -> RecordSettings:
    """Reads the defaults; raises ValueError where one of them is not found."""
    text = _COMMENT.sub("", path.read_text())
    block = _match(r"venues\s*\{(.*?)\}", text)
    venues = {
        prefix.strip().strip('"'): asset_class
        for asset_class, prefixes in re.findall(r"(\w+)\s*=\s*\[(.*?)\]", block, re.DOTALL)
        for prefix in prefixes.split(",")
    }
    buckets = int(_match(r"^\s*buckets\s*=\s*(\d+)", text))
    return RecordSettings(venues, buckets, _length(r"record\.max-bytes", text))


def segment_length(path: Path = DEFAULT_PATH) -> int:
    """Returns the default length of a journal's segment, bytes; raises as above."""
    return _length(r"segment-length", _COMMENT.sub("", path.read_text()))


def _length(name: str, text: str) -> int:
    number = _match(rf"^\s*{name}\s*=\s*(\d+)", text)
    unit = _match(rf"^\s*{name}\s*=\s*\d+\s*(\w+)", text)
    return int(number) * _UNITS[unit]


def _match(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.DOTALL if "{" in pattern else re.MULTILINE)
    if found is None:
        raise ValueError(f"setting not found in reference.conf: pattern={pattern}")
    return found.group(1).strip()
