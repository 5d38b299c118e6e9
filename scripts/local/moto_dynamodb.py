"""What moto's DynamoDB takes and DynamoDB does not: one key twice in a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.responses import DynamoHandler

Write = Callable[[DynamoHandler], Any]


def refusing_keys_twice(write: Write) -> Write:
    """Returns BatchWriteItem with DynamoDB's rule; moto's own compares whole items, not keys."""

    def written(handler: DynamoHandler) -> Any:
        for name, requests in handler.body["RequestItems"].items():
            keys = [_key(handler, name, request) for request in requests]
            if len(set(keys)) < len(keys):
                raise MockValidationException("Provided list of item keys contains duplicates")
        return write(handler)

    return written


def _key(handler: DynamoHandler, table_name: str, request: dict[str, Any]) -> str:
    table = handler.dynamodb_backend.get_table(table_name)
    attributes = (table.hash_key_attr, table.range_key_attr)
    content = request.get("PutRequest", {}).get("Item") or request["DeleteRequest"]["Key"]
    return repr([content.get(attribute) for attribute in attributes if attribute])
