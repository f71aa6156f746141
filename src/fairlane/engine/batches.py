"""Batches on a store. lua/include/batches.lua describes the keys."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from ..model import ids
from ..model.batch import MAX_BATCHES, Batch, BatchPage, BatchState, NewBatch, check_callbacks
from ..model.errors import BatchFull, Conflict, IdTaken, InvalidInput, NotFound
from ..model.tenant import MAX_TENANTS, too_many_tenants
from ..process.author import author
from ..store.watch import SettingsWatch
from . import keys
from .layouts import Callback
from .partition import Partition, Partitions
from .records import pack_request, utc_of_ms

STEP_JOBS = 50
"""Jobs that one script cancels."""
PATIENCE_S = 2.0
"""After this time `cancel` leaves the rest to upkeep."""
_VALUES = 6
"""Values of a batch in the reply of read_batches.lua."""
_encode = msgspec.msgpack.Encoder().encode


class EngineBatches:
    """Implements `backend.Batches`."""

    def __init__(self, settings: SettingsWatch, partitions: Partitions) -> None:
        self._settings = settings
        self._partitions = partitions

    def new_id(self, tenant_id: str) -> str:
        return ids.new_job_id(self._partitions.of_tenant(tenant_id).number)

    async def create(self, batch: NewBatch) -> Batch:
        await self._settings.require_safe()
        partition = self._partitions.of_tenant(batch.tenant_id)
        jobs = check_callbacks(batch).callbacks
        callbacks = [Callback(name=name, queue=job.queue, priority=job.priority) for name, job in jobs.items()]
        answer = await partition.run(
            "create_batch", *(pack_request(job) for job in jobs.values()),
            batch=batch.id, tenant=batch.tenant_id, most_tenants=MAX_TENANTS, most=MAX_BATCHES,
            callbacks=_encode(callbacks),
        )  # fmt: skip
        if answer == b"id_taken":
            raise IdTaken(f"another batch has the id {batch.id}; choose another id, or leave it out")
        if answer == b"too_many_tenants":
            raise too_many_tenants()
        if answer == b"too_many":
            most = f"tenant {batch.tenant_id} has {MAX_BATCHES:,} batches that are not over"
            raise BatchFull(f"{most}; seal or cancel some of them", "/tenantId")
        return await self.get(batch.id)

    async def get(self, batch_id: str) -> Batch:
        found = await _read(self._partition(batch_id), [batch_id.encode()])
        if not found:
            raise _no_batch(batch_id)
        return found[0]

    async def list(self, limit: int, cursor: str | None = None, tenant_id: str | None = None) -> BatchPage:
        before = _place(cursor)

        async def read(partition: Partition) -> list[Batch]:
            name, first = f"{keys.BATCHES}{tenant_id or ''}", 0
            if before is not None:  # the page before showed a few of the same ms
                first = await partition.command("ZCOUNT", name, f"({before[0]}", "+inf")
            found: list[Batch] = []
            while len(found) <= limit:
                batches = await partition.command("ZREVRANGE", name, first, first + limit)
                first += len(batches)
                some = await _read(partition, batches)
                found += [batch for batch in some if before is None or _place_of(batch) < before]
                if len(batches) <= limit:
                    break
            return found

        replies = (
            [await read(self._partitions.of_tenant(tenant_id))] if tenant_id else await self._partitions.each(read)
        )
        found = sorted((batch for some in replies for batch in some), key=_place_of, reverse=True)
        more = len(found) > limit
        return BatchPage(found[:limit], "{}-{}".format(*_place_of(found[limit - 1])) if more else None)

    async def seal(self, batch_id: str) -> Batch:
        if await self._partition(batch_id).run("seal_batch", batch=batch_id) == b"not_found":
            raise _no_batch(batch_id)
        return await self.get(batch_id)

    async def cancel(self, batch_id: str) -> Batch:
        partition = self._partition(batch_id)
        answer = await partition.run("cancel_batch", author=author(), batch=batch_id)
        if answer == b"not_found":
            raise _no_batch(batch_id)
        if answer == b"conflict":
            raise Conflict("all jobs of the batch have ended")
        enough = time.monotonic() + PATIENCE_S
        while time.monotonic() < enough:
            _, next_ms = await partition.run("settle", limit=STEP_JOBS)
            if next_ms < 0:
                break
        return await self.get(batch_id)

    def _partition(self, batch_id: str) -> Partition:
        try:
            return self._partitions.of_job(batch_id)
        except NotFound:
            raise _no_batch(batch_id) from None


def _no_batch(batch_id: str) -> NotFound:
    return NotFound(f"there is no batch {batch_id}")


def _place(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    created, _, batch_id = cursor.partition("-")
    if not (created.isascii() and created.isdigit() and len(created) < 16 and ids.is_job_id(batch_id)):
        raise InvalidInput("not a cursor of this listing", "/cursor")
    return int(created), batch_id


def _place_of(batch: Batch) -> tuple[int, str]:
    return round(batch.created_at.timestamp() * 1000), batch.id


async def _read(partition: Partition, batch_ids: list[bytes]) -> list[Batch]:
    reply = await partition.run("read_batches", ids=_encode([batch_id.decode() for batch_id in batch_ids]))
    return [_batch(*reply[i : i + _VALUES]) for i in range(0, len(reply), _VALUES)]


def _batch(batch_id: bytes, fields: list[bytes], unfinished: int, completed: int, cancelled: int, failed: int) -> Batch:
    known = dict(zip(fields[::2], fields[1::2], strict=True))

    def made(name: bytes) -> str | None:
        return known[b"made_" + name].decode() if b"made_" + name in known else None

    return Batch(
        id=batch_id.decode(),
        tenant_id=known[b"tenant"].decode(),
        state=_state(known, unfinished, cancelled, failed),
        total=unfinished + completed + cancelled + failed,
        completed=completed,
        failed=failed,
        cancelled=cancelled,
        unfinished=unfinished,
        created_at=utc_of_ms(float(known[b"created"])),
        finished_at=utc_of_ms(float(known[b"over"])) if b"over" in known else None,
        then_job_id=made(b"then"),
        on_failure_job_id=made(b"on_failure"),
        finally_job_id=made(b"finally"),
    )


def _state(known: dict[bytes, Any], unfinished: int, cancelled: int, failed: int) -> BatchState:
    if b"sealed" not in known:
        return BatchState.OPEN
    if b"cancelled" in known:
        return BatchState.CANCELLING if unfinished else BatchState.CANCELLED
    if unfinished:
        return BatchState.RUNNING
    if failed:
        return BatchState.FAILED
    return BatchState.CANCELLED if cancelled else BatchState.COMPLETED
