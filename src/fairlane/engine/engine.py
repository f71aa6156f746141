"""The verbs on Valkey."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Self

import msgspec

from ..model import ids
from ..model.bulk import BulkAction, BulkResult
from ..model.errors import Conflict, NotFound
from ..model.job import Counters, Explanation, Job, JobPage, JobQuery, NewJob, Submission
from ..model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, WorkerReport
from ..model.overview import QueueInfo, Reaped, StoreReport, UpkeepStep
from ..model.retention import Retention
from ..model.tenant import Fairness, PolicyChange, Tenant, TenantPolicy
from ..store import Store
from . import keys, wire
from .bulk import BulkChanges
from .calls import Calls
from .commit import GroupCommit, Packed
from .doctor import examine
from .explain import explain_waiting
from .history import take_samples
from .listing import Listing, names_between
from .logs import EngineLogs
from .monitor import EngineMonitor
from .orders import EngineOrders
from .partitions import by_partition
from .policies import pack_own, pack_policy, unpack_own
from .records import job_from
from .retaining import SPARED_MS, rules_of
from .schedules import EngineSchedules
from .scripts import Value
from .wakeups import Wakeups, wait

IDEMPOTENCY_MS = 86_400_000
WORKER_SILENCE_MS = 60_000
_LOOK_AGAIN_S = 1.0
"""How often an idle claim looks for itself, should news have been lost."""

_encode = msgspec.msgpack.Encoder().encode


class Engine:
    """Implements `queue.Queue` and `queue.Upkeep` on one store. Made by `Engine.open`."""

    def __init__(self, store: Store, partitions: int, clock: Callable[[], int] | None = None) -> None:
        self.store = store
        self._partitions = partitions
        self._calls = Calls(store, clock)
        self._commits = [GroupCommit(wire.packed, self._sender(partition)) for partition in range(partitions)]
        self._wakeups = Wakeups(store, partitions)
        self._listing = Listing(self._calls, partitions)
        self._bulk = BulkChanges(self._calls, self._listing, partitions)
        self.logs = EngineLogs(self._calls, partitions)
        self.orders = EngineOrders(self._calls, self._wakeups, partitions)
        self.schedules = EngineSchedules(self, self._calls, partitions)
        self.monitor = EngineMonitor(self, self._calls, self._wakeups, partitions)
        self._tidied: list[Value] = [0] * partitions
        self._first_partition = random.randrange(partitions)

    @classmethod
    async def open(cls, store: Store, *, partitions: int = 1, clock: Callable[[], int] | None = None) -> Self:
        """An engine on `store`, which is laid out with `partitions` if it is new.

        `clock` returns microseconds and replaces the store's own time, for tests.
        """
        calls = Calls(store)
        laid_out = await calls.command("HGET", keys.META, "partitions")
        if laid_out is None:  # to write would need room in the store
            await calls.command("HSETNX", keys.META, "partitions", partitions)
            laid_out = await calls.command("HGET", keys.META, "partitions")
        engine = cls(store, int(laid_out), clock)
        await engine._set_defaults(TenantPolicy(), Fairness.JOBS, only_if_unset="1")
        return engine

    # Clients

    def new_job_id(self, tenant_id: str) -> str:
        return ids.new_job_id(ids.partition_of_tenant(tenant_id, self._partitions))

    async def submit(self, jobs: Sequence[NewJob]) -> list[Submission]:
        if not jobs:
            return []
        if self._partitions == 1:
            return await self._commits[0].submit(jobs)
        by_partition: dict[int, list[int]] = {}
        for i, job in enumerate(jobs):
            by_partition.setdefault(self._of_tenant(job.tenant_id), []).append(i)
        answers: list[Submission | None] = [None] * len(jobs)
        groups = await asyncio.gather(
            *(self._commits[partition].submit([jobs[i] for i in group]) for partition, group in by_partition.items())
        )
        for group, found in zip(by_partition.values(), groups, strict=True):
            for i, answer in zip(group, found, strict=True):
                answers[i] = answer
        return [answer for answer in answers if answer is not None]

    async def get(self, job_id: str) -> Job:
        reply = await self._calls.run("get", self._of_job(job_id), ids=_encode([job_id]), extras="1")
        job = job_from(reply, attempts=True)
        if job is None:
            raise NotFound(f"there is no job {job_id}")
        return job

    async def list_jobs(self, query: JobQuery) -> JobPage:
        return await self._listing.page(query)

    async def explain(self, job_id: str) -> Explanation:
        job = await self.get(job_id)
        facts = await self._calls.run("explain", self._of_job(job_id), id=job_id, tenant=job.tenant_id, queue=job.queue)
        return explain_waiting(job, facts, await self.workers())

    async def cancel(self, job_id: str) -> Job:
        (answer,) = await self._calls.run("cancel", self._of_job(job_id), ids=_encode([job_id]))
        return await self._changed(job_id, answer)

    async def retry(self, job_id: str) -> Job:
        (answer,) = await self._calls.run("retry", self._of_job(job_id), ids=_encode([job_id]))
        return await self._changed(job_id, answer)

    async def wait_finished(self, job_id: str, timeout_ms: int) -> Job | None:
        partition = self._of_job(job_id)
        deadline = time.monotonic() + timeout_ms / 1000
        with self._wakeups.end_of(job_id) as ended:
            while True:
                ended.clear()
                await self._calls.run("await", partition, id=job_id, timeout_ms=timeout_ms)
                job = await self.get(job_id)
                left = deadline - time.monotonic()
                if job.state.is_terminal or left <= 0:
                    return job if job.state.is_terminal else None
                await wait(ended, min(left, 5 * _LOOK_AGAIN_S))

    # Workers

    async def claim(self, request: ClaimRequest) -> list[Lease]:
        deadline = time.monotonic() + request.wait_ms / 1000
        with self._wakeups.work_for(request.queues) as work:
            while True:
                work.clear()
                leases = await self._claim_now(request)
                left = deadline - time.monotonic()
                if leases or left <= 0:
                    return leases
                await wait(work, min(left, _LOOK_AGAIN_S * (0.75 + random.random() / 2)))

    async def finish(self, outcomes: Sequence[Outcome]) -> list[LeaseStatus]:
        statuses: list[LeaseStatus] = [LeaseStatus.STALE_LEASE] * len(outcomes)
        for partition, group in by_partition([outcome.job_id for outcome in outcomes], self._partitions).items():
            values = wire.finish_values([outcomes[i] for i in group])
            for i, status in zip(group, await self._calls.run("finish", partition, **values), strict=True):
                statuses[i] = wire.LEASE_STATUS[status]
        return statuses

    async def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest
    ) -> tuple[list[LeaseStatus], list[Lease]]:
        if self._partitions > 1 or not outcomes:
            statuses = await self.finish(outcomes) if outcomes else []
            return statuses, await self._claim_now(request)
        ended, claimed = await self._calls.run_pair(
            0, ("finish", wire.finish_values(outcomes)), ("claim", wire.claim_values(request, request.max))
        )
        return [wire.LEASE_STATUS[status] for status in ended], wire.leases(claimed, request.lease_ms)

    async def extend(self, worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int) -> list[LeaseStatus]:
        statuses: list[LeaseStatus] = [LeaseStatus.STALE_LEASE] * len(leases)
        groups = by_partition([lease.job_id for lease in leases], self._partitions)
        for partition in range(self._partitions):
            group = groups.get(partition, [])
            answer = await self._calls.run(
                "extend", partition,
                worker=worker.id, report=msgspec.json.encode(worker), lease_ms=lease_ms,
                reports=_encode([wire.report(leases[i]) for i in group]),
            )  # fmt: skip
            for i, status in zip(group, answer, strict=True):
                statuses[i] = wire.LEASE_STATUS[status]
        return statuses

    # Operators

    async def counters(self, tenant_id: str | None = None) -> Counters:
        names = Counters.__struct_fields__
        if tenant_id is not None:
            tenant = await self.tenant(tenant_id)
            return Counters(**{name: getattr(tenant, name) for name in names})
        totals = dict.fromkeys(names, 0)
        for prefix in self._prefixes():
            for name, value in zip(names, await self._calls.command("HMGET", prefix + "count", *names), strict=True):
                totals[name] += int(value or 0)
        return Counters(**totals)

    async def tenant(self, tenant_id: str) -> Tenant:
        (tenant,) = await self._tenants(self._of_tenant(tenant_id), [tenant_id])
        return tenant

    async def tenants(self, limit: int, cursor: str | None = None, prefix: str = "") -> tuple[list[Tenant], str | None]:
        between = names_between(cursor, prefix)
        found: list[tuple[str, int]] = []
        for partition, key_prefix in enumerate(self._prefixes()):
            reply = await self._calls.command("ZRANGEBYLEX", key_prefix + "tenants", *between, "LIMIT", 0, limit + 1)
            found += [(name.decode(), partition) for name in reply]
        found.sort()
        page = found[:limit]
        by_id: dict[str, Tenant] = {}
        for partition in {partition for _, partition in page}:
            names = [name for name, where in page if where == partition]
            by_id |= {tenant.id: tenant for tenant in await self._tenants(partition, names)}
        return [by_id[name] for name, _ in page], page[-1][0] if len(found) > limit else None

    async def change_tenant(self, tenant_id: str, change: PolicyChange) -> Tenant:
        change.apply_to(TenantPolicy())  # refused before anything is done
        return await self._change_own_policy(tenant_id, change.after)

    async def reset_tenant(self, tenant_id: str) -> Tenant:
        return await self._change_own_policy(tenant_id, lambda own: PolicyChange(paused=own.paused))

    async def queues(self) -> list[QueueInfo]:
        infos: dict[str, QueueInfo] = {}
        for partition in range(self._partitions):
            reply = await self._calls.run("queues", partition)
            for i in range(0, len(reply), 4):
                name, paused, runnable, pending = reply[i].decode(), bool(reply[i + 1]), reply[i + 2], reply[i + 3]
                old = infos.get(name, QueueInfo(name, False, 0, 0))
                infos[name] = QueueInfo(
                    name, paused or old.paused, old.runnable_tenants + runnable, old.pending + pending
                )
        return [infos[name] for name in sorted(infos)]

    async def pause_queue(self, queue: str, paused: bool) -> QueueInfo:
        for partition in range(self._partitions):
            await self._calls.run("pause_queue", partition, queue=queue, paused=int(paused))
        return next(info for info in await self.queues() if info.name == queue)

    async def workers(self) -> list[WorkerReport]:
        return await self.orders.workers()

    async def change_jobs(self, action: BulkAction, which: JobQuery | Sequence[str]) -> BulkResult:
        return await self._bulk.change(action, which)

    async def close(self) -> None:
        await self._wakeups.close()
        await self.store.close()

    # Upkeep

    async def promote(self, limit: int) -> UpkeepStep:
        return await self._step("promote", limit)

    async def reap(self, limit: int) -> Reaped:
        return await self.reap_worker("", limit)

    async def reap_worker(self, worker_id: str, limit: int) -> Reaped:
        requeued = failed = cancelled = 0
        nexts: list[int] = []
        for partition in range(self._partitions):
            reply = await self._calls.run("reap", partition, lost_worker=worker_id, limit=limit)
            requeued, failed, cancelled = requeued + reply[0], failed + reply[1], cancelled + reply[2]
            if reply[3] >= 0:
                nexts.append(0 if sum(reply[:3]) >= limit else reply[3])
        return Reaped(requeued, failed, cancelled, min(nexts, default=None))

    async def prune(self, retention: Retention, limit: int) -> UpkeepStep:
        steps = [
            await self._step("prune", most, state=state, max_age_ms=age, max_count=count, spared_ms=SPARED_MS)
            for state, most, age, count in await rules_of(retention, self._calls, limit)
        ]
        for partition, cursor in enumerate(self._tidied):
            self._tidied[partition] = await self._calls.run(
                "tidy", partition, silence_ms=WORKER_SILENCE_MS, cursor=cursor
            )
        nexts = [step.next_ms for step in steps if step.next_ms is not None]
        return UpkeepStep(sum(step.count for step in steps), min(nexts, default=None))

    async def fire(self, limit: int) -> UpkeepStep:
        return await self.schedules.fire_due(limit)

    async def sample(self) -> UpkeepStep:
        return await take_samples(self._calls, self._partitions)

    async def check_settings(self) -> list[str]:
        return await self.store.check()

    async def doctor(self) -> StoreReport:
        return await examine(self._calls, self._partitions)

    async def set_defaults(self, policy: TenantPolicy, fairness: Fairness = Fairness.JOBS) -> None:
        await self._set_defaults(policy, fairness, only_if_unset="0")

    # Within

    async def _set_defaults(self, policy: TenantPolicy, fairness: Fairness, *, only_if_unset: str) -> None:
        values: dict[str, Value] = {"packed": pack_policy(policy), "fairness": fairness.value}
        for partition in range(self._partitions):
            await self._calls.run("set_defaults", partition, **values, only_if_unset=only_if_unset)

    def _of_tenant(self, tenant_id: str) -> int:
        return ids.partition_of_tenant(tenant_id, self._partitions)

    def _of_job(self, job_id: str) -> int:
        if not ids.is_job_id(job_id) or ids.partition_of_job(job_id) >= self._partitions:
            raise NotFound(f"there is no job {job_id}")
        return ids.partition_of_job(job_id)

    def _prefixes(self) -> list[str]:
        return [keys.prefix(partition) for partition in range(self._partitions)]

    def _sender(self, partition: int) -> Callable[[list[Packed]], Awaitable[list[Submission]]]:
        async def send(jobs: list[Packed]) -> list[Submission]:
            items, records = zip(*jobs, strict=True)
            reply = await self._calls.run(
                "submit", partition, *records, items=wire.array(items), idempotency_ms=IDEMPOTENCY_MS
            )
            return [wire.submission(reply, i, reply[0]) for i in range(1, len(reply), 4)]

        return send

    async def _claim_now(self, request: ClaimRequest) -> list[Lease]:
        leases: list[Lease] = []
        self._first_partition += 1
        for step in range(self._partitions):
            partition = (self._first_partition + step) % self._partitions
            reply = await self._calls.run("claim", partition, **wire.claim_values(request, request.max - len(leases)))
            leases += wire.leases(reply, request.lease_ms)
            if len(leases) >= request.max:
                break
        return leases

    async def _changed(self, job_id: str, answer: bytes) -> Job:
        if answer == b"not_found":
            raise NotFound(f"there is no job {job_id}")
        if answer == b"key_taken":
            raise Conflict("another unfinished job has this job's key")
        job = await self.get(job_id)
        if answer == b"conflict":
            raise Conflict(f"the job is {job.state.value}")
        return job

    async def _tenants(self, partition: int, names: list[str]) -> list[Tenant]:
        if not names:
            return []
        reply = await self._calls.run("tenant", partition, tenants=_encode(names))
        defaults = unpack_own(reply[0]).apply_to(TenantPolicy())
        size = len(reply) // len(names)
        return [wire.tenant(name, defaults, reply[1 + i * size :][:size]) for i, name in enumerate(names)]

    async def _change_own_policy(self, tenant_id: str, changed: Callable[[PolicyChange], PolicyChange]) -> Tenant:
        partition, is_set = self._of_tenant(tenant_id), 0
        while not is_set:  # others may change it between
            before = await self._calls.command("HGET", keys.prefix(partition) + "policies", tenant_id) or b""
            packed = pack_own(changed(unpack_own(before)))
            is_set = await self._calls.run("set_policy", partition, tenant=tenant_id, before=before, packed=packed)
        return await self.tenant(tenant_id)

    async def _step(self, duty: str, limit: int, **values: Value) -> UpkeepStep:
        total, nexts = 0, []
        for partition in range(self._partitions):
            count, next_ms = await self._calls.run(duty, partition, limit=limit, **values)
            total += count
            nexts += [0 if count >= limit else next_ms] if next_ms >= 0 else []
        return UpkeepStep(total, min(nexts, default=None))
