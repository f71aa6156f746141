"""Claims that wait: for work, for clients that have gone, and for a server that stops."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest

from fairlane.rest import leases

from .conftest import Served, until


async def until_listening(api: Served, claim_id: str) -> None:
    """Return once a claim waits at the server."""
    await until(lambda: claim_id in api.app.context.claims)


def waiting_claim(api: Served, queue: str, claim_id: str, seconds: float = 20) -> asyncio.Task[httpx.Response]:
    body = {"workerId": "w1", "queues": [queue], "max": 5, "waitSeconds": seconds, "claimId": claim_id}
    return asyncio.create_task(api.client.post("/leases", json=body, timeout=40))


async def test_a_claim_waits_for_its_first_job(api: Served, tenant: str) -> None:
    took = []
    for n in range(3):  # the machine may be busy: once is enough to show that it is woken
        claim_id = f"c{n}-{tenant}"
        claim = waiting_claim(api, tenant, claim_id)
        await until_listening(api, claim_id)
        began = time.monotonic()
        job = await api.submit(tenant, queue=tenant)
        answer = await claim
        assert [lease["jobId"] for lease in answer.json()["leases"]] == [job["id"]]
        took.append(time.monotonic() - began)
        assert claim_id not in api.app.context.claims
    assert min(took) < 1, took


async def test_a_claim_gives_up_in_time(api: Served, tenant: str) -> None:
    began = time.monotonic()
    answer = await waiting_claim(api, tenant, "c", seconds=0.3)
    assert answer.json() == {"leases": []}
    assert 0.25 < time.monotonic() - began < 15


async def test_a_longer_wait_is_answered_at_the_bound(
    api: Served, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "MAX_WAIT_SECONDS", 0.3)
    async with asyncio.timeout(15):
        answer = await waiting_claim(api, tenant, f"c-{tenant}", seconds=25)
    assert answer.json() == {"leases": []}


async def test_a_client_that_has_gone_keeps_no_job(api: Served, tenant: str) -> None:
    claim_id = f"c-{tenant}"
    body = json.dumps({"workerId": "gone", "queues": [tenant], "waitSeconds": 20, "claimId": claim_id}).encode()
    _, writer = await asyncio.open_connection(api.host, api.port)
    writer.write(b"POST /leases HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
    await until_listening(api, claim_id)
    writer.transport.abort()
    job = await api.submit(tenant, queue=tenant)
    await until(lambda: claim_id not in api.app.context.claims)
    shown = await api.job(job["id"])
    assert shown["state"] == "pending"
    (lease,) = await api.claim(queues=[tenant])
    assert (lease["jobId"], lease["attempt"]) == (job["id"], 1)


async def test_a_client_that_comes_back_takes_its_claim_over(api: Served, tenant: str) -> None:
    claim_id = f"c-{tenant}"
    lost = waiting_claim(api, tenant, claim_id)
    await until_listening(api, claim_id)
    first = api.app.context.claims[claim_id]
    lost.cancel()
    again = waiting_claim(api, tenant, claim_id)
    await until(lambda: api.app.context.claims.get(claim_id) not in {first, None})
    job = await api.submit(tenant, queue=tenant)
    (lease,) = (await again).json()["leases"]
    assert await api.finish(lease, "completed") == "ok"
    assert (await api.job(job["id"]))["state"] == "completed"


async def test_many_claims_share_the_work(api: Served, free_tenant: str) -> None:
    claims = [waiting_claim(api, free_tenant, f"c{n}-{free_tenant}") for n in range(20)]
    for n in range(20):
        await until_listening(api, f"c{n}-{free_tenant}")
    made = {(await api.submit(free_tenant, n, queue=free_tenant))["id"] for n in range(20)}
    got: list[str] = []
    for claim in asyncio.as_completed(claims, timeout=20):
        got += [lease["jobId"] for lease in (await claim).json()["leases"]]
        if len(got) == len(made):
            break
    assert sorted(got) == sorted(made)
    for waiting in claims:
        waiting.cancel()


async def test_waits_end_when_the_server_stops(api: Served, tenant: str) -> None:
    claim = waiting_claim(api, tenant, f"c-{tenant}")
    await until_listening(api, f"c-{tenant}")
    api.app.stop_waiting()
    began = time.monotonic()
    assert (await claim).json() == {"leases": []}
    assert time.monotonic() - began < 15
    api.app.context.stopping.clear()
