"""A mutation: text of the product that is replaced, so that one invariant does not hold any more.

It is data; `mutations.py` lists them all, `mutated_copy.py` applies one to a throw-away copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


class MutationError(Exception):
    """A mutation that cannot be applied; says why."""


@dataclass(frozen=True)
class Edit:
    """One piece of text of one file, and what it becomes."""

    file: str
    """Its path below the project's folder."""
    before: str
    """Occurs exactly once in the file: a change of the product must not disable it in silence."""
    after: str

    def apply_to(self, text: str) -> str:
        """Returns the file's text with the edit; raises MutationError if it does not fit."""
        found = text.count(self.before)
        if found != 1:
            raise MutationError(
                f"mutation does not fit the product any more: file={self.file} found={found} times"
                f" (expected: once; change the mutation with the product) text:\n{self.before}"
            )
        return text.replace(self.before, self.after)


@dataclass(frozen=True)
class Mutation:
    """An invariant that is broken on purpose, and what must show it."""

    name: str
    invariant: str
    """What holds without the mutation."""
    edits: tuple[Edit, ...]
    caught_by: Literal["missing", "unexpected"]
    """The number of the run's result that must be above 0."""

    def mutated(self, root: Path) -> dict[str, str]:
        """Returns the mutated text of each of its files below a project's folder, by their paths.

        Raises MutationError if an edit does not fit.
        """
        texts: dict[str, str] = {}
        for edit in self.edits:
            text = texts.get(edit.file) or (root / edit.file).read_text()
            texts[edit.file] = edit.apply_to(text)
        return texts


def names(mutations: Sequence[Mutation]) -> list[str]:
    """Returns the names, by which pytest can tell them apart."""
    return [mutation.name for mutation in mutations]


@dataclass(frozen=True)
class Run:
    """A run of chaos that is the same for the product and for all of its mutations."""

    faults: tuple[str, ...]
    seed: int
    seconds: int
    rate: int
    """Trades a second."""

    @property
    def arguments(self) -> list[str]:
        """What follows the name of the chaos program."""
        return [
            *("--faults", ",".join(self.faults), "--seed", str(self.seed)),
            *("--for", f"{self.seconds}s", "--rate", str(self.rate), "--json"),
        ]
