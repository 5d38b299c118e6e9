"""Provisioning as its users do it, against the local AWS: what is there afterwards, what not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import cloudformation
from processes import Child
from rig import address_of
from surroundings import REGION, ROOT

pytestmark = pytest.mark.integration

SECONDS = 300
TABLE, STREAM, FUNCTION = "ProcessedTradesDynamoDB", "stream-finnhub", "FinnhubStreamProcessor"

NOT_EXECUTED = {
    "IteratorAgeAlarm",
    "DeadLetterAlarm",
    "FunctionErrorAlarm",
    "FunctionThrottleAlarm",
    "StreamThrottleAlarm",
    "TableThrottleAlarm",
    "ConflictAlarm",
}
"""Resources that the local AWS says it has made and has not. Their properties are asserted in
test_template.py, as are those that it does not look at: StreamModeDetails and StreamEncryption of
the stream, TimeToLiveSpecification and PointInTimeRecoverySpecification of the table, Architectures
of the function; and in test_policies.py the ManagedPolicyArns of the role."""


class Aws:
    """A local AWS of this module's own, and the scripts that people run against it."""

    def __init__(self, folder: Path, address: str) -> None:
        self._ca = str(folder / "ca.pem")
        self._address = address
        self._variables = {
            **{name: v for name, v in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ENDPOINT_URL": address,
            "AWS_CA_BUNDLE": self._ca,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self._address,
            verify=self._ca,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a script to its end, which must be a good one."""
        ended = subprocess.run(
            [ROOT / "scripts" / script, "local", *arguments],
            env=self._variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended

    def state(self) -> dict[str, Any]:
        """Returns what would show that something was changed."""
        events = self.client("cloudformation").describe_stack_events(StackName="tapestream-local")
        function = self.client("lambda").get_function_configuration(FunctionName=FUNCTION)
        objects = self.client("s3").list_objects_v2(Bucket=self._bucket())
        return {
            "events": [event["EventId"] for event in events["StackEvents"]],
            "code": (function["CodeSha256"], function["LastModified"]),
            "objects": [(found["Key"], found["LastModified"]) for found in objects["Contents"]],
        }

    def _bucket(self) -> str:
        (bucket,) = self.client("s3").list_buckets()["Buckets"]
        name: str = bucket["Name"]
        return name

    def left(self) -> dict[str, Any]:
        """Returns all that is there of what provisioning makes."""
        return {
            "stacks": self.client("cloudformation").describe_stacks()["Stacks"],
            "streams": self.client("kinesis").list_streams()["StreamNames"],
            "tables": self.client("dynamodb").list_tables()["TableNames"],
            "functions": self.client("lambda").list_functions()["Functions"],
            "mappings": self.client("lambda").list_event_source_mappings()["EventSourceMappings"],
            "queues": self.client("sqs").list_queues().get("QueueUrls", []),
            "roles": self.client("iam").list_roles()["Roles"],
            "policies": self.client("iam").list_policies(Scope="Local")["Policies"],
            "log_groups": self.client("logs").describe_log_groups()["logGroups"],
            "buckets": self.client("s3").list_buckets()["Buckets"],
        }


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A local AWS in which nothing is made."""
    folder = tmp_path_factory.mktemp("aws")
    program = ROOT / "scripts/local/moto_server.py"
    server = Child(
        "aws",
        [sys.executable, program, "--certificates", folder, "--ready-file", folder / "ready"],
        environment=os.environ,
        directory=folder,
        out=folder / "out",
        err=folder / "err",
    )
    try:
        yield Aws(folder, address_of(server, folder / "ready"))
    finally:
        server.kill()


@pytest.fixture
def provisioned(aws: Aws) -> Iterator[Aws]:
    """The same, provisioned."""
    aws.run("provision.sh")
    yield aws
    aws.run("teardown.sh", "--yes", "--delete-table")


def test_a_second_time_changes_nothing(provisioned: Aws) -> None:
    before = provisioned.state()
    ended = provisioned.run("provision.sh")
    assert provisioned.state() == before
    assert f"TableName={TABLE}" in ended.stdout.splitlines()
    assert "up to date" in ended.stderr


def test_another_value_of_a_parameter_changes_that_only(provisioned: Aws) -> None:
    before = provisioned.state()
    provisioned.run("provision.sh", "--set", "BatchSize=77")
    (mapping,) = provisioned.left()["mappings"]
    assert mapping["BatchSize"] == 77
    assert provisioned.state()["code"] == before["code"]


def test_every_resource_is_really_there_or_on_the_list(provisioned: Aws) -> None:
    stack = provisioned.client("cloudformation").list_stack_resources(StackName="tapestream-local")
    made = {
        found["LogicalResourceId"]: found["PhysicalResourceId"]
        for found in stack["StackResourceSummaries"]
        if found["LogicalResourceId"]  # what is not executed is listed without a name
    }
    resources = cloudformation.render(
        cloudformation.TEMPLATE.read_text(), cloudformation.parameters_of("local")
    )
    assert made.keys() | NOT_EXECUTED == resources.keys()
    assert provisioned.client("cloudwatch").describe_alarms()["MetricAlarms"] == []

    stream = provisioned.client("kinesis").describe_stream_summary(StreamName=made["TradeStream"])
    assert stream["StreamDescriptionSummary"]["OpenShardCount"] == 2
    table = provisioned.client("dynamodb").describe_table(TableName=made["TradeTable"])["Table"]
    assert table["KeySchema"] == [{"AttributeName": "trade_id", "KeyType": "HASH"}]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["symbol-traded_at"]
    leases = provisioned.client("dynamodb").describe_table(TableName=made["LeaseTable"])["Table"]
    assert leases["KeySchema"] == [{"AttributeName": "lease", "KeyType": "HASH"}]
    queue = provisioned.client("sqs").get_queue_attributes(
        QueueUrl=made["DeadLetterQueue"], AttributeNames=["All"]
    )
    assert queue["Attributes"]["MessageRetentionPeriod"] == "1209600"
    function = provisioned.client("lambda").get_function(FunctionName=made["StreamProcessor"])
    role = provisioned.client("iam").get_role(RoleName=made["StreamProcessorRole"])["Role"]
    assert function["Configuration"]["Role"] == role["Arn"]
    mapping = provisioned.client("lambda").get_event_source_mapping(
        UUID=made["StreamProcessorMapping"]
    )
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    groups = provisioned.client("logs").describe_log_groups()["logGroups"]
    assert [(g["logGroupName"], g["retentionInDays"]) for g in groups] == [
        (made["StreamProcessorLogs"], 30)
    ]


def test_policies_are_there_as_they_were_rendered(provisioned: Aws) -> None:
    resources = cloudformation.render(
        cloudformation.TEMPLATE.read_text(), cloudformation.parameters_of("local")
    )
    iam = provisioned.client("iam")
    for logical_id in ("WritePolicy", "PublishPolicy", "LeasePolicy", "ReconcilePolicy"):
        properties = resources[logical_id].properties
        arn = f"arn:aws:iam::{cloudformation.ACCOUNT}:policy/{properties['ManagedPolicyName']}"
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
        assert found["PolicyVersion"]["Document"] == properties["PolicyDocument"]


def test_teardown_leaves_the_table_which_is_then_used_again(aws: Aws) -> None:
    aws.run("provision.sh")
    trade = {"trade_id": {"S": "kept"}}
    aws.client("dynamodb").put_item(TableName=TABLE, Item=trade)
    ended = aws.run("teardown.sh", "--yes")
    assert f"kept the table {TABLE}" in ended.stdout
    left = aws.left()
    assert left.pop("tables") == [TABLE]
    assert not any(left.values()), left

    assert f"using the table {TABLE} as it is" in aws.run("provision.sh").stderr
    before = aws.state()
    aws.run("provision.sh")
    assert aws.state() == before
    assert aws.client("dynamodb").get_item(TableName=TABLE, Key=trade)["Item"] == trade

    aws.run("teardown.sh", "--yes", "--delete-table")
    assert not any(aws.left().values())
    assert "no stack" in aws.run("teardown.sh", "--yes", "--delete-table").stderr


def test_code_alone_is_deployed_if_it_differs(provisioned: Aws) -> None:
    before = provisioned.state()
    ended = provisioned.run("deploy-lambda.sh")
    assert f"unchanged: function={FUNCTION}" in ended.stderr
    assert provisioned.state() == before
    lambda_client = provisioned.client("lambda")
    lambda_client.update_function_code(FunctionName=FUNCTION, ZipFile=another_zip())
    ended = provisioned.run("deploy-lambda.sh")
    digest, _ = before["code"]
    assert ended.stdout == digest + "\n"
    found = lambda_client.get_function_configuration(FunctionName=FUNCTION)
    assert found["CodeSha256"] == digest
    assert provisioned.state()["events"] == before["events"]


def test_code_that_somebody_changed_beside_the_stack_is_given_back(provisioned: Aws) -> None:
    digest, _ = provisioned.state()["code"]
    lambda_client = provisioned.client("lambda")
    lambda_client.update_function_code(FunctionName=FUNCTION, ZipFile=another_zip())
    assert provisioned.state()["code"][0] != digest
    provisioned.run("provision.sh")
    assert provisioned.state()["code"][0] == digest


def test_a_dry_run_makes_nothing(aws: Aws) -> None:
    ended = aws.run("provision.sh", "--dry-run", "--set", "ShardCount=3")
    assert "would make the stack tapestream-local with" in ended.stdout
    assert "ShardCount=3" in ended.stdout
    assert not any(aws.left().values())
    with pytest.raises(ClientError):
        aws.client("cloudformation").describe_stacks(StackName="tapestream-local")


def another_zip() -> bytes:
    """Returns a zip with nothing in it."""
    return b"PK\x05\x06" + bytes(18)
