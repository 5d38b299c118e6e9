"""The policies of the template, by who has them."""

from __future__ import annotations

import json
from typing import Any

import cloudformation
from cloudformation import Resource

EXECUTION_ROLE_POLICY = (
    cloudformation.ROOT / "src/test/resources/aws/AWSLambdaKinesisExecutionRole.json"
)
"""As AWS publishes it."""

_MANAGED = {
    "arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole": EXECUTION_ROLE_POLICY
}


def of(who: str, resources: dict[str, Resource]) -> list[dict[str, Any]]:
    """Returns the policy documents of the function, which Lambda polls with too, or of another."""
    if who in ("function", "poller"):
        return [
            _document(arn, resources)
            for arn in resources["StreamProcessorRole"].properties["ManagedPolicyArns"]
        ]
    name = {
        "ingester": "PublishPolicy",
        "holder": "LeasePolicy",
        "reconcile": "ReconcilePolicy",
    }[who]
    return [resources[name].properties["PolicyDocument"]]


def ours(resources: dict[str, Resource]) -> list[dict[str, Any]]:
    """Returns every policy document that the template itself has."""
    return [
        resource.properties["PolicyDocument"]
        for resource in resources.values()
        if resource.type == "AWS::IAM::ManagedPolicy"
    ]


def _document(arn: str, resources: dict[str, Resource]) -> dict[str, Any]:
    if arn in _MANAGED:
        found: dict[str, Any] = json.loads(_MANAGED[arn].read_text())
        return found
    for resource in resources.values():
        if arn.endswith(f":policy/{resource.properties.get('ManagedPolicyName')}"):
            document: dict[str, Any] = resource.properties["PolicyDocument"]
            return document
    raise LookupError(f"policy not known: arn={arn}")
