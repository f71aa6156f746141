"""One subscription to the whole store, shared by all clients of `GET /events`.

Events go into one bounded ring, and a client is a place in this ring. A client that falls behind the ring gets a
`reset` event and loads everything again. So the store's work and the memory do not grow with the number of clients,
nor with their slowness.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

import msgspec

from ...backend import Backend
from ...model.errors import FairlaneError
from ...model.monitor import JobChange, Overview
from ...rest.events import HEARTBEAT_SECONDS, JOBS, OVERVIEW, RESET, RETRY, JobChanges, event_text
from ...rest.monitor import OverviewView
from .heartbeats import beat_until, until

JOBS_EVERY_S = 0.25
OVERVIEW_EVERY_S = 1.0
LINGER_S = 15.0
"""How long the hub continues without clients, so that a client which reconnects can resume."""
MAX_EVENTS = 300
MAX_EVENT_BYTES = 4 * 1024 * 1024
"""Of all events in the ring."""

_LIVE_WITHIN_S = 2.0
_TROUBLE_S = 1.0
_QUIET_S = 60.0
_MAX_DIGITS = 16

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class Entry(msgspec.Struct, frozen=True):
    """An event in the ring."""

    place: int
    id: str
    rendered: bytes
    jobs: Sequence[JobChange] = ()
    """The changes that it tells."""

    def shown_to(self, tenant_id: str) -> bytes:
        """The event with this tenant's jobs only; empty if there are none."""
        own = [job for job in self.jobs if job.tenant_id == tenant_id]
        return event_text(JOBS, _encode(JobChanges(jobs=own, more=False)), self.id) if own else b""


class Hub:
    """Subscribes to the store while it has clients, until `stop`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._epoch = os.urandom(4).hex()
        self._place = 0
        self._ring: deque[Entry] = deque()
        self._ring_bytes = 0
        self._overview: Overview | None = None
        self._clients: set[asyncio.Event] = set()
        self._live = asyncio.Event()
        """Set while every missed change causes a `reset` event."""
        self._watching: list[asyncio.Task[None]] = []
        self._pausing: asyncio.TimerHandle | None = None
        self._stopped = False

    def events(self, last_event_id: str | None, tenant_id: str | None = None) -> AsyncGenerator[bytes]:
        """The events of a client, from the present, or from the event that it saw last: of all tenants, or of one."""
        return self._all_events(last_event_id) if tenant_id is None else self._events_of(tenant_id)

    async def _events_of(self, tenant_id: str) -> AsyncGenerator[bytes]:
        """The changes of one tenant's jobs.

        Whether the bound on listed changes left out any of them is unknown, and telling about others is forbidden.
        So the client loads everything again at fixed times, and neither these times nor anything else in the stream
        depends on other tenants.
        """
        fresh = asyncio.Event()
        self._join(fresh)
        try:
            await self._until_live()
            place = self._place
            yield RETRY
            reset_at = time.monotonic() + HEARTBEAT_SECONDS
            while True:
                fresh.clear()
                while (entry := self._after(place)) is not None:
                    place = entry.place
                    yield entry.shown_to(tenant_id)
                place = self._place
                if time.monotonic() >= reset_at:
                    reset_at += HEARTBEAT_SECONDS
                    yield self._render(RESET, b"{}")
                await until(fresh, reset_at - time.monotonic())
        finally:
            self._leave(fresh)

    async def _all_events(self, last_event_id: str | None) -> AsyncGenerator[bytes]:
        fresh = asyncio.Event()
        self._join(fresh)
        try:
            await self._until_live()
            place = self._place_of(last_event_id)
            if place is None:
                place = self._place
                yield RETRY + self._state()
            else:
                yield RETRY
            while True:
                fresh.clear()
                entry = self._after(place)
                if entry is not None:
                    place = entry.place
                    yield entry.rendered
                elif place != self._place:
                    place = self._place
                    yield self._render(RESET, b"{}") + self._state()
                else:
                    yield await beat_until(fresh)
        finally:
            self._leave(fresh)

    async def _until_live(self) -> None:
        await until(self._live, _LIVE_WITHIN_S)

    def stop(self) -> None:
        """End the subscription for good."""
        self._stopped = True
        self._pause()

    def _join(self, fresh: asyncio.Event) -> None:
        self._clients.add(fresh)
        if self._pausing is not None:
            self._pausing.cancel()
            self._pausing = None
        if not self._watching and not self._stopped:
            self._watching = [asyncio.create_task(_persist(watch)) for watch in (self._watch_jobs, self._watch_whole)]

    def _leave(self, fresh: asyncio.Event) -> None:
        self._clients.discard(fresh)
        if not self._clients and not self._stopped:
            self._pausing = asyncio.get_running_loop().call_later(LINGER_S, self._pause)

    def _pause(self) -> None:
        for task in self._watching:
            task.cancel()
        self._watching = []
        self._live.clear()
        self._ring.clear()
        self._ring_bytes = 0
        self._overview = None
        self._place += 1  # a place that no earlier client has seen

    async def _watch_jobs(self) -> None:
        async with aclosing(self._backend.monitor.changes()) as stream:
            async for changes in stream:
                if changes.missed:
                    self._append(RESET, b"{}")
                    self._live.set()
                if changes.jobs or changes.more:
                    self._append(JOBS, _encode(JobChanges(jobs=changes.jobs, more=changes.more)), changes.jobs)
                await asyncio.sleep(JOBS_EVERY_S)

    async def _watch_whole(self) -> None:
        while True:
            overview = await self._backend.monitor.overview()
            old = self._overview
            if old is None or _is_news(overview, old):
                self._overview = overview
                self._append(OVERVIEW, _encode(OverviewView.of(overview)))
            await asyncio.sleep(OVERVIEW_EVERY_S)

    def _append(self, name: str, data: bytes, jobs: Sequence[JobChange] = ()) -> None:
        self._place += 1
        entry = Entry(self._place, self._id, self._render(name, data), jobs)
        self._ring.append(entry)
        self._ring_bytes += len(entry.rendered)
        while len(self._ring) > MAX_EVENTS or (self._ring_bytes > MAX_EVENT_BYTES and len(self._ring) > 1):
            self._ring_bytes -= len(self._ring.popleft().rendered)
        for fresh in self._clients:
            fresh.set()

    def _after(self, place: int) -> Entry | None:
        """The next event. None if it has not happened yet, or has left the ring."""
        if not self._ring or not self._ring[0].place <= place + 1 <= self._place:
            return None
        return self._ring[place + 1 - self._ring[0].place]

    def _state(self) -> bytes:
        """The present overview as an event; empty before the first one."""
        if self._overview is None:
            return b""
        return self._render(OVERVIEW, _encode(OverviewView.of(self._overview)))

    def _render(self, name: str, data: bytes) -> bytes:
        return event_text(name, data, self._id)

    @property
    def _id(self) -> str:
        return f"{self._epoch}-{self._place}"

    def _place_of(self, event_id: str | None) -> int | None:
        """The place of an event id; -1 for an id of another process."""
        if event_id is None:
            return None
        epoch, _, place = event_id.partition("-")
        ours = epoch == self._epoch and place.isascii() and place.isdigit() and len(place) < _MAX_DIGITS
        return int(place) if ours else -1


async def _persist(watch: Callable[[], Awaitable[None]]) -> None:
    """Watch until cancelled. Failures of the store are logged and retried."""
    quiet_until = 0.0
    while True:
        try:
            await watch()
        except FairlaneError as error:
            if time.monotonic() > quiet_until:
                quiet_until = time.monotonic() + _QUIET_S
                _log.warning("the event stream waits for the store: %s", error)
        except Exception:
            _log.exception("the event stream failed and is started again")
        await asyncio.sleep(_TROUBLE_S)


def _is_news(overview: Overview, old: Overview) -> bool:
    """Whether more has changed than the time and a few bytes of memory."""
    if msgspec.structs.replace(overview, at=old.at, memory=old.memory) != old:
        return True
    if overview.memory is None or old.memory is None:
        return overview.memory is not old.memory
    return (overview.memory.percent_used, overview.memory.limit_bytes) != (
        old.memory.percent_used,
        old.memory.limit_bytes,
    )
