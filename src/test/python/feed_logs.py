"""Writes logs of what a feed proxy delivered, in the form of scripts/chaos/feed_log.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from market_log import Connection

OPENED_AT = 1_721_555_880_000


def connection(number: int, frames: list[str] | list[bytes], **members: Any) -> Connection:
    """Returns a connection opened at second `number`, that was sent a frame every 10 ms then."""
    opened_at = OPENED_AT + number * 1000
    payloads = [f.encode() if isinstance(f, str) else f for f in frames]
    sent_at = [opened_at + 10 * (at + 1) for at in range(len(payloads))]
    return Connection(number, opened_at, payloads, sent_at, **members)


def write(path: Path, connections: list[Connection], closed: bool = True) -> Path:
    """Writes a log of these connections, each closed when it was sent its last frame."""
    lines: list[dict[str, Any]] = []
    for sent in connections:
        line = {"connection": sent.number}
        lines.append(line | {"at": sent.opened_at, "event": "opened", "key": "k", "open": 1})
        injected = line | {"sent_at": sent.opened_at, "injected": "oversized", "length": 1048577}
        for at, (frame, sent_at) in enumerate(zip(sent.frames, sent.sent_at, strict=True)):
            if at == sent.first_injected:
                lines.append(injected)
            lines.append(line | {"sent_at": sent_at, "frame": frame.decode()})
        if sent.first_injected == len(sent.frames):
            lines.append(injected)
        last = sent.sent_at[-1] if sent.sent_at else sent.opened_at
        if closed:
            lines.append(line | {"at": last, "event": "closed", "reason": "", "code": sent.code})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path
