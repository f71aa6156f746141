"""The history checker finds what it is there to find."""

import pytest

from fairlane.model.states import State
from tests.support.history import Held, History

DONE, WAITS = State.COMPLETED, State.PENDING


def lease(fence: int, begin: int, end: int, job: str = "a", tenant: str = "t") -> Held:
    return Held(job, tenant, fence, begin, end)


def test_a_right_history_has_no_problems() -> None:
    history = History({"a", "b"}, [lease(1, 0, 5), lease(3, 5, 9), lease(2, 5, 7, "b")], [("a", 3, 9), ("b", 2, 7)])
    history.limits = {"t": [(0, 1), (4, 2)]}
    history.events = {"t": [0, 10, 20]}
    assert history.problems({"a": DONE, "b": DONE}, {"t": (1, 10)}) == []


@pytest.mark.parametrize(
    ("history", "found"),
    [
        (History({"a", "b"}), "job b was acknowledged and is lost"),
        (History(), "job a came from nowhere"),
        (History({"a"}, [lease(1, 0, 5), lease(2, 4, 6)]), "job a is held twice from 4 to 5"),
        (History({"a"}, [lease(2, 0, 5), lease(1, 5, 6)]), "job a has fence 1 after 2"),
        (History({"a"}, [lease(1, 0, 5), lease(2, 5, 6)], [("a", 1, 6)]), "accepted at 6, after fence 2 was given"),
        (
            History({"a"}, [lease(1, 0, 5), lease(2, 4, 6, "b")], limits={"t": [(0, 2), (3, 1)]}),
            "tenant t holds 2 leases at 4, at most 1",
        ),
        (History({"a"}, events={"t": [0, 1, 10]}), "3 events from 0 to 10, at most 2 in 11"),
    ],
)
def test_a_wrong_history_is_told(history: History, found: str) -> None:
    (problem,) = history.problems({"a": DONE}, {"t": (2, 11)})
    assert found in problem


def test_a_job_without_an_end_is_told() -> None:
    assert History({"a"}).problems({"a": WAITS}) == ["job a is pending in the end"]
