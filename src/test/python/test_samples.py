"""What a soak reads of a process, a page and a disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import samples


@pytest.mark.parametrize(
    ("page", "metrics"),
    [
        ("feed_frames_total 12\n", {"feed_frames_total": 12}),
        ("feed_frames_total 12.0\n", {"feed_frames_total": 12}),
        ("journal_append_position 1.0485761E7\n", {"journal_append_position": 10_485_761}),
        ("kinesis_latency_seconds -1\n", {"kinesis_latency_seconds": -1}),
        ("# HELP a b\n# TYPE a counter\na 1\nb 2\n", {"a": 1, "b": 2}),
        ('kinesis_latency{quantile="0.5"} 99.0\n', {}),
        ("a NaN\n", {}),
    ],
)
def test_numbers_without_labels_are_read(page: str, metrics: dict[str, int]) -> None:
    assert samples.metrics_in(page) == metrics


@pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: memory is read in Linux's /proc")
def test_memory_of_its_own_is_read_and_files_that_are_mapped_are_not() -> None:
    program = (
        "import mmap, sys; held = b'x' * (64 << 20);"
        " shared = mmap.mmap(-1, 64 << 20); shared.write(held); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        length = samples.rss_anon(child.pid)
        child.communicate()
    assert length is not None
    assert 64 << 20 < length < 128 << 20


def test_a_process_that_is_gone_has_no_memory() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert samples.rss_anon(child.pid) is None


def test_the_disk_takes_what_was_written_and_not_how_long_a_file_is(tmp_path: Path) -> None:
    written, sparse = tmp_path / "written", tmp_path / "sparse"
    with written.open("wb") as file:
        file.write(os.urandom(1 << 20))
        file.flush()
        os.fsync(file.fileno())
    with sparse.open("wb") as file:
        file.truncate(1 << 30)
    length = samples.disk_length([written, sparse, tmp_path / "gone"])
    assert 1 << 20 <= length < 2 << 20
