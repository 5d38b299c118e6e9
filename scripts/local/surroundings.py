"""Where a local run lives: its folders, its variables, its Java."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data/local"
LOGS = DATA / "logs"
JAR = ROOT / "target/tapestream.jar"
ZIP = ROOT / "target/lambda/tapestream-lambda.zip"
REGION = "us-east-1"


def java(*options: str) -> list[str | Path]:
    """Returns how a Java command of ours begins."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin/java") if home else "java"
    ours = f"@{ROOT / 'conf/jvm.options'}"
    return [program, ours, *os.environ.get("JAVA_OPTS", "").split(), *options, "-jar", JAR]


def replace_variables() -> None:
    """Replaces the variables of this process and its children that could lead to a real account."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "FINNHUB_", "CONFIG_FORCE_")):
            del os.environ[name]
    os.environ.update(
        {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "FINNHUB_API_KEY": f"local-{secrets.token_hex(8)}",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
    )


@contextlib.contextmanager
def folders() -> Iterator[Path]:
    """Empties data/local, yields a temporary folder in it, and leaves only what is to stay."""
    temp = DATA / "tmp"
    shutil.rmtree(DATA, ignore_errors=True)
    for folder in (LOGS, temp):
        folder.mkdir(parents=True)
    try:
        yield temp
    finally:
        for folder in (temp, DATA / "kpl"):
            shutil.rmtree(folder, ignore_errors=True)
