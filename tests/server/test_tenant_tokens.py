"""A tenant's token: the tenant's own work, and nothing that tells about others."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from fairlane.model.ids import new_job_id
from fairlane.model.token import TokenKind

from .holders import Holders, holding, store_work, told
from .streams import stream

CRON = {"cron": "0 3 * * *", "payload": {"secret": "of the schedule"}}


@pytest.fixture(scope="module")
async def holders(store_url: str) -> AsyncIterator[Holders]:
    async with holding(store_url) as found:
        for tenant in ("acme", "globex"):
            await found["admin"].put(f"/tenants/{tenant}", json={"submitRate": None, "concurrency": None})
        yield found


async def submit(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/jobs", json={"payload": {"secret": "of the job"}} | fields)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


async def failed_job(holders: Holders, owner: str, **fields: Any) -> str:
    """The id of a job that a worker ran and that is in the dead letter queue."""
    job_id: str = (await submit(holders[owner], queue="mail", maxAttempts=1, **fields))["id"]
    while True:
        claimed = await holders["worker"].post("/leases", json={"workerId": "w1", "max": 50})
        lease = next(lease for lease in claimed.json()["leases"] if lease["jobId"] == job_id)
        error = {"type": "ValueError", "message": "no", "traceback": "File /srv/secret.py"}
        outcome = {"jobId": job_id, "token": lease["token"], "outcome": "failed", "error": error}
        await holders["worker"].post("/leases/finish", json={"outcomes": [outcome]})
        return job_id


OPERATIONS_OF_A_JOB = [
    "GET /jobs/{id}",
    "GET /jobs/{id}/explain",
    "GET /jobs/{id}/events",
    "GET /jobs/{id}/logs",
    "POST /jobs/{id}/cancel",
    "POST /jobs/{id}/retry",
]


@pytest.mark.parametrize("operation", OPERATIONS_OF_A_JOB)
async def test_a_foreign_job_is_answered_as_an_absent_one(holders: Holders, operation: str) -> None:
    method, path = operation.split(" ")
    foreign = await failed_job(holders, "globex")
    pending = (await submit(holders["globex"]))["id"]
    absent = new_job_id(0)
    answers = [
        told(await holders["acme"].request(method, path.replace("{id}", name)), name)
        for name in (foreign, pending, absent)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == (403 if path.endswith("/logs") else 404)
    for name, state in ((foreign, "failed"), (pending, "pending")):
        assert (await holders["admin"].get(f"/jobs/{name}")).json()["state"] == state


@pytest.mark.parametrize("operation", [*OPERATIONS_OF_A_JOB, "actions"])
async def test_a_foreign_job_costs_the_store_the_same_as_an_absent_one(holders: Holders, operation: str) -> None:
    """Time is not compared, since it depends on the machine: the store runs the same commands."""
    foreign = await failed_job(holders, "globex", payload="x" * 200_000)
    pending = (await submit(holders["globex"], payload="x" * 200_000))["id"]

    async def work(job_id: str) -> Counter[str]:
        before = await store_work(holders)
        if operation == "actions":
            await holders["acme"].post("/jobs/actions", json={"action": "cancel", "ids": [job_id]})
        else:
            method, path = operation.split(" ")
            await holders["acme"].request(method, path.replace("{id}", job_id))
        return await store_work(holders) - before

    await work(new_job_id(0))  # the token is looked up
    costs = [await work(job_id) for job_id in (foreign, pending, new_job_id(0))]
    assert costs[0] == costs[1] == costs[2]


async def test_foreign_tenants_and_schedules_are_answered_as_absent_ones(holders: Holders) -> None:
    await holders["globex"].put("/tenants/globex/schedules/nightly", json=CRON)
    acme = holders["acme"]
    foreign = told(await acme.get("/tenants/globex"), "globex")
    assert foreign == told(await acme.get("/tenants/unseen"), "unseen")
    assert foreign[0] == 404
    calls = [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/run")]
    for method, action in calls:
        body = CRON if method == "PUT" else None
        there, gone = [
            told(await acme.request(method, f"/tenants/globex/schedules/{name}{action}", json=body), name)
            for name in ("nightly", "neverly")
        ]
        assert there == gone
        assert there[0] == 404
    assert (await holders["globex"].get("/tenants/globex/schedules/nightly")).json()["paused"] is False


async def test_the_tenant_may_be_left_out_and_another_one_is_refused(holders: Holders) -> None:
    acme = holders["acme"]
    assert (await submit(acme))["tenantId"] == "acme"
    assert (await submit(acme, tenantId="acme"))["tenantId"] == "acme"
    assert (await acme.post("/jobs", json={"payload": 1, "tenantId": "globex"})).status_code == 403
    items = [{"payload": 1}, {"payload": 2, "tenantId": "globex"}, {"payload": 3, "tenantId": "acme"}]
    results = (await acme.post("/jobs/batch", json={"jobs": items})).json()["results"]
    assert [result["status"] for result in results] == [202, 403, 202]
    assert results[1]["problem"]["type"] == "urn:fairlane:problem:forbidden"
    for path in ("/jobs", "/jobs/pending", "/jobs/metrics", "/jobs/counts", "/schedules"):
        assert (await acme.get(path, params={"tenantId": "globex"})).status_code == 403, path
    without = await holders["admin"].post("/jobs", json={"payload": 1})
    assert (without.status_code, without.json()["errors"][0]["pointer"]) == (422, "/tenantId")


async def test_listings_totals_and_bulk_actions_reach_own_jobs_only(holders: Holders) -> None:
    acme = holders["acme"]
    foreign = [(await submit(holders["globex"]))["id"] for _ in range(3)]
    await failed_job(holders, "globex")
    await holders["globex"].put("/tenants/globex/schedules/nightly", json=CRON)
    own = await failed_job(holders, "acme")
    paths = ["", "/scheduled", "/pending", "/running", "/completed", "/dlq", "/cancelled"]
    found = [job for path in paths for job in (await acme.get("/jobs" + path, params={"limit": 100})).json()["jobs"]]
    assert {job["tenantId"] for job in found} == {"acme"}
    assert own in {job["id"] for job in found}
    totals = (await holders["admin"].get("/jobs/metrics", params={"tenantId": "acme"})).json()
    assert (await acme.get("/jobs/metrics")).json() == totals
    assert "globex" not in (await acme.get("/schedules")).text
    assert (await acme.get("/schedules", params={"cursor": "globex/a"})).status_code == 422

    changed = await acme.post("/jobs/actions", json={"action": "cancel", "ids": [*foreign, new_job_id(0)]})
    assert changed.json() == {"count": 0, "more": False, "nextCursor": None}
    await acme.post("/jobs/actions", json={"action": "cancel", "filter": {}})
    await acme.request("DELETE", "/jobs/dlq")
    states = [(await holders["admin"].get(f"/jobs/{job_id}")).json()["state"] for job_id in foreign]
    assert states == ["pending"] * 3
    dlq = (await holders["admin"].get("/jobs/dlq")).json()["jobs"]
    assert {job["tenantId"] for job in dlq} == {"globex"}


async def test_workers_and_tracebacks_are_hidden(holders: Holders) -> None:
    job_id = await failed_job(holders, "acme")
    for path in (f"/jobs/{job_id}", "/jobs/dlq"):
        text = (await holders["acme"].get(path)).text
        assert "ValueError" in text
        assert "w1" not in text
        assert "secret.py" not in text
    assert "secret.py" in (await holders["admin"].get(f"/jobs/{job_id}")).text


async def test_an_explanation_tells_nothing_of_queues_and_others(holders: Holders) -> None:
    job = await submit(holders["acme"], queue="unserved")
    admins = (await holders["admin"].get(f"/jobs/{job['id']}/explain")).json()
    assert admins["waitingFor"] == "no_worker"
    own = (await holders["acme"].get(f"/jobs/{job['id']}/explain")).json()
    assert (own["waitingFor"], own["sentence"]) == ("turn", "The job starts when its turn comes.")
    await holders["admin"].post("/tenants/acme/pause")
    paused = (await holders["acme"].get(f"/jobs/{job['id']}/explain")).json()
    await holders["admin"].post("/tenants/acme/resume")
    assert paused["waitingFor"] == "paused"


async def test_a_declared_schedule_is_the_operators(holders: Holders) -> None:
    await holders["worker"].put("/tenants/acme/schedules/deploy", json={**CRON, "declaration": "app"})
    for method, action in (("PUT", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume")):
        body = CRON if method == "PUT" else None
        answer = await holders["acme"].request(method, f"/tenants/acme/schedules/deploy{action}", json=body)
        assert answer.status_code == 403, (method, action)
    assert (await holders["worker"].put("/tenants/acme/schedules/own", json=CRON)).status_code == 403


async def test_a_monitor_reads_no_payloads_and_no_errors(holders: Holders) -> None:
    job_id = await failed_job(holders, "acme")
    await holders["acme"].put("/tenants/acme/schedules/nightly", json=CRON)
    listed = "/jobs?include=payload,result,headers"
    for path in (f"/jobs/{job_id}", listed, "/jobs/dlq", "/schedules", "/tenants/acme/schedules/nightly"):
        answer = await holders["monitor"].get(path)
        assert answer.status_code == 200
        assert "of the " not in answer.text
        assert '"message":"no"' not in answer.text
        assert "secret.py" not in answer.text


async def test_a_worker_has_its_queues_and_its_own_workers(holders: Holders) -> None:
    worker, other = holders["worker"], holders["other-worker"]
    await submit(holders["globex"], queue="private")
    mail = await submit(holders["globex"], queue="mail")
    leases = (await worker.post("/leases", json={"workerId": "w2", "max": 500})).json()["leases"]
    assert mail["id"] in {lease["jobId"] for lease in leases}
    assert {lease["queue"] for lease in leases} <= {"mail", "reports"}
    refused = await worker.post("/leases", json={"workerId": "w2", "queues": ["mail", "private"]})
    assert refused.status_code == 403
    assert {queue["name"] for queue in (await worker.get("/queues")).json()["queues"]} <= {"mail", "reports"}

    beat = {"worker": {"id": "w2", "slots": 1}}
    assert (await worker.post("/leases/extend", json=beat)).status_code == 200
    assert [w["id"] for w in (await worker.get("/workers")).json()["workers"]] == ["w2"]
    assert (await other.get("/workers")).json()["workers"] == []
    assert (await other.delete("/workers/w2")).status_code == 204
    assert (await other.post("/workers/w2/reap")).json() == {"requeued": 0, "failed": 0, "cancelled": 0}
    stored = [w["id"] for w in (await holders["admin"].get("/workers")).json()["workers"]]
    assert "worker:w2" in stored
    await holders["admin"].post("/workers/worker:w2/drain")
    assert (await worker.get("/workers/w2/orders")).json()["drain"] is True
    assert (await other.get("/workers/w2/orders")).json()["drain"] is False
    assert (await other.get("/workers/worker:w2/orders")).json()["drain"] is False
    reaped = (await worker.post("/workers/w2/reap")).json()
    assert reaped == {"requeued": len(leases), "failed": 0, "cancelled": 0}


async def test_a_worker_holds_a_bounded_time_of_jobs_with_one_claim(holders: Holders) -> None:
    many = {"jobs": [{"payload": n, "queue": "reports"} for n in range(20)]}
    await holders["globex"].post("/jobs/batch", json=many)
    claim = {"workerId": "w3", "queues": ["reports"], "max": 500, "leaseSeconds": 3600}
    assert len((await holders["worker"].post("/leases", json=claim)).json()["leases"]) == 10
    claim["leaseSeconds"] = 30
    assert len((await holders["worker"].post("/leases", json=claim)).json()["leases"]) == 10


async def received_until(pieces: AsyncIterator[bytes], wanted: bytes) -> bytes:
    """All that comes on a stream until it has this text."""
    received = b""
    async with asyncio.timeout(20):
        async for piece in pieces:
            received += piece
            if wanted in received:
                return received
    raise AssertionError("the stream ended")


async def test_a_tenants_stream_tells_nothing_of_others(holders: Holders) -> None:
    async with holders["acme"].stream("GET", "/events") as response:
        pieces = response.aiter_raw()
        await anext(pieces)  # the stream listens
        many = {"jobs": [{"payload": n} for n in range(100)]}
        foreign = (await holders["globex"].post("/jobs/batch", json=many)).json()["results"]
        own = await submit(holders["acme"])
        received = await received_until(pieces, own["id"].encode() + b'","tenantId":"acme"')
    events = [line for line in received.split(b"\n") if line.startswith(b"data: ") and line.endswith(b"}")]
    data = [json.loads(line.removeprefix(b"data: ")) for line in events]
    assert {job["tenantId"] for item in data for job in item.get("jobs", [])} <= {"acme"}
    assert not any(item.get("more") for item in data)
    assert b"overview" not in received
    assert b"globex" not in received
    assert not any(result["job"]["id"].encode() in received for result in foreign)


async def test_a_tenants_stream_says_reset_at_fixed_times(holders: Holders, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound on listed changes may leave out the tenant's own, so it loads them again; the time tells nothing."""
    monkeypatch.setattr("fairlane.server.streams.hub.HEARTBEAT_SECONDS", 0.3)
    async with stream(holders["acme"], "/events") as events:
        assert [(await events.next()).name for _ in range(2)] == ["reset", "reset"]


async def test_the_stream_of_a_job_hides_what_the_job_hides(holders: Holders) -> None:
    job_id = await failed_job(holders, "acme")
    async with (
        stream(holders["acme"], f"/jobs/{job_id}/events") as own,
        stream(holders["admin"], f"/jobs/{job_id}/events") as whole,
    ):
        shown, all_of_it = await own.next(), await whole.next()
    assert "secret.py" in str(all_of_it.data)
    assert "secret.py" not in str(shown.data)
    assert shown.data["workerId"] is None


async def test_a_revoked_token_ends_streams_and_long_polls(holders: Holders) -> None:
    """Long before the time that they were asked to wait. A server looks at its tokens each second."""
    tokens = holders.api.engine.tokens
    tenant = await holders.add("leaving", TokenKind.TENANT, tenant_id="leaving")
    worker = await holders.add("leaving-worker", TokenKind.WORKER)
    job_id = (await submit(tenant, queue="unserved"))["id"]
    claim = {"workerId": "w9", "queues": ["empty"], "waitSeconds": 30}

    async def until_it_ends(path: str) -> None:
        async with tenant.stream("GET", path) as response:
            assert response.status_code == 200
            async for _ in response.aiter_bytes():
                pass

    waiting = [
        asyncio.create_task(until_it_ends("/events")),
        asyncio.create_task(until_it_ends(f"/jobs/{job_id}/events")),
        asyncio.create_task(worker.post("/leases", json=claim)),
        asyncio.create_task(worker.get("/workers/w9/orders", params={"seen": 0, "waitSeconds": 30})),
    ]
    await asyncio.sleep(1.2)
    assert not any(task.done() for task in waiting)
    await tokens.revoke("leaving")
    await tokens.revoke("leaving-worker")
    async with asyncio.timeout(20):
        await asyncio.gather(*waiting)
    assert (await tenant.get("/jobs")).status_code == 401
    assert (await worker.post("/leases", json=claim)).status_code == 401
