"""The worst Monday: of 400 tenants, one sends 100,000 jobs, and a deploy has made one task fail."""

import asyncio
from pathlib import Path

import msgspec

from fairlane.engine import Engine
from fairlane.model.ids import new_claim_id
from fairlane.model.job import JobError, NewJob
from fairlane.model.lease import ClaimRequest, Outcome, OutcomeKind
from fairlane.model.tenant import PolicyChange
from fairlane.store import Durability, open_store
from tools.demo.past import TASKS

TENANTS = 400
FLOODING = "vandelay.imports"
FLOOD = 100_000
DEAD = 120
BUSY = 100
"""Other tenants that have a job when the flood comes."""
BATCH = 1_000
_FAULTS = (
    ("report.build", JobError("KeyError", "'vat_id'")),
    ("report.build", JobError("KeyError", "'vat_id'")),
    ("email.send", JobError("MailboxFull", "552 5.2.2 mailbox of full@example.com is full")),
    ("thumbnail.render", JobError("TimeoutError", "no answer from images-3 in 30 s")),
)


def names() -> list[str]:
    """The other tenants."""
    return [f"shop-{n:03}" for n in range(TENANTS - 1)]


async def play(data_dir: Path) -> None:
    """Fill the embedded store in this folder."""
    engine = await Engine.open(await open_store(f"embedded:{data_dir}", Durability.MEMORY))
    try:
        await engine.tenants.change_defaults(PolicyChange(submit_rate=None))
        await _bury(engine)
        for first in range(0, FLOOD, BATCH):
            await engine.jobs.submit([_job(engine, FLOODING, "email.send") for _ in range(first, first + BATCH)])
        await engine.tenants.change(names()[17], PolicyChange(paused=True))
        await engine.jobs.submit([_job(engine, name, "email.send") for name in names()[:BUSY]])
    finally:
        await engine.close()


async def _bury(engine: Engine) -> None:
    """Make the dead letters of the bad deploy."""
    for number in range(DEAD):
        task, error = _FAULTS[number % len(_FAULTS)]
        job = _job(engine, names()[number], task, max_attempts=1)
        await engine.jobs.submit([job])
        request = ClaimRequest(worker_id="shop:worker-1", claim_id=new_claim_id(), max=1, queues=(job.queue,))
        [lease] = await engine.leases.claim(request)
        outcome = Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.FAILED, error=error)
        await engine.leases.finish([outcome])


def _job(engine: Engine, tenant: str, task: str, max_attempts: int = 3) -> NewJob:
    queue, payload = TASKS[task]
    return NewJob(
        id=engine.jobs.new_id(tenant),
        tenant_id=tenant,
        task=task,
        queue=queue,
        payload=msgspec.json.encode(payload),
        max_attempts=max_attempts,
    )


if __name__ == "__main__":
    asyncio.run(play(Path(".fairlane")))
