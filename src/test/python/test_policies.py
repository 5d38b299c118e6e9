"""The policies of the template let everybody do what is needed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import aws_policies
import cloudformation
import iam_policy
from cloudformation import Resource

TEXT = cloudformation.TEMPLATE.read_text()
ARN = f"{cloudformation.REGION}:{cloudformation.ACCOUNT}"
STREAM = f"arn:aws:kinesis:{ARN}:stream/stream-finnhub"
TABLE = f"arn:aws:dynamodb:{ARN}:table/ProcessedTradesDynamoDB"
INDEX = f"{TABLE}/index/symbol-traded_at"
QUEUE = f"arn:aws:sqs:{ARN}:stream-finnhub-dead-letters"
LOGS = f"arn:aws:logs:{ARN}:log-group:/aws/lambda/FinnhubStreamProcessor:*"

ALLOWED = [
    ("function", "dynamodb:BatchWriteItem", TABLE),
    ("function", "sqs:SendMessage", QUEUE),
    ("function", "logs:CreateLogStream", LOGS),
    ("function", "logs:PutLogEvents", LOGS),
    ("poller", "kinesis:DescribeStream", STREAM),
    ("poller", "kinesis:DescribeStreamSummary", STREAM),
    ("poller", "kinesis:GetRecords", STREAM),
    ("poller", "kinesis:GetShardIterator", STREAM),
    ("poller", "kinesis:ListShards", STREAM),
    ("ingester", "kinesis:PutRecords", STREAM),
    ("ingester", "kinesis:ListShards", STREAM),
    ("ingester", "kinesis:DescribeStreamSummary", STREAM),
    ("reconcile", "dynamodb:BatchGetItem", TABLE),
    ("reconcile", "dynamodb:Scan", TABLE),
]
DENIED = [
    ("function", "dynamodb:PutItem", TABLE),
    ("function", "dynamodb:UpdateItem", TABLE),
    ("function", "dynamodb:DeleteItem", TABLE),
    ("function", "dynamodb:GetItem", TABLE),
    ("function", "dynamodb:Scan", TABLE),
    ("function", "dynamodb:Query", TABLE),
    ("function", "dynamodb:Query", INDEX),
    ("function", "dynamodb:BatchWriteItem", INDEX),
    ("function", "dynamodb:BatchWriteItem", TABLE + "2"),
    ("function", "dynamodb:BatchWriteItem", TABLE.replace("us-east-1", "eu-west-1")),
    ("function", "dynamodb:BatchWriteItem", TABLE.replace("123456789012", "210987654321")),
    ("function", "dynamodb:DeleteTable", TABLE),
    ("function", "sqs:ReceiveMessage", QUEUE),
    ("function", "sqs:DeleteMessage", QUEUE),
    ("function", "sqs:SendMessage", QUEUE + "2"),
    ("function", "kinesis:PutRecords", STREAM),
    ("function", "kinesis:DeleteStream", STREAM),
    ("function", "iam:PassRole", "arn:aws:iam::123456789012:role/FinnhubStreamProcessorRole"),
    ("function", "s3:GetObject", "arn:aws:s3:::code/lambda/x.zip"),
    ("function", "sts:AssumeRole", "*"),
    ("ingester", "kinesis:PutRecords", STREAM + "-dev"),
    ("ingester", "kinesis:PutRecords", "*"),
    ("ingester", "kinesis:GetRecords", STREAM),
    ("ingester", "kinesis:SplitShard", STREAM),
    ("ingester", "kinesis:DeleteStream", STREAM),
    ("ingester", "kinesis:CreateStream", STREAM),
    ("ingester", "dynamodb:BatchWriteItem", TABLE),
    ("ingester", "cloudwatch:PutMetricData", "*"),
    ("ingester", "sqs:SendMessage", QUEUE),
    ("reconcile", "dynamodb:BatchWriteItem", TABLE),
    ("reconcile", "dynamodb:PutItem", TABLE),
    ("reconcile", "dynamodb:DeleteItem", TABLE),
    ("reconcile", "dynamodb:Scan", INDEX),
    ("reconcile", "dynamodb:Scan", TABLE + "2"),
    ("reconcile", "kinesis:PutRecords", STREAM),
]


def render(text: str, environment: str = "local") -> dict[str, Resource]:
    return cloudformation.render(text, cloudformation.parameters_of(environment))


def faults(resources: dict[str, Resource]) -> Iterator[str]:
    """Yields what is wrong with the policies."""
    for who, action, resource in ALLOWED:
        if not iam_policy.is_allowed(aws_policies.of(who, resources), action, resource):
            yield f"not allowed: {who} {action} {resource}"
    for who, action, resource in DENIED:
        if iam_policy.is_allowed(aws_policies.of(who, resources), action, resource):
            yield f"not denied: {who} {action} {resource}"
    for statement in (s for p in aws_policies.ours(resources) for s in iam_policy.statements_of(p)):
        for part in ("Action", "Resource"):
            values: list[Any] = iam_policy.as_list(statement[part])
            if any("*" in value or "?" in value for value in values):
                yield f"wildcard: {statement['Sid']} {part}"


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_everybody_may_do_what_is_needed_and_nothing_else(environment: str) -> None:
    assert list(faults(render(TEXT, environment))) == []


def test_an_environment_of_its_own_has_its_own_names() -> None:
    resources = render(TEXT, "dev")
    for who, action, resource in ALLOWED:
        if who == "poller" or action.startswith("logs:"):
            continue  # AWS's own policy names no resource
        policies = aws_policies.of(who, resources)
        own = resource.replace("stream-finnhub", "stream-finnhub-dev").replace(
            "ProcessedTradesDynamoDB", "ProcessedTradesDynamoDB-dev"
        )
        assert iam_policy.is_allowed(policies, action, own)
        assert not iam_policy.is_allowed(policies, action, resource)


def test_only_lambda_may_take_the_role() -> None:
    document = render(TEXT)["StreamProcessorRole"].properties["AssumeRolePolicyDocument"]
    assert document["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]


def test_the_role_has_the_two_policies_that_users_know_and_no_other() -> None:
    properties = render(TEXT, "prod")["StreamProcessorRole"].properties
    assert properties["RoleName"] == "FinnhubStreamProcessorRole"
    assert properties["ManagedPolicyArns"] == [
        "arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole",
        "arn:aws:iam::123456789012:policy/PolicyWriteDynamoDB",
    ]
    assert "Policies" not in properties


TABLE_ARN = (
    '!Sub "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}"'
)


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        (TABLE_ARN, '"*"'),
        (TABLE_ARN, TABLE_ARN.replace("/${TableName}", "/*")),
        (TABLE_ARN, TABLE_ARN.replace("${TableName}", "${TableName}/index/symbol-traded_at")),
        (TABLE_ARN, TABLE_ARN.replace("${TableName}", "Other")),
        ("Resource: !GetAtt DeadLetterQueue.Arn", 'Resource: "*"'),
        ("Resource: !GetAtt TradeStream.Arn", 'Resource: "*"'),
        ("Action: dynamodb:BatchWriteItem", "Action: dynamodb:*"),
        ("Action: dynamodb:BatchWriteItem", "Action: [dynamodb:BatchWriteItem, dynamodb:PutItem]"),
        ("Action: sqs:SendMessage", "Action: sqs:*"),
        ("- kinesis:PutRecords", "- kinesis:Put*"),
        ("- kinesis:ListShards", "- kinesis:DeleteStream"),
        ("- dynamodb:Scan", "- dynamodb:PutItem"),
        ("        - !Ref WritePolicy\n", ""),
    ],
)
def test_a_policy_with_a_mistake_is_noticed(text: str, instead: str) -> None:
    assert text in TEXT
    assert list(faults(render(TEXT.replace(text, instead)))) != []


def test_the_metrics_that_the_ingester_may_not_put_are_off() -> None:
    source = cloudformation.ROOT / "src/main/java/io/tapestream/kinesis/KplProducers.java"
    assert 'setMetricsLevel("none")' in source.read_text()
