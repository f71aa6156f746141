"""A private embedded store for the whole session, emptied before each test, and a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fairlane.engine import Engine
from fairlane.store import Durability, Store, open_store
from tests.support.clock import Clock


@pytest.fixture(scope="session")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    folder: Path = tmp_path_factory.mktemp("store")
    store = await open_store(f"embedded:{folder}", Durability.MEMORY)
    yield store
    await store.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def engine(store: Store, clock: Clock) -> Engine:
    await store.client.flushall()
    return await Engine.open(store, clock=clock, monotonic=clock.monotonic)
