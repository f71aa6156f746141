"""Watches the settings of a store that is in use: what no longer keeps its promise must not be acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from ..model.errors import StoreRefused, StoreUnavailable
from .answers import PATIENCE_WITH_ANSWERS_S

FRESH_S = 2.0
"""How long the findings of a check are relied on."""


class SettingsWatch:
    """Checks the settings when a caller relies on them, at most every FRESH_S."""

    def __init__(self, name: str, check: Callable[[], Awaitable[list[str]]]) -> None:
        """`check` returns what is wrong with the store called `name`."""
        self._name = name
        self._check = check
        self._checked_at = -FRESH_S
        self._problems: list[str] = []
        self._checking: asyncio.Task[None] | None = None

    async def require_safe(self) -> None:
        """Raises StoreRefused, naming each setting that loses jobs.

        Returns if the store is away or does not end the check in time: the caller's own call then says why.
        """
        if time.monotonic() - self._checked_at > FRESH_S:
            if self._checking is None or self._checking.done():
                self._checking = asyncio.create_task(self._refresh())
            await asyncio.shield(self._checking)
        if self._problems:
            raise StoreRefused(f"store {self._name} would lose jobs: {'; '.join(self._problems)}")

    async def _refresh(self) -> None:
        with contextlib.suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(PATIENCE_WITH_ANSWERS_S):  # a check waits for a store that loads its data
                self._problems = await self._check()
        self._checked_at = time.monotonic()

    async def close(self) -> None:
        """End a check that is under way."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.wait([self._checking])
