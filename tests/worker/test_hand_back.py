"""Jobs of another version of the app wait for a worker that can run them, without burning an attempt."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from fairlane import App, State
from fairlane.model.job import Job
from fairlane.model.states import Reason
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
        explained = await world.engine.jobs.explain(new)
        assert explained.waiting_for == "no_fitting_worker"
        assert "No worker that claimed the job knows the task archive and can read the payload" in explained.sentence
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


async def test_a_model_with_a_wrong_type_fails_at_once(world: World) -> None:
    @world.app.task
    async def greet(customer: Customer) -> None: ...

    job_id = await world.submit_raw("greet", b'{"customer": {"name": 7}}')
    async with world.worker(hand_back_seconds=3600):
        assert (await world.finished(job_id)).reason is Reason.REJECTED


async def test_it_fails_once_no_worker_has_run_it_in_time(world: World) -> None:
    job_id = await world.submit_raw("nowhere", b"{}")
    async with world.worker(hand_back_seconds=1.5):
        job = await world.finished(job_id)
    assert (job.state, job.reason, job.attempt) == (State.FAILED, Reason.REJECTED, 1)
    assert job.error is not None and job.error.type == "UnknownTask"


async def test_a_wrong_type_fails_at_once(world: World) -> None:
    @world.app.task
    async def report(user_id: int) -> str:
        return f"{user_id}"

    job_id = await world.submit_raw("report", b'{"user_id": "seven"}')
    async with world.worker(hand_back_seconds=3600):
        job = await world.finished(job_id)
    assert (job.state, job.reason, job.attempt) == (State.FAILED, Reason.REJECTED, 1)
