"""The audit log over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.audit import AuditEntry
from ..rest.audit import AuditPage
from ..rest.listings import page_parameters
from .transport import Transport


class RemoteAudit:
    """Implements `backend.Audit` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self, limit: int, cursor: str | None = None) -> tuple[Sequence[AuditEntry], str | None]:
        page = await self._transport.call("GET", "/audit", AuditPage, query=page_parameters(limit, cursor))
        return page.entries, page.next_cursor
