"""Figures, their history and changes over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from ..model.job import Counters, Job
from ..model.monitor import Changes, History, Overview, StateCounts
from ..rest.events import JOBS, RESET, JobChanges
from ..rest.jobs import JobAnswer
from ..rest.monitor import Health, OverviewView
from ..rest.paths import job_path
from .stream import follow_stream
from .transport import Transport


class RemoteMonitor:
    """Implements `backend.Monitor` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def counters(self, tenant_id: str | None = None) -> Counters:
        query = None if tenant_id is None else {"tenantId": tenant_id}
        return await self._transport.call("GET", "/jobs/metrics", Counters, query=query)

    async def jobs_by_state(self, tenant_id: str | None = None) -> StateCounts:
        query = None if tenant_id is None else {"tenantId": tenant_id}
        return await self._transport.call("GET", "/jobs/counts", StateCounts, query=query)

    async def check_ready(self) -> None:
        await self._transport.call("GET", "/readyz", Health)

    async def overview(self) -> Overview:
        return (await self._transport.call("GET", "/overview", OverviewView)).to_overview()

    async def history(self, minutes: int) -> History:
        return await self._transport.call("GET", "/history", History, query={"minutes": str(minutes)})

    async def changes(self) -> AsyncGenerator[Changes]:
        async with aclosing(follow_stream(self._transport, "/events")) as stream:
            begun = False
            async for event in stream:
                if event.name == RESET or not begun:
                    begun = True
                    yield Changes([], missed=True)
                if event.name == JOBS:
                    answer = msgspec.json.decode(event.data, type=JobChanges)
                    yield Changes(answer.jobs, answer.more)

    async def follow(self, job_id: str) -> AsyncGenerator[Job]:
        async with aclosing(follow_stream(self._transport, job_path(job_id, "/events"))) as stream:
            async for event in stream:
                job = msgspec.json.decode(event.data, type=JobAnswer).to_job()
                yield job
                if job.state.is_terminal:
                    return
