"""One build and one local Kinesis for all integration tests; processes of its own for each."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from real_time import RealTime
from rig import LocalKinesis, Rig, local_kinesis
from surroundings import REGION, ROOT

USAGE = 2


def is_in_real_time(item: pytest.Item) -> bool:
    """Whether a test looks at what has been waiting since the first one."""
    return item.path.name == "test_real_time.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts those last."""
    items.sort(key=is_in_real_time)


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


@pytest.fixture(scope="session", autouse=True)
def in_real_time(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealTime | None]:
    """Starts what waits for minutes before the first test, if a test looks at it."""
    if not any(is_in_real_time(item) for item in request.session.items):
        yield None
        return
    request.getfixturevalue("built")
    kinesis = request.getfixturevalue("kinesis")
    folder = tmp_path_factory.mktemp("real-time")
    with contextlib.closing(RealTime(folder, kinesis)) as started:
        started.start()
        yield started


@pytest.fixture
def real_time(in_real_time: RealTime | None) -> RealTime:
    """What has been waiting since the first test."""
    assert in_real_time is not None
    return in_real_time
