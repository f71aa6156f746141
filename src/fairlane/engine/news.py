"""News of changed jobs, for whoever in this process watches.

Scripts tell news only while a key of the partition says that somebody watches. It is kept alive
here as long as there is a watcher, and otherwise expires.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec

from ..model.errors import StoreUnavailable
from ..model.monitor import MAX_LISTED_CHANGES
from ..model.states import State
from .calls import PATIENCE_S, Calls
from .wakeups import Wakeups

WATCHED_MS = 15_000
RENEW_S = 4.0
_decode = msgspec.msgpack.Decoder(dict[State, list[str]]).decode


class Watcher:
    """What a watcher has not yet taken."""

    def __init__(self, job_id: str | None) -> None:
        self.job_id = job_id
        """The one job that is watched; None for all."""
        self.event = asyncio.Event()
        """Set when there is something to take."""
        self.changed: dict[str, State] = {}
        """The first MAX_LISTED_CHANGES jobs that changed, with their last states."""
        self.more = False
        """Whether others changed too."""
        self.missed = False
        """Whether news may have been lost."""

    def clear(self) -> None:
        """Begin to collect anew."""
        self.changed, self.more, self.missed = {}, False, False
        self.event.clear()

    def miss(self) -> None:
        """Note that news may have been lost."""
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


class News:
    """All watchers of one process, and what the store tells them."""

    def __init__(self, calls: Calls, wakeups: Wakeups, partitions: int) -> None:
        self._calls = calls
        self._wakeups = wakeups
        self._partitions = partitions
        self._of_all: set[Watcher] = set()
        self._of_one: dict[str, set[Watcher]] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._heard = asyncio.Event()
        """Set while the store is heard, or soon will be again."""

    @contextlib.asynccontextmanager
    async def watch(self, job_id: str | None = None) -> AsyncIterator[Watcher]:
        """News of one job or of all; from the start on none is lost without a word. Raises StoreUnavailable."""
        watcher = Watcher(job_id)
        self._add(watcher)
        try:
            await self._wakeups.hear_news(self._hear)
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
            raise StoreUnavailable("the store does not say that it will tell news") from None

    async def _stop(self) -> None:
        self._heard.clear()
        if self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None
        await self._wakeups.hear_news(None)

    async def _renew(self) -> bool:
        """Say that somebody watches. Whether the store knew in every partition."""
        known = [await self._calls.run("watch", each, watched_ms=WATCHED_MS) for each in range(self._partitions)]
        return all(known)

    async def _keep_watched(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            with contextlib.suppress(StoreUnavailable):
                if not await self._renew():
                    self._hear(None)

    def _hear(self, data: bytes | None) -> None:
        """`data` None: from here on news is heard, but some before may have been lost."""
        try:
            told = None if data is None else _decode(data)
        except msgspec.MsgspecError:  # of another release, which knows states that this one does not
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
