"""Reads JSON strictly, its numbers as the digits they are written in."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

MAX_DEPTH = 512
"""Deepest nesting that is read, in levels; docs/RECORDS.md, section 1."""

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class Number(str):
    """The text of a JSON number, told apart from a JSON string."""

    __slots__ = ()


def parse(text: str) -> Any:
    """Returns what a JSON text (RFC 8259) says; raises ValueError if it is not one, or too deep.

    Of duplicate keys the last one counts. A string may hold half of a surrogate pair, which has no
    UTF-8. Takes time in proportion to the length, whatever the text.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise ValueError(f"nested too deep: length={len(text)} (allowed: {MAX_DEPTH} levels)")
    try:
        return _DECODER.decode(text)
    except RecursionError as e:  # the caller is deep in the stack itself
        raise ValueError(f"nested too deep: length={len(text)}") from e


def _depth(text: str) -> int:
    depth = deepest = 0
    for found in _STRING_OR_BRACKET.findall(text):
        if found in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found in "]}":
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"not JSON: constant={name}")


_DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_refuse_constant)
