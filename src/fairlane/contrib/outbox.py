"""The outbox: jobs submitted within a database transaction. A table holds them, a relay submits them.

Entries that commit are submitted at least once and make one job each: every entry has an idempotency key, so a relay
that dies between submitting an entry and deleting it does no harm. Any number of relays may run.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from ..backend import Backend
from ..model.backoff import Backoff
from ..model.errors import RateLimited, StoreUnavailable
from ..model.job import NewJob, OnConflict, SubmitStatus
from ..model.refusals import refusal_of
from ..sdk.app import App
from ..sdk.call import Bound
from ..sdk.middleware import tell_submitted

BATCH = 100
"""Entries that are submitted, and deleted, together."""
POLL_SECONDS = 0.5
REPORT_SECONDS = 60.0
"""How often the relay logs entries that wait for longer than this."""
_MOST_NAMED = 10
_TROUBLE = Backoff(base_ms=100, cap_ms=5_000)

_log = logging.getLogger("fairlane.outbox")


class Entry(msgspec.Struct, frozen=True):
    """A job in the table. Entries are submitted by rising `id`, in batches."""

    id: int
    job: bytes


class Backlog(msgspec.Struct, frozen=True):
    """The entries of a table."""

    waiting: int
    """Entries that the relay will submit."""
    oldest_seconds: float | None
    """The time that the oldest of them has waited; None if there are none."""
    refused: int
    """Entries that the queue will never accept."""


class Table(Protocol):
    """The outbox of one database."""

    async def waiting(self, limit: int, without_tenants: Collection[str]) -> Sequence[Entry]:
        """The oldest entries that were not refused, except the entries of these tenants."""

    async def settle(self, delivered: Collection[int], refused: Mapping[int, str]) -> None:
        """In one transaction, delete delivered entries, and write into refused ones why."""

    async def backlog(self) -> Backlog:
        """What waits now."""


def entry_values(call: Bound[Any]) -> dict[str, Any]:
    """The columns `tenant_id` and `job` of a new entry for this call. Raises InvalidInput if no tenant is known.

    A delay counts from now, by the clock of the call's app; with debounce, from the time at which the relay submits.
    """
    tenant, template = call.prepare()
    options = template.options
    changes: dict[str, Any] = {}
    if options.delay_ms and options.on_conflict is not OnConflict.DEBOUNCE:
        changes |= {"run_at_ms": round(call.now() * 1000) + options.delay_ms, "delay_ms": 0}
    if options.idempotency_key is None:
        changes["idempotency_key"] = f"outbox-{os.urandom(16).hex()}"
    # The job that submits has ended when the relay delivers, so it proves nothing then.
    template = msgspec.structs.replace(template, options=msgspec.structs.replace(options, **changes), parent=None)
    return {"tenant_id": tenant, "job": msgspec.msgpack.encode(template.new_job("", tenant, call.payload))}


class Relay:
    """Submits the entries of a table to the queue of an app."""

    def __init__(self, app: App, table: Table) -> None:
        self._app = app
        self._table = table
        self._limited: dict[str, float] = {}
        """The time (on the monotonic clock) until which a tenant is over its submission rate."""
        self._reported_at = -REPORT_SECONDS
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Deliver until `stop`. Waits out outages of the store and of the database."""
        failures = 0
        while not self._stopped.is_set():
            try:
                await self.deliver()
                await self._report()
            except Exception as error:
                failures += 1
                if failures == 1:
                    _log.warning("the outbox waits: %s", error, exc_info=not isinstance(error, StoreUnavailable))
                await self._pause(_TROUBLE.delay_ms(failures, random.random()) / 1000)
            else:
                failures = 0
                await self._pause(POLL_SECONDS)

    def stop(self) -> None:
        """Let `run` return once the batch in hand is submitted and deleted.

        Cancelling `run` is safe too: entries that it submitted but did not delete are submitted again and make no
        second job.
        """
        self._stopped.set()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)

    async def close(self) -> None:
        """Close the connections of the app on this event loop."""
        await self._app.close()

    async def backlog(self) -> Backlog:
        """The entries that wait, for your own metrics and alarms."""
        return await self._table.backlog()

    async def deliver(self) -> int:
        """Submit the entries that can be submitted now. Returns how many. Tenants over their submission rate wait."""
        delivered = 0
        while True:
            self._forget_past_limits()
            entries = await self._table.waiting(BATCH, list(self._limited))
            if entries:
                delivered += await self._submit(entries)
            if len(entries) < BATCH or self._stopped.is_set():
                return delivered

    async def _submit(self, entries: Sequence[Entry]) -> int:
        backend = await self._app.connect()
        jobs, refused = _jobs_of(entries, backend)
        delivered: list[int] = []
        answers = await backend.jobs.submit(list(jobs.values())) if jobs else []
        for (entry_id, job), answer in zip(jobs.items(), answers, strict=True):
            error = refusal_of(answer)
            if error is None:
                delivered.append(entry_id)
                if answer.status is SubmitStatus.CREATED:
                    tell_submitted(self._app.middleware, [job])
            elif isinstance(error, RateLimited):
                self._limit(job.tenant_id, error.retry_after)
            else:
                refused[entry_id] = str(error)
        for entry_id, why in refused.items():
            _log.error("entry %d of the outbox is refused for good: %s", entry_id, why)
        await self._table.settle(delivered, refused)
        return len(delivered)

    def _limit(self, tenant: str, seconds: float) -> None:
        if tenant not in self._limited:
            _log.warning(
                "tenant %s is over its submission rate: its entries in the outbox wait for %.1f s", tenant, seconds
            )
        self._limited[tenant] = time.monotonic() + seconds

    def _forget_past_limits(self) -> None:
        now = time.monotonic()
        self._limited = {tenant: until for tenant, until in self._limited.items() if until > now}

    async def _report(self) -> None:
        """Log once a minute what waits for longer than that."""
        now = time.monotonic()
        if now - self._reported_at < REPORT_SECONDS:
            return
        self._reported_at = now
        backlog = await self._table.backlog()
        if backlog.oldest_seconds is not None and backlog.oldest_seconds >= REPORT_SECONDS:
            _log.warning(
                "entries waiting in the outbox: %d, the oldest for %.0f s; tenants over their submission rate: %s",
                backlog.waiting,
                backlog.oldest_seconds,
                ", ".join(sorted(self._limited)[:_MOST_NAMED]) or "none",
            )


def _jobs_of(entries: Sequence[Entry], backend: Backend) -> tuple[dict[int, NewJob], dict[int, str]]:
    """The jobs of these entries, and why some cannot be read. They must not hold up the others."""
    jobs: dict[int, NewJob] = {}
    unreadable: dict[int, str] = {}
    for entry in entries:
        try:
            job = msgspec.msgpack.decode(entry.job, type=NewJob)
        except msgspec.MsgspecError as error:
            unreadable[entry.id] = f"it cannot be read by this release: {error}"
        else:
            jobs[entry.id] = msgspec.structs.replace(job, id=backend.jobs.new_id(job.tenant_id))
    return jobs, unreadable
