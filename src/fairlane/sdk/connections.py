"""An app's connections: one queue for each event loop that uses the app."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .portal import close_at_exit

if TYPE_CHECKING:
    from ..backend import Backend


class Connections:
    """Opens the queue once for each event loop, with the first call."""

    def __init__(self, open_backend: Callable[[], Awaitable[Backend]], now: Callable[[], float] = time.time) -> None:
        self.now = now
        """The Unix time in seconds, by the clock of the queue that these connections lead to."""
        self.tenant: str | None = None
        """The tenant of the access token, once `learn_tenant` has returned; None if it belongs to no tenant."""
        self.knows_tenant = False
        self._open_backend = open_backend
        self._opening: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Future[Backend]] = WeakKeyDictionary()

    async def get(self) -> Backend:
        """The queue of this event loop. Raises the errors of opening it."""
        loop = asyncio.get_running_loop()
        opening = self._opening.get(loop)
        if opening is None or (opening.done() and _has_failed(opening)):
            opening = self._opening[loop] = asyncio.ensure_future(self._open_backend())
            close_at_exit(self)
        return opening.result() if opening.done() else await asyncio.shield(opening)

    async def learn_tenant(self) -> None:
        """Ask the queue which tenant the access token belongs to. Raises the errors of opening and of asking it."""
        self.tenant = await (await self.get()).tenants.own()
        self.knows_tenant = True

    async def close(self) -> None:
        """Close the connections of this event loop, if they could be opened."""
        opening = self._opening.pop(asyncio.get_running_loop(), None)
        if opening is None:
            return
        try:
            await asyncio.wait([opening])
        except asyncio.CancelledError:
            opening.cancel()
            raise
        if not _has_failed(opening):
            await opening.result().close()

    def close_all(self) -> None:
        """Close the connections of every event loop that is still open. No event loop may run in this thread."""
        for loop in list(self._opening):
            if loop.is_running():
                asyncio.run_coroutine_threadsafe(self.close(), loop).result()
            elif not loop.is_closed():
                with ThreadPoolExecutor(1) as thread:
                    thread.submit(loop.run_until_complete, self.close()).result()
        self._opening.clear()


def _has_failed(opening: asyncio.Future[Backend]) -> bool:
    return opening.cancelled() or opening.exception() is not None
