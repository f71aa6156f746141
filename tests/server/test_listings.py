"""Listings, search and totals."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Served, fields_of


async def ids(client: httpx.AsyncClient, path: str, **params: Any) -> list[str]:
    """The ids of a whole listing, page by page."""
    found: list[str] = []
    while True:
        answer = await client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert set(page) == {"jobs", "nextCursor"}
        found += [job["id"] for job in page["jobs"]]
        if page["nextCursor"] is None:
            return found
        params["cursor"] = page["nextCursor"]


async def test_each_state_has_its_listing(api: Served, client: httpx.AsyncClient, free_tenant: str) -> None:
    made: dict[str, str] = {}

    async def run(name: str, outcome: str | None, **fields: Any) -> None:
        job = await api.submit(free_tenant, queue=free_tenant, maxAttempts=1, **fields)
        (lease,) = await api.claim(queues=[free_tenant])
        if outcome:
            assert await api.finish(lease, outcome) == "ok"
        made[name] = job["id"]

    await run("completed", "completed")
    await run("dlq", "failed")
    await run("cancelled", "cancelled")
    await run("running", None)
    made["scheduled"] = (await api.submit(free_tenant, delaySeconds=60))["id"]
    made["pending"] = (await api.submit(free_tenant))["id"]
    for name, job_id in made.items():
        assert await ids(client, f"/jobs/{name}", tenantId=free_tenant) == [job_id]
    assert set(await ids(client, "/jobs", tenantId=free_tenant)) == set(made.values())
    assert await ids(client, "/jobs", tenantId=free_tenant, state="failed") == [made["dlq"]]
    counts = (await client.get("/jobs/counts", params={"tenantId": free_tenant})).json()
    assert counts == dict.fromkeys(("scheduled", "pending", "running", "completed", "failed", "cancelled"), 1)
    assert (await client.get("/jobs/metrics", params={"tenantId": free_tenant})).json() == {
        "submitted": 6,
        "completed": 1,
        "failed": 1,
        "retried": 0,
    }


async def test_pages_cover_everything_once(api: Served, client: httpx.AsyncClient, free_tenant: str) -> None:
    made = [(await api.submit(free_tenant, n))["id"] for n in range(7)]
    for limit in (1, 3, 7, 100):
        assert await ids(client, "/jobs/pending", tenantId=free_tenant, limit=limit) == made


async def test_filters_narrow(api: Served, client: httpx.AsyncClient, free_tenant: str) -> None:
    plain = await api.submit(free_tenant)
    other = await api.submit(free_tenant, queue="q2", task="t2", key="k2")
    assert await ids(client, "/jobs/pending", tenantId=free_tenant, queue="q2") == [other["id"]]
    assert await ids(client, "/jobs/pending", tenantId=free_tenant, task="default") == [plain["id"]]
    assert await ids(client, "/jobs", tenantId=free_tenant, key="k2") == [other["id"]]
    api.clock.advance(10)
    later = await api.submit(free_tenant)
    assert await ids(client, "/jobs", tenantId=free_tenant, createdFrom=later["createdAt"]) == [later["id"]]
    before = await ids(client, "/jobs", tenantId=free_tenant, createdTo=later["createdAt"])
    assert set(before) == {plain["id"], other["id"]}


async def test_an_unknown_tenant_has_no_jobs(client: httpx.AsyncClient, tenant: str) -> None:
    for path in ("/jobs", "/jobs/pending", "/jobs/dlq", "/jobs/scheduled"):
        assert (await client.get(path, params={"tenantId": tenant})).json() == {"jobs": [], "nextCursor": None}
    assert (await client.get("/jobs/metrics", params={"tenantId": tenant})).json()["submitted"] == 0


@pytest.mark.parametrize("path", ["/jobs", "/jobs/pending", "/jobs/running", "/jobs/completed", "/jobs/dlq"])
@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=x", "/limit"),
        ("limit=", "/limit"),
        ("limit=0", "/limit"),
        ("limit=-1", "/limit"),
        ("limit=101", "/limit"),
        ("limit=1.5", "/limit"),
        ("limit=" + "9" * 5000, "/limit"),
        ("limit=%00", "/limit"),
        ("tenantId=", "/tenantId"),
        ("tenantId=a%20b", "/tenantId"),
        ("tenantId=%7B%7D", "/tenantId"),
        ("tenantId=%00", "/tenantId"),
        ("queue=*", "/queue"),
        ("task=..%2Fx", "/task"),
        ("cursor=x", "/cursor"),
        ("cursor=%F0%9F%98%80", "/cursor"),
        ("cursor=AAAA", "/cursor"),
        ("cursor=" + "A" * 1001, "/cursor"),
    ],
)
async def test_bad_parameters_are_named(client: httpx.AsyncClient, path: str, query: str, pointer: str) -> None:
    answer = await client.get(f"{path}?{query}")
    assert (answer.status_code, fields_of(answer)) == (422, [pointer])


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("state=done", "/state"),
        ("state=null", "/state"),
        ("createdFrom=null", "/createdFrom"),
        ("createdFrom=1700000000", "/createdFrom"),
        ("key=a%20b", "/key"),
        ("createdFrom=yesterday", "/createdFrom"),
        ("createdTo=2026-01-01T00:00:00", "/createdTo"),
        ("createdTo=9999-12-31T23:59:59-14:00", "/createdTo"),
        ("createdFrom=0001-01-01T00:00:00%2B14:00", "/createdFrom"),
    ],
)
async def test_bad_search_parameters_are_named(client: httpx.AsyncClient, query: str, pointer: str) -> None:
    answer = await client.get(f"/jobs?{query}")
    assert (answer.status_code, fields_of(answer)) == (422, [pointer])


@pytest.mark.parametrize("query", ["tenantId=a&tenantId=b", "tenantId=a&limit=1&tenantId=a", "tenantId=&tenantId=a"])
async def test_repeated_parameters_are_refused(client: httpx.AsyncClient, query: str) -> None:
    for answer in (await client.get(f"/jobs?{query}"), await client.delete(f"/jobs/dlq?{query}")):
        assert (answer.status_code, fields_of(answer)) == (422, ["/tenantId"])
        assert answer.json()["errors"][0]["detail"] == "the query parameter 'tenantId' is given more than once"


@pytest.mark.parametrize("path", ["/jobs", "/jobs/pending", "/jobs/metrics", "/tenants", "/schedules", "/history"])
async def test_unknown_parameters_are_refused_by_name(client: httpx.AsyncClient, path: str) -> None:
    for query, pointer in (("color=blue", "/color"), ("tenantid=a", "/tenantid"), ("&x", "/x"), ("=", "/")):
        answer = await client.get(f"{path}?{query}")
        assert (answer.status_code, fields_of(answer)) == (422, [pointer])
    assert (
        "there is no query parameter 'color'; there are tenantId, queue"
        in (await client.get("/jobs/pending?color=blue")).json()["detail"]
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/queues"),
        ("GET", "/workers"),
        ("GET", "/overview"),
        ("GET", "/events"),
        ("GET", "/tenants/a"),
        ("POST", "/tenants/a/pause"),
        ("DELETE", "/workers/w"),
    ],
)
async def test_calls_without_parameters_refuse_all(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, f"{path}?limit=1")
    assert (answer.status_code, fields_of(answer)) == (422, ["/limit"])
    assert "this call takes none" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/ui", "/ui/jobs", "/docs", "/livez", "/readyz", "/metrics"])
async def test_pages_and_probes_take_what_callers_add(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"{path}?color=blue&&=")).status_code == 200


@pytest.mark.parametrize("query", ["tenantId=%ff", "limit=%e2%82", "%ff=1"])
async def test_parameters_that_are_no_utf_8_are_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/jobs?{query}")).status_code == 422
