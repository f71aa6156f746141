"""Tenants: their limits and figures."""

from __future__ import annotations

from ...model.names import check_name
from ...model.tenant import PolicyChange, Tenant
from ...model.token import TokenKind
from ...rest.tenants import DefaultLimits, DefaultsBody, LimitsBody, TenantListing, TenantPage
from ..http.call import Call
from ..http.endpoint import Endpoint


async def list_tenants(call: Call, query: TenantListing) -> TenantPage:
    """Known tenants by id, or ranked by what waits, runs, fails or is blocked."""
    query.check()
    if query.sort:
        ranked = await call.context.backend.measures.first_tenants(query.sort, query.limit, query.prefix or "")
        return TenantPage(tenants=ranked, next_cursor=None)
    tenants, cursor = await call.backend.tenants.list(query.limit, query.cursor, query.prefix or "")
    return TenantPage(tenants=tenants, next_cursor=cursor)


async def show_tenant(call: Call) -> Tenant:
    """A tenant's limits and figures. An unknown tenant has the defaults."""
    return await call.backend.tenants.get(_tenant_id(call))


async def change_tenant(call: Call, body: LimitsBody) -> Tenant:
    """Change the given limits of a tenant. The next submission and the next start use them."""
    return await _change(call, body.to_change())


async def reset_tenant(call: Call) -> Tenant:
    """Give a tenant the default limits again. A pause stays."""
    return await call.backend.tenants.reset(_tenant_id(call))


async def pause_tenant(call: Call) -> Tenant:
    """Keep a tenant's jobs from starting; it may still submit."""
    return await _change(call, PolicyChange(paused=True))


async def resume_tenant(call: Call) -> Tenant:
    """Let a tenant's jobs start again."""
    return await _change(call, PolicyChange(paused=False))


async def show_defaults(call: Call) -> DefaultLimits:
    """The limits that hold where a tenant has no other."""
    return DefaultLimits.of(await call.backend.tenants.defaults())


async def change_defaults(call: Call, body: DefaultsBody) -> DefaultLimits:
    """Change the given default limits. Tenants with other limits keep them."""
    return DefaultLimits.of(await call.backend.tenants.change_defaults(body.to_change()))


async def _change(call: Call, change: PolicyChange) -> Tenant:
    return await call.backend.tenants.change(_tenant_id(call), change)


def _tenant_id(call: Call) -> str:
    return check_name(call.path("id"), "the tenant's id", "/id")


ENDPOINTS = (
    Endpoint("GET", "/tenants", list_tenants).open_to(TokenKind.MONITOR).large(),
    Endpoint("GET", "/tenants/{id}", show_tenant).open_to(TokenKind.TENANT, TokenKind.MONITOR),
    Endpoint("PUT", "/tenants/{id}", change_tenant),
    Endpoint("DELETE", "/tenants/{id}/limits", reset_tenant),
    Endpoint("POST", "/tenants/{id}/pause", pause_tenant),
    Endpoint("POST", "/tenants/{id}/resume", resume_tenant),
    Endpoint("GET", "/defaults", show_defaults).open_to(TokenKind.MONITOR),
    Endpoint("PUT", "/defaults", change_defaults),
)
