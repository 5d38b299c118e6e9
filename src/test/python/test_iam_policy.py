"""The evaluator decides as IAM does, and refuses what it does not know."""

from __future__ import annotations

from typing import Any

import pytest

import iam_policy


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


TABLE = "arn:aws:dynamodb:us-east-1:1:table/T"


@pytest.mark.parametrize(
    ("statement", "action", "resource", "allowed"),
    [
        (allow("dynamodb:PutItem", TABLE), "dynamodb:PutItem", TABLE, True),
        (allow("dynamodb:PutItem", TABLE), "DynamoDB:putitem", TABLE, True),
        (allow("dynamodb:PutItem", TABLE), "dynamodb:PutItems", TABLE, False),
        (allow("dynamodb:PutItem", TABLE), "dynamodb:PutItem", TABLE + "/index/I", False),
        (allow("dynamodb:PutItem", TABLE), "dynamodb:PutItem", TABLE.lower(), False),
        (allow("dynamodb:PutItem", TABLE), "dynamodb:PutItem", "*", False),
        (allow("dynamodb:*", TABLE), "dynamodb:Scan", TABLE, True),
        (allow("dynamodb:*Item", TABLE), "dynamodb:Scan", TABLE, False),
        (allow("dynamodb:Get?tem", TABLE), "dynamodb:GetItem", TABLE, True),
        (allow(["a:B", "a:C"], ["x", "y*"]), "a:C", "yes", True),
        (allow(["a:B", "a:C"], ["x", "y*"]), "a:D", "yes", False),
        (allow("*", "*"), "s3:GetObject", "anything", True),
        (allow("a:B", "a.c"), "a:B", "abc", False),
    ],
)
def test_a_call_is_allowed_by_a_statement_that_matches_it(
    statement: dict[str, Any], action: str, resource: str, allowed: bool
) -> None:
    assert iam_policy.is_allowed([policy(statement)], action, resource) is allowed


def test_what_no_statement_allows_is_denied() -> None:
    assert not iam_policy.is_allowed([], "a:B", "x")


def test_a_denial_wins_wherever_it_stands() -> None:
    deny = {"Effect": "Deny", "Action": "a:*", "Resource": "x"}
    policies = [policy(allow("a:B", "x")), policy(deny)]
    assert not iam_policy.is_allowed(policies, "a:B", "x")
    assert not iam_policy.is_allowed(policies[::-1], "a:B", "x")
    assert not iam_policy.is_allowed([policy(deny)], "a:B", "x")


@pytest.mark.parametrize(
    "change",
    [
        {"Condition": {"StringEquals": {"a": "b"}}},
        {"NotAction": "a:C"},
        {"NotResource": "y"},
        {"Principal": "*"},
        {"Effect": "allow"},
        {"Action": "a:${aws:username}"},
        {"Resource": "x/${aws:username}"},
        {"Resource": ["x", {"Fn::Sub": "y"}]},
    ],
)
def test_a_statement_that_is_not_understood_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(iam_policy.UnknownPolicyError):
        iam_policy.is_allowed([policy(allow("a:B", "x") | change)], "z:Z", "z")


@pytest.mark.parametrize("member", ["Effect", "Action", "Resource"])
def test_a_statement_that_lacks_a_member_is_refused(member: str) -> None:
    statement = allow("a:B", "x")
    del statement[member]
    with pytest.raises(iam_policy.UnknownPolicyError):
        iam_policy.is_allowed([policy(statement)], "z:Z", "z")


@pytest.mark.parametrize(
    "change", [{"Version": "2008-10-17"}, {"Id": "x"}, {"statement": [allow("a:B", "x")]}]
)
def test_a_policy_that_is_not_understood_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(iam_policy.UnknownPolicyError):
        iam_policy.is_allowed([policy() | change], "a:B", "x")
