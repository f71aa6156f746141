"""What a client says of a schedule."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from ..model.job import (
    DEFAULT_MAX_ATTEMPTS,
    DEFAULT_PRIORITY,
    DEFAULT_QUEUE,
    DEFAULT_TASK,
    DEFAULT_TIMEOUT_MS,
    MAX_ATTEMPTS,
    MAX_PRIORITY,
    MAX_TIMEOUT_MS,
)
from ..model.names import check_name
from ..model.schedule import Missed, Overlap, ScheduleSpec
from .bodies import MAX_BACKOFF_SECONDS, BackoffBody, Body, JobId, Name, check_payload

BackoffSeconds = Annotated[float, Meta(ge=0, le=MAX_BACKOFF_SECONDS)]


class RunBody(Body, frozen=True):
    """How to make a job of a schedule now."""

    id: JobId | None = None
    """Made by clients that repeat a request after a lost reply; must be of the tenant's partition."""


class ScheduleBody(Body, frozen=True):
    """A cron rule, and the job that it makes."""

    cron: str
    """Minute, hour, day of month, month and weekday, as in "0 3 * * MON-FRI"."""
    payload: msgspec.Raw
    timezone: str = "UTC"
    """A name of the IANA database."""
    task: Name = DEFAULT_TASK
    queue: Name = DEFAULT_QUEUE
    priority: Annotated[int, Meta(ge=0, le=MAX_PRIORITY)] = DEFAULT_PRIORITY
    max_attempts: Annotated[int, Meta(ge=1, le=MAX_ATTEMPTS)] = DEFAULT_MAX_ATTEMPTS
    timeout_seconds: Annotated[float, Meta(ge=0.001, le=MAX_TIMEOUT_MS / 1000)] = DEFAULT_TIMEOUT_MS / 1000
    backoff_base_seconds: BackoffSeconds = 1
    backoff_cap_seconds: BackoffSeconds = 300
    missed: Missed = Missed.ONE
    """What becomes of ticks that came too late: nothing, one job for all of them, or a job for each."""
    overlap: Overlap = Overlap.ALLOW
    """Whether a tick makes a job while the job before has not ended."""
    paused: bool | None = None
    """Left out, it stays as it is."""
    declaration: Name | None = None
    """Names what an app declares. Where it was put before, the schedule is left as it is."""

    def to_spec(self, tenant_id: str, name: str) -> ScheduleSpec:
        """What this asks for. Raises InvalidInput."""
        check_name(self.task, "task", "/task")
        check_name(self.queue, "queue", "/queue")
        if self.declaration is not None:
            check_name(self.declaration, "declaration", "/declaration")
        BackoffBody(base_seconds=self.backoff_base_seconds, cap_seconds=self.backoff_cap_seconds).to_backoff()
        return ScheduleSpec(
            tenant_id=tenant_id,
            name=name,
            cron=self.cron,
            timezone=self.timezone,
            task=self.task,
            payload=msgspec.Raw(check_payload(self.payload)),
            queue=self.queue,
            priority=self.priority,
            max_attempts=self.max_attempts,
            timeout_seconds=self.timeout_seconds,
            backoff_base_seconds=self.backoff_base_seconds,
            backoff_cap_seconds=self.backoff_cap_seconds,
            missed=self.missed,
            overlap=self.overlap,
        )
