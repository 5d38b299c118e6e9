"""What becomes of a shard's records, as AWS documents it, stepped without clock or network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import event_source_mapping
from event_source_mapping import (
    Answered,
    Batch,
    BatchFailedError,
    Failed,
    Record,
    Rules,
    ShardBatches,
)

RULES = Rules(
    batch_size=100,
    window_seconds=0,
    bisects=False,
    reports_failures=True,
    max_retries=-1,
    max_age_seconds=-1,
)
ARRIVED_AT = 1_700_000_000.0
FIRST = 7  # so that numbers go from one digit to two, where texts and numbers differ in order

Outcome = Answered | Failed
Function = Callable[[list[int]], Outcome]

SUCCESS = Answered({"batchItemFailures": []})


def records(count: int, payload: str = "{}") -> list[Record]:
    """Records numbered on from FIRST, a second apart."""
    return [
        Record(str(FIRST + index), ARRIVED_AT + index, payload.replace("N", str(index)))
        for index in range(count)
    ]


def reported(*numbers: int) -> Answered:
    return Answered({"batchItemFailures": [{"itemIdentifier": str(n)} for n in numbers]})


def numbers_of(handed_out: Sequence[Record]) -> list[int]:
    return [int(record.sequence_number) for record in handed_out]


@dataclass
class Run:
    """A shard's records, handed to a function until none is left or it has been called so often."""

    rules: Rules
    function: Function
    calls: list[list[int]] = field(default_factory=list)
    skipped: list[tuple[list[int], str]] = field(default_factory=list)
    checkpoints: list[str | None] = field(default_factory=list)

    def hand_over(self, given: Sequence[Record], calls: int = 1000) -> ShardBatches:
        shard = ShardBatches(self.rules, lambda r, why: self.skipped.append((numbers_of(r), why)))
        shard.add(given, ARRIVED_AT)
        while len(self.calls) < calls:
            batch = shard.next(ARRIVED_AT)
            if batch is None:
                break
            self.calls.append(numbers_of(batch.records))
            shard.settle(self.function(self.calls[-1]))
            self.checkpoints.append(shard.checkpoint)
        return shard


def scripted(*outcomes: Outcome) -> Function:
    """A function that answers so, one after the other, and then always with success."""
    left = list(outcomes)
    return lambda _numbers: left.pop(0) if left else SUCCESS


def test_batches_follow_one_another_when_each_succeeds() -> None:
    run = Run(replace(RULES, batch_size=2), scripted())
    shard = run.hand_over(records(5))
    assert run.calls == [[7, 8], [9, 10], [11]]
    assert run.checkpoints == ["8", "10", "11"]
    assert (shard.counts.records, shard.counts.batches, shard.counts.retries) == (5, 3, 0)


@pytest.mark.parametrize("failed", range(FIRST, FIRST + 6))
def test_a_reported_record_and_all_after_it_come_again_and_nothing_before_it(failed: int) -> None:
    run = Run(RULES, scripted(reported(failed)))
    shard = run.hand_over(records(6))
    assert run.calls == [list(range(FIRST, FIRST + 6)), list(range(failed, FIRST + 6))]
    assert run.checkpoints == [None if failed == FIRST else str(failed - 1), "12"]
    assert (shard.counts.failures, shard.counts.retries, shard.counts.records) == (1, 1, 6)


@pytest.mark.parametrize("bisects", [False, True])
def test_reported_again_and_again_the_rest_becomes_shorter_and_shorter(bisects: bool) -> None:
    rules = replace(RULES, bisects=bisects)
    run = Run(rules, scripted(reported(8), reported(9), reported(9), reported(11)))
    run.hand_over(records(6))
    assert run.calls == [
        [7, 8, 9, 10, 11, 12],
        [8, 9, 10, 11, 12],
        [9, 10, 11, 12],
        [9, 10, 11, 12],
        [11, 12],
    ]


def test_records_that_come_later_wait_behind_those_that_come_again() -> None:
    run = Run(replace(RULES, batch_size=3), scripted(reported(9), reported(9)))
    run.hand_over(records(5))
    assert run.calls == [[7, 8, 9], [9], [9], [10, 11]]


@pytest.mark.parametrize("numbers", [(9, 10), (10, 9), (12, 9, 9, 10)])
def test_the_lowest_of_several_reported_numbers_counts_compared_as_numbers(
    numbers: tuple[int, ...],
) -> None:
    run = Run(RULES, scripted(reported(*numbers)))
    run.hand_over(records(6))
    assert run.calls[1] == [9, 10, 11, 12]


@pytest.mark.parametrize(
    "answer", [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}]
)
def test_an_answer_without_failures_is_success(answer: Any) -> None:
    run = Run(RULES, scripted(Answered(answer)))
    run.hand_over(records(3))
    assert run.calls == [[7, 8, 9]]


BAD_ANSWERS = {
    "text": "ok",
    "empty text": "",
    "list": [{"itemIdentifier": "8"}],
    "number": 0,
    "false": False,
    "failures not a list": {"batchItemFailures": {"itemIdentifier": "8"}},
    "failures a text": {"batchItemFailures": "8"},
    "failures false": {"batchItemFailures": False},
    "failure not an object": {"batchItemFailures": ["8"]},
    "failure null": {"batchItemFailures": [None]},
    "identifier missing": {"batchItemFailures": [{}]},
    "identifier under another key": {"batchItemFailures": [{"itemidentifier": "8"}]},
    "identifier null": {"batchItemFailures": [{"itemIdentifier": None}]},
    "identifier empty": {"batchItemFailures": [{"itemIdentifier": ""}]},
    "identifier a number": {"batchItemFailures": [{"itemIdentifier": 8}]},
    "identifier a list": {"batchItemFailures": [{"itemIdentifier": ["8"]}]},
    "identifier with zeros": {"batchItemFailures": [{"itemIdentifier": "08"}]},
    "identifier with a sub-number": {"batchItemFailures": [{"itemIdentifier": "8.0"}]},
    "identifier of an event": {"batchItemFailures": [{"itemIdentifier": "shardId-000000000000:8"}]},
    "identifier of no record of the batch": {"batchItemFailures": [{"itemIdentifier": "6"}]},
    "good and bad": {"batchItemFailures": [{"itemIdentifier": "8"}, {"itemIdentifier": "x"}]},
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_an_answer_that_does_not_say_what_failed_fails_the_whole_batch(answer: Any) -> None:
    run = Run(RULES, scripted(Answered(answer)))
    shard = run.hand_over(records(3))
    assert run.calls == [[7, 8, 9], [7, 8, 9]]
    assert run.checkpoints == [None, "9"]
    assert shard.counts.failures == 1


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_no_answer_is_looked_at_unless_the_mapping_says_so(answer: Any) -> None:
    run = Run(replace(RULES, reports_failures=False), scripted(Answered(answer), reported(7)))
    run.hand_over(records(3))
    assert run.calls == [[7, 8, 9]]


@pytest.mark.parametrize("reports_failures", [False, True])
def test_an_invocation_that_failed_fails_the_whole_batch(reports_failures: bool) -> None:
    rules = replace(RULES, reports_failures=reports_failures)
    run = Run(rules, scripted(Failed("a"), Failed("b")))
    shard = run.hand_over(records(3))
    assert run.calls == [[7, 8, 9]] * 3
    assert (shard.counts.failures, shard.counts.retries, shard.counts.batches) == (2, 2, 3)


def test_a_failed_batch_comes_again_in_halves_with_bisection() -> None:
    poison = 11
    run = Run(
        replace(RULES, bisects=True),
        lambda numbers: Failed("poison") if poison in numbers else SUCCESS,
    )
    run.hand_over(records(6), calls=8)
    assert run.calls == [
        [7, 8, 9, 10, 11, 12],
        [7, 8, 9],
        [10, 11, 12],
        [10],
        [11, 12],
        [11],  # cannot be halved any more, and blocks the shard
        [11],
        [11],
    ]


def test_bisection_cuts_at_a_reported_record_and_does_not_halve() -> None:
    run = Run(replace(RULES, bisects=True), scripted(reported(8), Failed("x")))
    run.hand_over(records(6))
    assert run.calls == [[7, 8, 9, 10, 11, 12], [8, 9, 10, 11, 12], [8, 9], [10, 11, 12]]


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_a_batch_is_skipped_once_its_retries_are_used_up(retries: int) -> None:
    rules = replace(RULES, batch_size=2, max_retries=retries)
    run = Run(rules, lambda numbers: Failed("always") if 7 in numbers else SUCCESS)
    shard = run.hand_over(records(3))
    assert run.calls == [[7, 8]] * (retries + 1) + [[9]]
    assert run.skipped == [([7, 8], f"retried {retries} times")]
    assert run.checkpoints[-2:] == ["8", "9"]
    assert (shard.counts.skipped, shard.counts.records) == (2, 1)


def test_halving_uses_up_no_retries() -> None:
    rules = replace(RULES, bisects=True, max_retries=1)
    run = Run(rules, lambda numbers: Failed("poison") if 9 in numbers else SUCCESS)
    run.hand_over(records(4))
    assert run.calls == [[7, 8, 9, 10], [7, 8], [9, 10], [9], [9], [10]]
    assert run.skipped == [([9], "retried 1 times")]


def test_cutting_at_a_reported_record_uses_up_no_retries_with_bisection() -> None:
    rules = replace(RULES, bisects=True, max_retries=0)
    run = Run(rules, scripted(reported(8), reported(9)))
    run.hand_over(records(3))
    assert run.calls == [[7, 8, 9], [8, 9], [9]]
    assert run.skipped == []


def test_a_report_of_the_first_record_uses_up_a_retry_with_bisection_too() -> None:
    rules = replace(RULES, bisects=True, max_retries=1)
    run = Run(rules, scripted(reported(7), reported(7)))
    run.hand_over(records(2))
    assert run.calls == [[7, 8], [7, 8]]
    assert run.skipped == [([7, 8], "retried 1 times")]


def test_without_bisection_a_reported_record_uses_up_a_retry() -> None:
    run = Run(replace(RULES, max_retries=1), scripted(reported(8), reported(9)))
    run.hand_over(records(3))
    assert run.calls == [[7, 8, 9], [8, 9]]
    assert run.skipped == [([9], "retried 1 times")]


def test_a_function_that_always_fails_is_called_for_ever_without_a_limit() -> None:
    run = Run(RULES, lambda _numbers: Failed("always"))
    shard = run.hand_over(records(3), calls=500)
    assert run.calls == [[7, 8, 9]] * 500
    assert (shard.counts.skipped, shard.checkpoint) == (0, None)


def test_records_that_are_too_old_are_skipped_when_they_would_be_handed_out() -> None:
    skipped: list[tuple[list[int], str]] = []
    shard = ShardBatches(
        replace(RULES, max_age_seconds=60), lambda r, why: skipped.append((numbers_of(r), why))
    )
    shard.add(records(4), ARRIVED_AT)
    assert batch_numbers(shard, ARRIVED_AT + 60) == [7, 8, 9, 10]
    shard.settle(Failed("x"))
    assert batch_numbers(shard, ARRIVED_AT + 61.5) == [9, 10]
    assert skipped == [([7, 8], "older than 60 s")]
    assert shard.checkpoint == "8"
    shard.settle(Failed("x"))
    assert shard.next(ARRIVED_AT + 3600) is None
    assert shard.is_empty
    assert (shard.checkpoint, shard.counts.skipped) == ("10", 4)


def test_records_of_any_age_are_handed_out_without_a_limit() -> None:
    shard = ShardBatches(RULES)
    shard.add(records(2), ARRIVED_AT)
    assert batch_numbers(shard, ARRIVED_AT + 1e9) == [7, 8]


def batch_numbers(shard: ShardBatches, now: float, *, at_once: bool = False) -> list[int] | None:
    batch = shard.next(now, at_once=at_once)
    return None if batch is None else numbers_of(batch.records)


def test_the_same_batch_comes_out_until_it_is_settled() -> None:
    shard = ShardBatches(RULES)
    shard.add(records(2), ARRIVED_AT)
    assert batch_numbers(shard, ARRIVED_AT) == [7, 8]
    shard.add([Record("9", ARRIVED_AT, "{}")], ARRIVED_AT)
    assert batch_numbers(shard, ARRIVED_AT) == [7, 8]
    shard.settle(SUCCESS)
    assert batch_numbers(shard, ARRIVED_AT) == [9]


def test_a_window_waits_for_a_full_batch_but_not_longer() -> None:
    shard = ShardBatches(replace(RULES, batch_size=3, window_seconds=5))
    shard.add(records(2), ARRIVED_AT)
    assert batch_numbers(shard, ARRIVED_AT + 4.9) is None
    assert batch_numbers(shard, ARRIVED_AT + 5) == [7, 8]
    shard.settle(SUCCESS)
    shard.add(records(4), ARRIVED_AT + 10)
    assert batch_numbers(shard, ARRIVED_AT + 10) == [7, 8, 9]
    shard.settle(SUCCESS)
    assert batch_numbers(shard, ARRIVED_AT + 11) is None
    assert batch_numbers(shard, ARRIVED_AT + 11, at_once=True) == [10]


def test_a_window_begins_with_the_first_record_that_waits() -> None:
    shard = ShardBatches(replace(RULES, batch_size=3, window_seconds=5))
    shard.add(records(1), ARRIVED_AT)
    shard.add([Record("8", ARRIVED_AT, "{}")], ARRIVED_AT + 4)
    assert batch_numbers(shard, ARRIVED_AT + 5) == [7, 8]
    shard.settle(SUCCESS)
    shard.add(records(4), ARRIVED_AT + 10)
    assert batch_numbers(shard, ARRIVED_AT + 14) == [7, 8, 9]
    shard.settle(SUCCESS)
    assert batch_numbers(shard, ARRIVED_AT + 18) is None  # waits since the batch before it went
    assert batch_numbers(shard, ARRIVED_AT + 19) == [10]


def test_an_event_is_at_most_six_megabytes() -> None:
    million = '"' + "x" * 999_998 + '"'
    shard = ShardBatches(replace(RULES, window_seconds=300))
    shard.add(records(14, million), ARRIVED_AT)
    assert batch_numbers(shard, ARRIVED_AT) == [7, 8, 9, 10, 11, 12]
    shard.settle(SUCCESS)
    assert batch_numbers(shard, ARRIVED_AT) == [13, 14, 15, 16, 17, 18]
    shard.settle(SUCCESS)
    assert batch_numbers(shard, ARRIVED_AT) is None  # two are not full


@pytest.mark.parametrize(("length", "together"), [(6_291_456, True), (6_291_457, False)])
def test_an_event_of_exactly_the_limit_is_one_event(length: int, together: bool) -> None:
    first = '"' + "x" * 999_998 + '"'
    second = '"' + "x" * (length - len('{"Records":[,""]}') - len(first)) + '"'
    shard = ShardBatches(RULES)
    shard.add([Record("1", ARRIVED_AT, first), Record("2", ARRIVED_AT, second)], ARRIVED_AT)
    batch = shard.next(ARRIVED_AT)
    assert batch is not None
    assert numbers_of(batch.records) == ([1, 2] if together else [1])
    assert not together or len(batch.event()) == length


def test_a_record_that_is_too_large_for_an_event_is_handed_out_alone() -> None:
    shard = ShardBatches(RULES)
    huge = '"' + "x" * event_source_mapping.MAX_EVENT_LENGTH + '"'
    shard.add([Record("1", ARRIVED_AT, huge), Record("2", ARRIVED_AT, "{}")], ARRIVED_AT)
    assert batch_numbers(shard, ARRIVED_AT) == [1]


def test_an_event_is_json_with_the_records_in_order() -> None:
    event = Batch(records(2, '{"number":N}')).event()
    assert event == '{"Records":[{"number":0},{"number":1}]}'


def test_failures_in_a_row_are_counted_until_there_is_progress() -> None:
    shard = ShardBatches(RULES)
    shard.add(records(4), ARRIVED_AT)
    seen = []
    for outcome in (Failed("x"), reported(7), reported(8), reported(8), SUCCESS):
        shard.next(ARRIVED_AT)
        shard.settle(outcome)
        seen.append(shard.failures_in_a_row)
    assert seen == [1, 2, 1, 2, 0]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (SUCCESS, None),
        (Failed("timed out"), "timed out"),
        (reported(8), "reported as failed: from=8"),
        (Answered("ok"), "answer not an object: type=str"),
        (
            Answered({"batchItemFailures": {}}),
            "batchItemFailures not a list: type=dict",
        ),
        (reported(1), "itemIdentifier not a sequence number of the batch"),
    ],
)
def test_why_a_batch_failed_is_told(outcome: Outcome, reason: str | None) -> None:
    shard = ShardBatches(RULES)
    shard.add(records(2), ARRIVED_AT)
    shard.next(ARRIVED_AT)
    assert shard.settle(outcome) == reason


def test_a_bad_answer_is_an_error_by_itself() -> None:
    with pytest.raises(BatchFailedError, match="answer not an object: type=list"):
        event_source_mapping.first_failure(records(1), [])


rules_strategy = st.builds(
    Rules,
    batch_size=st.integers(1, 6),
    window_seconds=st.just(0),
    bisects=st.booleans(),
    reports_failures=st.just(True),
    max_retries=st.just(-1),
    max_age_seconds=st.just(-1),
)


@given(rules_strategy, st.integers(0, 25), st.data())
def test_whatever_a_function_reports_nothing_is_skipped_and_the_order_holds(
    rules: Rules, count: int, data: st.DataObject
) -> None:
    given_records = records(count)
    succeeded: list[int] = []
    trouble = 30  # then the function recovers

    def function(numbers: list[int]) -> Outcome:
        nonlocal trouble
        expected = FIRST + len(succeeded)
        assert numbers == list(range(expected, expected + len(numbers)))
        outcome = data.draw(outcomes(numbers)) if trouble > 0 else SUCCESS
        trouble -= 1
        if isinstance(outcome, Answered):
            succeeded.extend(before_the_lowest(numbers, outcome.answer))
        return outcome

    shard = Run(rules, function).hand_over(given_records)
    assert succeeded == numbers_of(given_records)
    assert shard.is_empty
    assert shard.counts.records == count
    assert shard.counts.skipped == 0
    assert shard.checkpoint == (str(FIRST + count - 1) if count else None)


def outcomes(numbers: list[int]) -> st.SearchStrategy[Outcome]:
    """Failures, successes, reports of any records of the batch in any order, and nonsense."""
    some = st.lists(st.sampled_from(numbers), max_size=4)
    return st.one_of(
        st.just(Failed("error")),
        st.just(SUCCESS),
        some.map(lambda chosen: reported(*chosen)),
        st.just(Answered({"batchItemFailures": [{"itemIdentifier": ""}]})),
    )


def before_the_lowest(numbers: list[int], answer: Any) -> list[int]:
    """What an answer lets count as done: by the documentation, not by the code under test."""
    identifiers = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    if "" in identifiers:
        return []
    lowest = min(map(int, identifiers), default=None)
    return [number for number in numbers if lowest is None or number < lowest]
