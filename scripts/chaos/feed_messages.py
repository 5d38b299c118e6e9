"""Messages of a feed: told apart, made and cut."""

from __future__ import annotations

import itertools
import json
import random
import re

MOST_PIECES = 4
"""One more where the middle of a character is added."""
BAD_UTF8_TEXT = b'{"type":"ping","text":"\xc3\x28"}'
_TRADES = re.compile(rb'"type"\s*:\s*"trade"')


def has_trades(payload: bytes) -> bool:
    """Returns whether a message of the market is one of trades."""
    return _TRADES.search(payload) is not None


def is_subscription(payload: bytes) -> bool:
    """Returns whether a message of a client subscribes a symbol."""
    try:
        message = json.loads(payload)
    except ValueError:
        return False
    return isinstance(message, dict) and message.get("type") == "subscribe"


def long_text(length: int) -> bytes:
    """Returns a message of this length, from 64 bytes, that a client can understand."""
    frame = b'{"type":"ping","text":"%s"}'
    return frame % (b"x" * (length - len(frame % b"")))


def pieces_of(payload: bytes, randomness: random.Random) -> list[bytes]:
    """Cuts at least once; in the middle of a character if there is one of several bytes."""
    most = min(MOST_PIECES, len(payload))
    cuts = set(randomness.sample(range(1, len(payload)), randomness.randint(1, most - 1)))
    if not payload.isascii():
        middles = [at for at in range(1, len(payload)) if payload[at] & 0xC0 == 0x80]
        if middles:
            cuts.add(randomness.choice(middles))
    borders = [0, *sorted(cuts), len(payload)]
    return [payload[begin:end] for begin, end in itertools.pairwise(borders)]
