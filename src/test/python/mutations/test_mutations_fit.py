"""Every mutation still fits the product, so that none rots while its run is not part of a test."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest

import chaos_run
import fault_kinds
import mutated_copy
import schedule
from mutation import Edit, Mutation, MutationError, names
from mutations import MUTATIONS, RUN
from surroundings import ROOT

OF_ALL = pytest.mark.parametrize("mutation", MUTATIONS, ids=names(MUTATIONS))
MUTATIONS_OF_JAVA = tuple(
    mutation for mutation in MUTATIONS if mutation.edits[0].file.endswith(".java")
)


@OF_ALL
def test_the_text_that_it_replaces_is_there_once(mutation: Mutation) -> None:
    for file, text in mutation.mutated(ROOT).items():
        assert text != (ROOT / file).read_text()
        if file.endswith(".py"):
            compile(text, file, "exec")


@pytest.mark.integration  # compiles against what a build has fetched
@pytest.mark.parametrize("mutation", MUTATIONS_OF_JAVA, ids=names(MUTATIONS_OF_JAVA))
def test_it_compiles(mutation: Mutation, tmp_path: Path) -> None:
    chaos_run.build()
    for file, text in mutation.mutated(ROOT).items():
        classes = mutated_copy.compiled(file, text, tmp_path / Path(file).name)
        assert (classes / f"{mutated_copy.class_of(file)}.class").exists()


@pytest.mark.parametrize(("text", "found"), [("a c", 0), ("a b b", 2)])
def test_text_that_is_not_there_once_is_refused(text: str, found: int) -> None:
    with pytest.raises(MutationError, match=f"does not fit .* file=x.py found={found} times"):
        Edit("x.py", "b", "d").apply_to(text)


def test_a_class_is_replaced_with_all_that_are_nested_in_it(tmp_path: Path) -> None:
    jar, classes = tmp_path / "a.jar", tmp_path / "classes"
    with zipfile.ZipFile(jar, "w") as archive:
        for name in ("META-INF/MANIFEST.MF", "p/A.class", "p/A$Old.class", "p/AB.class"):
            archive.writestr(name, "old")
    (classes / "p").mkdir(parents=True)
    for name in ("p/A.class", "p/A$New.class"):
        (classes / name).write_text("new")
    mutated_copy.replace_classes(jar, classes, "p/A")
    with zipfile.ZipFile(jar) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            "META-INF/MANIFEST.MF": "old",
            "p/AB.class": "old",
            "p/A.class": "new",
            "p/A$New.class": "new",
        }


def test_the_seed_lets_the_faults_meet_as_the_mutations_need_it() -> None:
    planned = schedule.plan(
        RUN.faults, RUN.seconds, random.Random(RUN.seed), fault_kinds.LEAST_SECONDS
    )
    faults = {fault.kind: fault for fault in planned}
    assert len(faults) == len(planned), "each once"
    throttle, kill = faults["kinesis-throttle-all"], faults["kill-ingester"]
    unprocessed, resend = faults["table-unprocessed-all"], faults["feed-resend"]
    words = f"choose another seed: {planned}"
    assert throttle.begin + 2 <= kill.begin <= throttle.begin + throttle.seconds - 1, words
    last = unprocessed.begin + unprocessed.seconds
    assert unprocessed.begin + 1 <= resend.begin <= last - 2, words
