"""The worker protocol on a store: claim, extend, finish."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import msgspec

from ..model.errors import Conflict
from ..model.lease import (
    MAX_WORKERS,
    ClaimRequest,
    Lease,
    LeaseReport,
    LeaseStatus,
    Outcome,
    WorkerReport,
    check_queues,
)
from . import codec
from .codec import Claimed
from .partition import Partition, Partitions
from .scripts import Value
from .subscription import Subscription, wait

LOOK_AGAIN_S = 5.0
"""How often an idle claim tries again without having been woken."""

_encode = msgspec.msgpack.Encoder().encode


class EngineLeases:
    """Implements `backend.Leases`."""

    def __init__(self, partitions: Partitions, subscription: Subscription) -> None:
        self._partitions = partitions
        self._subscription = subscription
        self._first_partition = random.randrange(len(partitions))

    async def claim(self, request: ClaimRequest) -> list[Lease]:
        if request.wait_ms <= 0:
            return (await self._claim_now(request)).leases
        deadline = time.monotonic() + request.wait_ms / 1000
        with self._subscription.idle_claim(request.queues) as idle:
            while True:
                idle.begin()
                began = time.monotonic()
                found = await self._claim_now(request, idle.name, max(0, round((deadline - began) * 1000)))
                # From before the call on, so that the next one arrives in time and not a round trip late.
                again = began + LOOK_AGAIN_S * (0.75 + random.random() / 2)
                if found.again_s is not None:
                    again = min(again, began + found.again_s)
                if not found.leases:
                    await wait(idle.event, min(deadline, again) - time.monotonic())
                if found.leases or (time.monotonic() >= deadline and not idle.event.is_set()):
                    return found.leases

    async def finish(self, outcomes: Sequence[Outcome]) -> list[LeaseStatus]:
        statuses: list[LeaseStatus] = [LeaseStatus.STALE_LEASE] * len(outcomes)
        for partition, group in self._partitions.group_jobs([outcome.job_id for outcome in outcomes]):
            reply = await partition.run("finish", **codec.finish_values([outcomes[i] for i in group]))
            for i, status in zip(group, reply, strict=True):
                statuses[i] = codec.LEASE_STATUS[status]
        return statuses

    async def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest
    ) -> tuple[list[LeaseStatus], list[Lease]]:
        if len(self._partitions) > 1 or not outcomes:
            statuses = await self.finish(outcomes) if outcomes else []
            return statuses, (await self._claim_now(request)).leases
        ended, claimed = await self._partitions[0].run_pair(
            ("finish", codec.finish_values(outcomes)), ("claim", codec.claim_values(request, request.max))
        )
        return [codec.LEASE_STATUS[status] for status in ended], codec.claimed(claimed, request.lease_ms).leases

    async def extend(self, worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int) -> list[LeaseStatus]:
        check_queues(worker.queues, "/worker/queues")
        statuses: list[LeaseStatus] = [LeaseStatus.STALE_LEASE] * len(leases)
        known = []
        groups = {p.number: group for p, group in self._partitions.group_jobs([lease.job_id for lease in leases])}
        about = msgspec.json.encode(msgspec.structs.replace(worker, work=None))
        work = b"" if worker.work is None else _encode((worker.work.number, worker.work.counts))

        async def beat(partition: Partition) -> None:
            group = groups.get(partition.number, [])
            reports = _encode([codec.report(leases[i]) for i in group])
            values: dict[str, Value] = {"worker": worker.id, "report": about, "lease_ms": lease_ms, "reports": reports}
            values["counts"] = work if partition.number == 0 else b""
            is_known, *reply = await partition.run("extend", most_workers=MAX_WORKERS, **values)
            known.append(is_known)
            for i, status in zip(group, reply, strict=True):
                statuses[i] = codec.LEASE_STATUS[status]

        await self._partitions.each(beat)
        if not leases and not all(known):
            raise Conflict(f"there are {MAX_WORKERS:,} workers, the most that a store knows; stop some")
        return statuses

    async def _claim_now(self, request: ClaimRequest, idle_claim: str = "", wait_ms: int = 0) -> Claimed:
        leases: list[Lease] = []
        again: list[float] = []
        self._first_partition += 1
        first = self._first_partition  # other claims change it before this one ends
        for step in range(len(self._partitions)):
            partition = self._partitions[(first + step) % len(self._partitions)]
            most = request.max - len(leases)
            reply = await partition.run("claim", **codec.claim_values(request, most, idle_claim, wait_ms))
            found = codec.claimed(reply, request.lease_ms)
            leases += found.leases
            if found.again_s is not None:
                again.append(found.again_s)
            if len(leases) >= request.max:
                break
        return Claimed(leases, min(again, default=None))
