"""Idempotency keys."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from .conftest import Served, fields_of


async def post(client: httpx.AsyncClient, key: str | bytes, content: bytes | str) -> httpx.Response:
    headers: list[tuple[bytes, bytes]] = [(b"idempotency-key", key.encode() if isinstance(key, str) else key)]
    return await client.post("/jobs", content=content, headers=headers)


async def test_a_repeat_returns_the_first_job(client: httpx.AsyncClient, tenant: str) -> None:
    first = await post(client, "k", f'{{"tenantId": "{tenant}", "payload": {{"a": 1.0, "b": [ ]}}}}')
    again = await post(client, "k", f'{{"payload":{{"a":1.0,"b":[]}},"tenantId":"{tenant}","queue":"default"}}')
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


@pytest.mark.parametrize(
    "change",
    [
        {"payload": {"a": 2}},
        {"payload": {"a": "1"}},
        {"payload": {"a": 1.0}},
        {"task": "other"},
        {"queue": "other"},
        {"priority": 1},
        {"delaySeconds": 1},
        {"maxAttempts": 4},
        {"timeoutSeconds": 4},
        {"key": "x"},
        {"headers": {"a": "b"}},
        {"backoff": {"baseSeconds": 2}},
    ],
)
async def test_another_body_is_refused(client: httpx.AsyncClient, tenant: str, change: dict[str, Any]) -> None:
    body = {"tenantId": tenant, "payload": {"a": 1}}
    headers = {"Idempotency-Key": "k"}
    assert (await client.post("/jobs", json=body, headers=headers)).status_code == 202
    answer = await client.post("/jobs", json=body | change, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:fairlane:problem:idempotency_mismatch"


async def test_a_repeat_counts_against_no_limit(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    body = f'{{"tenantId":"{tenant}","payload":1}}'
    assert {(await post(client, "k", body)).status_code for _ in range(30)} == {202, 200}
    shown = (await client.get(f"/tenants/{tenant}")).json()
    assert (shown["submitted"], shown["submitRateUsed"]) == (1, 1)


async def test_a_hundred_at_once_make_one_job(client: httpx.AsyncClient, tenant: str) -> None:
    body = f'{{"tenantId":"{tenant}","payload":1}}'
    answers = await asyncio.gather(*(post(client, "k", body) for _ in range(100)))
    assert sorted(answer.status_code for answer in answers) == [200] * 99 + [202]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_keys_belong_to_tenants(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    body = f'{{"tenantId":"{tenant}","payload":1}}'
    first = await post(client, "k", body)
    assert (await post(client, "k", body.replace(tenant, tenant + "-b"))).status_code == 202
    assert (await post(client, "k", body)).json()["id"] == first.json()["id"]


async def test_a_repeat_after_the_job_was_forgotten(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    body = f'{{"tenantId":"{tenant}","payload":{{"n":1}},"queue":"{tenant}"}}'
    first = (await post(client, "k", body)).json()
    (lease,) = await api.claim(queues=[tenant])
    assert await api.finish(lease, "completed") == "ok"
    api.clock.advance(2 * 3600)
    await api.engine.maintenance.prune(100)
    assert (await client.get(f"/jobs/{first['id']}")).status_code == 404
    again = await post(client, "k", body)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    job = again.json()
    assert (job["id"], job["payload"], job["state"], job["reason"]) == (first["id"], {"n": 1}, "completed", "forgotten")


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é", b"\xff", "a\tb"])
async def test_a_bad_key_is_refused(client: httpx.AsyncClient, key: str | bytes) -> None:
    answer = await post(client, key, '{"tenantId":"never","payload":1}')
    assert (answer.status_code, fields_of(answer)) == (422, ["/Idempotency-Key"])


async def test_the_longest_key_is_taken(client: httpx.AsyncClient, tenant: str) -> None:
    key = "".join(map(chr, range(0x21, 0x7F))) + "~" * (255 - 94)
    assert (await post(client, key, f'{{"tenantId":"{tenant}","payload":1}}')).status_code == 202
