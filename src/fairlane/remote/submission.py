"""Submitting over HTTP, so that a lost reply makes no second job.

Every job carries the id that its client made, and the store makes one job of an id however often
it is asked to. That costs nothing to remember, and leaves the Idempotency-Key to the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from ..model.errors import InvalidInput
from ..model.job import NewJob, Submission, SubmitStatus
from ..model.names import check_key
from ..model.refusals import refused
from .answers import REFUSED, BatchResults, JobAnswer, rate_of, submission, submission_of_item
from .problems import error_of_response
from .requests import batches, job_item
from .transport import Transport, decode


async def submit_one(transport: Transport, job: NewJob) -> Submission:
    """The answer to one job."""
    headers = {}
    if job.idempotency_key is not None:
        try:
            headers["idempotency-key"] = check_key(job.idempotency_key, "the idempotency key", "/Idempotency-Key")
        except InvalidInput as error:
            return refused(job.id, error)
    request = transport.build("POST", "/jobs", job_item(job, idempotency_key=False), headers)
    response = await transport.exchange(request)
    if response.status_code in REFUSED:
        return refused(job.id, error_of_response(response), rate_of(response))
    if not response.is_success:
        raise error_of_response(response)
    status = SubmitStatus.CREATED
    if response.status_code != HTTPStatus.ACCEPTED:
        replayed = "idempotency-replayed" in response.headers
        status = SubmitStatus.REPLAYED if replayed else SubmitStatus.DEDUPLICATED
    return submission(job, decode(response, JobAnswer), status, rate_of(response))


async def submit_many(transport: Transport, jobs: Sequence[NewJob]) -> list[Submission]:
    """The answers to many jobs, in order."""
    found: list[Submission] = []
    for places, body in batches([job_item(job, idempotency_key=True) for job in jobs], "jobs"):
        response = await transport.send(transport.build("POST", "/jobs/batch", body, {}))
        results = decode(response, BatchResults).results
        found += [submission_of_item(job, result) for job, result in zip(jobs[places], results, strict=True)]
    return found
