"""Decides as IAM does whether policies allow a call: the part of it that our policies use.

What it does not know (conditions, NotAction, NotResource, principals, policy variables) it refuses,
so that no policy passes by being misunderstood.

Rules: AWS IAM User Guide, "Policy evaluation logic".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_NEEDED = {"Effect", "Action", "Resource"}
_KNOWN = _NEEDED | {"Sid"}


class UnknownPolicyError(Exception):
    """A policy that says something that is not evaluated here."""


def is_allowed(policies: Iterable[Mapping[str, Any]], action: str, resource: str) -> bool:
    """Tells whether a call is allowed: some statement allows it, and none denies it."""
    effects = {
        statement["Effect"]
        for policy in policies
        for statement in statements_of(policy)
        if _applies(statement, action, resource)
    }
    return effects == {"Allow"}


def statements_of(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns the statements of a policy; raises UnknownPolicyError for what is not known."""
    if policy.keys() != {"Version", "Statement"} or policy["Version"] != "2012-10-17":
        raise UnknownPolicyError(
            f"policy not understood: members={sorted(policy)} version={policy.get('Version')}"
        )
    statements = as_list(policy["Statement"])
    for statement in statements:
        _require_understood(statement)
    return statements


def as_list(value: Any) -> list[Any]:
    """Returns what may stand alone or in a list as a list."""
    return value if isinstance(value, list) else [value]


def _require_understood(statement: Mapping[str, Any]) -> None:
    """Raises UnknownPolicyError for a statement that says more, or less, than is evaluated here."""
    if not _NEEDED <= statement.keys() <= _KNOWN:
        raise UnknownPolicyError(f"statement not understood: members={sorted(statement)}")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise UnknownPolicyError(f"statement not understood: effect={statement['Effect']}")
    for pattern in as_list(statement["Action"]) + as_list(statement["Resource"]):
        if not isinstance(pattern, str) or "${" in pattern:
            raise UnknownPolicyError(f"statement not understood: pattern={pattern}")


def _applies(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    return any(_matches(p, action, re.IGNORECASE) for p in as_list(statement["Action"])) and any(
        _matches(p, resource) for p in as_list(statement["Resource"])
    )


def _matches(pattern: str, text: str, flags: re.RegexFlag = re.NOFLAG) -> bool:
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(escaped, text, flags | re.DOTALL) is not None
