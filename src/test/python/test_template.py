"""The template says, property by property, what the function and the ingester rely on."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import cloudformation
import commands
import lambda_function
from cloudformation import ENVIRONMENTS, ROOT, Resource

TEXT = cloudformation.TEMPLATE.read_text()
REFERENCE = ROOT / "src/main/resources/reference.conf"


def render(environment: str = "prod", **parameters: str) -> dict[str, Resource]:
    return cloudformation.render(TEXT, cloudformation.parameters_of(environment) | parameters)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_mapping_hands_over_again_what_is_reported_and_gives_nothing_up(
    environment: str,
) -> None:
    properties = dict(render(environment)["StreamProcessorMapping"].properties)
    assert int(properties.pop("BatchSize")) <= 10_000
    suffix = "-dev" if environment == "dev" else ""
    assert properties == {
        "EventSourceArn": f"arn:aws:kinesis:us-east-1:123456789012:stream/stream-finnhub{suffix}",
        "FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:"
        f"FinnhubStreamProcessor{suffix}",
        "StartingPosition": "TRIM_HORIZON",
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": -1,
        "MaximumRecordAgeInSeconds": -1,
        "ParallelizationFactor": 1,
    }


@pytest.mark.parametrize(("environment", "suffix"), [("local", ""), ("dev", "-dev"), ("prod", "")])
def test_everything_has_the_name_that_users_know(environment: str, suffix: str) -> None:
    names = {
        "TradeStream": ("Name", f"stream-finnhub{suffix}"),
        "TradeTable": ("TableName", f"ProcessedTradesDynamoDB{suffix}"),
        "LeaseTable": ("TableName", f"TapestreamLeases{suffix}"),
        "DeadLetterQueue": ("QueueName", f"stream-finnhub{suffix}-dead-letters"),
        "StreamProcessorRole": ("RoleName", f"FinnhubStreamProcessorRole{suffix}"),
        "WritePolicy": ("ManagedPolicyName", f"PolicyWriteDynamoDB{suffix}"),
        "PublishPolicy": ("ManagedPolicyName", f"PolicyPublishKinesis{suffix}"),
        "LeasePolicy": ("ManagedPolicyName", f"PolicyHoldLeaseDynamoDB{suffix}"),
        "ReconcilePolicy": ("ManagedPolicyName", f"PolicyReconcileDynamoDB{suffix}"),
        "StreamProcessor": ("FunctionName", f"FinnhubStreamProcessor{suffix}"),
        "StreamProcessorLogs": ("LogGroupName", f"/aws/lambda/FinnhubStreamProcessor{suffix}"),
    }
    resources = render(environment)
    found = {
        logical_id: resources[logical_id].properties[name]
        for logical_id, (name, _) in names.items()
    }
    assert found == {logical_id: value for logical_id, (_, value) in names.items()}


def test_the_local_programs_use_what_the_local_environment_makes() -> None:
    resources = render("local")
    assert resources["TradeStream"].properties["Name"] == commands.STREAM
    assert resources["TradeTable"].properties["TableName"] == commands.TABLE
    assert resources["StreamProcessor"].properties["FunctionName"] == commands.FUNCTION
    assert resources["DeadLetterQueue"].properties["QueueName"] == commands.DEAD_LETTER_QUEUE


def test_the_table_has_its_key_its_index_and_outlives_the_stack() -> None:
    table = render()["TradeTable"]
    assert table.attributes["DeletionPolicy"] == table.attributes["UpdateReplacePolicy"] == "Retain"
    assert table.properties["KeySchema"] == [{"AttributeName": "trade_id", "KeyType": "HASH"}]
    assert table.properties["AttributeDefinitions"] == [
        {"AttributeName": "trade_id", "AttributeType": "S"},
        {"AttributeName": "symbol", "AttributeType": "S"},
        {"AttributeName": "traded_at", "AttributeType": "N"},
    ]
    assert table.properties["GlobalSecondaryIndexes"] == [
        {
            "IndexName": "symbol-traded_at",
            "KeySchema": [
                {"AttributeName": "symbol", "KeyType": "HASH"},
                {"AttributeName": "traded_at", "KeyType": "RANGE"},
            ],
            "Projection": {
                "ProjectionType": "INCLUDE",
                "NonKeyAttributes": ["price", "volume", "kind"],
            },
        }
    ]
    assert table.properties["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }
    assert table.properties["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True
    }
    assert table.properties["BillingMode"] == "PAY_PER_REQUEST"


def test_the_table_of_leases_has_its_key_and_goes_with_the_stack() -> None:
    table = render()["LeaseTable"]
    assert table.attributes["DeletionPolicy"] == table.attributes["UpdateReplacePolicy"] == "Delete"
    assert table.properties == {
        "TableName": "TapestreamLeases",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "lease", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "lease", "AttributeType": "S"}],
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_ingester_finds_the_table_of_leases_that_its_environment_makes(environment: str) -> None:
    name = render(environment)["LeaseTable"].properties["TableName"]
    text = (ROOT / f"conf/{environment}.conf").read_text() + REFERENCE.read_text()
    found = re.search(r"^lease\.table = (\S+)$|^lease \{.*?^  table = (\S+)$", text, re.M | re.S)
    assert found
    assert name == (found[1] or found[2])


def test_the_index_can_be_left_out() -> None:
    properties = render(SymbolIndex="false")["TradeTable"].properties
    assert "GlobalSecondaryIndexes" not in properties
    assert properties["AttributeDefinitions"] == [
        {"AttributeName": "trade_id", "AttributeType": "S"}
    ]


def test_a_table_that_is_there_is_not_made_and_everything_else_is_the_same() -> None:
    made, found = render(), render(CreateTable="false")
    assert made.keys() - found.keys() == {"TradeTable"}
    assert {name: made[name] for name in found} == found


def test_the_stream_has_shards_or_is_on_demand() -> None:
    provisioned = render(StreamMode="PROVISIONED", ShardCount="4")["TradeStream"].properties
    assert provisioned["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert provisioned["ShardCount"] == "4"
    on_demand = render(StreamMode="ON_DEMAND")["TradeStream"].properties
    assert on_demand["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert "ShardCount" not in on_demand
    for properties in (provisioned, on_demand):
        assert properties["StreamEncryption"] == {
            "EncryptionType": "KMS",
            "KeyId": "alias/aws/kinesis",
        }


def test_the_queue_keeps_what_it_is_sent() -> None:
    properties = dict(render()["DeadLetterQueue"].properties)
    assert properties == {
        "QueueName": "stream-finnhub-dead-letters",
        "MessageRetentionPeriod": 14 * 24 * 3600,
        "MaximumMessageSize": 262_144,
        "SqsManagedSseEnabled": True,
    }


class Read(dict[str, str]):
    """Variables that remember which of them were asked for."""

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables)
        self.names: set[str] = set()

    def get(self, name: str, *default: Any) -> Any:
        self.names.add(name)
        return super().get(name, *default)

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return super().__getitem__(name)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_function_gets_the_variables_that_it_reads(environment: str) -> None:
    resources = render(environment, TimeToLiveDays="30")
    function = resources["StreamProcessor"].properties
    assert function["Runtime"] == "python3.13"
    assert function["Handler"] == "lambda_function.lambda_handler"
    assert (function["Timeout"], function["MemorySize"]) == (60, 512)
    assert function["Architectures"] == ["arm64"]
    variables = {name: str(value) for name, value in function["Environment"]["Variables"].items()}
    read = Read(variables | {"AWS_REGION": "us-east-1"})
    settings = lambda_function.Settings.from_variables(read)
    # Powertools reads its own.
    given = {name for name in variables if not name.startswith("POWERTOOLS_")}
    assert given == {name for name in read.names if not name.startswith(("POWERTOOLS_", "AWS_"))}
    assert settings.table_name == resources["TradeTable"].properties["TableName"]
    assert settings.queue_url.endswith(resources["DeadLetterQueue"].properties["QueueName"])
    assert settings.time_to_live_days == 30
    assert {name: variables[name] for name in variables.keys() - given} == {
        "POWERTOOLS_METRICS_NAMESPACE": "Tapestream",
        "POWERTOOLS_SERVICE_NAME": function["FunctionName"],
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


@pytest.mark.parametrize("topic", ["", "arn:aws:sns:us-east-1:123456789012:alarms"])
def test_alarms_tell_of_age_and_of_dead_letters(topic: str) -> None:
    resources = render(AlarmTopicArn=topic)
    age = resources["IteratorAgeAlarm"].properties
    letters = resources["DeadLetterAlarm"].properties
    assert (age["Namespace"], age["MetricName"]) == ("AWS/Lambda", "IteratorAge")
    assert age["Dimensions"] == [{"Name": "FunctionName", "Value": "FinnhubStreamProcessor"}]
    assert (age["Statistic"], age["Threshold"]) == ("Maximum", 300_000)
    metric = "ApproximateNumberOfMessagesVisible"
    assert (letters["Namespace"], letters["MetricName"]) == ("AWS/SQS", metric)
    assert letters["Dimensions"] == [{"Name": "QueueName", "Value": "stream-finnhub-dead-letters"}]
    assert (letters["Statistic"], letters["Threshold"]) == ("Maximum", 0)
    for alarm in (age, letters):
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        for action in ("AlarmActions", "OKActions"):
            assert alarm.get(action) == ([topic] if topic else None)


ALARMS = {
    "FunctionErrorAlarm": ("AWS/Lambda", "Errors", "FinnhubStreamProcessor", 1, 300),
    "FunctionThrottleAlarm": ("AWS/Lambda", "Throttles", "FinnhubStreamProcessor", 5, 60),
    "StreamThrottleAlarm": (
        "AWS/Kinesis",
        "WriteProvisionedThroughputExceeded",
        "stream-finnhub",
        5,
        60,
    ),
    "TableThrottleAlarm": ("AWS/DynamoDB", "WriteThrottleEvents", "ProcessedTradesDynamoDB", 5, 60),
    "ConflictAlarm": ("Tapestream", "conflicting_trades", "FinnhubStreamProcessor", 1, 60),
}
"""By name: namespace, metric, whose, and how many periods of so many seconds in a row."""


@pytest.mark.parametrize("name", ALARMS)
@pytest.mark.parametrize("topic", ["", "arn:aws:sns:us-east-1:123456789012:alarms"])
def test_alarms_tell_of_what_should_never_be(name: str, topic: str) -> None:
    alarm = render(AlarmTopicArn=topic)[name].properties
    (dimension,) = alarm["Dimensions"]
    found = (alarm["Namespace"], alarm["MetricName"], dimension["Value"])
    assert (*found, alarm["EvaluationPeriods"], alarm["Period"]) == ALARMS[name]
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 0)
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["TreatMissingData"] == "notBreaching"
    for action in ("AlarmActions", "OKActions"):
        assert alarm.get(action) == ([topic] if topic else None)


def test_the_alarm_of_conflicts_watches_what_the_function_tells() -> None:
    assert "conflicting_trades" in lambda_function.COUNTS
    variables = render()["StreamProcessor"].properties["Environment"]["Variables"]
    alarm = render()["ConflictAlarm"].properties
    # Powertools gives each metric the service's name as its one dimension.
    assert alarm["Dimensions"] == [
        {"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}
    ]
    assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]


def test_an_alarm_tells_of_a_stream_that_nobody_puts_into_where_that_is_wanted() -> None:
    assert "QuietAlarm" not in render(QuietMinutes="0")
    alarm = render(QuietMinutes="15")["QuietAlarm"].properties
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Kinesis", "IncomingRecords")
    assert alarm["Dimensions"] == [{"Name": "StreamName", "Value": "stream-finnhub"}]
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 1)
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert (int(alarm["EvaluationPeriods"]), alarm["Period"]) == (15, 60)
    # Kinesis says nothing of a stream that nobody has put into.
    assert alarm["TreatMissingData"] == "breaching"


def test_logs_do_not_stay_for_ever() -> None:
    assert render()["StreamProcessorLogs"].properties["RetentionInDays"] == 30
    assert render()["StreamProcessor"].attributes["DependsOn"] == "StreamProcessorLogs"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_names_every_parameter_and_no_other(environment: str) -> None:
    given = json.loads((ROOT / f"conf/aws/{environment}.json").read_text())
    assert given.keys() == {"Parameters"}
    parameters: dict[str, Any] = cloudformation.parse(TEXT)["Parameters"]
    added = {"CodeBucket", "CodeKey", "CreateTable"}
    assert given["Parameters"].keys() == parameters.keys() - added
    for name, value in given["Parameters"].items():
        rule = parameters[name]
        assert "Default" not in rule
        if "AllowedPattern" in rule:
            assert re.fullmatch(rule["AllowedPattern"], value), name
        if "AllowedValues" in rule:
            assert value in rule["AllowedValues"], name


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_ingester_of_an_environment_puts_into_its_stream(environment: str) -> None:
    parameters = cloudformation.parameters_of(environment)
    settings = (ROOT / f"conf/{environment}.conf").read_text()
    assert re.search(rf"^kinesis\.stream = {parameters['StreamName']}$", settings, re.MULTILINE)
    table = re.search(r"^table\.name = (\S+)$", settings, re.MULTILINE)
    default = "ProcessedTradesDynamoDB"
    assert (table[1].strip('"') if table else default) == parameters["TableName"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_journal_keeps_at_least_what_the_stream_does(environment: str) -> None:
    files = ("src/main/resources/reference.conf", f"conf/{environment}.conf")
    texts = [(ROOT / file).read_text() for file in files]
    kept = re.findall(r"^\s*(?:journal\.)?retain-for = (\d+)h$", "\n".join(texts), re.MULTILINE)
    # The environment's comes last, if it has one.
    assert int(cloudformation.parameters_of(environment)["RetentionHours"]) <= int(kept[-1])
