"""One change made to many jobs, in scripts of bounded size."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from ..model.bulk import BulkAction, BulkResult
from ..model.errors import InvalidInput
from ..model.job import MAX_BATCH, JobQuery
from .listing import Listing
from .partition import Partitions

SCRIPT_JOBS = 100
"""Jobs that one script changes; at up to 20 µs each, other clients wait for 2 ms."""
PATIENCE_S = 2.0
"""After this time a call that has changed something answers, with `more` set."""

_CHANGED = frozenset({b"retried", b"cancelled", b"cancelling", b"deleted"})
_encode = msgspec.msgpack.Encoder().encode


class BulkChanges:
    """Retries, cancels or deletes many jobs."""

    def __init__(self, partitions: Partitions, listing: Listing) -> None:
        self._listing = listing
        self._partitions = partitions

    async def change(self, action: BulkAction, which: JobQuery | Sequence[str]) -> BulkResult:
        if isinstance(which, JobQuery):
            return await self._change_matching(action, which)
        if len(which) > MAX_BATCH:
            raise InvalidInput(f"a call may name {MAX_BATCH} jobs at most", "/ids")
        return BulkResult(await self._change(action, list(dict.fromkeys(which))), more=False)

    async def _change_matching(self, action: BulkAction, query: JobQuery) -> BulkResult:
        if query.state is not None and query.state not in action.states:
            allowed = " or ".join(action.states)
            raise InvalidInput(f"{action} is for jobs that are {allowed}, not {query.state}", "/filter/state")
        enough = time.monotonic() + PATIENCE_S
        count = 0
        while True:
            limit = min(query.limit - count, SCRIPT_JOBS)
            page = await self._listing.page(msgspec.structs.replace(query, limit=limit), action.states)
            count += await self._change(action, [job.id for job in page.jobs])
            if page.next_cursor is None:
                return BulkResult(count, more=False)
            if count >= query.limit or (count and time.monotonic() > enough):
                return BulkResult(count, True, page.next_cursor)
            query = msgspec.structs.replace(query, cursor=page.next_cursor)

    async def _change(self, action: BulkAction, job_ids: list[str]) -> int:
        count = 0
        for partition, group in self._partitions.group_jobs(job_ids):
            for first in range(0, len(group), SCRIPT_JOBS):
                piece = [job_ids[i] for i in group[first : first + SCRIPT_JOBS]]
                answers = await partition.run(action.value, ids=_encode(piece))
                count += sum(answer in _CHANGED for answer in answers)
        return count
