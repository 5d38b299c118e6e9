"""The renderer says what CloudFormation would, and refuses what it does not know."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import cloudformation

TEMPLATE = """
Parameters:
  Wanted: {Type: String}
  Other: {Type: String}
Conditions:
  IsWanted: !Equals [!Ref Wanted, "yes"]
  IsNot: !Not [!Equals [!Ref Wanted, "yes"]]
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${Other}-letters"
      Value: VALUE
  OnlyIfNot:
    Type: AWS::SQS::Queue
    Condition: IsNot
    Properties: {QueueName: x}
"""
PARAMETERS = {"Wanted": "yes", "Other": "o"}


def rendered(value: str, template: str = TEMPLATE, **parameters: str) -> Any:
    """Returns what a value becomes, as a property of a queue."""
    resources = cloudformation.render(template.replace("VALUE", value), PARAMETERS | parameters)
    return resources["Queue"].properties.get("Value")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("!Ref Other", "o"),
        ("{Ref: Other}", "o"),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref Queue", "https://sqs.us-east-1.amazonaws.com/123456789012/o-letters"),
        ("!GetAtt Queue.Arn", "arn:aws:sqs:us-east-1:123456789012:o-letters"),
        ("!GetAtt [Queue, Arn]", "arn:aws:sqs:us-east-1:123456789012:o-letters"),
        ('{"Fn::GetAtt": [Queue, QueueName]}', "o-letters"),
        ('!Sub "${AWS::Partition}/${AWS::AccountId}/${Other}/$x"', "aws/123456789012/o/$x"),
        ("!If [IsWanted, a, b]", "a"),
        ("!If [IsNot, a, b]", "b"),
        ("!If [IsNot, a, !Ref AWS::NoValue]", None),
        ("[a, !If [IsNot, b, !Ref AWS::NoValue], !Ref Other]", ["a", "o"]),
        ("{A: {B: !Ref Other, C: !Ref AWS::NoValue}}", {"A": {"B": "o"}}),
    ],
)
def test_a_value_becomes_what_cloudformation_makes_of_it(value: str, expected: Any) -> None:
    assert rendered(value) == expected


def test_a_resource_is_there_only_if_its_condition_holds() -> None:
    assert cloudformation.render(TEMPLATE, PARAMETERS).keys() == {"Queue"}
    no = PARAMETERS | {"Wanted": "no"}
    assert cloudformation.render(TEMPLATE, no).keys() == {"Queue", "OnlyIfNot"}


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ('{"Fn::Join": ["", [a]]}', "function not known: name=Fn::Join"),
        ("{Ref: Other, B: c}", r"function beside other members: \['B', 'Ref'\]"),
        ("!Ref Elsewhere", "reference not known: name=Elsewhere"),
        ("!Ref AWS::StackName", "reference not known: name=AWS::StackName"),
        ('!Sub "${Elsewhere}"', "reference not known: name=Elsewhere"),
        ('!Sub "${Queue.Arn}"', "reference not known: name=Queue.Arn"),
        ('!Sub "${!Literal}"', "reference not known: name=!Literal"),
        ('!Sub ["${A}", {A: b}]', "Fn::Sub with variables of its own is not known"),
        ("!GetAtt Queue.Url", "attribute not known: resource=Queue attribute=Url"),
        ("!GetAtt Elsewhere.Arn", "attribute not known: resource=Elsewhere attribute=Arn"),
    ],
)
def test_a_value_that_is_not_understood_is_refused(value: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{error}$"):
        rendered(value)


@pytest.mark.parametrize("tag", ["!Join ['', [a]]", "!ImportValue a", "!Select [0, [a]]"])
def test_a_short_form_that_is_not_understood_is_refused(tag: str) -> None:
    with pytest.raises(
        yaml.constructor.ConstructorError, match="could not determine a constructor"
    ):
        rendered(tag)


def test_a_section_that_is_not_understood_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^sections not known: \['Transform'\]$"):
        rendered("a", "Transform: AWS::Serverless-2016-10-31\n" + TEMPLATE)


def test_a_type_of_resource_that_is_not_understood_is_refused() -> None:
    text = TEMPLATE.replace("Type: AWS::SQS::Queue\n    Condition", "Type: A::B::C\n    Condition")
    with pytest.raises(ValueError, match=r"^types of resources not known: \['A::B::C'\]$"):
        rendered("a", text)


@pytest.mark.parametrize("parameters", [{"Wanted": "yes"}, PARAMETERS | {"More": "x"}])
def test_parameters_that_are_missing_or_too_many_are_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="parameters do not fit the template"):
        cloudformation.render(TEMPLATE, parameters)
