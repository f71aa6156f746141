"""Schedules."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..model.errors import InvalidInput
from ..model.names import check_name
from ..model.schedule import Missed, Overlap, Schedule, ScheduleSpec
from .fields import BackoffSeconds, JobId, Name
from .jobs import WorkBody
from .listings import Page
from .structs import Body, View, same_fields


class ScheduleListing(Page, frozen=True):
    """A page of the schedules of a tenant, or of all."""

    tenant_id: Name | None = None


class SchedulePage(View, frozen=True):
    """Some schedules, and where the next ones begin (null at the end)."""

    schedules: Sequence[Schedule]
    next_cursor: str | None


class RunBody(Body, frozen=True):
    """How to make a job of a schedule now."""

    id: JobId | None = None
    """For clients that repeat a request after a lost reply: an id that they made, in the tenant's partition."""


class ScheduleBody(WorkBody, frozen=True, kw_only=True):
    """A cron rule, and the job that it makes."""

    cron: str
    """Minute, hour, day of month, month and weekday, as in "0 3 * * MON-FRI"."""
    timezone: str = "UTC"
    """A name of the IANA database."""
    backoff_base_seconds: BackoffSeconds = 1
    backoff_cap_seconds: BackoffSeconds = 300
    missed: Missed = Missed.ONE
    """How to handle missed runs: not at all, with one job for all of them, or with a job for each."""
    overlap: Overlap = Overlap.ALLOW
    """Whether a run makes a job while the previous job has not ended."""
    paused: bool | None = None
    """If left out, it stays as it is."""
    declaration: Name | None = None
    """Names a declaration in an app's code. A schedule from the same declaration is left as it is."""

    @classmethod
    def of(cls, spec: ScheduleSpec, paused: bool | None, declaration: str) -> ScheduleBody:
        return cls(**_fields_of_spec(spec), paused=paused, declaration=declaration or None)

    def to_spec(self, tenant_id: str, name: str) -> ScheduleSpec:
        """The schedule that this requests. Raises InvalidInput."""
        payload = self.check_work()
        if self.declaration is not None:
            check_name(self.declaration, "declaration", "/declaration")
        if self.backoff_base_seconds > self.backoff_cap_seconds:
            raise InvalidInput("backoffBaseSeconds must not be above backoffCapSeconds", "/backoffBaseSeconds")
        return ScheduleSpec(
            **_fields_of_body(self) | {"payload": msgspec.Raw(payload), "tenant_id": tenant_id, "name": name}
        )


_fields_of_spec = same_fields(ScheduleSpec, ScheduleBody)
_fields_of_body = same_fields(ScheduleBody, ScheduleSpec)
