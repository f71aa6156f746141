"""From claim to end, over the worker protocol; cancel, retry and the dead letter queue."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import httpx
import pytest

from .conftest import Served, fields_of

BEFORE_ALL, AFTER_ALL = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"
"""Times that UTC has no year for."""


def logging_at(at: str) -> dict[str, Any]:
    """A lease whose job logged a line."""
    line = {"at": at, "attempt": 1, "level": "INFO", "logger": "app", "message": "hello"}
    return {"jobId": "x", "token": "t", "logs": {"first": 0, "lines": [line]}}


@pytest.fixture
def queue(tenant: str) -> str:
    """A queue of this test alone."""
    return tenant


async def running(api: Served, tenant: str, queue: str, **fields: Any) -> dict[str, Any]:
    """The lease of a job that runs."""
    await api.submit(tenant, {"n": 1}, queue=queue, **fields)
    (lease,) = await api.claim(queues=[queue])
    return lease


async def test_a_job_runs_and_completes(api: Served, tenant: str, queue: str) -> None:
    lease = await running(api, tenant, queue, key="k", headers={"a": "b"}, priority=3, timeoutSeconds=9)
    assert (lease["tenantId"], lease["queue"], lease["task"], lease["payload"]) == (tenant, queue, "default", {"n": 1})
    assert (lease["attempt"], lease["maxAttempts"], lease["leaseSeconds"], lease["timeoutSeconds"]) == (1, 3, 30, 9)
    assert (lease["key"], lease["headers"], lease["priority"]) == ("k", {"a": "b"}, 3)
    now = await api.job(lease["jobId"])
    assert (now["state"], now["workerId"], now["attempt"]) == ("running", "w1", 1)
    lasts = datetime.fromisoformat(now["leaseExpiresAt"]) - datetime.fromisoformat(now["startedAt"])
    assert lasts.total_seconds() == 30
    assert await api.finish(lease, "completed", result={"url": "s3://x"}) == "ok"
    assert await api.finish(lease, "completed", result={"url": "s3://x"}) == "ok"
    done = await api.job(lease["jobId"])
    assert (done["state"], done["result"], done["leaseExpiresAt"]) == ("completed", {"url": "s3://x"}, None)
    (attempt,) = done["attempts"]
    assert (attempt["number"], attempt["workerId"], attempt["outcome"]) == (1, "w1", "completed")


async def test_a_result_may_be_left_out_or_null(api: Served, tenant: str, queue: str) -> None:
    for fields in ({}, {"result": None}):
        lease = await running(api, tenant, queue)
        assert await api.finish(lease, "completed", **fields) == "ok"
        assert (await api.job(lease["jobId"]))["result"] is None


async def test_long_errors_are_cut_and_the_end_of_the_traceback_kept(api: Served, tenant: str, queue: str) -> None:
    lease = await running(api, tenant, queue, maxAttempts=1)
    error = {"type": "T" * 255, "message": "ü" * 100_000, "traceback": "\x00" * 1_000_000 + "the end"}
    assert await api.finish(lease, "failed", error=error) == "ok"
    (attempt,) = (await api.job(lease["jobId"]))["attempts"]
    kept = attempt["error"]
    assert len(json.dumps(kept, ensure_ascii=False).encode()) < 10_000
    assert kept["message"].startswith("üüü") and len(kept["message"]) < 2_100
    assert kept["traceback"].endswith("the end")


async def test_failures_are_retried_then_end_in_the_dlq(api: Served, tenant: str, queue: str) -> None:
    lease = await running(api, tenant, queue, maxAttempts=2)
    error = {"type": "ValueError", "message": "<b>no</b>", "traceback": "line 1"}
    assert await api.finish(lease, "failed", error=error) == "ok"
    waiting = await api.job(lease["jobId"])
    assert (waiting["state"], waiting["reason"]) == ("scheduled", "retry")
    assert waiting["attempts"][0]["error"] == error
    api.clock.advance(400)
    await api.engine.maintenance.promote(100)
    (second,) = await api.claim(queues=[queue])
    assert (second["jobId"], second["attempt"]) == (lease["jobId"], 2)
    assert second["fence"] > lease["fence"]
    assert await api.finish(lease, "completed") == "stale_lease"
    assert await api.finish(second, "failed", error=error) == "ok"
    dead = await api.job(lease["jobId"])
    assert (dead["state"], dead["reason"], dead["error"]) == ("failed", "attempts_exhausted", error)


async def test_released_and_snoozed_jobs_keep_their_attempts(api: Served, tenant: str, queue: str) -> None:
    lease = await running(api, tenant, queue, maxAttempts=1)
    assert await api.finish(lease, "released") == "ok"
    (again,) = await api.claim(queues=[queue])
    assert again["attempt"] == 1
    assert await api.finish(again, "snoozed", delaySeconds=60) == "ok"
    job = await api.job(lease["jobId"])
    assert (job["state"], job["reason"]) == ("scheduled", "snoozed")


async def test_a_heartbeat_extends_and_tells_of_a_cancel(
    api: Served, client: httpx.AsyncClient, tenant: str, queue: str
) -> None:
    lease = await running(api, tenant, queue)
    held = {"jobId": lease["jobId"], "token": lease["token"]}
    stale = {"jobId": lease["jobId"], "token": "old"}
    worker = {"id": "w1", "queues": [queue], "slots": 4, "running": 1, "startedAt": "2026-01-01T00:00:00Z"}

    async def beat() -> list[str]:
        leases = [{**held, "progress": {"current": 1, "total": 3, "message": "reading"}}, stale]
        answer = await client.post("/leases/extend", json={"worker": worker, "leases": leases, "leaseSeconds": 60})
        assert answer.status_code == 200, answer.text
        return [result["status"] for result in answer.json()["results"]]

    assert await beat() == ["ok", "stale_lease"]
    job = await api.job(lease["jobId"])
    assert job["progress"] == {"current": 1, "total": 3, "message": "reading"}
    cancelled = await client.post(f"/jobs/{lease['jobId']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "running")
    assert await beat() == ["cancelled", "stale_lease"]
    assert await api.finish(lease, "cancelled") == "ok"
    assert (await api.job(lease["jobId"]))["reason"] == "cancelled_by_user"
    (shown,) = [worker for worker in (await client.get("/workers")).json()["workers"] if worker["queues"] == [queue]]
    assert (shown["slots"], shown["running"], shown["draining"]) == (4, 1, False)
    assert datetime.fromisoformat(shown["startedAt"]) == datetime.fromisoformat(str(worker["startedAt"]))


async def test_an_idle_worker_may_beat_too(client: httpx.AsyncClient) -> None:
    answer = await client.post("/leases/extend", json={"worker": {"id": "idle", "slots": 2}})
    assert (answer.status_code, answer.json()) == (200, {"results": []})
    assert "idle" in {worker["id"] for worker in (await client.get("/workers")).json()["workers"]}


async def test_a_repeated_claim_returns_the_same_leases(api: Served, free_tenant: str) -> None:
    for n in range(4):
        await api.submit(free_tenant, n, queue=free_tenant)
    first = await api.claim(queues=[free_tenant], claimId="c1", max=2)
    # How long a job waited is told once, so that a repeated reply is not counted twice.
    again = [lease | {"waitedSeconds": None} for lease in first]
    assert await api.claim(queues=[free_tenant], claimId="c1", max=2) == again
    assert len(await api.claim(queues=[free_tenant], max=10)) == 2


async def test_cancel_and_retry_know_the_state(api: Served, client: httpx.AsyncClient, tenant: str, queue: str) -> None:
    waiting = await api.submit(tenant)
    for _ in range(2):  # a repeat after a lost reply is answered like the first call
        cancelled = await client.post(f"/jobs/{waiting['id']}/cancel")
        assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    done = await running(api, tenant, queue)
    assert await api.finish(done, "completed") == "ok"
    for job_id, action in ((waiting["id"], "retry"), (done["jobId"], "retry"), (done["jobId"], "cancel")):
        refused = await client.post(f"/jobs/{job_id}/{action}")
        assert (refused.status_code, fields_of(refused)) == (409, [])
        assert refused.json()["type"] == "urn:fairlane:problem:conflict"
    lease = await running(api, tenant, queue, maxAttempts=1)
    assert await api.finish(lease, "failed") == "ok"
    retried = await client.post(f"/jobs/{lease['jobId']}/retry")
    assert (retried.status_code, retried.json()["state"], retried.json()["reason"]) == (200, "pending", "retried")


async def test_the_dlq_is_emptied_by_filter(api: Served, client: httpx.AsyncClient, free_tenant: str) -> None:
    async def fail(task: str) -> None:
        lease = await running(api, free_tenant, free_tenant, maxAttempts=1, task=task)
        assert await api.finish(lease, "failed", failure="rejected") == "ok"

    for task in ("a", "a", "b", "c", "c"):
        await fail(task)
    some = await client.post("/jobs/dlq/retry", params={"tenantId": free_tenant, "task": "a", "limit": 1})
    assert (some.json()["count"], some.json()["more"]) == (1, True)
    rest = await client.post("/jobs/dlq/retry", json={"tenantId": free_tenant, "task": "a"})
    assert rest.json() == {"count": 1, "more": False, "nextCursor": None}
    purged = await client.delete("/jobs/dlq", params={"tenantId": free_tenant, "task": "b"})
    assert purged.json() == {"count": 1, "more": False, "nextCursor": None}
    by_body = await client.request("DELETE", "/jobs/dlq", json={"tenantId": free_tenant, "task": "none"})
    assert by_body.json() == {"count": 0, "more": False, "nextCursor": None}
    both = await client.request("DELETE", "/jobs/dlq?task=none", json={"tenantId": free_tenant, "task": None})
    assert both.json() == {"count": 0, "more": False, "nextCursor": None}
    torn = await client.request("DELETE", "/jobs/dlq?task=b", json={"tenantId": free_tenant, "task": "c"})
    assert (torn.status_code, fields_of(torn)) == (422, ["/task"])
    left = (await client.get("/jobs/dlq", params={"tenantId": free_tenant})).json()["jobs"]
    assert {job["task"] for job in left} == {"c"}


@pytest.mark.parametrize("body", ['{"tenant":"a"}', '{"tenantId":"a b"}', "[]", "x", '{"limit":0}'])
@pytest.mark.parametrize(("method", "path"), [("POST", "/jobs/dlq/retry"), ("DELETE", "/jobs/dlq")])
async def test_a_bulk_call_never_widens_a_bad_filter(
    client: httpx.AsyncClient, method: str, path: str, body: str
) -> None:
    assert (await client.request(method, path, content=body)).status_code in {400, 422}


async def test_explain_says_why_a_job_waits(api: Served, client: httpx.AsyncClient, tenant: str, queue: str) -> None:
    job = await api.submit(tenant, queue=queue)
    answer = await client.get(f"/jobs/{job['id']}/explain")
    assert answer.status_code == 200
    why = answer.json()
    assert (why["jobId"], why["state"], why["position"]) == (job["id"], "pending", 1)
    assert why["waitingFor"] in {"no_worker", "turn"}  # as there is a worker of all queues, from another test, or not
    assert why["sentence"]
    later = await api.submit(tenant, queue=queue, delaySeconds=60)
    why = (await client.get(f"/jobs/{later['id']}/explain")).json()
    assert (why["waitingFor"], why["blockedUntil"], why["position"]) == ("schedule", later["runAt"], None)


@pytest.mark.parametrize("job_id", ["0" * 26, "f" * 26, "x", "%00", "a%7D%3Ab", "..%2F..", "*", "x" * 5000])
async def test_an_unknown_job_is_not_found(client: httpx.AsyncClient, job_id: str) -> None:
    calls = [("GET", ""), ("GET", "/explain"), ("POST", "/cancel"), ("POST", "/retry")]
    for method, action in calls:
        answer = await client.request(method, f"/jobs/{job_id}{action}")
        assert answer.status_code == 404
        assert fields_of(answer) == []


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/leases", {}, "/workerId"),
        ("/leases", {"workerId": "a b"}, "/workerId"),
        ("/leases", {"workerId": "w", "claimId": "c c"}, "/claimId"),
        ("/leases", {"workerId": "w", "max": 0}, "/max"),
        ("/leases", {"workerId": "w", "max": 501}, "/max"),
        ("/leases", {"workerId": "w", "queues": ["*"]}, "/queues/0"),
        ("/leases", {"workerId": "w", "leaseSeconds": 0.5}, "/leaseSeconds"),
        ("/leases", {"workerId": "w", "waitSeconds": -1}, "/waitSeconds"),
        ("/leases/extend", {"leases": []}, "/worker"),
        ("/leases/extend", {"worker": {"id": "w", "slots": 0}}, "/worker/slots"),
        ("/leases/extend", {"worker": {"id": "w w", "slots": 1}}, "/worker/id"),
        ("/leases/extend", {"worker": {"id": "w"}, "leases": [{"jobId": "x"}]}, "/leases/0/token"),
        ("/leases/extend", {"worker": {"id": "w", "startedAt": BEFORE_ALL}}, "/worker/startedAt"),
        ("/leases/extend", {"worker": {"id": "w", "startedAt": AFTER_ALL}}, "/worker/startedAt"),
        ("/leases/extend", {"worker": {"id": "w"}, "leases": [logging_at(AFTER_ALL)]}, "/leases/0/logs/lines"),
        (
            "/leases/finish",
            {"outcomes": [{**logging_at(BEFORE_ALL), "outcome": "completed"}]},
            "/outcomes/0/logs/lines",
        ),
        ("/leases/finish", {"outcomes": [{"jobId": "x", "token": "t", "outcome": "won"}]}, "/outcomes/0/outcome"),
        ("/leases/finish", {"outcomes": [{"jobId": "x", "token": "", "outcome": "failed"}]}, "/outcomes/0/token"),
    ],
)
async def test_the_worker_protocol_names_bad_fields(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(path, json=body)
    assert (answer.status_code, fields_of(answer)) == (422, [pointer])


async def test_outcomes_of_unknown_jobs_are_stale(client: httpx.AsyncClient) -> None:
    items = [{"jobId": job_id, "token": "t", "outcome": "completed"} for job_id in ("x", "0" * 26, "*", "é\x00")]
    answer = await client.post("/leases/finish", json={"outcomes": items})
    assert [result["status"] for result in answer.json()["results"]] == ["stale_lease"] * 4
