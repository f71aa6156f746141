"""The options of jobs, and the requests made from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from ..job.control import Duration, check_delay_ms, check_max_attempts, check_whole
from ..model.backoff import Backoff
from ..model.bounded import check_headers
from ..model.conflict import check_conflict
from ..model.errors import FairlaneError, InvalidInput
from ..model.job import MAX_PRIORITY, NewJob, OnConflict, OnNeedFailed, Parent
from ..model.names import check_key, check_name
from ..model.needs import check_needs
from ..model.times import start_ms


class SubmitOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a job. Raises InvalidInput for values that can never be accepted."""

    tenant: str | None = None
    """None: the tenant is found when the job is submitted."""
    queue: str
    key: str | None = None
    on_conflict: OnConflict = OnConflict.RETURN
    delay_ms: int = 0
    max_delay_ms: int | None = None
    run_at_ms: int | None = None
    expires_in_ms: int | None = None
    priority: int = 0
    max_attempts: int
    idempotency_key: str | None = None
    headers: dict[str, str] | None = None
    needs: tuple[str, ...] = ()
    on_need_failed: OnNeedFailed = OnNeedFailed.CANCEL
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.tenant is not None:
            self._set("tenant", check_name(self.tenant, "tenant", "/tenantId"))
        self._set("queue", check_name(self.queue, "queue", "/queue"))
        self._set("max_attempts", check_max_attempts(self.max_attempts))
        if self.key is not None:
            self._set("key", check_key(self.key, "key", "/key"))
        check_conflict(self.on_conflict, self.key, self.delay_ms, self.max_delay_ms)
        if self.needs:
            self._set("needs", check_needs(self.needs, self.on_conflict))
        if self.idempotency_key is not None:
            self._set("idempotency_key", check_key(self.idempotency_key, "idempotency_key"))
        self._set("priority", check_whole(self.priority, 0, MAX_PRIORITY, "priority"))
        if self.headers is not None:
            self._set("headers", check_headers(self.headers))

    def _set(self, name: str, value: object) -> None:
        """Keep the plain value: one of a subclass of str or int cannot be stored."""
        msgspec.structs.force_setattr(self, name, value)


def start_time(delay: Duration | None, run_at: datetime | None, now: Callable[[], float]) -> tuple[int, int | None]:
    """A job's delay in ms, and the Unix time in ms before which it must not start. Raises InvalidInput."""
    if run_at is None:
        return (0 if delay is None else check_delay_ms(delay)), None
    if delay is not None:
        raise InvalidInput("give delay or run_at, not both")
    try:
        offset = run_at.utcoffset()
    except AttributeError:
        raise InvalidInput(f"run_at must be a datetime, not {run_at!r:.100}", "/runAt") from None
    if offset is None:
        raise InvalidInput("run_at needs a time zone, such as datetime.now(UTC)", "/runAt")
    return 0, start_ms(run_at, now(), "/runAt")


class JobTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """What jobs of the same task and options have in common."""

    task: str
    options: SubmitOptions
    backoff: Backoff
    timeout_ms: int
    batch_id: str | None = None
    parent: Parent | None = None
    """The running job that submits; found when the job is submitted."""

    def new_job(self, job_id: str, tenant: str, payload: bytes) -> NewJob:
        """The request for one job."""
        options = self.options
        return NewJob(
            id=job_id,
            tenant_id=tenant,
            payload=payload,
            task=self.task,
            queue=options.queue,
            priority=options.priority,
            delay_ms=options.delay_ms,
            run_at_ms=options.run_at_ms,
            expires_in_ms=options.expires_in_ms,
            max_attempts=options.max_attempts,
            timeout_ms=self.timeout_ms,
            backoff=self.backoff,
            key=options.key,
            on_conflict=options.on_conflict,
            needs=options.needs,
            on_need_failed=options.on_need_failed,
            max_delay_ms=options.max_delay_ms,
            headers=options.headers,
            tags=options.tags,
            idempotency_key=options.idempotency_key,
            batch_id=self.batch_id,
            parent=self.parent,
        )

    def new_callback(self, tenant: str, payload: bytes) -> NewJob:
        """The request for a job that a batch makes. No running job submits it."""
        return msgspec.structs.replace(self, parent=None).new_job("", tenant, payload)


class PartlySubmitted(FairlaneError):
    """Some jobs of a `submit_many` were refused.

    `jobs` has a handle for each accepted job and None for each refused one, in the order given. `refusals` has the
    errors of the refused jobs, in the same order.
    """

    code = "partly_submitted"

    def __init__(self, detail: str, jobs: Sequence[Any], refusals: Sequence[FairlaneError]) -> None:
        super().__init__(detail)
        self.jobs = jobs
        self.refusals = refusals
