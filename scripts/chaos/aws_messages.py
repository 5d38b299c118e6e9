"""What requests to AWS say of themselves, and answers as its JSON services give them."""

from __future__ import annotations

import email.utils
import json
import re
import uuid

from endpoint_faults import Call
from http_messages import Message

ANONYMOUS = "anonymous"
UNKNOWN = "unknown"

_CREDENTIAL = re.compile(r"Credential=([^/,]+)/\d{8}/[^/]+/([^/]+)/aws4_request")
_FORM_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")
_JSON = "application/x-amz-json-1.1"
_NAMESPACES = {"dynamodb": "com.amazonaws.dynamodb.v20120810#", "sqs": "com.amazonaws.sqs#"}
_REASONS = {200: "OK", 400: "Bad Request", 500: "Internal Server Error"}


def call_of(request: Message) -> Call:
    """Returns who asks for what, as far as the request says it."""
    found = _CREDENTIAL.search(request.header("authorization"))
    principal, service = found.groups() if found else (ANONYMOUS, UNKNOWN)
    operation = request.header("x-amz-target").rpartition(".")[2]
    if not operation and request.header("content-type").startswith("application/x-www-form"):
        action = _FORM_ACTION.search(request.body)
        operation = action[1].decode() if action else ""
    return Call(principal, service, operation or request.start[0])


def answer(request: Message, status: int, body: bytes, *headers: str) -> Message:
    """Returns an answer to a request of a JSON service."""
    content_type = request.header("content-type")
    lines = [
        f"HTTP/1.1 {status} {_REASONS[status]}",
        f"x-amzn-RequestId: {uuid.uuid4()}",
        f"Content-Type: {content_type if 'x-amz-json' in content_type else _JSON}",
        f"Date: {email.utils.formatdate(usegmt=True)}",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return Message("\r\n".join([*lines, "", ""]).encode(), body)


def error(request: Message, call: Call, status: int, code: str) -> Message:
    """Returns an answer that is an error, in the shape of the service."""
    body = {
        "__type": _NAMESPACES.get(call.service, "") + code,
        "message": f"{code}: answered by the fault proxy",
    }
    side = "Sender" if status < 500 else "Receiver"
    headers = (f"x-amzn-query-error: {code};{side}",) if call.service == "sqs" else ()
    return answer(request, status, json.dumps(body).encode(), *headers)
