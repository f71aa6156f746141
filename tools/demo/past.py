"""An hour of traffic, played on the real engine with a stepped clock before anything runs."""

import asyncio
import math
import random
import time
from pathlib import Path

import msgspec

from fairlane.engine import Engine
from fairlane.model.job import JobError, NewJob
from fairlane.model.lease import ClaimRequest, Lease, Outcome, OutcomeKind
from fairlane.model.tenant import PolicyChange, Rate
from fairlane.store import Durability, open_store

STEP_SECONDS = 10
STEPS = 360
SLOTS = 14

# What each tenant may use, and how much of the traffic is its.
TENANTS: dict[str, tuple[PolicyChange, float]] = {
    "acme": (PolicyChange(concurrency=4, weight=2, submit_rate=Rate(600)), 9),
    "globex": (PolicyChange(concurrency=6, submit_rate=Rate(300)), 4),
    "initech": (PolicyChange(concurrency=2, submit_rate=Rate(120)), 3),
    "umbrella": (PolicyChange(start_rate=Rate(6, 60), submit_rate=Rate(200)), 1.2),
    "hooli": (PolicyChange(concurrency=8, weight=4, submit_rate=Rate(1000)), 5),
    "soylent": (PolicyChange(submit_rate=Rate(100)), 0.8),
    "stark.eu": (PolicyChange(concurrency=None, submit_rate=None), 1.5),
    "tyrell": (PolicyChange(), 0.1),
    "umbra-labs": (PolicyChange(), 0.02),
    "wayne": (PolicyChange(), 0.1),
    "wonka": (PolicyChange(), 0.05),
    "cyberdyne": (PolicyChange(), 0.2),
    "massive.dynamic": (PolicyChange(), 0.02),
    "oscorp": (PolicyChange(concurrency=1), 0.3),
}
TASKS = {
    "email.send": ("mail", {"to": "ada@example.com", "template": "receipt"}),
    "report.build": (
        "reports",
        {"month": "2026-10", "rows": 4821, "sections": ["orders", "refunds", "stock", "summary"]},
    ),
    "thumbnail.render": ("default", {"image": "s3://uploads/cat.png", "width": 640}),
}


def job_of(engine: Engine, tenant: str) -> NewJob:
    """A job as this tenant submits many."""
    task = random.choices(list(TASKS), weights=[5, 1, 3])[0]
    queue, payload = TASKS[task]
    if task == "email.send" and random.random() < 0.04:
        payload = {"to": "full@example.com", "template": "receipt"}
    return NewJob(
        id=engine.jobs.new_id(tenant),
        tenant_id=tenant,
        task=task,
        queue=queue,
        payload=msgspec.json.encode(payload),
        priority=random.choice([0, 0, 0, 5]),
    )


async def play(data_dir: Path) -> None:
    """Fill the embedded store in this folder with the last hour."""
    now_us = round((time.time() - STEPS * STEP_SECONDS) * 1_000_000)
    engine = await Engine.open(await open_store(f"embedded:{data_dir}", Durability.MEMORY), clock=lambda: now_us)
    try:
        for tenant, (change, _) in TENANTS.items():
            if change != PolicyChange():
                await engine.tenants.change(tenant, change)
        running: list[tuple[Lease, int]] = []
        for step in range(STEPS):
            if step == STEPS - 60:
                await engine.tenants.change("soylent", PolicyChange(paused=True))
            running = await _step(engine, step, running)
            await engine.maintenance.sample()
            now_us += STEP_SECONDS * 1_000_000
        await engine.leases.finish([_outcome(lease) for lease, _ in running])
    finally:
        await engine.close()


async def _step(engine: Engine, step: int, running: list[tuple[Lease, int]]) -> list[tuple[Lease, int]]:
    """Ten seconds: jobs come as the time of the hour has it, some end, others start."""
    wave = 1.1 + math.sin(step / 40) + (2.2 if 200 < step < 225 else 0)
    for tenant, (_, traffic) in TENANTS.items():
        count = int(traffic * wave * random.uniform(0.1, 0.5) + random.random())
        if count:
            await engine.jobs.submit([job_of(engine, tenant) for _ in range(count)])
    ended = [lease for lease, until in running if until <= step]
    await engine.leases.finish([_outcome(lease) for lease in ended])
    await engine.maintenance.promote(100)
    running = [(lease, until) for lease, until in running if until > step]
    request = ClaimRequest(
        worker_id="shop:worker-1", claim_id=f"past-{step}", max=SLOTS - len(running), lease_ms=3_600_000
    )
    leases = await engine.leases.claim(request) if request.max else []
    return running + [(lease, step + random.choice([1, 1, 1, 2])) for lease in leases]


def _outcome(lease: Lease) -> Outcome:
    if b"full@" not in bytes(lease.payload):
        result = msgspec.Raw(b'"done"')
        return Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.COMPLETED, result=result)
    error = JobError("MailboxFull", "552 5.2.2 mailbox of full@example.com is full (template 'receipt')")
    return Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.FAILED, error=error)


if __name__ == "__main__":
    asyncio.run(play(Path(".fairlane")))
