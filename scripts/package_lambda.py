"""The function's zip: our modules and what they need, the same bytes wherever it is made.

Each module has its byte code beside it, since Lambda keeps none that it compiles, and compiles all
of it at each cold start. It is that of the runtime's Python; where another one makes the zip, it
has none, which is said.

Dependencies are taken from wheels as published, not installed: an installation differs by host.
Only wheels for any platform will do, since the zip also runs on this machine. Of botocore's
descriptions of services, which are most of its size, only those that the function calls go in.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import io
import marshal
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "lambda"
FOLDER = ROOT / "target/lambda"
PYTHON = "3.13"
"""The runtime's version, as in conf/aws/template.yaml."""

NOT_OURS_TO_RUN = {"consumer.py", "shards.py"}
"""Modules beside the function that are for a person at a terminal."""

SERVICES = {"dynamodb", "sqs"}
BOTOCORE_DATA = PurePosixPath("botocore/data")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([A-Za-z0-9.!+]+)$")

ALL_TIMES = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
UNCHECKED = (1).to_bytes(4, "little")
WITHOUT_REFERENCES = 2  # version of the format
FILE_MODE = 0o100644 << 16
UNIX = 3


class PackagingError(Exception):
    """The zip cannot be made; says why."""


def members(wheels: list[Path]) -> dict[str, bytes]:
    """Returns what goes into the zip, by its name there, in no order."""
    found: dict[str, bytes] = {}
    for source in sorted(SOURCES.glob("*.py")):
        if source.name not in NOT_OURS_TO_RUN:
            found[source.name] = source.read_bytes()
    for wheel in wheels:
        for name, content in _members_of(wheel):
            if name in found:
                raise PackagingError(f"file in the zip twice: name={name} wheel={wheel.name}")
            found[name] = content
    return found


def _members_of(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith("/") and _is_needed(PurePosixPath(name)):
                yield name, archive.read(name)


def _is_needed(path: PurePosixPath) -> bool:
    if path.parts[0].endswith(".data"):
        return False  # command-line programs
    if path.parent.suffix == ".dist-info":
        return path.name != "RECORD"  # it lists files that are left out here
    if path.is_relative_to(BOTOCORE_DATA):
        below = path.relative_to(BOTOCORE_DATA).parts
        return len(below) == 1 or below[0] in SERVICES
    return True


def with_byte_code(contents: dict[str, bytes]) -> dict[str, bytes]:
    """Returns the same contents and the byte code of every module, as this Python imports it.

    It is marshalled without references, which depend on what else the process has done; and it is
    never compared with its source (PEP 552, unchecked), whose time of change a zip does not keep.
    """
    compiled = {}
    for name, content in contents.items():
        if name.endswith(".py"):
            code = compile(content, name, "exec", dont_inherit=True, optimize=0)
            header = importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(content)
            compiled[importlib.util.cache_from_source(name, optimization="")] = (
                header + marshal.dumps(code, WITHOUT_REFERENCES)
            )
    return contents | compiled


def zipped(contents: dict[str, bytes]) -> bytes:
    """Returns a zip that depends on these contents alone.

    Nothing is compressed: how it comes out depends on the host's zlib.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, ALL_TIMES)
            entry.external_attr = FILE_MODE
            entry.create_system = UNIX
            archive.writestr(entry, contents[name])
    return buffer.getvalue()


def pins(requirements: Path) -> dict[str, str]:
    """Returns the pinned versions by normalised name."""
    found = {}
    for number, line in enumerate(requirements.read_text().splitlines(), 1):
        text = line.split("#")[0].strip()
        if not text:
            continue
        pin = PIN.match(text)
        if pin is None:
            raise PackagingError(
                f"not a pin: file={requirements} line={number} (expected: NAME==VERSION)"
            )
        found[normalised(pin[1])] = pin[2]
    return found


def normalised(name: str) -> str:
    """Returns a distribution's name as all spellings of it are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def fetch(requirements: Path, cache: Path) -> list[Path]:
    """Returns the wheels of the requirements, in order; fetches them if the pins have changed."""
    wanted = pins(requirements)
    digest = hashlib.sha256(f"{PYTHON} {sorted(wanted.items())}".encode()).hexdigest()[:16]
    folder = cache / f"wheels-{digest}"
    if not folder.is_dir():
        _download(requirements, folder)
    wheels = sorted(folder.glob("*.whl"))
    there = {normalised(w.name.split("-")[0]): w.name.split("-")[1] for w in wheels}
    if there != wanted:
        raise PackagingError(f"wheels are not those pinned: folder={folder} (delete it)")
    return wheels


def _download(requirements: Path, folder: Path) -> None:
    for old in folder.parent.glob("wheels-*"):
        shutil.rmtree(old)
    with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--only-binary", ":all:", "--python-version", PYTHON),
            *("--implementation", "py", "--abi", "none", "--platform", "any"),
            *("--dest", f"{draft}/wheels", "--requirement", str(requirements)),
        ]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise PackagingError(
                f"dependencies could not be fetched: requirements={requirements}"
                f" (is PyPI reachable?)\n{ended.stderr.rstrip()}"
            )
        Path(draft, "wheels").rename(folder)


def main() -> int:
    """Makes the zip and prints its path."""
    parser = argparse.ArgumentParser(description="makes the function's zip")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where it goes (%(default)s)")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    zip_file = folder / "tapestream-lambda.zip"
    try:
        draft = zip_file.with_suffix(".tmp")
        contents = members(fetch(SOURCES / "requirements.txt", folder))
        if f"{sys.version_info.major}.{sys.version_info.minor}" == PYTHON:
            contents = with_byte_code(contents)
        else:
            print(f"no byte code in the zip: no Python {PYTHON} on this machine", file=sys.stderr)
        draft.write_bytes(zipped(contents))
        draft.replace(zip_file)
    except PackagingError as e:
        print(f"package_lambda.py: {e}", file=sys.stderr)
        return 3
    print(zip_file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
