"""Whether a claim took what it could and should take."""

from __future__ import annotations

from collections import Counter

from fairlane.model.lease import ClaimRequest, Lease

from .model_job import ModelJob
from .model_state import ModelState


def check_claim(
    model: ModelState, request: ClaimRequest, leases: list[Lease], expired: list[str], blocked: set[str]
) -> None:
    """See `Model.claim`."""
    taken = [*(lease.job_id for lease in leases), *expired]
    asked = set(request.queues or model.queues) - model.paused_queues
    room = {tenant: 0 if tenant in blocked else model.may_start(tenant) for tenant in model.known}
    queue_room = {queue: model.queue_room(queue) for queue in asked}
    lanes = {(tenant, queue): model.lane(tenant, queue) for tenant in room for queue in asked}
    by_tenant = Counter(model.jobs[job_id].request.tenant_id for job_id in taken)
    by_queue = Counter(model.jobs[job_id].request.queue for job_id in taken)
    assert all(by_tenant[tenant] <= room[tenant] for tenant in by_tenant)
    assert all(by_queue[queue] <= queue_room[queue] for queue in by_queue)
    assert len(taken) <= request.max
    saw_all = request.max >= len(room)  # every tenant was looked at in each of its queues
    open_queues = {queue for queue in asked if by_queue[queue] < queue_room[queue]}
    waiting = {t: sorted((j for q in open_queues for j in lanes[t, q]), key=lambda job: job.rank) for t in room}
    left = {t for t in room if by_tenant[t] < room[t] and any(job.request.id not in taken for job in waiting[t])}
    if saw_all or not taken or not model.queue_limits:
        assert not left or len(taken) == request.max
    for lane in lanes.values():
        _check_first(lane, taken, expired)
    if saw_all:
        for jobs in waiting.values():
            _check_first(jobs, taken, expired)


def _check_first(jobs: list[ModelJob], taken: list[str], expired: list[str]) -> None:
    """Of these jobs, the first ones were taken, and those that have not expired in this order."""
    of_jobs = {job.request.id for job in jobs}
    got = [job_id for job_id in taken if job_id in of_jobs]
    first = [job.request.id for job in jobs[: len(got)]]
    assert set(first) == set(got)
    assert [job_id for job_id in first if job_id not in expired] == [i for i in got if i not in expired]
