"""Schedules over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ..model.errors import NotFound
from ..model.job import Job
from ..model.schedule import Schedule, ScheduleSpec
from . import requests
from .answers import JobAnswer, Wire
from .transport import Transport


class SchedulePage(Wire):
    """Some schedules, and the cursor of the next page."""

    schedules: list[Schedule]
    next_cursor: str | None


class RemoteSchedules:
    """Implements `backend.Schedules` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def put(self, spec: ScheduleSpec, *, paused: bool | None = None, declaration: str = "") -> Schedule:
        body: dict[str, Any] = {
            spec.__struct_encode_fields__[i]: getattr(spec, name) for i, name in enumerate(spec.__struct_fields__)
        }
        path = _path(body.pop("tenantId"), body.pop("name"))
        if paused is not None:
            body["paused"] = paused
        if declaration:
            body["declaration"] = declaration
        return await self._transport.call("PUT", path, Schedule, body=body)

    async def get(self, tenant_id: str, name: str) -> Schedule:
        return await self._transport.call("GET", _path(tenant_id, name), Schedule)

    async def list(
        self, limit: int, cursor: str | None = None, tenant_id: str | None = None
    ) -> tuple[Sequence[Schedule], str | None]:
        query = {"limit": str(min(limit, requests.MAX_PAGE)), "cursor": cursor, "tenantId": tenant_id}
        given = {name: value for name, value in query.items() if value is not None}
        page = await self._transport.call("GET", "/schedules", SchedulePage, query=given)
        return page.schedules, page.next_cursor

    async def pause(self, tenant_id: str, name: str, paused: bool) -> Schedule:
        return await self._transport.call("POST", _path(tenant_id, name, "/pause" if paused else "/resume"), Schedule)

    async def delete(self, tenant_id: str, name: str) -> Schedule:
        known = await self.get(tenant_id, name)
        with suppress(NotFound):  # a call that is sent again after its reply was lost finds no schedule any more
            await self._transport.call("DELETE", _path(tenant_id, name), Schedule)
        return known

    async def run(self, tenant_id: str, name: str, job_id: str) -> Job:
        path = _path(tenant_id, name, "/run")
        return (await self._transport.call("POST", path, JobAnswer, body={"id": job_id})).to_job()


def _path(tenant_id: str, name: str, action: str = "") -> str:
    schedule = requests.named_path("schedules", name, "the schedule's name", action)
    return requests.named_path("tenants", tenant_id, "the tenant's id", schedule)
