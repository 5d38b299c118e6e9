"""What the table and its dead-letter queue hold, read through the public API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import lambda_folder  # noqa: F401
import decimal_text

Item = dict[str, dict[str, Any]]

_TYPES = {
    "trade_id": "S",
    "symbol": "S",
    "asset_class": "S",
    "kind": "S",
    "price": "N",
    "volume": "N",
    "traded_at": "N",
    "received_at": "N",
    "conditions": "L",
    "feed": "S",
}
_OPTIONAL = {"conditions"}
_WAITING = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class UnexpectedItemError(Exception):
    """An item that no line of a trade could have become."""


def scan(client: Any, table: str) -> Iterator[Item]:
    """Yields every item of the table."""
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def line_of(item: Item) -> bytes:
    """Returns the one line that becomes this item; raises UnexpectedItemError if there is none."""
    values = _values(item)
    kind = values["kind"]
    if kind != ("quote" if values["volume"] == "0" else "trade"):
        raise UnexpectedItemError(f"kind does not agree with the volume: kind={kind}")
    quote = ',"kind":"quote"' if kind == "quote" else ""
    conditions = ""
    if "conditions" in values:
        conditions = f',"conditions":[{",".join(map(_quoted, values["conditions"]))}]'
    return (
        f'{{"trade_id":{_quoted(values["trade_id"])},"symbol":{_quoted(values["symbol"])}'
        f',"asset_class":{_quoted(values["asset_class"])}{quote}'
        f',"price":{values["price"]},"volume":{values["volume"]}'
        f',"traded_at":{values["traded_at"]},"received_at":{values["received_at"]}'
        f'{conditions},"feed":{_quoted(values["feed"])}}}\n'
    ).encode()


def dead_letters(client: Any, queue: str) -> int:
    """Returns how many messages the queue of this name holds."""
    url = client.get_queue_url(QueueName=queue)["QueueUrl"]
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_WAITING))
    return sum(int(attributes["Attributes"].get(name, 0)) for name in _WAITING)


def _values(item: Item) -> dict[str, Any]:
    if not _TYPES.keys() - _OPTIONAL <= item.keys() <= _TYPES.keys():
        raise UnexpectedItemError(f"attributes wrong: names={sorted(item)}")
    return {name: _value(name, item[name]) for name in item}


def _value(name: str, attribute: dict[str, Any]) -> Any:
    wanted = _TYPES[name]
    if list(attribute) != [wanted]:
        raise UnexpectedItemError(f"type wrong: name={name} types={sorted(attribute)}")
    value = attribute[wanted]
    if wanted == "N":  # DynamoDB may write a number in another way than it was given
        return decimal_text.parse(value).canonical()
    if wanted == "L":
        if not value or any(list(condition) != ["S"] for condition in value):
            raise UnexpectedItemError(f"not a list of strings: name={name} length={len(value)}")
        return [condition["S"] for condition in value]
    return value


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
