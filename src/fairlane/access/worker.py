"""What the holder of a worker's token may use: the worker protocol, for its queues and its own workers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..backend import Backend, Leases, Queues, Schedules, Workers
from ..model.errors import Forbidden, InvalidInput
from ..model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, WorkerOrders, WorkerReport
from ..model.names import NAME_LENGTH
from ..model.overview import QueueInfo, Reaped
from ..model.schedule import Schedule, ScheduleSpec
from ..model.token import Token
from ..model.work import WorkCounts
from .closed import Closed, ClosedBackend

MAX_LEASED_MS = 10 * 3_600_000
"""Jobs times the length of their leases, in one claim. A token that leaks cannot hold up more: ten jobs for an hour, or
500 for a minute. A claim for more gets fewer jobs."""


class WorkerBackend(ClosedBackend):
    """Implements the worker protocol of `backend.Backend`.

    The store knows a worker by the token's name and the id that the worker uses, so that no token reaches the
    workers of another.
    """

    def __init__(self, backend: Backend, token: Token) -> None:
        own = OwnWorkers(token)
        self._leases = OwnLeases(backend.leases, own)
        self._queues = OwnQueues(backend.queues, own)
        self._workers = ControlledWorkers(backend.workers, own)
        self._schedules = DeclaredSchedules(backend.schedules)

    @property
    def leases(self) -> Leases:
        return self._leases

    @property
    def queues(self) -> Queues:
        return self._queues

    @property
    def workers(self) -> Workers:
        return self._workers

    @property
    def schedules(self) -> Schedules:
        return self._schedules


class OwnWorkers:
    """The worker ids and the queues of a token."""

    def __init__(self, token: Token) -> None:
        # The name cannot have a colon after this, so that the first colon ends it.
        self._prefix = token.name.replace("@", "@0").replace(":", "@1") + ":"
        self._queues = token.queues

    def stored_id(self, worker_id: str) -> str:
        """The id by which the store knows a worker of this token. Raises InvalidInput."""
        stored = self._prefix + worker_id
        if len(stored) > NAME_LENGTH:
            most = NAME_LENGTH - len(self._prefix)
            raise InvalidInput(f"the worker's id can have {most} characters at most with this token", "/workerId")
        return stored

    def own_id(self, stored_id: str) -> str | None:
        """The id that the worker uses; None for a worker of another token."""
        return stored_id.removeprefix(self._prefix) if stored_id.startswith(self._prefix) else None

    def has_queue(self, queue: str) -> bool:
        return not self._queues or queue in self._queues

    def chosen_queues(self, queues: Sequence[str]) -> tuple[str, ...]:
        """The queues of a worker that names these, or none for all of the token. Raises Forbidden."""
        for queue in queues:
            if not self.has_queue(queue):
                raise Forbidden(f"this token does not allow the queue {queue}")
        return tuple(queues) or self._queues

    def chosen_counts(self, work: WorkCounts | None) -> WorkCounts | None:
        """What a worker has counted for the queues of the token."""
        if work is None:
            return None
        return WorkCounts(work.number, {k: v for k, v in work.counts.items() if self.has_queue(k.split("/")[1])})


class OwnLeases(Closed):
    """Implements `backend.Leases`. The secret of each lease proves that its holder may extend and finish it."""

    def __init__(self, leases: Leases, own: OwnWorkers) -> None:
        self._leases = leases
        self._own = own

    async def claim(self, request: ClaimRequest) -> list[Lease]:
        return await self._leases.claim(self._scoped(request))

    async def finish(self, outcomes: Sequence[Outcome]) -> list[LeaseStatus]:
        return await self._leases.finish(outcomes)

    async def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest
    ) -> tuple[list[LeaseStatus], list[Lease]]:
        return await self._leases.exchange(outcomes, self._scoped(request))

    async def extend(self, worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int) -> list[LeaseStatus]:
        queues = self._own.chosen_queues(worker.queues)
        report = msgspec.structs.replace(
            worker, id=self._own.stored_id(worker.id), queues=queues, work=self._own.chosen_counts(worker.work)
        )
        return await self._leases.extend(report, leases, lease_ms)

    def _scoped(self, request: ClaimRequest) -> ClaimRequest:
        return msgspec.structs.replace(
            request,
            worker_id=self._own.stored_id(request.worker_id),
            queues=self._own.chosen_queues(request.queues),
            max=min(request.max, max(1, MAX_LEASED_MS // request.lease_ms)),
        )


class OwnQueues(Closed):
    """Implements the reading verb of `backend.Queues`, for the queues of a token."""

    def __init__(self, queues: Queues, own: OwnWorkers) -> None:
        self._queues = queues
        self._own = own

    async def list(self) -> list[QueueInfo]:
        return [queue for queue in await self._queues.list() if self._own.has_queue(queue.name)]


class ControlledWorkers(Closed):
    """Implements `backend.Workers` for the workers of a token, which may not drain one."""

    def __init__(self, workers: Workers, own: OwnWorkers) -> None:
        self._workers = workers
        self._own = own

    async def list(self) -> list[WorkerReport]:
        found = [(worker, self._own.own_id(worker.id)) for worker in await self._workers.list()]
        return [msgspec.structs.replace(worker, id=own_id) for worker, own_id in found if own_id is not None]

    async def next_orders(self, worker_id: str, seen: int, timeout_ms: int) -> WorkerOrders:
        return await self._workers.next_orders(self._own.stored_id(worker_id), seen, timeout_ms)

    async def leave(self, worker_id: str) -> None:
        await self._workers.leave(self._own.stored_id(worker_id))

    async def reap(self, worker_id: str) -> Reaped:
        return await self._workers.reap(self._own.stored_id(worker_id))


class DeclaredSchedules(Closed):
    """Implements `backend.Schedules.put` for schedules that an app's code declares."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules

    async def put(self, spec: ScheduleSpec, *, paused: bool | None = None, declaration: str = "") -> Schedule:
        if not declaration:
            raise Forbidden("a worker's token only declares schedules of an app's code; give a declaration")
        return await self._schedules.put(spec, paused=paused, declaration=declaration)
