"""JSON is read strictly, and its numbers as they are written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import json_text
from json_text import Number
from test_decimal_text import NUMBERS

VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS.map(Number) | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=10,
)


def written(value: Any) -> str:
    """Writes a value as JSON, its numbers as they are."""
    if isinstance(value, Number):
        return value
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    if isinstance(value, dict):
        members = (f"{json.dumps(name)}:{written(member)}" for name, member in value.items())
        return f"{{{','.join(members)}}}"
    return json.dumps(value)


@given(VALUES)
def test_every_value_is_read_as_it_was_written(value: Any) -> None:
    assert written(json_text.parse(written(value))) == written(value)


def test_a_number_is_told_apart_from_a_string() -> None:
    number, text = json_text.parse('[1.50,"1.50"]')
    assert number == text == "1.50"
    assert (type(number), type(text)) == (Number, str)


def is_refused(text: str) -> bool:
    try:
        json_text.parse(text)
    except ValueError:
        return True
    return False


@given(st.text() | st.text('[]{}",:019-+.eE\\utrflsn \n', max_size=12))
def test_any_text_is_read_or_refused_as_the_standard_library_does(text: str) -> None:
    try:
        expected = json.loads(text, parse_int=str, parse_float=str, parse_constant=int)
    except ValueError:
        assert is_refused(text)
    else:
        assert json_text.parse(text) == expected


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"x":-Infinity}'])
def test_a_constant_that_json_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not JSON: constant="):
        json_text.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 512 + "]" * 512,
        '{"x":' * 511 + "[]" + "}" * 511,
        "[" + "[]," * 600 + "[]]",
        '["' + "[" * 600 + '"]',
        '["\\"' + "{[" * 600 + '"]',
        '["\\\\",' + "[]," * 600 + "[]]",
    ],
)
def test_512_levels_are_read(text: str) -> None:
    assert json_text.parse(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "[" * 513 + "]" * 513,
        '{"x":' * 512 + "[]" + "}" * 512,
        '["\\\\",' + "[" * 512 + "]" * 513,
        "[" * 100_000,
        '{"x":' * 100_000,
        '["]]]]","\\"]]]]",' + "[" * 512 + "]" * 513,
    ],
)
def test_more_levels_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"nested too deep: length={len(text)} "):
        json_text.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 600 + '"' + '\\"' * 500_000,
        "[" * 600 + '"' * 1_000_001,
        "[]" * 500_000,
        "1" * 1_000_000 + "x",
        "[" * 300 + '"' + "[" * 1_000_000,
    ],
)
def test_megabytes_of_anything_are_refused_in_time(text: str) -> None:
    assert is_refused(text)


def test_megabytes_of_digits_are_one_number() -> None:
    digits = "1" * 2_000_000
    assert json_text.parse(digits) == digits


def test_a_caller_deep_in_the_stack_gets_a_value_or_a_value_error() -> None:
    text = "[" * 500 + "]" * 500

    def outcome(depth: int) -> str:
        if depth:
            return outcome(depth - 1)
        try:
            return "value" if json_text.parse(text) else ""
        except ValueError as e:
            return str(e)

    assert outcome(0) == "value"
    assert outcome(700) in ("value", "nested too deep: length=1000")
