"""Renders conf/aws/template.yaml with the parameters of an environment, as CloudFormation does.

Knows the sections, functions, attributes and types of resources that the template uses; anything
else is refused with a ValueError, since a test that misunderstands the template shows nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "conf/aws/template.yaml"
ENVIRONMENTS = ("local", "dev", "prod")
ACCOUNT = "123456789012"
REGION = "us-east-1"

_SECTIONS = {
    "AWSTemplateFormatVersion",
    "Description",
    "Parameters",
    "Conditions",
    "Resources",
    "Outputs",
}
_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
_NO_VALUE = object()
# What Ref gives for a resource, and GetAtt of it, by the properties that name it.
_REF = {
    "AWS::CloudWatch::Alarm": None,
    "AWS::DynamoDB::Table": "{TableName}",
    "AWS::IAM::ManagedPolicy": f"arn:aws:iam::{ACCOUNT}:policy/{{ManagedPolicyName}}",
    "AWS::IAM::Role": "{RoleName}",
    "AWS::Kinesis::Stream": "{Name}",
    "AWS::Lambda::EventSourceMapping": None,
    "AWS::Lambda::Function": "{FunctionName}",
    "AWS::Logs::LogGroup": "{LogGroupName}",
    "AWS::SQS::Queue": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{{QueueName}}",
}
_ATTRIBUTES = {
    ("AWS::IAM::Role", "Arn"): f"arn:aws:iam::{ACCOUNT}:role/{{RoleName}}",
    ("AWS::Kinesis::Stream", "Arn"): f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{{Name}}",
    (
        "AWS::Lambda::Function",
        "Arn",
    ): f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{FunctionName}}",
    ("AWS::SQS::Queue", "Arn"): f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{QueueName}}",
    ("AWS::SQS::Queue", "QueueName"): "{QueueName}",
}


@dataclass(frozen=True)
class Resource:
    """A resource with its properties rendered."""

    type: str
    properties: dict[str, Any]
    attributes: dict[str, Any]
    """DeletionPolicy, DependsOn and the like."""


class _Loader(yaml.SafeLoader):
    """Reads the short forms of functions as the long ones."""


def _function(name: str) -> Any:
    def construct(loader: yaml.SafeLoader, node: yaml.Node) -> dict[str, Any]:
        if isinstance(node, yaml.ScalarNode):
            text = loader.construct_scalar(node)
            return {name: text.split(".") if name == "Fn::GetAtt" else text}
        if isinstance(node, yaml.SequenceNode):
            return {name: loader.construct_sequence(node, deep=True)}
        raise ValueError(f"function not understood: name={name}")

    return construct


for _name in ("Sub", "GetAtt", "If", "Equals", "Not"):
    _Loader.add_constructor(f"!{_name}", _function(f"Fn::{_name}"))
_Loader.add_constructor("!Ref", _function("Ref"))


def parameters_of(environment: str) -> dict[str, str]:
    """Returns an environment's parameters and those that provision.sh adds."""
    path = ROOT / f"conf/aws/{environment}.json"
    found: dict[str, str] = json.loads(path.read_text())["Parameters"]
    return found | {"CodeBucket": "code", "CodeKey": "lambda/x.zip", "CreateTable": "true"}


def parse(text: str) -> dict[str, Any]:
    """Returns a template as data."""
    found: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506  a SafeLoader
    return found


def render(text: str, parameters: Mapping[str, str]) -> dict[str, Resource]:
    """Returns the resources that a template makes with these parameters.

    Raises ValueError, or the YAML reader's own error, for what is not known here.
    """
    return _Rendering(parse(text), parameters).resources()


class _Rendering:
    def __init__(self, template: dict[str, Any], parameters: Mapping[str, str]) -> None:
        if not template.keys() <= _SECTIONS:
            raise ValueError(f"sections not known: {sorted(template.keys() - _SECTIONS)}")
        self._resources = template["Resources"]
        types = {raw["Type"] for raw in self._resources.values()}
        if not types <= _REF.keys():
            raise ValueError(f"types of resources not known: {sorted(types - _REF.keys())}")
        self._conditions = template.get("Conditions", {})
        self._parameters = parameters
        if parameters.keys() != template["Parameters"].keys():
            different = parameters.keys() ^ template["Parameters"].keys()
            raise ValueError(f"parameters do not fit the template: {sorted(different)}")

    def resources(self) -> dict[str, Resource]:
        return {
            name: Resource(
                raw["Type"],
                self._value(raw["Properties"]),
                {key: value for key, value in raw.items() if key not in ("Type", "Properties")},
            )
            for name, raw in self._resources.items()
            if "Condition" not in raw or self._holds(raw["Condition"])
        }

    def _holds(self, condition: str) -> bool:
        return bool(self._value(self._conditions[condition]))

    def _value(self, raw: Any) -> Any:
        if isinstance(raw, list):
            values = [self._value(element) for element in raw]
            return [value for value in values if value is not _NO_VALUE]
        if not isinstance(raw, dict):
            return raw
        functions = [name for name in raw if name == "Ref" or name.startswith("Fn::")]
        if functions and len(raw) > 1:
            raise ValueError(f"function beside other members: {sorted(raw)}")
        if functions:
            return self._call(functions[0], raw[functions[0]])
        values_by_key = {key: self._value(value) for key, value in raw.items()}
        return {key: value for key, value in values_by_key.items() if value is not _NO_VALUE}

    def _call(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            return self._ref(argument)
        if name == "Fn::Sub":
            if not isinstance(argument, str):
                raise ValueError("Fn::Sub with variables of its own is not known")
            return re.sub(r"\$\{([^}]*)\}", lambda m: str(self._ref(m[1])), argument)
        if name == "Fn::GetAtt":
            return self._attribute(*argument)
        if name == "Fn::If":
            condition, then, otherwise = argument
            return self._value(then if self._holds(condition) else otherwise)
        if name == "Fn::Equals":
            first, second = (self._value(value) for value in argument)
            return first == second
        if name == "Fn::Not":
            return not self._value(argument[0])
        raise ValueError(f"function not known: name={name}")

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self._parameters:
            return self._parameters[name]
        if name not in self._resources:
            raise ValueError(f"reference not known: name={name}")
        pattern = _REF[self._resources[name]["Type"]]
        return name if pattern is None else self._named(name, pattern)

    def _attribute(self, resource: str, *attribute: str) -> str:
        key = (self._resources.get(resource, {}).get("Type"), ".".join(attribute))
        if key not in _ATTRIBUTES:
            raise ValueError(f"attribute not known: resource={resource} attribute={key[1]}")
        return self._named(resource, _ATTRIBUTES[key])

    def _named(self, resource: str, pattern: str) -> str:
        properties = self._resources[resource]["Properties"]
        names = re.findall(r"\{(\w+)\}", pattern)
        return pattern.format(**{name: self._value(properties[name]) for name in names})
