"""Batches over HTTP."""

from __future__ import annotations

from ..model import ids
from ..model.batch import Batch, BatchPage, NewBatch
from ..rest.batches import NewBatchBody
from ..rest.listings import page_parameters
from ..rest.paths import batch_path
from .transport import Transport


class RemoteBatches:
    """Implements `backend.Batches` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def new_id(self, tenant_id: str) -> str:
        """A fresh id for a batch of this tenant. It assumes one partition, as `RemoteJobs.new_id`."""
        return ids.new_job_id(0)

    async def create(self, batch: NewBatch) -> Batch:
        return await self._transport.call("POST", "/batches", Batch, body=NewBatchBody.of(batch))

    async def get(self, batch_id: str) -> Batch:
        return await self._transport.call("GET", batch_path(batch_id), Batch)

    async def list(self, limit: int, cursor: str | None = None, tenant_id: str | None = None) -> BatchPage:
        query = page_parameters(limit, cursor) | ({} if tenant_id is None else {"tenantId": tenant_id})
        return await self._transport.call("GET", "/batches", BatchPage, query=query)

    async def seal(self, batch_id: str) -> Batch:
        return await self._transport.call("POST", batch_path(batch_id, "/seal"), Batch)

    async def cancel(self, batch_id: str) -> Batch:
        return await self._transport.call("POST", batch_path(batch_id, "/cancel"), Batch)
