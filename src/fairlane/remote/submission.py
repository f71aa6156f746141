"""Submitting over HTTP, so that a lost reply makes no second job.

Every job carries the id that its client made, and the store makes one job of an id however often
it is asked to. That costs nothing to remember, and leaves the Idempotency-Key to the caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from ..model.errors import FairlaneError, RateLimited
from ..model.job import NewJob, Submission, SubmitStatus
from ..model.names import check_key
from ..model.tenant import Tenant
from .answers import BatchResults, JobAnswer, over_rate, rate_of, refused, submission, submission_of_item
from .requests import batches, job_item
from .transport import Transport, decode


async def submit_one(transport: Transport, job: NewJob) -> Submission | RateLimited:
    """The answer to one job."""
    headers = {}
    if job.idempotency_key is not None:
        headers["idempotency-key"] = check_key(job.idempotency_key, "the idempotency key", "/Idempotency-Key")
    request = transport.build("POST", "/jobs", job_item(job, idempotency_key=False), headers)
    try:
        response = await transport.send(request)
    except FairlaneError as error:
        return refused(job, error)
    status = SubmitStatus.CREATED
    if response.status_code != HTTPStatus.ACCEPTED:
        replayed = "idempotency-replayed" in response.headers
        status = SubmitStatus.REPLAYED if replayed else SubmitStatus.DEDUPLICATED
    return submission(job, decode(response, JobAnswer), status, rate_of(response))


async def submit_many(transport: Transport, jobs: Sequence[NewJob]) -> list[Submission | RateLimited]:
    """The answers to many jobs, in order."""
    found: list[Submission | RateLimited] = []
    for places, body in batches([job_item(job, idempotency_key=True) for job in jobs], "jobs"):
        response = await transport.send(transport.build("POST", "/jobs/batch", body, {}))
        results = decode(response, BatchResults).results
        found += [submission_of_item(job, result) for job, result in zip(jobs[places], results, strict=True)]
    return found


async def with_rates(
    jobs: Sequence[NewJob],
    answers: Sequence[Submission | RateLimited],
    tenant: Callable[[str], Awaitable[Tenant]],
) -> list[Submission]:
    """The answers, with the rates that refused jobs were over, which the API does not repeat for each."""
    over = {job.tenant_id for job, answer in zip(jobs, answers, strict=True) if isinstance(answer, RateLimited)}
    tenants = await asyncio.gather(*(tenant(tenant_id) for tenant_id in over))
    policies = {one.id: one.policy for one in tenants}
    return [
        over_rate(job, answer, policies[job.tenant_id]) if isinstance(answer, RateLimited) else answer
        for job, answer in zip(jobs, answers, strict=True)
    ]
