"""What the scripts take and return, and the values of ours that it stands for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec

from ..model.errors import InvalidInput
from ..model.idempotency import fingerprint
from ..model.job import NewJob, Progress, RateUse, Submission, SubmitStatus
from ..model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, OutcomeKind
from ..model.logs import MAX_LOG_LINES, LogPiece
from ..model.states import State
from ..model.tenant import PolicyChange, Tenant, TenantPolicy
from .policies import unpack_own
from .records import lease_from, pack_request, utc
from .scripts import Value

LEASE_STATUS = {status.value.encode(): status for status in LeaseStatus}
_PENDING, _SCHEDULED = State.PENDING, State.SCHEDULED  # which a class looks up each time
_SUBMIT_STATUS = {status.value.encode(): status for status in SubmitStatus}
_NO_LIMITS_OF_ITS_OWN = (PolicyChange(), PolicyChange(paused=False), PolicyChange(paused=True))
_encode = msgspec.msgpack.Encoder().encode


def packed(job: NewJob) -> tuple[bytes, bytes]:
    """What the script is told of a job, and what it keeps of it."""
    item = (
        job.id, job.tenant_id, job.queue, job.priority, job.delay_ms, job.run_at_ms or 0,
        job.idempotency_key or "", fingerprint(job) if job.idempotency_key else "", job.key or "",
    )  # fmt: skip
    if job.parent is not None:
        return _encode((*item, job.parent.job_id, job.parent.proof)), pack_request(job)
    return _encode(item), pack_request(job)


def array(items: Sequence[bytes]) -> bytes:
    """A MessagePack array of what is packed already."""
    return b"\xdd%b%b" % (len(items).to_bytes(4), b"".join(items))


def submission(reply: list[Any], i: int, now: int) -> Submission:
    status, job_id, run_at, left = reply[i], reply[i + 1], reply[i + 2], reply[i + 3]
    rate = RateUse(left[0], left[1] / 1_000_000, left[2], left[3] / 1000) if left else None
    state = None if run_at is None else _SCHEDULED if run_at > now else _PENDING
    return Submission(_SUBMIT_STATUS[status], job_id.decode(), state, now, run_at or 0, rate)


def claim_values(request: ClaimRequest, most: int) -> dict[str, Value]:
    if most < 1:
        raise InvalidInput("a claim must ask for at least one job", "/max")
    return {
        "worker": request.worker_id,
        "claim": request.claim_id,
        "lease_ms": request.lease_ms,
        "max": most,
        "queues": _encode(request.queues),
    }


def leases(reply: list[Any], lease_ms: int) -> list[Lease]:
    return [
        lease_from(reply[i].decode(), reply[i + 1].decode(), reply[i + 2], reply[i + 3], reply[i + 4], lease_ms)
        for i in range(1, len(reply), 5)
        if reply[i + 4] is not None
    ]


def finish_values(outcomes: Sequence[Outcome]) -> dict[str, Value]:
    return {"outcomes": _encode([_outcome(outcome) for outcome in outcomes]), "jitter": random.random()}


def _outcome(outcome: Outcome) -> tuple[Any, ...]:
    if outcome.kind is OutcomeKind.COMPLETED:
        body = bytes(outcome.result).decode() if outcome.result is not None else ""
    else:
        body = msgspec.json.encode(outcome.error).decode() if outcome.error else ""
    delay = outcome.delay_ms
    if delay is None:
        delay = 0 if outcome.kind is OutcomeKind.SNOOZED else -1
    item = (outcome.job_id, outcome.token, outcome.kind.value, delay, outcome.failure.value, body)
    if outcome.progress is None and outcome.logs is None:
        return item
    return item + _words(outcome.progress, outcome.logs)


def report(lease: LeaseReport) -> tuple[Any, ...]:
    return (lease.job_id, lease.token, *_words(lease.progress, lease.logs))


def _words(progress: Progress | None, logs: LogPiece | None) -> tuple[str, int, list[str]]:
    said = msgspec.json.encode(progress).decode() if progress else ""
    if logs is None:
        return said, 0, []
    return said, logs.first, [msgspec.json.encode(line).decode() for line in logs.lines[-MAX_LOG_LINES:]]


def tenant(name: str, defaults: TenantPolicy, reply: list[Any]) -> Tenant:
    (packed, pending, running, submitted, started, completed, failed, retried,
     blocked_by, until, used, oldest_ms) = reply  # fmt: skip
    own = unpack_own(packed)
    policy = own.apply_to(defaults)
    return Tenant(
        id=name, submit_rate=policy.submit_rate, concurrency=policy.concurrency, start_rate=policy.start_rate,
        weight=policy.weight, paused=policy.paused, customized=own not in _NO_LIMITS_OF_ITS_OWN,
        pending=pending, running=running,
        submitted=submitted, started=started, completed=completed, failed=failed, retried=retried,
        blocked_by=blocked_by.decode() or None,
        blocked_until=utc(float(until)) if until else None,
        submit_rate_used=used,
        oldest_wait_seconds=oldest_ms / 1000 if oldest_ms >= 0 else None,
    )  # fmt: skip
