"""Brings leases in and outcomes out, a batch per call."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ..backend import Backend
from ..model.errors import FairlaneError, StoreUnavailable
from ..model.job import MAX_BATCH
from ..model.lease import Lease, LeaseStatus, Outcome, OutcomeKind
from . import outcomes
from .admission import Admission
from .budget import Budget
from .claims import Claim, Claims
from .execute import Executor
from .failure_hooks import FailureHooks
from .options import WorkerOptions
from .pauses import Pauses
from .resend import OneByOne, Outbox

log = logging.getLogger("fairlane.worker")

LONGEST_POLL_MS = 5_000
# While the store works on one exchange, the jobs of the other one run.
EXCHANGES_AT_ONCE = 2
SMALLEST_SHARE = 16


class Fetcher:
    """Keeps the slots full and the outbox empty.

    Outcomes and the next claim share a call, an exchange. If there are free slots but no outcomes, a claim waits in
    the store for work; outcomes of jobs that end meanwhile are sent beside it. Calls that fail are repeated after a
    pause. If the store refuses a batch, its outcomes are sent one by one, beside the others.
    """

    def __init__(
        self,
        backend: Backend,
        executor: Executor,
        hooks: FailureHooks,
        options: WorkerOptions,
        admission: Admission,
        on_used_up: Callable[[], None],
    ) -> None:
        """`on_used_up` is called when the worker has taken as many jobs as it ever may."""
        self._backend = backend
        self._executor = executor
        self._hooks = hooks
        self._on_used_up = on_used_up
        self._lease_ms = options.lease_ms
        self._share = max(SMALLEST_SHARE, -(-options.slots // EXCHANGES_AT_ONCE))
        self._poll_ms = min(LONGEST_POLL_MS, options.lease_ms // 4)
        self._budget = Budget(options.slots, options.max_jobs, lambda: executor.slots_taken)
        self._claims = Claims(options, self._budget)
        self._outbox = Outbox()
        self._pauses = Pauses(self._wake, admission)
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._calls: set[asyncio.Task[None]] = set()
        """All calls in progress; the exchanges and the claim that waits for work are among them."""
        self._exchanges: set[asyncio.Task[None]] = set()
        self._waiting: asyncio.Task[None] | None = None
        self._is_closing = False

    async def run(self) -> None:
        """Start the calls that are needed, and decide again after each change, until cancelled."""
        while True:
            while self._should_exchange:
                self._start_exchange()
            if self._should_wait_for_work:
                self._start_waiting()
            if not (self._calls or self._outbox or self._claims.unanswered):
                self._settled.set()
            await self._changed.wait()
            self._changed.clear()

    @property
    def _should_exchange(self) -> bool:
        """Whether there is something to send, and a call is free to send it."""
        is_free = len(self._exchanges) < EXCHANGES_AT_ONCE and not self._pauses.is_on
        return is_free and bool(self._outbox or self._claims.unanswered)

    @property
    def _should_wait_for_work(self) -> bool:
        """Whether slots are free and no other call would fill them."""
        return self._may_claim and not self._exchanges and not self._pauses.is_on

    @property
    def _may_claim(self) -> bool:
        """Whether a new claim may be made: one at a time waits in the store, and then no other is made."""
        return self._waiting is None and not self._is_closing and self._budget.free > 0

    def deliver(self, outcome: Outcome | None) -> None:
        """A slot is free again, and `outcome`, if there is one, is to be sent."""
        if outcome is not None:
            self._outbox.add(outcome)
        self._wake()

    def claim_no_more(self) -> None:
        """From now on, give back the leases that still arrive."""
        self._is_closing = True
        if self._waiting is not None:
            self._waiting.cancel()

    async def settle(self) -> None:
        """After `claim_no_more`: wait until the store has taken every outcome."""
        self._settled.clear()
        self._wake()
        await self._settled.wait()

    def close(self) -> None:
        """Drop all calls in progress."""
        self._is_closing = True
        for call in self._calls:
            call.cancel()

    def _wake(self) -> None:
        self._changed.set()

    def _start_exchange(self) -> None:
        """Send outcomes, and with them an unanswered claim or, where it may be, a new one."""
        claim = None
        if self._claims.unanswered:
            claim = self._claims.repeat()
        elif self._may_claim:
            claim = self._claims.new(min(self._budget.free, self._share))
        batch = self._outbox.take(MAX_BATCH if claim is None else self._share)
        self._exchanges.add(self._start(self._finish(batch) if claim is None else self._exchange(batch, claim)))

    def _start_waiting(self) -> None:
        self._waiting = self._start(self._wait_for_work(self._claims.new(self._budget.free, self._poll_ms)))

    def _start(self, call: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(call, name="fairlane-call")
        self._calls.add(task)
        task.add_done_callback(self._call_ended)
        return task

    def _call_ended(self, task: asyncio.Task[None]) -> None:
        self._calls.discard(task)
        self._exchanges.discard(task)
        if task is self._waiting:
            self._waiting = None
        self._wake()

    async def _exchange(self, batch: list[Outcome], claim: Claim) -> None:
        try:
            statuses, leases = await self._backend.leases.exchange(batch, claim.request)
        except BaseException as error:
            self._claims.unanswered.append(claim)
            self._not_taken(batch, error)
        else:
            self._pauses.succeeded()
            self._note(batch, statuses)
            self._take_in(claim, leases)

    async def _finish(self, batch: list[Outcome]) -> None:
        try:
            statuses = await self._backend.leases.finish(batch)
        except BaseException as error:
            self._not_taken(batch, error)
        else:
            self._pauses.succeeded()
            self._note(batch, statuses)

    async def _finish_one_by_one(self, batch: Sequence[Outcome]) -> None:
        sender = OneByOne(
            self._backend,
            self._lease_ms,
            note=lambda outcome, status: self._note([outcome], [status]),
            on_dropped=lambda outcome: self._executor.settled(outcome.token),
            waiting=deque(batch),
        )
        try:
            await sender.send()
        except BaseException as error:
            self._put_back(list(sender.waiting), error)

    async def _wait_for_work(self, claim: Claim) -> None:
        try:
            leases = await self._backend.leases.claim(claim.request)
        except BaseException as error:
            self._claims.unanswered.append(claim)  # it may have been granted: ask again
            self._put_back([], error)
        else:
            self._pauses.succeeded()
            self._take_in(claim, leases)

    def _take_in(self, claim: Claim, leases: Sequence[Lease]) -> None:
        """Start the jobs of a claim, or give them back where it is too late for them."""
        self._claims.answered(claim, leases)
        gives_back = self._is_closing or claim.is_late
        for lease in leases:
            if gives_back:
                self._outbox.add(outcomes.released(lease))
            else:
                self._budget.start_one()
                self._executor.start(lease, claim.sent_at)
        if self._budget.is_used_up:
            self._on_used_up()

    def _note(self, batch: Sequence[Outcome], statuses: Sequence[LeaseStatus]) -> None:
        """The store has answered these outcomes."""
        for outcome, status in zip(batch, statuses, strict=True):
            self._executor.settled(outcome.token)
            if status is not LeaseStatus.OK:
                log.warning("job %s was not this worker's any more; its outcome was refused", outcome.job_id)
            if outcome.kind is OutcomeKind.FAILED:
                self._hooks.answered(outcome, accepted=status is LeaseStatus.OK)

    def _not_taken(self, batch: list[Outcome], error: BaseException) -> None:
        """The call with these outcomes failed: send them again, one by one if they were refused."""
        if not batch or isinstance(error, StoreUnavailable) or not isinstance(error, Exception):
            self._put_back(batch, error)
            return
        trace = None if isinstance(error, FairlaneError) else error
        log.warning("%d outcomes were refused, and are sent one by one: %s", len(batch), error, exc_info=trace)
        self._start(self._finish_one_by_one(batch))

    def _put_back(self, batch: list[Outcome], error: BaseException) -> None:
        """Send these outcomes again later. A cancelled call ends; a signal handler's exception does not end it."""
        self._outbox.put_back(batch)
        if isinstance(error, asyncio.CancelledError):
            raise error
        self._pauses.failed(error)
