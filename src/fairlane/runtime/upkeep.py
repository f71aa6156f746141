"""Runs upkeep in this process: alone, or beside the other uses of a store."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from ..connect import open_engine
from ..engine import Engine
from ..upkeep.run import run_upkeep
from .settings import Settings
from .supervisor import StopSignals


async def keep_up(settings: Settings) -> None:
    """Run upkeep alone, until a stop signal."""
    with StopSignals() as signals:
        await signals.unless_asked(upkeep_at(settings.store_url, settings))


async def upkeep_at(url: str, settings: Settings) -> None:
    """Run upkeep of the store at `url`, until cancelled."""
    async with open_store(url, settings, with_upkeep=True):
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def open_store(url: str, settings: Settings, *, with_upkeep: bool) -> AsyncIterator[Engine]:
    """Open a store, and run upkeep beside it if `with_upkeep`."""
    engine = await open_engine(url, durability=settings.durability)
    upkeep = asyncio.create_task(run_upkeep(engine.maintenance)) if with_upkeep else None
    try:
        yield engine
    finally:
        if upkeep is not None:
            upkeep.cancel()
            await asyncio.wait([upkeep])
        await engine.close()
