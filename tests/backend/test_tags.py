"""Tags: words on jobs, by which listings and bulk calls find them."""

from __future__ import annotations

import pytest

from fairlane.model.bulk import BulkAction
from fairlane.model.job import JobQuery, OnConflict
from fairlane.model.states import State

from .world import World


async def found(world: World, **query: object) -> list[str]:
    return [job.id for job in (await world.backend.jobs.list(JobQuery(**query))).jobs]  # type: ignore[arg-type]


async def test_a_job_shows_its_tags_and_is_found_by_each(world: World) -> None:
    await world.unlimit()
    both = await world.submit(tags=("invoice:42", "import"))
    one = await world.submit(tags=("import",))
    await world.submit(tags=("importer",))
    await world.submit()
    assert (await world.backend.jobs.get(both)).tags == ("invoice:42", "import")
    assert await found(world, tag="import") == [one, both]
    assert await found(world, tag="invoice:42", tenant_id="acme", state=State.PENDING) == [both]
    assert await found(world, tag="invoice") == []
    [listed] = (await world.backend.jobs.list(JobQuery(tag="invoice:42"))).jobs
    assert listed.tags == ("invoice:42", "import")


async def test_a_job_keeps_its_tags_until_it_has_ended(world: World) -> None:
    failed = await world.fail_for_good(tags=("import",))
    assert await found(world, tag="import", state=State.FAILED) == [failed]


async def test_a_bulk_call_changes_the_jobs_with_a_tag(world: World) -> None:
    await world.unlimit()
    tagged = [await world.submit(tags=("bad-deploy",)) for _ in range(3)]
    other = await world.submit(tags=("good-deploy",))
    result = await world.backend.jobs.change(BulkAction.CANCEL, JobQuery(tag="bad-deploy"))
    assert (result.count, result.more) == (3, False)
    assert set(await found(world, state=State.CANCELLED)) == set(tagged)
    assert await found(world, state=State.PENDING) == [other]


@pytest.mark.parametrize("state", [None, State.PENDING, State.SCHEDULED])
async def test_pages_by_tag_reach_each_job_once(world: World, state: State | None) -> None:
    await world.unlimit()
    delay_ms = 60_000 if state is State.SCHEDULED else 0
    jobs = [world.job(tags=("odd",) if n % 2 else ("even",), delay_ms=delay_ms) for n in range(20)]
    await world.backend.jobs.submit(jobs)
    seen: list[str] = []
    query = JobQuery(state=state, tag="odd", limit=3)
    while True:
        page = await world.backend.jobs.list(query)
        seen += [job.id for job in page.jobs]
        if page.next_cursor is None:
            break
        query = JobQuery(state=state, tag="odd", limit=3, cursor=page.next_cursor)
    assert sorted(seen) == sorted(job.id for job in jobs if job.tags == ("odd",))


async def test_a_request_that_replaces_another_brings_its_tags(world: World) -> None:
    job_id = await world.submit(key="report", tags=("first",))
    await world.submit_one(world.job(key="report", tags=("second",), on_conflict=OnConflict.REPLACE))
    assert (await world.backend.jobs.get(job_id)).tags == ("second",)
