"""What the Lambda service remembers of a mapping: how far the function has come in each shard.

A folder with a file a shard, each replaced as a whole, so that whatever kills us leaves the old
one or the new. Nothing is forced to the disk: a machine that goes down takes the stream along.
"""

from __future__ import annotations

import fcntl
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO


class HeldError(Exception):
    """Another process uses the folder."""


@dataclass(frozen=True)
class Checkpoint:
    """How far the function has come in a shard."""

    sequence_number: str | None = None
    """Of the last record that does not come again; None: none yet."""
    is_finished: bool = False
    """Whether the shard was read to the end that a reshard gave it."""


class Checkpoints:
    """The checkpoints of one mapping. Each shard's are written by one thread."""

    def __init__(self, folder: Path) -> None:
        """Opens the folder, made if it is not there; raises HeldError while another has it."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock: IO[str] = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise HeldError(
                f"checkpoints in use by another poller: folder={folder} (stop it first)"
            ) from None

    def read(self, shard_id: str) -> Checkpoint:
        """Returns what is remembered of a shard; of a new one that there is nothing yet."""
        path = self._path(shard_id)
        return Checkpoint(**json.loads(path.read_text())) if path.exists() else Checkpoint()

    def write(self, shard_id: str, checkpoint: Checkpoint) -> None:
        """Remembers it, whatever happens to us afterwards."""
        draft = self._path(shard_id).with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(checkpoint)))
        draft.replace(self._path(shard_id))

    def close(self) -> None:
        """Lets another process have the folder."""
        self._lock.close()  # the file stays: removing it would let two hold "the" lock

    def _path(self, shard_id: str) -> Path:
        return self._folder / f"{shard_id}.json"
