"""Making many jobs in one call."""

from __future__ import annotations

from typing import Any

import httpx

from .conftest import SWELLING_HEADERS, Served, fields_of


async def send(client: httpx.AsyncClient, jobs: list[Any]) -> list[dict[str, Any]]:
    answer = await client.post("/jobs/batch", json={"jobs": jobs})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    assert len(results) == len(jobs)
    return results


async def test_each_item_has_its_own_answer(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    good = {"tenantId": tenant, "payload": {"n": 1}}
    results = await send(
        client,
        [
            good,
            {"tenantId": "a b", "payload": 1},
            {"tenantId": tenant},
            7,
            good | {"idempotencyKey": "k", "payload": 2},
            good | {"idempotencyKey": "k", "payload": 2},
            good | {"idempotencyKey": "k", "payload": 3},
            good | {"idempotencyKey": "k k"},
            good | {"payload": "x" * 300_000},
            good | {"headers": SWELLING_HEADERS},
        ],
    )
    assert [result["status"] for result in results] == [202, 422, 422, 422, 202, 200, 422, 422, 413, 422]
    pointers = [[error["pointer"] for error in result.get("problem", {}).get("errors", [])] for result in results]
    assert pointers[1:4] == [["/jobs/1/tenantId"], ["/jobs/2/payload"], ["/jobs/3"]]
    assert pointers[7:] == [["/jobs/7/idempotencyKey"], ["/jobs/8/payload"], ["/jobs/9/headers"]]
    assert results[6]["problem"]["type"] == "urn:fairlane:problem:idempotency_mismatch"
    assert results[4]["job"]["id"] == results[5]["job"]["id"]
    assert await api.job(results[0]["job"]["id"]) == results[0]["job"]


async def test_the_rate_counts_each_item(client: httpx.AsyncClient, tenant: str) -> None:
    results = await send(client, [{"tenantId": tenant, "payload": n} for n in range(13)])
    assert [result["status"] for result in results] == [202] * 10 + [429] * 3
    assert results[10]["problem"]["retryAfter"] == 60


async def test_a_thousand_jobs_come_back_in_order(client: httpx.AsyncClient, free_tenant: str) -> None:
    results = await send(client, [{"tenantId": free_tenant, "payload": n} for n in range(1_000)])
    assert [result["job"]["payload"] for result in results] == list(range(1_000))
    too_many = await client.post("/jobs/batch", json={"jobs": [{"tenantId": free_tenant, "payload": 1}] * 1_001})
    assert (too_many.status_code, fields_of(too_many)) == (422, ["/jobs"])


async def test_none_is_none(client: httpx.AsyncClient) -> None:
    assert await send(client, []) == []


async def test_a_batch_that_is_no_batch_is_refused(client: httpx.AsyncClient) -> None:
    for body in ("[]", "{}", '{"jobs": {}}', '{"jobs": [], "x": 1}'):
        assert (await client.post("/jobs/batch", content=body)).status_code == 422
    assert (await client.post("/jobs/batch", content=b'{"jobs": [1,')).status_code == 400
