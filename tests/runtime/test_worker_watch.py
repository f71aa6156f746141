"""When a supervisor counts its workers as ready."""

from __future__ import annotations

import asyncio

from fairlane.connect import open_backend
from fairlane.runtime.settings import Settings
from fairlane.runtime.worker_pool import worker_children
from fairlane.runtime.worker_watch import watched


async def test_a_worker_that_drained_before_a_look_at_it_is_not_waited_for(store_url: str) -> None:
    (child,) = worker_children(Settings(workers=1), "shop:app", "", on_death=lambda worker_id: None)
    child.is_drained = True
    backend = await open_backend(store_url, durability="memory")
    try:
        async with watched(backend, [child]) as watch:
            await asyncio.wait_for(watch.all_ready.wait(), 30)
    finally:
        await backend.close()
