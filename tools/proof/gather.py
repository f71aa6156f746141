"""Gathers the evidence of a run: all notes, and each job as the store shows it in the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial

import msgspec

from fairlane.engine import Engine
from fairlane.model.errors import NotFound
from fairlane.model.job import Job, JobQuery
from fairlane.model.schedule import SCHEDULE_HEADER, TICK_HEADER
from fairlane.model.tenant import PolicyChange

from .evidence import Allowed, Evidence, Record, Totals, Try
from .notes import read_notes
from .room import Room
from .rules.state import MOST_KEYS_AT_REST
from .waiting import patiently, until

PAGE = 1_000
AT_ONCE = 50
GONE_S = 5.0
REST_S = 60.0
"""How long answers to repeated calls may stay after the retention of jobs."""


class _Marked(msgspec.Struct):
    """The part of a payload that says which request it belongs to."""

    mark: str = ""


async def gather(room: Room) -> Evidence:
    """The evidence, once the run is over."""
    records = {record.job: record async for record in records_of(room.engine)}
    counters = await patiently(room.engine.monitor.counters)
    tenants = {name: _allowed(change) for name, change in room.setting.tenants.items()}
    report = await patiently(room.engine.maintenance.doctor)
    return Evidence(
        notes=list(read_notes(room.folder / "notes")),
        records=records,
        tenants=tenants,
        totals=Totals(counters.submitted, counters.completed) if room.setting.keeps_all else None,
        doctor=report.problems,
        survivors=await _survivors(room),
        keys_at_rest=await _keys_at_rest(room),
        is_whole=room.setting.keeps_all,
        keys_end=room.setting.keep_s > 0,
    )


async def records_of(engine: Engine) -> AsyncIterator[Record]:
    """Every job of the store."""
    cursor: str | None = None
    while True:
        page = await patiently(partial(engine.jobs.list, JobQuery(limit=PAGE, cursor=cursor)))
        ids = [job.id for job in page.jobs]
        for i in range(0, len(ids), AT_ONCE):
            for job in await asyncio.gather(*(_get(engine, job_id) for job_id in ids[i : i + AT_ONCE])):
                if job is not None:
                    yield record_of(job)
        cursor = page.next_cursor
        if cursor is None:
            return


async def _survivors(room: Room) -> list[str]:
    """Processes that are left after some seconds."""

    async def none_is_left() -> bool:
        return not room.crew.survivors()

    with contextlib.suppress(TimeoutError):
        await until(none_is_left, GONE_S, "all processes are gone")
    return room.crew.survivors()


async def _keys_at_rest(room: Room) -> dict[str, int]:
    """The store's keys and their bytes after retention: as soon as they are few, or after a minute more."""
    if not room.setting.keep_s:
        return {}
    maintenance, client = room.engine.maintenance, room.engine.store.client

    async def few_are_left() -> bool:
        while (await maintenance.prune(PAGE)).count:
            pass
        return int(await client.dbsize()) <= MOST_KEYS_AT_REST

    with contextlib.suppress(TimeoutError):
        await until(few_are_left, room.setting.keep_s + REST_S, "few keys are left")
    keys = [key async for key in client.scan_iter(count=PAGE)]
    return {key.decode(): await client.memory_usage(key, samples=0) or 0 for key in keys}


async def _get(engine: Engine, job_id: str) -> Job | None:
    try:
        return await patiently(partial(engine.jobs.get, job_id))
    except NotFound:  # it was deleted since it was listed
        return None


def record_of(job: Job) -> Record:
    tick = job.headers.get(TICK_HEADER)
    return Record(
        job=job.id,
        tenant=job.tenant_id,
        mark=msgspec.json.decode(job.payload, type=_Marked).mark,
        state=job.state.value,
        created=_ms(job.created_at),
        finished=None if job.finished_at is None else _ms(job.finished_at),
        attempt=job.attempt,
        most_attempts=job.max_attempts,
        key=job.key or "",
        schedule=job.headers.get(SCHEDULE_HEADER, ""),
        tick=_ms(datetime.fromisoformat(tick)) if tick else 0,
        tries=[
            Try(one.number, _ms(one.started_at), None if one.ended_at is None else _ms(one.ended_at), one.outcome)
            for one in job.attempts
        ],
    )


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1_000)


def _allowed(change: PolicyChange) -> Allowed:
    submit_rate = None if isinstance(change.submit_rate, msgspec.UnsetType) else change.submit_rate
    start_rate = None if isinstance(change.start_rate, msgspec.UnsetType) else change.start_rate
    weight = 1.0 if isinstance(change.weight, msgspec.UnsetType) else change.weight
    return Allowed(submit_rate=submit_rate, start_rate=start_rate, weight=weight)
