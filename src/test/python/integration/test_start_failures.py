"""A start that cannot succeed ends with its code and one sentence, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import rig as rigs
import stream
from endpoint_faults import Fault, Kind
from processes import free_port, wait_until
from rig import Ended, LocalKinesis, Rig, local_kinesis, on_its_own_mount
from surroundings import ROOT

pytestmark = pytest.mark.integration

USAGE = 2
CANNOT_START = 3
KEY = "SECRETTOKEN123"
STACK_TRACE = re.compile(r"^\s+at [\w.$/]+\(|^Caused by: |Exception in thread", re.MULTILINE)


def assert_refused(ended: Ended, code: int, *parts: str) -> None:
    """It ended with the code and one sentence that holds the parts, and nothing is left of it."""
    assert ended.code == code, ended.err
    assert not STACK_TRACE.search(ended.err), ended.err
    (sentence,) = ended.sentences
    for part in parts:
        assert part in sentence
    assert sentence.endswith(")"), "the remedy, in brackets, is missing"
    assert ended.left == []
    assert ended.out == ""


class Quiet:
    """A listener that nobody may connect to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._kept: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]

    def assert_nobody_came(self) -> None:
        """Nobody has connected."""
        with pytest.raises(BlockingIOError):
            self._listener.accept()

    def somebody_came(self) -> bool:
        """Whether somebody has connected; who has, is left without an answer."""
        with contextlib.suppress(BlockingIOError):
            self._kept.append(self._listener.accept()[0])
        return bool(self._kept)

    def close(self) -> None:
        """Stops listening."""
        for peer in self._kept:
            peer.close()
        self._listener.close()


@pytest.fixture
def quiet() -> Iterator[Quiet]:
    with contextlib.closing(Quiet()) as listener:
        yield listener


def run(rig: Rig, changed: Mapping[str, str | None], *arguments: str, **how: Any) -> Ended:
    """Runs an ingester to its end."""
    return rig.end_of(rig.start_ingester(changed, *arguments, **how).child)


def everything_at(quiet: Quiet) -> dict[str, str | None]:
    """Settings that lead all connections to the listener."""
    return {
        "feed.uri": f"ws://127.0.0.1:{quiet.port}/",
        "kinesis.endpoint": f"https://127.0.0.1:{quiet.port}",
    }


@pytest.mark.parametrize("key", [None, "", "  "], ids=["none", "empty", "blank"])
def test_no_key(rig: Rig, quiet: Quiet, key: str | None) -> None:
    ended = run(rig, everything_at(quiet), variables={"FINNHUB_API_KEY": key})
    assert_refused(
        ended,
        USAGE,
        "finnhub.api.key: no api key",
        "conf/application.properties",
        "FINNHUB_API_KEY",
        "FINNHUB_API_KEY_FILE",
    )
    quiet.assert_nobody_came()
    assert not rig.journal.exists()


@pytest.mark.parametrize("where", ["jvm", "command"])
def test_a_key_on_the_command_line(rig: Rig, quiet: Quiet, where: str) -> None:
    option = f"-Dfinnhub.api.key={KEY}"
    ended = run(
        rig,
        everything_at(quiet),
        *([option] if where == "command" else []),
        jvm=(option,) if where == "jvm" else (),
    )
    assert_refused(ended, USAGE, "-D: finnhub.api.key: refused here", "FINNHUB_API_KEY")
    assert KEY not in ended.err
    quiet.assert_nobody_came()


def test_a_key_file_that_is_not_there(rig: Rig, quiet: Quiet) -> None:
    variables = {"FINNHUB_API_KEY": None, "FINNHUB_API_KEY_FILE": "/nowhere/key"}
    ended = run(rig, everything_at(quiet), variables=variables)
    assert_refused(ended, USAGE, "FINNHUB_API_KEY_FILE", "file=/nowhere/key")
    quiet.assert_nobody_came()


def test_an_unknown_environment(rig: Rig, quiet: Quiet) -> None:
    ended = run(rig, everything_at(quiet), "--env", "staging")
    assert_refused(ended, USAGE, "unknown environment: env=staging", "dev, local, prod")
    quiet.assert_nobody_came()


def test_an_unknown_environment_of_the_script() -> None:
    ended = subprocess.run(
        [ROOT / "scripts/start-market.sh", "staging"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == USAGE
    assert (
        ended.stderr == "start-market.sh: unknown environment: env=staging "
        "(expected: local, dev or prod)\n"
    )
    assert ended.stdout == ""


def test_all_problems_are_told_at_once_each_with_its_file_and_line(rig: Rig, quiet: Quiet) -> None:
    (rig.folder / "conf/local.conf").write_text(
        'feed.symbols = ["AAPL"]\n'
        "kinesis.buckets = 0\n"
        "feed.conect-timeout = 5s\n"
        'kinesis.stream = "no good name"\n'
        "journal.sync-interval = soon\n"
    )
    (rig.folder / "conf/application.properties").write_text("# mine\nrun.stop-timeout=1h\n")
    changed = {**everything_at(quiet), "kinesis.stream": None, "feed.uri": "http://example.org/"}
    ended = run(rig, changed, variables={"FINNHUB_API_KEY": None})
    assert ended.code == USAGE
    assert not STACK_TRACE.search(ended.err)
    beginnings = sorted(sentence.split(": ")[:2] for sentence in ended.sentences)
    file = "conf/local.conf"
    assert beginnings == sorted(
        [
            ["conf/application.properties:2", "run.stop-timeout"],
            ["-Dfeed.uri", "feed.uri"],
            [f"{file}:2", "kinesis.buckets"],
            [f"{file}:3", "feed.conect-timeout"],
            [f"{file}:4", "kinesis.stream"],
            [f"{file}:5", "journal.sync-interval"],
            ["settings", "finnhub.api.key"],
        ]
    )
    assert ended.left == []
    quiet.assert_nobody_came()
    assert not (rig.folder / "data").exists()


@pytest.mark.parametrize(
    ("setting", "content", "said"),
    [
        ("feed.ca-file", b"", "no certificate in file"),
        ("feed.ca-file", b"this is no PEM file\n", "not a file of certificates"),
        ("kinesis.ca-file", b"-----BEGIN CERTIFICATE-----\nAA\n", "not a file of certificates"),
    ],
    ids=["empty", "text", "torn"],
)
def test_a_file_of_authorities_that_is_none(
    rig: Rig, quiet: Quiet, setting: str, content: bytes, said: str
) -> None:
    file = rig.folder / "authorities.pem"
    file.write_bytes(content)
    ended = run(rig, {**everything_at(quiet), setting: str(file)})
    assert_refused(ended, USAGE, f"-D{setting}: {setting}: {said}: file={file} ", "PEM")
    quiet.assert_nobody_came()


def test_a_file_of_properties_that_cannot_be_parsed(rig: Rig, quiet: Quiet) -> None:
    (rig.folder / "conf/application.properties").write_text(f"finnhub.api.key={KEY}\\u00zz\n")
    ended = run(rig, everything_at(quiet))
    assert_refused(ended, USAGE, "conf/application.properties: cannot be parsed")
    assert KEY not in ended.err
    quiet.assert_nobody_came()


def test_no_folder_of_configuration(rig: Rig, quiet: Quiet) -> None:
    ended = run(rig, everything_at(quiet), "--conf", "/nowhere")
    assert_refused(ended, USAGE, "env=local (no folder /nowhere: run from the project's folder")
    quiet.assert_nobody_came()


def test_an_option_that_is_not_there(rig: Rig) -> None:
    ended = rig.run("run", "--fro", "30s")
    assert ended.code == USAGE
    assert "Unknown option" in ended.err
    assert not STACK_TRACE.search(ended.err)


def test_a_stream_that_does_not_exist(rig: Rig) -> None:
    ended = run(rig, {})
    assert_refused(
        ended,
        CANNOT_START,
        "stream not found",
        f"stream={rig.stream} ",
        "region=us-east-1 ",
        f"endpoint={rig.kinesis.endpoint} ",
        "create it",
    )


def test_a_stream_of_another_region(rig: Rig) -> None:
    rig.create_stream()
    ended = run(rig, {"kinesis.region": "eu-west-1"})
    assert_refused(
        ended,
        CANNOT_START,
        "stream not found",
        f"stream={rig.stream} ",
        "region=eu-west-1 ",
        f"endpoint={rig.kinesis.endpoint} ",
    )


@pytest.mark.parametrize("name", ['""', '" stream"', '"stream "'])
def test_a_name_that_no_stream_has(rig: Rig, quiet: Quiet, name: str) -> None:
    ended = run(rig, {**everything_at(quiet), "kinesis.stream": name})
    assert_refused(ended, USAGE, "kinesis.stream", "letters, digits")
    quiet.assert_nobody_came()


def test_a_stream_that_may_not_be_used(rig: Rig) -> None:
    rig.create_stream()
    proxy = rig.start_proxy()
    proxy.begin(Fault(Kind.ERROR_400, error="AccessDeniedException"))
    ended = run(rig, {"kinesis.endpoint": proxy.endpoint})
    assert_refused(
        ended,
        CANNOT_START,
        "access to the stream denied",
        "kinesis:PutRecords",
        f"stream={rig.stream} ",
        "region=us-east-1 ",
        f"endpoint={proxy.endpoint} ",
    )


def test_a_stream_that_distributes_records_by_itself(rig: Rig, tmp_path: Path) -> None:
    with local_kinesis(tmp_path / "kinesis", "--record-distribution", "AUTO") as kinesis:
        stream.create(kinesis.client(), rig.stream, 2)
        ended = run(rig, {"kinesis.endpoint": kinesis.endpoint, "kinesis.ca-file": str(kinesis.ca)})
    assert_refused(
        ended,
        CANNOT_START,
        "distributes records by itself",
        "USER_PARTITION_KEY",
        f"stream={rig.stream} ",
        "region=us-east-1 ",
        f"endpoint={kinesis.endpoint} ",
    )


def test_an_endpoint_that_is_not_there_while_the_journal_is_empty(rig: Rig) -> None:
    endpoint = f"https://127.0.0.1:{free_port()}"
    ended = run(rig, {"kinesis.endpoint": endpoint})
    assert_refused(
        ended,
        CANNOT_START,
        "kinesis cannot be reached and the journal is empty",
        f"stream={rig.stream} ",
        "region=us-east-1 ",
        f"endpoint={endpoint} ",
    )


def test_a_signal_while_an_endpoint_says_nothing(rig: Rig, quiet: Quiet) -> None:
    ingester = rig.start_ingester({"kinesis.endpoint": f"https://127.0.0.1:{quiet.port}"})
    assert wait_until(quiet.somebody_came, rigs.SECONDS)
    ended = rig.signal(ingester.child, signal.SIGTERM)
    assert ended.code == 128 + signal.SIGTERM
    assert not STACK_TRACE.search(ended.err), ended.err
    assert ended.left == []


def test_an_endpoint_under_another_authority(rig: Rig) -> None:
    ended = run(rig, {"kinesis.ca-file": None})
    assert_refused(ended, CANNOT_START, "certificate of the endpoint not trusted", "ca-file")


def test_a_status_port_that_is_taken(rig: Rig, quiet: Quiet) -> None:
    rig.create_stream()
    ended = run(rig, {"status.port": str(quiet.port)})
    assert_refused(ended, CANNOT_START, f"port={quiet.port} ", "status.port")


def test_a_data_directory_that_is_read_only(rig: Rig) -> None:
    rig.create_stream()
    data = rig.folder / "data"
    ended = run(rig, {}, before=on_its_own_mount("ro", data))
    assert_refused(ended, CANNOT_START, str(Path("data/local/journal")), "ead-only file system")


def test_a_temporary_directory_that_runs_no_programs(rig: Rig) -> None:
    rig.create_stream()
    folder = rig.folder / "noexec"
    ended = run(
        rig, {"kinesis.temp-directory": str(folder)}, before=on_its_own_mount("noexec", folder)
    )
    assert_refused(ended, CANNOT_START, f"path={folder} ", "noexec", "kinesis.temp-directory")


def test_a_second_writer_on_a_journal(rig: Rig) -> None:
    rig.create_stream()
    market = rig.start_market()
    first = rig.start_ingester({"feed.uri": market.address, "feed.symbols": '["AAPL"]'})
    first.waits_for_trades()
    ended = run(rig, {"feed.uri": market.address}, variables={"FINNHUB_API_KEY": "another"})
    assert_refused(
        ended,
        CANNOT_START,
        "journal has another writer",
        f"pid={first.child.pid} ",
        str(rig.journal),
    )
    assert_undisturbed(rig, first, market)


def test_a_second_process_with_the_same_key(rig: Rig) -> None:
    rig.create_stream()
    market = rig.start_market()
    first = rig.start_ingester({"feed.uri": market.address, "feed.symbols": '["AAPL"]'})
    first.waits_for_trades()
    other = {"feed.uri": market.address, "journal.directory": str(rig.folder / "other")}
    ended = run(rig, other)
    assert_refused(ended, CANNOT_START, "api key is in use on this host", f"pid={first.child.pid} ")
    assert_undisturbed(rig, first, market)


def assert_undisturbed(rig: Rig, ingester: rigs.Ingester, market: rigs.Market) -> None:
    """The running one goes on, over the connection that it had, to a proven end."""
    published = ingester.health()["trades_published"]
    ingester.waits_for_trades(more_than=published)
    ended = rig.signal(ingester.child, signal.SIGTERM)
    assert ended.code == 128 + signal.SIGTERM
    market.child.stop(10)
    assert market.openings() == 1
    rig.assert_all_on_the_stream()


def test_another_architecture(rig: Rig) -> None:
    ended = run(rig, {}, jvm=("-Dos.arch=s390x",))
    assert_refused(ended, CANNOT_START, "architecture=s390x", "x86_64 or aarch64")


def test_a_host_with_musl(rig: Rig, tmp_path: Path) -> None:
    """Looks like one: another architecture, whose glibc is not there, and musl's loader is."""
    other = "aarch64" if platform.machine() == "x86_64" else "amd64"
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("NOT RUN: laying files over /usr/lib needs Linux and root")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "ld-musl-other.so.1").touch()
    lay_over = (
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount -t overlay none -o "lowerdir=$1:/usr/lib" /usr/lib && shift && exec "$@"',
        "sh",
        tmp_path / "lib",
    )
    tried = subprocess.run([*lay_over, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"NOT RUN: nothing can be laid over here: {tried.stderr.strip()}")
    ended = run(rig, {}, before=lay_over, jvm=(f"-Dos.arch={other}",))
    assert_refused(ended, CANNOT_START, "libc=musl", "needs glibc")


def test_the_local_environment_without_python(rig: Rig) -> None:
    tools = rig.folder / "bin"
    tools.mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        for tool in Path(folder).glob("*"):
            if "python" not in tool.name and not (tools / tool.name).is_symlink():
                (tools / tool.name).symlink_to(tool)
    child = rig.start(
        "script",
        ROOT / "scripts/start-market.sh",
        "local",
        "--for",
        "5s",
        variables={"PATH": str(tools), "PYENV_ROOT": str(tools)},
    )
    assert_refused(rig.end_of(child), CANNOT_START, "no python3 found", "install Python 3.11")


def test_a_journal_of_another_stream(rig: Rig, kinesis: LocalKinesis) -> None:
    rig.create_stream()
    market = rig.start_market()
    first = rig.start_ingester({"feed.uri": market.address, "feed.symbols": '["AAPL"]'})
    first.waits_for_trades()
    assert rig.signal(first.child, signal.SIGTERM).code == 128 + signal.SIGTERM
    ended = run(rig, {"kinesis.stream": "another"})
    assert_refused(ended, USAGE, rig.stream, "another")
