"""Jobs that need others, from the SDK: fan-out, join and chain, and what a task learns about its needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fairlane import InvalidInput, JobCancelled, Retry, State, current
from fairlane.model.errors import ResultMismatch, UnknownNeed
from fairlane.model.job import MAX_NEEDS
from tests.support import process_tasks
from tests.support.app_world import WorkerProcess, World


async def test_twenty_pages_in_parallel_then_merge_then_mail(connected: World) -> None:
    app = connected.app
    sent: list[str] = []

    @app.task
    async def fetch(url: int) -> dict[str, int]:
        return {"page": url}

    @app.task
    def merge() -> int:
        return sum(need.result_as(dict[str, int])["page"] for need in current().needs)

    @app.task
    async def mail() -> None:
        (merged,) = current().needs
        sent.append(f"{merged.state} {merged.result}")

    pages = await fetch.submit_many([(url,) for url in range(20)])
    report = await merge.using(needs=pages).submit()
    done = await mail.using(needs=[report], on_need_failed="run").submit()
    assert (await done.refresh()).needs == (report.id,)
    async with connected.worker():
        await done.result(timeout=30)
    assert (await report.result(), sent) == (190, ["completed 190"])


async def test_a_page_that_fails_for_good_ends_the_flow(connected: World) -> None:
    app = connected.app

    @app.task(retry=Retry(1))
    async def fetch(url: int) -> int:
        if url == 3:
            raise ValueError("no such page")
        return url

    @app.task
    async def merge() -> None: ...

    @app.task
    async def alert() -> list[State | None]:
        return [need.state for need in current().needs]

    pages = await fetch.submit_many([(url,) for url in range(5)])
    report = await merge.using(needs=pages).submit()
    alerted = await alert.using(needs=[report.id], on_need_failed="run").submit()
    async with connected.worker():
        with pytest.raises(JobCancelled):
            await report.result(timeout=30)
        assert await alerted.result(timeout=30) == [State.CANCELLED]


async def test_a_task_in_a_child_process_knows_its_needs(world: World) -> None:
    tasks = process_tasks
    first = await world.submit_raw(tasks.add.name, b"[1,2]")
    job_id = await world.submit_raw(tasks.results_of_needs.name, b"[]", needs=(first,))
    async with world.worker(app=tasks.app):
        job = await world.finished(job_id)
    assert job.result is not None
    assert bytes(job.result) == b"[3]"


async def test_a_result_must_fit_the_type_that_is_asked_for(world: World) -> None:
    app = world.app

    @app.task
    async def fetch() -> str:
        return "text"

    @app.task
    async def merge() -> str:
        try:
            current().needs[0].result_as(int)
        except ResultMismatch as error:
            return str(error)
        return "it fits"

    page = await fetch.submit()
    report = await merge.using(needs=[page]).submit()
    async with world.worker():
        assert f"the result of {page.id} does not fit" in await report.result(timeout=30)


async def test_needs_that_can_never_be_accepted_are_refused(connected: World) -> None:
    app = connected.app

    @app.task
    async def work() -> None: ...

    unknown = connected.engine.jobs.new_id("default")
    wrong: list[dict[str, Any]] = [
        {"needs": ["x"]},
        {"needs": [unknown, unknown]},
        {"needs": [connected.engine.jobs.new_id("default") for _ in range(MAX_NEEDS + 1)]},
        {"needs": [unknown], "key": "k", "on_conflict": "replace"},
        {"needs": [unknown], "on_need_failed": "hope"},
    ]
    for options in wrong:
        with pytest.raises(InvalidInput):
            work.using(**options)
    with pytest.raises(UnknownNeed):
        await work.using(needs=[unknown]).submit()


async def test_a_flow_survives_the_kill_of_each_worker(world: World, tmp_path: Path) -> None:
    async def rest(*needs: str) -> str:
        return await world.submit_raw("rest", b"[0.2]", max_attempts=10, needs=needs)

    pages = [await rest() for _ in range(20)]
    merge = await rest(*pages)
    mail = await rest(merge)
    for victim in (pages[0], pages[19], merge, mail):
        worker = WorkerProcess(world, tmp_path, lease_ms=1_000)
        await worker.has_begun(victim)
        worker.process.kill()
        worker.process.wait()
    worker = WorkerProcess(world, tmp_path, lease_ms=1_000)
    try:
        assert (await world.finished(mail)).state is State.COMPLETED
    finally:
        worker.process.kill()
        worker.process.wait()
    ended = [await world.engine.jobs.get(job_id) for job_id in (*pages, merge)]
    assert {job.state for job in ended} == {State.COMPLETED}
    last_page = max(job.finished_at for job in ended[:20] if job.finished_at)
    assert ended[20].started_at is not None
    assert ended[20].started_at >= last_page
    assert (await world.engine.maintenance.doctor()).problems == []
