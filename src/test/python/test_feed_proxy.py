"""What reaches a feed's client through the proxy, with faults and without; what is noted of it."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import market_log
from feed_faults import CLOSE_CODES, NO_CLOSE_FRAME, Effects, Fault, Handle, Kind
from feed_peers import ANSWER, KEY, REQUEST, SECONDS, Market, Peer, connect, conversation
from feed_proxy import FeedProxy
from feed_proxy_process import FeedProxyProcess
from proxy_process import ProxyError
from websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close_payload,
    encoded,
)

MASK = b"\x11\x22\x33\x44"
ONE, TWO, THREE = (
    b'{"data":[{"s":"AAPL","p":%d,"t":1680286538355,"v":1}],"type":"trade"}' % number
    for number in (1, 2, 3)
)
SUBSCRIBE = encoded(TEXT, b'{"type":"subscribe","symbol":"AAPL"}', mask=MASK)
KEY_HASH = hashlib.sha256(KEY.encode()).hexdigest()[:16]


@pytest.fixture
def market() -> Iterator[Market]:
    listening = Market()
    yield listening
    listening.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "feed.ndjson"


@pytest.fixture
def proxy(market: Market, log: Path) -> Iterator[FeedProxy]:
    with FeedProxy(market.url, log, random.Random(7)) as serving:
        yield serving


def lines_of(log: Path) -> list[dict[str, Any]]:
    """Returns the log without its times."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        assert line.pop("at", None) or line.pop("sent_at", None)
    return lines


def frames_of(log: Path) -> list[str]:
    return [line["frame"] for line in lines_of(log) if "frame" in line]


def pump(venue: Peer, client: Peer, payload: bytes = THREE) -> None:
    """Sends a message through, which comes as it is: all that came before has been dealt with."""
    venue.send(encoded(TEXT, payload))
    assert client.read(len(encoded(TEXT, payload))) == encoded(TEXT, payload)


def await_connections(handle: Handle, number: int) -> None:
    deadline = time.monotonic() + SECONDS
    while handle.effects.connections < number:
        assert time.monotonic() < deadline, "the fault has no effect"
        time.sleep(0)


def refused(client: Peer) -> bytes:
    client.send(REQUEST)
    return client.rest()


# Without a fault


def test_bytes_pass_unchanged_in_both_directions(market: Market, proxy: FeedProxy) -> None:
    downwards = b"".join(
        [
            *(encoded(TEXT, b"x" * length) for length in (0, 1, 125, 126, 65535, 65536)),
            encoded(TEXT, b"frag", is_final=False),
            encoded(PING, b"between"),
            encoded(CONTINUATION, b"ment"),
            encoded(BINARY, b"\x00\xff"),
            encoded(TEXT, b"not utf-8 \xc3\x28"),
            encoded(CLOSE, close_payload(1000)),
        ]
    )
    upwards = SUBSCRIBE + b"".join(
        encoded(opcode, b"y" * 70000 if opcode == TEXT else b"y", mask=MASK)
        for opcode in (TEXT, PONG, PING, CLOSE)
    )
    step = 4099
    with conversation(proxy.url, market) as (client, venue):
        for at in range(0, len(downwards), step):
            venue.send(downwards[at : at + step])
        client.send(upwards)
        assert client.read(len(downwards)) == downwards
        assert venue.read(len(upwards)) == upwards


def test_what_comes_together_with_the_handshake_passes(market: Market, proxy: FeedProxy) -> None:
    with connect(proxy.url) as client:
        client.send(REQUEST)
        with market.accept() as venue:
            venue.read_head()
            venue.send(ANSWER + encoded(TEXT, ONE))
            assert client.read(len(ANSWER)) == ANSWER
            assert client.read_frame().payload == ONE


def test_a_refusal_of_the_market_passes(market: Market, proxy: FeedProxy, log: Path) -> None:
    answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nno\n"
    with connect(proxy.url) as client:
        client.send(REQUEST)
        with market.accept() as venue:
            venue.read_head()
            venue.send(answer)
        assert client.rest() == answer
    proxy.close()
    assert lines_of(log) == [
        {
            "connection": 1,
            "event": "refused",
            "key": KEY_HASH,
            "open": 1,
            "by": "market",
            "status": 401,
        }
    ]


def test_the_end_of_either_side_reaches_the_other(
    market: Market, proxy: FeedProxy, log: Path
) -> None:
    part = encoded(TEXT, TWO)[:-1]
    with conversation(proxy.url, market) as (client, venue):
        venue.send(part)
        venue.close()
        assert client.rest() == part
    with conversation(proxy.url, market) as (client, venue):
        client.send(encoded(CLOSE, close_payload(1009), mask=MASK))
        venue.read_frame()
        client.close()
        assert venue.rest() == b""
    with conversation(proxy.url, market) as (client, venue):
        venue.send(encoded(CLOSE, close_payload(1001)))
        client.read_frame()
        client.close()
        assert venue.rest() == b""
    proxy.close()
    closed = [line for line in lines_of(log) if line.get("event") == "closed"]
    assert [(line["connection"], line["reason"], line["code"]) for line in closed] == [
        (1, "market", None),
        (2, "client", 1009),
        (3, "market", 1001),
    ]


def test_a_message_is_logged_once_it_was_delivered_whole(
    market: Market, proxy: FeedProxy, log: Path
) -> None:
    with conversation(proxy.url, market) as (client, venue):
        fragments = encoded(TEXT, ONE[:9], is_final=False) + encoded(CONTINUATION, ONE[9:])
        venue.send(fragments + encoded(TEXT, "Zürich €".encode()) + encoded(TEXT, b"\xc3\x28"))
        venue.send(encoded(TEXT, TWO, is_final=False))
        venue.close()
        client.rest()
    proxy.close()
    assert lines_of(log) == [
        {"connection": 1, "event": "opened", "key": KEY_HASH, "open": 1},
        {"connection": 1, "frame": ONE.decode()},
        {"connection": 1, "frame": "Zürich €"},
        {"connection": 1, "frame_base64": "wyg="},
        {"connection": 1, "event": "closed", "reason": "market", "code": None},
    ]
    assert KEY not in log.read_text()


def test_the_log_is_one_that_a_reader_of_the_markets_log_can_read(
    market: Market, proxy: FeedProxy, log: Path
) -> None:
    proxy.begin(Fault(Kind.BAD_UTF8))
    with conversation(proxy.url, market) as (client, venue):
        venue.send(encoded(TEXT, ONE) * 2)
        assert [client.read_frame().payload for _ in range(3)][1:] == [ONE, ONE]
    proxy.close()
    assert market_log.read(log).frames == {ONE: 2}


def test_sockets_of_a_key_are_counted_at_every_moment(market: Market, proxy: FeedProxy) -> None:
    for _ in range(20):
        with conversation(proxy.url, market) as (_, venue):
            pass
        venue.close()
    assert proxy.counts()["most_open"] == 1
    with conversation(proxy.url, market), conversation(proxy.url, market):
        assert proxy.counts()["keys"] == {KEY_HASH: {"open": 2, "most_open": 2}}
    with conversation(proxy.url, market):
        assert proxy.counts()["keys"] == {KEY_HASH: {"open": 1, "most_open": 2}}


def test_a_market_sees_the_end_of_a_connection_before_the_next_of_its_key(
    market: Market, proxy: FeedProxy
) -> None:
    for _ in range(20):
        with conversation(proxy.url, market) as (client, venue), connect(proxy.url) as other:
            client.send(encoded(TEXT, b"x" * 200_000, mask=MASK))
            client.close()
            other.send(REQUEST)
            with market.accept() as other_venue:
                assert other_venue.read_head() == REQUEST
                assert venue.has_ended()


# Faults that end a connection


def test_a_reset_comes_in_front_of_the_next_message(market: Market, proxy: FeedProxy) -> None:
    with conversation(proxy.url, market) as (client, venue):
        pump(venue, client)
        handle = proxy.begin(Fault(Kind.RST))
        assert handle.effects == Effects()
        venue.send(encoded(TEXT, ONE))
        with pytest.raises(ConnectionResetError):
            client.rest()
        assert venue.rest() == b""
    assert handle.effects == Effects(connections=1)


@pytest.mark.parametrize("code", CLOSE_CODES)
@pytest.mark.parametrize("mid_message", [False, True])
def test_a_close_is_one_frame_and_then_the_end(
    market: Market, proxy: FeedProxy, log: Path, code: int, mid_message: bool
) -> None:
    handle = proxy.begin(Fault(Kind.CLOSE, code=code, mid_message=mid_message))
    half = encoded(TEXT, ONE[: len(ONE) // 2], is_final=False) if mid_message else b""
    frame = b"" if code == NO_CLOSE_FRAME else b"\x88\x02" + code.to_bytes(2, "big")
    with conversation(proxy.url, market) as (client, venue):
        venue.send(encoded(TEXT, ONE))
        assert client.read(len(half + frame)) == half + frame
        if frame:
            assert not client.has_anything()  # the client's answer is waited for
            client.send(encoded(CLOSE, close_payload(code), mask=MASK))
        assert client.rest() == b""
        client.close()
        assert venue.rest() == b""  # the answer is for the proxy
    proxy.close()
    assert handle.effects == Effects(connections=1)
    assert frames_of(log) == []
    assert lines_of(log)[-1] == {
        "connection": 1,
        "event": "closed",
        "reason": "close",
        "code": code if frame else None,
    }


def test_a_reset_in_a_message_comes_after_half_of_it(market: Market, proxy: FeedProxy) -> None:
    handle = proxy.begin(Fault(Kind.RST, mid_message=True))
    with conversation(proxy.url, market) as (client, venue):
        venue.send(encoded(TEXT, ONE))
        with pytest.raises(ConnectionResetError):
            client.rest()
    assert handle.effects == Effects(connections=1)


def test_what_is_done_once_is_not_done_to_the_next_connection(
    market: Market, proxy: FeedProxy
) -> None:
    handle = proxy.begin(Fault(Kind.RST))
    with conversation(proxy.url, market) as (client, venue):
        venue.send(encoded(TEXT, ONE))
        with pytest.raises(ConnectionResetError):
            client.rest()
    with conversation(proxy.url, market) as (client, venue):
        pump(venue, client)
    assert handle.effects == Effects(connections=1)


def test_a_half_open_connection_is_silent_until_the_end_and_others_work(
    market: Market, proxy: FeedProxy, log: Path
) -> None:
    handle = proxy.begin(Fault(Kind.HALF_OPEN))
    with conversation(proxy.url, market) as (client, venue):
        venue.send(encoded(TEXT, ONE) + encoded(PING, b""))
        with conversation(proxy.url, market) as (other, other_venue):
            await_connections(handle, 1)
            venue.send(encoded(TEXT, TWO))
            client.send(SUBSCRIBE)
            venue.close()  # no FIN of it either
            pump(other_venue, other)
            assert not client.has_anything()
            handle.end()
            assert client.rest() == b""
    proxy.close()
    assert handle.effects == Effects(connections=1)
    assert {line.get("connection") for line in lines_of(log) if "frame" in line} == {2}


def test_nothing_of_a_client_reaches_the_market_on_a_half_open_connection(
    market: Market, proxy: FeedProxy
) -> None:
    handle = proxy.begin(Fault(Kind.HALF_OPEN))
    with conversation(proxy.url, market) as (client, venue):
        venue.send(encoded(TEXT, ONE))
        await_connections(handle, 1)
        client.send(SUBSCRIBE)
        handle.end()
        client.rest()
        client.close()
        assert venue.rest() == b""


# Faults of a handshake


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (
            Fault(Kind.HANDSHAKE_429),
            b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        ),
        (
            Fault(Kind.HANDSHAKE_429, retry_after=2),
            b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n"
            b"Retry-After: 2\r\n\r\n",
        ),
        (
            Fault(Kind.HANDSHAKE_502),
            b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        ),
    ],
)
def test_handshakes_are_refused_until_the_end(
    market: Market, proxy: FeedProxy, log: Path, fault: Fault, answer: bytes
) -> None:
    handle = proxy.begin(fault)
    for _ in range(2):
        with connect(proxy.url) as client:
            assert refused(client) == answer
    handle.end()
    with conversation(proxy.url, market) as (client, venue):
        pump(venue, client)
    proxy.close()
    assert handle.effects == Effects(connections=2)
    events = [(line["event"], line.get("by")) for line in lines_of(log) if "event" in line]
    assert events[:3] == [("refused", str(fault.kind))] * 2 + [("opened", None)]


def test_a_handshake_hangs_until_the_end(market: Market, proxy: FeedProxy) -> None:
    handle = proxy.begin(Fault(Kind.HANDSHAKE_HANG))
    with connect(proxy.url) as client:
        client.send(REQUEST)
        with connect(proxy.url) as other:
            other.send(REQUEST)
            await_connections(handle, 2)
            assert proxy.counts()["most_open"] == 2
        assert not client.has_anything()
        handle.end()
        assert client.rest() == b""


@pytest.mark.parametrize(
    "kind",
    [Kind.HANDSHAKE_429, Kind.HANDSHAKE_502, Kind.HANDSHAKE_HANG, Kind.RESEND_ON_SUBSCRIBE],
)
def test_an_open_connection_is_closed_first_where_that_is_asked(
    market: Market, proxy: FeedProxy, log: Path, kind: Kind
) -> None:
    with conversation(proxy.url, market) as (client, venue):
        pump(venue, client)
        handle = proxy.begin(Fault(kind, replace_open=True))
        venue.send(encoded(TEXT, ONE))
        assert client.rest() == b""
        client.close()
        venue.rest()
    proxy.close()
    assert handle.effects == Effects()  # closing it is not the fault
    assert lines_of(log)[-1]["reason"] == "replaced"


# Faults of messages


@pytest.mark.parametrize("seed", range(20))
def test_fragments_are_the_message_with_a_ping_between(
    market: Market, log: Path, seed: int
) -> None:
    text = '{"text":"Zürich, 100 €"}'.encode()
    with FeedProxy(market.url, log, random.Random(seed)) as proxy:
        handle = proxy.begin(Fault(Kind.FRAGMENT))
        with conversation(proxy.url, market) as (client, venue):
            venue.send(encoded(TEXT, text))
            frames = [client.read_frame()]
            while not frames[-1].is_final or frames[-1].is_control:
                frames.append(client.read_frame())
            (ping,) = (frame for frame in frames if frame.is_control)
            pieces = [frame for frame in frames if frame is not ping]
            client.send(encoded(PONG, b"another", mask=MASK))
            client.send(encoded(PONG, ping.payload, mask=MASK))
            client.send(SUBSCRIBE)
            assert venue.read_frame().payload == b"another"
            assert venue.read_frame().raw == SUBSCRIBE
        assert handle.effects == Effects(messages=1, pings=1, pongs=1)
    assert ping.opcode == PING
    assert 0 < frames.index(ping) < len(frames) - 1
    assert [piece.opcode for piece in pieces] == [TEXT] + [CONTINUATION] * (len(pieces) - 1)
    assert b"".join(piece.payload for piece in pieces) == text
    # one cut is in a character
    borders = itertools.accumulate(len(piece.payload) for piece in pieces[:-1])
    assert any(text[at] & 0xC0 == 0x80 for at in borders)
    assert frames_of(log) == [text.decode()]


@pytest.mark.parametrize("length", [0, 1])
def test_what_is_too_short_to_be_cut_is_not_counted(
    market: Market, proxy: FeedProxy, length: int
) -> None:
    handle = proxy.begin(Fault(Kind.FRAGMENT))
    with conversation(proxy.url, market) as (client, venue):
        pump(venue, client, b"x" * length)
    assert handle.effects == Effects()


def test_fragments_of_the_market_are_cut_anew(market: Market, proxy: FeedProxy, log: Path) -> None:
    proxy.begin(Fault(Kind.TRIPLE))
    whole = encoded(TEXT, ONE[:5], is_final=False) + encoded(CONTINUATION, ONE[5:])
    with conversation(proxy.url, market) as (client, venue):
        venue.send(encoded(TEXT, ONE[:5], is_final=False))
        venue.send(encoded(PING, b"p"))
        assert client.read(len(encoded(PING, b"p"))) == encoded(PING, b"p")
        venue.send(encoded(CONTINUATION, ONE[5:]))
        assert client.read(3 * len(whole)) == 3 * whole
    proxy.close()
    assert frames_of(log) == [ONE.decode()] * 3


def test_a_fault_that_begins_within_a_message_is_for_the_next(
    market: Market, proxy: FeedProxy
) -> None:
    first, second = encoded(TEXT, b"a", is_final=False), encoded(CONTINUATION, b"b")
    with conversation(proxy.url, market) as (client, venue):
        venue.send(first)
        assert client.read(len(first)) == first
        handle = proxy.begin(Fault(Kind.TRIPLE))
        proxy.begin(Fault(Kind.RST))
        venue.send(second)
        assert client.read(len(second)) == second
        venue.send(encoded(TEXT, ONE))
        with pytest.raises(ConnectionResetError):
            client.rest()
    assert handle.effects == Effects()


def test_each_message_is_delivered_three_times_and_logged_so(
    market: Market, proxy: FeedProxy, log: Path
) -> None:
    handle = proxy.begin(Fault(Kind.TRIPLE))
    stream = b"".join(encoded(TEXT, text) * 3 for text in (ONE, TWO)) + encoded(PING, b"")
    with conversation(proxy.url, market) as (client, venue):
        venue.send(encoded(TEXT, ONE) + encoded(TEXT, TWO) + encoded(PING, b""))
        assert client.read(len(stream)) == stream
        handle.end()
        pump(venue, client)
    proxy.close()
    assert handle.effects == Effects(messages=2)
    assert frames_of(log) == [text.decode() for text in (ONE, ONE, ONE, TWO, TWO, TWO, THREE)]


@pytest.mark.parametrize(
    ("fault", "head"),
    [
        (Fault(Kind.OVERSIZED), "81 7f 00 00 00 00 00 10 00 01"),
        (Fault(Kind.OVERSIZED, length=70_000), "81 7f 00 00 00 00 00 01 11 70"),
        (Fault(Kind.OVERSIZED, length=64), "81 40"),
    ],
)
def test_an_oversized_message_comes_once(
    market: Market, proxy: FeedProxy, log: Path, fault: Fault, head: str
) -> None:
    handle = proxy.begin(fault)
    with conversation(proxy.url, market) as (client, venue):
        venue.send(encoded(TEXT, ONE))
        assert client.read(len(bytes.fromhex(head))) == bytes.fromhex(head)
        assert json.loads(client.read(fault.length))["type"] == "ping"
        assert client.read_frame().payload == ONE
        pump(venue, client)
    counts = proxy.counts()
    proxy.close()
    assert handle.effects == Effects(messages=1)
    assert (counts["messages"], counts["injected"]) == (2, 1)
    assert {"connection": 1, "injected": "oversized", "length": fault.length} in lines_of(log)


def test_a_message_that_is_not_utf8_comes_once(market: Market, proxy: FeedProxy, log: Path) -> None:
    handle = proxy.begin(Fault(Kind.BAD_UTF8))
    with conversation(proxy.url, market) as (client, venue):
        venue.send(encoded(TEXT, ONE))
        frame = client.read_frame()
        assert client.read_frame().payload == ONE
    proxy.close()
    assert frame.opcode == TEXT
    assert b"\xc3\x28" in frame.payload
    assert handle.effects == Effects(messages=1)
    injected = {"connection": 1, "injected": "bad-utf8", "length": len(frame.payload)}
    assert injected in lines_of(log)
    assert frames_of(log) == [ONE.decode()]


def test_the_last_trades_come_again_after_a_subscription_of_a_new_connection(
    market: Market, proxy: FeedProxy, log: Path
) -> None:
    with conversation(proxy.url, market) as (client, venue):
        for text in (ONE, b'{"type":"ping"}', TWO, THREE):
            pump(venue, client, text)
        handle = proxy.begin(Fault(Kind.RESEND_ON_SUBSCRIBE, messages=2))
        client.send(SUBSCRIBE)
        venue.read_frame()
        pump(venue, client, b"the connection is an old one")
    with conversation(proxy.url, market) as (client, venue):
        pump(venue, client, b"there is no subscription yet")
        client.send(SUBSCRIBE)
        client.send(SUBSCRIBE)
        assert [venue.read_frame().raw for _ in range(2)] == [SUBSCRIBE] * 2
        venue.send(encoded(TEXT, b"next"))
        assert [client.read_frame().payload for _ in range(3)] == [TWO, THREE, b"next"]
        pump(venue, client, b"they came already")
    proxy.close()
    assert handle.effects == Effects(connections=1, messages=2)
    resent = [line for line in lines_of(log) if line.get("resent")]
    assert [line["frame"] for line in resent] == [TWO.decode(), THREE.decode()]


def test_without_a_trade_before_nothing_comes_again(market: Market, proxy: FeedProxy) -> None:
    handle = proxy.begin(Fault(Kind.RESEND_ON_SUBSCRIBE))
    with conversation(proxy.url, market) as (client, venue):
        client.send(SUBSCRIBE)
        venue.read_frame()
        pump(venue, client)
    assert not handle.effects.any


def test_bytes_trickle_until_the_end(market: Market, proxy: FeedProxy, log: Path) -> None:
    with conversation(proxy.url, market) as (client, venue):
        handle = proxy.begin(Fault(Kind.DELAY, bytes_per_second=10))
        venue.send(encoded(TEXT, ONE))
        assert client.read(1) == encoded(TEXT, ONE)[:1]
        assert proxy.counts()["messages"] == 0
        handle.end()
        assert client.read(len(encoded(TEXT, ONE)) - 1) == encoded(TEXT, ONE)[1:]
        pump(venue, client)
    proxy.close()
    assert handle.effects == Effects(messages=1)
    assert frames_of(log) == [ONE.decode(), THREE.decode()]


def test_bytes_that_trickle_are_all_there(market: Market, proxy: FeedProxy) -> None:
    handle = proxy.begin(Fault(Kind.DELAY, bytes_per_second=1_000_000))
    with conversation(proxy.url, market) as (client, venue):
        stream = b"".join(encoded(TEXT, text) for text in (ONE, TWO, THREE)) + encoded(PING, b"x")
        venue.send(stream)
        assert client.read(len(stream)) == stream
    assert handle.effects.messages >= 4


# Several faults, and the proxy's own end


def test_faults_overlap(market: Market, proxy: FeedProxy, log: Path) -> None:
    kinds = (Kind.TRIPLE, Kind.FRAGMENT, Kind.DELAY, Kind.OVERSIZED, Kind.BAD_UTF8)
    handles = {
        kind: proxy.begin(Fault(kind, length=64) if kind is Kind.OVERSIZED else Fault(kind))
        for kind in kinds
    }
    reset = proxy.begin(Fault(Kind.HANDSHAKE_502))
    with connect(proxy.url) as client:
        assert refused(client).startswith(b"HTTP/1.1 502")
    reset.end()
    with conversation(proxy.url, market) as (client, venue):
        venue.send(encoded(TEXT, ONE))
        assert len(client.read_frame().payload) == 64
        assert b"\xc3\x28" in client.read_frame().payload
        for _ in range(3):
            text = b""
            while not text.endswith(b'"trade"}'):
                frame = client.read_frame()
                text += b"" if frame.is_control else frame.payload
            assert text == ONE
        for handle in handles.values():
            handle.end()
        pump(venue, client)
        last = proxy.begin(Fault(Kind.CLOSE))
        venue.send(encoded(TEXT, TWO))
        assert client.rest() == b""
    proxy.close()
    assert all(handle.effects.any for handle in [*handles.values(), last])
    assert handles[Kind.FRAGMENT].effects.messages == 3
    assert frames_of(log) == [ONE.decode()] * 3 + [THREE.decode()]


def test_a_fault_that_ended_before_it_was_due_has_no_effect(
    market: Market, proxy: FeedProxy
) -> None:
    handle = proxy.begin(Fault(Kind.RST))
    handle.end()
    handle.end()
    with conversation(proxy.url, market) as (client, venue):
        pump(venue, client)
    assert not handle.effects.any


def test_closing_ends_what_is_there(market: Market, proxy: FeedProxy, log: Path) -> None:
    with conversation(proxy.url, market) as (client, venue):
        pump(venue, client)
        hanging = proxy.begin(Fault(Kind.HANDSHAKE_HANG))
        with connect(proxy.url) as other:
            other.send(REQUEST)
            await_connections(hanging, 1)
            proxy.close()
            proxy.close()
            assert (client.rest(), venue.rest(), other.rest()) == (b"", b"", b"")
    hanging.end()
    with pytest.raises(ConnectionRefusedError):
        connect(proxy.url)
    assert lines_of(log)[-1]["reason"] == "proxy"


def test_a_client_that_leaves_at_a_message_is_logged_what_it_took(
    market: Market, proxy: FeedProxy, log: Path
) -> None:
    sent = [b"%05d" % number + b"x" * 20_000 for number in range(500)]
    taken = 0
    with conversation(proxy.url, market) as (client, venue):
        try:
            for text in sent:
                venue.send(encoded(TEXT, text))
                if text == sent[100]:
                    while taken < 50:
                        client.read_frame()
                        taken += 1
                    client.close()
        except ConnectionError:
            pass
    proxy.close()
    logged = frames_of(log)
    assert taken <= len(logged) <= len(sent)
    assert logged == [text.decode() for text in sent[: len(logged)]]


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"kind": "no-such"},
        {"kind": "close", "code": 1000},
        {"kind": "rst", "code": 1001},
        {"kind": "triple", "mid_message": True},
        {"kind": "oversized", "length": 63},
        {"kind": "handshake-502", "retry_after": 1},
        {"kind": "handshake-429", "retry_after": -1},
        {"kind": "fragment", "replace_open": True},
        {"kind": "resend-on-subscribe", "messages": 0},
        {"kind": "resend-on-subscribe", "messages": 1001},
        {"kind": "delay", "bytes_per_second": 0},
        {"kind": "rst", "seconds": 1},
    ],
)
def test_what_is_no_fault_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Fault.from_json(members)


def test_a_fault_is_the_same_after_json() -> None:
    faults = [Fault(kind) for kind in Kind]
    assert [Fault.from_json(json.loads(json.dumps(fault.to_json()))) for fault in faults] == faults


@pytest.mark.parametrize("url", ["wss://127.0.0.1:1/", "http://127.0.0.1:1/", "ws:///"])
def test_what_is_no_market_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not a market"):
        FeedProxy(url)


def test_a_process_of_its_own_takes_commands(market: Market, log: Path) -> None:
    with FeedProxyProcess(market.url, log, seed=1) as process:
        handle = process.begin(Fault(Kind.TRIPLE))
        assert handle.effects == Effects()
        with conversation(process.url, market) as (client, venue):
            venue.send(encoded(TEXT, ONE))
            assert [client.read_frame().payload for _ in range(3)] == [ONE] * 3
            handle.end()
            handle.end()
            pump(venue, client)
            assert handle.effects == Effects(messages=1)
            assert process.counts() == {
                "connections": 1,
                "messages": 4,
                "injected": 0,
                "failures": 0,
                "most_open": 1,
                "keys": {KEY_HASH: {"open": 1, "most_open": 1}},
            }
        # What is counted is in the file, though the process goes on.
        assert frames_of(log) == [ONE.decode()] * 3 + [THREE.decode()]
    with pytest.raises(ProxyError, match="the fault proxy has ended"):
        process.counts()


@pytest.mark.parametrize(
    ("verb", "argument"), [("begin", {"kind": "x"}), ("begin", 1), ("end", 9), ("go", True)]
)
def test_what_is_no_command_is_refused_and_the_next_is_obeyed(
    market: Market, log: Path, verb: str, argument: Any
) -> None:
    with FeedProxyProcess(market.url, log) as process:
        with pytest.raises(ProxyError, match="not a command"):
            process.ask(verb, argument)
        assert process.counts()["connections"] == 0


def test_a_process_that_cannot_serve_says_so(log: Path) -> None:
    with pytest.raises(ProxyError, match="the fault proxy has ended"):
        FeedProxyProcess("no-market", log)
