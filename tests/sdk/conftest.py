"""One embedded store for all tests of the SDK, emptied before each, with upkeep running beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from fairlane.model.retention import Retention
from fairlane.upkeep.run import run_upkeep

from .world import PATIENCE_SECONDS, World, open_emptied


@pytest.fixture
async def world(store_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setenv("FAIRLANE_DURABILITY", "memory")
    engine = await open_emptied(store_url)
    upkeep = asyncio.create_task(run_upkeep(engine.maintenance, Retention()))
    world = World(store_url, engine)
    try:
        yield world
    finally:
        upkeep.cancel()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.wait([upkeep])
            await world.app.close()
            assert (await engine.maintenance.doctor()).problems == []
            await engine.close()
