"""What is sent: the model's values as the API's JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from ..model.bulk import BulkAction
from ..model.errors import NotFound
from ..model.ids import is_job_id
from ..model.job import MAX_BATCH, JobQuery, NewJob
from ..model.lease import ClaimRequest, LeaseReport, Outcome, OutcomeKind, WorkerReport
from ..model.names import check_name
from ..model.times import utc

MAX_BODY_BYTES = 8 * 1024 * 1024
"""Of the items of one request; the API takes twice as much."""
MAX_PAGE = 100
MAX_BULK = 10_000
_MAX_ERROR_TYPE = 255

_encode = msgspec.json.Encoder().encode


def job_item(job: NewJob, *, idempotency_key: bool) -> bytes:
    """A job to make, under the id that its client chose. `idempotency_key`: as a field, for batches."""
    item: dict[str, Any] = {
        "id": job.id,
        "tenantId": job.tenant_id,
        "payload": msgspec.Raw(job.payload),
        "task": job.task,
        "queue": job.queue,
        "priority": job.priority,
        "maxAttempts": job.max_attempts,
        "timeoutSeconds": job.timeout_ms / 1000,
        "backoff": {"baseSeconds": job.backoff.base_ms / 1000, "capSeconds": job.backoff.cap_ms / 1000},
    }
    if job.run_at_ms is not None:
        item["runAt"] = utc(job.run_at_ms / 1000)
    elif job.delay_ms:
        item["delaySeconds"] = job.delay_ms / 1000
    if job.key is not None:
        item["key"] = job.key
    if job.headers:
        item["headers"] = job.headers
    if job.parent is not None:
        item["parent"] = job.parent
    if idempotency_key and job.idempotency_key is not None:
        item["idempotencyKey"] = job.idempotency_key
    return _encode(item)


def claim_body(request: ClaimRequest, wait_ms: int) -> dict[str, Any]:
    return {
        "workerId": request.worker_id,
        "claimId": request.claim_id,
        "max": request.max,
        "queues": request.queues,
        "leaseSeconds": request.lease_ms / 1000,
        "waitSeconds": wait_ms / 1000,
    }


def outcome_item(outcome: Outcome) -> bytes:
    """The end of a lease."""
    item: dict[str, Any] = {"jobId": outcome.job_id, "token": outcome.token, "outcome": outcome.kind}
    if outcome.kind is OutcomeKind.COMPLETED:
        if outcome.result is not None:
            item["result"] = outcome.result
    elif outcome.error is not None:
        item["error"] = msgspec.structs.replace(outcome.error, type=outcome.error.type[:_MAX_ERROR_TYPE])
    item["failure"] = outcome.failure
    if outcome.delay_ms is not None:
        item["delaySeconds"] = outcome.delay_ms / 1000
    if outcome.progress is not None:
        item["progress"] = outcome.progress
    if outcome.logs is not None:
        item["logs"] = outcome.logs
    return _encode(item)


def extend_bodies(worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int) -> Iterator[bytes]:
    """A heartbeat, in as many bodies as its leases need; one where there are none."""
    about = msgspec.to_builtins(worker)
    about.pop("heartbeatAt")
    about["startedAt"] = datetime.fromtimestamp(worker.started_at, UTC) if worker.started_at else None
    common = b'"worker":' + _encode(about) + b',"leaseSeconds":' + _encode(lease_ms / 1000)
    if not leases:
        yield b"{" + common + b"}"
    for _, body in batches([_encode(lease) for lease in leases], "leases", common + b","):
        yield body


def listing_query(query: JobQuery) -> dict[str, str]:
    """Query parameters of a page; one of more than MAX_PAGE jobs comes short."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in (filters(query) | {"limit": min(query.limit, MAX_PAGE)}).items()
    }


def bulk_body(action: BulkAction, which: JobQuery | Sequence[str]) -> dict[str, Any]:
    """A bulk call; one for more than MAX_BULK jobs stops early."""
    if not isinstance(which, JobQuery):
        return {"action": action, "ids": which}
    chosen = filters(which)
    cursor = chosen.pop("cursor", None)
    body = {"action": action, "filter": chosen, "limit": min(which.limit, MAX_BULK)}
    return body if cursor is None else body | {"cursor": cursor}


def filters(query: JobQuery) -> dict[str, Any]:
    """The fields of the query that are set, but for its limit."""
    given = {
        "state": query.state,
        "tenantId": query.tenant_id,
        "queue": query.queue,
        "task": query.task,
        "key": query.key,
        "createdFrom": query.created_from,
        "createdTo": query.created_to,
        "cursor": query.cursor,
    }
    return {name: value for name, value in given.items() if value is not None}


def batches(items: Sequence[bytes], field: str, common: bytes = b"") -> Iterator[tuple[slice, bytes]]:
    """Bodies `{common field: [...]}` that the API takes, each with the places of its items."""
    first, size = 0, 0
    for i, item in enumerate(items):
        if i > first and (i - first == MAX_BATCH or size + len(item) > MAX_BODY_BYTES):
            yield slice(first, i), _body(items[first:i], field, common)
            first, size = i, 0
        size += len(item)
    if items:
        yield slice(first, len(items)), _body(items[first:], field, common)


def job_path(job_id: str, action: str = "") -> str:
    """The path of a job. Raises NotFound for what can be no job's id, and must not become another path."""
    if not is_job_id(job_id):
        raise NotFound(f"there is no job {job_id}")
    return f"/jobs/{job_id}{action}"


def named_path(folder: str, name: str, what: str, action: str = "") -> str:
    """The path of a tenant or queue. Raises InvalidInput for what can be no name."""
    # Dots are escaped since clients and proxies take a step of dots alone for a move up the tree.
    return f"/{folder}/{check_name(name, what).replace('.', '%2E')}{action}"


def _body(items: Sequence[bytes], field: str, common: bytes) -> bytes:
    return b"{" + common + b'"' + field.encode() + b'":[' + b",".join(items) + b"]}"
