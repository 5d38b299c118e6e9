"""Starts the program as its users do, in a folder of its own, and tells how it ended.

Every process gets a mark in its environment that all it starts inherit: what is left of it can be
found, whatever group or parent it has by then.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import audit
import certificates
import comparison
import expected
import journal_file
import reference_conf
import stream
from aws_proxy_process import AwsProxyProcess
from console import LOG_LINE
from contents import Contents
from processes import Child, wait_until
from surroundings import JAR, REGION, ROOT

HERE = Path(__file__).parent
AAPL = ROOT / "conf/captures/finnhub-aapl-20230331.ndjson"
AAPL_TRADES = 61
CRYPTO = ROOT / "conf/captures/crypto-in-finnhub-shape.ndjson"
MARK = "TAPESTREAM_TEST_PROCESS"
# What else the machine does is not known: bounds are wide, and nothing waits longer than it must.
SECONDS = 120
LEFT_SECONDS = 10

# Short-lived JVMs: they need not compile well.
JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m")


@dataclass(frozen=True)
class LocalKinesis:
    """A Kinesis that runs."""

    endpoint: str
    ca: Path
    temp: Path
    """Where the KPL unpacks its program, shared by all tests."""

    def client(self) -> Any:
        """Returns a client of it."""
        return stream.connect(self.endpoint, self.ca, REGION)


@contextlib.contextmanager
def local_kinesis(folder: Path, *options: str) -> Iterator[LocalKinesis]:
    """Runs a Kinesis with what it keeps in the folder."""
    folder.mkdir(exist_ok=True)
    server = Child(
        "kinesis",
        [
            sys.executable,
            ROOT / "scripts/local/moto_server.py",
            "--certificates",
            folder,
            "--ready-file",
            folder / "ready",
            *options,
        ],
        environment=os.environ,
        directory=folder,
        out=folder / "out",
        err=folder / "err",
    )
    try:
        yield LocalKinesis(address_of(server, folder / "ready"), folder / "ca.pem", folder / "kpl")
    finally:
        server.kill()


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str
    left: list[str]
    """Command lines of what it started and left running."""

    @property
    def sentences(self) -> list[str]:
        """What it said on stderr besides its log."""
        return [line for line in self.err.splitlines() if line and not LOG_LINE.match(line)]

    def result(self) -> dict[str, Any]:
        """The JSON object on the last line of stdout."""
        found: dict[str, Any] = json.loads(self.out.rstrip().splitlines()[-1])
        return found


class Rig:
    """The processes of one test, in a folder with the project's configuration files."""

    def __init__(self, folder: Path, kinesis: LocalKinesis) -> None:
        self.folder = folder
        self.kinesis = kinesis
        self.stream = f"stream-{folder.name}"[:100]
        self.journal = folder / "data/local/journal"
        self._children: dict[str, Child] = {}
        self._proxies: list[AwsProxyProcess] = []
        (folder / "conf").mkdir(parents=True)
        for file in (ROOT / "conf").glob("*.conf"):
            shutil.copy(file, folder / "conf")

    def close(self) -> None:
        """Kills what still runs, the newest first."""
        for mark, child in reversed(self._children.items()):
            child.kill()
            for pid in marked(mark):  # what has left the child's group
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for proxy in self._proxies:
            proxy.close()

    def create_stream(self) -> None:
        """Makes the test's stream."""
        stream.create(self.kinesis.client(), self.stream, 2)

    def environment(self, variables: Mapping[str, str | None]) -> dict[str, str]:
        """The variables of a process: nothing that leads to a real account, and those given."""
        kept = ("PATH", "HOME", "JAVA_HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
        all_variables: dict[str, str | None] = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1,localhost",
            "FINNHUB_API_KEY": "key-of-" + self.folder.name,
            **variables,
        }
        return {name: value for name, value in all_variables.items() if value is not None}

    def start(
        self,
        name: str,
        *command: str | os.PathLike[str],
        variables: Mapping[str, str | None] | None = None,
    ) -> Child:
        """Starts a process."""
        mark = f"{name}-{secrets.token_hex(8)}"
        child = Child(
            name,
            command,
            environment=self.environment({**(variables or {}), MARK: mark}),
            directory=self.folder,
            out=self.folder / f"{mark}.out",
            err=self.folder / f"{mark}.err",
        )
        self._children[mark] = child
        return child

    def start_program(
        self,
        *arguments: str | os.PathLike[str],
        jvm: tuple[str, ...] = (),
        before: tuple[str | os.PathLike[str], ...] = (),
        variables: Mapping[str, str | None] | None = None,
    ) -> Child:
        """Starts `tapestream` with these arguments."""
        return self.start(str(arguments[0]), *before, *java(*jvm), *arguments, variables=variables)

    def settings(self, changed: Mapping[str, str | None]) -> list[str]:
        """The settings of an ingester between a local market and the local Kinesis, as options."""
        settings: dict[str, str | None] = {
            "feed.uri": "ws://127.0.0.1:9/",
            "feed.key-lock-directory": str(self.folder / "keys"),
            "feed.max-message-length": "256 KiB",
            "feed.backoff-min": "50ms",
            "feed.backoff-max": "500ms",
            "journal.segment-length": "1 MiB",
            "kinesis.stream": self.stream,
            "kinesis.region": REGION,
            "kinesis.endpoint": self.kinesis.endpoint,
            "kinesis.ca-file": str(self.kinesis.ca),
            "kinesis.temp-directory": str(self.kinesis.temp),
            "status.port": "0",
            **changed,
        }
        return [f"-D{name}={value}" for name, value in settings.items() if value is not None]

    def start_ingester(
        self,
        changed: Mapping[str, str | None],
        *arguments: str,
        jvm: tuple[str, ...] = (),
        before: tuple[str | os.PathLike[str], ...] = (),
        variables: Mapping[str, str | None] | None = None,
    ) -> Ingester:
        """Starts `tapestream run` with the test's settings and these."""
        return Ingester(
            self.start_program(
                "run",
                "--json",
                *self.settings(changed),
                *arguments,
                jvm=jvm,
                before=before,
                variables=variables,
            )
        )

    def start_market(
        self,
        *arguments: str | os.PathLike[str],
        tls: certificates.Certificates | None = None,
        port: int = 0,
        jvm: tuple[str, ...] = (),
    ) -> Market:
        """Starts `tapestream market`; AAPL's eight frames over and over unless told otherwise."""
        number = len(self._children)
        ready = self.folder / f"market-{number}.ready"
        log = self.folder / f"market-{number}.ndjson"
        child = self.start_program(
            "market",
            *(arguments or ("--capture", AAPL, "--loop", "--rate", "200")),
            *(("--tls-cert", tls.server, "--tls-key", tls.key) if tls else ()),
            "--port",
            str(port),
            "--log",
            log,
            "--ready-file",
            ready,
            jvm=jvm,
        )
        return Market(child, address_of(child, ready), log)

    def start_script(self, script: str, *arguments: str | os.PathLike[str]) -> tuple[Child, str]:
        """Starts a server of this folder; returns it and its address."""
        ready = self.folder / f"{script}-{len(self._children)}.ready"
        child = self.start(
            script, sys.executable, HERE / f"{script}.py", *arguments, "--ready-file", ready
        )
        return child, address_of(child, ready)

    def start_proxy(self, port: int = 0) -> AwsProxyProcess:
        """Starts an endpoint before the local Kinesis, which can go, come and fail."""
        proxy = AwsProxyProcess(
            self.kinesis.endpoint, self.kinesis.ca, self.kinesis.ca.parent, port=port
        )
        self._proxies.append(proxy)
        return proxy

    def start_recorder(
        self, folder: Path, tls: certificates.Certificates | None
    ) -> tuple[Child, str]:
        """Starts a venue that keeps what it is sent; see there."""
        secured = ("--certificates", tls.server.parent) if tls else ()
        return self.start_script("venue_recorder", "--folder", folder, *secured)

    def end_of(self, child: Child, seconds: float = SECONDS) -> Ended:
        """Waits until a process has ended by itself, and looks for what it has left running."""
        assert has_ended(child, seconds), f"{child.name} still runs: {text_of(child.err)}"
        wait_until(lambda: not self.processes_of(child), LEFT_SECONDS)
        left = self.processes_of(child)
        code = child.exit_code()
        assert code is not None
        return Ended(code, text_of(child.out), text_of(child.err), left)

    def signal(self, child: Child, number: int) -> Ended:
        """Sends a signal to one process, not to its group, and waits for its end."""
        os.kill(child.pid, number)
        return self.end_of(child)

    def processes_of(self, child: Child) -> list[str]:
        """The command lines of a process and all that it started, as far as they run now."""
        mark = next(mark for mark, known in self._children.items() if known is child)
        return list(marked(mark).values())

    def command_lines(self) -> list[str]:
        """The command lines of all processes of the test that run now."""
        return [line for mark in self._children for line in marked(mark).values()]

    def run(self, *arguments: str | os.PathLike[str], **how: Any) -> Ended:
        """Runs `tapestream` with these arguments to its end."""
        return self.end_of(self.start_program(*arguments, **how))

    def audit(self) -> dict[str, Any]:
        """Compares the test's journal with its stream, trade by trade."""
        settings = reference_conf.read()
        found = expected.expect(self.journal, settings)
        contents = Contents(settings).add_all(stream.read(self.kinesis.client(), self.stream))
        finding = comparison.compare(found, contents, settings)
        return audit.report(found, contents, finding, [])

    def assert_all_on_the_stream(self) -> dict[str, Any]:
        """The stream holds every trade of the journal, and nothing else; returns the numbers."""
        numbers = self.audit()
        assert numbers["distinct_trade_ids"] > 0
        assert {name: numbers[name] for name in ("missing", "unexpected", "journal_holes")} == {
            "missing": 0,
            "unexpected": 0,
            "journal_holes": 0,
        }
        return numbers

    def journalled_frames(self) -> int:
        """How many frames the journal holds now."""
        with contextlib.suppress(journal_file.UnreadableJournalError):
            entries = journal_file.read(self.journal).entries()
            return sum(entry.type == journal_file.FRAME for entry in entries)
        return 0


@dataclass(frozen=True)
class Market:
    """A market that runs."""

    child: Child
    address: str
    log: Path

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.address.rsplit(":", 1)[1].strip("/"))

    def openings(self) -> int:
        """How many connections it has let in."""
        return self.log.read_text().count('"opened"')


class Ingester:
    """An ingester, as seen from outside: its log, its pages, its end."""

    def __init__(self, child: Child) -> None:
        self.child = child

    @property
    def log(self) -> str:
        """All that it has said on stderr."""
        return text_of(self.child.err)

    def waits_for(self, text: str) -> None:
        """Waits until its log holds a text."""
        self._waits_until(lambda: text in self.log, f"no '{text}'")

    def waits_for_health(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Waits until its health is so."""
        seen: dict[str, Any] = {}

        def holds() -> bool:
            seen.clear()
            seen.update(self.health())
            return condition(seen)

        self._waits_until(holds, "health not as wanted")
        return seen

    def _waits_until(self, condition: Callable[[], bool], otherwise: str) -> None:
        held = ended = False

        def settled() -> bool:
            nonlocal held, ended
            ended = has_ended(self.child, 0)
            held = condition()  # asked once: what is seen may be over a moment later
            return held or ended

        wait_until(settled, SECONDS)
        assert held, f"{otherwise}, ended={ended}: {self.log[-4000:]}"

    def waits_for_trades(self, more_than: int = 0) -> None:
        """Waits until it has published so many trades, and some are acknowledged."""
        self.waits_for_health(lambda health: health["trades_published"] > more_than)

    def health(self) -> dict[str, Any]:
        """What its health page says."""
        found: dict[str, Any] = json.loads(self.page("/health"))
        return found

    def page(self, path: str) -> bytes:
        """Reads one of its pages."""
        self.waits_for("status served")
        found = re.search(r"status served url=http://127\.0\.0\.1:(\d+)/", self.log)
        assert found
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().read()


def java(*options: str) -> list[str | os.PathLike[str]]:
    """How a Java command of ours begins."""
    home = os.environ.get("JAVA_HOME")
    return [str(Path(home) / "bin/java") if home else "java", *JVM, *options, "-jar", JAR]


def address_of(child: Child, ready: Path) -> str:
    """Waits until a server has written its address."""
    wait_until(lambda: ready.exists() or has_ended(child, 0), SECONDS)
    assert ready.exists(), f"{child.name} did not start: {text_of(child.err)}"
    return ready.read_text().strip()


def has_ended(child: Child, seconds: float) -> bool:
    """Whether a process has ended, after at most so long; it stays there to be looked at."""
    how = os.WEXITED | os.WNOHANG | os.WNOWAIT

    def ended() -> bool:
        try:
            return os.waitid(os.P_PID, child.pid, how) is not None
        except ChildProcessError:
            return True  # its end has been fetched already

    return wait_until(ended, seconds)


def marked(mark: str) -> dict[int, str]:
    """The command lines of the processes that run with this mark, by process id."""
    wanted = f"{MARK}={mark}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = command.decode(errors="replace")
    return found


def text_of(path: Path) -> str:
    """A file that is being written, as text."""
    return path.read_text(errors="replace")


def frames_of(capture: Path) -> list[str]:
    """The messages of a capture."""
    return [json.loads(line)["frame"] for line in capture.read_text().splitlines()]


def on_its_own_mount(options: str, folder: Path) -> tuple[str | os.PathLike[str], ...]:
    """How a command begins that sees a file system of its own on the folder."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        pytest.skip("NOT RUN: mount namespaces need Linux and unshare")
    own = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    mount = [*own, "sh", "-c", 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"', "sh"]
    command = [*mount, options, str(folder)]
    folder.mkdir(parents=True)
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"NOT RUN: nothing can be mounted here: {tried.stderr.strip()}")
    return tuple(command)
