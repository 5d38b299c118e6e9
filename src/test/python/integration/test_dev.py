"""The environment `dev` as a user runs it, against a venue and a Kinesis under private authorities.

Certificates are verified, the key goes to nobody else, and whatever ends the ingester, every trade
that it has journalled is on the stream.
"""

from __future__ import annotations

import datetime
import os
import signal
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

import certificates
import journal_file
import rig as rigs
from certificates import Certificates
from processes import wait_until
from rig import Ingester, Market, Rig
from surroundings import ROOT

pytestmark = pytest.mark.integration

UNACKNOWLEDGED = 4
MANY_TRADES = ("--capture", rigs.AAPL, "--loop", "--rate", "3000")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The venue's certificate, and the authority that signed it."""
    return certificates.ensure(tmp_path_factory.mktemp("venue"))


def start_dev(rig: Rig, market: Market, tls: Certificates, *before: str | Path) -> Ingester:
    """Starts `scripts/start-market.sh dev`: all it differs in is told by environment variables."""
    rig.journal = rig.folder / "journal"
    force = {
        "feed_uri": market.address,
        "feed_ca__file": str(tls.ca),
        "feed_key__lock__directory": str(rig.folder / "keys"),
        "kinesis_ca__file": str(rig.kinesis.ca),
        "kinesis_stream": rig.stream,
        "kinesis_temp__directory": str(rig.kinesis.temp),
        "journal_directory": str(rig.journal),
        "status_port": "0",
    }
    variables = {f"CONFIG_FORCE_{name}": value for name, value in force.items()}
    variables |= {
        "AWS_ENDPOINT_URL": rig.kinesis.endpoint,
        "AWS_REGION": "us-east-1",
        "JAVA_OPTS": " ".join(rigs.JVM),
    }
    script = ROOT / "scripts/start-market.sh"
    return Ingester(rig.start("script", *before, script, "dev", "--json", variables=variables))


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name
)
def test_dev_stops_in_order_on_a_signal(rig: Rig, tls: Certificates, number: int) -> None:
    rig.create_stream()
    market = rig.start_market(*MANY_TRADES, tls=tls)
    assert market.address.startswith("wss://")
    ingester = start_dev(rig, market, tls)
    ingester.waits_for_trades(more_than=10_000)
    ended = rig.signal(ingester.child, number)
    assert ended.code == 128 + number
    assert ended.left == []
    numbers = rig.assert_all_on_the_stream()
    result = ended.result()
    assert result["env"] == "dev"
    assert result["unacknowledged_bytes"] == 0
    assert result["trades_published"] == numbers["trades_published"] > 10_000
    assert numbers["duplicates"] == 0
    # What a person saw: a line a second, and no trouble.
    assert "acknowledged" in ended.err
    assert "WARN" not in ended.err
    assert "ERROR" not in ended.err


def test_ctrl_c_reaches_the_producers_daemon_too(rig: Rig, tls: Certificates) -> None:
    """A terminal sends SIGINT to the whole group, and the KPL's daemon goes first."""
    rig.create_stream()
    market = rig.start_market(*MANY_TRADES, tls=tls)
    ingester = start_dev(rig, market, tls)
    ingester.waits_for_trades(more_than=10_000)
    os.killpg(ingester.child.pid, signal.SIGINT)
    ended = rig.end_of(ingester.child)
    assert ended.left == []
    assert ended.code == 128 + signal.SIGINT, ended.err
    assert ended.result()["unacknowledged_bytes"] == 0
    rig.assert_all_on_the_stream()


def test_a_lost_terminal_stops_it_in_order(rig: Rig, tls: Certificates) -> None:
    """The window is closed: there is a SIGHUP, and nowhere left to write to."""
    rig.create_stream()
    market = rig.start_market(tls=tls)
    in_a_terminal = "import pty, sys; pty.spawn(sys.argv[1:])"
    terminal = start_dev(rig, market, tls, sys.executable, "-c", in_a_terminal).child
    assert wait_until(lambda: rig.journalled_frames() > 30, rigs.SECONDS)
    os.kill(terminal.pid, signal.SIGKILL)
    assert wait_until(lambda: not rig.processes_of(terminal), rigs.SECONDS)
    last = journal_file.last_entry(rig.journal)
    assert last
    assert (last.type, last.payload) == (journal_file.SESSION_CLOSED, b"stopped")
    checkpoint = journal_file.read_checkpoint(rig.journal)
    assert checkpoint is not None
    assert checkpoint > last.position
    rig.assert_all_on_the_stream()


def test_dev_stops_by_itself_after_its_time(rig: Rig, tls: Certificates) -> None:
    rig.create_stream()
    market = rig.start_market(tls=tls)
    ingester = rig.start_ingester(
        {
            "feed.uri": market.address,
            "feed.ca-file": str(tls.ca),
            "journal.directory": str(rig.journal),
        },
        "--env",
        "dev",
        "--for",
        "2s",
    )
    ended = rig.end_of(ingester.child)
    assert ended.code == 0
    assert ended.left == []
    assert ended.result()["seconds"] >= 2
    rig.assert_all_on_the_stream()


def untrusted_certificates(kind: str, folder: Path, patch: pytest.MonkeyPatch) -> Certificates:
    """A certificate that is wrong in one way, and the authority that a client goes by."""
    if kind == "wrong name":
        return certificates.ensure(folder / "named", ("ws.example.org", "192.0.2.1"))
    if kind == "expired":
        with patch.context() as past:
            past.setattr(certificates, "LIFETIME", datetime.timedelta(minutes=30))
            return certificates.ensure(folder / "expired")
    made = certificates.ensure(folder / "served")
    return Certificates(certificates.ensure(folder / "trusted").ca, made.server, made.key)


@pytest.mark.parametrize("kind", ["wrong name", "expired", "another authority"])
def test_the_key_is_not_sent_to_a_venue_that_is_not_who_it_should_be(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    rig.create_stream()
    wrong = untrusted_certificates(kind, rig.folder / "wrong", monkeypatch)
    recorded = rig.folder / "recorded"
    _, address = rig.start_recorder(recorded, wrong)
    ingester = rig.start_ingester(
        {"feed.uri": address, "feed.ca-file": str(wrong.ca)}, "--env", "dev"
    )
    ingester.waits_for("venue's certificate refused")
    ingester.waits_for_health(lambda health: len(list(recorded.glob("wire-*"))) >= 3)
    health = ingester.waits_for_health(lambda health: health["feed"] == "degraded")
    assert not health["healthy"]
    ended = rig.signal(ingester.child, signal.SIGTERM)
    assert ended.code == 128 + signal.SIGTERM
    assert ended.left == []
    assert "key not sent" in ended.err
    assert list(recorded.glob("plain-*")) == []
    assert "token" not in wire(recorded)


def test_the_key_is_sent_where_the_certificate_is_right(rig: Rig, tls: Certificates) -> None:
    """The same recorder sees the request of a client that trusts it: it could have seen the key."""
    rig.create_stream()
    recorded = rig.folder / "recorded"
    _, address = rig.start_recorder(recorded, tls)
    ingester = rig.start_ingester(
        {"feed.uri": address, "feed.ca-file": str(tls.ca)},
        "--env",
        "dev",
        variables={"FINNHUB_API_KEY": "a+b/c=d&e"},
    )
    ingester.waits_for("handshake refused")
    assert rig.signal(ingester.child, signal.SIGTERM).code == 128 + signal.SIGTERM
    request = (recorded / "plain-0").read_text()
    assert request.splitlines()[0] == f"GET /?token={quote('a+b/c=d&e', safe='')} HTTP/1.1"
    assert "token" not in wire(recorded)


def wire(folder: Path) -> str:
    """All that came over the wire."""
    return "".join(path.read_text(encoding="latin-1") for path in folder.glob("wire-*"))


def test_a_killed_ingester_goes_on_where_it_was(rig: Rig) -> None:
    rig.create_stream()
    market = rig.start_market("--capture", rigs.CRYPTO, "--loop", "--rate", "500")
    settings: dict[str, str | None] = {"feed.uri": market.address}
    first = rig.start_ingester(settings)
    first.waits_for_trades(more_than=500)
    os.kill(first.child.pid, signal.SIGKILL)  # its daemon is left to find out by itself
    assert rigs.has_ended(first.child, 10)
    second = rig.start_ingester(settings)
    second.waits_for_trades(more_than=1000)  # those of the first too, if none was acknowledged yet
    ended = rig.signal(second.child, signal.SIGTERM)
    assert ended.code == 128 + signal.SIGTERM
    assert ended.left == []
    assert rig.end_of(first.child).left == []
    assert rig.assert_all_on_the_stream()["trades_published"] > 1000


def test_data_that_is_unacknowledged_at_the_stop_is_told_and_published_at_the_next_start(
    rig: Rig,
) -> None:
    rig.create_stream()
    proxy = rig.start_proxy()
    market = rig.start_market()
    settings: dict[str, str | None] = {
        "feed.uri": market.address,
        "feed.symbols": '["AAPL"]',
        "kinesis.endpoint": proxy.endpoint,
        "run.stop-timeout": "2s",
    }
    first = rig.start_ingester(settings)
    first.waits_for_trades(more_than=100)
    proxy.close()
    before = first.health()["unacknowledged_bytes"]
    first.waits_for_health(lambda health: health["unacknowledged_bytes"] > before + 10_000)
    ended = rig.signal(first.child, signal.SIGTERM)
    assert ended.code == UNACKNOWLEDGED, ended.err
    assert ended.left == []
    (sentence,) = [line for line in ended.err.splitlines() if "stopped with unack" in line]
    assert "it is in the journal and published at the next start" in sentence
    assert ended.result()["unacknowledged_bytes"] > 10_000
    assert rig.audit()["missing"] > 0

    # The endpoint is still not there: with a journal it starts, and journals.
    second = rig.start_ingester(settings)
    second.waits_for("kinesis cannot be reached, starting all the same")
    frames = rig.journalled_frames()
    second.waits_for_health(lambda health: health["feed"] == "open")
    second.waits_for_health(lambda health: rig.journalled_frames() > frames)
    assert rig.audit()["missing"] > 0
    rig.start_proxy(int(proxy.endpoint.rpartition(":")[2]))
    market.child.stop(10)
    second.waits_for_health(lambda health: health["unacknowledged_bytes"] == 0)
    ended = rig.signal(second.child, signal.SIGTERM)
    assert ended.code == 128 + signal.SIGTERM
    assert ended.left == []
    rig.assert_all_on_the_stream()
