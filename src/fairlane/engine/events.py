"""Which jobs changed, for watchers in this process.

Scripts publish events only while a key of the partition says that a process watches. This module renews that key
while there is a watcher; otherwise it expires.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec

from ..model.errors import StoreUnavailable
from ..model.monitor import MAX_LISTED_CHANGES
from ..model.states import State
from ..store.answers import PATIENCE_S
from .partition import Partitions
from .subscription import Subscription

WATCHED_MS = 15_000
RENEW_S = 4.0
_decode = msgspec.msgpack.Decoder(dict[State, list[str]]).decode


class Watcher:
    """The events that a watcher has not taken yet."""

    def __init__(self, job_id: str | None) -> None:
        self.job_id = job_id
        """The watched job; None for all jobs."""
        self.event = asyncio.Event()
        """Set when there is an event to take."""
        self.changed: dict[str, State] = {}
        """Up to MAX_LISTED_CHANGES changed jobs with their latest states."""
        self.more = False
        """Whether further jobs changed."""
        self.missed = False
        """Whether events may have been lost."""

    def clear(self) -> None:
        """Start to collect again."""
        self.changed, self.more, self.missed = {}, False, False
        self.event.clear()

    def miss(self) -> None:
        """Note that events may have been lost."""
        self.missed = True
        self.event.set()

    def tell(self, state: State, ids: list[str]) -> None:
        """Note that these jobs are now in this state."""
        for job_id in ids:
            if job_id in self.changed or len(self.changed) < MAX_LISTED_CHANGES:
                self.changed[job_id] = state
            else:
                self.more = True
        self.event.set()


class Events:
    """All watchers of one process."""

    def __init__(self, partitions: Partitions, subscription: Subscription) -> None:
        self._subscription = subscription
        self._partitions = partitions
        self._of_all: set[Watcher] = set()
        self._of_one: dict[str, set[Watcher]] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._heard = asyncio.Event()
        """Set once events arrive. A broken connection leaves it set: the subscription reconnects."""

    @contextlib.asynccontextmanager
    async def watch(self, job_id: str | None = None) -> AsyncIterator[Watcher]:
        """Watch one job or all. A lost event sets `missed`. Raises StoreUnavailable."""
        watcher = Watcher(job_id)
        self._add(watcher)
        try:
            await self._subscription.hear_events(self._hear)
            await self._renew()
            if self._renewing is None:
                self._renewing = asyncio.create_task(self._keep_watched())
            await self._wait_until_heard()
            watcher.miss()
            yield watcher
        finally:
            self._remove(watcher)
            if not self._of_all and not self._of_one:
                await self._stop()

    def _add(self, watcher: Watcher) -> None:
        if watcher.job_id is None:
            self._of_all.add(watcher)
        else:
            self._of_one.setdefault(watcher.job_id, set()).add(watcher)

    def _remove(self, watcher: Watcher) -> None:
        if watcher.job_id is None:
            self._of_all.discard(watcher)
            return
        others = self._of_one[watcher.job_id]
        others.discard(watcher)
        if not others:
            del self._of_one[watcher.job_id]

    async def _wait_until_heard(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._heard.wait()
        except TimeoutError:
            raise StoreUnavailable("the store does not confirm the subscription; try again") from None

    async def _stop(self) -> None:
        self._heard.clear()
        if self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None
        await self._subscription.hear_events(None)

    async def _renew(self) -> bool:
        """Renew the key that asks for events. Returns whether it still existed in every partition."""
        known = await self._partitions.each(lambda partition: partition.run("watch_events", watched_ms=WATCHED_MS))
        return all(known)

    async def _keep_watched(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            with contextlib.suppress(StoreUnavailable):
                if not await self._renew():
                    self._hear(None)

    def _hear(self, data: bytes | None) -> None:
        """`data` None: events arrive from now on, but earlier ones may have been lost."""
        try:
            told = None if data is None else _decode(data)
        except msgspec.MsgspecError:  # another release may know states that this one does not
            told = None
        if told is None:
            self._heard.set()
            for watcher in [*self._of_all, *(one for some in self._of_one.values() for one in some)]:
                watcher.miss()
            return
        for state, ids in told.items():
            for watcher in self._of_all:
                watcher.tell(state, ids)
            if self._of_one:
                for job_id in self._of_one.keys() & set(ids):
                    for watcher in self._of_one[job_id]:
                        watcher.tell(state, [job_id])
