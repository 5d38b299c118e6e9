"""A DynamoDB that refuses what the service refuses, in its words, and fails when it is told to.

It stands in for botocore's low-level client and knows BatchWriteItem's puts. An emulator lets pass
much of what is refused here; what a function does with such data shows only against the rules.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any

from botocore.exceptions import ClientError

import aws_faults
from fake_time import FakeClock

TABLE = "trades"

MAX_REQUESTS = 25
MAX_ITEM_LENGTH = 400 * 1024
MAX_REQUEST_LENGTH = 16 * 1024 * 1024
MAX_PARTITION_KEY_LENGTH = 2048
MAX_SORT_KEY_LENGTH = 1024
MAX_DIGITS = 38
LARGEST = Decimal("9.9999999999999999999999999999999999999E+125")
SMALLEST = Decimal("1E-130")

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WIDE = Context(prec=10_000)
_INVALID = "One or more parameter values were invalid: "
_NOT_VALID = "One or more parameter values are not valid. "
_EMPTY_KEY = "The AttributeValue for a key attribute cannot contain an empty string value. "


@dataclass(frozen=True)
class Index:
    """A global secondary index: its partition key first, its sort key second."""

    name: str
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Fault:
    """What one call does besides its work, or instead of it."""

    before: BaseException | None = None
    """Raised with nothing written."""
    after: BaseException | None = None
    """Raised with everything written: the answer is lost."""
    unprocessed: Callable[[int], bool] = lambda _: False
    """By a put's index in the request: whether it is given back."""


NO_FAULT = Fault()
ALL_UNPROCESSED = Fault(unprocessed=lambda _: True)
EVERY_SECOND_UNPROCESSED = Fault(unprocessed=lambda index: index % 2 == 1)


def first_unprocessed(count: int) -> Fault:
    """Gives the first few puts of a request back."""
    return Fault(unprocessed=lambda index: index < count)


@dataclass
class FakeDynamoDB:
    """One table and its index. Confined to one thread."""

    table: str = TABLE
    key: str = "trade_id"
    index: Index | None = Index("symbol-traded_at", {"symbol": "S", "traded_at": "N"})
    faults: Iterable[Fault] = ()
    """Of the next calls, one each; there may be no end of them."""
    refused: set[str] = field(default_factory=set)
    """Keys of items that it finds invalid, whatever they are."""
    throttled: set[str] = field(default_factory=set)
    """Keys of items that it gives back, as those of a partition that is too hot."""
    clock: FakeClock = field(default_factory=FakeClock)
    seconds_a_call: float = 0.0
    seconds_an_item: float = 0.0
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What is stored, by key."""
    requests: list[list[str]] = field(default_factory=list)
    """Keys of each call, of those that failed too."""
    writes: list[str] = field(default_factory=list)
    """Keys in the order of their writes, one for each write."""

    def __post_init__(self) -> None:
        self._faults: Iterator[Fault] = iter(self.faults)
        self._items_a_second: float | None = None
        self._tokens = 0.0
        self._refilled_at = 0.0

    def fail(self, *faults: Fault) -> None:
        """Sets what the next calls do, in place of what was set before."""
        self._faults = iter(faults)

    def fail_with(self, faults: Iterable[Fault]) -> None:
        """Sets what all calls to come do; there may be no end of it."""
        self._faults = iter(faults)

    def throttle(self, items_a_second: float) -> None:
        """Takes so many items a second from now on; a second's worth, or one, may be saved up."""
        self._items_a_second = items_a_second
        self._tokens = max(1.0, items_a_second)
        self._refilled_at = self.clock.now

    def batch_write_item(self, *, RequestItems: Any) -> dict[str, Any]:  # noqa: N803
        """Puts items; raises what botocore raises, or returns what was not processed."""
        puts = [_item_of(request) for request in RequestItems.get(self.table, [])]
        self.requests.append([_text(item.get(self.key)) for item in puts])
        self.clock.pass_by(self.seconds_a_call + self.seconds_an_item * len(puts))
        fault = next(self._faults, NO_FAULT)
        if fault.before is not None:
            raise fault.before
        self._check(RequestItems)
        allowed = self._allowed(len(puts))
        unprocessed = []
        for index, item in enumerate(puts):
            is_throttled = item[self.key]["S"] in self.throttled
            if fault.unprocessed(index) or is_throttled or allowed <= 0:
                unprocessed.append({"PutRequest": {"Item": copy.deepcopy(item)}})
                continue
            allowed -= 1
            self.items[item[self.key]["S"]] = copy.deepcopy(item)
            self.writes.append(item[self.key]["S"])
        if fault.after is not None:
            raise fault.after
        return {"UnprocessedItems": {self.table: unprocessed} if unprocessed else {}}

    def _allowed(self, count: int) -> int:
        """Returns how many of so many puts the capacity allows now."""
        if self._items_a_second is None:
            return count
        self._tokens += (self.clock.now - self._refilled_at) * self._items_a_second
        self._tokens = min(self._tokens, max(1.0, self._items_a_second))
        self._refilled_at = self.clock.now
        allowed = min(count, int(self._tokens))
        if allowed == 0:
            raise aws_faults.over_capacity()
        self._tokens -= allowed
        return allowed

    def _check(self, tables: Mapping[str, list[Any]]) -> None:
        if not tables or not all(tables.values()):
            raise _invalid("The batch write request list for a table cannot be null or empty")
        if sum(len(requests) for requests in tables.values()) > MAX_REQUESTS:
            raise _invalid("Too many items requested for the BatchWriteItem call")
        items = [_item_of(request) for requests in tables.values() for request in requests]
        for item in items:
            for value in item.values():
                _check_value(value)
        lengths = [_length_of_map(item) for item in items]
        if sum(lengths) > MAX_REQUEST_LENGTH:
            raise aws_faults.refusal("413", "Request Entity Too Large", "BatchWriteItem", 413)
        if any(length > MAX_ITEM_LENGTH for length in lengths):
            raise _invalid("Item size has exceeded the maximum allowed size")
        if set(tables) != {self.table}:
            raise aws_faults.refusal(
                "ResourceNotFoundException", "Requested resource not found", "BatchWriteItem"
            )
        for item in items:
            self._check_key(item)
            self._check_index(item)
        keys = [item[self.key]["S"] for item in items]
        if len(set(keys)) < len(keys):
            raise _invalid("Provided list of item keys contains duplicates")
        if not self.refused.isdisjoint(keys):
            raise _invalid(f"{_INVALID}for a reason that no one foresees")

    def _check_key(self, item: Mapping[str, Any]) -> None:
        key = item.get(self.key, {}).get("S")
        if key is None:
            raise _invalid("The provided key element does not match the schema")
        if not key:
            raise _invalid(f"{_NOT_VALID}{_EMPTY_KEY}Key: {self.key}")
        if len(key.encode()) > MAX_PARTITION_KEY_LENGTH:
            raise _too_long_partition_key()

    def _check_index(self, item: Mapping[str, Any]) -> None:
        if self.index is None:
            return
        for number, (name, type_) in enumerate(self.index.keys.items()):
            if name not in item:
                continue  # is legal: such an item is not in the index
            ((actual, value),) = item[name].items()
            if actual != type_:
                raise _invalid(
                    f"{_INVALID}Type mismatch for Index Key {name} "
                    f"Expected: {type_} Actual: {actual} IndexName: {self.index.name}"
                )
            if value == "":
                raise _invalid(
                    f"{_NOT_VALID}A value specified for a secondary index key is not supported. "
                    f"{_EMPTY_KEY}IndexName: {self.index.name}, IndexKey: {name}"
                )
            if actual == "S":
                self._check_index_key_length(value, is_partition_key=number == 0)

    def _check_index_key_length(self, value: str, is_partition_key: bool) -> None:
        length = len(value.encode())
        if is_partition_key and length > MAX_PARTITION_KEY_LENGTH:
            raise _too_long_partition_key()
        if not is_partition_key and length > MAX_SORT_KEY_LENGTH:
            raise _invalid(
                f"{_INVALID}Aggregated size of all range keys has exceeded the size limit "
                f"of {MAX_SORT_KEY_LENGTH} bytes"
            )


def _invalid(message: str) -> ClientError:
    return aws_faults.refusal("ValidationException", message, "BatchWriteItem")


def _too_long_partition_key() -> ClientError:
    return _invalid(
        f"{_INVALID}Size of hashkey has exceeded the maximum size limit of"
        f"{MAX_PARTITION_KEY_LENGTH} bytes"
    )


def _item_of(request: Mapping[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = request["PutRequest"]["Item"]
    return item


def _text(value: Mapping[str, Any] | None) -> str:
    return "" if value is None else str(next(iter(value.values()), ""))


def _check_value(value: Mapping[str, Any]) -> None:
    if len(value) > 1:
        raise _invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
            "the supported datatypes"
        )
    for type_, content in value.items():
        check = _CHECKS.get(type_)
        if check is not None:
            check(content)
            return
    raise _invalid(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    )


def _check_number(text: Any) -> None:
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        told = f": {text}" if text else ""
        raise _invalid(f"The parameter cannot be converted to a numeric value{told}")
    number = Decimal(text, _WIDE)
    if len("".join(map(str, number.as_tuple().digits)).strip("0")) > MAX_DIGITS:
        raise _invalid("Attempting to store more than 38 significant digits in a Number")
    magnitude = number.copy_abs()
    if magnitude > LARGEST:
        raise _invalid(
            "Number overflow. Attempting to store a number with magnitude larger than supported "
            "range"
        )
    if 0 < magnitude < SMALLEST:
        raise _invalid(
            "Number underflow. Attempting to store a number with magnitude smaller than supported "
            "range"
        )


def _check_set(kind: str, check: Callable[[Any], None]) -> Callable[[Any], None]:
    def check_set(members: list[Any]) -> None:
        if not members:
            raise _invalid(f"{_INVALID}An {kind} set  may not be empty")
        for member in members:
            check(member)
        if len(set(members)) < len(members):
            raise _invalid(f"{_INVALID}Input collection {members} contains duplicates.")

    return check_set


def _check_list(values: list[Any]) -> None:
    for value in values:
        _check_value(value)


def _check_map(values: Mapping[str, Any]) -> None:
    _check_list(list(values.values()))


def _check_nothing(_: Any) -> None:
    pass


_CHECKS: dict[str, Callable[[Any], None]] = {
    "S": _check_nothing,
    "N": _check_number,
    "B": _check_nothing,
    "BOOL": _check_nothing,
    "NULL": _check_nothing,
    "SS": _check_set("string", _check_nothing),
    "NS": _check_set("number", _check_number),
    "BS": _check_set("binary", _check_nothing),
    "L": _check_list,
    "M": _check_map,
}


def _length_of_map(values: Mapping[str, Any]) -> int:
    return sum(len(name.encode()) + _length_of(value) for name, value in values.items())


def _length_of(value: Mapping[str, Any]) -> int:
    """Returns how many bytes of an item a value takes, as the service counts them."""
    ((type_, content),) = value.items()
    if type_ in ("BOOL", "NULL"):
        return 1
    if type_ == "L":
        return 3 + sum(1 + _length_of(member) for member in content)
    if type_ == "M":
        return 3 + len(content) + _length_of_map(content)
    if type_ in ("SS", "NS", "BS"):
        return sum(_length_of({type_[0]: member}) for member in content)
    if type_ == "N":
        return len(content.strip("0.-")) // 2 + 2
    return len(content if type_ == "B" else content.encode())
