"""Figures, their history and changes, from a store."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec

from ..backend import Backend
from ..model import ids
from ..model.errors import NotFound, StoreUnavailable
from ..model.job import Counters, Job
from ..model.monitor import Changes, History, JobChange, Overview, StateCounts
from ..model.states import State
from . import keys
from .calls import Calls
from .events import Events
from .history import read_history
from .partition import Partitions
from .records import utc_of_ms
from .retention import read_memory
from .subscription import Subscription, wait

LOOK_AGAIN_S = 30.0
"""How often a followed job is read without an event, since deleting a job publishes none."""

_STATES = (State.SCHEDULED, State.PENDING, State.RUNNING, State.COMPLETED, State.FAILED, State.CANCELLED)
_COUNTERS = Counters.__struct_fields__
_encode = msgspec.msgpack.Encoder().encode


class EngineMonitor:
    """Implements `backend.Monitor`."""

    def __init__(self, calls: Calls, backend: Backend, partitions: Partitions, subscription: Subscription) -> None:
        self._calls = calls
        self._backend = backend
        self._partitions = partitions
        self._events = Events(partitions, subscription)

    async def counters(self, tenant_id: str | None = None) -> Counters:
        if tenant_id is not None:
            tenant = await self._backend.tenants.get(tenant_id)
            return Counters(**{name: getattr(tenant, name) for name in _COUNTERS})
        replies = await self._partitions.each(lambda partition: partition.command("HMGET", keys.COUNTERS, *_COUNTERS))
        sums = (sum(int(value or 0) for value in values) for values in zip(*replies, strict=True))
        return Counters(**dict(zip(_COUNTERS, sums, strict=True)))

    async def jobs_by_state(self, tenant_id: str | None = None) -> StateCounts:
        if tenant_id is not None:
            return StateCounts(*await self._partitions.of_tenant(tenant_id).run("state_counts", tenant=tenant_id))
        replies = await self._partitions.each(lambda partition: partition.run("figures"))
        return StateCounts(
            *(sum(values) for values in zip(*(reply[-len(_STATES) :] for reply in replies), strict=True))
        )

    async def check_ready(self) -> None:
        await self._calls.store.watch.require_safe()
        # A write that changes nothing. A replica, or a server with a full disk, refuses it all the same.
        await self._partitions.each(lambda partition: partition.command("HDEL", keys.COUNTERS, ""))

    async def overview(self) -> Overview:
        replies = await self._partitions.each(lambda partition: partition.run("figures"))
        sums = [sum(values) for values in zip(*(reply[1:] for reply in replies), strict=True)]
        return Overview(
            at=utc_of_ms(max(reply[0] for reply in replies)),
            counters=Counters(**dict(zip(_COUNTERS, sums, strict=False))),
            states=dict(zip(_STATES, sums[-len(_STATES) :], strict=True)),
            queues=await self._backend.queues.list(),
            workers=await self._backend.workers.list(),
            memory=await read_memory(self._calls),
        )

    async def history(self, minutes: int) -> History:
        return await read_history(self._partitions, minutes)

    async def changes(self) -> AsyncGenerator[Changes]:
        async with self._events.watch() as watcher:
            while True:
                await watcher.event.wait()
                changed, more, missed = watcher.changed, watcher.more, watcher.missed
                watcher.clear()
                try:
                    jobs = await self._describe(changed)
                except StoreUnavailable:
                    jobs, missed = [], True
                yield Changes(jobs, more, missed)

    async def follow(self, job_id: str) -> AsyncGenerator[Job]:
        if not ids.is_job_id(job_id):
            raise NotFound(f"there is no job {job_id}")
        shown: Job | None = None
        async with self._events.watch(job_id) as watcher:
            while True:
                watcher.clear()
                job = await self._backend.jobs.get(job_id)
                if job != shown:
                    yield job
                    shown = job
                if job.state.is_terminal:
                    return
                await wait(watcher.event, LOOK_AGAIN_S)

    async def _describe(self, changed: dict[str, State]) -> list[JobChange]:
        """Changed jobs with their tenant, queue and task. Deleted jobs are left out."""
        names = list(changed)
        found: list[JobChange] = []
        for partition, positions in self._partitions.group_jobs(names):
            wanted = _encode([names[i] for i in positions])
            reply = [value.decode() for value in await partition.run("heads", ids=wanted)]
            for job_id, tenant, queue, task in zip(*(reply[i::4] for i in range(4)), strict=True):
                found.append(JobChange(id=job_id, tenant_id=tenant, queue=queue, task=task, state=changed[job_id]))
        return found
