"""A tenant and its limits."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

import msgspec

from .durations import format_duration, parse_duration_ms
from .errors import InvalidInput
from .job import Time

MAX_TENANTS = 1_000_000
"""Tenants that have submitted a job, or for which limits were set."""
MAX_RATE_LIMIT = 100_000
MAX_CONCURRENCY = 100_000
MAX_WAITING = 10_000_000
MAX_KEEP = 1_000_000
MAX_KEEP_SECONDS = 366 * 86_400
OFF = "off"
"""How people write that there is no limit."""
_NUMBER = re.compile(r"\d{1,12}", re.ASCII)
_RATE = re.compile(r"(\d+)/(\S+)", re.ASCII)


class Rate(msgspec.Struct, frozen=True, rename="camel"):
    """At most `limit` events in every sliding window of `window_seconds`."""

    limit: int
    window_seconds: float = 60.0

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_RATE_LIMIT:
            raise InvalidInput(f"a rate's limit must be 1 to {MAX_RATE_LIMIT}", "/limit")
        if not 0.001 <= self.window_seconds <= 86_400:
            raise InvalidInput("a rate's window must be 0.001 to 86400 seconds", "/windowSeconds")

    @property
    def window_us(self) -> int:
        return round(self.window_seconds * 1_000_000)

    @classmethod
    def parse(cls, text: str) -> Rate | None:
        """A rate from "10/1m" (10 in each minute) or "100/1s"; None from "off" (no limit)."""
        if text == OFF:
            return None
        match = _RATE.fullmatch(text)
        if match is None:
            raise InvalidInput(f'a rate must look like "10/1m" or "off", not {text!r}')
        return cls(int(match[1]), parse_duration_ms(match[2], "a rate's window") / 1000)

    def __str__(self) -> str:
        return f"{self.limit}/{format_duration(round(self.window_seconds * 1000))}"


def too_many_tenants() -> InvalidInput:
    """The error for a new tenant beyond MAX_TENANTS."""
    return InvalidInput(f"there are {MAX_TENANTS:,} tenants, the most that a store knows", "/tenantId")


def parse_limit(text: str, what: str) -> int | None:
    """A limit from "5"; None from "off" (no limit). Raises InvalidInput."""
    if text == OFF:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise InvalidInput(f'{what} must be a number or "off", not {text!r:.100}')
    return int(text)


class Storage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many jobs of a tenant the store holds."""

    max_waiting: int | None = 100_000
    """Scheduled and pending jobs together."""
    keep_completed_seconds: float = 3_600.0
    """How long completed and cancelled jobs are kept. Of more jobs than the maximum, the oldest are deleted, but none
    within a minute of its end."""
    keep_completed_max: int = 1_000
    keep_failed_seconds: float = 14 * 86_400.0
    keep_failed_max: int = 10_000


class TenantPolicy(Storage, frozen=True, rename="camel"):
    """All limits of one tenant. None means unlimited."""

    submit_rate: Rate | None = Rate(10, 60.0)
    concurrency: int | None = 5
    start_rate: Rate | None = None
    weight: float = 1.0
    paused: bool = False

    def __post_init__(self) -> None:
        if self.max_waiting is not None and not 1 <= self.max_waiting <= MAX_WAITING:
            raise InvalidInput(f"maxWaiting must be 1 to {MAX_WAITING}, or null", "/maxWaiting")
        for name, seconds in (("Completed", self.keep_completed_seconds), ("Failed", self.keep_failed_seconds)):
            if not 0 <= seconds <= MAX_KEEP_SECONDS:
                raise InvalidInput(f"keep{name}Seconds must be 0 to {MAX_KEEP_SECONDS}", f"/keep{name}Seconds")
        for name, most in (("Completed", self.keep_completed_max), ("Failed", self.keep_failed_max)):
            if not 0 <= most <= MAX_KEEP:
                raise InvalidInput(f"keep{name}Max must be 0 to {MAX_KEEP}", f"/keep{name}Max")
        if self.concurrency is not None and not 1 <= self.concurrency <= MAX_CONCURRENCY:
            raise InvalidInput(f"concurrency must be 1 to {MAX_CONCURRENCY}, or null", "/concurrency")
        if not 0.01 <= self.weight <= 1000:
            raise InvalidInput("weight must be 0.01 to 1000", "/weight")


class Fairness(StrEnum):
    """What tenants share equally, or in proportion to their weights. One setting for a store."""

    JOBS = "jobs"  # starts
    SECONDS = "seconds"  # run time; a job of less than a tenth of a second counts as one


class TenantOrder(StrEnum):
    """By what tenants are ranked, the highest first. Tenants with 0 are left out."""

    PENDING = "pending"
    RUNNING = "running"
    FAILING = "failing"  # failed attempts
    OLDEST = "oldest"  # how long their oldest pending job has waited
    BLOCKED = "blocked"  # pending jobs of the tenants that are paused or at a limit

    def measure(self, tenant: Tenant) -> float:
        """The present measure of a tenant."""
        if self is TenantOrder.RUNNING:
            return tenant.running
        if self is TenantOrder.FAILING:
            return tenant.failed
        if self is TenantOrder.OLDEST:
            return tenant.oldest_wait_seconds or 0
        if self is TenantOrder.BLOCKED:
            return 1 + tenant.pending if tenant.paused or tenant.blocked_by else 0
        return tenant.pending


class PolicyChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A change of some of a tenant's limits. UNSET leaves a field as it is, None makes it unlimited."""

    submit_rate: Rate | None | msgspec.UnsetType = msgspec.UNSET
    concurrency: int | None | msgspec.UnsetType = msgspec.UNSET
    start_rate: Rate | None | msgspec.UnsetType = msgspec.UNSET
    weight: float | msgspec.UnsetType = msgspec.UNSET
    paused: bool | msgspec.UnsetType = msgspec.UNSET
    max_waiting: int | None | msgspec.UnsetType = msgspec.UNSET
    keep_completed_seconds: float | msgspec.UnsetType = msgspec.UNSET
    keep_completed_max: int | msgspec.UnsetType = msgspec.UNSET
    keep_failed_seconds: float | msgspec.UnsetType = msgspec.UNSET
    keep_failed_max: int | msgspec.UnsetType = msgspec.UNSET

    def apply_to(self, policy: TenantPolicy) -> TenantPolicy:
        """`policy` with this change. Raises InvalidInput if the result is not allowed."""
        return msgspec.structs.replace(policy, **self._set_fields())

    def after(self, earlier: PolicyChange) -> PolicyChange:
        """Both changes in one. Where they differ, this one wins."""
        return msgspec.structs.replace(earlier, **self._set_fields())

    def _set_fields(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in fields.items() if value is not msgspec.UNSET}


class Tenant(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A tenant's limits (None: unlimited) beside its live figures."""

    id: str
    submit_rate: Rate | None
    concurrency: int | None
    start_rate: Rate | None
    weight: float
    paused: bool
    max_waiting: int | None
    keep_completed_seconds: float
    keep_completed_max: int
    keep_failed_seconds: float
    keep_failed_max: int
    customized: bool
    """Whether a limit was set for this tenant. A pause does not count as one."""
    pending: int
    running: int
    submitted: int
    started: int
    """Attempts ever started, as `failed` counts attempts too."""
    completed: int
    failed: int
    retried: int
    blocked_by: str | None
    """`concurrency`, `start_rate` or `paused` while this keeps its pending jobs from starting."""
    blocked_until: Time | None
    """When the block ends without a change; None if it does not."""
    submit_rate_used: int
    """Submissions in the current window."""
    oldest_wait_seconds: float | None
    """How long the oldest pending job has been pending; None without pending jobs."""

    @property
    def policy(self) -> TenantPolicy:
        """The limits alone."""
        return TenantPolicy(**{name: getattr(self, name) for name in TenantPolicy.__struct_fields__})
