"""The engine: the backend on Valkey."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Self

from ..backend import Leases
from ..store import Store
from . import keys
from .audit import EngineAudit
from .batches import EngineBatches
from .calls import Calls
from .cursors import Cursors
from .jobs import EngineJobs
from .leases import EngineLeases
from .maintenance import EngineMaintenance
from .measures import EngineMeasures
from .monitor import EngineMonitor
from .partition import Partitions
from .permissions import check_permissions
from .queues import EngineQueues
from .schedules import EngineSchedules
from .scripts import Value
from .subscription import Subscription
from .tenants import EngineTenants
from .tokens import EngineTokens
from .workers import EngineWorkers


class Engine:
    """Implements `backend.Backend` on one store, and `backend.Maintenance`. Made by `Engine.open`."""

    def __init__(self, calls: Calls, partition_count: int) -> None:
        self.store = store = calls.store
        self.partitions = Partitions(calls, partition_count)
        self._subscription = Subscription(store, self.partitions)
        self.workers = EngineWorkers(self.partitions, self._subscription)
        self.queues = EngineQueues(self.partitions)
        self.tenants = EngineTenants(self.partitions)
        self.jobs = EngineJobs(store.watch, self.partitions, self._subscription, self.workers, Cursors(calls))
        self.batches = EngineBatches(store.watch, self.partitions)
        self.leases: Leases = EngineLeases(self.partitions, self._subscription)
        self.tokens = EngineTokens(self.partitions)
        self.audit = EngineAudit(self.partitions)
        self.schedules = EngineSchedules(self.partitions, self.jobs)
        self.monitor = EngineMonitor(calls, self, self.partitions, self._subscription)
        self.measures = EngineMeasures(calls, self.partitions, self.monitor, self.workers)
        self.maintenance = EngineMaintenance(calls, self.partitions, self.schedules)

    @classmethod
    async def open(
        cls,
        store: Store,
        *,
        partitions: int = 1,
        clock: Callable[[], int] | None = None,
        monotonic: Callable[[], int] | None = None,
    ) -> Self:
        """An engine on `store`. A new store is laid out with `partitions`.

        For tests, `clock` replaces the store's clock and `monotonic` the one of this process [default: `clock`]. Both
        return microseconds.
        """
        calls = Calls(store, clock, monotonic)
        await check_permissions(calls)
        await calls.library.verify()
        new: dict[str, Value] = {"partitions": partitions, keys.CURSOR_KEY: secrets.token_bytes()}
        known = await calls.command("HMGET", keys.META, *new)
        if None in known:  # only then write, since a full store refuses writes
            for field, value in new.items():
                await calls.command("HSETNX", keys.META, field, value)
            known = await calls.command("HMGET", keys.META, *new)
        engine = cls(calls, int(known[0]))
        await engine.tenants.set_first_defaults()
        return engine

    async def close(self) -> None:
        """Close the connections. Calls in progress fail."""
        await self._subscription.close()
        await self.store.close()
