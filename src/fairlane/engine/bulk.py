"""One change made to many jobs, in scripts of bounded size."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from ..model.bulk import BulkAction, BulkResult
from ..model.errors import InvalidInput
from ..model.job import MAX_BATCH, JobQuery
from ..process.author import author
from .cursors import Cursors
from .listing import Listing, Place
from .partition import Partitions

SCRIPT_JOBS = 100
"""Jobs that one script changes; at up to 20 µs each, other clients wait for 2 ms."""
PATIENCE_S = 2.0
"""After this time a call answers with `more` set, whether it has found jobs or not."""

_CHANGED = frozenset({b"retried", b"cancelled", b"cancelling", b"deleted"})
_encode = msgspec.msgpack.Encoder().encode


class _Progress(msgspec.Struct, frozen=True, array_like=True):
    """Where a call stopped: in the listing of a state, after a place."""

    state: int = 0
    after: Place | None = None


class BulkChanges:
    """Retries, cancels or deletes many jobs."""

    def __init__(self, partitions: Partitions, listing: Listing, cursors: Cursors) -> None:
        self._partitions = partitions
        self._listing = listing
        self._cursors = cursors

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
        states = (query.state,) if query.state else action.states
        enough = time.monotonic() + PATIENCE_S
        progress = await self._cursors.open(query, _Progress) or _Progress()
        count = 0
        while True:
            some = msgspec.structs.replace(query, limit=min(query.limit - count, SCRIPT_JOBS))
            found = await self._listing.read(some, states[progress.state], progress.after)
            count += await self._change(action, [job.id for job in found.jobs])
            progress = _Progress(progress.state, found.reached) if found.reached else _Progress(progress.state + 1)
            if progress.state == len(states):
                return BulkResult(count, more=False)
            if count >= query.limit or (found.reached and time.monotonic() > enough):
                return BulkResult(count, True, await self._cursors.seal(progress, query))

    async def _change(self, action: BulkAction, job_ids: list[str]) -> int:
        count = 0
        for partition, group in self._partitions.group_jobs(job_ids):
            for first in range(0, len(group), SCRIPT_JOBS):
                piece = [job_ids[i] for i in group[first : first + SCRIPT_JOBS]]
                answers = await partition.run(action.value, author=author(), ids=_encode(piece))
                count += sum(answer in _CHANGED for answer in answers)
        return count
