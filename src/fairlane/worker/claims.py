"""The claims of a worker: new ones within its budget, and unanswered ones, which are repeated until answered."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import msgspec

from ..model.ids import new_claim_id
from ..model.lease import MAX_CLAIM, ClaimRequest, Lease
from .budget import Budget
from .options import WorkerOptions
from .queue_turns import QueueTurns


class Claim:
    """A claim that was sent at least once. Repeated with the same id, it gets the same leases."""

    __slots__ = ("queue", "request", "sent_at")

    def __init__(self, request: ClaimRequest, queue: str | None) -> None:
        self.request = request
        self.queue = queue
        """The queue whose turn it is, if queues take turns."""
        self.sent_at = time.monotonic()

    @property
    def is_late(self) -> bool:
        """Whether its leases are half over: jobs that begin now might not end in time."""
        return (time.monotonic() - self.sent_at) * 2000 > self.request.lease_ms


class Claims:
    """Makes the claims of a worker, and keeps count of them."""

    def __init__(self, options: WorkerOptions, budget: Budget) -> None:
        self._options = options
        self._budget = budget
        self._turns = QueueTurns(dict(zip(options.queues, options.weights, strict=True))) if options.weights else None
        self.unanswered: deque[Claim] = deque()
        """Claims whose call failed. The store may have granted them."""

    def repeat(self) -> Claim:
        """An unanswered claim to send again, this time without waiting in the store."""
        claim = self.unanswered.popleft()
        claim.request = msgspec.structs.replace(claim.request, wait_ms=0)
        return claim

    def new(self, most: int, wait_ms: int = 0) -> Claim:
        """A claim of `most` jobs, which waits up to `wait_ms` in the store for a first one."""
        most = min(most, MAX_CLAIM)
        self._budget.ask(most)
        options = self._options
        # A claim that waits does so for all queues: waiting for one queue would starve the others.
        queue = None if self._turns is None or wait_ms else self._turns.next(time.monotonic())
        if self._turns is not None and queue is not None:
            self._turns.charge(queue, most)
        request = ClaimRequest(
            worker_id=options.worker_id,
            claim_id=new_claim_id(),
            max=most,
            queues=options.queues if queue is None else (queue,),
            lease_ms=options.lease_ms,
            wait_ms=wait_ms,
        )
        return Claim(request, queue)

    def answered(self, claim: Claim, leases: Sequence[Lease]) -> None:
        """The store answered `claim` with `leases`: correct what its queues were charged."""
        self._budget.answered(claim.request.max)
        if self._turns is None:
            return
        if claim.queue is None:
            for lease in leases:
                self._turns.charge(lease.queue, 1)
        elif lacking := claim.request.max - len(leases):
            self._turns.charge(claim.queue, -lacking)
            self._turns.found_empty(claim.queue, time.monotonic())
