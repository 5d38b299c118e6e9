"""The benchmark of the function runs, and one that loses an item is no benchmark."""

from __future__ import annotations

import json
import subprocess

import pytest

import lambda_benchmark
from lambda_benchmark import LostError
from source_texts import ROOT


def test_it_measures_both_handlers_on_the_same_trades() -> None:
    command = [
        str(ROOT / "scripts/lambda-benchmark.sh"),
        "--json",
        "--quick",
        "--answer-after",
        "0",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    figures = json.loads(ended.stdout)
    assert [row["shape"] for row in figures["rows"]] == ["recorded", "1 x 1"]
    for row in figures["rows"]:
        assert row["ours_cpu_us"] > 0
        assert row["recipe_cpu_us"] > 0
    assert set(figures["import"]) == {"byte code", "sources"}


@pytest.mark.parametrize(
    "written", [{"items": 199, "trade_ids": 100}, {"items": 200, "trade_ids": 99}]
)
def test_items_that_are_lost_or_doubled_make_it_fail(written: dict[str, int]) -> None:
    with pytest.raises(LostError, match="items lost or doubled"):
        lambda_benchmark.check(written, trades=100, invocations=2)
