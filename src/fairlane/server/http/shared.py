"""Large answers that all callers who wait at the same time share, so that many callers cost no more than one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from .answers import Answer


class SharedAnswers:
    """Makes one answer a key at a time.

    An answer is begun after the requests that get it have arrived, so that each client sees its own earlier writes.
    """

    def __init__(self) -> None:
        self._current: dict[Hashable, asyncio.Task[Answer]] = {}
        self._following: dict[Hashable, asyncio.Task[Answer]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer that is begun next for this key."""
        following = self._following.get(key)
        if following is None:
            following = asyncio.create_task(self._make_next(key, make))
            self._following[key] = following
        return await asyncio.shield(following)

    async def _make_next(self, key: Hashable, make: Callable[[], Awaitable[Answer]]) -> Answer:
        if key in self._current:
            await asyncio.wait([self._current[key]])
        self._current[key] = this = self._following.pop(key)
        try:
            return await make()
        finally:
            if self._current.get(key) is this:
                del self._current[key]
