"""Queues with weights share a worker's starts, over time and without starving."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from fairlane.worker.queue_turns import LOOK_AGAIN_SECONDS, QueueTurns


def starts(turns: QueueTurns, rounds: int, at: float = 0.0, most: int = 1) -> Counter[str]:
    """What each queue got while all had enough."""
    got: Counter[str] = Counter()
    for _ in range(rounds):
        queue = turns.next(at)
        assert queue is not None
        turns.charge(queue, most)
        got[queue] += most
    return got


@pytest.mark.parametrize("most", [1, 50])
def test_starts_are_in_the_ratio_of_the_weights(most: int) -> None:
    got = starts(QueueTurns({"a": 3, "b": 1, "c": 0.5}), 900, most=most)
    assert {queue: count / most for queue, count in got.items()} == {"a": 600, "b": 200, "c": 100}


def test_no_queue_waits_longer_than_its_share() -> None:
    turns = QueueTurns({"a": 99, "b": 1})
    order = [next(iter(starts(turns, 1))) for _ in range(300)]
    places = [place for place, queue in enumerate(order) if queue == "b"]
    assert len(places) >= 3
    assert max(later - earlier for earlier, later in pairwise(places)) <= 100


def test_what_a_queue_cannot_use_the_others_get() -> None:
    turns = QueueTurns({"a": 3, "b": 1, "c": 1})
    turns.found_empty("a", 0.0)
    assert starts(turns, 100) == {"b": 50, "c": 50}
    turns.found_empty("b", 0.0)
    turns.found_empty("c", 0.0)
    assert turns.next(0.0) is None


def test_a_queue_that_was_empty_has_saved_nothing_up() -> None:
    turns = QueueTurns({"a": 1, "b": 1})
    for moment in range(100):
        at = moment * LOOK_AGAIN_SECONDS
        if (queue := turns.next(at)) == "a":  # asked again and again, and always empty
            turns.charge("a", 10)
            turns.charge("a", -10)
            turns.found_empty("a", at)
            queue = turns.next(at)
        assert queue == "b"
        turns.charge("b", 10)
    got = starts(turns, 20, at=1000.0, most=10)
    assert abs(got["a"] - got["b"]) <= 20, "it may be one claim ahead, however long it was empty"
