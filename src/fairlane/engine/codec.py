"""Arguments and replies of the scripts, from and to the values of the model."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from ..model.errors import InvalidInput, UnknownNeed
from ..model.idempotency import fingerprint
from ..model.job import Backlog, NewJob, OnConflict, OnNeedFailed, Progress, RateUse, Submission, SubmitStatus
from ..model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, OutcomeKind, check_queues
from ..model.logs import MAX_LOG_LINES, LogPiece
from ..model.states import State
from ..model.tenant import PolicyChange, Tenant, TenantPolicy, too_many_tenants
from .layouts import Beat, PlainlySubmitted, Reported, Submitted, Ticked
from .policies import unpack_own
from .records import NEVER_MS, lease_from, pack_request, utc_of_ms
from .scripts import Value

LEASE_STATUS = {status.value.encode(): status for status in LeaseStatus}
_PENDING, _SCHEDULED = State.PENDING, State.SCHEDULED  # an enum looks a member up at each use
_RETURN = OnConflict.RETURN
_SUBMIT_STATUS = {status.value.encode(): status for status in SubmitStatus}
_NO_LIMITS_OF_ITS_OWN = (PolicyChange(), PolicyChange(paused=False), PolicyChange(paused=True))
_encode = msgspec.msgpack.Encoder().encode


def packed(job: NewJob) -> tuple[bytes, bytes]:
    """A job as `submit` receives it, and the request that it stores."""
    return with_place(_plainly_submitted(job) if _is_plain(job) else _submitted(job)), pack_request(job)


def _is_plain(job: NewJob) -> bool:
    starts_now = job.delay_ms == 0 and job.run_at_ms is None and job.expires_in_ms is None
    is_alone = not job.needs and job.batch_id is None and job.parent is None
    return starts_now and is_alone and job.idempotency_key is None and job.key is None


def _plainly_submitted(job: NewJob) -> PlainlySubmitted:
    return PlainlySubmitted(id=job.id, tenant_id=job.tenant_id, queue=job.queue, priority=job.priority)


def _submitted(job: NewJob) -> Submitted:
    return Submitted(
        id=job.id,
        tenant_id=job.tenant_id,
        queue=job.queue,
        priority=job.priority,
        delay_ms=job.delay_ms,
        run_at_ms=job.run_at_ms or 0,
        idempotency_key=job.idempotency_key or "",
        fingerprint=fingerprint(job) if job.idempotency_key else "",
        key=job.key or "",
        parent_id=job.parent.job_id if job.parent else None,
        parent_proof=job.parent.proof if job.parent else None,
        expires_in_ms=job.expires_in_ms or 0,
        on_conflict="" if job.on_conflict is _RETURN else job.on_conflict.value,
        max_delay_ms=job.max_delay_ms or 0,
        needs=job.needs,
        runs_anyway=job.on_need_failed is OnNeedFailed.RUN,
        batch_id=job.batch_id,
    )


def with_place(item: PlainlySubmitted | Submitted | Ticked) -> bytes:
    """The item, packed, with its id as a place of the creation order: in binary, without the partition.

    Lua takes binary text only as a string of 12 bytes (0xac), which Python does not write. It replaces the empty
    string (0xa0) of the last field.
    """
    return b"%b\xac%b" % (_encode(item)[:-1], bytes.fromhex(item.id[2:]))


def array(items: Sequence[bytes]) -> bytes:
    """A MessagePack array of items that are packed already."""
    return b"\xdd%b%b" % (len(items).to_bytes(4), b"".join(items))


def submission(reply: list[Any], i: int, now: int) -> Submission:
    status, job_id, run_at, left = reply[i], reply[i + 1], reply[i + 2], reply[i + 3]
    if status == b"backlog_full":
        return Submission(SubmitStatus.BACKLOG_FULL, job_id.decode(), backlog=Backlog(*left))
    if status == b"too_many_tenants":
        return Submission(SubmitStatus.REFUSED, job_id.decode(), error=too_many_tenants())
    if status == b"unknown_need":
        error = UnknownNeed(f"the tenant has no job {run_at.decode()}; leave it out of the needs", "/needs")
        return Submission(SubmitStatus.UNKNOWN_NEED, job_id.decode(), error=error)
    rate = RateUse(left[0], left[1] / 1_000_000, left[2], left[3] / 1000) if left else None
    state = None if run_at is None else _SCHEDULED if run_at > now else _PENDING
    due_ms = run_at if run_at is not None and run_at != NEVER_MS else 0
    return Submission(_SUBMIT_STATUS[status], job_id.decode(), state, now, due_ms, rate)


class Claimed(NamedTuple):
    """What a claim returned."""

    leases: list[Lease]
    again_s: float | None
    """When the claim should be made again, if it still waits; None: no such time."""


def claim_values(request: ClaimRequest, most: int, idle_claim: str = "", wait_ms: int = 0) -> dict[str, Value]:
    if most < 1:
        raise InvalidInput("a claim must ask for at least one job", "/max")
    return {
        "worker": request.worker_id,
        "claim": request.claim_id,
        "lease_ms": request.lease_ms,
        "max": most,
        "queues": _encode(check_queues(request.queues, "/queues")),
        "idle_claim": idle_claim,
        "wait_ms": wait_ms,
    }


def claimed(reply: list[Any], lease_ms: int) -> Claimed:
    leases = [lease_from(reply[i : i + 8], lease_ms) for i in range(1, len(reply), 8) if reply[i + 4] is not None]
    return Claimed(leases, reply[0] / 1_000_000 if reply[0] >= 0 else None)


def finish_values(outcomes: Sequence[Outcome]) -> dict[str, Value]:
    return {"outcomes": b"".join([_encode(_reported(outcome)) for outcome in outcomes]), "jitter": random.random()}


def _reported(outcome: Outcome) -> Reported:
    if outcome.kind is OutcomeKind.COMPLETED:
        body = bytes(outcome.result).decode() if outcome.result is not None else ""
    else:
        body = msgspec.json.encode(outcome.error).decode() if outcome.error else ""
    delay = outcome.delay_ms
    if delay is None:
        delay = 0 if outcome.kind is OutcomeKind.SNOOZED else -1
    return Reported(
        id=outcome.job_id,
        token=outcome.token,
        kind=outcome.kind.value,
        delay_ms=delay,
        failure=outcome.failure.value,
        body=body,
        progress=_progress_text(outcome.progress),
        lines_before=outcome.logs.first if outcome.logs else 0,
        lines=_line_texts(outcome.logs),
    )


def report(lease: LeaseReport) -> Beat:
    return Beat(
        id=lease.job_id,
        token=lease.token,
        progress=_progress_text(lease.progress),
        lines_before=lease.logs.first if lease.logs else 0,
        lines=_line_texts(lease.logs),
    )


def _progress_text(progress: Progress | None) -> str | None:
    return msgspec.json.encode(progress).decode() if progress else None


def _line_texts(logs: LogPiece | None) -> list[str] | None:
    if logs is None or not logs.lines:
        return None
    return [msgspec.json.encode(line).decode() for line in logs.lines[-MAX_LOG_LINES:]]


def tenant(name: str, defaults: TenantPolicy, reply: list[Any]) -> Tenant:
    (packed, pending, running, submitted, started, completed, failed, retried,
     blocked_by, until, used, oldest_ms) = reply  # fmt: skip
    own = unpack_own(packed)
    policy = own.apply_to(defaults)
    return Tenant(
        **{field: getattr(policy, field) for field in TenantPolicy.__struct_fields__},
        id=name, customized=own not in _NO_LIMITS_OF_ITS_OWN,
        pending=pending, running=running,
        submitted=submitted, started=started, completed=completed, failed=failed, retried=retried,
        blocked_by=blocked_by.decode() or None,
        blocked_until=utc_of_ms(float(until)) if until else None,
        submit_rate_used=used,
        oldest_wait_seconds=oldest_ms / 1000 if oldest_ms >= 0 else None,
    )  # fmt: skip
