"""Tenants over HTTP."""

from __future__ import annotations

from ..model.tenant import PolicyChange, Tenant
from . import answers, requests
from .transport import Transport


class RemoteTenants:
    """Implements `backend.Tenants` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self, tenant_id: str) -> Tenant:
        path = requests.named_path("tenants", tenant_id, "the tenant's id")
        return await self._transport.call("GET", path, Tenant)

    async def list(self, limit: int, cursor: str | None = None, prefix: str = "") -> tuple[list[Tenant], str | None]:
        query = {"limit": str(min(limit, requests.MAX_PAGE))} | ({} if cursor is None else {"cursor": cursor})
        query |= {"prefix": prefix} if prefix else {}
        page = await self._transport.call("GET", "/tenants", answers.TenantPage, query=query)
        return page.tenants, page.next_cursor

    async def change(self, tenant_id: str, change: PolicyChange) -> Tenant:
        path = requests.named_path("tenants", tenant_id, "the tenant's id")
        return await self._transport.call("PUT", path, Tenant, body=change)

    async def reset(self, tenant_id: str) -> Tenant:
        path = requests.named_path("tenants", tenant_id, "the tenant's id", "/limits")
        return await self._transport.call("DELETE", path, Tenant)
