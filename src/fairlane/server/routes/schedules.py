"""Schedules: cron rules that make jobs."""

from __future__ import annotations

from http import HTTPStatus

from ...model.job import Job
from ...model.names import check_name
from ...model.schedule import Schedule
from ...model.token import TokenKind
from ...rest.jobs import chosen_id
from ...rest.schedules import RunBody, ScheduleBody, ScheduleListing, SchedulePage
from ..http.answers import Answer, json_answer
from ..http.call import Call, job_location
from ..http.endpoint import Endpoint, Reply

_PATH = "/tenants/{id}/schedules/{name}"


async def list_schedules(call: Call, query: ScheduleListing) -> SchedulePage:
    """Schedules by tenant and name."""
    if query.tenant_id is not None:
        check_name(query.tenant_id, "tenantId", "/tenantId")
    found, cursor = await call.backend.schedules.list(query.limit, query.cursor, query.tenant_id)
    return SchedulePage(schedules=found, next_cursor=cursor)


async def show_schedule(call: Call) -> Schedule:
    """A schedule, its next runs and its figures."""
    return await call.backend.schedules.get(*_names(call))


async def put_schedule(call: Call, body: ScheduleBody) -> Schedule:
    """Make or change a schedule. Fields that are left out get their defaults."""
    spec = body.to_spec(*_names(call))
    return await call.backend.schedules.put(spec, paused=body.paused, declaration=body.declaration or "")


async def delete_schedule(call: Call) -> Schedule:
    """Delete a schedule and return it. Its jobs stay."""
    return await call.backend.schedules.delete(*_names(call))


async def pause_schedule(call: Call) -> Schedule:
    """Keep a schedule from making jobs. Runs that are due meanwhile do not count as missed."""
    return await call.backend.schedules.pause(*_names(call), True)


async def resume_schedule(call: Call) -> Schedule:
    """Let a schedule continue with its next run."""
    return await call.backend.schedules.pause(*_names(call), False)


async def run_schedule(call: Call, body: RunBody | None) -> Answer:
    """Make a job of a schedule now, outside its rule. It does not count against the submission rate."""
    tenant_id, name = _names(call)
    backend = call.backend
    new_id, chosen = backend.jobs.new_id, body.id if body else None
    job_id = new_id(tenant_id) if chosen is None else chosen_id(new_id, tenant_id, chosen)
    job = await backend.schedules.run(tenant_id, name, job_id)
    return json_answer(job, HTTPStatus.ACCEPTED, [job_location(call, job.id)])


def _names(call: Call) -> tuple[str, str]:
    return check_name(call.path("id"), "the tenant's id", "/id"), check_name(
        call.path("name"), "the schedule's name", "/name"
    )


ENDPOINTS = (
    Endpoint("GET", "/schedules", list_schedules).open_to(TokenKind.TENANT, TokenKind.MONITOR).large(),
    Endpoint("GET", _PATH, show_schedule, errors=(404,)).open_to(TokenKind.TENANT, TokenKind.MONITOR).large(),
    Endpoint("PUT", _PATH, put_schedule, errors=(507,)).open_to(TokenKind.TENANT, TokenKind.WORKER),
    Endpoint("DELETE", _PATH, delete_schedule, errors=(404,)).open_to(TokenKind.TENANT),
    Endpoint("POST", _PATH + "/pause", pause_schedule, errors=(404,)).open_to(TokenKind.TENANT),
    Endpoint("POST", _PATH + "/resume", resume_schedule, errors=(404,)).open_to(TokenKind.TENANT),
    Endpoint(
        "POST",
        _PATH + "/run",
        run_schedule,
        errors=(404, 507),
        replies={202: Reply(Job, headers={"Location": "Where the job is."}, always=frozenset({"Location"}))},
    ).open_to(TokenKind.TENANT),
)
