"""Jobs submitted within a database transaction: a table holds them, a relay hands them to the queue.

What commits is submitted at least once and makes one job: each entry has an idempotency key of its own, so
that a relay which dies between handing an entry over and removing it does no harm, and any number of
relays may run. What is rolled back was never there.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from ..backend import Backend
from ..model.backoff import Backoff
from ..model.errors import RateLimited, StoreUnavailable
from ..model.job import NewJob, SubmitStatus
from ..model.refusals import refusal_of
from ..sdk.app import App
from ..sdk.call import Bound
from ..sdk.middleware import tell_submitted

BATCH = 100
"""Entries that are handed over, and removed, together."""
POLL_SECONDS = 0.5
_TROUBLE = Backoff(base_ms=100, cap_ms=5_000)

_log = logging.getLogger("fairlane.outbox")


class Entry(msgspec.Struct, frozen=True):
    """A job in the table. Entries are handed over by rising `id`, batch after batch."""

    id: int
    job: bytes


class Table(Protocol):
    """The outbox of one database."""

    async def waiting(self, limit: int, without_tenants: Collection[str]) -> Sequence[Entry]:
        """The oldest entries that were not refused, but for those of some tenants."""

    async def settle(self, delivered: Collection[int], refused: Mapping[int, str]) -> None:
        """In one transaction, remove what was delivered, and note why others never will be."""


def entry_values(call: Bound[Any]) -> dict[str, Any]:
    """The columns of a new entry for this call: `tenant_id` and `job`. Raises InvalidInput without a tenant.

    A delay counts from now, by the clock of the call's app.
    """
    tenant, template = call.prepare()
    options = template.options
    changes: dict[str, Any] = {}
    if options.delay_ms:
        changes |= {"run_at_ms": round(call.now() * 1000) + options.delay_ms, "delay_ms": 0}
    if options.idempotency_key is None:
        changes["idempotency_key"] = f"outbox-{os.urandom(16).hex()}"
    # The job that submits has ended when the relay delivers, so it proves nothing then.
    template = msgspec.structs.replace(template, options=msgspec.structs.replace(options, **changes), parent=None)
    return {"tenant_id": tenant, "job": msgspec.msgpack.encode(template.new_job("", tenant, call.payload))}


class Relay:
    """Hands entries of a table over to the queue of an app."""

    def __init__(self, app: App, table: Table) -> None:
        self._app = app
        self._table = table
        self._limited: dict[str, float] = {}
        """Until when (on the monotonic clock) a tenant is over its submission rate."""

    async def run(self) -> None:
        """Deliver until cancelled. Outages of the store and of the database are waited out."""
        failures = 0
        while True:
            try:
                await self.deliver()
            except Exception as error:
                failures += 1
                if failures == 1:
                    _log.warning("the outbox waits: %s", error, exc_info=not isinstance(error, StoreUnavailable))
                await asyncio.sleep(_TROUBLE.delay_ms(failures, random.random()) / 1000)
            else:
                failures = 0
                await asyncio.sleep(POLL_SECONDS)

    async def deliver(self) -> int:
        """Hand over all that can be now; how many. Entries of tenants over their submission rate stay for later."""
        delivered = 0
        while True:
            now = time.monotonic()
            self._limited = {tenant: until for tenant, until in self._limited.items() if until > now}
            entries = await self._table.waiting(BATCH, list(self._limited))
            if entries:
                delivered += await self._hand_over(entries)
            if len(entries) < BATCH:
                return delivered

    async def _hand_over(self, entries: Sequence[Entry]) -> int:
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
                self._limited[job.tenant_id] = time.monotonic() + error.retry_after
            else:
                refused[entry_id] = str(error)
        for entry_id, why in refused.items():
            _log.error("entry %d of the outbox is refused for good: %s", entry_id, why)
        await self._table.settle(delivered, refused)
        return len(delivered)


def _jobs_of(entries: Sequence[Entry], backend: Backend) -> tuple[dict[int, NewJob], dict[int, str]]:
    """The jobs of these entries, and why some have none: the others must not wait for them."""
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
