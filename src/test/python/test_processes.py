"""Children end with what they started, however they or we end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from processes import Child, ChildError, wait_until

SCRIPTS = Path(__file__).parents[3] / "scripts/local"
WITH_GRANDCHILD = "sleep 60 & echo $! >grandchild; echo ready >ready; wait"
STUBBORN = "trap '' TERM; sleep 60 & echo $! >grandchild; echo ready >ready; wait; wait"


def start(folder: Path, script: str) -> Child:
    child = Child(
        "child",
        ["sh", "-c", script],
        environment=os.environ,
        directory=folder,
        out=folder / "out",
        err=folder / "err",
    )
    assert wait_until((folder / "ready").exists, 10)
    return child


def is_alive(pid: int) -> bool:
    """Tells whether a process runs; one that is dead and not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def grandchild(folder: Path) -> int:
    return int((folder / "grandchild").read_text())


def test_stop_asks_and_returns_128_and_the_signal(tmp_path: Path) -> None:
    child = start(tmp_path, WITH_GRANDCHILD)
    assert child.exit_code() is None
    assert child.stop(10) == 128 + signal.SIGTERM
    assert wait_until(lambda: not is_alive(grandchild(tmp_path)), 10)


def test_stop_kills_what_does_not_listen(tmp_path: Path) -> None:
    child = start(tmp_path, STUBBORN)
    assert child.stop(0.2) == 128 + signal.SIGKILL
    assert wait_until(lambda: not is_alive(grandchild(tmp_path)), 10)


def test_a_child_that_ended_by_itself_leaves_nothing_of_its_own(tmp_path: Path) -> None:
    child = start(tmp_path, "sleep 60 & echo $! >grandchild; echo ready >ready; exit 7")
    assert child.wait(10) == 7
    assert child.stop(10) == 7
    assert wait_until(lambda: not is_alive(grandchild(tmp_path)), 10)


def test_output_goes_to_the_files(tmp_path: Path) -> None:
    child = start(tmp_path, "echo result; echo talk >&2; echo ready >ready")
    assert child.wait(10) == 0
    assert (tmp_path / "out").read_text() == "result\n"
    assert (tmp_path / "err").read_text() == "talk\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_child_listens_to_signals_that_we_ignore(tmp_path: Path, number: int) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        child = start(tmp_path, "echo ready >ready; exec sleep 60")
    finally:
        signal.signal(number, before)
    os.kill(child.pid, number)
    assert child.wait(10) == 128 + number


def test_a_command_that_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match=r"market could not be started: .*no-such-java"):
        Child(
            "market",
            ["no-such-java"],
            environment=os.environ,
            directory=tmp_path,
            out=tmp_path / "out",
            err=tmp_path / "err",
        )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child to its parent")
def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, processes, time\n"
        "here = pathlib.Path.cwd()\n"
        "child = processes.Child('child', ['sleep', '60'], environment=os.environ,"
        " directory=here, out=here / 'out', err=here / 'err')\n"
        "(here / 'draft').write_text(str(child.pid))\n"
        "(here / 'draft').rename(here / 'pid')\n"
        "time.sleep(60)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env=environment) as parent:
        assert wait_until((tmp_path / "pid").exists, 10)
        parent.kill()
    assert wait_until(lambda: not is_alive(int((tmp_path / "pid").read_text())), 10)
