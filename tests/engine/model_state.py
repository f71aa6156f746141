"""All jobs and limits of the model, and what follows from them."""

from __future__ import annotations

from collections import Counter

import msgspec

from fairlane.model.job import NewJob
from fairlane.model.queue_limits import QueueLimits
from fairlane.model.states import State
from fairlane.model.tenant import TenantPolicy
from tests.support.clock import Clock

from .model_job import ModelJob


class ModelState:
    """Jobs, limits, and the times of submissions and starts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.jobs: dict[str, ModelJob] = {}
        self.default = TenantPolicy()
        self.own_limits: dict[str, dict[str, object]] = {}
        self.submissions: dict[str, list[int]] = {}
        self.starts: dict[str, list[int]] = {}
        self.counts: dict[str, Counter[str]] = {}
        self.idempotent: dict[tuple[str, str], NewJob] = {}
        self.paused_queues: set[str] = set()
        self.queue_limits: dict[str, QueueLimits] = {}
        self.queue_starts: dict[str, list[int]] = {}
        self.queues: set[str] = set()
        self.known: set[str] = set()
        self.old_tokens: list[tuple[str, str]] = []
        self.fence = 0
        self._sequence = 0

    @property
    def now_us(self) -> int:
        return self._clock.now_us

    def policy(self, tenant: str) -> TenantPolicy:
        return msgspec.structs.replace(self.default, **self.own_limits.get(tenant, {}))

    def of_state(self, state: State, tenant: str | None = None) -> list[ModelJob]:
        return [j for j in self.jobs.values() if j.state is state and tenant in (None, j.request.tenant_id)]

    def lane(self, tenant: str, queue: str) -> list[ModelJob]:
        jobs = [job for job in self.of_state(State.PENDING, tenant) if job.request.queue == queue]
        return sorted(jobs, key=lambda job: job.rank)

    def oldest_wait_ms(self, tenant: str) -> int | None:
        since = [job.pending_ms for job in self.of_state(State.PENDING, tenant)]
        return self._clock.now_ms - min(since) if since else None

    def submissions_used(self, tenant: str) -> int:
        rate = self.policy(tenant).submit_rate
        return len(self.within(self.submissions.get(tenant, []), rate.window_us)) if rate else 0

    def may_start(self, tenant: str) -> int:
        """How many more jobs this tenant may start now."""
        policy = self.policy(tenant)
        room = 0 if policy.paused else 1_000_000
        if policy.concurrency is not None:
            room = min(room, policy.concurrency - len(self.of_state(State.RUNNING, tenant)))
        if policy.start_rate is not None:
            used = len(self.within(self.starts.get(tenant, []), policy.start_rate.window_us))
            room = min(room, policy.start_rate.limit - used)
        return max(0, room)

    def queue_room(self, queue: str) -> int:
        """How many more jobs of this queue may start now, over all tenants."""
        limits, room = self.queue_limits.get(queue, QueueLimits()), 1_000_000
        if limits.concurrency is not None:
            running = [job for job in self.of_state(State.RUNNING) if job.request.queue == queue]
            room = min(room, limits.concurrency - len(running))
        if limits.start_rate is not None:
            used = len(self.within(self.queue_starts.get(queue, []), limits.start_rate.window_us))
            room = min(room, limits.start_rate.limit - used)
        return max(0, room)

    def limit_reached(self, queue: str) -> str | None:
        """The limit of a queue that keeps its jobs from starting."""
        if self.queue_room(queue):
            return None
        limits, starts = self.queue_limits[queue], self.queue_starts.get(queue, [])
        rate = limits.start_rate
        full = rate is not None and len(self.within(starts, rate.window_us)) >= rate.limit
        return "queue_start_rate" if full else "queue_concurrency"

    def constraint(self, tenant: str) -> str | None:
        """What blocks the tenant's pending jobs."""
        policy = self.policy(tenant)
        if not self.of_state(State.PENDING, tenant) or self.may_start(tenant):
            return None
        if policy.paused:
            return "paused"
        full = policy.concurrency is not None and len(self.of_state(State.RUNNING, tenant)) >= policy.concurrency
        return "concurrency" if full else "start_rate"

    def start_opens_ms(self, tenant: str) -> int:
        """When the start rate has room again, given that it has none."""
        rate = self.policy(tenant).start_rate
        assert rate is not None
        return -(-(sorted(self.starts[tenant], reverse=True)[rate.limit - 1] + rate.window_us) // 1000)

    def within(self, events: list[int], window_us: int) -> list[int]:
        return [event for event in events if event > self._clock.now_us - window_us]
