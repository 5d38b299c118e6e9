"""What is remembered survives whoever wrote it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from checkpoints import Checkpoint, Checkpoints, HeldError

SHARD = "shardId-000000000000"


def test_of_a_new_shard_nothing_is_remembered(tmp_path: Path) -> None:
    with contextlib.closing(Checkpoints(tmp_path / "new")) as checkpoints:
        assert checkpoints.read(SHARD) == Checkpoint(None, is_finished=False)


def test_another_poller_finds_what_was_written_last(tmp_path: Path) -> None:
    with contextlib.closing(Checkpoints(tmp_path)) as checkpoints:
        checkpoints.write(SHARD, Checkpoint("49570502000777654984918921872299215055880073276903"))
        checkpoints.write(SHARD, Checkpoint("49570502000777654984918921872299215055880073276904"))
        checkpoints.write("shardId-000000000001", Checkpoint("5", is_finished=True))
    with contextlib.closing(Checkpoints(tmp_path)) as again:
        assert again.read(SHARD).sequence_number == (
            "49570502000777654984918921872299215055880073276904"
        )
        assert not again.read(SHARD).is_finished
        assert again.read("shardId-000000000001") == Checkpoint("5", is_finished=True)


def test_a_draft_that_a_killed_poller_left_is_not_read(tmp_path: Path) -> None:
    with contextlib.closing(Checkpoints(tmp_path)) as checkpoints:
        checkpoints.write(SHARD, Checkpoint("1"))
        (tmp_path / f"{SHARD}.tmp").write_text('{"sequence_num')
        assert checkpoints.read(SHARD) == Checkpoint("1")
        checkpoints.write(SHARD, Checkpoint("2"))
        assert checkpoints.read(SHARD) == Checkpoint("2")


def test_a_second_poller_is_refused_while_the_first_has_the_folder(tmp_path: Path) -> None:
    with contextlib.closing(Checkpoints(tmp_path)):
        with pytest.raises(HeldError) as refused:
            Checkpoints(tmp_path)
        assert str(refused.value) == (
            f"checkpoints in use by another poller: folder={tmp_path} (stop it first)"
        )
    Checkpoints(tmp_path).close()
