"""Reads test reports in JUnit's XML, for scripts/test.sh: what ran, and what did not.

python scripts/test_reports.py totals FOLDER...       prints: PASSED FAILED SKIPPED
python scripts/test_reports.py containers FOLDER      prints: RUN SKIPPED of the container tests
python scripts/test_reports.py flaky FOLDER...        prints the tests that failed once, not twice
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CONTAINER_TESTS = "ContainerIT"
SECOND_RUN = "second-run.xml"
"""The report of those tests of the folder that failed, run once more; it counts instead."""


@dataclass
class Totals:
    """How many tests ended how."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0


def cases(path: Path) -> Iterator[tuple[str, ET.Element]]:
    """Yields the class name and the element of every test in a report."""
    root = ET.parse(path).getroot()  # noqa: S314  reports that our own tools wrote
    for case in root.iter("testcase"):
        yield case.get("classname", ""), case


def last_cases(folder: Path) -> Iterator[tuple[str, ET.Element]]:
    """Yields those of all reports in a folder, but the last run of each test only."""
    again = list(second_cases(folder))
    names = {name_of(class_name, case) for class_name, case in again}
    for path in sorted(folder.glob("**/*.xml")):
        if path.name != SECOND_RUN:
            for class_name, case in cases(path):
                if name_of(class_name, case) not in names:
                    yield class_name, case
    yield from again


def second_cases(folder: Path) -> Iterator[tuple[str, ET.Element]]:
    """Yields those that were run once more."""
    if (folder / SECOND_RUN).exists():
        yield from cases(folder / SECOND_RUN)


def name_of(class_name: str, case: ET.Element) -> str:
    """Returns what a person calls the test."""
    return f"{class_name}.{case.get('name')}"


def has_failed(case: ET.Element) -> bool:
    """Whether it did."""
    return case.find("failure") is not None or case.find("error") is not None


def flaky(folders: list[Path]) -> Iterator[str]:
    """Yields the names of the tests that failed and then, run again, did not."""
    for folder in folders:
        for class_name, case in last_cases(folder):
            # So Surefire tells of a run that failed before one that did not.
            if case.find("flakyFailure") is not None or case.find("flakyError") is not None:
                yield name_of(class_name, case)
        for class_name, case in second_cases(folder):
            if not has_failed(case):
                yield name_of(class_name, case)


def totals(folders: list[Path], only: str = "") -> Totals:
    """Counts the tests whose class name ends so."""
    found = Totals()
    for folder in folders:
        for class_name, case in last_cases(folder):
            if not class_name.endswith(only):
                continue
            if case.find("skipped") is not None:
                found.skipped += 1
            elif has_failed(case):
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
    if command == "flaky":
        for name in flaky(folders):
            print(name)
        return 0
    print(f"unknown command: {command} (expected: totals, containers or flaky)", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
