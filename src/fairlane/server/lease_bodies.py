"""Request bodies of the worker protocol."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from ..model.bounded import job_error
from ..model.errors import PayloadTooLarge
from ..model.ids import new_claim_id
from ..model.job import MAX_BATCH, MAX_RESULT_BYTES, Progress, Time
from ..model.json_text import check_json
from ..model.lease import (
    DEFAULT_LEASE_MS,
    MAX_CLAIM,
    MAX_LEASE_MS,
    MAX_REPORTED_JOBS,
    MIN_LEASE_MS,
    ClaimRequest,
    FailureKind,
    LeaseReport,
    Outcome,
    OutcomeKind,
    WorkerReport,
)
from ..model.logs import MAX_LINE_LENGTH, MAX_LOG_LINES, LogLine, LogPiece
from ..model.names import check_name
from ..model.times import check_time
from .bodies import Body, Delay, Name

MAX_WAIT_SECONDS = 30
LeaseSeconds = Annotated[float, Meta(ge=MIN_LEASE_MS / 1000, le=MAX_LEASE_MS / 1000)]
Queues = Annotated[tuple[Name, ...], Meta(max_length=MAX_CLAIM)]
AnyId = Annotated[str, Meta(max_length=255)]  # of a job that is not there, the lease is stale
Token = Annotated[str, Meta(min_length=1, max_length=255)]


class ClaimBody(Body, frozen=True):
    """A worker's request for jobs. Repeated with the same `claimId`, it returns the same leases."""

    worker_id: Name
    claim_id: Name | None = None
    max: Annotated[int, Meta(ge=1, le=MAX_CLAIM)] = 1
    queues: Queues = ()
    """None means every queue."""
    lease_seconds: LeaseSeconds = DEFAULT_LEASE_MS / 1000
    wait_seconds: Annotated[float, Meta(ge=0)] = 0
    """How long to wait for a first job; 30 at most, more is taken for 30."""

    def to_request(self) -> ClaimRequest:
        claim_id = new_claim_id() if self.claim_id is None else check_name(self.claim_id, "claimId", "/claimId")
        return ClaimRequest(
            worker_id=check_name(self.worker_id, "workerId", "/workerId"),
            claim_id=claim_id,
            max=self.max,
            queues=_check_queues(self.queues, "/queues"),
            lease_ms=round(self.lease_seconds * 1000),
            wait_ms=round(min(self.wait_seconds, MAX_WAIT_SECONDS) * 1000),
        )


class WorkerBody(Body, frozen=True):
    """What a worker says of itself."""

    id: Name
    queues: Queues = ()
    slots: Annotated[int, Meta(ge=1, le=100_000)] = 1
    running: Annotated[int, Meta(ge=0, le=100_000)] = 0
    host: Annotated[str, Meta(max_length=255)] = ""
    pid: Annotated[int, Meta(ge=0, le=2**32)] = 0
    started_at: Time | None = None
    draining: bool = False
    jobs: Annotated[tuple[AnyId, ...], Meta(max_length=MAX_REPORTED_JOBS)] = ()
    """Ids of jobs that it runs."""

    def to_report(self) -> WorkerReport:
        return WorkerReport(
            id=check_name(self.id, "id", "/worker/id"),
            queues=_check_queues(self.queues, "/worker/queues"),
            slots=self.slots,
            running=self.running,
            host=self.host,
            pid=self.pid,
            started_at=0.0 if self.started_at is None else check_time(self.started_at, "/worker/startedAt").timestamp(),
            draining=self.draining,
            jobs=self.jobs,
        )


class ProgressBody(Body, frozen=True):
    """How far a running job says it is."""

    current: float
    total: float | None = None
    message: Annotated[str, Meta(max_length=1000)] | None = None


class LineBody(Body, frozen=True):
    """A line that the job logged."""

    at: Time
    attempt: Annotated[int, Meta(ge=0, le=2**31)]
    level: Annotated[str, Meta(max_length=255)]
    logger: Annotated[str, Meta(max_length=255)]
    message: Annotated[str, Meta(max_length=MAX_LINE_LENGTH)]


class LogsBody(Body, frozen=True):
    """Lines that the job logged since those that were sent before."""

    first: Annotated[int, Meta(ge=0, le=2**53)]
    """How many lines the attempt logged before these."""
    lines: Annotated[tuple[LineBody, ...], Meta(max_length=MAX_LOG_LINES)]


def _progress(said: ProgressBody | None) -> Progress | None:
    return None if said is None else Progress(said.current, said.total, said.message)


def _logs(logs: LogsBody | None, at: str) -> LogPiece | None:
    if logs is None:
        return None
    at += "/logs/lines"
    lines = [
        LogLine(check_time(line.at, at), line.attempt, line.level, line.logger, line.message) for line in logs.lines
    ]
    return LogPiece(logs.first, lines)


class HeldLease(Body, frozen=True):
    """A lease that the worker still holds."""

    job_id: AnyId
    token: Token
    progress: ProgressBody | None = None
    logs: LogsBody | None = None

    def to_report(self, at: str) -> LeaseReport:
        return LeaseReport(self.job_id, self.token, _progress(self.progress), _logs(self.logs, at))


class ExtendBody(Body, frozen=True):
    """A worker's heartbeat: all leases that it holds, none while it is idle."""

    worker: WorkerBody
    leases: Annotated[tuple[HeldLease, ...], Meta(max_length=MAX_BATCH)] = ()
    lease_seconds: LeaseSeconds = DEFAULT_LEASE_MS / 1000


class ErrorBody(Body, frozen=True):
    """Why an attempt failed. Long texts are cut when they are stored."""

    type: Annotated[str, Meta(max_length=255)] = "Error"
    message: str = ""
    traceback: str | None = None


class OutcomeBody(Body, frozen=True):
    """The end of one lease."""

    job_id: AnyId
    token: Token
    outcome: OutcomeKind
    result: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    """With `completed`."""
    error: ErrorBody | None = None
    """With `failed`."""
    failure: FailureKind = FailureKind.ERROR
    delay_seconds: Delay | None = None
    """With `snoozed`: how long. With `failed`: instead of the backoff."""
    progress: ProgressBody | None = None
    logs: LogsBody | None = None

    def to_outcome(self, at: str) -> Outcome:
        why = self.error
        return Outcome(
            job_id=self.job_id,
            token=self.token,
            kind=self.outcome,
            result=self._result(at + "/result"),
            error=None if why is None else job_error(why.type, why.message, why.traceback),
            failure=self.failure,
            delay_ms=None if self.delay_seconds is None else round(self.delay_seconds * 1000),
            progress=_progress(self.progress),
            logs=_logs(self.logs, at),
        )

    def _result(self, pointer: str) -> msgspec.Raw | None:
        text = bytes(self.result)
        if not text:
            return None
        if len(text) > MAX_RESULT_BYTES:
            raise PayloadTooLarge(f"a result must have {MAX_RESULT_BYTES // 1024} KiB at most", pointer)
        check_json(text, pointer)
        return msgspec.Raw(text)


class FinishBody(Body, frozen=True):
    """The ends of many leases."""

    outcomes: Annotated[list[OutcomeBody], Meta(max_length=MAX_BATCH)]


def _check_queues(queues: tuple[str, ...], at: str) -> tuple[str, ...]:
    return tuple(check_name(name, "a queue", f"{at}/{i}") for i, name in enumerate(queues))
