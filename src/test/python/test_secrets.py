"""No key that opens anything is in what we publish: the sources, their history, the captures."""

from __future__ import annotations

import base64
import gzip
import io
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

import secret_shapes

ROOT = Path(__file__).parents[3]
VENUE_KEY = "c4b0n5qad3i" + "a6lr8u5mg"
KEY_ID = "AKIA" + "QWERTYUIOPAS2345"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYzz9876Qx+A"
PRIVATE_KEY = "-----BEGIN {}PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQ"
HANDSHAKE = re.compile(rb"GET /|HTTP/1\.1|Sec-WebSocket|[?&]token=", re.IGNORECASE)


def git(*arguments: str) -> bytes:
    command = ["/usr/bin/env", "git", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """The files that are published, as they are now."""
    if not (ROOT / ".git").exists():
        pytest.skip("NOT RUN: not a working tree of git")
    files = [ROOT / name.decode() for name in git("ls-files", "-z").split(b"\0") if name]
    return [file for file in files if file.is_file()]


def test_no_file_holds_a_key(tracked: list[Path]) -> None:
    assert len(tracked) > 100
    found = {str(file): secret_shapes.found_in_file(file.read_bytes()) for file in tracked}
    assert {file: keys for file, keys in found.items() if keys} == {}


def test_no_change_ever_held_a_key(tracked: list[Path]) -> None:
    # Without the ids of commits, which have the length of a key.
    log = git("log", "--all", "-p", "-m", "--text", "--full-index", "--format=%an%n%ae%n%B")
    changes = b"\n".join(line for line in log.split(b"\n") if not line.startswith(b"index "))
    assert changes.count(b"\n+") > 10_000
    assert secret_shapes.found_in(changes) == []


def test_no_capture_or_payload_holds_a_handshake(tracked: list[Path]) -> None:
    recorded = [
        file
        for file in tracked
        if ROOT / "conf/captures" in file.parents or ROOT / "src/test/resources" in file.parents
    ]
    frames = [file for file in recorded if file.suffix in {".json", ".ndjson", ".gz"}]
    assert len(frames) > 50
    assert {
        str(file): HANDSHAKE.findall(content)
        for file in frames
        if file.name != "INDEX.json"
        for _, content in secret_shapes.contents_of(file.read_bytes())
        if HANDSHAKE.search(content)
    } == {}


def test_the_file_for_the_key_is_ignored_by_git(tracked: list[Path]) -> None:
    assert git("check-ignore", "conf/application.properties").strip() != b""
    assert ROOT / "conf/application.properties" not in tracked


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (f"finnhub.api.key={VENUE_KEY}\n", "key of a venue"),
        (f"finnhub.api.key={VENUE_KEY}{VENUE_KEY[::-1]}\n", "key of a venue"),
        (f'wss://ws.finnhub.io?token={VENUE_KEY}"', "key of a venue"),
        (f'"AWS_ACCESS_KEY_ID": "{KEY_ID}"', "key id of AWS"),
        (f"+{KEY_ID.replace('AKIA', 'ASIA')}", "key id of AWS"),
        (f"aws_secret_access_key = {SECRET_KEY}", "secret key of AWS"),
        (f'"SecretAccessKey": "{SECRET_KEY}"', "secret key of AWS"),
        (PRIVATE_KEY.format(""), "private key"),
        (PRIVATE_KEY.format("RSA "), "private key"),
        (PRIVATE_KEY.format("EC "), "private key"),
        ("ghp_" + "a1B2" * 9, "token of a code host"),
    ],
)
@pytest.mark.parametrize("packed", ["", "gzip", "zip"])
def test_a_key_that_is_planted_is_found(text: str, shape: str, packed: str) -> None:
    content = b"\0" * 100 + f"before {text} after".encode() + b"\xff" * 100
    if packed == "gzip":
        content = gzip.compress(content)
    elif packed == "zip":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
            writer.writestr("inside", content)
        content = archive.getvalue()
    (found,) = secret_shapes.found_in_file(content)
    assert shape in found
    assert VENUE_KEY not in found
    assert SECRET_KEY not in found


@pytest.mark.parametrize(
    "text",
    [
        "817f4000000000000000",
        "12345678901234567890",
        "d33bcba34f009de59d951abdfc59044a9ba2831a",
        "internationalisation",
        "00000000000000008192.jrn",
        "AKIAIOSFODNN7EXAMPLE",
        "AKIDEXAMPLE",
        "SECRETTOKEN123",
        "aws_secret_access_key=test",
        '"-----BEGIN " + type + "-----"',
        base64.b64encode(bytes(range(60))).decode(),
    ],
)
def test_what_only_looks_long_is_no_key(text: str) -> None:
    assert secret_shapes.found_in(f" {text} ".encode()) == []
