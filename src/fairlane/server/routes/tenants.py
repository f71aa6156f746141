"""Tenants: their limits and figures."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from ...model.names import check_name
from ...model.tenant import MAX_CONCURRENCY, MAX_RATE_LIMIT, PolicyChange, Rate, Tenant
from ..bodies import Body
from ..http.call import Call
from ..http.endpoint import Endpoint
from ..queries import TenantListing
from ..views import TenantPage


class RateBody(Body, frozen=True):
    """At most `limit` events in every sliding window of `windowSeconds`."""

    limit: Annotated[int, Meta(ge=1, le=MAX_RATE_LIMIT)]
    window_seconds: Annotated[float, Meta(ge=0.001, le=86_400)] = 60


class LimitsBody(Body, frozen=True):
    """Limits to change: those left out stay as they are, null is unlimited."""

    submit_rate: RateBody | None | UnsetType = UNSET
    concurrency: Annotated[int, Meta(ge=1, le=MAX_CONCURRENCY)] | None | UnsetType = UNSET
    start_rate: RateBody | None | UnsetType = UNSET
    weight: Annotated[float, Meta(ge=0.01, le=1000)] | UnsetType = UNSET
    paused: bool | UnsetType = UNSET

    def to_change(self) -> PolicyChange:
        return PolicyChange(
            submit_rate=_rate(self.submit_rate),
            concurrency=self.concurrency,
            start_rate=_rate(self.start_rate),
            weight=self.weight,
            paused=self.paused,
        )


async def list_tenants(call: Call, query: TenantListing) -> TenantPage:
    """Known tenants by id."""
    if query.prefix is not None:
        check_name(query.prefix, "prefix", "/prefix")
    if query.cursor is not None:
        check_name(query.cursor, "cursor", "/cursor")  # it is the last id of the page before
    tenants, cursor = await call.context.backend.tenants.list(query.limit, query.cursor, query.prefix or "")
    return TenantPage(tenants=tenants, next_cursor=cursor)


async def show_tenant(call: Call) -> Tenant:
    """A tenant's limits and figures; one that was never seen has the defaults."""
    return await call.context.backend.tenants.get(_tenant_id(call))


async def change_tenant(call: Call, body: LimitsBody) -> Tenant:
    """Change a tenant's limits, with effect from the next submission and the next start on."""
    return await _change(call, body.to_change())


async def reset_tenant(call: Call) -> Tenant:
    """Give a tenant the default limits again. A pause stays."""
    return await call.context.backend.tenants.reset(_tenant_id(call))


async def pause_tenant(call: Call) -> Tenant:
    """Keep a tenant's jobs from starting; it may still submit."""
    return await _change(call, PolicyChange(paused=True))


async def resume_tenant(call: Call) -> Tenant:
    """Let a tenant's jobs start again."""
    return await _change(call, PolicyChange(paused=False))


async def _change(call: Call, change: PolicyChange) -> Tenant:
    return await call.context.backend.tenants.change(_tenant_id(call), change)


def _tenant_id(call: Call) -> str:
    return check_name(call.path("id"), "the tenant's id", "/id")


def _rate(body: RateBody | None | UnsetType) -> Rate | None | UnsetType:
    return Rate(body.limit, body.window_seconds) if isinstance(body, RateBody) else body


ENDPOINTS = (
    Endpoint("GET", "/tenants", list_tenants),
    Endpoint("GET", "/tenants/{id}", show_tenant),
    Endpoint("PUT", "/tenants/{id}", change_tenant),
    Endpoint("DELETE", "/tenants/{id}/limits", reset_tenant),
    Endpoint("POST", "/tenants/{id}/pause", pause_tenant),
    Endpoint("POST", "/tenants/{id}/resume", resume_tenant),
)
