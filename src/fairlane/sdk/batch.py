"""Batches of jobs: `app.batch(...)`."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from ..job.batch import BatchJobs
from ..model.batch import Batch, NewBatch, check_callbacks
from ..model.errors import InvalidInput
from ..model.job import NewJob
from .call import Bound, Client, prepare


class BatchHandle(BatchJobs):
    """A batch that was created: its id, and calls about it. Those that end in `_sync` need no event loop."""

    __slots__ = ("_client",)

    def __init__(self, client: Client, batch_id: str, tenant: str) -> None:
        super().__init__(batch_id, tenant)
        self._client = client

    async def refresh(self) -> Batch:
        """The batch as it is now. Raises NotFound if it is no longer kept."""
        return await (await self._client.connect()).batches.get(self.id)

    async def seal(self) -> Batch:
        """Say that the batch is complete. Raises NotFound."""
        return await (await self._client.connect()).batches.seal(self.id)

    async def cancel(self) -> Batch:
        """Cancel all its jobs. Raises NotFound, and Conflict if they have ended."""
        return await (await self._client.connect()).batches.cancel(self.id)

    def refresh_sync(self) -> Batch:
        """See `refresh`."""
        return self._client.run_sync(self.refresh)

    def seal_sync(self) -> Batch:
        """See `seal`."""
        return self._client.run_sync(self.seal)

    def cancel_sync(self) -> Batch:
        """See `cancel`."""
        return self._client.run_sync(self.cancel)


class BatchBlock:
    """`async with app.batch(...) as batch:`, or `with` in code without an event loop.

    The batch is created when the block begins and sealed when it ends. A block that raises cancels the batch.
    """

    __slots__ = ("_batch", "_callbacks", "_client", "_tenant")

    def __init__(self, client: Client, tenant: str | None, callbacks: dict[str, Any]) -> None:
        """`callbacks`: by the names of the fields of NewBatch. Raises InvalidInput for one that is no call."""
        for name, call in callbacks.items():
            if not (call is None or isinstance(call, Bound)):
                option = name.removesuffix("_")
                raise InvalidInput(f"{option}: write the call as `task.bind(...)`, not {call!r:.100}", f"/{option}")
        self._client = client
        self._tenant = tenant
        self._callbacks: dict[str, Bound[Any]] = {name: call for name, call in callbacks.items() if call is not None}
        self._batch: BatchHandle | None = None

    async def __aenter__(self) -> BatchHandle:
        if self._client.must_learn_tenant(self._tenant):
            await self._client.learn_tenant()
        backend = await self._client.connect()
        tenant = self._client.resolve_tenant(self._tenant)
        jobs = {name: self._job(call, tenant) for name, call in self._callbacks.items()}
        wanted = NewBatch(id=backend.batches.new_id(tenant), tenant_id=tenant, **jobs)
        made = await backend.batches.create(check_callbacks(wanted))
        self._batch = BatchHandle(self._client, made.id, tenant)
        return self._batch

    def _job(self, call: Bound[Any], tenant: str) -> NewJob:
        _, template = prepare(self._client, call.in_batch(None, tenant).template)
        return template.new_callback(tenant, call.payload)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._batch is not None:
            await (self._batch.seal() if kind is None else self._batch.cancel())

    def __enter__(self) -> BatchHandle:
        return self._client.run_sync(self.__aenter__)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.run_sync(lambda: self.__aexit__(kind, error, traceback))
