"""Middleware sees jobs come and go, in the caller and in the worker, and cannot lose any."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from fairlane import App, Cancel, JobContext, Middleware, NewJob, PartlySubmitted, Retry, State, current
from fairlane.model.tenant import PolicyChange, Rate
from tests.support.app_world import World, json_of


class Diary(Middleware):
    """Writes down what it is told."""

    def __init__(self, name: str, lines: list[str]) -> None:
        self.name = name
        self.lines = lines

    def headers(self, task: str, tenant: str) -> Mapping[str, str]:
        return {self.name: f"{task} of {tenant}", "last": self.name}

    def submitted(self, job: NewJob) -> None:
        self.lines.append(f"{self.name} submitted {job.task} {job.payload.decode()}")

    def before(self, job: JobContext) -> None:
        self.lines.append(f"{self.name} before {job.attempt}")

    def after(self, job: JobContext, result: Any) -> None:
        self.lines.append(f"{self.name} after {result}")

    def failed(self, job: JobContext, error: BaseException) -> None:
        self.lines.append(f"{self.name} failed {type(error).__name__}")


@pytest.fixture
def lines() -> list[str]:
    return []


def app_with(world: World, *middleware: Middleware) -> App:
    return App(world.url, tenancy="default", middleware=middleware)


@pytest.mark.parametrize("is_async", [True, False])
async def test_the_first_begins_first_and_ends_last(world: World, lines: list[str], is_async: bool) -> None:
    app = app_with(world, Diary("a", lines), Diary("b", lines))

    def work(n: int) -> int:
        lines.append("work")
        if current().attempt == 1:
            raise ValueError("first")
        return n

    async def work_async(n: int) -> int:
        return work(n)

    task = app.task(name="work", retry=Retry(base="10ms", cap="10ms"))(work_async if is_async else work)
    async with app, world.worker(app=app):
        job = await world.finished((await task.submit(7)).id)
    assert job.state is State.COMPLETED
    assert job.headers == {"a": "work of default", "b": "work of default", "last": "b"}
    begun = ["a before {}", "b before {}", "work"]
    # The client is told when it has its answer, and the worker may have begun by then.
    told = [line for line in lines if "submitted" in line]
    assert told == ['a submitted work {"n":7}', 'b submitted work {"n":7}']
    assert [line for line in lines if line not in told] == [
        *(line.format(1) for line in begun),
        "b failed ValueError",
        "a failed ValueError",
        *(line.format(2) for line in begun),
        "b after 7",
        "a after 7",
    ]


async def test_called_plainly_a_task_has_no_middleware(world: World, lines: list[str]) -> None:
    @app_with(world, Diary("a", lines)).task
    async def work() -> int:
        return 1

    assert await work() == 1
    assert lines == []


async def test_only_jobs_that_were_made_are_told_and_own_headers_win(world: World, lines: list[str]) -> None:
    app = app_with(world, Diary("a", lines))

    @app.task
    async def work(n: int) -> None:
        pass

    await world.engine.tenants.change("slow", PolicyChange(submit_rate=Rate(2, 60)))
    async with app:
        with pytest.raises(PartlySubmitted):
            await work.using(tenant="slow").submit_many([(n,) for n in range(3)])
        for n in (3, 4):
            await work.using(key="k").submit(n)
        own = await work.using(headers={"last": "mine"}).submit(5)
        sync = await asyncio.to_thread(work.submit_sync, 6)
        assert (await own.refresh()).headers == {"a": "work of default", "last": "mine"}
        assert (await world.engine.jobs.get(sync.id)).headers == {"a": "work of default", "last": "a"}
    await asyncio.to_thread(app.close_sync)
    assert [line[-9:] for line in lines] == [f'd work {{"n":{n}}}'[-9:] for n in (0, 1, 3, 5, 6)]


async def test_what_before_sets_is_the_task_s_and_what_it_raises_fails_the_attempt(
    world: World, lines: list[str]
) -> None:
    user = contextvars.ContextVar("user", default="unknown")

    class SignIn(Middleware):
        def before(self, job: JobContext) -> None:
            if "user" not in job.headers:
                raise PermissionError("no user")
            user.set(job.headers["user"])

    app = app_with(world, Diary("a", lines), SignIn(), Diary("b", lines))

    @app.task(retry=Retry(1))
    def work() -> str:
        return user.get()

    async with app, world.worker(app=app):
        job = await world.finished((await work.using(headers={"user": "ann"}).submit()).id)
        assert json_of(job.result) == "ann"
        lines.clear()
        job = await world.finished((await work.submit()).id)
    assert job.error is not None and (job.state, job.error.type) == (State.FAILED, "PermissionError")
    assert [line for line in lines if "submitted" not in line] == ["a before 1", "a failed PermissionError"]


async def test_jobs_outlive_middleware_that_fails(world: World, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Middleware):
        def submitted(self, job: NewJob) -> None:
            raise ValueError("submitted")

        def after(self, job: JobContext, result: Any) -> None:
            raise ValueError("after")

        def failed(self, job: JobContext, error: BaseException) -> None:
            raise ValueError("failed")

    app = app_with(world, Broken())

    @app.task
    async def work(n: int) -> int:
        if n:
            raise Cancel("not needed")
        return n

    async with app, world.worker(app=app):
        with caplog.at_level(logging.ERROR):
            jobs = [await world.finished((await work.submit(n)).id) for n in (0, 1)]
    assert [job.state for job in jobs] == [State.COMPLETED, State.CANCELLED]
    steps = [record.getMessage().rpartition(".")[2] for record in caplog.records]
    assert sorted(steps) == ["after", "failed", "submitted", "submitted"]
