"""Looks for keys that could open something, by their shape: of a venue, of AWS and others."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Iterator

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"

SHAPES = {
    # Twenty signs of base 32, once or twice; not a number, not hexadecimal, not a word.
    "key of a venue": re.compile(
        rb"(?<![0-9A-Za-z_])(?=[0-9a-f]*[g-v])(?=(?:[a-z]*[0-9]){2})(?=(?:[0-9]*[a-v]){3})"
        rb"(?:[0-9a-v]{40}|[0-9a-v]{20})(?![0-9A-Za-z_])"
    ),
    "key id of AWS": re.compile(rb"(?<![0-9A-Z])A(?:KIA|SIA|ROA|IDA)[0-9A-Z]{16}(?![0-9A-Z])"),
    "secret key of AWS": re.compile(
        rb"(?i)secret_?(?:access_?)?key[\"' ]*[:=][\"' ]*[a-z0-9/+]{40}(?![a-z0-9/+])"
    ),
    "private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]{16}"),
    "token of a code host": re.compile(rb"gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22}"),
}
EXAMPLE = re.compile(rb"EXAMPLE")
"""What AWS's own documents name so opens nothing."""


def found_in(content: bytes) -> list[str]:
    """Returns what looks like a key, shortened so that a report of it is no leak of its own."""
    return [
        f"{name}: {match[0][:4].decode(errors='replace')}... at {match.start()}"
        for name, shape in SHAPES.items()
        for match in shape.finditer(content)
        if not EXAMPLE.search(match[0])
    ]


def contents_of(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yields a file's content, and what is in it where it is compressed or an archive."""
    yield "", content
    if content.startswith(GZIP):
        yield " (unpacked)", gzip.decompress(content)
    elif content.startswith(ZIP):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield f"!{name}", archive.read(name)


def found_in_file(content: bytes) -> list[str]:
    """Returns what looks like a key in a file, compressed files and archives looked into."""
    return [
        f"{inside} {found}".strip()
        for inside, part in contents_of(content)
        for found in found_in(part)
    ]
