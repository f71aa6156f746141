"""Tenants: limits and figures."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from fairlane.engine import ranking

from .conftest import Served, fields_of

DEFAULTS = {
    "submitRate": {"limit": 10, "windowSeconds": 60},
    "concurrency": 5,
    "startRate": None,
    "weight": 1,
    "paused": False,
}


async def test_an_unknown_tenant_has_the_defaults(client: httpx.AsyncClient, tenant: str) -> None:
    shown = (await client.get(f"/tenants/{tenant}")).json()
    assert {name: shown[name] for name in DEFAULTS} == DEFAULTS
    assert (shown["id"], shown["customized"], shown["pending"], shown["submitted"]) == (tenant, False, 0, 0)


async def test_limits_left_out_stay_and_null_is_unlimited(client: httpx.AsyncClient, tenant: str) -> None:
    path = f"/tenants/{tenant}"
    changed = (await client.put(path, json={"concurrency": 7, "weight": 2.5})).json()
    assert {name: changed[name] for name in DEFAULTS} == DEFAULTS | {"concurrency": 7, "weight": 2.5}
    assert changed["customized"] is True
    changed = (await client.put(path, json={"submitRate": None, "startRate": {"limit": 3, "windowSeconds": 1}})).json()
    assert (changed["submitRate"], changed["concurrency"]) == (None, 7)
    assert changed["startRate"] == {"limit": 3, "windowSeconds": 1}
    assert (await client.put(path, json={"submitRate": {"limit": 4}})).json()["submitRate"]["windowSeconds"] == 60
    assert (await client.get(path)).json() == (await client.put(path, json={})).json()


async def test_a_change_is_felt_at_once(client: httpx.AsyncClient, tenant: str) -> None:
    await client.put(f"/tenants/{tenant}", json={"submitRate": {"limit": 1, "windowSeconds": 3600}})
    statuses = [(await client.post("/jobs", json={"tenantId": tenant, "payload": 1})).status_code for _ in range(2)]
    assert statuses == [202, 429]
    await client.put(f"/tenants/{tenant}", json={"submitRate": {"limit": 2, "windowSeconds": 3600}})
    assert (await client.post("/jobs", json={"tenantId": tenant, "payload": 1})).status_code == 202


async def test_a_paused_tenant_may_submit_but_not_start(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    assert (await client.post(f"/tenants/{tenant}/pause")).json()["paused"] is True
    job = await api.submit(tenant, queue=tenant)
    assert await api.claim(queues=[tenant]) == []
    assert (await client.get(f"/tenants/{tenant}")).json()["blockedBy"] == "paused"
    assert (await client.get(f"/jobs/{job['id']}/explain")).json()["waitingFor"] == "paused"
    assert (await client.post(f"/tenants/{tenant}/resume")).json()["paused"] is False
    assert [lease["jobId"] for lease in await api.claim(queues=[tenant])] == [job["id"]]


async def test_a_tenant_at_its_limit_says_so(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    await client.put(f"/tenants/{tenant}", json={"concurrency": 1})
    for _ in range(3):
        await api.submit(tenant, queue=tenant)
    assert len(await api.claim(queues=[tenant], max=10)) == 1
    shown = (await client.get(f"/tenants/{tenant}")).json()
    assert (shown["pending"], shown["running"], shown["blockedBy"]) == (2, 1, "concurrency")
    assert shown["blockedUntil"].endswith("Z") if shown["blockedUntil"] else True


async def test_tenants_are_listed_by_page(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    names = sorted(f"{tenant}.{n}" for n in range(5))
    for name in names:
        await api.submit(name)
    found: list[str] = []
    cursor: str | None = tenant
    while cursor is not None and len(found) < 5:
        page = (await client.get("/tenants", params={"limit": 2, "cursor": cursor})).json()
        found += [shown["id"] for shown in page["tenants"]]
        cursor = page["nextCursor"]
    assert found[:5] == names


@pytest.mark.parametrize(
    ("limits", "pointer"),
    [
        ({"submitRate": {"limit": 0}}, "/submitRate/limit"),
        ({"submitRate": {"limit": 10**6}}, "/submitRate/limit"),
        ({"submitRate": {"limit": 1, "windowSeconds": 0}}, "/submitRate/windowSeconds"),
        ({"submitRate": {"limit": 1, "windowSeconds": 1e6}}, "/submitRate/windowSeconds"),
        ({"submitRate": {"windowSeconds": 1}}, "/submitRate/limit"),
        ({"submitRate": 5}, "/submitRate"),
        ({"startRate": "10/1m"}, "/startRate"),
        ({"concurrency": 0}, "/concurrency"),
        ({"concurrency": 1.5}, "/concurrency"),
        ({"concurrency": 10**9}, "/concurrency"),
        ({"weight": 0}, "/weight"),
        ({"weight": None}, "/weight"),
        ({"paused": None}, "/paused"),
        ({"paused": 1}, "/paused"),
        ({"pending": 1}, "/pending"),
    ],
)
async def test_bad_limits_are_named(client: httpx.AsyncClient, limits: dict[str, Any], pointer: str) -> None:
    answer = await client.put("/tenants/t", json=limits)
    assert (answer.status_code, fields_of(answer)) == (422, [pointer])
    assert pointer.rpartition("/")[2] in answer.json()["detail"]


@pytest.mark.parametrize("name", ["a%20b", "%7Bp0%7D", "*", "x" * 129, "%00", "%C3%A9", "a%0D%0Ab"])
async def test_bad_tenant_ids_are_refused(client: httpx.AsyncClient, name: str) -> None:
    for method, path in (("GET", ""), ("PUT", ""), ("POST", "/pause"), ("POST", "/resume")):
        answer = await client.request(method, f"/tenants/{name}{path}", json={} if method == "PUT" else None)
        assert (answer.status_code, fields_of(answer)) == (422, ["/id"])


async def ranked(client: httpx.AsyncClient, sort: str, prefix: str) -> list[str]:
    answer = await client.get("/tenants", params={"sort": sort, "prefix": prefix, "limit": 3})
    assert answer.status_code == 200, answer.text
    assert answer.json()["nextCursor"] is None
    return [found["id"] for found in answer.json()["tenants"]]


async def test_tenants_are_ranked_by_what_they_do(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    """The flooding tenant is the last by id, and behind idle ones."""
    names = {word: f"{tenant}.{n}.{word}" for n, word in enumerate(("idle", "fails", "runs", "paused", "floods"))}
    for name in names.values():
        await client.put(f"/tenants/{name}", json={"submitRate": None})
    for word, jobs in (("fails", 1), ("runs", 3), ("paused", 1), ("floods", 20)):
        queue = f"{tenant}.{word}"
        await asyncio.gather(*(api.submit(names[word], queue=queue, maxAttempts=1) for _ in range(jobs)))
    for lease in await api.claim(max=1, queues=[f"{tenant}.fails"]):
        assert await api.finish(lease, "failed") == "ok"
    await api.claim(max=2, queues=[f"{tenant}.runs"])
    await client.post(f"/tenants/{names['paused']}/pause")
    prefix = f"{tenant}."
    api.clock.advance(1)
    assert await ranked(client, "pending", prefix) == [names["floods"], names["runs"], names["paused"]]
    assert await ranked(client, "running", prefix) == [names["runs"]]
    assert await ranked(client, "failing", prefix) == [names["fails"]]
    assert await ranked(client, "blocked", prefix) == [names["paused"]]
    assert set(await ranked(client, "oldest", prefix)) == {names["floods"], names["runs"], names["paused"]}


async def test_all_tenants_are_ranked_however_many_come_first_by_id(
    api: Served, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tenant: str
) -> None:
    """Two steps a call, with two tenants each: each call goes on where the one before stopped."""
    monkeypatch.setattr(ranking, "TENANTS_A_STEP", 2)
    for walks in api.engine.measures._rankings.values():
        monkeypatch.setattr(walks[0]._walk, "steps", 2)
    for n in range(9):
        await client.put(f"/tenants/{tenant}.{n}", json={})
    last = f"zzz.{tenant}"
    await client.put(f"/tenants/{last}", json={"submitRate": None, "concurrency": None})
    await asyncio.gather(*(api.submit(last, queue=tenant) for _ in range(50)))
    await api.claim(max=50, queues=[tenant])
    known = len(await all_tenants(client))
    first: list[str] = []
    for _ in range(known // 4 + 2):
        answer = await client.get("/tenants", params={"sort": "running", "limit": 1})
        first = [found["id"] for found in answer.json()["tenants"]]
    assert first == [last]


async def all_tenants(client: httpx.AsyncClient) -> list[str]:
    found: list[str] = []
    params: dict[str, Any] = {"limit": 100}
    while True:
        page = (await client.get("/tenants", params=params)).json()
        found += [tenant["id"] for tenant in page["tenants"]]
        if page["nextCursor"] is None:
            return found
        params["cursor"] = page["nextCursor"]


async def test_a_sorted_list_has_no_cursor(client: httpx.AsyncClient) -> None:
    answer = await client.get("/tenants", params={"sort": "pending", "cursor": "acme"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/cursor")
    assert (await client.get("/tenants", params={"sort": "size"})).status_code == 422
