"""The texts that the sources hold: constants, with placeholders where values are put in.

A text is what a person may read in a log: `"segment deleted segment={}"` and
`"no session within " + millis + " ms"` both have a placeholder, which stands for any value.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
PLACEHOLDER = "\0"
LEVELS = {"debug", "info", "warn", "warning", "error", "exception"}
LEAST_LETTERS = 4
"""Of a text that may be told from others."""
DEEPEST = 3
"""How often a value may be a text that holds values."""
FOREIGN = {
    "Address already in use",
    "Connection reset by peer",
    "No space left on device",
    "Read-only file system",
    "recvAddress(..) failed with error(-104): Connection reset by peer",
}
"""Values of the operating system's and of libraries' making."""

CHOSEN = {"prod", "stream-finnhub", "price"}
"""Words of an operator's, and those that are made of other names."""

_JAVA = re.compile(
    r'//[^\n]*|/\*.*?\*/|"""(?:\\.|.)*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\])+\'|\w+|\s+|.',
    re.DOTALL,
)
_OPENING, _CLOSING, _END = "([{", ")]}", {",", ";", "?", ":"}


@dataclass(frozen=True)
class Text:
    """A text, and the level that it is logged at; empty if it is not, or not at once."""

    template: str
    level: str = ""

    @property
    def letters(self) -> int:
        return sum(character.isalpha() for character in self.template)


def java_texts(source: str) -> Iterator[Text]:
    """Yields the texts of a Java source: each constant, what is joined to it with it."""
    tokens = [token for token in _JAVA.findall(source) if not token.isspace()]
    tokens = [token for token in tokens if not token.startswith(("//", "/*"))]
    joined = set()
    for begin, token in enumerate(tokens):
        if token.startswith('"') and begin not in joined:
            parts = [PLACEHOLDER] if tokens[begin - 1] == "+" else []
            parts.append(_unescaped(token))
            at = begin + 1
            while tokens[at] == "+":
                at += 1
                if tokens[at].startswith('"'):
                    joined.add(at)
                    parts.append(_unescaped(tokens[at]))
                    at += 1
                else:
                    parts.append(PLACEHOLDER)
                    at = _after_operand(tokens, at)
            called = tokens[begin - 2] if tokens[begin - 1] == "(" else ""
            yield Text(_template("".join(parts)), called if called in LEVELS else "")


def _after_operand(tokens: list[str], at: int) -> int:
    depth = 0
    while depth > 0 or not (tokens[at] in _END or tokens[at] in {"+", *_CLOSING}):
        depth += (tokens[at] in _OPENING) - (tokens[at] in _CLOSING)
        at += 1
    return at


def _unescaped(literal: str) -> str:
    quotes = 3 if literal.startswith('"""') and len(literal) > 5 else 1
    return literal[quotes:-quotes].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")


def python_texts(source: str) -> Iterator[Text]:
    """Yields the texts of a Python source."""
    tree = ast.parse(source)
    levels = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            levels[id(node.args[0])] = node.func.attr
    for node in ast.walk(tree):
        level = levels.get(id(node), "")
        level = level if level in LEVELS else ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Text(_template(node.value), level)
        elif isinstance(node, ast.JoinedStr):
            parts = [
                str(part.value) if isinstance(part, ast.Constant) else PLACEHOLDER
                for part in node.values
            ]
            yield Text(_template("".join(parts)), level)


def _template(text: str) -> str:
    return re.sub(rf"(?:{PLACEHOLDER}|\{{\}}|%[sd])+", PLACEHOLDER, text)


@cache
def texts() -> frozenset[Text]:
    """Returns all texts of the ingester, the function and the local programs."""
    found: set[Text] = set()
    for path in (ROOT / "src/main/java").rglob("*.java"):
        found.update(java_texts(path.read_text()))
    for folder in ("lambda", "scripts"):
        for path in (ROOT / folder).rglob("*.py"):
            found.update(python_texts(path.read_text()))
    return frozenset(found)


@cache
def constants() -> frozenset[str]:
    """Returns the texts without placeholders."""
    return frozenset(text.template for text in texts() if PLACEHOLDER not in text.template)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    pattern = re.escape(template).replace(re.escape(PLACEHOLDER), "(.*?)")
    # An empty value at the end is stripped together with the space before it.
    return re.compile(re.sub(r"\\ \(\.\*\?\)$", r"(?: (.*))?", pattern), re.DOTALL)


def levels_of(line: str, depth: int = 0) -> set[str] | None:
    """Returns the levels at which a line is logged, or None if no text is the line.

    Each value in it has to be a number, a path or the like, something in angle brackets, or a text
    in turn.
    """
    found: set[str] | None = None
    for text in texts():
        if text.letters < LEAST_LETTERS:
            continue
        match = _pattern(text.template).fullmatch(line)
        if match is None or match.groups() == (line,):
            continue
        inner = [_levels_of_value(value or "", depth + 1) for value in match.groups()]
        if all(levels is not None for levels in inner):
            found = (found or set()).union({text.level} - {""}, *(it or set() for it in inner))
    return found


def _levels_of_value(value: str, depth: int) -> set[str] | None:
    if re.fullmatch(r"[a-z]+(-[a-z]+)*", value):  # a word is of somebody's choosing
        return set() if value in constants() | CHOSEN else None
    if not re.search(r"\s", value) or value in FOREIGN:
        return set()
    if re.fullmatch(r"(?:\w+: )?<[^<>]*>", value):
        return set()
    if depth > DEEPEST:
        return None
    levels = levels_of(value, depth)
    if levels is None and " (" in value:  # a value and a remedy, each of which may be missing
        first, remedy = value.split(" (", 1)
        if _levels_of_value(first, depth + 1) is not None and f" ({remedy}" in constants():
            return set()
    return levels
