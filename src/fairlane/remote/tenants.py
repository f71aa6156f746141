"""Tenants over HTTP."""

from __future__ import annotations

from ..model.tenant import PolicyChange, Tenant, TenantPolicy
from ..rest.listings import page_parameters
from ..rest.paths import tenant_path
from ..rest.session import SessionView
from ..rest.tenants import TenantPage
from .transport import Transport


class RemoteTenants:
    """Implements `backend.Tenants` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self, tenant_id: str) -> Tenant:
        return await self._transport.call("GET", tenant_path(tenant_id), Tenant)

    async def own(self) -> str | None:
        return (await self._transport.call("GET", "/session", SessionView)).tenant_id

    async def list(self, limit: int, cursor: str | None = None, prefix: str = "") -> tuple[list[Tenant], str | None]:
        query = page_parameters(limit, cursor) | ({"prefix": prefix} if prefix else {})
        page = await self._transport.call("GET", "/tenants", TenantPage, query=query)
        return page.tenants, page.next_cursor

    async def change(self, tenant_id: str, change: PolicyChange) -> Tenant:
        return await self._transport.call("PUT", tenant_path(tenant_id), Tenant, body=change)

    async def defaults(self) -> TenantPolicy:
        return await self._transport.call("GET", "/defaults", TenantPolicy)

    async def change_defaults(self, change: PolicyChange) -> TenantPolicy:
        return await self._transport.call("PUT", "/defaults", TenantPolicy, body=change)

    async def reset(self, tenant_id: str) -> Tenant:
        return await self._transport.call("DELETE", tenant_path(tenant_id, "/limits"), Tenant)
