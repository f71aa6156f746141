"""Request bodies: their fields, and what they mean to the verbs."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from ..backend import Backend
from ..model.backoff import Backoff
from ..model.bounded import check_headers
from ..model.errors import InvalidInput, PayloadTooLarge
from ..model.ids import JOB_ID_PATTERN, is_job_id
from ..model.job import (
    DEFAULT_MAX_ATTEMPTS,
    DEFAULT_PRIORITY,
    DEFAULT_QUEUE,
    DEFAULT_TASK,
    DEFAULT_TIMEOUT_MS,
    MAX_ATTEMPTS,
    MAX_DELAY_MS,
    MAX_PAYLOAD_BYTES,
    MAX_PRIORITY,
    MAX_TIMEOUT_MS,
    NewJob,
    Parent,
    Time,
)
from ..model.json_text import check_json
from ..model.names import IDEMPOTENCY_KEY_PATTERN, NAME_PATTERN, check_key, check_name
from ..model.times import start_ms
from .http.parsing import part_of_body

# The patterns are for readers of the OpenAPI document; check_name and check_key enforce them.
Name = Annotated[str, Meta(extra_json_schema={"pattern": NAME_PATTERN, "minLength": 1, "maxLength": 128})]
Key = Annotated[str, Meta(extra_json_schema={"pattern": IDEMPOTENCY_KEY_PATTERN, "minLength": 1, "maxLength": 255})]
JobId = Annotated[str, Meta(extra_json_schema={"pattern": JOB_ID_PATTERN})]
Delay = Annotated[float, Meta(ge=0, le=MAX_DELAY_MS / 1000)]
MAX_BACKOFF_SECONDS = 30 * 86_400
BackoffSeconds = Annotated[float, Meta(ge=0, le=MAX_BACKOFF_SECONDS)]
_DEFAULT_BACKOFF = Backoff()


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A JSON object in camelCase, without fields that we do not know."""


class BackoffBody(Body, frozen=True):
    """The delay before a retry: `baseSeconds`, doubling with each failed attempt up to `capSeconds`."""

    base_seconds: BackoffSeconds = 1
    cap_seconds: BackoffSeconds = 300

    def to_backoff(self) -> Backoff:
        if self.base_seconds > self.cap_seconds:
            raise InvalidInput("baseSeconds must not be above capSeconds", "/backoff/baseSeconds")
        return Backoff(round(self.base_seconds * 1000), round(self.cap_seconds * 1000))


class WorkBody(Body, frozen=True, kw_only=True):
    """What to run, and how: the same of a job and of a schedule's jobs."""

    payload: msgspec.Raw
    task: Name = DEFAULT_TASK
    queue: Name = DEFAULT_QUEUE
    priority: Annotated[int, Meta(ge=0, le=MAX_PRIORITY)] = DEFAULT_PRIORITY
    max_attempts: Annotated[int, Meta(ge=1, le=MAX_ATTEMPTS)] = DEFAULT_MAX_ATTEMPTS
    timeout_seconds: Annotated[float, Meta(ge=0.001, le=MAX_TIMEOUT_MS / 1000)] = DEFAULT_TIMEOUT_MS / 1000

    def check_work(self) -> bytes:
        """The payload's text, once it and the names are checked. Raises InvalidInput and PayloadTooLarge."""
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

    tenant_id: Name
    delay_seconds: Delay | None = None
    run_at: Time | None = None
    backoff: BackoffBody | None = None
    key: Key | None = None
    headers: dict[str, str] | None = None
    id: JobId | None = None
    """Made by clients that repeat a request after a lost reply; must be of the tenant's partition."""
    parent: Parent | None = None
    """The running job that submits this one. With its proof, the submission rate does not count this job."""

    def to_new_job(self, backend: Backend, idempotency_key: str | None) -> NewJob:
        """The job that this asks for."""
        check_name(self.tenant_id, "tenantId", "/tenantId")
        payload = self.check_work()
        if self.key is not None:
            check_key(self.key, "key", "/key")
        return NewJob(
            id=backend.jobs.new_id(self.tenant_id) if self.id is None else chosen_id(backend, self.tenant_id, self.id),
            tenant_id=self.tenant_id,
            payload=payload,
            task=self.task,
            queue=self.queue,
            priority=self.priority,
            delay_ms=0 if self.delay_seconds is None else round(self.delay_seconds * 1000),
            run_at_ms=None if self.run_at is None else self._run_at_ms(self.run_at),
            max_attempts=self.max_attempts,
            timeout_ms=round(self.timeout_seconds * 1000),
            backoff=_DEFAULT_BACKOFF if self.backoff is None else self.backoff.to_backoff(),
            key=self.key,
            headers=check_headers(self.headers) if self.headers else None,
            idempotency_key=idempotency_key,
            parent=self.parent,
        )

    def _run_at_ms(self, run_at: datetime) -> int:
        if self.delay_seconds is not None:
            raise InvalidInput("give either delaySeconds or runAt", "/runAt")
        return start_ms(run_at, time.time(), "/runAt")


class BatchItem(JobBody, frozen=True):
    """One job of a batch, with its own idempotency key."""

    idempotency_key: Key | None = None

    def to_item(self, backend: Backend, at: str) -> NewJob:
        """The job that this asks for, `at` this JSON pointer of the batch."""
        with part_of_body(at):
            if self.idempotency_key is not None:
                check_key(self.idempotency_key, "idempotencyKey", "/idempotencyKey")
            return self.to_new_job(backend, self.idempotency_key)


def chosen_id(backend: Backend, tenant_id: str, job_id: str) -> str:
    """The id that a client chose for its job. Raises InvalidInput."""
    if not is_job_id(job_id) or job_id[:2] != backend.jobs.new_id(tenant_id)[:2]:
        raise InvalidInput("id must be 26 hex digits that begin with the tenant's partition", "/id")
    return job_id
