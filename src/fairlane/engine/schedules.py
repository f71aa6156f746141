"""Schedules on a store, beside the jobs of their tenant. Any process may fire a due tick; only the first one counts."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from ..backend import Jobs
from ..model.backoff import Backoff
from ..model.cron import cron_rule
from ..model.errors import IdTaken, InvalidInput, NotFound
from ..model.job import Job, NewJob
from ..model.json_text import check_json
from ..model.overview import UpkeepStep
from ..model.schedule import MAX_SCHEDULES, SCHEDULE_HEADER, TICK_HEADER, Firing, Schedule, ScheduleSpec, plan_firing
from ..model.states import State
from ..process.author import author
from . import codec, keys
from .layouts import ScheduleState, Ticked
from .listing import MAX_PAGE_BYTES, names_between
from .partition import Partition, Partitions
from .records import pack_request, utc_of_ms

NEXT_RUNS = 5
AT_ONCE = 10
"""Schedules to fire together, so that they share a write to disk."""
READ_AT_ONCE = 10
"""Schedules that one script reads for a page; each has up to 256 KiB."""

_log = logging.getLogger(__name__)
_pack = msgspec.msgpack.Encoder().encode
_encode = msgspec.json.Encoder().encode
_decode_spec = msgspec.json.Decoder(ScheduleSpec).decode


class Known(msgspec.Struct, frozen=True):
    """A stored schedule, read at `now` (Unix ms)."""

    now: int
    spec: ScheduleSpec
    state: ScheduleState
    due: int | None
    last_state: State | None
    """Of its last job."""


_decode_state = msgspec.msgpack.Decoder(ScheduleState).decode


def read_schedule(spec: bytes, state: bytes | None) -> tuple[ScheduleSpec, ScheduleState]:
    """The stored schedule. Raises InvalidInput if it cannot be read."""
    try:
        return _decode_spec(spec), _decode_state(state or b"")
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"the stored schedule cannot be read: {error}") from error


class EngineSchedules:
    """Implements `backend.Schedules`."""

    def __init__(self, partitions: Partitions, jobs: Jobs) -> None:
        self._jobs = jobs
        self._partitions = partitions
        self._logged: set[str] = set()
        """Unreadable schedules that were logged."""

    async def put(self, spec: ScheduleSpec, *, paused: bool | None = None, declaration: str = "") -> Schedule:
        cron_rule(spec.cron, spec.timezone)
        check_json(bytes(spec.payload), "/payload")
        answer = b"late"
        while answer == b"late":
            answer = await self._set(spec, "" if paused is None else str(int(paused)), declaration)
        if answer == b"too_many":
            raise InvalidInput(f"tenant {spec.tenant_id} has {MAX_SCHEDULES} schedules, the most that it may have")
        return await self.get(spec.tenant_id, spec.name)

    async def _set(self, spec: ScheduleSpec, paused: str, declaration: str) -> bytes:
        """The answer of lua/set_schedule.lua."""
        partition = self._partitions.of_tenant(spec.tenant_id)
        now, found = await self._read(partition, [_member(spec.tenant_id, spec.name)])
        old = found[0] if found else None
        same_rule = old is not None and (old.spec.cron, old.spec.timezone) == (spec.cron, spec.timezone)
        answer: bytes = await partition.run(
            "set_schedule",
            author=author(), tenant=spec.tenant_id, schedule=spec.name, spec=_encode(spec), declaration=declaration,
            paused=paused, version="" if old is None else str(old.state.version), keeps_rule=int(same_rule),
            next_tick=next(cron_rule(spec.cron, spec.timezone).after(now)), most=MAX_SCHEDULES,
            was="null" if old is None else _logged(old.spec), shown=_logged(spec),
        )  # fmt: skip
        return answer

    async def get(self, tenant_id: str, name: str) -> Schedule:
        return _shown(await self._known(tenant_id, name))

    async def list(
        self, limit: int, cursor: str | None = None, tenant_id: str | None = None
    ) -> tuple[Sequence[Schedule], str | None]:
        between = names_between(cursor, "" if tenant_id is None else f"{tenant_id}/")

        async def read(partition: Partition) -> _Part:
            members = await partition.command("ZRANGEBYLEX", keys.SCHEDULE_NAMES, *between, "LIMIT", 0, limit + 1)
            return await self._read_part(partition, _names(members), limit)

        if tenant_id is None:
            parts = await self._partitions.each(read)
        else:
            parts = [await read(self._partitions.of_tenant(tenant_id))]
        found = sorted((known for part in parts for known in part.found), key=_member_of)
        # A part that stopped there may have schedules that come earlier than those of others.
        end = min((part.reached for part in parts if part.reached is not None), default=None)
        page = found if end is None else [known for known in found if _member_of(known) <= end]
        fits = min(limit, _fitting(page))
        if fits < len(page):
            page, end = page[:fits], _member_of(page[fits - 1])
        return [_shown(known) for known in page], end

    async def pause(self, tenant_id: str, name: str, paused: bool) -> Schedule:
        answer = b"late"
        while answer == b"late":
            known = await self._known(tenant_id, name)
            next_tick = next(cron_rule(known.spec.cron, known.spec.timezone).after(known.now))
            answer = await self._partitions.of_tenant(tenant_id).run(
                "pause_schedule",
                author=author(), tenant=tenant_id, schedule=name, paused=int(paused), next_tick=next_tick,
            )  # fmt: skip
        return await self.get(tenant_id, name)

    async def delete(self, tenant_id: str, name: str) -> Schedule:
        while True:
            known = await self._known(tenant_id, name)
            is_deleted = await self._partitions.of_tenant(tenant_id).run(
                "delete_schedule",
                author=author(), tenant=tenant_id, schedule=name, version=str(known.state.version),
                was=_logged(known.spec),
            )  # fmt: skip
            if is_deleted:
                return _shown(known)

    async def run(self, tenant_id: str, name: str, job_id: str) -> Job:
        known = await self._known(tenant_id, name)
        if await self._fire(known, Firing([known.now], 0, 0), [job_id], tick="") == b"id_taken":
            raise IdTaken(f"another request has the id {job_id}; choose another id, or leave it out")
        try:
            return await self._jobs.get(job_id)
        except NotFound:  # it was deleted meanwhile
            raise _no_schedule(tenant_id, name) from None

    async def fire_due(self, limit: int) -> UpkeepStep:
        """Make the jobs of up to `limit` schedules that are due."""
        steps = await self._partitions.each(lambda partition: self._fire_due_of(partition, limit))
        nexts = [step.next_ms for step in steps if step.next_ms is not None]
        return UpkeepStep(sum(step.count for step in steps), min(nexts, default=None))

    async def _fire_due_of(self, partition: Partition, limit: int) -> UpkeepStep:
        left = 0
        while True:
            # Schedules that this process cannot read stay due, ahead of the others.
            next_ms, *members = await partition.run("due_schedules", first_ones=left, limit=limit)
            _, found = await self._read(partition, _names(members))
            done: list[bool] = []
            for first in range(0, len(found), AT_ONCE):
                done += await asyncio.gather(*map(self._fire_due, found[first : first + AT_ONCE]))
            if len(members) < limit:
                return UpkeepStep(sum(done), next_ms if next_ms >= 0 else None)
            if any(done):
                return UpkeepStep(sum(done), 0)
            left += len(members)

    async def _fire_due(self, known: Known) -> bool:
        """Fire the due tick. Returns whether this process or another one has done so."""
        if known.due is None or known.due > known.now:
            return True
        try:
            # In a thread, because counting the missed ticks of a long downtime takes time.
            plan = await asyncio.to_thread(plan_firing, known.spec, known.due, known.now)
        except InvalidInput:
            # The process that set the rule could read it. Leave the tick for one that can.
            self._log_unreadable(_member(known.spec.tenant_id, known.spec.name))
            return False
        answer = b"id_taken"
        while answer == b"id_taken":
            job_ids = [self._jobs.new_id(known.spec.tenant_id) for _ in plan.ticks]
            answer = await self._fire(known, plan, job_ids, tick=str(known.due))
        return True

    def _log_unreadable(self, member: str) -> None:
        """Log each unreadable schedule once. Call it while the exception is being handled."""
        if member not in self._logged:
            self._logged.add(member)
            tenant_id, _, name = member.partition("/")
            _log.exception("schedule %s of tenant %s cannot be read here", name, tenant_id)

    async def _fire(self, known: Known, firing: Firing, job_ids: Sequence[str], *, tick: str) -> bytes:
        """Make these jobs, unless another process was first. `tick` and the answer are those of lua/fire.lua."""
        spec = known.spec
        partition = self._partitions.of_tenant(spec.tenant_id)
        jobs = [_job(spec, job_id, at) for job_id, at in zip(job_ids, firing.ticks, strict=True)]
        items = [
            codec.with_place(Ticked(id=job.id, queue=job.queue, priority=job.priority, tick=at))
            for job, at in zip(jobs, firing.ticks, strict=True)
        ]
        answer: bytes = await partition.run(
            "fire", *map(pack_request, jobs),
            author="" if tick else author(), tenant=spec.tenant_id, schedule=spec.name,
            version=str(known.state.version), tick=tick,
            following=firing.following, missed=firing.missed,
            overlap=spec.overlap.value, jobs=codec.array(items),
        )  # fmt: skip
        return answer

    async def _known(self, tenant_id: str, name: str) -> Known:
        _, found = await self._read(self._partitions.of_tenant(tenant_id), [_member(tenant_id, name)])
        if not found:
            raise _no_schedule(tenant_id, name)
        return found[0]

    async def _read_part(self, partition: Partition, members: Sequence[str], limit: int) -> _Part:
        """The first of these schedules: `limit` of them, or fewer whose payloads fill a page."""
        found: Sequence[Known] = []
        for first in range(0, min(limit, len(members)), READ_AT_ONCE):
            last = min(first + READ_AT_ONCE, limit, len(members))
            found = [*found, *(await self._read(partition, members[first:last]))[1]]
            if last < len(members) and (last == limit or _fitting(found) < len(found)):
                return _Part(found, members[last - 1])
        return _Part(found, None)

    async def _read(self, partition: Partition, members: Sequence[str]) -> tuple[int, Sequence[Known]]:
        """The store's time in ms, and the schedules that exist and can be read."""
        reply = await partition.run("schedules", members=_pack(members))
        now, found = reply[0], []
        for i in range(1, len(reply), 5):
            member, spec, state, due, last = reply[i : i + 5]
            if spec is None:
                continue
            try:
                last_state = State(last.decode()) if last else None
                found.append(Known(now, *read_schedule(spec, state), _due(due), last_state))
            except InvalidInput:
                self._log_unreadable(member.decode())
        return now, found


class _Part(NamedTuple):
    """Schedules of a partition, and the last one that was looked at if others follow."""

    found: Sequence[Known]
    reached: str | None


def _fitting(found: Sequence[Known]) -> int:
    """How many of these schedules a page has: it ends with the payload that reaches its size."""
    size = 0
    for count, known in enumerate(found, 1):
        size += len(known.spec.payload)
        if size >= MAX_PAGE_BYTES:
            return count
    return len(found)


def _member_of(known: Known) -> str:
    return _member(known.spec.tenant_id, known.spec.name)


def _member(tenant_id: str, name: str) -> str:
    return f"{tenant_id}/{name}"


def _names(members: Iterable[bytes]) -> list[str]:
    return [member.decode() for member in members]


def _due(score: bytes) -> int | None:
    return int(float(score)) if score else None


def _no_schedule(tenant_id: str, name: str) -> NotFound:
    return NotFound(f"tenant {tenant_id} has no schedule {name}")


def _job(spec: ScheduleSpec, job_id: str, tick: int) -> NewJob:
    return NewJob(
        id=job_id,
        tenant_id=spec.tenant_id,
        payload=bytes(spec.payload),
        task=spec.task,
        queue=spec.queue,
        priority=spec.priority,
        max_attempts=spec.max_attempts,
        timeout_ms=round(spec.timeout_seconds * 1000),
        backoff=Backoff(round(spec.backoff_base_seconds * 1000), round(spec.backoff_cap_seconds * 1000)),
        headers={SCHEDULE_HEADER: spec.name, TICK_HEADER: utc_of_ms(tick).isoformat()},
    )


def _shown(known: Known) -> Schedule:
    spec, state = known.spec, known.state
    about: dict[str, Any] = {name: getattr(spec, name) for name in spec.__struct_fields__}
    return Schedule(
        **about,
        paused=state.paused,
        declared=bool(state.declaration),
        description=_words(spec),
        next_runs=[] if known.due is None else list(_next_runs(spec.cron, spec.timezone, known.due)),
        last_run=utc_of_ms(state.last_run) if state.last_run else None,
        last_job_id=state.last_jobs[-1] if state.last_jobs else None,
        last_state=known.last_state,
        missed_count=state.missed,
        skipped_count=state.skipped,
    )


@lru_cache(maxsize=4096)
def _next_runs(cron: str, timezone: str, due: int) -> tuple[datetime, ...]:
    return (utc_of_ms(due), *map(utc_of_ms, islice(cron_rule(cron, timezone).after(due), NEXT_RUNS - 1)))


def _logged(spec: ScheduleSpec) -> bytes:
    """The schedule as the audit log shows it, with the start of a digest in place of its payload."""
    digest = hashlib.sha256(bytes(spec.payload)).hexdigest()[:16]
    return _encode(msgspec.structs.replace(spec, payload=msgspec.Raw(_encode(f"sha256:{digest}"))))


def _words(spec: ScheduleSpec) -> str:
    return f"{cron_rule(spec.cron, spec.timezone).words}, {spec.timezone} time"
