"""What is going on, from the store."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec

from ..backend import Queue
from ..model import ids
from ..model.errors import NotFound, StoreUnavailable
from ..model.job import Counters, Job
from ..model.monitor import Changes, History, JobChange, Overview
from ..model.states import State
from .calls import Calls
from .history import read_history
from .news import News
from .partitions import by_partition
from .records import utc
from .wakeups import Wakeups, wait

LOOK_AGAIN_S = 30.0
"""How often a followed job is looked at without news, since its being forgotten is none."""

_STATES = (State.SCHEDULED, State.PENDING, State.RUNNING, State.COMPLETED, State.FAILED, State.CANCELLED)
_COUNTERS = Counters.__struct_fields__
_encode = msgspec.msgpack.Encoder().encode


class EngineMonitor:
    """Implements `queue.Monitor` for the queue of an engine."""

    def __init__(self, queue: Queue, calls: Calls, wakeups: Wakeups, partitions: int) -> None:
        self._queue = queue
        self._calls = calls
        self._partitions = partitions
        self._news = News(calls, wakeups, partitions)

    async def overview(self) -> Overview:
        replies = [await self._calls.run("figures", partition) for partition in range(self._partitions)]
        sums = [sum(values) for values in zip(*(reply[1:] for reply in replies), strict=True)]
        return Overview(
            at=utc(max(reply[0] for reply in replies)),
            counters=Counters(**dict(zip(_COUNTERS, sums, strict=False))),
            states=dict(zip(_STATES, sums[-len(_STATES) :], strict=True)),
            queues=await self._queue.queues(),
            workers=await self._queue.workers(),
        )

    async def history(self, minutes: int) -> History:
        return await read_history(self._calls, self._partitions, minutes)

    async def changes(self) -> AsyncGenerator[Changes]:
        async with self._news.watch() as watcher:
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
        async with self._news.watch(job_id) as watcher:
            while True:
                watcher.clear()
                job = await self._queue.get(job_id)
                if job != shown:
                    yield job
                    shown = job
                if job.state.is_terminal:
                    return
                await wait(watcher.event, LOOK_AGAIN_S)

    async def _describe(self, changed: dict[str, State]) -> list[JobChange]:
        """Changed jobs with what scripts do not tell of them; those that are forgotten are left out."""
        names = list(changed)
        found: list[JobChange] = []
        for partition, group in by_partition(names, self._partitions).items():
            wanted = _encode([names[i] for i in group])
            reply = [value.decode() for value in await self._calls.run("heads", partition, ids=wanted)]
            for job_id, tenant, queue, task in zip(*(reply[i::4] for i in range(4)), strict=True):
                found.append(JobChange(id=job_id, tenant_id=tenant, queue=queue, task=task, state=changed[job_id]))
        return found
