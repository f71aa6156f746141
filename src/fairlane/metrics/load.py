"""The load of a store, as families."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from ..model.lease import WorkerReport
from ..model.load import Load, QueueLoad, StoreLoad, TenantLoad
from .families import Family, Sample
from .work import OTHERS, work_families

MAX_QUEUES = 1_000
"""Queues with their own gauges: those with the most pending jobs."""


def load_families(load: Load) -> Iterator[Family]:
    """All families of a store."""
    queues = _bounded(load.queues)
    yield _total("jobs_submitted", "Jobs ever submitted.", load.counters.submitted)
    yield _total("jobs_completed", "Jobs that have succeeded.", load.counters.completed)
    yield _total("attempts_failed", "Attempts that have failed.", load.counters.failed)
    yield _total("jobs_retried", "Times that a job was queued again.", load.counters.retried)
    yield _jobs(load, queues)
    yield Family(
        "fairlane_oldest_startable_seconds",
        "gauge",
        "Wait of the oldest job that no limit of its tenant holds back, among the tenants that are next in turn.",
        [Sample({"queue": queue.name}, queue.oldest_startable_seconds or 0) for queue in queues],
    )
    yield _gauge("dead_letters", "Jobs in the dead letter queue.", load.states.failed)
    yield Family(
        "fairlane_queue_paused",
        "gauge",
        "Whether the queue is paused.",
        [Sample({"queue": queue.name}, queue.paused) for queue in queues],
    )
    yield from _workers(load.workers, queues)
    yield from work_families(load.work)
    yield _gauge("schedule_lag_seconds", "Delay of the schedule that is due first.", load.schedule_lag_seconds)
    yield _gauge("upkeep_age_seconds", "Time since upkeep last sampled the figures.", load.upkeep_age_seconds)
    yield from _tenants(load.tenants)
    yield from _store(load.store)


def _bounded(queues: Sequence[QueueLoad]) -> list[QueueLoad]:
    """The largest queues, and one in place of all others."""
    if len(queues) <= MAX_QUEUES:
        return list(queues)
    largest = {queue.name for queue in heapq.nlargest(MAX_QUEUES, queues, key=lambda queue: queue.pending)}
    others = [queue for queue in queues if queue.name not in largest]
    waits = [queue.oldest_startable_seconds for queue in others if queue.oldest_startable_seconds is not None]
    merged = msgspec.structs.replace(
        others[0],
        name=OTHERS,
        paused=False,
        pending=sum(queue.pending for queue in others),
        running=sum(queue.running for queue in others),
        oldest_startable_seconds=max(waits, default=None),
    )
    return [*(queue for queue in queues if queue.name in largest), merged]


def _jobs(load: Load, queues: Sequence[QueueLoad]) -> Family:
    samples = [Sample({"queue": queue.name, "state": "pending"}, queue.pending) for queue in queues]
    samples += [Sample({"queue": queue.name, "state": "running"}, queue.running) for queue in queues]
    for state in ("scheduled", "completed", "failed", "cancelled"):
        samples.append(Sample({"state": state}, getattr(load.states, state)))
    help_text = "Jobs that the store holds. States other than pending and running are counted over all queues."
    return Family("fairlane_jobs", "gauge", help_text, samples)


def _workers(workers: Sequence[WorkerReport], queues: Sequence[QueueLoad]) -> Iterator[Family]:
    """A worker that serves several queues counts for each of them."""
    figures: tuple[tuple[str, str, Callable[[WorkerReport], int]], ...] = (
        ("workers", "Workers that serve the queue, whose last heartbeat is recent.", lambda worker: 1),
        ("slots", "Jobs that the queue's workers can run at once.", lambda worker: worker.slots),
        ("slots_busy", "Jobs of any queue that the queue's workers were running.", lambda worker: worker.running),
    )
    for name, help_text, figure in figures:
        of_all = sum(figure(worker) for worker in workers if not worker.queues)
        named: Counter[str] = Counter()
        for worker in workers:
            for queue in worker.queues:
                named[queue] += figure(worker)
        samples = [Sample({"queue": queue.name}, of_all + named[queue.name]) for queue in queues]
        yield Family(f"fairlane_{name}", "gauge", help_text, samples)


def _tenants(tenants: Sequence[TenantLoad]) -> Iterator[Family]:
    jobs = [
        Sample({"tenant": tenant.id, "state": state}, getattr(tenant, state))
        for tenant in tenants
        for state in ("pending", "running")
    ]
    started = [Sample({"tenant": tenant.id}, tenant.started) for tenant in tenants]
    blocked = [Sample({"tenant": tenant.id}, tenant.is_blocked) for tenant in tenants]
    yield Family("fairlane_tenant_jobs", "gauge", "Jobs of the tenants with the most waiting jobs.", jobs)
    yield Family("fairlane_tenant_started_total", "counter", "Attempts that these tenants began.", started)
    yield Family("fairlane_tenant_blocked", "gauge", "Whether a limit or a pause holds the tenant back.", blocked)


def _store(store: StoreLoad | None) -> Iterator[Family]:
    for name, help_text, figure in (
        ("memory_bytes", "Memory that the store uses.", "used_memory"),
        ("memory_limit_bytes", "Memory that the store may use; 0 without a limit.", "max_memory"),
        ("aof_enabled", "Whether the store writes every change to disk.", "append_only"),
        ("aof_last_write_ok", "Whether its last write succeeded.", "last_write_succeeded"),
    ):
        yield _gauge(f"store_{name}", help_text, None if store is None else getattr(store, figure))


def _gauge(name: str, help_text: str, value: float | None) -> Family:
    return Family(f"fairlane_{name}", "gauge", help_text, [] if value is None else [Sample({}, value)])


def _total(name: str, help_text: str, value: float) -> Family:
    return Family(f"fairlane_{name}_total", "counter", help_text, [Sample({}, value)])
