"""Making jobs, one or many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import msgspec

from ...backend import Backend
from ...model.batch import Batch
from ...model.errors import FairlaneError, NotFound
from ...model.job import Job, NewJob, RateUse, Submission, SubmitStatus
from ...model.names import check_key
from ...model.refusals import refusal_of
from ...model.token import TokenKind
from ...rest.headers import IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED, JOB_REPLACED, rate_headers
from ...rest.jobs import BatchItem, JobBody, created_job, forgotten_job
from ...rest.limits import JOB_BODY, LARGE_BODY
from ...rest.many_jobs import BatchBody, BatchResult, BatchResults
from ...rest.parsing import parse_body, part_of_body
from ...rest.problems import problem_of
from ..http.answers import Answer, Header, json_answer, problem_answer
from ..http.call import Call, job_location
from ..http.endpoint import Endpoint, Reply

_RATE_HEADERS = {
    "RateLimit": "Submissions that the tenant's rate still allows, and the seconds until it allows more.",
    "RateLimit-Policy": "The tenant's submission rate: quota and window in seconds.",
}
_ACCEPTED = int(HTTPStatus.ACCEPTED)  # the lookup of an enum's member runs Python code
_KEY = IDEMPOTENCY_KEY.encode()
_REPLAYED: Header = (IDEMPOTENCY_REPLAYED.encode(), b"true")
_REPLACED: Header = (JOB_REPLACED.encode(), b"true")
_item_decoder = msgspec.json.Decoder(BatchItem)


async def submit_job(call: Call, body: JobBody) -> Answer:
    """Make a job. With the same Idempotency-Key and body again, answers with the first job."""
    backend = call.backend
    idempotency_key = call.header(_KEY)
    if idempotency_key is not None:
        check_key(idempotency_key, "Idempotency-Key", "/Idempotency-Key")
    job = body.to_new_job(backend.jobs.new_id, idempotency_key, call.tenant_id)
    (made,) = await _submitted(backend, [job], [body.id is not None])
    headers = [] if made.rate is None else rate_headers(made.rate)
    if made.status is SubmitStatus.CREATED and body.id is None:  # nearly always: the short way
        headers.append(job_location(call, made.job_id))
        return json_answer(created_job(job, made), _ACCEPTED, headers)
    if (error := refusal_of(made)) is not None:
        refusal = problem_answer(error)
        return Answer(refusal.status, refusal.body, refusal.content_type, [*refusal.headers, *headers])
    status, shown = await _outcome(backend, job, made, own_id=body.id is not None)
    if status == _ACCEPTED:
        headers.append(job_location(call, shown.id))
    elif made.status is SubmitStatus.REPLAYED:
        headers.append(_REPLAYED)
    elif made.status is SubmitStatus.REPLACED:
        headers.append(_REPLACED)
    return json_answer(shown, status, headers)


async def submit_batch(call: Call, body: BatchBody) -> BatchResults:
    """Make many jobs. A refused job does not keep the others from being made."""
    return BatchResults(results=await make_jobs(call, body.jobs))


async def make_jobs(call: Call, items: Sequence[msgspec.Raw], batch: Batch | None = None) -> list[BatchResult]:
    """One result for each item, in order. The jobs belong to the batch, if there is one."""
    backend = call.backend
    asked = [_item(call, raw, index, batch) for index, raw in enumerate(items)]
    jobs = [job for job, _ in asked if isinstance(job, NewJob)]
    own_ids = [own_id for job, own_id in asked if isinstance(job, NewJob)]
    made = iter(await _submitted(backend, jobs, own_ids))
    return [
        await _result(backend, job, next(made), own_id) if isinstance(job, NewJob) else _refusal(job)
        for job, own_id in asked
    ]


async def _submitted(backend: Backend, jobs: list[NewJob], own_ids: list[bool]) -> list[Submission]:
    """The answers to the jobs. A job whose id was not chosen by its client gets another one if that id is taken."""
    answers = await backend.jobs.submit(jobs) if jobs else []
    for i, answer in enumerate(answers):
        while answer.status is SubmitStatus.ID_TAKEN and not own_ids[i]:
            jobs[i] = msgspec.structs.replace(jobs[i], id=backend.jobs.new_id(jobs[i].tenant_id))
            (answer,) = await backend.jobs.submit([jobs[i]])  # noqa: PLW2901
            answers[i] = answer
    return answers


def _item(call: Call, raw: msgspec.Raw, index: int, batch: Batch | None) -> tuple[NewJob | FairlaneError, bool]:
    """The job that an item requests, or why it is refused; and whether the client chose its id."""
    try:
        with part_of_body(f"/jobs/{index}"):
            item = parse_body(_item_decoder, bytes(raw))
            job = item.to_item(call.backend.jobs.new_id, batch.tenant_id if batch else call.tenant_id)
            if batch is not None:
                job = msgspec.structs.replace(job, batch_id=batch.id)
            return job, item.id is not None
    except FairlaneError as error:
        return error, False


async def _result(backend: Backend, job: NewJob, made: Submission, own_id: bool) -> BatchResult:
    if (refusal := refusal_of(made)) is not None:
        return _refusal(refusal, made.rate)
    try:
        status, shown = await _outcome(backend, job, made, own_id)
    except FairlaneError as error:
        return _refusal(error)
    return BatchResult(status=status, job=shown, replaced=made.status is SubmitStatus.REPLACED)


def _refusal(error: FairlaneError, rate: RateUse | None = None) -> BatchResult:
    problem = problem_of(error)
    return BatchResult(status=problem.status, problem=problem, rate=rate)


async def _outcome(backend: Backend, job: NewJob, made: Submission, own_id: bool) -> tuple[int, Job]:
    """The status and the job to answer an accepted submission with."""
    if made.status is not SubmitStatus.CREATED:
        try:
            return HTTPStatus.OK, await backend.jobs.get(made.job_id)
        except NotFound:
            return HTTPStatus.OK, forgotten_job(job, made.job_id)
    return _ACCEPTED, await _job_of_own_id(backend, job, made) if own_id else created_job(job, made)


async def _job_of_own_id(backend: Backend, job: NewJob, made: Submission) -> Job:
    """The job with the id that its client chose: made now, or by an earlier, equal request."""
    try:
        return await backend.jobs.get(job.id)
    except NotFound:
        return created_job(job, made)  # the store has already deleted it


SUBMIT = Endpoint(
    "POST",
    "/jobs",
    submit_job,
    errors=(409, 429, 507),
    replies={
        202: Reply(Job, headers={"Location": "Where the job is.", **_RATE_HEADERS}, always=frozenset({"Location"})),
        200: Reply(
            Job,
            headers={
                "Idempotency-Replayed": "`true` if the Idempotency-Key was used before.",
                "Job-Replaced": "`true` if the job with the same key has this request now.",
            },
        ),
    },
    headers={"Idempotency-Key": "1 to 255 visible ASCII characters; remembered for 24 hours."},
    max_body=JOB_BODY,
).open_to(TokenKind.TENANT)

ENDPOINTS = (
    SUBMIT,
    Endpoint("POST", "/jobs/batch", submit_batch, errors=(507,), max_body=LARGE_BODY).open_to(TokenKind.TENANT),
)
