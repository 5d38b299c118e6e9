"""What is deployed is taken as it is told, or refused by name."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import deployed_function
from deployed_function import DeployedFunction, DeploymentError
from event_source_mapping import Rules

FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:processor"
STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/trades"


def told_function(**changed: Any) -> dict[str, Any]:
    """GetFunctionConfiguration's answer."""
    return {
        "FunctionName": "processor",
        "FunctionArn": FUNCTION_ARN,
        "Runtime": "python3.13",
        "Role": "arn:aws:iam::123456789012:role/processor",
        "Handler": "lambda_function.lambda_handler",
        "CodeSize": 5,
        "Timeout": 60,
        "MemorySize": 512,
        "CodeSha256": "abc=",
        "PackageType": "Zip",
        "Architectures": ["arm64"],
        "Layers": [],
        "Environment": {"Variables": {"DYNAMODB_TABLE_NAME": "trades"}},
        **changed,
    }


def told_mapping(**changed: Any) -> dict[str, Any]:
    """A mapping as ListEventSourceMappings tells it."""
    return {
        "UUID": "6f1b8c1e",
        "EventSourceArn": STREAM_ARN,
        "FunctionArn": FUNCTION_ARN,
        "State": "Enabled",
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 500,
        "MaximumBatchingWindowInSeconds": 5,
        "ParallelizationFactor": 1,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 3,
        "MaximumRecordAgeInSeconds": 60,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "TumblingWindowInSeconds": 0,
        "DestinationConfig": {"OnFailure": {}},
        **changed,
    }


class FakeLambda:
    """A Lambda endpoint with one function and some mappings, told a page each."""

    def __init__(self, function: dict[str, Any], *mappings: dict[str, Any]) -> None:
        self._function = function
        self._mappings = mappings

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == self._function["FunctionName"]
        return self._function

    def get_paginator(self, operation: str) -> FakeLambda:
        assert operation == "list_event_source_mappings"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"EventSourceMappings": [mapping]} for mapping in self._mappings]


def read_function(**changed: Any) -> DeployedFunction:
    return deployed_function.read_function(FakeLambda(told_function(**changed)), "processor")


def read_mapping(*mappings: dict[str, Any]) -> deployed_function.DeployedMapping:
    client = FakeLambda(told_function(), *mappings)
    return deployed_function.read_mapping(client, read_function())


def test_a_function_is_read() -> None:
    assert read_function() == DeployedFunction(
        name="processor",
        arn=FUNCTION_ARN,
        role_arn="arn:aws:iam::123456789012:role/processor",
        handler="lambda_function.lambda_handler",
        timeout_seconds=60,
        memory_megabytes=512,
        code_sha256="abc=",
        log_group="/aws/lambda/processor",
        variables={"DYNAMODB_TABLE_NAME": "trades"},
    )


def test_a_function_without_variables_has_none() -> None:
    told = told_function()
    del told["Environment"]
    assert deployed_function.read_function(FakeLambda(told), "processor").variables == {}


def test_a_log_group_of_its_own_is_taken() -> None:
    assert read_function(LoggingConfig={"LogGroup": "mine"}).log_group == "mine"


def test_a_mapping_is_read() -> None:
    mapping = read_mapping(told_mapping())
    assert (mapping.id, mapping.stream_arn, mapping.stream) == ("6f1b8c1e", STREAM_ARN, "trades")
    assert mapping.rules == Rules(
        batch_size=500,
        window_seconds=5,
        bisects=True,
        reports_failures=True,
        max_retries=3,
        max_age_seconds=60,
    )


def test_what_a_mapping_does_not_tell_is_as_in_aws() -> None:
    told = {
        name: value
        for name, value in told_mapping().items()
        if name in ("UUID", "EventSourceArn", "FunctionArn", "State", "StartingPosition")
    }
    assert read_mapping(told).rules == Rules(
        batch_size=100,
        window_seconds=0,
        bisects=False,
        reports_failures=False,
        max_retries=-1,
        max_age_seconds=-1,
    )


def test_mappings_of_other_functions_are_passed_by() -> None:
    other = told_mapping(UUID="other", FunctionArn=FUNCTION_ARN + "-2")
    assert read_mapping(other, told_mapping(), other).id == "6f1b8c1e"


def test_a_mapping_to_a_version_of_the_function_is_its_own() -> None:
    assert read_mapping(told_mapping(FunctionArn=FUNCTION_ARN + ":$LATEST")).id == "6f1b8c1e"


@pytest.mark.parametrize("count", [0, 2])
def test_a_function_has_exactly_one_mapping(count: int) -> None:
    with pytest.raises(DeploymentError) as refused:
        read_mapping(*[told_mapping()] * count)
    assert str(refused.value) == (
        f"event source mappings of the function: name=processor count={count} (expected: one)"
    )


FILTERS = {"Filters": [{"Pattern": '{"data":{"symbol":["AAPL"]}}'}]}


@pytest.mark.parametrize(
    ("setting", "value", "imitated"),
    [
        ("State", "Disabled", "Enabled"),
        ("State", "Creating", "Enabled"),
        ("StartingPosition", "LATEST", "TRIM_HORIZON"),
        ("StartingPosition", "AT_TIMESTAMP", "TRIM_HORIZON"),
        ("ParallelizationFactor", 10, "1"),
        ("TumblingWindowInSeconds", 30, "0"),
        ("FilterCriteria", FILTERS, "{}, {'Filters': []}"),
        (
            "DestinationConfig",
            {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:failed"}},
            "{}, {'OnFailure': {}}",
        ),
        ("FunctionResponseTypes", ["Another"], "[], ['ReportBatchItemFailures']"),
        ("EventSourceArn", "arn:aws:sqs:us-east-1:123456789012:queue", "a Kinesis stream"),
        ("EventSourceArn", STREAM_ARN + "/consumer/fan-out:1", "a Kinesis stream"),
    ],
)
def test_a_setting_of_a_mapping_that_is_not_imitated_is_refused_by_name(
    setting: str, value: Any, imitated: str
) -> None:
    with pytest.raises(DeploymentError) as refused:
        read_mapping(told_mapping(**{setting: value}))
    assert str(refused.value) == (
        f"mapping has a setting that is not imitated here: {setting}={value} (imitated: {imitated})"
    )


@pytest.mark.parametrize(
    ("setting", "value", "imitated"),
    [
        ("Runtime", "java21", "python3.13"),
        ("PackageType", "Image", "Zip"),
        ("Layers", [{"Arn": "arn:aws:lambda:us-east-1:1:layer:x:1"}], "none"),
        ("FileSystemConfigs", [{"LocalMountPath": "/mnt/x"}], "none"),
    ],
)
def test_a_setting_of_a_function_that_is_not_imitated_is_refused_by_name(
    setting: str, value: Any, imitated: str
) -> None:
    with pytest.raises(DeploymentError) as refused:
        read_function(**{setting: value})
    assert str(refused.value) == (
        f"function has a setting that is not imitated here: {setting}={value} "
        f"(imitated: {imitated})"
    )


def test_a_zip_that_is_not_the_deployed_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "function.zip"
    path.write_bytes(b"deployed")
    digest = base64.b64encode(hashlib.sha256(b"deployed").digest()).decode()
    deployed_function.verify_zip(path, read_function(CodeSha256=digest))
    path.write_bytes(b"changed since")
    with pytest.raises(DeploymentError) as refused:
        deployed_function.verify_zip(path, read_function(CodeSha256=digest))
    assert f"zip is not the one that is deployed: zip={path} " in str(refused.value)
    assert f"deployed={digest} (deploy it first)" in str(refused.value)


def test_a_zip_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "function.zip", "w") as archive:
        archive.writestr("package/module.py", "x = 1")
    deployed_function.unpack(tmp_path / "function.zip", tmp_path / "task")
    assert (tmp_path / "task/package/module.py").read_text() == "x = 1"


def test_variables_of_the_deployment_cannot_replace_what_aws_sets() -> None:
    function = read_function(Environment={"Variables": {"AWS_REGION": "mars", "OWN": "1"}})
    variables = deployed_function.variables_of(function, Path("/task"), "us-east-1", {})
    assert (variables["AWS_REGION"], variables["OWN"]) == ("us-east-1", "1")
