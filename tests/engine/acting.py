"""Short words for what tests do again and again."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fairlane.engine import Engine
from fairlane.model.ids import new_claim_id
from fairlane.model.job import NewJob, Submission
from fairlane.model.lease import ClaimRequest, Lease, LeaseStatus, Outcome, OutcomeKind
from fairlane.model.tenant import PolicyChange, TenantPolicy

UNLIMITED = TenantPolicy(submit_rate=None, concurrency=None)


async def lift_limits(engine: Engine) -> None:
    await engine.set_defaults(UNLIMITED)


async def submit(engine: Engine, tenant: str, count: int = 1, **fields: Any) -> list[Submission]:
    jobs = [NewJob(id=engine.new_job_id(tenant), tenant_id=tenant, payload=b"{}", **fields) for _ in range(count)]
    return await engine.submit(jobs)


async def claim(engine: Engine, most: int, *queues: str, worker: str = "w", lease_ms: int = 30_000) -> list[Lease]:
    request = ClaimRequest(worker_id=worker, claim_id=new_claim_id(), max=most, queues=queues, lease_ms=lease_ms)
    return await engine.claim(request)


async def finish(engine: Engine, leases: list[Lease], kind: OutcomeKind = OutcomeKind.COMPLETED) -> list[LeaseStatus]:
    return await engine.finish([Outcome(job_id=lease.job_id, token=lease.token, kind=kind) for lease in leases])


async def limit(engine: Engine, tenant: str, **limits: Any) -> None:
    await engine.change_tenant(tenant, PolicyChange(**limits))


def by_tenant(leases: list[Lease]) -> Counter[str]:
    return Counter(lease.tenant_id for lease in leases)
