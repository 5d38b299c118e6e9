"""The policies of the template let everybody do what is needed, and nothing else."""

from __future__ import annotations

import re
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
LEASES = f"arn:aws:dynamodb:{ARN}:table/TapestreamLeases"
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
    ("holder", "dynamodb:UpdateItem", LEASES),
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
    ("ingester", "dynamodb:Scan", TABLE),
    ("ingester", "sqs:SendMessage", QUEUE),
    ("ingester", "sts:AssumeRole", "arn:aws:iam::123456789012:role/FinnhubStreamProcessorRole"),
    ("ingester", "dynamodb:UpdateItem", LEASES),
    ("holder", "dynamodb:UpdateItem", TABLE),
    ("holder", "dynamodb:UpdateItem", LEASES + "-dev"),
    ("holder", "dynamodb:GetItem", LEASES),
    ("holder", "dynamodb:PutItem", LEASES),
    ("holder", "dynamodb:DeleteItem", LEASES),
    ("holder", "dynamodb:DeleteTable", LEASES),
    ("holder", "kinesis:PutRecords", STREAM),
    ("function", "dynamodb:UpdateItem", LEASES),
    ("reconcile", "dynamodb:Scan", LEASES),
    ("reconcile", "dynamodb:BatchWriteItem", TABLE),
    ("reconcile", "dynamodb:PutItem", TABLE),
    ("reconcile", "dynamodb:UpdateItem", TABLE),
    ("reconcile", "dynamodb:DeleteItem", TABLE),
    ("reconcile", "dynamodb:DeleteTable", TABLE),
    ("reconcile", "dynamodb:Scan", INDEX),
    ("reconcile", "dynamodb:Scan", TABLE + "2"),
    ("reconcile", "kinesis:PutRecords", STREAM),
]

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
"""Who may take the role."""

EVALUATED = {
    "AWS::IAM::ManagedPolicy": {"ManagedPolicyName", "Description", "PolicyDocument"},
    "AWS::IAM::Role": {"RoleName", "Description", "AssumeRolePolicyDocument", "ManagedPolicyArns"},
}
"""Properties of what gives rights, all of which are looked at here: others, such as inline
policies, or roles that a policy is attached to from its own side, would give rights unseen."""


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
    yield from unseen_rights(resources)


def unseen_rights(resources: dict[str, Resource]) -> Iterator[str]:
    """Yields what gives rights past the policies that are evaluated."""
    for name, resource in resources.items():
        others = resource.properties.keys() - EVALUATED.get(resource.type, resource.properties)
        for other in sorted(others | ({"ResourcePolicy"} & resource.properties.keys())):
            yield f"rights not evaluated: {name} {other}"
    trust = resources["StreamProcessorRole"].properties["AssumeRolePolicyDocument"]
    if trust != TRUST:
        yield f"trust: {trust}"


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_everybody_may_do_what_is_needed_and_nothing_else(environment: str) -> None:
    assert list(faults(render(TEXT, environment))) == []


def test_an_environment_of_its_own_has_its_own_names() -> None:
    resources = render(TEXT, "dev")
    for who, action, resource in ALLOWED:
        if who == "poller" or action.startswith("logs:"):
            continue  # AWS's own policy names no resource
        policies = aws_policies.of(who, resources)
        own = resource
        for name in ("stream-finnhub", "ProcessedTradesDynamoDB", "TapestreamLeases"):
            own = own.replace(name, f"{name}-dev")
        assert iam_policy.is_allowed(policies, action, own)
        assert not iam_policy.is_allowed(policies, action, resource)


def test_the_role_has_the_two_policies_that_users_know_and_no_other() -> None:
    properties = render(TEXT, "prod")["StreamProcessorRole"].properties
    assert properties["RoleName"] == "FinnhubStreamProcessorRole"
    assert properties["ManagedPolicyArns"] == [
        "arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole",
        "arn:aws:iam::123456789012:policy/PolicyWriteDynamoDB",
    ]


TABLE_ARN = (
    '!Sub "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}"'
)
INDEX_ARN = TABLE_ARN.replace("${TableName}", "${TableName}/index/symbol-traded_at")
WRITE = f"Action: dynamodb:BatchWriteItem\n            Resource: {TABLE_ARN}"
SEND = "Action: sqs:SendMessage\n            Resource: !GetAtt DeadLetterQueue.Arn"
PUT = "- kinesis:DescribeStreamSummary\n            Resource: !GetAtt TradeStream.Arn"
READ = f"- dynamodb:Scan\n            Resource: {TABLE_ARN}"
WRITE_STATEMENT = f"- Sid: WriteTrades\n            Effect: Allow\n            {WRITE}\n          "
PUBLISH_NAME = "ManagedPolicyName: !Ref PublishPolicyName"
TWO_POLICIES = "ManagedPolicyArns:\n"


@pytest.mark.parametrize(
    ("text", "instead", "fault"),
    [
        (WRITE, WRITE.replace(TABLE_ARN, '"*"'), "wildcard: WriteTrades Resource"),
        (WRITE, WRITE.replace("/${TableName}", "/*"), "wildcard: WriteTrades Resource"),
        (WRITE, WRITE.replace("${TableName}", "${TableName}*"), "wildcard: WriteTrades Resource"),
        (
            WRITE,
            WRITE.replace(TABLE_ARN, f"[{TABLE_ARN}, {INDEX_ARN}]"),
            f"not denied: function dynamodb:BatchWriteItem {INDEX}",
        ),
        (
            WRITE,
            WRITE.replace(TABLE_ARN, INDEX_ARN),
            f"not allowed: function dynamodb:BatchWriteItem {TABLE}",
        ),
        (
            WRITE,
            WRITE.replace("${TableName}", "Other"),
            f"not allowed: function dynamodb:BatchWriteItem {TABLE}",
        ),
        (WRITE, WRITE.replace("BatchWriteItem", '"*"'), "wildcard: WriteTrades Action"),
        (WRITE, WRITE.replace("BatchWriteItem", "Batch*"), "wildcard: WriteTrades Action"),
        (
            WRITE,
            WRITE.replace("dynamodb:BatchWriteItem", "[dynamodb:BatchWriteItem, dynamodb:PutItem]"),
            f"not denied: function dynamodb:PutItem {TABLE}",
        ),
        (WRITE_STATEMENT, "", f"not allowed: function dynamodb:BatchWriteItem {TABLE}"),
        (
            WRITE_STATEMENT,
            WRITE_STATEMENT.replace("Allow", "Deny"),
            f"not allowed: function dynamodb:BatchWriteItem {TABLE}",
        ),
        (SEND, SEND.replace("!GetAtt DeadLetterQueue.Arn", '"*"'), "wildcard: SendDeadLetters Res"),
        (SEND, SEND.replace("SendMessage", "Send*"), "wildcard: SendDeadLetters Action"),
        (
            SEND,
            SEND.replace("DeadLetterQueue", "TradeStream"),
            f"not allowed: function sqs:SendMessage {QUEUE}",
        ),
        (PUT, PUT.replace("!GetAtt TradeStream.Arn", '"*"'), "wildcard: PutTrades Resource"),
        ("- kinesis:PutRecords\n", "- kinesis:Put*\n", "wildcard: PutTrades Action"),
        (
            "- kinesis:ListShards\n",
            "- kinesis:DeleteStream\n",
            f"not denied: ingester kinesis:DeleteStream {STREAM}",
        ),
        (READ, READ.replace(TABLE_ARN, '"*"'), "wildcard: ReadTrades Resource"),
        (
            READ,
            READ.replace("${TableName}", "Other"),
            f"not allowed: reconcile dynamodb:Scan {TABLE}",
        ),
        (
            READ,
            READ.replace("Scan", "PutItem"),
            f"not denied: reconcile dynamodb:PutItem {TABLE}",
        ),
        (
            "        - !Ref WritePolicy\n",
            "",
            f"not allowed: function dynamodb:BatchWriteItem {TABLE}",
        ),
        (
            "        - !Ref WritePolicy\n",
            "        - !Ref WritePolicy\n        - !Ref ReconcilePolicy\n",
            f"not denied: function dynamodb:Scan {TABLE}",
        ),
        (
            PUBLISH_NAME,
            f"{PUBLISH_NAME}\n      Roles: [!Ref StreamProcessorRole]",
            "rights not evaluated: PublishPolicy Roles",
        ),
        (
            TWO_POLICIES,
            f"Policies: [{{PolicyName: more}}]\n      {TWO_POLICIES}",
            "rights not evaluated: StreamProcessorRole Policies",
        ),
        (
            "TableName: !Ref TableName\n",
            "TableName: !Ref TableName\n      ResourcePolicy: {PolicyDocument: {}}\n",
            "rights not evaluated: TradeTable ResourcePolicy",
        ),
        ("Service: lambda.amazonaws.com", 'AWS: "*"', "trust: "),
    ],
)
def test_a_mistake_in_the_policies_is_noticed(text: str, instead: str, fault: str) -> None:
    assert TEXT.count(text) == 1
    found = list(faults(render(TEXT.replace(text, instead))))
    assert any(told.startswith(fault) for told in found), found


@pytest.mark.parametrize(
    ("text", "instead", "error"),
    [
        (
            "- !Ref WritePolicy",
            "- arn:aws:iam::aws:policy/AdministratorAccess",
            LookupError("policy not known: arn=arn:aws:iam::aws:policy/AdministratorAccess"),
        ),
        (
            "- Sid: WriteTrades",
            "- Condition: {}",
            iam_policy.UnknownPolicyError(
                "statement not understood: members=['Action', 'Condition', 'Effect', 'Resource']"
            ),
        ),
        (
            "Type: AWS::Logs::LogGroup",
            "Type: AWS::IAM::Policy",
            ValueError("types of resources not known: ['AWS::IAM::Policy']"),
        ),
        (
            "Type: AWS::Logs::LogGroup",
            "Type: AWS::SQS::QueuePolicy",
            ValueError("types of resources not known: ['AWS::SQS::QueuePolicy']"),
        ),
    ],
)
def test_what_gives_rights_and_cannot_be_evaluated_is_refused(
    text: str, instead: str, error: Exception
) -> None:
    assert TEXT.count(text) == 1
    with pytest.raises(type(error), match=f"^{re.escape(str(error))}$"):
        list(faults(render(TEXT.replace(text, instead))))


def test_the_metrics_that_the_ingester_may_not_put_are_off() -> None:
    source = cloudformation.ROOT / "src/main/java/io/tapestream/kinesis/KplProducers.java"
    assert 'setMetricsLevel("none")' in source.read_text()
