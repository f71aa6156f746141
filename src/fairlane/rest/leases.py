"""The worker protocol: claims, heartbeats and outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..model.bounded import job_error
from ..model.errors import PayloadTooLarge
from ..model.ids import new_claim_id
from ..model.job import MAX_BATCH, MAX_RESULT_BYTES, JobError, Progress, Time
from ..model.json_text import check_json
from ..model.lease import (
    DEFAULT_LEASE_MS,
    MAX_CLAIM,
    ClaimRequest,
    FailureKind,
    Lease,
    LeaseReport,
    LeaseStatus,
    Outcome,
    OutcomeKind,
    WorkerReport,
    check_queues,
)
from ..model.logs import MAX_LINE_LENGTH, MAX_LOG_LINES, LogLine, LogPiece
from ..model.names import check_name
from ..model.times import check_time
from .fields import AnyId, DelaySeconds, LeaseSeconds, Name, Queues, Token, WaitSeconds, ms_of
from .limits import MAX_WAIT_SECONDS
from .many_jobs import bodies
from .structs import Body, View, same_fields
from .workers import WorkerBody

MAX_ERROR_TYPE = 255
"""Characters."""
_encode = msgspec.json.Encoder().encode


class ClaimBody(Body, frozen=True):
    """A worker's request for jobs. Repeated with the same `claimId`, it returns the same leases."""

    worker_id: Name
    claim_id: Name | None = None
    max: Annotated[int, Meta(ge=1, le=MAX_CLAIM)] = 1
    queues: Queues = ()
    """Empty means every queue."""
    lease_seconds: LeaseSeconds = DEFAULT_LEASE_MS / 1000
    wait_seconds: WaitSeconds = 0
    """How long to wait for a first job; 30 at most, more is taken for 30."""

    @classmethod
    def of(cls, request: ClaimRequest, wait_ms: int) -> ClaimBody:
        return cls(**_fields_of_request(request), lease_seconds=request.lease_ms / 1000, wait_seconds=wait_ms / 1000)

    def to_request(self) -> ClaimRequest:
        return ClaimRequest(
            worker_id=check_name(self.worker_id, "workerId", "/workerId"),
            claim_id=new_claim_id() if self.claim_id is None else check_name(self.claim_id, "claimId", "/claimId"),
            max=self.max,
            queues=check_queues(self.queues, "/queues"),
            lease_ms=ms_of(self.lease_seconds),
            wait_ms=ms_of(min(self.wait_seconds, MAX_WAIT_SECONDS)),
        )


class LeaseList(View, frozen=True):
    """Jobs leased to the worker."""

    leases: list[Lease]


class ProgressBody(Body, frozen=True):
    """The progress that a running job reports."""

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
    """Lines that the job logged after the lines already sent."""

    first: Annotated[int, Meta(ge=0, le=2**53)]
    """How many lines the attempt logged before these."""
    lines: Annotated[tuple[LineBody, ...], Meta(max_length=MAX_LOG_LINES)]


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

    type: Annotated[str, Meta(max_length=MAX_ERROR_TYPE)] = "Error"
    message: str = ""
    traceback: str | None = None

    @classmethod
    def of(cls, error: JobError) -> ErrorBody:
        return cls(type=error.type[:MAX_ERROR_TYPE], message=error.message, traceback=error.traceback)


class OutcomeBody(Body, frozen=True):
    """The end of one lease."""

    job_id: AnyId
    token: Token
    outcome: OutcomeKind
    result: msgspec.Raw | UnsetType = UNSET
    """With `completed`."""
    error: ErrorBody | None = None
    """With `failed`."""
    failure: FailureKind = FailureKind.ERROR
    delay_seconds: DelaySeconds | None = None
    """With `snoozed`: how long. With `failed`: instead of the backoff."""
    progress: ProgressBody | None = None
    logs: LogsBody | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> OutcomeBody:
        completed = outcome.kind is OutcomeKind.COMPLETED
        return cls(
            job_id=outcome.job_id,
            token=outcome.token,
            outcome=outcome.kind,
            result=outcome.result if completed and outcome.result is not None else UNSET,
            error=None if completed or outcome.error is None else ErrorBody.of(outcome.error),
            failure=outcome.failure,
            delay_seconds=None if outcome.delay_ms is None else outcome.delay_ms / 1000,
            progress=_progress_body(outcome.progress),
            logs=_logs_body(outcome.logs),
        )

    def to_outcome(self, at: str) -> Outcome:
        error = self.error
        return Outcome(
            job_id=self.job_id,
            token=self.token,
            kind=self.outcome,
            result=self._result(at + "/result"),
            error=None if error is None else job_error(error.type, error.message, error.traceback),
            failure=self.failure,
            delay_ms=None if self.delay_seconds is None else ms_of(self.delay_seconds),
            progress=_progress(self.progress),
            logs=_logs(self.logs, at),
        )

    def _result(self, pointer: str) -> msgspec.Raw | None:
        if self.result is UNSET:
            return None
        text = bytes(self.result)
        if len(text) > MAX_RESULT_BYTES:
            raise PayloadTooLarge(f"a result must have {MAX_RESULT_BYTES // 1024} KiB at most", pointer)
        check_json(text, pointer)
        return msgspec.Raw(text)


class FinishBody(Body, frozen=True):
    """The ends of many leases."""

    outcomes: Annotated[list[OutcomeBody], Meta(max_length=MAX_BATCH)]


class LeaseResult(View, frozen=True):
    """The answer for one lease."""

    job_id: str
    status: LeaseStatus


class LeaseResults(View, frozen=True):
    """One result for each lease, in order."""

    results: list[LeaseResult]

    @classmethod
    def of(cls, job_ids: Sequence[str], statuses: Sequence[LeaseStatus]) -> LeaseResults:
        pairs = zip(job_ids, statuses, strict=True)
        return cls(results=[LeaseResult(job_id=job_id, status=status) for job_id, status in pairs])

    def statuses(self) -> list[LeaseStatus]:
        return [result.status for result in self.results]


_fields_of_request = same_fields(ClaimRequest, ClaimBody)
_line_fields = same_fields(LineBody, LogLine)


def extend_bodies(worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int) -> Iterator[bytes]:
    """A heartbeat, in as many bodies as its leases need, at least one."""
    common = b'"worker":' + _encode(WorkerBody.of(worker)) + b',"leaseSeconds":' + _encode(lease_ms / 1000)
    if not leases:
        yield b"{" + common + b"}"
    # A report encodes as a `HeldLease`, since both have the same fields.
    for _, body in bodies([_encode(lease) for lease in leases], "leases", common + b","):
        yield body


def finish_bodies(outcomes: Sequence[Outcome]) -> Iterator[bytes]:
    """The ends of leases, in as many bodies as they need."""
    for _, body in bodies([_encode(OutcomeBody.of(outcome)) for outcome in outcomes], "outcomes"):
        yield body


def _progress(body: ProgressBody | None) -> Progress | None:
    return None if body is None else Progress(body.current, body.total, body.message)


def _progress_body(progress: Progress | None) -> ProgressBody | None:
    if progress is None:
        return None
    return ProgressBody(current=progress.current, total=progress.total, message=progress.message)


def _logs(body: LogsBody | None, at: str) -> LogPiece | None:
    if body is None:
        return None
    for line in body.lines:
        check_time(line.at, at + "/logs/lines")
    return LogPiece(body.first, [LogLine(**_line_fields(line)) for line in body.lines])


def _logs_body(piece: LogPiece | None) -> LogsBody | None:
    if piece is None:
        return None
    return LogsBody(first=piece.first, lines=tuple(LineBody(**_line_fields(line)) for line in piece.lines))
