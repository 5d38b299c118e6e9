"""Requests and answers of a feed's handshake, as far as the proxy looks into them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from feed_faults import Fault, Kind
from feed_log import hash_of


def key_hash_of(request: bytes) -> str:
    """Returns what stands for the key of a request."""
    target = request.split(b" ", 2)[1:2] or [b""]
    query = urlsplit(target[0].decode("latin-1")).query
    return hash_of(parse_qs(query).get("token", [""])[0])


def status_of(answer: bytes) -> int | None:
    """Returns the status of an answer; None if it is none."""
    status = answer.split(b" ", 2)[1:2]
    return int(status[0]) if status and status[0].isdigit() else None


def refusal(fault: Fault) -> bytes:
    """Returns the answer of HANDSHAKE_429 or HANDSHAKE_502."""
    reason = "429 Too Many Requests" if fault.kind is Kind.HANDSHAKE_429 else "502 Bad Gateway"
    lines = [f"HTTP/1.1 {reason}", "Content-Length: 0", "Connection: close"]
    if fault.retry_after is not None:
        lines.append(f"Retry-After: {fault.retry_after}")
    return "\r\n".join([*lines, "", ""]).encode()
