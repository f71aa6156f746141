"""Stored records of a job, to and from the values of the model. lua/include/job.lua describes the same records.

The store never looks into payloads, results or errors: they are JSON text and stay that.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any

import msgspec

from ..model import times
from ..model.job import Attempt, Job, JobError, JobSummary, Large, ListedJob, NewJob, OnNeedFailed, Progress
from ..model.lease import FailureKind, Lease, NeedOutcome
from ..model.states import Reason, State
from .layouts import DEFAULTS, Ended, Header, Needed, PastAttempt, ShortHeader, Started

NEVER_MS = 2**53 - 1
"""When a job is due that waits for others; lua/include/job.lua has the same number."""
_CREATED_AND_LENGTH = struct.Struct(">dH")
_LENGTH = struct.Struct(">H")
_encode = msgspec.msgpack.Encoder().encode


_decode_header = msgspec.msgpack.Decoder(Header).decode
_decode_needed = msgspec.msgpack.Decoder(list[Needed]).decode
_decode_started = msgspec.msgpack.Decoder(Started).decode
_decode_ended = msgspec.msgpack.Decoder(Ended).decode
_decode_past = msgspec.msgpack.Decoder(PastAttempt).decode
_decode_error = msgspec.json.Decoder(JobError).decode
_decode_progress = msgspec.json.Decoder(Progress).decode
_decode_headers = msgspec.json.Decoder(dict[str, str]).decode


def pack_request(job: NewJob) -> bytes:
    """The stored form of a request. The script adds the time of its creation."""
    header = _encode(
        ShortHeader(tenant_id=job.tenant_id, queue=job.queue, task=job.task, priority=job.priority)
        if _has_defaults(job)
        else Header(
            tenant_id=job.tenant_id,
            queue=job.queue,
            task=job.task,
            priority=job.priority,
            max_attempts=job.max_attempts,
            timeout_ms=job.timeout_ms,
            backoff_base_ms=job.backoff.base_ms,
            backoff_cap_ms=job.backoff.cap_ms,
            key=job.key or "",
            headers=msgspec.json.encode(job.headers).decode() if job.headers else "",
            expires_in_ms=job.expires_in_ms or 0,
            needs=job.needs,
            runs_anyway=job.on_need_failed is OnNeedFailed.RUN,
            tags=job.tags,
            batch_id=job.batch_id or "",
        )
    )
    return _LENGTH.pack(len(header)) + header + job.payload


_DEFAULTS = DEFAULTS["Header"]
_DEFAULT_RUN = tuple(_DEFAULTS[name] for name in ("max_attempts", "timeout_ms", "backoff_base_ms", "backoff_cap_ms"))


def _has_defaults(job: NewJob) -> bool:
    run = (job.max_attempts, job.timeout_ms, job.backoff.base_ms, job.backoff.cap_ms)
    needs_none = not job.needs and job.on_need_failed is OnNeedFailed.CANCEL
    plain = job.key is None and not job.headers and not job.tags and job.expires_in_ms is None
    return plain and needs_none and job.batch_id is None and run == _DEFAULT_RUN


def unpack_request(record: bytes) -> tuple[int, Header, bytes]:
    """Time of creation (ms), header and payload of a stored request."""
    created, length = _CREATED_AND_LENGTH.unpack_from(record)
    end = 10 + length
    return int(created), _decode_header(record[10:end]), record[end:]


def lease_from(claimed: list[Any], lease_ms: int) -> Lease:
    """The lease that a worker receives for a claimed job, from the job's eight values in the reply of claim.lua."""
    job_id, packed_token, attempt, base, record, suspect, waited_ms, needs = claimed
    token = packed_token.decode()
    _, header, payload = unpack_request(record)
    return Lease(
        job_id=job_id.decode(),
        token=token,
        fence=int(token.rpartition(".")[2]),
        attempt=attempt,
        max_attempts=header.max_attempts + base,
        lease_seconds=lease_ms / 1000,
        tenant_id=header.tenant_id,
        queue=header.queue,
        task=header.task,
        payload=msgspec.Raw(payload),
        timeout_seconds=header.timeout_ms / 1000,
        priority=header.priority,
        key=header.key or None,
        headers=_decode_headers(header.headers) if header.headers else {},
        suspect=bool(suspect),
        needs=[_need_outcome(need) for need in _decode_needed(needs)] if needs else [],
        batch_id=header.batch_id or None,
        waited_seconds=None if waited_ms < 0 else waited_ms / 1000,
    )


def _need_outcome(need: Needed) -> NeedOutcome:
    result = msgspec.Raw(need.result.encode() or b"null")
    state = State(need.state) if need.state else None
    return NeedOutcome(id=need.id, state=state, result=result, left_out=need.left_out)


def utc_of_ms(ms: float) -> datetime:
    return times.utc(ms / 1000)


def job_from(reply: list[Any], *, attempts: bool) -> Job | None:
    """A job from its seven values in the reply of get.lua; None if the job does not exist."""
    job_id, record, started, ended, lease, due, extras = reply
    if record is None:
        return None
    created, header, payload = unpack_request(record)
    due_ms = float(due) if due else None
    common: dict[str, Any] = {
        "id": job_id.decode(),
        "tenant_id": header.tenant_id,
        "queue": header.queue,
        "task": header.task,
        "payload": msgspec.Raw(payload),
        "priority": header.priority,
        "timeout_seconds": header.timeout_ms / 1000,
        "created_at": utc_of_ms(created),
        "run_at": None if due_ms is None or due_ms == NEVER_MS else utc_of_ms(due_ms),
        "expires_at": utc_of_ms(created + header.expires_in_ms) if header.expires_in_ms else None,
        "key": header.key or None,
        "tags": header.tags,
        "headers": _decode_headers(header.headers) if header.headers else {},
        "needs": header.needs,
        "batch_id": header.batch_id or None,
        "on_need_failed": OnNeedFailed.RUN if header.runs_anyway else OnNeedFailed.CANCEL,
    }
    if due_ms == NEVER_MS:
        return Job(**common, state=State.SCHEDULED, reason=Reason.NEEDS, max_attempts=header.max_attempts, attempts=[])
    extra = dict(zip(extras[::2], extras[1::2], strict=True))
    if extra.get(b"p"):
        common["progress"] = _decode_progress(extra[b"p"])
    past = _past_attempts(extra) if attempts else []
    if ended is not None:
        return _ended_job(common, header, _decode_ended(ended), past, attempts=attempts)
    unfit = _decode_error(extra[b"u"]) if extra.get(b"u") else None
    return _unfinished_job(common, header, _decode_started(started) if started else None, lease, past, attempts, unfit)


def listed_job_from(values: list[Any], include: frozenset[Large]) -> ListedJob | None:
    """A job of a listing from its seven values in the reply of list.lua; None if the job does not exist."""
    *records, progress = values
    job = job_from([*records, [b"p", progress]], attempts=False)
    if job is None:
        return None
    included: dict[str, Any] = {part: getattr(job, part) for part in include}
    return ListedJob(
        **{name: getattr(job, name) for name in JobSummary.__struct_fields__},
        **{part: value for part, value in included.items() if value is not None},
    )


def _past_attempts(extra: dict[bytes, bytes]) -> list[Attempt]:
    records = [_decode_past(value) for name, value in extra.items() if name[:1] == b"a"]
    return [_attempt(record) for record in sorted(records, key=lambda record: record.number)]


def _attempt(a: PastAttempt) -> Attempt:
    return Attempt(
        number=a.number,
        worker_id=a.worker,
        started_at=utc_of_ms(a.claimed_at),
        ended_at=utc_of_ms(a.ended_at),
        outcome=a.outcome,
        error=_error(a.outcome, a.body),
    )


_WITH_ERROR = frozenset({"failed", "cancelled", FailureKind.TIMED_OUT, FailureKind.REJECTED, FailureKind.WORKER_LOST})
"""Outcomes whose body is an error. Where a task cancelled its job, that is its Cancel."""


def _error(outcome: str, body: str) -> JobError | None:
    if outcome == "worker_lost" and not body:  # with a body, the worker reported a lost child process
        return JobError("WorkerLost", "the worker stopped, or did not renew its lease in time")
    return _decode_error(body) if body and outcome in _WITH_ERROR else None


def _ended_job(common: dict[str, Any], header: Header, ended: Ended, past: list[Attempt], *, attempts: bool) -> Job:
    last = PastAttempt(
        number=ended.attempt,
        worker=ended.worker,
        claimed_at=ended.claimed_at,
        ended_at=ended.ended_at,
        outcome=ended.outcome,
        body=ended.body,
    )
    ran = ended.attempt > 0 and not any(attempt.number == ended.attempt for attempt in past)
    return Job(
        **common,
        state=ended.state,
        reason=Reason(ended.reason) if ended.reason else None,
        attempt=ended.attempt,
        max_attempts=header.max_attempts + ended.base,
        started_at=utc_of_ms(ended.claimed_at) if ended.attempt else None,
        finished_at=utc_of_ms(ended.ended_at),
        worker_id=ended.worker or None,
        result=msgspec.Raw(ended.body.encode()) if ended.state is State.COMPLETED and ended.body else None,
        error=_error(ended.outcome, ended.body),
        attempts=[*past, _attempt(last)] if attempts and ran else past,
    )


def _unfinished_job(
    common: dict[str, Any],
    header: Header,
    started: Started | None,
    lease: bytes | None,
    past: list[Attempt],
    attempts: bool,
    unfit: JobError | None,
) -> Job:
    """`unfit` is why a worker last handed the job back."""
    state = State.RUNNING if lease else State.SCHEDULED if common["run_at"] else State.PENDING
    if started is None:
        return Job(**common, state=state, max_attempts=header.max_attempts)
    running = state is State.RUNNING
    error = past[-1].error if past else None
    if started.reason == Reason.UNFIT:
        error = unfit
    begun = utc_of_ms(started.claimed_at) if started.attempt else None
    if running and attempts:
        past = [*past, Attempt(started.attempt, started.worker, utc_of_ms(started.claimed_at), None, "running")]
    return Job(
        **common,
        state=state,
        reason=Reason(started.reason) if started.reason else None,
        attempt=started.attempt,
        max_attempts=header.max_attempts + started.base,
        started_at=begun,
        lease_expires_at=utc_of_ms(float(lease)) if lease else None,
        worker_id=started.worker if running else None,
        error=None if running else error,
        attempts=past,
    )
