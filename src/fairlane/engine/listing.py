"""Listings with cursors. A cursor names a place in an index, so pages stay right while jobs come and go.

Order: waiting jobs by lane and then in the order they will start, scheduled ones by due time, running
ones by id, finished ones from the newest.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from ..model.errors import InvalidInput
from ..model.ids import MAX_PARTITIONS
from ..model.job import Job, JobPage, JobQuery
from ..model.states import State
from . import keys
from .partition import Partition, Partitions
from .records import job_from

CHUNK = 100
MAX_EXAMINED = 1_000
"""Jobs that one call reads. A filter that matches few of them gives a short page and a cursor."""

LANES = 200
"""Lane names read in one command."""
LANES_AT_ONCE = 10
"""Lanes whose first jobs are read in one round trip."""

_STATES = (State.RUNNING, State.PENDING, State.SCHEDULED, State.COMPLETED, State.FAILED, State.CANCELLED)


class Place(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """Where a listing goes on: after member `member` of score `score`."""

    state: int = 0
    partition: int = 0
    lane: str = ""
    score: float | None = None
    member: str = ""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Place).decode


class Listing:
    """Reads jobs from the indexes of every partition."""

    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions

    async def page(self, query: JobQuery, among: Sequence[State] = _STATES) -> JobPage:
        """The next jobs that match: in `query.state`, or in the states `among`."""
        place = _place_of(query.cursor)
        states = (query.state,) if query.state else among
        jobs: list[Job] = []
        examined = 0
        while place.state < len(states):
            state = states[place.state]
            ids = await self._ids_after(place, state, query)
            if not ids:
                place = self._next_index(place)
                continue
            found = {
                job.id: job
                for job in await self._jobs(self._partitions[place.partition], [job_id for job_id, _ in ids])
            }
            for job_id, after in ids:
                place = after
                examined += 1
                job = found.get(job_id)
                if job is not None and job.state is state and _matches(job, query):
                    jobs.append(job)
                if len(jobs) == query.limit or examined >= MAX_EXAMINED:
                    return JobPage(jobs, _cursor_of(place))
        return JobPage(jobs)

    async def _jobs(self, partition: Partition, ids: list[str]) -> list[Job]:
        reply = await partition.run("get", ids=_encode(ids), extras="0")
        found = (job_from(reply[i : i + 7], attempts=False) for i in range(0, len(reply), 7))
        return [job for job in found if job is not None]

    def _next_index(self, place: Place) -> Place:
        if place.partition + 1 < len(self._partitions):
            return Place(place.state, place.partition + 1)
        return Place(place.state + 1, 0)

    async def _ids_after(self, place: Place, state: State, query: JobQuery) -> list[tuple[str, Place]]:
        read: Callable[[Place, State, JobQuery], Awaitable[list[tuple[str, Place]]]]
        if state is State.PENDING:
            read = self._pending
        elif state is State.RUNNING:
            read = self._running
        else:
            read = self._by_time
        return await read(place, state, query)

    async def _running(self, place: Place, state: State, query: JobQuery) -> list[tuple[str, Place]]:
        members = await self._partitions[place.partition].command("ZRANGE", keys.LEASES, 0, -1)
        ids = sorted(member.decode() for member in members)
        return [(i, Place(place.state, place.partition, "", None, i)) for i in ids if i > place.member][:CHUNK]

    async def _by_time(self, place: Place, state: State, query: JobQuery) -> list[tuple[str, Place]]:
        newest_first = state is not State.SCHEDULED
        found = await self._range(keys.jobs_by_time(state.value), place, newest_first)
        return [(m, Place(place.state, place.partition, "", score, m)) for m, score in found]

    async def _pending(self, place: Place, state: State, query: JobQuery) -> list[tuple[str, Place]]:
        partition = self._partitions[place.partition]

        def places(lane: str, pairs: list[tuple[str, float]]) -> list[tuple[str, Place]]:
            return [(member, Place(place.state, place.partition, lane, score, member)) for member, score in pairs]

        lane, found = place.lane, list[tuple[str, Place]]()
        if lane and _serves(lane, query):
            found = places(lane, await self._range(keys.lane(lane), place, newest_first=False))
            if found:  # this lane may hold more jobs
                return found
        while len(found) < CHUNK:
            lanes = await self._lanes_after(partition, lane, query)
            if not lanes:
                break
            lane = lanes[-1]
            wanted = [one for one in lanes if _serves(one, query)]
            for first in range(0, len(wanted), LANES_AT_ONCE):
                some = wanted[first : first + LANES_AT_ONCE]
                replies = await partition.commands(
                    [("ZRANGEBYSCORE", keys.lane(one), "-inf", "+inf", "WITHSCORES", "LIMIT", 0, CHUNK) for one in some]
                )
                for one, reply in zip(some, replies, strict=True):
                    found += places(one, _pairs(reply))
                if len(found) >= CHUNK:
                    break
        return found[:CHUNK]

    async def _lanes_after(self, partition: Partition, lane: str, query: JobQuery) -> list[str]:
        """Names of lanes with jobs, of the query's tenant if it names one."""
        first, last = f"({lane}" if lane else "-", "+"
        if query.tenant_id:
            first = first if lane else f"[{query.tenant_id}/"
            last = f"({query.tenant_id}0"
        reply = await partition.command("ZRANGEBYLEX", keys.LANES, first, last, "LIMIT", 0, LANES)
        return [name.decode() for name in reply]

    async def _range(self, index: str, place: Place, newest_first: bool) -> list[tuple[str, float]]:
        """Members after the place, in order of score and then of member."""
        command = "ZREVRANGEBYSCORE" if newest_first else "ZRANGEBYSCORE"
        start = ("+inf" if newest_first else "-inf") if place.score is None else repr(place.score)
        end = "-inf" if newest_first else "+inf"
        partition = self._partitions[place.partition]
        offset = 0
        while True:
            reply = await partition.command(command, index, start, end, "WITHSCORES", "LIMIT", offset, CHUNK)
            pairs = _pairs(reply)
            after = [pair for pair in pairs if _is_after(pair, place, newest_first)]
            if after or len(pairs) < CHUNK:
                return after
            offset += CHUNK


def names_between(cursor: str | None, prefix: str) -> tuple[bytes, bytes]:
    """The ends of a range of names that begin with `prefix` and follow `cursor`. Names are ASCII."""
    first = b"(" + cursor.encode() if cursor and cursor >= prefix else b"[" + prefix.encode() if prefix else b"-"
    return first, b"(" + prefix.encode() + b"\xff" if prefix else b"+"


def _serves(lane: str, query: JobQuery) -> bool:
    """Whether a lane, named "TENANT/QUEUE", can hold jobs that match."""
    return query.queue is None or lane.partition("/")[2] == query.queue


def _pairs(reply: list[bytes]) -> list[tuple[str, float]]:
    """Members and their scores."""
    return [(reply[i].decode(), float(reply[i + 1])) for i in range(0, len(reply), 2)]


def _is_after(pair: tuple[str, float], place: Place, newest_first: bool) -> bool:
    if place.score is None or pair[1] != place.score:
        return True
    return pair[0] < place.member if newest_first else pair[0] > place.member


def _matches(job: Job, query: JobQuery) -> bool:
    wanted: tuple[tuple[Any, Any], ...] = (
        (query.tenant_id, job.tenant_id),
        (query.queue, job.queue),
        (query.task, job.task),
        (query.key, job.key),
    )
    if any(want is not None and want != has for want, has in wanted):
        return False
    if query.created_from is not None and job.created_at < query.created_from:
        return False
    return query.created_to is None or job.created_at < query.created_to


def _cursor_of(place: Place) -> str:
    return base64.urlsafe_b64encode(_encode(place)).decode().rstrip("=")


def _place_of(cursor: str | None) -> Place:
    if cursor is None:
        return Place()
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        place = _decode(base64.urlsafe_b64decode(padded))
    except (msgspec.MsgspecError, binascii.Error, ValueError) as error:
        raise InvalidInput("not a cursor of this listing", "/cursor") from error
    bad_score = place.score is not None and not math.isfinite(place.score)
    if bad_score or place.state < 0 or not 0 <= place.partition < MAX_PARTITIONS:
        raise InvalidInput("not a cursor of this listing", "/cursor")
    return place
