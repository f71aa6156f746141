"""Listings of jobs. lua/list.lua reads a page of a partition at one moment; here they become one page.

Order: all jobs and ended jobs from the newest, scheduled ones by due time, pending ones by lane and then in the order
in which they start, running ones by tenant and id. Of a batch: failed, cancelled, completed, unfinished ones.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from ..model.job import JobPage, JobQuery, Large, ListedJob
from ..model.states import State
from .cursors import Cursors
from .layouts import Asked
from .partition import Partition, Partitions
from .records import listed_job_from

MAX_PLACES = 300
"""Places of an index that one call looks at, in about 4 ms. A filter that matches few of them gives a short page and a
cursor."""
MAX_PAGE_BYTES = 1024 * 1024
"""A page ends with the job that reaches this size."""
AT_ONCE = 8
"""Pages that a process reads at the same time; others wait. This bounds its memory."""

_OLDEST_FIRST = frozenset({State.SCHEDULED, State.PENDING, State.RUNNING})
_VALUES = 9
"""Values of a job in the reply of list.lua."""
_encode = msgspec.msgpack.Encoder().encode


class Place(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Where a job is in a listing. The listing is in this order or against it."""

    text: str
    number: float
    job_id: str


class Found(msgspec.Struct, frozen=True):
    """Jobs of a listing, and the place after which it goes on (None at the end)."""

    jobs: list[ListedJob]
    reached: Place | None


class Listing:
    """Reads jobs from the indexes of every partition."""

    def __init__(self, partitions: Partitions, cursors: Cursors) -> None:
        self._partitions = partitions
        self._cursors = cursors
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def page(self, query: JobQuery) -> JobPage:
        """The jobs after the query's cursor."""
        found = await self.read(query, query.state, await self._cursors.open(query, Place))
        cursor = None if found.reached is None else await self._cursors.seal(found.reached, query)
        return JobPage(found.jobs, cursor)

    async def read(self, query: JobQuery, state: State | None, after: Place | None) -> Found:
        """The jobs in `state`, or in any, that follow the place `after`."""
        async with self._turns:
            if query.batch_id is not None:
                found_in = self._partitions.group_jobs([query.batch_id])  # none for an id that no batch can have
                replies = [await _read(partition, query, state, after) for partition, _ in found_in]
            elif query.tenant_id is not None:
                replies = [await _read(self._partitions.of_tenant(query.tenant_id), query, state, after)]
            else:
                replies = await self._partitions.each(lambda partition: _read(partition, query, state, after))
        newest_first = query.batch_id is not None or state not in _OLDEST_FIRST
        ends = [_place(*reply[0]) for reply in replies if reply[0]]
        end = (max(ends) if newest_first else min(ends)) if ends else None
        found = [
            (_place(*reply[i : i + 3]), reply[i + 2 : i + _VALUES])
            for reply in replies
            for i in range(1, len(reply), _VALUES)
        ]
        found.sort(key=lambda pair: pair[0], reverse=newest_first)
        if end is not None:  # a partition that stopped there may hold jobs that come earlier
            found = [pair for pair in found if (pair[0] >= end if newest_first else pair[0] <= end)]
        if len(found) > query.limit:
            found = found[: query.limit]
            end = found[-1][0]
        jobs = (listed_job_from(values, query.include) for _, values in found)
        return Found([job for job in jobs if job is not None], end)


async def _read(partition: Partition, query: JobQuery, state: State | None, after: Place | None) -> list[Any]:
    reply: list[Any] = await partition.run(
        "list",
        listing=state.value if state else "",
        asked=_encode(_asked(query)),
        after=_encode(after) if after else "",
        limit=query.limit,
        most=MAX_PLACES,
        max_bytes=MAX_PAGE_BYTES,
        include=",".join(sorted(query.include - {Large.HEADERS})),
    )
    return reply


def _asked(query: JobQuery) -> Asked:
    return Asked(
        tenant_id=query.tenant_id or "",
        queue=query.queue or "",
        task=query.task or "",
        key=query.key or "",
        tag=query.tag or "",
        created_from=query.created_from.timestamp() * 1000 if query.created_from else 0,
        created_to=query.created_to.timestamp() * 1000 if query.created_to else 0,
        batch_id=query.batch_id or "",
    )


def _place(text: bytes, number: bytes, job_id: bytes) -> Place:
    return Place(text.decode(), float(number), job_id.decode())


def names_between(cursor: str | None, prefix: str) -> tuple[bytes, bytes]:
    """The ends of a range of names that begin with `prefix` and follow `cursor`. Names are ASCII."""
    first = b"(" + cursor.encode() if cursor and cursor >= prefix else b"[" + prefix.encode() if prefix else b"-"
    return first, b"(" + prefix.encode() + b"\xff" if prefix else b"+"
