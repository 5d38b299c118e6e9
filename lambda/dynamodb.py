"""DynamoDB's BatchWriteItem by a shorter way than through botocore's client.

The client takes more CPU time to serialize a trade, and to go through what a call may be configured
to do, than all the rest of the function takes. A request here is what its members are already:
JSON. Endpoint, credentials, signature, connections and errors are still the client's, so that
callers cannot tell one from the other.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import ClientError

_OPERATION = "BatchWriteItem"
_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": f"DynamoDB_20120810.{_OPERATION}",
}
_FIRST_ERROR = 300
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)


class DynamoDB:
    """What BatchWriteItem needs of a client. May be called by several threads."""

    def __init__(self, client: Any) -> None:
        """Uses a client's signer and connections, for which it has no public door."""
        self._client = client  # its signer does not keep it alive
        self._url = client.meta.endpoint_url
        self._signer = client._request_signer
        self._http = client._endpoint.http_session

    def batch_write_item(self, *, RequestItems: Any) -> dict[str, Any]:  # noqa: N803
        """Makes one attempt; returns the answer, or raises what the client raises.

        An answer that is no JSON object, though it says that all is well, is an empty one.
        """
        body = _ENCODER.encode({"RequestItems": RequestItems}).encode()
        request = AWSRequest("POST", self._url, dict(_HEADERS), body)
        self._signer.sign(_OPERATION, request)
        answer = self._http.send(request.prepare())
        members = _members_of(answer)
        if answer.status_code >= _FIRST_ERROR:
            raise ClientError(_error(answer.status_code, members), _OPERATION)
        return members


def _members_of(answer: AWSResponse) -> dict[str, Any]:
    try:
        members = json.loads(answer.content)
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def _error(status: int, members: dict[str, Any]) -> Any:
    """Returns an error as botocore tells it; the type is its code, behind a prefix and a `#`."""
    return {
        "Error": {
            "Code": str(members.get("__type", status)).rpartition("#")[2],
            "Message": members.get("message") or members.get("Message") or "",
        },
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
