"""Canonical numbers, against Python's own exact decimals."""

from __future__ import annotations

import decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import decimal_text

DIGITS = st.text("0123456789", min_size=1, max_size=45)
NUMBERS = st.builds(
    lambda sign, whole, fraction, exponent: (
        sign + (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "") + exponent
    ),
    st.sampled_from(["", "-"]),
    DIGITS,
    st.one_of(st.just(""), DIGITS),
    st.one_of(st.just(""), st.builds("e{}".format, st.integers(-140, 140))),
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("100", "100"),
        ("100.0", "100"),
        ("1e2", "100"),
        ("1E+2", "100"),
        ("-0.0", "0"),
        ("-0", "0"),
        ("0e999999999999999999", "0"),
        ("5E-7", "0.0000005"),
        ("0.10", "0.1"),
        ("-12.50", "-12.5"),
        ("1234e-2", "12.34"),
        ("66972.77", "66972.77"),
    ],
)
def test_canonical_number(text: str, canonical: str) -> None:
    assert decimal_text.parse(text).canonical() == canonical


@pytest.mark.parametrize("text", ["1e126", "1e-131", "-1e999999999999", "1e-999999999999"])
def test_magnitude_out_of_range(text: str) -> None:
    assert not decimal_text.parse(text).is_in_range()


@pytest.mark.parametrize("text", ["1e125", "9." + "9" * 37 + "e125", "1e-130", "0"])
def test_magnitude_in_range(text: str) -> None:
    assert decimal_text.parse(text).is_in_range()


@pytest.mark.parametrize(
    ("text", "whole"),
    [("1.5e3", 1500), ("1500.00", 1500), ("1.5", None), ("1e30", None), ("-3", -3), ("0.0", 0)],
)
def test_whole_number(text: str, whole: int | None) -> None:
    assert decimal_text.parse(text).whole() == whole


def test_megabytes_of_digits_are_parsed_and_never_expanded() -> None:
    assert len(decimal_text.parse("1" * 2_000_000).digits) == 2_000_000
    assert decimal_text.parse("1" * 2_000_000).whole() is None
    assert decimal_text.parse("0." + "0" * 2_000_000 + "1").exponent == -2_000_001
    assert decimal_text.parse("1" + "0" * 2_000_000 + "e-2000000").canonical() == "1"
    assert not decimal_text.parse("1e" + "9" * 2_000_000).is_in_range()
    assert decimal_text.parse("0e" + "9" * 2_000_000).canonical() == "0"


@pytest.mark.parametrize("text", ["", "-", "+1", ".5", "1e", "1e+", "0x1", "1 ", "\u0661", "NaN"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"not a JSON number: length={len(text)}"):
        decimal_text.parse(text)


@given(NUMBERS)
def test_agrees_with_exact_decimals(text: str) -> None:
    with decimal.localcontext(prec=400, Emax=999_999, Emin=-999_999):
        exact = decimal.Decimal(text)
        parsed = decimal_text.parse(text)
        assert decimal.Decimal(parsed.canonical()) == exact
        assert parsed.is_zero == (exact == 0)
        if exact:
            assert parsed.exponent == exact.adjusted()
            assert len(parsed.digits) == len(exact.normalize().as_tuple().digits)
