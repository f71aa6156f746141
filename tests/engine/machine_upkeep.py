"""What upkeep and operators do."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from fairlane.model.errors import NotFound
from fairlane.model.queue_limits import QueueLimits, QueueLimitsChange
from fairlane.model.states import State
from fairlane.model.tenant import Fairness, PolicyChange

from .agreement import ms
from .drawn import (
    WORKERS,
    policy_changes,
    queue_changes,
    queues,
    tenants,
    waits,
)
from .machine import LIMIT, Machine


class UpkeepRules(Machine):
    """Promote, expire, reap, prune, and change limits."""

    @rule()
    def promote(self) -> None:
        step = self._run(lambda: self.engine.maintenance.promote(LIMIT))
        assert step.count == self.model.promote()
        found, _ = self._run(lambda: self.engine.tenants.list(LIMIT))
        ends = [ms(tenant.blocked_until) for tenant in found if tenant.blocked_until] + self._run(self._queues_refill)
        dues = [job.due_ms for job in self.model.of_state(State.SCHEDULED) if not job.open]
        assert step.next_ms == min((time - self.clock.now_ms for time in (*ends, *dues)), default=None)
        assert all(time > self.clock.now_ms for time in ends)
        self.last = (lambda: self._nothing_done(self.engine.maintenance.promote(LIMIT)), True)

    async def _queues_refill(self) -> list[int]:
        """When the start rates of queues have room again, as far as the store has noticed that they have none."""
        found = await self.engine.partitions[0].command("ZRANGE", "full_until", 0, -1, "WITHSCORES")
        return [int(float(score)) for score in found[1::2]]

    @rule()
    def unlock(self) -> None:
        step = self._run(lambda: self.engine.maintenance.unlock(LIMIT))
        unlocked = self.model.unlock()
        assert step.count == unlocked + self.model.revive()
        self.last = (lambda: self._nothing_done(self.engine.maintenance.unlock(LIMIT)), True)

    @rule()
    def expire(self) -> None:
        step = self._run(lambda: self.engine.maintenance.expire(LIMIT))
        assert step.count == self.model.expire()
        times = [job.start_by_ms - self.clock.now_ms for job in self.model.expiring()]
        assert step.next_ms == min(times, default=None)
        self.last = (lambda: self._nothing_done(self.engine.maintenance.expire(LIMIT)), True)

    @precondition(lambda self: self._running())
    @rule(data=st.data())
    def lose_a_busy_worker(self, data: st.DataObject) -> None:
        self.reap(self._pick(data, self._running()).worker)

    @rule(lost=st.sampled_from([None, None, *WORKERS]))
    def reap(self, lost: str | None) -> None:
        call = (lambda: self.engine.workers.reap(lost)) if lost else (lambda: self.engine.maintenance.reap(LIMIT))
        done = self._run(call)
        assert (done.requeued, done.failed, done.cancelled) == self.model.reap(lost)
        ends = [] if lost else [job.expires_ms for job in self._running()]
        assert done.next_ms == (max(0, min(ends) - self.clock.now_ms) if ends else None)
        again = self._run(call)
        assert (again.requeued, again.failed, again.cancelled) == (0, 0, 0)
        self.last = None

    @rule(limit=st.sampled_from([1, LIMIT]))
    def prune(self, limit: int) -> None:
        while True:
            prunable = self.model.prunable()
            step = self._run(lambda: self.engine.maintenance.prune(limit))
            gone = {job_id for ids in prunable.values() for job_id in ids if self._is_gone(job_id)}
            assert step.count == len(gone)
            for ids in prunable.values():  # the oldest went first
                assert set(ids[: len(gone & set(ids))]) == gone & set(ids)
            for job_id in gone:
                self.model.forget(job_id)
            self.model.prune_batches()
            self._learn_places()
            if step.count < limit and step.next_ms != 0:
                break
        assert not any(self.model.prunable().values())
        self.last = None

    def _learn_places(self) -> None:
        """Jobs that are kept for others go to the end of their index."""
        for state in (State.COMPLETED, State.FAILED, State.CANCELLED):
            for job in self.model.of_state(state):
                if self.model.is_kept(job):
                    job.indexed_ms = self._run(partial(self._place_of, state, job.request.id))

    async def _place_of(self, state: State, job_id: str) -> int:
        return int(await self.engine.partitions[0].command("ZSCORE", state.value, job_id))

    def _is_gone(self, job_id: str) -> bool:
        async def read() -> bool:
            try:
                await self.engine.jobs.get(job_id)
            except NotFound:
                return True
            return False

        return bool(self._run(read))

    @staticmethod
    async def _nothing_done(step: Awaitable[Any]) -> bool:
        return bool((await step).count == 0)

    @rule(tenant=tenants, change=policy_changes)
    def change_limits(self, tenant: str, change: PolicyChange) -> None:
        found = self._do(lambda: self.engine.tenants.change(tenant, change))
        own = self.model.own_limits.setdefault(tenant, {})
        own |= {name: value for name, value in msgspec.structs.asdict(change).items() if value is not msgspec.UNSET}
        self.model.known.add(tenant)
        assert found.policy == self.model.policy(tenant)

    @rule(tenant=tenants)
    def reset_limits(self, tenant: str) -> None:
        found = self._do(lambda: self.engine.tenants.reset(tenant))
        own = self.model.own_limits.setdefault(tenant, {})
        self.model.own_limits[tenant] = {name: value for name, value in own.items() if name == "paused"}
        self.model.known.add(tenant)
        assert found.policy == msgspec.structs.replace(self.model.default, paused=self.model.policy(tenant).paused)

    @rule(change=policy_changes, fairness=st.sampled_from(Fairness))
    def change_defaults(self, change: PolicyChange, fairness: Fairness) -> None:
        change = msgspec.structs.replace(change, paused=msgspec.UNSET)
        found = self._do(lambda: self.engine.tenants.change_defaults(change))
        self._do(lambda: self.engine.maintenance.set_fairness(fairness))
        self.model.default = change.apply_to(self.model.default)
        assert found == self.model.default

    @rule(queue=queues, paused=st.booleans())
    def pause_queue(self, queue: str, paused: bool) -> None:
        self._do(lambda: self.engine.queues.pause(queue, paused))
        self.model.queues.add(queue)
        (self.model.paused_queues.add if paused else self.model.paused_queues.discard)(queue)

    @rule(queue=queues, change=queue_changes)
    def limit_queue(self, queue: str, change: QueueLimitsChange) -> None:
        self._do(lambda: self.engine.queues.change_limits(queue, change))
        self.model.queues.add(queue)
        limits = change.apply_to(self.model.queue_limits.pop(queue, QueueLimits()))
        if limits != QueueLimits():
            self.model.queue_limits[queue] = limits

    @rule(us=waits)
    def let_time_pass(self, us: int) -> None:
        self.clock.advance(us=us)
        self.last = None

    @rule(seconds=st.sampled_from([-86_400, -3_600, -3, 3, 3_600, 86_400]))
    def set_the_clock_of_the_store(self, seconds: int) -> None:
        """The model knows nothing of it: the engine's time goes on."""
        self.clock.set_store(seconds)
