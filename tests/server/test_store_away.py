"""A store that does not answer: 503 and a time to come back, never a hang."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import httpx
import pytest

from fairlane.server.streams import heartbeats

from .conftest import Served, fields_of
from .streams import stream


@pytest.fixture
def silent_store(api: Served) -> Iterator[None]:
    """The store's process is stopped while the test runs."""
    assert api.store.server is not None
    pid = api.store.server.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.usefixtures("silent_store")
async def test_calls_fail_in_time(client: httpx.AsyncClient) -> None:
    began = time.monotonic()
    assert (await client.get("/livez")).status_code == 200
    for method, path, body in (
        ("GET", "/readyz", None),
        ("POST", "/jobs", {"tenantId": "away", "payload": 1}),
        ("POST", "/jobs/batch", {"jobs": [{"tenantId": "away", "payload": 1}]}),
    ):
        answer = await client.request(method, path, json=body)
        assert (answer.status_code, fields_of(answer)) == (503, [])
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["type"] == "urn:fairlane:problem:store_unavailable"
    assert time.monotonic() - began < 30


async def test_and_work_again_afterwards(client: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + 30
    while (await client.get("/readyz")).status_code != 200:
        assert time.monotonic() < deadline
    assert (await client.post("/jobs", json={"tenantId": "away", "payload": 1})).status_code == 202


async def test_a_stream_that_is_opened_meanwhile_begins_when_it_is_back(
    api: Served, client: httpx.AsyncClient, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, "HEARTBEAT_SECONDS", 0.1)
    assert api.store.server is not None
    pid = api.store.server.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        async with stream(client, "/events") as events:
            await events.heartbeat()
            assert (await client.get("/overview")).status_code == 503
            os.kill(pid, signal.SIGCONT)
            await events.until("reset")
            job = await api.submit(tenant)
            await events.until_job(job["id"], "pending")
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_full_store_takes_no_jobs_but_ends_them(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    await api.submit(tenant, queue=tenant)
    await api.store.client.config_set("maxmemory", "1")
    try:
        answer = await client.post("/jobs", json={"tenantId": tenant, "payload": 1})
        assert (answer.status_code, fields_of(answer)) == (507, [])
        assert answer.headers["retry-after"] == "1"
        (lease,) = await api.claim(queues=[tenant])
        assert await api.finish(lease, "completed") == "ok"
    finally:
        await api.store.client.config_set("maxmemory", "0")
    assert (await client.post("/jobs", json={"tenantId": tenant, "payload": 1})).status_code == 202
