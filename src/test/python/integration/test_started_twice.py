"""The main job started twice: the second start is refused, also while the first one starts."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import wait_until
from rig import MARK, marked
from surroundings import ROOT

pytestmark = pytest.mark.integration

COMMAND = (ROOT / "scripts/start-market.sh", "local", "--json")
SECONDS = 300
COULD_NOT_START = 3


@pytest.fixture
def first(checkout: None, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path, str]]:
    """A run that goes on, what a person sees of it, and the mark of all its processes."""
    mark = secrets.token_hex(8)
    seen = tmp_path / "seen"
    with seen.open("wb") as err:
        started = subprocess.Popen(
            COMMAND, env=os.environ | {MARK: mark}, stdout=subprocess.DEVNULL, stderr=err
        )
    try:
        yield started, seen, mark
    finally:
        started.kill()
        started.wait()
        assert wait_until(lambda: not marked(mark), SECONDS)


def is_daemon(pid: int) -> bool:
    """Whether a process is the KPL's daemon, or has ended."""
    try:
        return "kinesis_producer" in Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return True


def test_a_second_start_is_refused_and_a_killed_first_one_leaves_nothing_in_the_way(
    first: tuple[subprocess.Popen[bytes], Path, str],
) -> None:
    started, seen, mark = first
    assert wait_until(lambda: b"frames" in seen.read_bytes(), SECONDS), seen.read_text()

    second = subprocess.run(COMMAND, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert second.returncode == COULD_NOT_START
    assert f"already running: pid={started.pid} " in second.stderr
    assert "(stop it first)" in second.stderr
    assert started.poll() is None

    started.send_signal(signal.SIGKILL)
    started.wait()
    # What it started dies with it; but a daemon whose pipes nobody has opened yet waits on.
    assert wait_until(lambda: all(map(is_daemon, marked(mark))), SECONDS), marked(mark)
    third = subprocess.run(
        (*COMMAND, "--for", "2s"), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert third.returncode == 0, third.stderr
    assert json.loads(third.stdout.splitlines()[-1])["missing"] == 0
    assert not marked(mark), "the next start ends such a daemon"
