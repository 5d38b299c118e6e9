"""The calls that a run made, held against the policies that their callers have."""

from __future__ import annotations

from pathlib import Path

import aws_policies
import cloudformation
import iam_policy
import request_log
from request_log import Call


def of(log: Path, principal: str) -> list[Call]:
    """Returns what one principal called, in a stable order."""
    return sorted((c for c in request_log.read(log) if c.principal == principal), key=str)


def principals(log: Path) -> set[str]:
    """Returns everybody who called."""
    return {call.principal for call in request_log.read(log)}


def is_allowed(role: str, call: Call) -> bool:
    """Tells whether a call is allowed to the ingester, the function, the poller or reconcile."""
    template = cloudformation.TEMPLATE.read_text()
    resources = cloudformation.render(template, cloudformation.parameters_of("local"))
    return iam_policy.is_allowed(aws_policies.of(role, resources), call.action, call.resource)
