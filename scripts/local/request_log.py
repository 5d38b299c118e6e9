"""Who called what: the calls that a local AWS gets, each distinct one written down once.

An access key id says who calls, since the local AWS takes any. What is written is what IAM would
decide on: the action and the resource's ARN. Where a request does not name a resource that this
knows, the resource is `*`, which no policy of ours allows.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.kinesis.utils import decompose_shard_iterator

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

ANONYMOUS = "anonymous"
ANY = "*"

_CREDENTIAL = re.compile(r"Credential=([^/,]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_FORM = "application/x-www-form-urlencoded"
# IAM has one action for a call and its batch.
_ACTION_OF_BATCH = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}


@dataclass(frozen=True)
class Call:
    """What IAM decides on."""

    principal: str
    """The access key id."""
    action: str
    """As in a policy; where the operation is a path, the HTTP method stands for it."""
    resource: str
    """An ARN, or `*`."""


class RequestLog:
    """Passes requests on to an application, and writes each distinct call to a file as JSON."""

    def __init__(self, application: WSGIApplication, file: Path) -> None:
        self._application = application
        self._seen: set[Call] = set()
        self._lock = threading.Lock()
        self._file = file

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Notes the call and passes it on."""
        self._note(calls_in(environ))
        return self._application(environ, start_response)

    def _note(self, calls: set[Call]) -> None:
        with self._lock:
            new = sorted(calls - self._seen, key=str)
            if new:
                self._seen.update(new)
                with self._file.open("a") as out:
                    out.writelines(json.dumps(asdict(call)) + "\n" for call in new)


def read(file: Path) -> set[Call]:
    """Returns the calls in a log."""
    return {Call(**json.loads(line)) for line in file.read_text().splitlines()}


def calls_in(environ: WSGIEnvironment) -> set[Call]:
    """Returns the calls that a request makes: one, or one for each table of a batch."""
    credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if credential is None:
        return {Call(ANONYMOUS, ANY, ANY)}
    principal, region, service = credential.groups()
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target is not None:
        operation = target.rpartition(".")[2]
        resources = _resources(service, region, _json_in(environ))
    elif environ.get("CONTENT_TYPE", "").startswith(_FORM):
        found = re.search(rb"(?:^|&)Action=(\w+)", _body_of(environ))
        operation = found[1].decode() if found else ANY
        resources = {ANY}
    else:
        operation = environ["REQUEST_METHOD"]
        resources = {ANY}
    action = f"{service}:{_ACTION_OF_BATCH.get(operation, operation)}"
    return {Call(principal, action, resource) for resource in resources}


def _body_of(environ: WSGIEnvironment) -> bytes:
    """Returns the body and puts it back."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _json_in(environ: WSGIEnvironment) -> dict[str, Any]:
    try:
        found = json.loads(_body_of(environ))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _resources(service: str, region: str, request: dict[str, Any]) -> set[str]:
    """Returns the ARNs that a request of a JSON service names."""
    prefix = f"arn:aws:{service}:{region}:{DEFAULT_ACCOUNT_ID}:"
    if service == "kinesis":
        if "ShardIterator" in request:
            return {f"{prefix}stream/{decompose_shard_iterator(request['ShardIterator'])[0]}"}
        return {_arn(prefix + "stream/", request, "StreamARN", "StreamName")}
    if service == "dynamodb":
        tables = list(request.get("RequestItems", [])) or [request.get("TableName", ANY)]
        index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
        return {ANY if table == ANY else f"{prefix}table/{table}{index}" for table in tables}
    if service == "sqs" and "QueueUrl" in request:
        return {prefix + request["QueueUrl"].rpartition("/")[2]}
    return {ANY}


def _arn(prefix: str, request: dict[str, Any], arn: str, name: str) -> str:
    if arn in request:
        return str(request[arn])
    return prefix + request[name] if name in request else ANY
