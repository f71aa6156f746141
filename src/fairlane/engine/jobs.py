"""Jobs on a store: submit, read, change, and wait for their end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from ..model import ids
from ..model.bulk import BulkAction, BulkResult
from ..model.errors import Conflict, NotFound, NotReplicated
from ..model.job import Explanation, Job, JobPage, JobQuery, NewJob, Submission, SubmitStatus
from ..model.logs import JobLog
from ..model.refusals import refusal_of
from ..model.states import Reason
from ..model.tenant import MAX_TENANTS
from ..process.author import author
from ..store.watch import SettingsWatch
from . import codec
from .bulk import BulkChanges
from .commit import GroupCommit, Packed
from .cursors import Cursors
from .explain import explain_needs, explain_waiting
from .job_log import read_log
from .listing import Listing
from .partition import Partition, Partitions
from .records import job_from
from .subscription import Subscription, wait
from .workers import EngineWorkers

LOOK_AGAIN_S = 5.0
"""How often a waiter reads the job without having been notified, in case a notification was lost."""

_encode = msgspec.msgpack.Encoder().encode


class EngineJobs:
    """Implements `backend.Jobs`."""

    def __init__(
        self,
        settings: SettingsWatch,
        partitions: Partitions,
        subscription: Subscription,
        workers: EngineWorkers,
        cursors: Cursors,
    ) -> None:
        self._settings = settings
        self._partitions = partitions
        self._subscription = subscription
        self._workers = workers
        self._listing = Listing(partitions, cursors)
        self._bulk = BulkChanges(partitions, self._listing, cursors)
        self._commits = [GroupCommit(codec.packed, _sender(partition)) for partition in partitions]

    def new_id(self, tenant_id: str) -> str:
        return ids.new_job_id(self._partitions.of_tenant(tenant_id).number)

    async def submit(self, jobs: Sequence[NewJob]) -> list[Submission]:
        if not jobs:
            return []
        await self._settings.require_safe()
        if len(self._commits) == 1:
            return await self._commits[0].submit(jobs)
        groups: dict[int, list[int]] = {}
        for i, job in enumerate(jobs):
            groups.setdefault(self._partitions.of_tenant(job.tenant_id).number, []).append(i)
        found = await asyncio.gather(
            *(self._commits[number].submit([jobs[i] for i in group]) for number, group in groups.items())
        )
        answers: list[Submission | None] = [None] * len(jobs)
        for group, some in zip(groups.values(), found, strict=True):
            for i, answer in zip(group, some, strict=True):
                answers[i] = answer
        return [answer for answer in answers if answer is not None]

    async def get(self, job_id: str) -> Job:
        return await self.get_of("", job_id)

    async def get_of(self, tenant_id: str, job_id: str) -> Job:
        reply = await self._partitions.of_job(job_id).run("get", ids=_encode([job_id]), extras="1", only_of=tenant_id)
        job = job_from(reply, attempts=True)
        if job is None:
            raise NotFound(f"there is no job {job_id}")
        return job

    async def list(self, query: JobQuery) -> JobPage:
        return await self._listing.page(query)

    async def explain(self, job_id: str) -> Explanation:
        job = await self.get(job_id)
        partition = self._partitions.of_job(job_id)
        if job.reason is Reason.NEEDS:
            holder, *open_needs = await partition.run("open_needs", id=job_id)
            if holder:
                return explain_needs(job, open_needs, await self.explain(holder.decode()))
        facts = await partition.run("explain", id=job_id, tenant=job.tenant_id, queue=job.queue)
        return explain_waiting(job, facts, await self._workers.list())

    async def cancel(self, job_id: str) -> Job:
        (answer,) = await self._partitions.of_job(job_id).run("cancel", author=author(), ids=_encode([job_id]))
        return await self._changed(job_id, answer)

    async def retry(self, job_id: str) -> Job:
        (answer,) = await self._partitions.of_job(job_id).run("retry", author=author(), ids=_encode([job_id]))
        return await self._changed(job_id, answer)

    async def change(self, action: BulkAction, which: JobQuery | Sequence[str]) -> BulkResult:
        return await self._bulk.change(action, which)

    async def wait_finished(self, job_id: str, timeout_ms: int) -> Job | None:
        partition = self._partitions.of_job(job_id)
        deadline = time.monotonic() + timeout_ms / 1000
        with self._subscription.end_of(job_id) as ended:
            while True:
                ended.clear()
                await partition.run("await_end", id=job_id, timeout_ms=timeout_ms)
                job = await self.get(job_id)
                left = deadline - time.monotonic()
                if job.state.is_terminal or left <= 0:
                    return job if job.state.is_terminal else None
                await wait(ended, min(left, LOOK_AGAIN_S))

    async def log(self, job_id: str) -> JobLog:
        return await read_log(self._partitions.of_job(job_id), job_id)

    async def _changed(self, job_id: str, answer: bytes) -> Job:
        if answer == b"not_found":
            raise NotFound(f"there is no job {job_id}")
        if answer == b"key_taken":
            raise Conflict("another unfinished job has this job's key")
        job = await self.get(job_id)
        if answer == b"conflict":
            raise Conflict(f"the job is {job.state.value}")
        return job


def _sender(partition: Partition) -> Callable[[list[Packed]], Awaitable[list[Submission]]]:
    async def send(jobs: list[Packed]) -> list[Submission]:
        items, records = zip(*jobs, strict=True)
        reply, is_replicated = await partition.run_replicated(
            "submit", *records, items=codec.array(items), most_tenants=MAX_TENANTS
        )
        answers = [codec.submission(reply, i, reply[0]) for i in range(1, len(reply), 4)]
        return answers if is_replicated else [_unreplicated(answer) for answer in answers]

    return send


def _unreplicated(answer: Submission) -> Submission:
    """The answer to a job that the replicas did not confirm in time. A refused job keeps its refusal."""
    if refusal_of(answer) is not None:
        return answer
    return Submission(SubmitStatus.REFUSED, answer.job_id, error=NotReplicated(answer.job_id))
