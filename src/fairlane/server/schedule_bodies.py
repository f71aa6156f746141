"""What a client says of a schedule."""

from __future__ import annotations

import msgspec

from ..model.names import check_name
from ..model.schedule import Missed, Overlap, ScheduleSpec
from .bodies import BackoffBody, BackoffSeconds, Body, JobId, Name, WorkBody


class RunBody(Body, frozen=True):
    """How to make a job of a schedule now."""

    id: JobId | None = None
    """Made by clients that repeat a request after a lost reply; must be of the tenant's partition."""


class ScheduleBody(WorkBody, frozen=True, kw_only=True):
    """A cron rule, and the job that it makes."""

    cron: str
    """Minute, hour, day of month, month and weekday, as in "0 3 * * MON-FRI"."""
    timezone: str = "UTC"
    """A name of the IANA database."""
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
        payload = self.check_work()
        if self.declaration is not None:
            check_name(self.declaration, "declaration", "/declaration")
        BackoffBody(base_seconds=self.backoff_base_seconds, cap_seconds=self.backoff_cap_seconds).to_backoff()
        return ScheduleSpec(
            tenant_id=tenant_id,
            name=name,
            cron=self.cron,
            timezone=self.timezone,
            task=self.task,
            payload=msgspec.Raw(payload),
            queue=self.queue,
            priority=self.priority,
            max_attempts=self.max_attempts,
            timeout_seconds=self.timeout_seconds,
            backoff_base_seconds=self.backoff_base_seconds,
            backoff_cap_seconds=self.backoff_cap_seconds,
            missed=self.missed,
            overlap=self.overlap,
        )
