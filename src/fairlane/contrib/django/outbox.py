"""The outbox in Django."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from django.db import close_old_connections, transaction
from django.db.models import Min
from django.utils import timezone

from ...sdk.app import App
from ...sdk.call import Bound
from ..outbox import Backlog, Entry, Relay, entry_values
from .models import OutboxEntry

T = TypeVar("T")


def submit(call: Bound[Any], using: str = "default") -> None:
    """Submit this call when the current transaction of the database `using` commits. Raises InvalidInput.

    `outbox.submit(build.using(tenant="acme").bind(42))`.
    """
    OutboxEntry.objects.using(using).create(**entry_values(call))


def relay(app: App, using: str = "default") -> Relay:
    """The relay that submits the jobs to the app's queue."""
    return Relay(app, _Rows(using))


class _Rows:
    """The table as the relay uses it."""

    def __init__(self, using: str) -> None:
        self._using = using

    async def waiting(self, limit: int, without_tenants: Collection[str]) -> Sequence[Entry]:
        def read() -> Sequence[Entry]:
            rows = OutboxEntry.objects.using(self._using).filter(refused=None).exclude(tenant_id__in=without_tenants)
            return [Entry(row_id, bytes(job)) for row_id, job in rows.order_by("id").values_list("id", "job")[:limit]]

        return await _in_a_thread(read)

    async def backlog(self) -> Backlog:
        def read() -> Backlog:
            entries = OutboxEntry.objects.using(self._using)
            waiting = entries.filter(refused=None)
            oldest = waiting.aggregate(oldest=Min("created_at"))["oldest"]
            age = None if oldest is None else max(0.0, (timezone.now() - oldest).total_seconds())
            return Backlog(waiting.count(), age, entries.exclude(refused=None).count())

        return await _in_a_thread(read)

    async def settle(self, delivered: Collection[int], refused: Mapping[int, str]) -> None:
        def change() -> None:
            rows = OutboxEntry.objects.using(self._using)
            with transaction.atomic(using=self._using):
                rows.filter(id__in=delivered).delete()
                for row_id, why in refused.items():
                    rows.filter(id=row_id).update(refused=why)

        await _in_a_thread(change)


async def _in_a_thread(step: Callable[[], T]) -> T:
    """Run this step where Django allows database calls, with a connection that still works."""

    def step_with_connection() -> T:
        close_old_connections()
        try:
            return step()
        finally:
            close_old_connections()

    return await asyncio.to_thread(step_with_connection)
