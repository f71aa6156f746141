"""A schedule: a cron rule that makes jobs of one tenant."""

from __future__ import annotations

from enum import StrEnum
from itertools import islice, takewhile

import msgspec

from .job import (
    DEFAULT_MAX_ATTEMPTS,
    DEFAULT_PRIORITY,
    DEFAULT_QUEUE,
    DEFAULT_TASK,
    DEFAULT_TIMEOUT_MS,
    Time,
)
from .states import State

MAX_SCHEDULES = 1_000
"""Schedules of one tenant."""
MAX_CATCH_UP = 100
"""The most jobs made for missed ticks. Older ticks only count as missed."""
ON_TIME_MS = 60_000
"""A tick that comes later than this was missed."""
MAX_COUNTED = 10_000
"""The most ticks that are counted after a downtime: a week of minutes."""

SCHEDULE_HEADER = "fairlane-schedule"
TICK_HEADER = "fairlane-scheduled-for"


class Missed(StrEnum):
    """How to handle missed ticks, as after a downtime."""

    SKIP = "skip"  # nothing
    ONE = "one"  # one job for all of them
    ALL = "all"  # a job for each, up to MAX_CATCH_UP


class Overlap(StrEnum):
    """Whether a tick makes a job while the previous job has not ended."""

    ALLOW = "allow"
    SKIP = "skip"


class ScheduleSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What to run, and when. The API and the SDK check the values."""

    tenant_id: str
    name: str
    """Unique within the tenant."""
    cron: str
    timezone: str = "UTC"
    task: str = DEFAULT_TASK
    payload: msgspec.Raw
    queue: str = DEFAULT_QUEUE
    priority: int = DEFAULT_PRIORITY
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    timeout_seconds: float = DEFAULT_TIMEOUT_MS / 1000
    backoff_base_seconds: float = 1.0
    backoff_cap_seconds: float = 300.0
    missed: Missed = Missed.ONE
    overlap: Overlap = Overlap.ALLOW


class Schedule(ScheduleSpec, frozen=True, kw_only=True, rename="camel"):
    """A schedule and what it has done so far."""

    paused: bool
    declared: bool
    """Whether an app's code declares it."""
    description: str
    """The rule in words."""
    next_runs: list[Time]
    """The next five; empty while paused."""
    last_run: Time | None
    """The tick that made the last job."""
    last_job_id: str | None
    last_state: State | None = None
    """The state of the last job. None before the first job, and after the job was deleted."""
    missed_count: int
    """Ticks that were missed and made no job."""
    skipped_count: int
    """Ticks that made no job because the previous job had not ended."""


class Firing(msgspec.Struct, frozen=True):
    """What to do about a schedule that is due. Times in Unix ms."""

    ticks: list[int]
    """Each makes a job."""
    missed: int
    following: int
    """When the schedule is due again."""


def plan_firing(spec: ScheduleSpec, tick: int, now: int) -> Firing:
    """What to do at `now` about the ticks from `tick` on."""
    from .cron import cron_rule  # loads the time zones, which the SDK does without until a task has a schedule

    rule = cron_rule(spec.cron, spec.timezone)
    past = [tick, *islice(takewhile(lambda at: at <= now, rule.after(tick)), MAX_COUNTED)]
    count = len(past)
    last = rule.latest(now, MAX_CATCH_UP) if count > MAX_COUNTED else past[-MAX_CATCH_UP:]
    if spec.missed is Missed.ALL:
        ticks = last
    elif spec.missed is Missed.ONE or now - last[-1] <= ON_TIME_MS:
        ticks = [last[-1]]
    else:
        ticks = []
    return Firing(ticks, count - len(ticks), next(rule.after(now)))
