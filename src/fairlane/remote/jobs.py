"""Jobs over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from ..model import ids
from ..model.bulk import BulkAction, BulkResult
from ..model.job import Explanation, Job, JobPage, JobQuery, NewJob, Submission
from ..model.logs import JobLog
from ..rest.bulk import action_body
from ..rest.jobs import JobAnswer
from ..rest.listings import JobPageAnswer, search_parameters
from ..rest.paths import job_path
from .submission import submit_many, submit_one
from .transport import Transport

_SHORTEST_LOOK_S, _LONGEST_LOOK_S = 0.02, 1.0


class RemoteJobs:
    """Implements `backend.Jobs` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def new_id(self, tenant_id: str) -> str:
        """A fresh id for a job of this tenant.

        The API does not say how many partitions its store has, so this assumes one. A server on a store with
        several refuses ids of tenants in the other partitions as InvalidInput.
        """
        return ids.new_job_id(0)

    async def submit(self, jobs: Sequence[NewJob]) -> list[Submission]:
        if len(jobs) == 1:
            return [await submit_one(self._transport, jobs[0])]
        return await submit_many(self._transport, jobs)

    async def get(self, job_id: str) -> Job:
        return await self._job("GET", job_path(job_id))

    async def list(self, query: JobQuery) -> JobPage:
        page = await self._transport.call("GET", "/jobs", JobPageAnswer, query=search_parameters(query))
        return page.to_page()

    async def explain(self, job_id: str) -> Explanation:
        return await self._transport.call("GET", job_path(job_id, "/explain"), Explanation)

    async def cancel(self, job_id: str) -> Job:
        return await self._job("POST", job_path(job_id, "/cancel"))

    async def retry(self, job_id: str) -> Job:
        return await self._job("POST", job_path(job_id, "/retry"))

    async def change(self, action: BulkAction, which: JobQuery | Sequence[str]) -> BulkResult:
        return await self._transport.call("POST", "/jobs/actions", BulkResult, body=action_body(action, which))

    async def wait_finished(self, job_id: str, timeout_ms: int) -> Job | None:
        """The job once it has ended, or None when `timeout_ms` passed first. Polls."""
        deadline = time.monotonic() + timeout_ms / 1000
        pause = _SHORTEST_LOOK_S
        while True:
            job = await self.get(job_id)
            left = deadline - time.monotonic()
            if job.state.is_terminal or left <= 0:
                return job if job.state.is_terminal else None
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_LOOK_S)

    async def log(self, job_id: str) -> JobLog:
        return await self._transport.call("GET", job_path(job_id, "/logs"), JobLog)

    async def _job(self, method: str, path: str) -> Job:
        return (await self._transport.call(method, path, JobAnswer)).to_job()
