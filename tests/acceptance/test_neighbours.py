"""A quiet tenant beside a noisy one, with real worker processes and in real time."""

import itertools
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.running import Api, eventually, up

SLOTS = 8
OPTIONS = (
    "--default-rate", "off", "--default-concurrency", "off", "--workers", str(SLOTS), "--processes", "2",
    "--durability", "memory",
)  # fmt: skip


def fill(api: Api, tenant: str, count: int, seconds: float) -> None:
    """A backlog of jobs that sleep."""
    job = {"tenantId": tenant, "task": "demo.sleep", "payload": {"seconds": seconds}}
    with httpx.Client(base_url=api.url, timeout=60) as client:
        for first in range(0, count, 1_000):
            answer = client.post("/jobs/batch", json={"jobs": [job] * min(1_000, count - first)})
            assert answer.status_code == 200
            assert all(result["status"] == 202 for result in answer.json()["results"])


def submit_steadily(api: Api, tenant: str, count: int, pause: float) -> list[str]:
    """The ids of jobs that were submitted one at a time."""
    ids: list[str] = []
    with httpx.Client(base_url=api.url, timeout=30) as client:
        for _ in range(count):
            answer = client.post("/jobs", json={"tenantId": tenant, "payload": 1})
            assert answer.status_code == 202, answer.text
            ids.append(answer.json()["id"])
            time.sleep(pause)
    return ids


def wait_of(job: Any) -> float:
    """Seconds from its creation to its start."""
    return (datetime.fromisoformat(job["startedAt"]) - datetime.fromisoformat(job["createdAt"])).total_seconds()


def ended(api: Api, tenant: str) -> int:
    return int(api.get(f"/tenants/{tenant}")["completed"])


def test_a_backlog_of_20000_jobs_delays_a_quiet_tenant_by_about_a_round(tmp_path: Path) -> None:
    """A round is what the slots need for one job each, as they did meanwhile on this machine."""
    with up(tmp_path, *OPTIONS) as system:
        api = system.await_ready()
        fill(api, "noisy", 20_000, 0.005)
        before, began = ended(api, "noisy"), time.monotonic()
        ids = submit_steadily(api, "quiet", 60, 0.03)
        round_seconds = SLOTS * (time.monotonic() - began) / (ended(api, "noisy") - before)
        waits = sorted(wait_of(job) for job in api.await_state(ids, "completed"))
        assert api.get("/tenants/noisy")["pending"] > 1_000, "the backlog was worked off too soon to delay anybody"
        assert statistics.median(waits) < 2 * round_seconds, (round_seconds, waits)
        # A few jobs may have been on their way while the machine itself stood still.
        assert waits[-5] < 20 * round_seconds, (round_seconds, waits)


@pytest.mark.soak
def test_twenty_quiet_tenants_beside_a_backlog_of_100000(tmp_path: Path) -> None:
    """Each submits a job a second; 99 of 100 jobs start within about a round of the slots."""
    seconds, job_seconds, tenants = 20, 0.1, [f"quiet-{i}" for i in range(20)]
    with up(tmp_path, *OPTIONS) as system:
        api = system.await_ready()
        fill(api, "noisy", 100_000, job_seconds)
        before, began = ended(api, "noisy"), time.monotonic()
        with ThreadPoolExecutor(len(tenants)) as pool:
            submitted = pool.map(lambda tenant: submit_steadily(api, tenant, seconds, 1.0), tenants)
            ids = list(itertools.chain.from_iterable(submitted))
        round_seconds = SLOTS * (time.monotonic() - began) / (ended(api, "noisy") - before)
        eventually(lambda: all(ended(api, tenant) == seconds for tenant in tenants), 20, "all quiet jobs are done")
        with httpx.Client(base_url=api.url) as client:
            waits = sorted(wait_of(client.get(f"/jobs/{job_id}").json()) for job_id in ids)
        assert api.get("/tenants/noisy")["pending"] > 50_000
        assert statistics.quantiles(waits, n=100)[98] < 1.25 * round_seconds, (round_seconds, waits[-20:])
