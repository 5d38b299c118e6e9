"""Reads test reports in JUnit's XML, for scripts/test.sh: what ran, and what did not.

python scripts/test_reports.py totals FOLDER...       prints: PASSED FAILED SKIPPED
python scripts/test_reports.py containers FOLDER      prints: RUN SKIPPED of the container tests
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CONTAINER_TESTS = "ContainerIT"


@dataclass
class Totals:
    """How many tests ended how."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0


def cases(folder: Path) -> Iterator[tuple[str, ET.Element]]:
    """Yields the class name and the element of every test in a folder's reports."""
    for path in sorted(folder.glob("**/*.xml")):
        root = ET.parse(path).getroot()  # noqa: S314  reports that our own tools wrote
        for case in root.iter("testcase"):
            yield case.get("classname", ""), case


def totals(folders: list[Path], only: str = "") -> Totals:
    """Counts the tests whose class name ends so."""
    found = Totals()
    for folder in folders:
        for class_name, case in cases(folder):
            if not class_name.endswith(only):
                continue
            if case.find("skipped") is not None:
                found.skipped += 1
            elif case.find("failure") is not None or case.find("error") is not None:
                found.failed += 1
            else:
                found.passed += 1
    return found


def main(arguments: list[str]) -> int:
    """Prints what the command line asks for."""
    command, *names = arguments
    folders = [Path(name) for name in names]
    if command == "totals":
        found = totals(folders)
        print(found.passed, found.failed, found.skipped)
        return 0
    if command == "containers":
        found = totals(folders, CONTAINER_TESTS)
        print(found.passed + found.failed, found.skipped)
        return 0
    print(f"unknown command: {command} (expected: totals or containers)", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
