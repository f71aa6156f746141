"""A job that no version of its task here can run is told apart from a task that crashes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from fairlane import App, InvalidInput, Retry, State
from fairlane.model.job import Job
from fairlane.model.states import Reason
from tests.support.app_world import World, json_of


class Period(msgspec.Struct):
    first: int
    last: int

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise KeyError(self.last)


def first_version(user_id: int, fmt: str = "pdf") -> str:
    return f"{user_id}.{fmt}"


def renamed(customer_id: int, fmt: str = "pdf") -> str:
    return f"{customer_id}.{fmt}"


def without_format(user_id: int) -> str:
    return str(user_id)


def with_more(user_id: int, locale: str, fmt: str = "pdf") -> str:
    return f"{user_id}.{fmt}.{locale}"


def with_other_type(user_id: list[int], fmt: str = "pdf") -> str:
    return f"{user_id}.{fmt}"


def compatible(user_id: int | str, fmt: str = "pdf", locale: str = "en") -> str:
    return f"{user_id}.{fmt}.{locale}"


def crashing(user_id: int, fmt: str = "pdf") -> str:
    raise TypeError("missing 1 required positional argument")


async def submitted_to(world: World, version: Callable[..., Any]) -> Job:
    """A job of the first version, run by another one."""
    old, new = (App(world.url, tenancy="default") for _ in range(2))
    job = await old.task(name="report", retry=Retry(2, base="10ms", cap="10ms"))(first_version).submit(1, fmt="csv")
    await old.close()
    new.task(name="report")(version)
    async with world.worker(app=new):
        return await world.finished(job.id)


@pytest.mark.parametrize(
    ("version", "complaint"),
    [
        (renamed, "report(customer_id: int, fmt: str = 'pdf') -> str: Object contains unknown field `user_id`"),
        (without_format, "report(user_id: int) -> str: Object contains unknown field `fmt`"),
        (with_more, "Object missing required field `locale`"),
        (with_other_type, "Expected `array`, got `int` - at `$.user_id`"),
    ],
)
async def test_a_payload_of_another_version_is_rejected_at_once(
    world: World, version: Callable[..., Any], complaint: str
) -> None:
    job = await submitted_to(world, version)
    assert (job.state, job.reason, job.attempt) == (State.FAILED, Reason.REJECTED, 1)
    assert [attempt.outcome for attempt in job.attempts] == ["rejected"]
    assert job.error is not None and job.error.type == "InvalidPayload"
    assert re.sub("['`\"]", "", complaint) in re.sub("['`\"]", "", job.error.message)


async def test_a_compatible_version_runs_it(world: World) -> None:
    job = await submitted_to(world, compatible)
    assert (job.state, json_of(job.result)) == (State.COMPLETED, "1.csv.en")


async def test_a_crash_is_retried(world: World) -> None:
    job = await submitted_to(world, crashing)
    assert (job.state, job.reason, job.attempt) == (State.FAILED, Reason.ATTEMPTS_EXHAUSTED, 2)
    assert job.error is not None and job.error.type == "TypeError"


async def test_a_rejected_job_runs_once_workers_know_its_task(world: World) -> None:
    def late(n: int) -> int:
        return n

    async with world.worker():
        job = await world.finished(await world.submit_raw("late", b"[3]"))
    assert (job.state, job.reason, job.attempt) == (State.FAILED, Reason.REJECTED, 1)
    assert job.error is not None and job.error.type == "UnknownTask"
    assert job.error.message == (
        "the worker has no task named late: start a worker whose app has it; if the job has failed, retry it"
    )
    world.app.task(late)
    await world.engine.jobs.retry(job.id)
    async with world.worker():
        assert json_of((await world.finished(job.id)).result) == 3


async def test_a_type_that_breaks_over_a_payload_does_not_take_the_job_with_it(world: World) -> None:
    @world.app.task
    async def count(period: Period) -> int:
        return period.last - period.first

    with pytest.raises(InvalidInput, match="KeyError: 1"):
        await count.submit(_backwards())
    async with world.worker():
        job = await world.finished(await world.submit_raw("count", b'{"period": {"first": 2, "last": 1}}'))
    assert job.error is not None and (job.reason, job.error.type) == (Reason.REJECTED, "InvalidPayload")
    assert "KeyError: 1" in job.error.message


def _backwards() -> Period:
    period = Period(1, 1)
    period.first = 2
    return period
