"""A job: the request for one, and the job that the API shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from ..model.backoff import Backoff
from ..model.bounded import check_headers
from ..model.conflict import check_conflict
from ..model.errors import InvalidInput, PayloadTooLarge
from ..model.ids import is_job_id
from ..model.job import (
    DEFAULT_MAX_ATTEMPTS,
    DEFAULT_PRIORITY,
    DEFAULT_QUEUE,
    DEFAULT_TASK,
    DEFAULT_TIMEOUT_MS,
    MAX_NEEDS,
    MAX_PAYLOAD_BYTES,
    MAX_TAGS,
    Attempt,
    Job,
    ListedJob,
    NewJob,
    OnConflict,
    OnNeedFailed,
    Parent,
    Submission,
    SubmitStatus,
    Time,
)
from ..model.json_text import check_json
from ..model.names import check_key, check_name
from ..model.needs import check_needs
from ..model.states import Reason, State
from ..model.tags import check_tags
from ..model.times import start_ms, utc
from .fields import (
    Attempts,
    BackoffSeconds,
    DelaySeconds,
    ExpirySeconds,
    JobId,
    Key,
    Name,
    Priority,
    Tag,
    TimeoutSeconds,
    ms_of,
)
from .structs import Body, same_fields

NewId = Callable[[str], str]
"""Makes a job id for a tenant, as `backend.Jobs.new_id`."""
_DEFAULT_BACKOFF = Backoff()
_NO_HEADERS: dict[str, str] = {}
_NO_ATTEMPTS: list[Attempt] = []


class BackoffBody(Body, frozen=True):
    """The delay before a retry: `baseSeconds`, doubling with each failed attempt up to `capSeconds`."""

    base_seconds: BackoffSeconds = 1
    cap_seconds: BackoffSeconds = 300

    @classmethod
    def of(cls, backoff: Backoff) -> BackoffBody:
        return cls(base_seconds=backoff.base_ms / 1000, cap_seconds=backoff.cap_ms / 1000)

    def to_backoff(self) -> Backoff:
        if self.base_seconds > self.cap_seconds:
            raise InvalidInput("baseSeconds must not be above capSeconds", "/backoff/baseSeconds")
        return Backoff(ms_of(self.base_seconds), ms_of(self.cap_seconds))


class WorkBody(Body, frozen=True, kw_only=True):
    """What to run, and how. A job and the jobs of a schedule have it in common."""

    payload: msgspec.Raw
    task: Name = DEFAULT_TASK
    queue: Name = DEFAULT_QUEUE
    priority: Priority = DEFAULT_PRIORITY
    max_attempts: Attempts = DEFAULT_MAX_ATTEMPTS
    timeout_seconds: TimeoutSeconds = DEFAULT_TIMEOUT_MS / 1000

    def check_work(self) -> bytes:
        """Check the names and the payload, and return the payload's text. Raises InvalidInput, PayloadTooLarge."""
        if self.task is not DEFAULT_TASK:
            check_name(self.task, "task", "/task")
        if self.queue is not DEFAULT_QUEUE:
            check_name(self.queue, "queue", "/queue")
        text = bytes(self.payload)
        if len(text) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLarge(f"the payload must have {MAX_PAYLOAD_BYTES // 1024} KiB at most", "/payload")
        check_json(text, "/payload")
        return text


class JobBody(WorkBody, frozen=True, kw_only=True):
    """A request to run a job."""

    tenant_id: Name | None = None
    """May be left out with a tenant's token."""
    delay_seconds: DelaySeconds | None = None
    run_at: Time | None = None
    expires_in_seconds: ExpirySeconds | None = None
    """The job ends as cancelled if it has not started this long after its submission."""
    backoff: BackoffBody | None = None
    key: Key | None = None
    on_conflict: OnConflict = OnConflict.RETURN
    """If the tenant has an unfinished job with this key: return it; or replace its request, if it has not started; or
    do so and have it start `delaySeconds` from now, at most `maxDelaySeconds` after its creation."""
    max_delay_seconds: DelaySeconds | None = None
    """With `debounce`."""
    headers: dict[str, str] | None = None
    tags: Annotated[tuple[Tag, ...], Meta(max_length=MAX_TAGS)] = ()
    """Words to find the job by, each once."""
    id: JobId | None = None
    """For clients that repeat a request after a lost reply: an id that they made, in the tenant's partition."""
    needs: Annotated[tuple[JobId, ...], Meta(max_length=MAX_NEEDS)] = ()
    """Jobs of the same tenant that must end first. A job that has ended counts as that."""
    on_need_failed: OnNeedFailed = OnNeedFailed.CANCEL
    """If a need fails or is cancelled: `cancel` this job, and those that need it; or `run` it when all have ended."""
    batch_id: JobId | None = None
    """The batch of the same tenant that it belongs to."""
    parent: Parent | None = None
    """The running job that submits this one. With its proof, the submission rate does not count this job."""

    def to_new_job(self, new_id: NewId, idempotency_key: str | None, token_tenant: str | None = None) -> NewJob:
        """The job that this requests. `token_tenant`: the tenant of the request's token, if it has one.

        Raises InvalidInput, PayloadTooLarge.
        """
        tenant_id = self.tenant_id or token_tenant
        if tenant_id is None:
            raise InvalidInput("tenantId may be left out only with a tenant's token", "/tenantId")
        check_name(tenant_id, "tenantId", "/tenantId")
        payload = self.check_work()
        if self.key is not None:
            check_key(self.key, "key", "/key")
        delay_ms = 0 if self.delay_seconds is None else ms_of(self.delay_seconds)
        max_delay_ms = None if self.max_delay_seconds is None else ms_of(self.max_delay_seconds)
        check_conflict(self.on_conflict, self.key, delay_ms, max_delay_ms)
        return NewJob(  # spelled out: this is the busiest call, and copies by name would double its cost
            id=new_id(tenant_id) if self.id is None else chosen_id(new_id, tenant_id, self.id),
            tenant_id=tenant_id,
            payload=payload,
            task=self.task,
            queue=self.queue,
            priority=self.priority,
            delay_ms=delay_ms,
            run_at_ms=None if self.run_at is None else self._run_at_ms(self.run_at),
            max_attempts=self.max_attempts,
            timeout_ms=ms_of(self.timeout_seconds),
            backoff=_DEFAULT_BACKOFF if self.backoff is None else self.backoff.to_backoff(),
            key=self.key,
            on_conflict=self.on_conflict,
            max_delay_ms=max_delay_ms,
            headers=check_headers(self.headers) if self.headers else None,
            idempotency_key=idempotency_key,
            needs=check_needs(self.needs, self.on_conflict) if self.needs else (),
            on_need_failed=self.on_need_failed,
            tags=check_tags(self.tags) if self.tags else (),
            expires_in_ms=None if self.expires_in_seconds is None else self._expires_in_ms(self.expires_in_seconds),
            batch_id=self.batch_id,
            parent=self.parent,
        )

    def _run_at_ms(self, run_at: datetime) -> int:
        if self.delay_seconds is not None:
            raise InvalidInput("give either delaySeconds or runAt", "/runAt")
        return start_ms(run_at, time.time(), "/runAt")

    def _expires_in_ms(self, seconds: float) -> int:
        if seconds <= (self.delay_seconds or 0):
            raise InvalidInput("expiresInSeconds must be longer than delaySeconds", "/expiresInSeconds")
        return ms_of(seconds)


class BatchItem(JobBody, frozen=True):
    """One job of a batch, with its own idempotency key."""

    idempotency_key: Key | None = None

    @classmethod
    def of(cls, job: NewJob, idempotency_key: str | None) -> BatchItem:
        """The request for a job. `POST /jobs` takes it too while it has no `idempotency_key`."""
        delayed = job.run_at_ms is None and job.delay_ms
        return cls(
            **_fields_of_job(job),
            payload=msgspec.Raw(job.payload),
            delay_seconds=job.delay_ms / 1000 if delayed else None,
            run_at=None if job.run_at_ms is None else utc(job.run_at_ms / 1000),
            max_delay_seconds=None if job.max_delay_ms is None else job.max_delay_ms / 1000,
            expires_in_seconds=None if job.expires_in_ms is None else job.expires_in_ms / 1000,
            timeout_seconds=job.timeout_ms / 1000,
            backoff=None if job.backoff == _DEFAULT_BACKOFF else BackoffBody.of(job.backoff),
            headers=job.headers or None,
            idempotency_key=idempotency_key,
        )

    def to_item(self, new_id: NewId, token_tenant: str | None = None) -> NewJob:
        """As `to_new_job`."""
        if self.idempotency_key is not None:
            check_key(self.idempotency_key, "idempotencyKey", "/idempotencyKey")
        return self.to_new_job(new_id, self.idempotency_key, token_tenant)


class JobAnswer(Job, frozen=True, kw_only=True, rename="camel"):
    """A job as a client decodes it.

    The decoder keeps no text for a field that may be None, so here `result` is never None.
    """

    result: msgspec.Raw = msgspec.Raw(b"null")

    def to_job(self) -> Job:
        fields = {name: getattr(self, name) for name in Job.__struct_fields__}
        return Job(**fields | {"result": None if bytes(self.result) == b"null" else self.result})


class ListedJobAnswer(ListedJob, frozen=True, kw_only=True, rename="camel"):
    """A job of a listing as a client decodes it. An empty text stands for a part that was left out."""

    payload: msgspec.Raw = msgspec.Raw(b"")
    result: msgspec.Raw = msgspec.Raw(b"")

    def to_job(self) -> ListedJob:
        fields = {name: getattr(self, name) for name in ListedJob.__struct_fields__}
        return ListedJob(**{name: value for name, value in fields.items() if value != msgspec.Raw(b"")})


_fields_of_job = same_fields(NewJob, BatchItem, "payload", "backoff", "headers", "idempotency_key")


def chosen_id(new_id: NewId, tenant_id: str, job_id: str) -> str:
    """The id that a client chose for its job. Raises InvalidInput."""
    if not is_job_id(job_id) or job_id[:2] != new_id(tenant_id)[:2]:
        raise InvalidInput("id must be 26 hex digits that begin with the tenant's partition", "/id")
    return job_id


def created_job(job: NewJob, made: Submission) -> Job:
    """The new job, as the store would show it."""
    waits = made.state is State.SCHEDULED and not made.run_at_ms  # for jobs that it needs
    return Job(
        id=made.job_id,
        tenant_id=job.tenant_id,
        queue=job.queue,
        task=job.task,
        payload=msgspec.Raw(job.payload),
        state=made.state or State.PENDING,
        priority=job.priority,
        max_attempts=job.max_attempts,
        timeout_seconds=job.timeout_ms / 1000,
        created_at=_utc_of_group(made.created_at_ms),
        run_at=utc(made.run_at_ms / 1000) if made.state is State.SCHEDULED and not waits else None,
        expires_at=None if job.expires_in_ms is None else utc((made.created_at_ms + job.expires_in_ms) / 1000),
        key=job.key,
        tags=job.tags,
        batch_id=job.batch_id,
        headers=job.headers or _NO_HEADERS,
        needs=job.needs,
        on_need_failed=job.on_need_failed,
        reason=Reason.NEEDS if waits else None,
        attempts=_NO_ATTEMPTS,
    )


def forgotten_job(job: NewJob, job_id: str) -> Job:
    """The job that an earlier, equal request made, if it has ended and the store has deleted it."""
    made_at = int(job_id[2:13], 16) / 1000 if is_job_id(job_id) else 0
    made = Submission(SubmitStatus.REPLAYED, job_id, State.COMPLETED, round(made_at * 1000))
    return msgspec.structs.replace(created_job(job, made), reason=Reason.FORGOTTEN)


def submission_of(asked: NewJob, shown: Job, status: SubmitStatus) -> Submission:
    """The submission whose job the API shows."""
    if status is not SubmitStatus.CREATED:
        return Submission(status, shown.id)
    created_ms = ms_of(shown.created_at.timestamp())
    at_once = 0 if shown.reason is Reason.NEEDS else created_ms
    due_ms = at_once if shown.run_at is None else ms_of(shown.run_at.timestamp())
    return Submission(status, asked.id, shown.state, created_ms, due_ms)


@lru_cache(maxsize=64)
def _utc_of_group(ms: int) -> datetime:
    """A Unix time as a datetime. Cached, since all jobs of a group commit have the same."""
    return utc(ms / 1000)
