"""Calls that type checkers must accept, with the types that they must find. Read by them alone, never run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import assert_type

from fairlane import App, AsyncTask, Bound, Job, JobHandle, Middleware, Retry, SyncJobHandle, SyncTask, current

app = App(tenancy="required", middleware=[Middleware()])


@app.task
async def plain(user_id: int, fmt: str = "pdf") -> str:
    return fmt * user_id


@app.task(queue="reports", retry=Retry(5, base="5s", cap=timedelta(minutes=10)), executor="async")
async def build(user_id: int, *, fmt: str = "pdf") -> list[str]:
    await current().progress(1, 3, "reading")
    return [fmt]


@app.task
def blocking(n: int) -> float:
    return n / 2


@app.task(executor="process")
def crunch(numbers: list[int]) -> int:
    return sum(numbers)


def note(job: Job) -> None: ...


async def report(job: Job) -> None: ...


@app.task(on_failure=report)
async def told() -> None: ...


@app.task(name="none", timeout="5m", on_failure=note)
def nothing() -> None: ...


async def tasks() -> None:
    assert_type(await plain(1), str)
    assert_type(await build(1, fmt="csv"), list[str])
    assert_type(blocking(3), float)
    assert_type(crunch([1]), int)
    assert_type(plain.name, str)


async def submitting() -> None:
    assert_type(await plain.submit(1), JobHandle[str])
    assert_type(await plain.submit(user_id=1, fmt="csv"), JobHandle[str])
    assert_type(await build.using(tenant="acme", delay="10m", priority=5).submit(1, fmt="csv"), JobHandle[list[str]])
    assert_type(await blocking.using(run_at=datetime.now(UTC), key="k", headers={"a": "b"}).submit(1), JobHandle[float])
    assert_type(await crunch.submit([1, 2]), JobHandle[int])
    assert_type(await nothing.submit(), JobHandle[None])
    assert_type(await plain.using().submit_many([(1,), (2, "csv"), {"user_id": 3}]), list[JobHandle[str]])
    assert_type(await blocking.submit_many((n,) for n in range(3)), list[JobHandle[float]])
    job = await build.submit(1)
    assert_type(await job.result(timeout=60), list[str])
    assert_type(await job.refresh(), Job)
    assert_type(await job.cancel(), Job)


async def binding() -> None:
    assert_type(plain.bind(1), Bound[str])
    bound = build.using(tenant="acme").bind(1, fmt="csv")
    assert_type(bound, Bound[list[str]])
    assert_type(await bound.submit(), JobHandle[list[str]])


def from_sync_code() -> None:
    with app.tenant("acme"):
        assert_type(plain.submit_sync(1), SyncJobHandle[str])
    assert_type(crunch.using(tenant="acme").submit_sync([1]), SyncJobHandle[int])
    job = blocking.bind(1).submit_sync()
    assert_type(job.result(timeout="1m"), float)
    for event in job.events():
        assert_type(event, Job)


def scheduling() -> None:
    app.cron("nightly", "0 3 * * *", plain.bind(1), tenant="acme")
    call = build.using(tenant="acme", queue="reports", priority=5).bind(1, fmt="csv")
    app.cron("weekly", "0 3 * * MON", call, tz="Europe/Paris", missed="all", overlap="skip")
    app.cron("hourly", "0 * * * *", nothing.bind(), tenant=None, missed="skip")


def passed_on(task: AsyncTask[[int, str], str], other: SyncTask[[int], float]) -> None: ...


def pass_on() -> None:
    passed_on(plain, blocking)
