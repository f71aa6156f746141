"""An engine on an empty store, with a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fairlane.engine import Engine
from fairlane.store import Durability, open_store
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def engine(store_url: str, clock: Clock) -> AsyncIterator[Engine]:
    store = await open_store(store_url, Durability.MEMORY)
    await store.client.flushall()
    engine = await Engine.open(store, clock=clock)
    yield engine
    await engine.close()
