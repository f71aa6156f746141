"""Queues, workers and health."""

from __future__ import annotations

import httpx
import pytest

from fairlane.model.job import NewJob
from fairlane.model.lease import WorkerReport

from .conftest import Served, fields_of


async def test_queues_are_listed_paused_and_resumed(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    await api.submit(tenant, queue=tenant)

    async def listed() -> dict[str, object]:
        (info,) = [info for info in (await client.get("/queues")).json()["queues"] if info["name"] == tenant]
        return dict(info)

    figures = {"runnableTenants": 1, "pending": 1, "running": None}
    limits = {"concurrency": None, "startRate": None, "limitReached": None}
    assert await listed() == {"name": tenant, "paused": False} | figures | limits
    assert (await client.post(f"/queues/{tenant}/pause")).json()["paused"] is True
    assert await api.claim(queues=[tenant]) == []
    assert (await listed())["paused"] is True
    assert (await client.post(f"/queues/{tenant}/resume")).json()["paused"] is False
    assert len(await api.claim(queues=[tenant])) == 1


async def test_a_stored_time_that_no_clock_shows_hides_nothing_else(
    api: Served, client: httpx.AsyncClient, free_tenant: str
) -> None:
    for name, started_at in (("early", -1e15), ("late", 1e15), ("usual", 1.8e9)):
        await api.engine.leases.extend(WorkerReport(id=name, slots=1, started_at=started_at), [], 30_000)
    for run_at_ms in (10**18, 1_800_000_060_000):
        job_id = api.engine.jobs.new_id(free_tenant)
        await api.engine.jobs.submit([NewJob(id=job_id, tenant_id=free_tenant, payload=b"1", run_at_ms=run_at_ms)])
    for path in ("/workers", "/overview"):
        workers = (await client.get(path)).json()["workers"]
        assert {worker["id"]: worker["startedAt"][:4] for worker in workers} == {
            "early": "0001",
            "late": "9999",
            "usual": "2027",
        }
    scheduled = (await client.get("/jobs/scheduled", params={"tenantId": free_tenant})).json()["jobs"]
    assert sorted(job["runAt"][:4] for job in scheduled) == ["2027", "9999"]


@pytest.mark.parametrize("name", ["a%20b", "*", "%7B%7D", "x" * 129])
async def test_bad_queue_names_are_refused(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.post(f"/queues/{name}/pause")
    assert (answer.status_code, fields_of(answer)) == (422, ["/name"])


async def test_health(client: httpx.AsyncClient) -> None:
    for path in ("/livez", "/readyz"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
