"""Exact decimal numbers as text: what docs/RECORDS.md calls canonical, without float or Decimal."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

MAX_DIGITS = 38
MIN_EXPONENT = -130
MAX_EXPONENT = 125

_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?")
_HUGE = 10**9
_MAX_SHORT_LENGTH = 64  # so that what is remembered has a bound in bytes, too


@dataclass(frozen=True)
class DecimalText:
    """A number as its significant digits (none for zero) times ten to the power of its scale."""

    negative: bool
    digits: str
    scale: int

    @property
    def is_zero(self) -> bool:
        return not self.digits

    @property
    def exponent(self) -> int:
        """The power of ten of the first digit."""
        return self.scale + len(self.digits) - 1

    def is_in_range(self) -> bool:
        """Tells whether DynamoDB can hold its magnitude."""
        return self.is_zero or MIN_EXPONENT <= self.exponent <= MAX_EXPONENT

    def whole(self) -> int | None:
        """Returns its value if it is a whole number of at most 20 digits."""
        if self.is_zero:
            return 0
        if self.scale < 0 or self.exponent >= 20:
            return None
        value = int(self.digits + "0" * self.scale)
        return -value if self.negative else value

    def canonical(self) -> str:
        """Returns plain digits; only for a number in range."""
        if self.is_zero:
            return "0"
        if self.scale >= 0:
            plain = self.digits + "0" * self.scale
        elif len(self.digits) > -self.scale:
            plain = f"{self.digits[: self.scale]}.{self.digits[self.scale :]}"
        else:
            plain = "0." + "0" * (-self.scale - len(self.digits)) + self.digits
        return f"-{plain}" if self.negative else plain


def parse(text: str) -> DecimalText:
    """Parses a JSON number, of any length, in time in proportion to it."""
    return _parse_short(text) if len(text) <= _MAX_SHORT_LENGTH else _parse(text)


def _parse(text: str) -> DecimalText:
    matched = _NUMBER.fullmatch(text)
    if matched is None:
        raise ValueError(f"not a JSON number: length={len(text)}")
    sign, whole, fraction, exponent_sign, exponent_digits = matched.groups(default="")
    exponent_digits = exponent_digits.lstrip("0")
    exponent = _HUGE if len(exponent_digits) > 9 else int(exponent_digits or "0")
    if exponent_sign == "-":
        exponent = -exponent
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return DecimalText(negative=False, digits="", scale=0)
    scale = exponent - len(fraction) + len(digits) - len(significant)
    return DecimalText(sign == "-", significant, scale)


_parse_short = functools.lru_cache(maxsize=16384)(_parse)
