"""Bulk calls over real HTTP: their JSON, and what they refuse."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from fairlane.model.job import MAX_BATCH
from tests.support.acting import submit

from .conftest import Served, fields_of

MANY = 10 * MAX_BATCH
"""Jobs, which a call changes in a hundred scripts."""


async def failed_job(api: Served, tenant: str) -> str:
    made = await api.submit(tenant, queue=tenant, maxAttempts=1)
    (lease,) = await api.claim(queues=[tenant])
    await api.finish(lease, "failed")
    return str(made["id"])


async def test_ids_and_filters(api: Served, client: httpx.AsyncClient, free_tenant: str) -> None:
    failed = [await failed_job(api, free_tenant) for _ in range(3)]
    answer = await client.post("/jobs/actions", json={"action": "retry", "ids": failed[:1]})
    assert (answer.status_code, answer.json()) == (200, {"count": 1, "more": False, "nextCursor": None})
    wanted = {"action": "delete", "filter": {"state": "failed", "tenantId": free_tenant}, "limit": 1}
    first = (await client.post("/jobs/actions", json=wanted)).json()
    assert (first["count"], first["more"]) == (1, True)
    last = (await client.post("/jobs/actions", json=wanted | {"cursor": first["nextCursor"]})).json()
    assert last["count"] == 1
    everything = {"action": "cancel", "filter": {"tenantId": free_tenant}}
    assert (await client.post("/jobs/actions", json=everything)).json()["count"] == 1
    assert (await api.job(failed[0]))["state"] == "cancelled"


async def test_the_dead_letter_queue_has_calls_of_its_own(
    api: Served, client: httpx.AsyncClient, free_tenant: str
) -> None:
    for _ in range(3):
        await failed_job(api, free_tenant)
    sent = await client.post(f"/jobs/dlq/retry?tenantId={free_tenant}&limit=1")
    assert (sent.json()["count"], sent.json()["more"]) == (1, True)
    for mistyped in (f"tenant={free_tenant}", f"tenantid={free_tenant}&limit=1"):
        refused = await client.delete(f"/jobs/dlq?{mistyped}")
        assert (refused.status_code, fields_of(refused)) == (422, ["/" + mistyped.partition("=")[0]])
        assert (await client.post(f"/jobs/dlq/retry?{mistyped}")).status_code == 422
    assert (await client.delete(f"/jobs/dlq?tenantId={free_tenant}")).json()["count"] == 2


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"action": "retry"}, "/filter"),
        ({"action": "retry", "ids": []}, "/ids"),
        ({"action": "retry", "ids": ["0" * 25]}, "/ids/0"),
        ({"action": "retry", "ids": ["0" * 26], "filter": {}}, "/ids"),
        ({"action": "retry", "ids": ["0" * 26] * 1001}, "/ids"),
        ({"action": "forget", "filter": {}}, "/action"),
        ({"action": "retry", "filter": {"state": "running"}}, "/filter/state"),
        ({"action": "retry", "filter": {"state": None}}, "/filter/state"),
        ({"action": "retry", "filter": {"tenant": "a"}}, "/filter/tenant"),
        ({"action": "retry", "filter": {"tenantId": "*"}}, "/filter/tenantId"),
        ({"action": "retry", "filter": {"createdTo": "soon"}}, "/filter/createdTo"),
        ({"action": "retry", "filter": {}, "limit": 0}, "/limit"),
        ({"action": "retry", "filter": {}, "limit": 10_001}, "/limit"),
        ({"action": "retry", "filter": {}, "cursor": "x"}, "/cursor"),
    ],
)
async def test_what_cannot_be_is_refused(client: httpx.AsyncClient, body: dict[str, Any], pointer: str) -> None:
    answer = await client.post("/jobs/actions", json=body)
    assert (answer.status_code, fields_of(answer)) == (422, [pointer])


async def test_a_change_of_many_jobs_ends_when_its_client_is_gone(
    api: Served, client: httpx.AsyncClient, free_tenant: str
) -> None:
    for _ in range(MANY // MAX_BATCH):
        await submit(api.engine, free_tenant, MAX_BATCH, queue=free_tenant)
    body = json.dumps({"action": "cancel", "filter": {"tenantId": free_tenant}, "limit": MANY}).encode()
    head = b"POST /jobs/actions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body)

    async def left() -> int:
        counts = (await client.get(f"/jobs/counts?tenantId={free_tenant}")).json()
        return int(counts["pending"])

    _, writer = await asyncio.open_connection(api.host, api.port)
    writer.write(head + body)
    while await left() == MANY:
        pass
    writer.close()
    await writer.wait_closed()
    await left()  # the server has seen that the client is gone
    before = await left()
    for _ in range(20):
        await left()
    assert 0 < await left() == before
