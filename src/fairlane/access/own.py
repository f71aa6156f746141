"""Which tenant a call with a tenant's token is about."""

from __future__ import annotations

from ..model.errors import Forbidden


def own_tenant(tenant_id: str | None, own: str) -> str:
    """The tenant of a call that may name one. Raises Forbidden if it names another."""
    if tenant_id is not None and tenant_id != own:
        raise foreign_tenant(own)
    return own


def foreign_tenant(own: str) -> Forbidden:
    """The error for a call that names another tenant."""
    return Forbidden(f"this token is for the tenant {own}; leave tenantId out, or give that tenant")
