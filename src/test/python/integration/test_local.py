"""The local environment as its users start it: market to table, with one command."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

import calls
from surroundings import LOGS, ROOT

pytestmark = pytest.mark.integration

SECONDS = 300
REQUESTS = LOGS / "aws-requests.ndjson"


@pytest.fixture(scope="module")
def short_run(checkout: None) -> Iterator[tuple[dict[str, Any], str]]:
    """One run of the main job: its summary, and what a person saw."""
    script = str(ROOT / "scripts/start-market.sh")
    command = [script, "local", "--json", "--for", "6s", "--shards", "3"]
    ended = subprocess.run(
        command, env=os.environ, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stderr
    yield json.loads(ended.stdout.splitlines()[-1]), ended.stderr


def test_every_trade_that_was_received_is_in_the_table_once(
    short_run: tuple[dict[str, Any], str],
) -> None:
    result, seen = short_run
    assert result["distinct_trade_ids"] > 1000
    assert result["trades_stored"] == result["distinct_trade_ids"]
    assert result["frames_sent"] == result["frames"]
    assert (result["missing"], result["unexpected"], result["dead_letters"]) == (0, 0, 0)
    latency = result["stored_latency_ms"]
    assert 0 < latency["p50"] <= latency["p99"]
    assert "proven: every trade that was received is in the table, once" in seen


def test_progress_tells_what_is_stored(short_run: tuple[dict[str, Any], str]) -> None:
    lines = [line for line in short_run[1].splitlines() if " frames " in line]
    assert len(lines) > 3
    assert all("  stored " in line for line in lines)


@pytest.mark.parametrize(
    ("who", "actions"),
    [
        ("ingester", {"kinesis:PutRecords", "kinesis:ListShards", "kinesis:DescribeStreamSummary"}),
        ("function", {"dynamodb:BatchWriteItem"}),
        ("poller", {"kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"}),
    ],
)
def test_each_part_called_what_it_must_and_its_policy_allows_every_call(
    short_run: tuple[dict[str, Any], str], who: str, actions: set[str]
) -> None:
    made = calls.of(REQUESTS, f"local-{who}")
    if who == "poller":  # it asks for function and mapping, as the Lambda service need not
        made = [call for call in made if not call.action.startswith("lambda:")]
    assert {call.action for call in made} == actions
    assert [call for call in made if not calls.is_allowed(who, call)] == []


def test_nobody_else_called(short_run: tuple[dict[str, Any], str]) -> None:
    parts = ("provision", "ingester", "function", "poller", "audit")
    assert calls.principals(REQUESTS) == {f"local-{part}" for part in parts}
