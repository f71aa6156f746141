"""One idempotency key, submitted a hundred times at once by four processes: one job."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from fairlane.engine import Engine
from fairlane.model.job import NewJob, SubmitStatus

ROOT = Path(__file__).parents[2]
PROCESSES, EACH = 4, 25
KEY = "i/acme/k1"


def submit_at_once(url: str, tenant: str, payloads: list[str]) -> list[tuple[str, str]]:
    """Status and job of each answer, one process a payload."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.submitter", url, tenant, "k1", payload, str(EACH)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for payload in payloads
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    lines: list[str] = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        lines += process.communicate(timeout=60)[0].splitlines()
        assert process.returncode == 0
    return [(status, job) for status, _, job in (line.partition(" ") for line in lines)]


async def test_a_hundred_submissions_with_one_key_are_one_job(engine: Engine, store_url: str) -> None:
    answers = submit_at_once(store_url, "acme", ["1"] * PROCESSES)
    assert Counter(status for status, _ in answers) == {"created": 1, "replayed": PROCESSES * EACH - 1}
    assert len({job for _, job in answers}) == 1
    tenant = await engine.tenants.get("acme")
    assert (tenant.pending, tenant.submitted, tenant.submit_rate_used) == (1, 1, 1)
    assert (await engine.maintenance.doctor()).problems == []


async def test_of_different_bodies_one_wins(engine: Engine, store_url: str) -> None:
    answers = Counter(status for status, _ in submit_at_once(store_url, "acme", ["1", "1", "2", "2"]))
    assert answers == {"created": 1, "replayed": 2 * EACH - 1, "key_reused": 2 * EACH}
    assert (await engine.tenants.get("acme")).pending == 1


async def test_a_key_belongs_to_its_tenant(engine: Engine, store_url: str) -> None:
    async def submit(tenant: str) -> tuple[SubmitStatus, str]:
        new_id = engine.jobs.new_id(tenant)
        job = NewJob(id=new_id, tenant_id=tenant, payload=b"1", idempotency_key="k1")
        (answer,) = await engine.jobs.submit([job])
        return answer.status, answer.job_id

    _, first = await submit("acme")
    assert (await submit("other"))[0] is SubmitStatus.CREATED
    assert await submit("acme") == (SubmitStatus.REPLAYED, first)
