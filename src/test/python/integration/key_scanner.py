"""Looks for a key in files, in every form in which it could have got there; and plants one."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, quote_plus

import secret_shapes

HEX_DUMP_BYTES = 6


def forms_of(key: str) -> set[bytes]:
    """The key as it is, encoded for URLs, JSON or Base64, in hexadecimal, and as UTF-16."""
    raw = key.encode()
    percent = quote(key, safe="")
    forms = {raw, percent.encode(), percent.lower().encode(), quote_plus(key).encode()}
    forms |= {quote(percent, safe="").encode(), key.encode("utf-16-le")}
    forms |= {json.dumps(key)[1:-1].encode(), key.replace("/", "\\/").encode()}
    forms |= {raw.hex().encode(), raw.hex().upper().encode()}
    # A dump breaks its lines where it likes: any few bytes in a row will do.
    for start in range(len(raw) - HEX_DUMP_BYTES + 1):
        forms.add(raw[start : start + HEX_DUMP_BYTES].hex(" ").encode())
    for offset in range(3):  # where the key begins in a longer text decides how it is encoded
        encoded = base64.b64encode(bytes(offset) + raw)
        whole = encoded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
        forms |= {whole, whole.translate(bytes.maketrans(b"+/", b"-_"))}
    return forms


def scan(files: Iterable[Path], forms: set[bytes]) -> list[str]:
    """Returns where a form is, compressed files and archives looked into."""
    return [
        f"{file}{inside}: {form.decode(errors='replace')}"
        for file in files
        for inside, content in secret_shapes.contents_of(file.read_bytes())
        for form in forms
        if form in content
    ]


def plant(file: Path, canary: bytes, into: Path) -> Path:
    """Copies a file and puts the canary in the midst of what it holds."""
    copy = into / file.name
    content = file.read_bytes()
    if content.startswith(secret_shapes.GZIP):
        copy.write_bytes(gzip.compress(_amid(gzip.decompress(content), canary)))
    elif content.startswith(secret_shapes.ZIP):
        shutil.copy(file, copy)
        with zipfile.ZipFile(copy, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("planted", _amid(bytes(1000), canary))
    else:
        copy.write_bytes(_amid(content, canary))
    return copy


def _amid(content: bytes, canary: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + canary + content[middle:]
