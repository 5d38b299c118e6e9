"""An item is taken back to the line that it was made of, and only that of a right item."""

from __future__ import annotations

import json
from typing import Any

import pytest

import stored

LINE = (
    b'{"trade_id":"oaFAQhSiLwmpCHwfPdCOOQ","symbol":"BINANCE:\xe5\xb8\x81\\"USDT",'
    b'"asset_class":"crypto","price":164.0601,"volume":5,"traded_at":1680286537580,'
    b'"received_at":1680286538355,"conditions":["1","12"],"feed":"finnhub"}\n'
)
ITEM: stored.Item = {
    "trade_id": {"S": "oaFAQhSiLwmpCHwfPdCOOQ"},
    "symbol": {"S": 'BINANCE:币"USDT'},
    "asset_class": {"S": "crypto"},
    "kind": {"S": "trade"},
    "price": {"N": "164.0601"},
    "volume": {"N": "5"},
    "traded_at": {"N": "1680286537580"},
    "received_at": {"N": "1680286538355"},
    "conditions": {"L": [{"S": "1"}, {"S": "12"}]},
    "feed": {"S": "finnhub"},
}
QUOTE = {name: value for name, value in ITEM.items() if name != "conditions"} | {
    "kind": {"S": "quote"},
    "volume": {"N": "0"},
}


def test_an_item_becomes_its_line() -> None:
    assert stored.line_of(ITEM) == LINE


def test_a_quote_without_conditions_becomes_its_line() -> None:
    line = stored.line_of(QUOTE)
    assert b'"asset_class":"crypto","kind":"quote","price"' in line
    assert "conditions" not in json.loads(line)


@pytest.mark.parametrize("written", ["164.0601", "1.640601E+2", "164.060100", "1640601e-4"])
def test_a_number_may_be_written_in_any_way(written: str) -> None:
    assert stored.line_of(ITEM | {"price": {"N": written}}) == LINE


@pytest.mark.parametrize(
    "change",
    [
        {"kind": {"S": "quote"}},
        {"volume": {"N": "0"}},
        {"price": {"S": "164.0601"}},
        {"price": {"N": "164.0601", "S": "x"}},
        {"conditions": {"L": []}},
        {"conditions": {"L": [{"N": "1"}]}},
        {"conditions": {"SS": ["1"]}},
        {"expires_at": {"N": "1"}},
        {"symbol": {"NULL": True}},
    ],
)
def test_an_item_that_no_line_becomes_is_told(change: dict[str, Any]) -> None:
    with pytest.raises(stored.UnexpectedItemError):
        stored.line_of(ITEM | change)


@pytest.mark.parametrize("name", sorted(ITEM.keys() - {"conditions"}))
def test_an_item_that_lacks_an_attribute_is_told(name: str) -> None:
    with pytest.raises(stored.UnexpectedItemError, match="attributes wrong"):
        stored.line_of({n: value for n, value in ITEM.items() if n != name})


class FakeQueue:
    """A queue with messages waiting, in flight and delayed."""

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803  as the API has it
        return {"QueueUrl": f"https://sqs/{QueueName}"}

    def get_queue_attributes(
        self,
        QueueUrl: str,  # noqa: N803
        AttributeNames: list[str],  # noqa: N803
    ) -> dict[str, dict[str, str]]:
        assert QueueUrl == "https://sqs/letters"
        return {"Attributes": dict(zip(AttributeNames, ["5", "2", "1"], strict=True))}


def test_dead_letters_are_counted_wherever_in_the_queue_they_are() -> None:
    assert stored.dead_letters(FakeQueue(), "letters") == 8
