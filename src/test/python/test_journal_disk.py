"""The journal's own disk fills up, turns read-only and is well again; what was in it is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHAOS = Path(__file__).parents[3] / "scripts/chaos"

SCRIPT = """
import errno, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from journal_disk import JournalDisk, can_mount

def error_of(write):
    try:
        write()
    except OSError as e:
        return errno.errorcode[e.errno]
    return "none"

assert can_mount()
folder = Path(sys.argv[2])
disk = JournalDisk(folder)
disk.mount(1 << 20)
file = (folder / "segment").open("wb", buffering=0)
file.write(bytes(8192))
disk.fill(4096)
assert error_of(lambda: (folder / "more").write_bytes(bytes(8192))) == "ENOSPC"
(folder / "more").unlink()
(folder / "more").write_bytes(bytes(4096))
(folder / "more").unlink()
disk.fill(0)
assert error_of(lambda: (folder / "more").write_bytes(b"1")) == "ENOSPC"
disk.empty()
(folder / "more").write_bytes(bytes(8192))
disk.turn_read_only()
disk.turn_read_only()
assert error_of(lambda: (folder / "other").write_bytes(b"1")) == "EROFS"
file.write(b"lives on")
(disk.writable / "past").write_bytes(b"it")
disk.turn_writable()
assert error_of(lambda: (folder / "other").write_bytes(b"1")) == "EROFS"
disk.turn_writable()
(folder / "other").write_bytes(b"1")
disk.fill(0)
disk.turn_read_only()
disk.close()
"""


def test_a_disk_fills_up_turns_read_only_and_leaves_what_was_in_it(tmp_path: Path) -> None:
    own = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    probe = [*own, "mount", "-t", "tmpfs", "none", str(tmp_path)]
    if shutil.which("unshare") is None or subprocess.run(probe, check=False).returncode != 0:
        pytest.skip("NOT RUN: nothing can be mounted here")
    folder = tmp_path / "journal"
    subprocess.run(
        [*own, sys.executable, "-c", SCRIPT, CHAOS, folder],
        env={**os.environ, "TAPESTREAM_OWN_MOUNTS": "1"},
        check=True,
    )
    assert not folder.is_mount()
    assert sorted(path.name for path in folder.iterdir()) == ["more", "other", "past", "segment"]
    assert (folder / "segment").read_bytes() == bytes(8192) + b"lives on"
