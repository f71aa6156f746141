"""Cursors go through a listing once, whatever its shape. An invented cursor is refused, whatever it says."""

from __future__ import annotations

import base64

import msgspec
import pytest

from fairlane.engine import Engine
from fairlane.model.errors import InvalidInput
from fairlane.model.job import JobQuery, NewJob
from fairlane.model.states import State
from tests.support.acting import lift_limits


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("state", [State.COMPLETED, State.SCHEDULED])
async def test_a_forged_score_is_refused(engine: Engine, state: State, score: float) -> None:
    forged = base64.urlsafe_b64encode(msgspec.msgpack.encode((0, 0, "", score, "x"))).decode()
    with pytest.raises(InvalidInput):
        await engine.jobs.list(JobQuery(state=state, cursor=forged))


async def _listed(engine: Engine, query: JobQuery) -> list[str]:
    """The ids of all pages."""
    ids: list[str] = []
    while True:
        page = await engine.jobs.list(query)
        ids += [job.id for job in page.jobs]
        if page.next_cursor is None:
            return ids
        query = msgspec.structs.replace(query, cursor=page.next_cursor)


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_waiting_jobs_of_many_lanes_are_listed_once_each(engine: Engine, limit: int) -> None:
    """Lanes of 0 to 220 jobs, more of them than are read at once, of which few are in the queue that is asked for."""
    await lift_limits(engine)
    jobs = []
    for lane in range(210):
        tenant, queue = f"t{lane % 70}", f"q{lane // 70}"
        count = 220 if lane == 75 else 3 if lane == 100 else 1
        jobs += [
            NewJob(id=engine.jobs.new_id(tenant), tenant_id=tenant, queue=queue, payload=b"1") for _ in range(count)
        ]
    await engine.jobs.submit(jobs)
    wanted = {
        (): JobQuery(state=State.PENDING, limit=limit),
        ("q1",): JobQuery(state=State.PENDING, queue="q1", limit=limit),
        ("q1", "t5"): JobQuery(state=State.PENDING, queue="q1", tenant_id="t5", limit=limit),
        ("none",): JobQuery(state=State.PENDING, queue="none", limit=limit),
    }
    for names, query in wanted.items():
        listed = await _listed(engine, query)
        assert sorted(listed) == sorted(job.id for job in jobs if set(names) <= {job.queue, job.tenant_id}), names
