"""The proof of a run of chaos fails where an invariant is broken, and only there.

Not part of `-m integration`, for it takes minutes: `scripts/test.sh mutations` runs it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import chaos_run
import mutated_copy
from chaos_run import Ended
from mutation import Mutation, names
from mutations import MUTATIONS, RUN

pytestmark = pytest.mark.mutations

PROVEN, NOT_PROVEN = 0, 1


@pytest.fixture(scope="session")
def built() -> None:
    """What the copies are made of."""
    if sys.platform != "linux":
        pytest.skip("NOT RUN: chaos needs Linux's /proc")
    chaos_run.build()


@pytest.fixture(scope="session")
def unmutated(built: None, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """The run of the product as it is: the measure for all mutations."""
    folder = tmp_path_factory.mktemp("unmutated")
    return chaos_run.run(mutated_copy.make(folder / "copy"), folder)


@pytest.fixture
def mutated(built: None, mutation: Mutation, tmp_path: Path) -> Ended:
    """The same run of the product with a mutation."""
    copy = mutated_copy.make(tmp_path / "copy")
    mutated_copy.mutate(copy, mutation)
    return chaos_run.run(copy, tmp_path)


def test_the_product_as_it_is_passes(unmutated: Ended) -> None:
    show("unmutated", unmutated)
    assert unmutated.code == PROVEN, unmutated.talk
    assert (unmutated.result["missing"], unmutated.result["unexpected"]) == (0, 0)
    assert_every_fault_had_effect(unmutated)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=names(MUTATIONS))
def test_a_broken_invariant_is_caught(mutation: Mutation, unmutated: Ended, mutated: Ended) -> None:
    show(mutation.name, mutated)
    assert unmutated.code == PROVEN, "the unmutated run fails too, so this one shows nothing"
    assert mutated.code == NOT_PROVEN, mutated.talk
    assert mutated.result[mutation.caught_by] > 0, mutated.talk
    assert_every_fault_had_effect(mutated)


def assert_every_fault_had_effect(ended: Ended) -> None:
    effects = {found["kind"]: found["effect"] for found in ended.result["faults"]}
    assert effects.keys() == set(RUN.faults)
    assert all(effects.values()), effects


def show(name: str, ended: Ended) -> None:
    """Prints what `scripts/test.sh mutations` has in its log of a run."""
    numbers = ("distinct_trade_ids", "trades_stored", "missing", "unexpected", "dead_letters")
    told = [f"{number} {ended.result.get(number)}" for number in numbers]
    print(f"{name}: exit code {ended.code}, {', '.join(told)}")
