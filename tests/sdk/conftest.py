"""One embedded store for all tests of the SDK, emptied before each, with upkeep running beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.app_world import World, app_world


@pytest.fixture
async def world(store_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setenv("FAIRLANE_DURABILITY", "memory")
    async with app_world(store_url) as world:
        yield world
