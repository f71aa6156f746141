"""Tenants: their limits and figures."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..model.errors import InvalidInput
from ..model.names import check_name
from ..model.tenant import (
    MAX_CONCURRENCY,
    MAX_KEEP,
    MAX_KEEP_SECONDS,
    MAX_RATE_LIMIT,
    MAX_WAITING,
    PolicyChange,
    Rate,
    Tenant,
    TenantOrder,
    TenantPolicy,
)
from .fields import Name
from .listings import Page
from .structs import Body, View


class TenantListing(Page, frozen=True):
    """A page of the tenants whose id begins with `prefix`. With `sort`, the first ones in that order."""

    prefix: Name | None = None
    sort: TenantOrder | UnsetType = UNSET

    def check(self) -> None:
        """Raises InvalidInput for text that is not a valid name."""
        if self.prefix is not None:
            check_name(self.prefix, "prefix", "/prefix")
        if self.cursor is not None:
            check_name(self.cursor, "cursor", "/cursor")  # the last id of the previous page
        if self.cursor is not None and self.sort:
            raise InvalidInput("a sorted list has one page only: leave out the cursor", "/cursor")


class TenantPage(View, frozen=True):
    """Some tenants, and where the next ones begin (null at the end)."""

    tenants: list[Tenant]
    next_cursor: str | None


class RateBody(Body, frozen=True):
    """At most `limit` events in every sliding window of `windowSeconds`."""

    limit: Annotated[int, Meta(ge=1, le=MAX_RATE_LIMIT)]
    window_seconds: Annotated[float, Meta(ge=0.001, le=86_400)] = 60


class DefaultLimits(View, frozen=True):
    """The limits that hold where a tenant has no other; null is unlimited."""

    submit_rate: Rate | None
    concurrency: int | None
    start_rate: Rate | None
    weight: float
    max_waiting: int | None
    keep_completed_seconds: float
    keep_completed_max: int
    keep_failed_seconds: float
    keep_failed_max: int

    @classmethod
    def of(cls, policy: TenantPolicy) -> DefaultLimits:
        return cls(**{name: getattr(policy, name) for name in cls.__struct_fields__})


class DefaultsBody(Body, frozen=True):
    """Limits to change: those left out stay as they are, null is unlimited."""

    submit_rate: RateBody | None | UnsetType = UNSET
    concurrency: Annotated[int, Meta(ge=1, le=MAX_CONCURRENCY)] | None | UnsetType = UNSET
    start_rate: RateBody | None | UnsetType = UNSET
    weight: Annotated[float, Meta(ge=0.01, le=1000)] | UnsetType = UNSET
    max_waiting: Annotated[int, Meta(ge=1, le=MAX_WAITING)] | None | UnsetType = UNSET
    keep_completed_seconds: Annotated[float, Meta(ge=0, le=MAX_KEEP_SECONDS)] | UnsetType = UNSET
    keep_completed_max: Annotated[int, Meta(ge=0, le=MAX_KEEP)] | UnsetType = UNSET
    keep_failed_seconds: Annotated[float, Meta(ge=0, le=MAX_KEEP_SECONDS)] | UnsetType = UNSET
    keep_failed_max: Annotated[int, Meta(ge=0, le=MAX_KEEP)] | UnsetType = UNSET

    def to_change(self) -> PolicyChange:
        """The change of the model, which has the same fields. Clients send that."""
        return msgspec.convert(msgspec.to_builtins(self), PolicyChange)


class LimitsBody(DefaultsBody, frozen=True):
    """A tenant's limits to change: those left out stay as they are, null is unlimited."""

    paused: bool | UnsetType = UNSET
