"""Making jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from fairlane.model.job import MAX_HEADERS_BYTES

from .conftest import START_US, SWELLING_HEADERS, Served, fields_of

NOW = datetime.fromtimestamp(START_US / 1_000_000, UTC)


async def test_a_job_is_accepted_and_shown(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    answer = await client.post("/jobs", json={"tenantId": tenant, "payload": {"a": [1, None]}})
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/jobs/{job['id']}"
    assert (job["tenantId"], job["queue"], job["task"], job["state"]) == (tenant, "default", "default", "pending")
    assert (job["priority"], job["attempt"], job["maxAttempts"], job["timeoutSeconds"]) == (0, 0, 3, 300)
    assert datetime.fromisoformat(job["createdAt"]) == NOW
    assert (await client.get(answer.headers["location"])).json() == job


async def test_what_is_answered_is_what_is_stored(api: Served, tenant: str) -> None:
    job = await api.submit(
        tenant,
        {"x": 1},
        task="mail:send",
        queue="reports",
        priority=9,
        maxAttempts=7,
        timeoutSeconds=12.5,
        key="report-42",
        headers={"traceparent": "00-ab", "é": "ü"},
        backoff={"baseSeconds": 0.5, "capSeconds": 2},
    )
    assert job == await api.job(job["id"])
    assert (job["task"], job["queue"], job["priority"], job["key"]) == ("mail:send", "reports", 9, "report-42")
    assert job["headers"] == {"traceparent": "00-ab", "é": "ü"}


@pytest.mark.parametrize("when", [{"delaySeconds": 60.5}, {"runAt": (NOW + timedelta(seconds=60.5)).isoformat()}])
async def test_a_delayed_job_is_scheduled(api: Served, tenant: str, when: dict[str, Any]) -> None:
    job = await api.submit(tenant, **when)
    assert job["state"] == "scheduled"
    assert datetime.fromisoformat(job["runAt"]) == NOW + timedelta(seconds=60.5)
    assert job == await api.job(job["id"])


async def test_a_time_that_has_passed_runs_at_once(api: Served, tenant: str) -> None:
    for when in ("0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2020-01-01T00:00:00+02:00"):
        assert (await api.submit(tenant, runAt=when))["state"] == "pending"


async def test_a_business_key_makes_one_unfinished_job(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    first = await api.submit(tenant, 1, key="k")
    again = await client.post("/jobs", json={"tenantId": tenant, "payload": 2, "key": "k"})
    assert (again.status_code, again.json()) == (200, first)
    assert "idempotency-replayed" not in again.headers
    assert "location" not in again.headers


async def test_a_client_may_choose_the_id_and_repeat(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    body = {"tenantId": tenant, "payload": 1, "id": "00" + "0123456789ab" * 2}
    answers = [await client.post("/jobs", json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["id"] == body["id"]
    assert (await client.get("/jobs/metrics", params={"tenantId": tenant})).json()["submitted"] == 1
    for other in ({"tenantId": tenant + "x"}, {"payload": 2}):
        refused = await client.post("/jobs", json=body | other)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:fairlane:problem:id_taken")
        assert tenant not in refused.text  # whose it is stays hidden


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"tenantId": ""}, "/tenantId"),
        ({"tenantId": "a b"}, "/tenantId"),
        ({"tenantId": "."}, "/tenantId"),
        ({"queue": ".."}, "/queue"),
        ({"task": ".."}, "/task"),
        ({"tenantId": "a}:b"}, "/tenantId"),
        ({"tenantId": "a\n"}, "/tenantId"),
        ({"tenantId": "a\x00"}, "/tenantId"),
        ({"tenantId": "é"}, "/tenantId"),
        ({"tenantId": "x" * 129}, "/tenantId"),
        ({"tenantId": 5}, "/tenantId"),
        ({"tenantId": None}, "/tenantId"),
        ({"task": "*"}, "/task"),
        ({"task": ""}, "/task"),
        ({"queue": "../x"}, "/queue"),
        ({"queue": None}, "/queue"),
        ({"priority": -1}, "/priority"),
        ({"priority": 10}, "/priority"),
        ({"priority": 1.5}, "/priority"),
        ({"priority": True}, "/priority"),
        ({"priority": "5"}, "/priority"),
        ({"delaySeconds": -1}, "/delaySeconds"),
        ({"delaySeconds": 1e12}, "/delaySeconds"),
        ({"runAt": "tomorrow"}, "/runAt"),
        ({"runAt": "2030-01-01T00:00:00"}, "/runAt"),
        ({"runAt": "9999-12-31T23:59:59Z"}, "/runAt"),
        ({"runAt": "9999-12-31T23:59:59-14:00"}, "/runAt"),
        ({"runAt": "2026-12-01T00:00:00Z", "delaySeconds": 1}, "/runAt"),
        ({"maxAttempts": 0}, "/maxAttempts"),
        ({"maxAttempts": 101}, "/maxAttempts"),
        ({"timeoutSeconds": 0}, "/timeoutSeconds"),
        ({"timeoutSeconds": 86_401}, "/timeoutSeconds"),
        ({"key": ""}, "/key"),
        ({"key": "a b"}, "/key"),
        ({"key": "x" * 256}, "/key"),
        ({"headers": {"a": 1}}, "/headers"),
        ({"headers": {"a": "x" * (MAX_HEADERS_BYTES - len('{"a":""}') + 1)}}, "/headers"),
        ({"headers": {"a": "\x01" * 2000}}, "/headers"),
        ({"headers": SWELLING_HEADERS}, "/headers"),
        ({"headers": []}, "/headers"),
        ({"tags": "import"}, "/tags"),
        ({"tags": ["a b"]}, "/tags/0"),
        ({"tags": ["a", "x" * 65]}, "/tags/1"),
        ({"tags": ["a", "a"]}, "/tags"),
        ({"tags": [f"t{n}" for n in range(11)]}, "/tags"),
        ({"backoff": {"baseSeconds": 5, "capSeconds": 1}}, "/backoff/baseSeconds"),
        ({"backoff": {"base": 5}}, "/backoff/base"),
        ({"id": "x"}, "/id"),
        ({"id": "ff" + "0" * 24}, "/id"),
        ({"nonsense": 1}, "/nonsense"),
        ({"tenant_id": "a"}, "/tenant_id"),
        ({"a/b~c": 1}, "/a~1b~0c"),
    ],
)
async def test_a_bad_field_is_named(client: httpx.AsyncClient, fields: dict[str, Any], pointer: str) -> None:
    answer = await client.post("/jobs", json={"tenantId": "never", "payload": 1, **fields})
    assert answer.status_code == 422, answer.text
    assert fields_of(answer)[0].startswith(pointer)


@pytest.mark.parametrize(("body", "pointer"), [({"tenantId": "a"}, "/payload"), ({"payload": 1}, "/tenantId")])
async def test_a_missing_field_is_named(client: httpx.AsyncClient, body: dict[str, Any], pointer: str) -> None:
    answer = await client.post("/jobs", json=body)
    assert (answer.status_code, fields_of(answer)) == (422, [pointer])


async def test_refused_jobs_leave_no_trace(client: httpx.AsyncClient) -> None:
    tenants = (await client.get("/tenants", params={"limit": 100})).json()["tenants"]
    assert "never" not in {tenant["id"] for tenant in tenants}


async def test_long_names_are_not_echoed_in_full(client: httpx.AsyncClient) -> None:
    answer = await client.post("/jobs", json={"tenantId": "a", "payload": 1, "x" * 200_000: 1})
    assert answer.status_code == 422
    assert len(answer.content) < 2_000
