"""One build and one local Kinesis for all integration tests; processes of its own for each."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig import LocalKinesis, Rig, local_kinesis
from surroundings import REGION, ROOT

USAGE = 2

# Longest first, so that no worker is left alone with one at the end; the first one only waits.
LONGEST_FIRST = ("test_real_time", "test_provision", "test_lease", "test_bad_days_of_the_kpl")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest first."""
    items.sort(key=place)


def place(item: pytest.Item) -> int:
    """Where in the order the tests of a file come."""
    file = item.path.stem
    return LONGEST_FIRST.index(file) if file in LONGEST_FIRST else len(LONGEST_FIRST)


@pytest.fixture(scope="session")
def built() -> None:
    """Builds as the main job does, which then, without a key, goes no further."""
    if sys.platform != "linux":
        pytest.skip("NOT RUN: what a process leaves running is looked for in Linux's /proc")
    variables = {**os.environ, "FINNHUB_API_KEY": ""}
    ended = subprocess.run(
        [ROOT / "scripts/start-market.sh", "dev"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == USAGE, ended.stderr


@pytest.fixture(scope="module")
def checkout(built: None) -> Iterator[None]:
    """The right to start the main job: in a checkout it runs once, and files run side by side."""
    with (ROOT / "target/main-job.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def kinesis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKinesis]:
    """The local Kinesis, and credentials for it in this process."""
    folder = tmp_path_factory.mktemp("kinesis")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AWS_", "FINNHUB_", "CONFIG_FORCE_")):
                patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_REGION", REGION)
        with local_kinesis(folder) as running:
            yield running


@pytest.fixture
def bare_rig(kinesis: LocalKinesis, tmp_path: Path) -> Iterator[Rig]:
    """The processes of one test that starts Python programs only; none of them outlives it."""
    with contextlib.closing(Rig(tmp_path / tmp_path.name, kinesis)) as opened:
        yield opened


@pytest.fixture
def rig(built: None, bare_rig: Rig) -> Rig:
    """The processes of one test; none of them outlives it."""
    return bare_rig
