"""The schedules of one tenant."""

from __future__ import annotations

from collections.abc import Sequence

from ..backend import Schedules
from ..model.errors import Forbidden, InvalidInput, NotFound
from ..model.job import Job
from ..model.schedule import Schedule, ScheduleSpec
from .closed import Closed
from .own import own_tenant


class TenantSchedules(Closed):
    """Implements `backend.Schedules` for one tenant. It may not change what an app's code declares."""

    def __init__(self, schedules: Schedules, tenant_id: str) -> None:
        self._schedules = schedules
        self._tenant_id = tenant_id

    async def put(self, spec: ScheduleSpec, *, paused: bool | None = None, declaration: str = "") -> Schedule:
        self._check_own(spec.tenant_id, spec.name)
        if declaration:
            raise Forbidden("a tenant's token declares no schedules; leave declaration out")
        await self._check_undeclared(spec.tenant_id, spec.name)
        return await self._schedules.put(spec, paused=paused)

    async def get(self, tenant_id: str, name: str) -> Schedule:
        self._check_own(tenant_id, name)
        return await self._schedules.get(tenant_id, name)

    async def list(
        self, limit: int, cursor: str | None = None, tenant_id: str | None = None
    ) -> tuple[Sequence[Schedule], str | None]:
        own = own_tenant(tenant_id, self._tenant_id)
        if cursor is not None and not cursor.startswith(f"{own}/"):
            raise InvalidInput("not a cursor of this listing", "/cursor")
        return await self._schedules.list(limit, cursor, own)

    async def pause(self, tenant_id: str, name: str, paused: bool) -> Schedule:
        self._check_own(tenant_id, name)
        await self._check_undeclared(tenant_id, name)
        return await self._schedules.pause(tenant_id, name, paused)

    async def delete(self, tenant_id: str, name: str) -> Schedule:
        self._check_own(tenant_id, name)
        await self._check_undeclared(tenant_id, name)
        return await self._schedules.delete(tenant_id, name)

    async def run(self, tenant_id: str, name: str, job_id: str) -> Job:
        self._check_own(tenant_id, name)
        return await self._schedules.run(tenant_id, name, job_id)

    def _check_own(self, tenant_id: str, name: str) -> None:
        if tenant_id != self._tenant_id:
            raise NotFound(f"tenant {tenant_id} has no schedule {name}")

    async def _check_undeclared(self, tenant_id: str, name: str) -> None:
        try:
            schedule = await self._schedules.get(tenant_id, name)
        except NotFound:
            return
        if schedule.declared:
            raise Forbidden(f"an app's code declares the schedule {name}; only its operator can change it")
