"""Brings leases in and outcomes out, a batch a call."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from ..backend import Backend
from ..model.errors import FairlaneError, StoreUnavailable
from ..model.ids import new_claim_id
from ..model.job import MAX_BATCH
from ..model.lease import MAX_CLAIM, ClaimRequest, Lease, LeaseStatus, Outcome, OutcomeKind
from . import outcomes
from .execute import Executor
from .failures import Failures
from .options import WorkerOptions
from .queue_turns import QueueTurns
from .resend import Outbox
from .resend_singly import OneByOne

log = logging.getLogger("fairlane.worker")

LONGEST_POLL_MS = 5_000
LONGEST_BACKOFF_SECONDS = 2.0
# While the store works on one exchange, the jobs of the other one run.
EXCHANGES_AT_ONCE = 2
SMALLEST_SHARE = 16


class _Claim:
    """A claim that was sent at least once. It is repeated as it is until it is answered."""

    __slots__ = ("queue", "request", "sent_at")

    def __init__(self, request: ClaimRequest, queue: str | None) -> None:
        self.request = request
        self.queue = queue
        """The one whose turn it is, where they take turns."""
        self.sent_at = time.monotonic()

    def stop_waiting(self) -> None:
        self.request = msgspec.structs.replace(self.request, wait_ms=0)


class Fetcher:
    """Keeps the slots full and the outbox empty.

    With outcomes to send, they and the next claim share one call. With free slots and nothing to
    send, a claim waits in the store for work, and outcomes that come meanwhile are sent beside it.
    Calls that fail are repeated with growing pauses. Outcomes that are refused are sent one by one, beside the others.
    """

    def __init__(
        self,
        backend: Backend,
        executor: Executor,
        failures: Failures,
        options: WorkerOptions,
        on_used_up: Callable[[], None],
    ) -> None:
        """`on_used_up` is called when the worker has taken as many jobs as it ever may."""
        self._backend = backend
        self._on_used_up = on_used_up
        self._turns = QueueTurns(dict(zip(options.queues, options.weights, strict=True))) if options.weights else None
        self._left = options.max_jobs
        self._failed = failures
        self._executor = executor
        self._outbox = Outbox()
        self._options = options
        self._share = max(SMALLEST_SHARE, -(-options.slots // EXCHANGES_AT_ONCE))
        self._poll_ms = min(LONGEST_POLL_MS, options.lease_ms // 4)
        self._loop = asyncio.get_running_loop()
        self._calls: set[asyncio.Task[None]] = set()
        self._poll: asyncio.Task[None] | None = None
        self._exchanges: set[asyncio.Task[None]] = set()
        self._asked = 0
        self._unanswered: deque[_Claim] = deque()
        self._failures = 0
        self._trouble: type[Exception] | None = None
        """What was told of last, since a call succeeded."""
        self._is_backing_off = False
        self._is_woken = False
        self._is_closing = False
        self._settled: asyncio.Event | None = None

    def wake(self) -> None:
        """Look at the slots and the outbox soon: once for all changes of this turn of the loop."""
        if not self._is_woken:
            self._is_woken = True
            self._loop.call_soon(self._pump)

    def deliver(self, outcome: Outcome | None) -> None:
        """A slot is free again, and `outcome`, if there is one, is to be sent."""
        if outcome is not None:
            self._outbox.add(outcome)
        self.wake()

    def claim_no_more(self) -> None:
        """From now on, give back what still arrives."""
        self._is_closing = True
        if self._poll is not None:
            self._poll.cancel()

    async def settle(self) -> None:
        """After `claim_no_more`: wait until the store has taken every outcome."""
        if self._poll is not None:
            await asyncio.wait({self._poll})
        self._settled = asyncio.Event()
        self.wake()
        await self._settled.wait()

    def close(self) -> None:
        """Drop all calls in progress."""
        self._is_closing = True
        for call in self._calls:
            call.cancel()

    def _pump(self) -> None:
        """Start the calls that the present state asks for."""
        self._is_woken = False
        if self._is_backing_off:
            return
        while len(self._exchanges) < EXCHANGES_AT_ONCE and (self._outbox or self._unanswered):
            claim = self._next_claim()
            batch = self._outbox.take(self._share if claim is not None else MAX_BATCH)
            exchange = self._exchange(batch, claim) if claim is not None else self._finish(batch)
            self._exchanges.add(self._call(exchange))
        if self._poll is None and not self._exchanges and not self._is_closing and self._free > 0:
            self._poll = self._call(self._wait_for_work(self._new_claim(self._free, self._poll_ms)))
        if self._settled is not None and self.is_settled:
            self._settled.set()

    @property
    def is_settled(self) -> bool:
        """Whether no call is in progress or needed for the outcomes so far."""
        return not (self._calls or self._outbox or self._unanswered)

    @property
    def _free(self) -> int:
        free = self._options.slots - len(self._executor.running) - self._asked
        return free if self._left is None else min(free, self._left - self._asked)

    def _next_claim(self) -> _Claim | None:
        """The claim to send with outcomes: an unanswered one, or a new one where none waits in the store."""
        if self._unanswered:
            claim = self._unanswered.popleft()
            claim.stop_waiting()
            return claim
        if self._poll is not None or self._is_closing or self._free <= 0:
            return None
        return self._new_claim(min(self._free, self._share), 0)

    def _new_claim(self, most: int, wait_ms: int) -> _Claim:
        most = min(most, MAX_CLAIM)
        self._asked += most
        options = self._options
        # A claim that waits does so for all queues: to wait for one would be to starve the others.
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
        return _Claim(request, queue)

    def _call(self, call: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(call, name="fairlane-call")
        self._calls.add(task)
        task.add_done_callback(self._call_ended)
        return task

    def _call_ended(self, task: asyncio.Task[None]) -> None:
        self._calls.discard(task)
        self._exchanges.discard(task)
        if task is self._poll:
            self._poll = None
        self._pump()

    async def _exchange(self, batch: list[Outcome], claim: _Claim) -> None:
        try:
            statuses, leases = await self._backend.leases.exchange(batch, claim.request)
        except Exception as error:
            self._unanswered.append(claim)
            self._not_taken(batch, error)
        else:
            self._answered()
            self._note(batch, statuses)
            self._take_in(claim, leases)

    async def _finish(self, batch: list[Outcome]) -> None:
        try:
            statuses = await self._backend.leases.finish(batch)
        except Exception as error:
            self._not_taken(batch, error)
        else:
            self._answered()
            self._note(batch, statuses)

    async def _finish_singly(self, batch: Sequence[Outcome]) -> None:
        sender = OneByOne(
            self._backend, self._options.lease_ms, lambda outcome, status: self._note([outcome], [status]), deque(batch)
        )
        try:
            await sender.send()
        except StoreUnavailable as error:
            self._not_taken(list(sender.waiting), error)

    async def _wait_for_work(self, claim: _Claim) -> None:
        try:
            leases = await self._backend.leases.claim(claim.request)
        except asyncio.CancelledError:
            self._unanswered.append(claim)  # it may have been granted: ask again, and give back
            raise
        except Exception as error:
            self._unanswered.append(claim)
            self._back_off(error)
        else:
            self._answered()
            self._take_in(claim, leases)

    def _take_in(self, claim: _Claim, leases: Sequence[Lease]) -> None:
        self._asked -= claim.request.max
        if self._turns is not None:
            self._settle_turns(self._turns, claim, leases)
        is_late = (time.monotonic() - claim.sent_at) * 2000 > claim.request.lease_ms
        for lease in leases:
            if is_late or self._is_closing:
                self._outbox.add(outcomes.released(lease))
            else:
                if self._left is not None:
                    self._left -= 1
                self._executor.start(lease, claim.sent_at)
        if self._left == 0:
            self._on_used_up()

    def _settle_turns(self, turns: QueueTurns, claim: _Claim, leases: Sequence[Lease]) -> None:
        """Charge queues for the jobs that came."""
        if claim.queue is None:
            for lease in leases:
                turns.charge(lease.queue, 1)
            return
        lacking = claim.request.max - len(leases)
        if lacking:
            turns.charge(claim.queue, -lacking)
            turns.found_empty(claim.queue, time.monotonic())

    def _note(self, batch: Sequence[Outcome], statuses: Sequence[LeaseStatus]) -> None:
        for outcome, status in zip(batch, statuses, strict=True):
            if status is not LeaseStatus.OK:
                log.warning("job %s was not this worker's any more; its outcome was refused", outcome.job_id)
            if outcome.kind is OutcomeKind.FAILED:
                self._failed.answered(outcome, accepted=status is LeaseStatus.OK)

    def _not_taken(self, batch: list[Outcome], error: Exception) -> None:
        if batch and not isinstance(error, StoreUnavailable):
            trace = None if isinstance(error, FairlaneError) else error
            log.warning("%d outcomes were refused, and are sent one by one: %s", len(batch), error, exc_info=trace)
            self._call(self._finish_singly(batch))
        else:
            self._outbox.put_back(batch)
            self._back_off(error)

    def _answered(self) -> None:
        self._failures = 0
        self._trouble = None

    def _back_off(self, error: Exception) -> None:
        if self._is_backing_off:
            return
        if type(error) is not self._trouble:
            self._trouble = type(error)
            if isinstance(error, StoreUnavailable):
                log.warning("the store cannot be reached: %s", error)
            else:
                log.error("the queue refused a call; it will be repeated", exc_info=error)
        self._is_backing_off = True
        pause = min(LONGEST_BACKOFF_SECONDS, 0.05 * 2.0**self._failures) * random.uniform(0.5, 1.0)
        self._failures = min(self._failures + 1, 10)
        self._loop.call_later(pause, self._resume)

    def _resume(self) -> None:
        self._is_backing_off = False
        self._pump()
