"""GET /events: one stream of all that happens, which can be resumed."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from fairlane.engine import events as engine_events
from fairlane.model.monitor import Overview
from fairlane.server.settings import ServerSettings
from fairlane.server.streams import heartbeats, hub

from .conftest import Served, serving, until
from .streams import stream

HOSTILE = "</script>\r\n\n<img src=x onerror=alert(1)>\u2028data: x\n\nevent: reset\n\n'\"\\\x00\U0001f6a8"


async def run_job(api: Served, tenant: str, **fields: Any) -> str:
    """The id of a job that was submitted, started and completed."""
    job = await api.submit(tenant, **fields)
    (lease,) = await api.claim(queues=[job["queue"]])
    assert lease["jobId"] == job["id"]
    await api.finish(lease, "completed")
    return str(job["id"])


async def test_a_stream_begins_with_the_overview(api: Served, client: httpx.AsyncClient) -> None:
    async with stream(client, "/events") as events:
        headers = events.response.headers
        assert (headers["content-type"], headers["cache-control"]) == ("text/event-stream", "no-store")
        first = await events.next()
        assert first.name == "overview"
        assert first.data.keys() == {"at", "counters", "states", "queues", "workers", "memory"}
        assert events.retry_ms == 2000
    polled = await client.get("/overview")
    assert polled.json()["memory"].keys() == first.data["memory"].keys() == {"usedBytes", "limitBytes"}
    assert polled.json() | {"at": 0, "memory": 0} == first.data | {"at": 0, "memory": 0}


async def test_changes_come_as_they_happen(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    async with stream(client, "/events") as events:
        before = (await events.until("overview")).data["counters"]
        job = await api.submit(tenant, queue="live", task="mail")
        told = await events.until_job(job["id"], "pending")
        assert told == {"id": job["id"], "tenantId": tenant, "queue": "live", "task": "mail", "state": "pending"}
        (lease,) = await api.claim(queues=["live"])
        await events.until_job(job["id"], "running")
        await api.finish(lease, "completed")
        await events.until_job(job["id"], "completed")
        # That overview may have come before the last piece of engine_events.
        while (counters := events.last["overview"].data["counters"])["completed"] == before["completed"]:
            await events.until("overview")
        assert (counters["submitted"], counters["completed"]) == (before["submitted"] + 1, before["completed"] + 1)


async def test_many_changes_are_coalesced(api: Served, client: httpx.AsyncClient, free_tenant: str) -> None:
    async with stream(client, "/events") as events:
        await events.until("overview")
        began, calls = time.monotonic(), 120
        for _ in range(calls):
            jobs = [{"tenantId": free_tenant, "payload": 1} for _ in range(50)]
            await client.post("/jobs/batch", json={"jobs": jobs})
        told: list[list[str]] = []
        last = ""
        while not told or last not in told[-1]:
            last = (await api.submit(free_tenant))["id"]
            event = await events.until("jobs")
            told.append([job["id"] for job in event.data["jobs"]])
            assert len(told[-1]) <= 200
            assert len(told[-1]) == 200 or not event.data["more"]
        most = (time.monotonic() - began) / hub.JOBS_EVERY_S + 2
        assert len(told) <= most < calls, "the store was too slow for this test to show anything"


async def test_an_overview_comes_when_something_changed(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    monkeypatch.setattr(hub, "OVERVIEW_EVERY_S", 0.01)
    async with serving(store_url, ServerSettings()) as api:
        monitor = api.engine.monitor
        take = monitor.overview

        async def counted() -> Overview:
            nonlocal looks
            looks += 1
            api.clock.advance(1)
            return await take()

        monkeypatch.setattr(monitor, "overview", counted)
        async with stream(api.client, "/events") as events:
            assert (await events.until("overview")).data["counters"]["submitted"] == 0
            await until(lambda: looks > 10)
            await api.submit("a")
            told = 1
            while (await events.until("overview")).data["counters"]["submitted"] == 0:
                told += 1
            assert told <= 2  # one look may have fallen into the very moment


async def test_a_client_that_comes_back_misses_nothing(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    async with stream(client, "/events") as events:
        await events.until("overview")
        seen = await api.submit(tenant, queue="q1")
        await events.until_job(seen["id"], "pending")
        last = events.last["jobs"].id
    missed = await run_job(api, tenant, queue="q2")
    async with stream(client, "/events", last) as events:
        names: list[str] = []
        while True:
            event = await events.next()
            names.append(event.name)
            if event.name == "jobs" and missed in {job["id"] for job in event.data["jobs"]}:
                break
        assert "reset" not in names
        later = await api.submit(tenant, queue="q1")
        await events.until_job(later["id"], "pending")


@pytest.mark.parametrize(
    "last_event_id",
    ["", "x", "0", "a-1", "{epoch}-", "{epoch}-999999", "{epoch}--1", "é", "{epoch}-²", "{epoch}-" + "9" * 5000],
)
async def test_an_unknown_place_means_start_anew(client: httpx.AsyncClient, last_event_id: str) -> None:
    async with stream(client, "/events") as events:
        epoch = (await events.next()).id.partition("-")[0]
    async with stream(client, "/events", last_event_id.format(epoch=epoch)) as events:
        assert (await events.next()).name == "reset"
        assert (await events.next()).name == "overview"


async def test_one_that_was_away_too_long_starts_anew(
    api: Served, client: httpx.AsyncClient, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "MAX_EVENTS", 3)
    async with stream(client, "/events") as events, stream(client, "/events") as other:
        last = (await events.next()).id
        await events.response.aclose()
        for _ in range(5):
            job = await api.submit(tenant)
            await other.until_job(job["id"], "pending")
        async with stream(client, "/events", last) as again:
            assert [(await again.next()).name, (await again.next()).name] == ["reset", "overview"]


async def until_nobody_watches(api: Served) -> None:
    """Return when the server has given up its subscription."""
    async with asyncio.timeout(30):
        while True:
            ((_, watching),) = await api.store.client.pubsub_numsub("fl:{0}:news")
            if not watching:
                return
            await asyncio.sleep(0.01)


async def test_a_pause_without_clients_is_told(
    api: Served, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "LINGER_S", 0.0)
    async with stream(client, "/events") as events:
        last = (await events.next()).id
    await until_nobody_watches(api)
    async with stream(client, "/events", last) as events:
        assert (await events.next()).name == "reset"


async def test_a_lost_subscription_is_told(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    async with stream(client, "/events") as events:
        await events.until("overview")
        assert await api.store.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub") >= 1  # type: ignore[no-untyped-call]
        await events.until("reset")
        job = await api.submit(tenant)
        await events.until_job(job["id"], "pending")


async def test_silence_is_broken_by_heartbeats(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats, "HEARTBEAT_SECONDS", 0.05)
    async with stream(client, "/events") as events:
        await events.next()
        await events.heartbeat()
        await events.heartbeat()


async def test_hostile_content_stays_inside_its_event(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    worker = {"id": "hostile", "host": HOSTILE, "slots": 1}
    answer = await client.post("/leases/extend", json={"worker": worker, "leases": []})
    assert answer.status_code == 200, answer.text
    async with stream(client, "/events") as events:
        while HOSTILE not in {worker["host"] for worker in (await events.until("overview")).data["workers"]}:
            pass
        job = await api.submit(tenant, {"a": HOSTILE}, queue="hostile")
        await events.until_job(job["id"], "pending")
    async with stream(client, f"/jobs/{job['id']}/events") as events:
        assert (await events.next()).data["payload"] == {"a": HOSTILE}
        (lease,) = await api.claim(queues=["hostile"])
        assert (await events.next()).data["state"] == "running"
        await api.finish(lease, "failed", failure="rejected", error={"type": "E", "message": HOSTILE})
        assert (await events.next()).data["error"]["message"] == HOSTILE


async def test_head_gets_the_headers_alone(client: httpx.AsyncClient) -> None:
    answer = await client.head("/events")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "text/event-stream", b"")


async def commands(api: Served) -> int:
    stats = await api.store.client.info("commandstats")
    ours = {"cmdstat_info", "cmdstat_config|resetstat"}
    return sum(stat["calls"] for name, stat in stats.items() if name not in ours)


async def cost_of(api: Served, tenant: str, tabs: int) -> int:
    """Commands that the store serves while some jobs go by and all tabs hear of each change."""
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(stream(api.client, "/events")) for _ in range(tabs)]
        for tab in streams:
            await tab.until("overview")
        await api.store.client.config_resetstat()

        async def all_hear(job_id: str, state: str) -> None:
            await asyncio.gather(*(tab.until_job(job_id, state) for tab in streams))

        for _ in range(3):
            job = await api.submit(tenant, queue="cost")
            await all_hear(job["id"], "pending")
            (lease,) = await api.claim(queues=["cost"])
            await all_hear(job["id"], "running")
            await api.finish(lease, "completed")
            await all_hear(job["id"], "completed")
        return await commands(api)


async def test_the_stores_work_does_not_grow_with_the_number_of_tabs(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "OVERVIEW_EVERY_S", 1_000)  # what comes by the clock would blur the figures
    monkeypatch.setattr(engine_events, "WATCHED_MS", 600_000)
    monkeypatch.setattr(engine_events, "RENEW_S", 300)
    async with serving(store_url, ServerSettings()) as api:
        one = await cost_of(api, "a", 1)
        fifty = await cost_of(api, "a", 50)
    assert one > 50
    assert fifty <= one + 4  # connections of the pool may say who they are on the way


async def test_streams_end_as_the_server_does(store_url: str) -> None:
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(serving(store_url, ServerSettings()))
        job = await api.submit("a")
        async with stream(api.client, "/events") as events, stream(api.client, f"/jobs/{job['id']}/events") as one:
            await events.next()
            await one.next()
            began = time.monotonic()
            api.app.stop_waiting()
            for ending in (events, one):
                with pytest.raises(StopAsyncIteration):
                    while True:
                        await ending.next()
            assert time.monotonic() - began < 10
            # One that comes now ends at once.
            async with stream(api.client, "/events") as late:
                with pytest.raises(StopAsyncIteration):
                    await late.next()
