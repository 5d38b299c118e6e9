"""The parameters of a deployment: an environment's file and what is set beside it.

Prints a line `Name=Value` for each, in the file's order. A name that the file does not have is
refused: the AWS CLI would leave it out without a word.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

USAGE = 2


class ParameterError(Exception):
    """A parameter cannot be as it was given; says why."""


def parameters(file: Path, settings: list[str]) -> dict[str, str]:
    """Returns the file's parameters, changed by settings `Name=Value`; the last one wins."""
    found: dict[str, str] = json.loads(file.read_text())["Parameters"]
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in found:
            known = ", ".join(found)
            raise ParameterError(
                f"unknown parameter: name={name} file={file} (expected one of: {known})"
            )
        if "\n" in value:
            raise ParameterError(f"parameter of more than one line: name={name}")
        found[name] = value
    return found


def main() -> int:
    """Prints the parameters."""
    parser = argparse.ArgumentParser(description="an environment's parameters")
    parser.add_argument("file", type=Path)
    parser.add_argument("settings", nargs="*", metavar="NAME=VALUE")
    arguments = parser.parse_args()
    try:
        found = parameters(arguments.file, arguments.settings)
    except ParameterError as e:
        print(e)
        return USAGE
    for name, value in found.items():
        print(f"{name}={value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
