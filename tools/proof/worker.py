"""`python -m tools.proof.worker NAME URL LEASE_MS SLOTS`: the product's worker, whose calls about leases are noted."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fairlane.backend import Backend, Leases
from fairlane.connect import open_backend
from fairlane.model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, WorkerReport
from fairlane.worker import Worker, WorkerOptions, run_worker

from .crash_points import CrashPoints
from .notes import Claimed, Extended, Finished, Held, Notebook, now
from .tasks import FOLDER, app, crash_points


class NotedLeases:
    """`backend.leases`, with notes of each call. A call without an answer is noted as `unknown`."""

    def __init__(self, leases: Leases, notebook: Notebook, points: CrashPoints, clock: Callable[[], int] = now) -> None:
        self._leases = leases
        self._notebook = notebook
        self._points = points
        self._now = clock

    async def claim(self, request: ClaimRequest) -> list[Lease]:
        self._points.reach("claim.before")
        at = self._now()
        leases = await self._leases.claim(request)
        self._note_claim(at, request, leases)
        return leases

    async def finish(self, outcomes: Sequence[Outcome]) -> list[LeaseStatus]:
        self._points.reach("finish.before")
        at = self._now()
        try:
            statuses = await self._leases.finish(outcomes)
        except BaseException:
            self._note_finish(at, outcomes, ["unknown"] * len(outcomes))
            raise
        self._note_finish(at, outcomes, statuses)
        self._points.reach("finish.after")
        return statuses

    async def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest
    ) -> tuple[list[LeaseStatus], list[Lease]]:
        self._points.reach("claim.before")
        if outcomes:
            self._points.reach("finish.before")
        at = self._now()
        try:
            statuses, leases = await self._leases.exchange(outcomes, request)
        except BaseException:
            self._note_finish(at, outcomes, ["unknown"] * len(outcomes))
            raise
        self._note_finish(at, outcomes, statuses)
        self._note_claim(at, request, leases)
        if outcomes:
            self._points.reach("finish.after")
        return statuses, leases

    async def extend(self, worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int) -> list[LeaseStatus]:
        if leases:
            self._points.reach("extend.before")
        at = self._now()
        statuses = await self._leases.extend(worker, leases, lease_ms)
        until, who = self._now(), self._notebook.who
        for lease, status in zip(leases, statuses, strict=True):
            fence = fence_of(lease.token)
            note = Extended(
                who=who, at=at, until=until, job=lease.job_id, fence=fence, status=status.value, lease_ms=lease_ms
            )
            self._notebook.write(note)
        if leases:
            self._points.reach("extend.after")
        return statuses

    def _note_claim(self, at: int, request: ClaimRequest, leases: Sequence[Lease]) -> None:
        if not leases:
            return
        held = [Held(one.job_id, one.tenant_id, one.attempt, one.fence, one.max_attempts) for one in leases]
        self._notebook.write(
            Claimed(who=self._notebook.who, at=at, until=self._now(), lease_ms=request.lease_ms, leases=held)
        )
        self._points.reach("claim.after")

    def _note_finish(self, at: int, outcomes: Sequence[Outcome], statuses: Sequence[str]) -> None:
        until, who = self._now(), self._notebook.who
        notes = [
            Finished(
                who=who,
                at=at,
                until=until,
                job=outcome.job_id,
                fence=fence_of(outcome.token),
                kind=outcome.kind.value,
                status=str(status),
                delay_ms=outcome.delay_ms or 0,
            )
            for outcome, status in zip(outcomes, statuses, strict=True)
        ]
        if notes:
            self._notebook.write(*notes)


def fence_of(token: str) -> int:
    """The fence, with which each lease token ends."""
    return int(token.rpartition(".")[2])


class NotedBackend:
    """A backend whose calls about leases are noted."""

    def __init__(self, backend: Backend, leases: Leases) -> None:
        self._backend = backend
        self.leases = leases

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


def main(name: str, url: str, lease_ms: str, slots: str) -> None:
    notebook = Notebook(Path(os.environ[FOLDER]), name)

    async def open_noted() -> Backend:
        backend = await open_backend(url)
        leases = NotedLeases(backend.leases, notebook, crash_points)
        return NotedBackend(backend, leases)

    options = WorkerOptions(worker_id=name, lease_ms=int(lease_ms), slots=int(slots), drain_seconds=2)
    run_worker(lambda: Worker(open_noted, app.registry, options, lambda: print(name, "works", flush=True)))


if __name__ == "__main__":
    main(*sys.argv[1:])
