"""The double of DynamoDB refuses what the service refuses."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from botocore.exceptions import ClientError

import aws_faults
from fake_dynamodb import (
    ALL_UNPROCESSED,
    EVERY_SECOND_UNPROCESSED,
    TABLE,
    FakeDynamoDB,
    Fault,
    first_unprocessed,
)

INVALID = "One or more parameter values were invalid: "
NOT_VALID = "One or more parameter values are not valid. "
EMPTY_KEY = "The AttributeValue for a key attribute cannot contain an empty string value. "
UNTYPED = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"


def put(dynamodb: FakeDynamoDB, *items: dict[str, Any], table: str = TABLE) -> dict[str, Any]:
    requests = [{"PutRequest": {"Item": item}} for item in items]
    return dynamodb.batch_write_item(RequestItems={table: requests})


def item(key: str, **others: dict[str, Any]) -> dict[str, Any]:
    return {"trade_id": {"S": key}, **others}


def refused(*items: dict[str, Any]) -> tuple[str, str]:
    dynamodb = FakeDynamoDB()
    with pytest.raises(ClientError) as caught:
        put(dynamodb, *items)
    assert dynamodb.items == {}
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_it_keeps_the_last_item_written_under_a_key() -> None:
    dynamodb = FakeDynamoDB()
    assert put(dynamodb, item("a", price={"N": "1"}), item("b")) == {"UnprocessedItems": {}}
    put(dynamodb, item("a", price={"N": "2"}))
    assert dynamodb.items == {"a": item("a", price={"N": "2"}), "b": item("b")}
    assert dynamodb.requests == [["a", "b"], ["a"]]
    assert dynamodb.writes == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"N": "1" * 39}, "Attempting to store more than 38 significant digits in a Number"),
        ({"N": "0." + "1" * 39}, "Attempting to store more than 38 significant digits in a Number"),
        (
            {"N": "1E+126"},
            "Number overflow. "
            "Attempting to store a number with magnitude larger than supported range",
        ),
        (
            {"N": "-1E-131"},
            "Number underflow. "
            "Attempting to store a number with magnitude smaller than supported range",
        ),
        ({"N": "NaN"}, "The parameter cannot be converted to a numeric value: NaN"),
        ({"N": "-Infinity"}, "The parameter cannot be converted to a numeric value: -Infinity"),
        ({"N": ""}, "The parameter cannot be converted to a numeric value"),
        ({"N": 1}, "The parameter cannot be converted to a numeric value: 1"),
        ({"SS": []}, f"{INVALID}An string set  may not be empty"),
        ({"NS": []}, f"{INVALID}An number set  may not be empty"),
        ({"SS": ["a", "a"]}, f"{INVALID}Input collection ['a', 'a'] contains duplicates."),
        ({"X": "1"}, UNTYPED),
        ({}, UNTYPED),
        ({"L": [{"M": {"deep": {}}}]}, UNTYPED),
        (
            {"S": "a", "N": "1"},
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes",
        ),
    ],
)
def test_it_refuses_a_value(value: dict[str, Any], message: str) -> None:
    assert refused(item("a"), item("b", value=value)) == ("ValidationException", message)


@pytest.mark.parametrize(
    "value",
    [
        {"N": "9.9999999999999999999999999999999999999E+125"},
        {"N": "-1E-130"},
        {"N": "1" * 38 + "0" * 20},
        {"N": "0." + "0" * 20 + "1" * 38},
        {"N": "-0.0"},
        {"S": ""},
        {"NS": ["1", "2"]},
        {"B": b""},
        {"BOOL": False},
        {"NULL": True},
        {"L": []},
        {"M": {"conditions": {"L": [{"S": "1"}]}}},
    ],
)
def test_it_takes_a_value_at_the_edge_of_the_rules(value: dict[str, Any]) -> None:
    dynamodb = FakeDynamoDB()
    put(dynamodb, item("a", value=value))
    assert dynamodb.items == {"a": item("a", value=value)}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"symbol": {"S": "A"}}, "The provided key element does not match the schema"),
        ({"trade_id": {"N": "1"}}, "The provided key element does not match the schema"),
        (item(""), f"{NOT_VALID}{EMPTY_KEY}Key: trade_id"),
        (
            item("€" * 683),
            f"{INVALID}Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
        (
            item("a", symbol={"S": ""}),
            f"{NOT_VALID}A value specified for a secondary index key is not supported. "
            f"{EMPTY_KEY}IndexName: symbol-traded_at, IndexKey: symbol",
        ),
        (
            item("a", symbol={"N": "1"}),
            f"{INVALID}Type mismatch for Index Key symbol "
            "Expected: S Actual: N IndexName: symbol-traded_at",
        ),
        (
            item("a", traded_at={"S": "1"}),
            f"{INVALID}Type mismatch for Index Key traded_at "
            "Expected: N Actual: S IndexName: symbol-traded_at",
        ),
        (
            item("a", symbol={"S": "s" * 2049}),
            f"{INVALID}Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
    ],
)
def test_it_refuses_a_key(wrong: dict[str, Any], message: str) -> None:
    assert refused(item("good"), wrong) == ("ValidationException", message)


def test_it_takes_keys_of_full_length_and_an_item_that_is_not_in_the_index() -> None:
    dynamodb = FakeDynamoDB()
    put(dynamodb, item("k" * 2048, symbol={"S": "s" * 2048}), item("without symbol"))
    assert len(dynamodb.items) == 2


def test_it_refuses_one_key_twice_in_a_request() -> None:
    assert refused(item("a"), item("b"), item("a", price={"N": "1"})) == (
        "ValidationException",
        "Provided list of item keys contains duplicates",
    )


def test_it_takes_25_items_and_refuses_26_or_none() -> None:
    items = [item(str(number)) for number in range(26)]
    assert put(FakeDynamoDB(), *items[:25]) == {"UnprocessedItems": {}}
    assert refused(*items) == (
        "ValidationException",
        "Too many items requested for the BatchWriteItem call",
    )
    assert refused() == (
        "ValidationException",
        "The batch write request list for a table cannot be null or empty",
    )


def test_it_takes_400_kb_an_item_and_refuses_a_byte_more() -> None:
    room = 400 * 1024 - len("trade_id" + "a" + "text")
    assert put(FakeDynamoDB(), item("a", text={"S": "x" * room})) == {"UnprocessedItems": {}}
    assert refused(item("a", text={"S": "x" * (room + 1)})) == (
        "ValidationException",
        "Item size has exceeded the maximum allowed size",
    )


def test_it_refuses_a_request_of_more_than_16_mb() -> None:
    text = {"S": "x" * 700_000}
    assert refused(*(item(str(number), text=text) for number in range(25))) == (
        "413",
        "Request Entity Too Large",
    )


def test_it_does_not_find_another_table() -> None:
    with pytest.raises(ClientError, match="Requested resource not found"):
        put(FakeDynamoDB(), item("a"), table="other")


def test_it_gives_back_what_it_is_told_to_and_stores_the_others() -> None:
    dynamodb = FakeDynamoDB(faults=[first_unprocessed(1), EVERY_SECOND_UNPROCESSED])
    items = [item("a"), item("b"), item("c")]
    back = [{"PutRequest": {"Item": item("a")}}]
    assert put(dynamodb, *items) == {"UnprocessedItems": {TABLE: back}}
    assert set(dynamodb.items) == {"b", "c"}
    back = [{"PutRequest": {"Item": item("b")}}]
    assert put(dynamodb, *items) == {"UnprocessedItems": {TABLE: back}}
    assert put(dynamodb, *items) == {"UnprocessedItems": {}}


def test_it_fails_before_or_after_its_work_for_ever_if_it_is_told_to() -> None:
    dynamodb = FakeDynamoDB(faults=itertools.repeat(ALL_UNPROCESSED))
    for _ in range(3):
        assert len(put(dynamodb, item("a"))["UnprocessedItems"][TABLE]) == 1
    dynamodb.fail(Fault(before=aws_faults.Killed()), Fault(after=aws_faults.read_timeout()))
    with pytest.raises(aws_faults.Killed):
        put(dynamodb, item("a"))
    assert dynamodb.items == {}
    with pytest.raises(type(aws_faults.read_timeout())):
        put(dynamodb, item("a"))
    assert set(dynamodb.items) == {"a"}


def test_it_refuses_an_item_that_it_is_told_to_refuse_and_all_with_it() -> None:
    dynamodb = FakeDynamoDB(refused={"b"})
    with pytest.raises(ClientError, match="ValidationException"):
        put(dynamodb, item("a"), item("b"))
    put(dynamodb, item("a"))
    assert set(dynamodb.items) == {"a"}


def test_it_gives_back_an_item_that_is_throttled_and_stores_the_others() -> None:
    dynamodb = FakeDynamoDB(throttled={"b"})
    back = [{"PutRequest": {"Item": item("b")}}]
    assert put(dynamodb, item("a"), item("b")) == {"UnprocessedItems": {TABLE: back}}
    assert set(dynamodb.items) == {"a"}


def test_it_takes_time_for_calls_and_items() -> None:
    dynamodb = FakeDynamoDB(seconds_a_call=2.0, seconds_an_item=0.5)
    began = dynamodb.clock.now
    put(dynamodb, item("a"), item("b"))
    assert dynamodb.clock.now - began == 3.0


def test_it_takes_so_many_items_a_second_and_throttles_what_is_more() -> None:
    dynamodb = FakeDynamoDB()
    dynamodb.throttle(items_a_second=2.0)
    items = [item(key) for key in "abc"]
    assert len(put(dynamodb, *items)["UnprocessedItems"][TABLE]) == 1
    with pytest.raises(ClientError, match="ProvisionedThroughputExceededException"):
        put(dynamodb, item("c"))
    dynamodb.clock.pass_by(0.5)
    assert put(dynamodb, item("c")) == {"UnprocessedItems": {}}
