"""The submission rate and its headers."""

from __future__ import annotations

import asyncio

import httpx

from .conftest import Served, fields_of


async def post(client: httpx.AsyncClient, tenant: str) -> httpx.Response:
    return await client.post("/jobs", json={"tenantId": tenant, "payload": None})


async def test_the_eleventh_submission_in_a_minute_is_refused(
    api: Served, client: httpx.AsyncClient, tenant: str
) -> None:
    for left in range(9, -1, -1):
        answer = await post(client, tenant)
        assert answer.status_code == 202
        assert answer.headers["ratelimit-policy"] == '"submit";q=10;w=60'
        assert answer.headers["ratelimit"].startswith(f'"submit";r={left};t=')
    api.clock.advance(29.5)
    refused = await post(client, tenant)
    assert refused.status_code == 429
    assert fields_of(refused) == []
    assert refused.json()["type"] == "urn:fairlane:problem:rate_limited"
    assert refused.headers["retry-after"] == "31"
    assert refused.json()["retryAfter"] == 31
    assert refused.headers["ratelimit"] == '"submit";r=0;t=31'
    assert refused.headers["ratelimit-policy"] == '"submit";q=10;w=60'
    api.clock.advance(31)
    assert (await post(client, tenant)).status_code == 202


async def test_a_hundred_at_once_admit_ten(client: httpx.AsyncClient, tenant: str) -> None:
    answers = await asyncio.gather(*(post(client, tenant) for _ in range(100)))
    assert sorted(answer.status_code for answer in answers) == [202] * 10 + [429] * 90
    assert (await client.get("/jobs/metrics", params={"tenantId": tenant})).json()["submitted"] == 10


async def test_a_tenant_without_a_rate_has_no_headers(client: httpx.AsyncClient, free_tenant: str) -> None:
    answer = await post(client, free_tenant)
    assert answer.status_code == 202
    assert not {"ratelimit", "ratelimit-policy"} & set(answer.headers)


async def test_refused_input_is_not_counted(client: httpx.AsyncClient, tenant: str) -> None:
    for _ in range(20):
        assert (await client.post("/jobs", json={"tenantId": tenant})).status_code == 422
    assert (await client.get(f"/tenants/{tenant}")).json()["submitRateUsed"] == 0
