"""Jobs of another version of the app wait for a worker that can run them, without burning an attempt."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypedDict

import msgspec
import pytest
from pydantic import BaseModel

from fairlane import App, State
from fairlane.model.job import Explanation, Job
from fairlane.model.states import Reason
from tests.support import process_tasks
from tests.support.app_world import World, eventually, json_of


def app_with_more(world: World) -> App:
    """The next version of the app: another task, and another argument of `report`."""
    app = App(world.url, tenancy="default")

    @app.task
    async def report(user_id: int, locale: str) -> str:
        return f"{user_id} {locale}"

    @app.task
    def archive(user_id: int) -> int:
        return user_id

    return app


async def handed_back(world: World, job_id: str) -> Job:
    async def look() -> Job | None:
        job = await world.engine.jobs.get(job_id)
        return job if job.reason is Reason.UNFIT else None

    job = await eventually(look, "the job is handed back")
    assert job is not None
    return job


async def told_that_no_worker_knows(world: World, task: str, job_id: str) -> Explanation:
    """The job's explanation, once the worker has reported itself."""

    async def look() -> Explanation | None:
        explained = await world.engine.jobs.explain(job_id)
        assert explained.waiting_for == "no_fitting_worker"
        return explained if f"No connected worker knows the task {task}" in explained.sentence else None

    explained = await eventually(look, "the worker reports its tasks")
    assert explained is not None
    return explained


async def test_new_tasks_and_arguments_wait_for_the_new_version(world: World, caplog: pytest.LogCaptureFixture) -> None:
    @world.app.task
    async def report(user_id: int) -> str:
        return f"{user_id}"

    new = await world.submit_raw("archive", b'{"user_id": 7}', max_attempts=1)
    more = await world.submit_raw("report", b'{"user_id": 7, "locale": "fr"}', max_attempts=1)
    async with world.worker(hand_back_seconds=3600):
        for job_id in (new, more):
            job = await handed_back(world, job_id)
            assert (job.state, job.attempt, job.attempts) == (State.SCHEDULED, 0, [])
        explained = await told_that_no_worker_knows(world, "archive", new)
        assert "start one that does. Workers get the job again, at " in explained.sentence
        async with world.worker(app=app_with_more(world), hand_back_seconds=3600):
            assert json_of((await world.finished(new)).result) == 7
            done = await world.finished(more)
            assert (json_of(done.result), done.attempt) == ("7 fr", 1)
    told = [text for text in caplog.messages if "is handed back: the worker has no task named archive" in text]
    assert len(told) == 1


async def test_an_old_job_waits_for_the_old_version(world: World) -> None:
    job_id = await world.submit_raw("report", b'{"user_id": 7}')
    async with world.worker(app=app_with_more(world), hand_back_seconds=3600):
        await handed_back(world, job_id)

    @world.app.task
    async def report(user_id: int) -> str:
        return f"{user_id}"

    async with world.worker():
        assert json_of((await world.finished(job_id)).result) == "7"


class Customer(BaseModel, extra="forbid"):
    name: str
    city: str


@pytest.mark.parametrize(
    "payload",
    [
        b'{"customer": {"name": "Ann"}}',
        b'{"customer": {"name": "Ann", "city": "Lyon", "street": "rue A"}}',
        b'[{"name": "Ann", "city": "Lyon"}, true]',
    ],
)
async def test_a_model_with_other_fields_waits_for_its_version(world: World, payload: bytes) -> None:
    @world.app.task
    async def greet(customer: Customer) -> None: ...

    job_id = await world.submit_raw("greet", payload)
    async with world.worker(hand_back_seconds=3600):
        await handed_back(world, job_id)


async def test_an_argument_that_is_now_given_by_name_waits_for_its_version(world: World) -> None:
    @world.app.task
    async def report(*, user_id: int) -> None: ...

    job_id = await world.submit_raw("report", b"[7]")
    async with world.worker(hand_back_seconds=3600):
        await handed_back(world, job_id)


async def test_it_fails_once_no_worker_has_run_it_in_time(world: World) -> None:
    job_id = await world.submit_raw("nowhere", b"{}")
    async with world.worker(hand_back_seconds=1.5):
        job = await world.finished(job_id)
    assert (job.state, job.reason, job.attempt) == (State.FAILED, Reason.REJECTED, 1)
    assert job.error is not None and job.error.type == "UnknownTask"


class Size(Enum):
    SMALL = "small"


@dataclass
class Address:
    city: str


class Parcel(msgspec.Struct):
    weight: int


class Line(TypedDict):
    sku: str


@dataclass
class Order:
    addresses: list[Address]
    lines: list[Line] = field(default_factory=list)
    parcel: Parcel | None = None


@dataclass
class NextAddress:
    city: str
    zip: int


@dataclass
class NextOrder:
    addresses: list[NextAddress]


def first_version(world: World) -> App:
    app = App(world.url, tenancy="default")

    @app.task
    async def pack(amount: int = 0, size: Size = Size.SMALL, order: Order | None = None) -> None: ...

    @app.task
    async def greet(customer: Customer) -> None: ...

    return app


@pytest.mark.parametrize(
    "task, payload, why",
    [
        ("pack", b'{"amount": "7"}', "Expected `int`, got `str` - at `$.amount`"),
        ("pack", b'["7"]', "Expected `int`, got `str` - at `$[0]`"),
        ("pack", b'{"size": "large"}', "Invalid enum value 'large' - at `$.size`"),
        ("pack", b'{"order": {"addresses": [{"city": "Lyon", "zip": 1}]}}', "no room for `$.order.addresses[0].zip`"),
        ("pack", b'[1, "small", {"addresses": [], "note": ""}]', "no room for `$[2].note`"),
        ("pack", b' {"order": {"addresses": [], "lines": [{"sku": "a", "n": 1}]}}', "no room for `$.order.lines[0].n`"),
        ("pack", b'{"order": {"addresses": [], "parcel": {"weight": 1, "unit": "g"}}}', "for `$.order.parcel.unit`"),
        ("greet", b'{"customer": {"name": 7, "city": "Lyon"}}', "Input should be a valid string"),
    ],
)
async def test_other_types_members_and_fields_wait_for_their_version(
    world: World, task: str, payload: bytes, why: str
) -> None:
    job_id = await world.submit_raw(task, payload, max_attempts=1)
    async with world.worker(app=first_version(world), hand_back_seconds=3600):
        job = await handed_back(world, job_id)
    assert (job.state, job.attempt, job.attempts) == (State.SCHEDULED, 0, [])
    assert job.error is not None and why in job.error.message, job.error
    explained = await world.engine.jobs.explain(job_id)
    assert explained.sentence.startswith(
        "No worker that claimed the job could run it, and its error says why: start a worker that can. "
        "Workers get the job again, at "
    )


async def test_the_next_version_runs_jobs_with_its_fields(world: World) -> None:
    """As its SDK submits them, while a worker of the first version runs."""

    @world.app.task
    async def pack(amount: int | str = 0, order: NextOrder | None = None) -> str:
        return f"{amount} {order}"

    wider = (await pack.submit("seven")).id
    larger = (await pack.submit(order=NextOrder([NextAddress("Lyon", 69001)]))).id
    async with world.worker(app=first_version(world), hand_back_seconds=3600):
        await handed_back(world, wider)
        await handed_back(world, larger)
        async with world.worker(hand_back_seconds=3600):
            assert json_of((await world.finished(wider)).result) == "seven None"
            assert "zip=69001" in str(json_of((await world.finished(larger)).result))


class Lenient(BaseModel):
    name: str


async def test_models_that_ignore_other_fields_run(world: World) -> None:
    @world.app.task
    async def greet(customer: Lenient) -> str:
        return customer.name

    job_id = await world.submit_raw("greet", b'{"customer": {"name": "Ann", "city": "Lyon"}}')
    async with world.worker(hand_back_seconds=3600):
        assert json_of((await world.finished(job_id)).result) == "Ann"


async def test_a_job_process_hands_back_too(world: World) -> None:
    job_id = await world.submit_raw("add", b'{"left": "one", "right": 2}')
    async with world.worker(app=process_tasks.app, hand_back_seconds=3600):
        job = await handed_back(world, job_id)
    assert (job.attempt, job.attempts) == (0, [])
