"""The deployed function and its event source mapping, as the endpoint tells them.

What the local environment does not imitate is refused by name: a setting that is ignored would
behave otherwise in AWS.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from event_source_mapping import Rules

REPORTS_FAILURES = "ReportBatchItemFailures"

# By setting of the mapping: what it may be, besides absent.
IMITATED: Mapping[str, tuple[Any, ...]] = {
    "State": ("Enabled",),
    "StartingPosition": ("TRIM_HORIZON",),
    "ParallelizationFactor": (1,),
    "TumblingWindowInSeconds": (0,),
    "FilterCriteria": ({}, {"Filters": []}),
    "DestinationConfig": ({}, {"OnFailure": {}}),
    "FunctionResponseTypes": ([], [REPORTS_FAILURES]),
}

# By setting of the function: what it may be, besides absent or empty.
IMITATED_OF_FUNCTION: Mapping[str, tuple[Any, ...]] = {
    "Runtime": ("python3.13",),
    "PackageType": ("Zip",),
    "Layers": (),
    "FileSystemConfigs": (),
}


class DeploymentError(Exception):
    """What is deployed is not there, is not what was given, or cannot be imitated."""


@dataclass(frozen=True)
class DeployedMapping:
    """An event source mapping between a stream and a function."""

    id: str
    stream_arn: str
    rules: Rules

    @property
    def stream(self) -> str:
        """The name of the stream."""
        return self.stream_arn.rpartition("/")[2]


@dataclass(frozen=True)
class DeployedFunction:
    """A function and how it is to be run."""

    name: str
    arn: str
    role_arn: str
    handler: str
    timeout_seconds: int
    memory_megabytes: int
    code_sha256: str
    """Base64, as AWS tells it."""
    log_group: str
    variables: Mapping[str, str]


def read_function(client: Any, name: str) -> DeployedFunction:
    """Returns the function of this name; raises DeploymentError."""
    found = client.get_function_configuration(FunctionName=name)
    for setting, imitated in IMITATED_OF_FUNCTION.items():
        if found.get(setting) and found[setting] not in imitated:
            raise _not_imitated("function", setting, found[setting], imitated)
    variables = found.get("Environment", {}).get("Variables", {})
    return DeployedFunction(
        found["FunctionName"],
        found["FunctionArn"],
        found["Role"],
        found["Handler"],
        found["Timeout"],
        found["MemorySize"],
        found["CodeSha256"],
        found.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{found['FunctionName']}",
        # Lambda makes text of every value; an emulator may keep the template's number.
        {name: str(value) for name, value in variables.items()},
    )


def read_mapping(client: Any, function: DeployedFunction) -> DeployedMapping:
    """Returns the one mapping of a function; raises DeploymentError."""
    pages = client.get_paginator("list_event_source_mappings").paginate()
    mappings = [mapping for page in pages for mapping in page["EventSourceMappings"]]
    found = [mapping for mapping in mappings if _unqualified(mapping) == function.arn]
    if len(found) != 1:
        raise DeploymentError(
            f"event source mappings of the function: name={function.name} count={len(found)} "
            "(expected: one)"
        )
    return _mapping(found[0])


def verify_zip(path: Path, function: DeployedFunction) -> None:
    """Makes sure that a zip is the one that is deployed; raises DeploymentError."""
    digest = base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()
    if digest != function.code_sha256:
        raise DeploymentError(
            f"zip is not the one that is deployed: zip={path} sha256={digest} "
            f"deployed={function.code_sha256} (deploy it first)"
        )


def unpack(path: Path, folder: Path) -> None:
    """Unpacks a zip into a folder that is empty or not there."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)


def variables_of(
    function: DeployedFunction, task_root: Path, region: str, endpoint: Mapping[str, str]
) -> dict[str, str]:
    """Returns all variables that the function sees; those of the endpoint only exist locally."""
    return {
        **function.variables,
        **endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "local-function",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_megabytes),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "LAMBDA_TASK_ROOT": str(task_root),
        "TZ": ":UTC",
        "_HANDLER": function.handler,
    }


def _mapping(found: Mapping[str, Any]) -> DeployedMapping:
    for setting, imitated in IMITATED.items():
        if found.get(setting) is not None and found[setting] not in imitated:
            raise _not_imitated("mapping", setting, found[setting], imitated)
    arn: str = found["EventSourceArn"]
    if arn.split(":")[2] != "kinesis" or "/consumer/" in arn:
        raise _not_imitated("mapping", "EventSourceArn", arn, ("a Kinesis stream",))
    rules = Rules(
        batch_size=int(found.get("BatchSize", 100)),
        window_seconds=int(found.get("MaximumBatchingWindowInSeconds", 0)),
        bisects=found.get("BisectBatchOnFunctionError", False),
        reports_failures=REPORTS_FAILURES in found.get("FunctionResponseTypes", ()),
        max_retries=int(found.get("MaximumRetryAttempts", -1)),
        max_age_seconds=int(found.get("MaximumRecordAgeInSeconds", -1)),
    )
    return DeployedMapping(found["UUID"], arn, rules)


def _unqualified(mapping: Mapping[str, Any]) -> str:
    """Returns the function of a mapping without version: a mapping may name $LATEST."""
    return ":".join(mapping["FunctionArn"].split(":")[:7])


def _not_imitated(of: str, setting: str, value: Any, imitated: tuple[Any, ...]) -> DeploymentError:
    allowed = ", ".join(str(one) for one in imitated) or "none"
    return DeploymentError(
        f"{of} has a setting that is not imitated here: {setting}={value} (imitated: {allowed})"
    )
