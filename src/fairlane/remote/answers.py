"""What comes back: the API's JSON where it is not the model's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

import httpx
import msgspec

from ..model.errors import InvalidInput
from ..model.job import Counters, Job, NewJob, RateUse, Submission, SubmitStatus
from ..model.lease import Lease, LeaseStatus, WorkerReport
from ..model.monitor import Overview
from ..model.overview import QueueInfo
from ..model.refusals import refused
from ..model.states import State
from ..model.tenant import Tenant
from .problems import Problem, error_of

_ITEM = re.compile(r"^/jobs/\d+")
"""Where a batch has an item. Callers submit one sequence, and the client divides it into batches."""
REFUSED = frozenset({400, 409, 413, 422, 429})
"""Statuses that refuse one job. With any other status the call has failed."""


class Wire(msgspec.Struct, kw_only=True, rename="camel"):
    """A JSON object in camelCase."""


class JobAnswer(Job, frozen=True, kw_only=True, rename="camel"):
    """A job as JSON. The decoder keeps no text for a field that may be None, so here the result never is."""

    result: msgspec.Raw = msgspec.Raw(b"null")

    def to_job(self) -> Job:
        fields = {name: getattr(self, name) for name in Job.__struct_fields__}
        return Job(**fields | {"result": None if bytes(self.result) == b"null" else self.result})


class JobPageAnswer(Wire):
    """Some jobs of a listing, and where the next ones begin."""

    jobs: list[JobAnswer]
    next_cursor: str | None = None


class BatchResult(Wire):
    """What became of one job of a batch."""

    status: int
    job: JobAnswer | None = None
    problem: Problem | None = None
    rate: RateUse | None = None


class BatchResults(Wire):
    """One result for each job of a batch."""

    results: list[BatchResult]


class Leases(Wire):
    """The answer to a claim."""

    leases: list[Lease]


class LeaseResult(Wire):
    """What became of one lease."""

    status: LeaseStatus


class LeaseResults(Wire):
    """One result for each lease."""

    results: list[LeaseResult]


class TenantPage(Wire):
    """Some tenants, and where the next ones begin."""

    tenants: list[Tenant]
    next_cursor: str | None


class WorkerAnswer(Wire):
    """A worker, as its last heartbeat described it."""

    id: str
    queues: tuple[str, ...]
    slots: int
    running: int
    host: str
    pid: int
    started_at: datetime | None
    draining: bool
    jobs: tuple[str, ...] = ()
    heartbeat_at: datetime | None = None

    def to_report(self) -> WorkerReport:
        return WorkerReport(
            id=self.id,
            queues=self.queues,
            slots=self.slots,
            running=self.running,
            host=self.host,
            pid=self.pid,
            started_at=0.0 if self.started_at is None else self.started_at.timestamp(),
            draining=self.draining,
            jobs=self.jobs,
            heartbeat_at=self.heartbeat_at.timestamp() if self.heartbeat_at else 0.0,
        )


class Workers(Wire):
    """Live workers."""

    workers: list[WorkerAnswer]


class OverviewAnswer(Wire):
    """The whole at a glance."""

    at: datetime
    counters: Counters
    states: dict[State, int]
    queues: list[QueueInfo]
    workers: list[WorkerAnswer]

    def to_overview(self) -> Overview:
        return Overview(
            at=self.at,
            counters=self.counters,
            states=self.states,
            queues=self.queues,
            workers=[worker.to_report() for worker in self.workers],
        )


class Queues(Wire):
    """Every queue that has been used."""

    queues: list[QueueInfo]


def submission(asked: NewJob, job: Job, status: SubmitStatus, rate: RateUse | None = None) -> Submission:
    """An accepted submission, of the job that the API showed."""
    if status is not SubmitStatus.CREATED:
        return Submission(status, job.id)
    created_ms = _ms(job.created_at)
    due_ms = created_ms if job.run_at is None else _ms(job.run_at)
    return Submission(status, asked.id, job.state, created_ms, due_ms, rate)


def submission_of_item(asked: NewJob, result: BatchResult) -> Submission:
    """The submission that one result of a batch stands for. Raises an error that does not concern the job alone."""
    if result.job is None:
        error = error_of(result.problem or Problem())
        if result.status not in REFUSED:
            raise error
        if isinstance(error, InvalidInput):
            error.pointer = _ITEM.sub("", error.pointer)
        return refused(asked.id, error, result.rate)
    if result.status == HTTPStatus.ACCEPTED:
        return submission(asked, result.job, SubmitStatus.CREATED)
    # For a job with both kinds of key, a batch does not say which key found the older job.
    keyed = asked.idempotency_key is not None
    return submission(asked, result.job, SubmitStatus.REPLAYED if keyed else SubmitStatus.DEDUPLICATED)


def rate_of(response: httpx.Response) -> RateUse | None:
    """The tenant's submission rate as the headers tell it."""
    policy, left = (_items(response.headers.get(name, "")) for name in ("ratelimit-policy", "ratelimit"))
    if not {"q", "w"} <= policy.keys() or not {"r", "t"} <= left.keys():
        return None
    return RateUse(policy["q"], float(policy["w"]), left["r"], float(left["t"]))


def statuses(results: LeaseResults) -> Sequence[LeaseStatus]:
    return [result.status for result in results.results]


def _items(header: str) -> dict[str, int]:
    """The integer parameters of a header such as `"submit";q=10;w=60`."""
    pairs = (part.strip().partition("=") for part in header.split(";")[1:])
    return {name: int(value) for name, _, value in pairs if value.isdigit()}


def _ms(when: datetime) -> int:
    return round(when.timestamp() * 1000)
