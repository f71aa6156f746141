"""The batches of one tenant."""

from __future__ import annotations

from ..backend import Batches
from ..model.batch import Batch, BatchPage, NewBatch
from ..model.errors import NotFound
from .closed import Closed
from .own import foreign_tenant, own_tenant


class TenantBatches(Closed):
    """Implements `backend.Batches` for one tenant."""

    def __init__(self, batches: Batches, tenant_id: str) -> None:
        self._batches = batches
        self._tenant_id = tenant_id

    def new_id(self, tenant_id: str) -> str:
        return self._batches.new_id(tenant_id)

    async def create(self, batch: NewBatch) -> Batch:
        if batch.tenant_id != self._tenant_id:
            raise foreign_tenant(self._tenant_id)
        return await self._batches.create(batch)

    async def get(self, batch_id: str) -> Batch:
        """The batch. A foreign one raises the same NotFound as one that does not exist."""
        batch = await self._batches.get(batch_id)
        if batch.tenant_id != self._tenant_id:
            raise NotFound(f"there is no batch {batch_id}")
        return batch

    async def list(self, limit: int, cursor: str | None = None, tenant_id: str | None = None) -> BatchPage:
        return await self._batches.list(limit, cursor, own_tenant(tenant_id, self._tenant_id))

    async def seal(self, batch_id: str) -> Batch:
        await self.get(batch_id)
        return await self._batches.seal(batch_id)

    async def cancel(self, batch_id: str) -> Batch:
        await self.get(batch_id)
        return await self._batches.cancel(batch_id)
