"""GET /jobs/{id}/events: one job, from now to its end."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest

from fairlane.engine import events as engine_events
from fairlane.server.streams import heartbeats

from .conftest import Served, fields_of
from .streams import stream


async def test_a_job_is_shown_at_once_and_after_each_change(
    api: Served, client: httpx.AsyncClient, tenant: str
) -> None:
    job = await api.submit(tenant, {"a": [1]}, queue=tenant)
    async with stream(client, f"/jobs/{job['id']}/events") as events:
        first = await events.next()
        assert (first.name, first.data) == ("job", await api.job(job["id"]))
        assert events.retry_ms == 2000
        (lease,) = await api.claim(queues=[tenant])
        assert (await events.next()).data["state"] == "running"
        progress = {"current": 1, "total": 3, "message": "reading"}
        held = {"jobId": job["id"], "token": lease["token"], "progress": progress}
        await client.post("/leases/extend", json={"worker": {"id": "w1", "slots": 1}, "leases": [held]})
        assert (await events.next()).data["progress"] == progress
        await api.finish(lease, "completed", result={"ok": True})
        last = await events.next()
        assert (last.data["state"], last.data["result"], last.data["attempts"][0]["outcome"]) == (
            "completed",
            {"ok": True},
            "completed",
        )
        with pytest.raises(StopAsyncIteration):
            await events.next()
    assert last.data == await api.job(job["id"])
    # Browsers come back after the end, and stay away when there is nothing more.
    again = await client.get(f"/jobs/{job['id']}/events", headers={"last-event-id": last.id})
    assert (again.status_code, again.content) == (204, b"")
    async with stream(client, f"/jobs/{job['id']}/events", first.id) as events:
        assert (await events.next()).data == last.data


async def test_a_job_that_is_retried_can_be_followed_again(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    job = await api.submit(tenant, queue=tenant, maxAttempts=1)
    (lease,) = await api.claim(queues=[tenant])
    await api.finish(lease, "failed")
    path = f"/jobs/{job['id']}/events"
    async with stream(client, path) as events:
        last = await events.next()
        assert last.data["state"] == "failed"
    await client.post(f"/jobs/{job['id']}/retry")
    async with stream(client, path, last.id) as events:
        assert (await events.next()).data["state"] == "pending"
        await client.post(f"/jobs/{job['id']}/cancel")
        assert (await events.next()).data["state"] == "cancelled"


async def test_many_look_at_one_job_at_the_price_of_one(
    api: Served, client: httpx.AsyncClient, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_events, "WATCHED_MS", 600_000)
    monkeypatch.setattr(engine_events, "RENEW_S", 300)  # what comes by the clock would blur the figures
    costs = []
    for tabs in (1, 40):
        job = await api.submit(tenant, queue=tenant)
        async with AsyncExitStack() as stack:
            path = f"/jobs/{job['id']}/events"
            streams = [await stack.enter_async_context(stream(client, path)) for _ in range(tabs)]
            await asyncio.gather(*(events.next() for events in streams))
            await api.store.client.config_resetstat()
            (lease,) = await api.claim(queues=[tenant])
            for event in await asyncio.gather(*(events.next() for events in streams)):
                assert event.data["state"] == "running"
            await api.finish(lease, "completed")
            for event in await asyncio.gather(*(events.next() for events in streams)):
                assert event.data["state"] == "completed"
            stats = await api.store.client.info("commandstats")
            costs.append(stats["cmdstat_fcall"]["calls"])
    assert costs[0] == costs[1] <= 5


async def test_a_job_that_is_forgotten_ends_its_stream(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    job = await api.submit(tenant, queue=tenant)
    async with stream(client, f"/jobs/{job['id']}/events") as events:
        await events.next()
        await api.store.client.delete(f"fl:{{0}}:j/{job['id']}")
        await api.store.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]
        with pytest.raises(StopAsyncIteration):
            await events.next()


async def test_an_unknown_job_has_no_stream(client: httpx.AsyncClient) -> None:
    for job_id in ("00" + "a" * 24, "nonsense", "..%2Flivez"):
        answer = await client.get(f"/jobs/{job_id}/events")
        assert answer.status_code == 404


async def test_silence_is_broken_by_heartbeats(
    api: Served, client: httpx.AsyncClient, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, "HEARTBEAT_SECONDS", 0.05)
    job = await api.submit(tenant)
    async with stream(client, f"/jobs/{job['id']}/events") as events:
        await events.next()
        await events.heartbeat()


async def test_history_is_bounded_by_what_is_asked(client: httpx.AsyncClient) -> None:
    assert (await client.get("/history")).json() == {"stepSeconds": 10, "points": []}
    assert (await client.get("/history", params={"minutes": 1440})).json() == {"stepSeconds": 60, "points": []}
    for minutes in ("0", "1441", "x", "-1"):
        answer = await client.get("/history", params={"minutes": minutes})
        assert (answer.status_code, fields_of(answer)) == (422, ["/minutes"])
