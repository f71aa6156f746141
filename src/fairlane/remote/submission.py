"""Submitting over HTTP.

Every job carries the id that its client made, and the store makes one job for an id. So a repeat after a lost reply
makes no second job, and the caller has the Idempotency-Key to itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec

from ..model.errors import InvalidInput, StoreUnavailable
from ..model.job import NewJob, Submission, SubmitStatus
from ..model.names import check_key
from ..model.refusals import refused
from ..rest.headers import IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED, JOB_REPLACED, rate_of
from ..rest.jobs import BatchItem, JobAnswer, submission_of
from ..rest.many_jobs import BatchResultsAnswer, bodies
from ..rest.problems import REFUSED_JOB
from .transport import Transport, decode, error_of_response

_encode = msgspec.json.Encoder().encode


async def submit_one(transport: Transport, job: NewJob) -> Submission:
    """The answer to one job."""
    headers = {}
    if job.idempotency_key is not None:
        try:
            headers[IDEMPOTENCY_KEY] = check_key(job.idempotency_key, "the idempotency key", "/Idempotency-Key")
        except InvalidInput as error:  # no header could carry it
            return refused(job.id, error)
    body = _encode(BatchItem.of(job, idempotency_key=None))
    response = await transport.exchange(transport.build("POST", "/jobs", body, headers))
    rate = rate_of(response.headers)
    if not response.is_success:
        refusal = error_of_response(response)
        if response.status_code in REFUSED_JOB and not isinstance(refusal, StoreUnavailable):
            return refused(job.id, refusal, rate)
        raise refusal
    status = SubmitStatus.CREATED
    if response.status_code != HTTPStatus.ACCEPTED:
        status = _status_of_older(response.headers)
    return msgspec.structs.replace(submission_of(job, decode(response, JobAnswer), status), rate=rate)


def _status_of_older(headers: Mapping[str, str]) -> SubmitStatus:
    """The status for an answer with a job that an earlier request made."""
    if JOB_REPLACED in headers:
        return SubmitStatus.REPLACED
    return SubmitStatus.REPLAYED if IDEMPOTENCY_REPLAYED in headers else SubmitStatus.DEDUPLICATED


async def submit_many(transport: Transport, jobs: Sequence[NewJob]) -> list[Submission]:
    """The answers to many jobs, in order."""
    found: list[Submission] = []
    for places, body in bodies([_encode(BatchItem.of(job, job.idempotency_key)) for job in jobs], "jobs"):
        response = await transport.send(transport.build("POST", "/jobs/batch", body, {}))
        results = decode(response, BatchResultsAnswer).results
        found += [result.to_submission(job) for job, result in zip(jobs[places], results, strict=True)]
    return found
