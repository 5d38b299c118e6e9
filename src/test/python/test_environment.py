"""The local environment when something goes wrong: it says what, and leaves nothing behind.

The project is a copy with a Java that is a shell script; what goes right is shown by the real runs
of scripts/test.sh.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from processes import wait_until
from test_processes import is_alive

ROOT = Path(__file__).parents[3]

JAVA = """#!/bin/bash
case " $* " in
  *" market "*) name=market ;;
  *) name=ingester ;;
esac
echo $$ >>"$PIDS"
while [[ $# -gt 0 ]]; do
  case $1 in
    --ready-file) ready=$2 ;;
    --log) log=$2 ;;
  esac
  shift
done
source "$BEHAVIOUR/$name"
"""
PROVISION = """#!/bin/bash
source "$BEHAVIOUR/provision"
"""
MARKET = """
echo '{"frame":"{\\"data\\":[],\\"type\\":\\"trade\\"}"}' >"$log"
echo ws://127.0.0.1:1/ >"$ready"
exec sleep 60
"""
POLLER = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
signal.pause()
"""
INGESTER = 'echo "running  feed open" >&2; exec sleep 60'


@dataclass
class Project:
    """A copy of the project in which Java does as it is told."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data/local"

    def start(
        self, market: str = MARKET, ingester: str = INGESTER, provision: str = "exit 0"
    ) -> subprocess.Popen[str]:
        (self.folder / "market").write_text(market)
        (self.folder / "ingester").write_text(ingester)
        (self.folder / "provision").write_text(provision)
        return subprocess.Popen(
            [sys.executable, str(self.folder / "scripts/local/environment.py"), "--json"],
            env=os.environ
            | {
                "JAVA_HOME": str(self.folder),
                "BEHAVIOUR": str(self.folder),
                "PIDS": str(self.folder / "pids"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def javas(self) -> list[int]:
        """Returns the process ids of all Java that was started."""
        pids = self.folder / "pids"
        return [int(line) for line in pids.read_text().splitlines()] if pids.exists() else []

    def wait_for(self, name: str, text: str) -> None:
        """Waits until a log holds a text."""
        log = self.data / "logs" / name
        assert wait_until(lambda: log.exists() and text in log.read_text(), 60)


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    for folder in ("scripts/local", "lambda"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "scripts/local/poller.py").write_text(POLLER)
    write_program(tmp_path / "bin/java", JAVA)
    write_program(tmp_path / "scripts/provision.sh", PROVISION)
    made = Project(tmp_path)
    yield made
    assert wait_until(lambda: not any(map(is_alive, made.javas())), 10)


def test_an_ingester_that_cannot_start_gives_its_code_and_its_words(project: Project) -> None:
    process = project.start(ingester='echo "stream not found: stream=x" >&2; exit 3')
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "ingester ended with 3: the end of data/local/logs/ingester.log:" in err
    assert "stream not found: stream=x" in err
    assert "Traceback" not in err
    assert out == ""
    assert sorted(path.name for path in project.data.iterdir()) == ["logs", "market.ndjson"]


def test_provisioning_that_fails_gives_its_code_and_its_words(project: Project) -> None:
    process = project.start(provision='echo "no bucket: bucket=x" >&2; exit 3')
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "provision ended with 3: the end of data/local/logs/provision.log:" in err
    assert "no bucket: bucket=x" in err
    assert project.javas() == []


def test_the_local_aws_is_provisioned_by_the_script_and_for_nobody_else(project: Project) -> None:
    process = project.start(provision='echo "$@" >&2; env | grep ^AWS_ >&2; exit 3')
    _, err = process.communicate(timeout=60)
    assert "local --set ShardCount=2" in err
    assert "AWS_ENDPOINT_URL=https://127.0.0.1:" in err
    assert f"AWS_CA_BUNDLE={project.data / 'tmp' / 'certificates' / 'ca.pem'}" in err
    assert "AWS_ACCESS_KEY_ID=local-provision" in err


def test_a_market_that_dies_ends_the_run(project: Project) -> None:
    process = project.start(market=MARKET.replace("exec sleep 60", "sleep 1; exit 9"))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 9
    assert "market ended with 9" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_a_child_gets_ready_ends_everything(
    project: Project, number: signal.Signals
) -> None:
    process = project.start(market="echo waiting >&2; exec sleep 60")
    project.wait_for("market.log", "waiting")
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert not (project.data / "tmp").exists()


def test_the_same_signal_once_more_ends_a_run_that_takes_too_long(project: Project) -> None:
    process = project.start(ingester="trap '' TERM; echo deaf >&2; while :; do sleep 1; done")
    project.wait_for("ingester.log", "deaf")
    assert wait_until((project.data / "market.ndjson").exists, 10)
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    assert any("stopping" in line for line in process.stderr)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143


def test_nothing_outlives_a_run_that_is_killed(project: Project) -> None:
    process = project.start()
    project.wait_for("ingester.log", "running")
    process.kill()
    process.communicate(timeout=30)
    assert len(project.javas()) == 2


def test_a_second_run_is_refused_and_does_not_touch_the_first_ones_data(project: Project) -> None:
    first = project.start()
    project.wait_for("ingester.log", "running")
    (project.data / "kept").touch()
    second = project.start()
    _, err = second.communicate(timeout=60)
    assert second.returncode == 3
    assert f"already running: pid={first.pid} " in err
    assert (project.data / "kept").exists()
    first.kill()
    first.communicate(timeout=30)


def test_a_journal_that_another_process_writes_is_refused(project: Project) -> None:
    lock = project.data / "journal/lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as file:
        file.write("4711")
        file.flush()
        fcntl.lockf(file, fcntl.LOCK_EX)
        process = project.start()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "the journal is written by another process: pid=4711 " in err
    assert lock.exists()
