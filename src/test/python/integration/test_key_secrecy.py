"""The key of a run is found nowhere but where it was put: not in success, and not in failure."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import certificates
import key_scanner
import secret_shapes
from processes import wait_until
from rig import SECONDS, Ingester, Rig, text_of
from surroundings import JAR, ROOT

pytestmark = pytest.mark.integration

CANARIES = ("CANARYTOKEN987", "c+n/r=y&8")
HANDSHAKE = (b"GET /", b"HTTP/1.1", b"Sec-WebSocket", b"token=")
CRASHED = 1  # without a dump of its memory
TRACE = ("-Dtapestream.log.level=TRACE",)


@dataclass
class Witnesses:
    """What is kept of a run, place by place."""

    rig: Rig
    pages: list[Path] = field(default_factory=list)
    captures: list[Path] = field(default_factory=list)

    @property
    def process_list(self) -> Path:
        """The command lines of all processes, as seen at several moments."""
        return self.rig.folder / "processes"

    def look(self, ingester: Ingester) -> None:
        """Keeps what can be seen of an ingester now."""
        with self.process_list.open("a") as file:
            file.write("\n".join(self.rig.command_lines()) + "\n")
        for path in ("/", "/health", "/metrics"):
            page = self.rig.folder / f"page-{len(self.pages)}"
            page.write_bytes(ingester.page(path))
            self.pages.append(page)

    def places(self) -> dict[str, list[Path]]:
        """All places, each with its files."""
        folder = self.rig.folder
        data = [path for path in (folder / "data").rglob("*") if path.is_file()]
        found = {
            "log": list(folder.glob("run-*.err")),
            "stdout": list(folder.glob("run-*.out")),
            "talk of the other commands": [*folder.glob("market-*.err"), *folder.glob("jour*.err")],
            "process list": [self.process_list],
            "journal": [path for path in data if path.suffix == ".jrn"],
            "data folder": [path for path in data if path.suffix != ".jrn"],
            "kpl's folder": [path for path in self.rig.kinesis.temp.rglob("*") if path.is_file()],
            "key locks": [path for path in (folder / "keys").rglob("*") if path.is_file()],
            "capture": self.captures,
            "market's log": list(folder.glob("market-*.ndjson")),
            "pages": self.pages,
            "crash report": list(folder.glob("hs_err_pid*.log")),
            "jar": [JAR],
        }
        assert all(any(file.stat().st_size for file in files) for files in found.values()), found
        return found


@pytest.mark.parametrize(
    ("key", "from_file"),
    [("SECRETTOKEN123", False), ("a+b/c=d&e", True)],
    ids=["from the environment", "with signs from a file"],
)
def test_the_key_is_found_nowhere(rig: Rig, tmp_path: Path, key: str, from_file: bool) -> None:
    variables: dict[str, str | None] = {"FINNHUB_API_KEY": key}
    if from_file:
        (tmp_path / "key").write_text(key + "\n")
        variables = {"FINNHUB_API_KEY": None, "FINNHUB_API_KEY_FILE": str(tmp_path / "key")}
    rig.create_stream()
    witnesses = Witnesses(rig)
    publish_and_reconnect(rig, witnesses, variables)
    fail_to_connect(rig, witnesses, variables)
    crash(rig, variables)
    export(rig, witnesses)

    forms = key_scanner.forms_of(key)
    requests = list((rig.folder / "echoing").glob("plain-*"))
    assert key_scanner.scan(requests, forms), "it is found where it was sent"
    places = witnesses.places()
    assert "kinesis_producer" in witnesses.process_list.read_text(), "its process was seen"
    assert all("TRACE" in log.read_text() for log in places["log"])
    found = {place: key_scanner.scan(files, forms) for place, files in places.items()}
    assert found == {place: [] for place in places}
    assert_a_canary_is_found(places, tmp_path)
    assert_a_canary_is_found_in_the_process_list(rig)


def publish_and_reconnect(
    rig: Rig, witnesses: Witnesses, variables: Mapping[str, str | None]
) -> None:
    """A run that succeeds, over two connections."""
    market = rig.start_market(jvm=TRACE)
    settings = {"feed.uri": market.address, "feed.symbols": '["AAPL"]', "log.level": "TRACE"}
    ingester = rig.start_ingester(settings, variables=variables)
    ingester.waits_for_trades(more_than=50)
    witnesses.look(ingester)
    market.child.kill()
    ingester.waits_for_health(lambda health: health["feed"] != "open")
    published = ingester.health()["trades_published"]
    rig.start_market(port=market.port, jvm=TRACE)
    ingester.waits_for_trades(more_than=published)
    witnesses.look(ingester)
    assert rig.signal(ingester.child, signal.SIGTERM).code == 128 + signal.SIGTERM
    rig.assert_all_on_the_stream()


def fail_to_connect(rig: Rig, witnesses: Witnesses, variables: Mapping[str, str | None]) -> None:
    """Runs that each fail in another way, all at once."""
    strict = rig.start_market("--capture", ROOT / "conf/captures", "--key", "another")
    wrong = certificates.ensure(rig.folder / "wrong", ("ws.example.org",))
    _, untrusted = rig.start_recorder(rig.folder / "untrusted", wrong)
    _, echoing = rig.start_recorder(rig.folder / "echoing", None)
    expected = {
        "unauthorised": (strict.address, "handshake refused"),
        "untrusted": (untrusted, "certificate refused"),
        "echoing": (echoing, "handshake refused"),
        "nameless": ("wss://nowhere.invalid/", "host name not found"),
    }
    ingesters = {
        name: rig.start_ingester(
            {
                "feed.uri": address,
                "feed.ca-file": str(wrong.ca),
                "feed.key-lock-directory": str(rig.folder / "keys" / name),
                "journal.directory": str(rig.folder / "data" / name),
                "log.level": "TRACE",
            },
            variables=variables,
        )
        for name, (address, _) in expected.items()
    }
    for name, ingester in ingesters.items():
        ingester.waits_for(expected[name][1])
        witnesses.look(ingester)
    for ingester in ingesters.values():
        assert rig.signal(ingester.child, signal.SIGTERM).code == 128 + signal.SIGTERM


def crash(rig: Rig, variables: Mapping[str, str | None]) -> None:
    """A run that shows its threads, and then crashes: the JVM writes a report of itself."""
    market = rig.start_market(jvm=TRACE)
    ingester = rig.start_ingester(
        {
            "feed.uri": market.address,
            "feed.symbols": '["AAPL"]',
            "feed.key-lock-directory": str(rig.folder / "keys/crash"),
            "journal.directory": str(rig.folder / "data/crash"),
            "log.level": "TRACE",
        },
        jvm=("-XX:-CreateCoredumpOnCrash",),
        variables=variables,
    )
    ingester.waits_for_trades()
    os.kill(ingester.child.pid, signal.SIGQUIT)
    assert wait_until(lambda: "Full thread dump" in text_of(ingester.child.out), SECONDS)
    ended = rig.signal(ingester.child, signal.SIGSEGV)
    assert ended.code == CRASHED, ended.err[-2000:]


def export(rig: Rig, witnesses: Witnesses) -> None:
    """Captures of the journal, plain and compressed."""
    for name in ("capture.ndjson", "capture.ndjson.gz"):
        capture = rig.folder / name
        settings = rig.settings({"log.level": "TRACE"})
        assert rig.run("journal", "export", "--out", capture, *settings).code == 0
        for _, content in secret_shapes.contents_of(capture.read_bytes()):
            assert not any(sign in content for sign in HANDSHAKE), "a capture begins after it"
        witnesses.captures.append(capture)


def assert_a_canary_is_found(places: Mapping[str, list[Path]], folder: Path) -> None:
    """The same scanner finds a key in every form in every place, once it is there."""
    for number, (place, files) in enumerate(places.items()):
        planted = folder / f"planted-{number}"
        planted.mkdir()
        smallest_first = sorted(files, key=lambda file: file.stat().st_size or sys.maxsize)
        for canary in CANARIES:
            for form in key_scanner.forms_of(canary):
                copy = key_scanner.plant(smallest_first[0], form, planted)
                assert key_scanner.scan([copy], key_scanner.forms_of(canary)), (place, form)


def assert_a_canary_is_found_in_the_process_list(rig: Rig) -> None:
    """A key that really is in a command line is in what was kept of the process list."""
    idle = "import time; time.sleep(60)"
    child = rig.start("idle", sys.executable, "-c", idle, f"--token={CANARIES[0]}")
    seen = rig.folder / "processes-with-a-canary"
    seen.write_text("\n".join(rig.command_lines()))
    child.kill()
    assert key_scanner.scan([seen], key_scanner.forms_of(CANARIES[0]))


def test_the_jar_holds_no_key_of_any_shape() -> None:
    assert secret_shapes.found_in_file(JAR.read_bytes()) == []


def test_a_canary_is_told_from_what_is_not_the_key() -> None:
    forms = key_scanner.forms_of("a+b/c=d&e")
    assert b"a%2Bb%2Fc%3Dd%26e" in forms
    assert b"a%2bb%2fc%3dd%26e" in forms
    assert b"YStiL2M9ZCZl" in forms
    assert b"61 2b 62 2f 63 3d" in forms
    assert not any(form in b"a+b/c=d and /?token=*** and a%2Bb" for form in forms)
