"""What goes wrong between the function and AWS, as botocore tells it."""

from __future__ import annotations

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

ENDPOINT = "https://example.invalid/"


class Killed(BaseException):
    """The end of a process, which nothing in it can catch."""


def refusal(code: str, message: str, operation: str, status: int = 400) -> ClientError:
    """Returns what botocore raises for an answer that is an error."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        operation,
    )


def throttled() -> ClientError:
    """Too much at once; passes."""
    return refusal("ThrottlingException", "Rate of requests exceeds the allowed throughput.", "any")


def over_capacity() -> ClientError:
    """Too much for a table's capacity; passes."""
    return refusal(
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded.",
        "BatchWriteItem",
    )


def server_error() -> ClientError:
    """The service's own fault; passes."""
    return refusal("InternalServerError", "Internal server error", "any", 500)


def access_denied() -> ClientError:
    """A permission that is missing; another attempt does not change it."""
    return refusal("AccessDeniedException", "User is not authorized to perform this", "any")


def connection_refused() -> EndpointConnectionError:
    """Nothing listens; nothing was written."""
    return EndpointConnectionError(endpoint_url=ENDPOINT)


def connect_timeout() -> ConnectTimeoutError:
    """Nothing answers; nothing was written."""
    return ConnectTimeoutError(endpoint_url=ENDPOINT)


def read_timeout() -> ReadTimeoutError:
    """No answer came; all may be written, or nothing."""
    return ReadTimeoutError(endpoint_url=ENDPOINT)


def no_credentials() -> NoCredentialsError:
    """The client has nothing to sign with."""
    return NoCredentialsError()
