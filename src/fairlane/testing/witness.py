"""The leases that the worker of a drain uses: they record which ones the worker holds."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Sequence

from ..backend import Leases
from ..model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, WorkerReport


class Notes:
    """The leases that one worker holds. Used on the worker's event loop."""

    def __init__(self, jobs: dict[str, None]) -> None:
        """The ids of claimed jobs are added to `jobs`, in order."""
        self._jobs = jobs
        self.leases: dict[str, Lease] = {}
        """By token."""
        self._worker: WorkerReport | None = None
        self._is_known = threading.Event()
        self._changed = asyncio.Event()

    def lend(self, leases: Sequence[Lease]) -> None:
        for lease in leases:
            self._jobs[lease.job_id] = None
            self.leases[lease.token] = lease

    def take_back(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self.leases.pop(outcome.token, None)
        self._changed.set()

    async def first_heartbeat(self) -> WorkerReport:
        """Wait for the worker's first heartbeat and return its report. For any event loop."""
        await asyncio.to_thread(self._is_known.wait)
        assert self._worker is not None  # noqa: S101  known
        return self._worker

    def meet(self, worker: WorkerReport) -> None:
        """Record the worker's report. Called in the thread of its heartbeat."""
        self._worker = worker
        self._is_known.set()

    async def wait_for_change(self, most_s: float) -> None:
        """Wait until a lease ends, for at most this many seconds."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._changed.wait()


class WitnessedLeases:
    """Implements `backend.Leases`: passes each call on, and records leases in `notes`."""

    def __init__(self, leases: Leases, notes: Notes) -> None:
        self._leases = leases
        self._notes = notes

    async def claim(self, request: ClaimRequest) -> list[Lease]:
        leases = await self._leases.claim(request)
        self._notes.lend(leases)
        return leases

    async def finish(self, outcomes: Sequence[Outcome]) -> list[LeaseStatus]:
        statuses = await self._leases.finish(outcomes)
        self._notes.take_back(outcomes)
        return statuses

    async def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest
    ) -> tuple[list[LeaseStatus], list[Lease]]:
        statuses, leases = await self._leases.exchange(outcomes, request)
        self._notes.lend(leases)
        self._notes.take_back(outcomes)
        return statuses, leases

    async def extend(self, worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int) -> list[LeaseStatus]:
        self._notes.meet(worker)
        return await self._leases.extend(worker, leases, lease_ms)
