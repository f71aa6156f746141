"""Schedules over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from ..model.errors import NotFound
from ..model.job import Job
from ..model.schedule import Schedule, ScheduleSpec
from ..rest.jobs import JobAnswer
from ..rest.listings import page_parameters
from ..rest.paths import schedule_path
from ..rest.schedules import RunBody, ScheduleBody, SchedulePage
from .transport import Transport


class RemoteSchedules:
    """Implements `backend.Schedules` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def put(self, spec: ScheduleSpec, *, paused: bool | None = None, declaration: str = "") -> Schedule:
        body = ScheduleBody.of(spec, paused, declaration)
        return await self._transport.call("PUT", schedule_path(spec.tenant_id, spec.name), Schedule, body=body)

    async def get(self, tenant_id: str, name: str) -> Schedule:
        return await self._transport.call("GET", schedule_path(tenant_id, name), Schedule)

    async def list(
        self, limit: int, cursor: str | None = None, tenant_id: str | None = None
    ) -> tuple[Sequence[Schedule], str | None]:
        query = page_parameters(limit, cursor) | ({} if tenant_id is None else {"tenantId": tenant_id})
        page = await self._transport.call("GET", "/schedules", SchedulePage, query=query)
        return page.schedules, page.next_cursor

    async def pause(self, tenant_id: str, name: str, paused: bool) -> Schedule:
        return await self._transport.call(
            "POST", schedule_path(tenant_id, name, "/pause" if paused else "/resume"), Schedule
        )

    async def delete(self, tenant_id: str, name: str) -> Schedule:
        known = await self.get(tenant_id, name)
        with suppress(NotFound):  # a call that is sent again after its reply was lost finds no schedule any more
            await self._transport.call("DELETE", schedule_path(tenant_id, name), Schedule)
        return known

    async def run(self, tenant_id: str, name: str, job_id: str) -> Job:
        path = schedule_path(tenant_id, name, "/run")
        return (await self._transport.call("POST", path, JobAnswer, body=RunBody(id=job_id))).to_job()
