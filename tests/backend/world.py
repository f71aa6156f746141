"""What the conformance tests share: a queue, its clock, and short words for common steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from fairlane.backend import Backend, Maintenance
from fairlane.model.ids import new_claim_id
from fairlane.model.job import NewJob, Submission, SubmitStatus
from fairlane.model.lease import ClaimRequest, Lease, LeaseStatus, Outcome, OutcomeKind, WorkerReport
from fairlane.model.tenant import PolicyChange
from tests.support.clock import Clock

WORKER = WorkerReport(
    id="w1",
    slots=8,
    running=1,
    host="here",
    pid=7,
    started_at=1_700_000_000.0,
    jobs=("j1",),
    version="1.2.3",
    memory_bytes=64_000_000,
)


@dataclass
class World:
    """`backend` is tested; `upkeep` does the duties beside it."""

    backend: Backend
    upkeep: Maintenance
    clock: Clock
    url: str = ""
    """Of the server, over HTTP."""

    def job(self, tenant: str = "acme", payload: bytes = b"{}", **fields: Any) -> NewJob:
        return NewJob(id=self.backend.jobs.new_id(tenant), tenant_id=tenant, payload=payload, **fields)

    async def submit(self, tenant: str = "acme", payload: bytes = b"{}", **fields: Any) -> str:
        """The id of one job that was made."""
        (made,) = await self.backend.jobs.submit([self.job(tenant, payload, **fields)])
        assert made.status is SubmitStatus.CREATED
        return made.job_id

    async def submit_one(self, job: NewJob) -> Submission:
        (made,) = await self.backend.jobs.submit([job])
        return made

    async def unlimit(self, tenant: str = "acme") -> None:
        await self.backend.tenants.change(tenant, PolicyChange(submit_rate=None, concurrency=None))

    async def claim(self, most: int = 1, **fields: Any) -> list[Lease]:
        return await self.backend.leases.claim(
            ClaimRequest(worker_id="w1", claim_id=new_claim_id(), max=most, **fields)
        )

    async def run(self, **fields: Any) -> tuple[str, Lease]:
        """A submitted job that a worker holds."""
        job_id = await self.submit(**fields)
        (lease,) = await self.claim(queues=(fields.get("queue", "default"),))
        assert lease.job_id == job_id
        return job_id, lease

    async def end(self, lease: Lease, kind: OutcomeKind, **fields: Any) -> LeaseStatus:
        (status,) = await self.backend.leases.finish(
            [Outcome(job_id=lease.job_id, token=lease.token, kind=kind, **fields)]
        )
        return status

    async def fail_for_good(self, **fields: Any) -> str:
        """A job in the dead letter queue."""
        job_id, lease = await self.run(max_attempts=1, **fields)
        assert await self.end(lease, OutcomeKind.FAILED) is LeaseStatus.OK
        return job_id


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
