"""When a supervisor counts its workers as ready."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from fairlane.connect import open_backend
from fairlane.runtime.settings import Settings
from fairlane.runtime.worker_pool import worker_children
from fairlane.runtime.worker_watch import watched
from tests.support.app_world import eventually


async def test_a_worker_that_drained_before_a_look_at_it_is_not_waited_for(store_url: str) -> None:
    (child,) = worker_children(Settings(workers=1), "shop:app", "", on_death=lambda worker_id: None)
    child.is_drained = True
    backend = await open_backend(store_url, durability="memory")
    try:
        async with watched(backend, [child]) as watch:
            await asyncio.wait_for(watch.all_ready.wait(), 30)
    finally:
        await backend.close()


async def test_a_worker_that_stands_still_is_missing_and_is_replaced(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a task has blocked the whole process. Upkeep, which forgets silent workers, is played by the test."""
    monkeypatch.setattr("fairlane.runtime.worker_watch._HEARTBEAT_SECONDS", 0.1)
    died: list[str] = []
    settings = Settings(workers=1, store=store_url, durability="memory", lease="1s")
    backend = await open_backend(store_url, durability="memory")
    (child,) = worker_children(settings, "fairlane.builtin:app", "", on_death=died.append)
    keeping = asyncio.create_task(child.keep())
    async with watched(backend, [child]) as watch:
        await asyncio.wait_for(watch.all_ready.wait(), 60)
        first = child.worker_id
        (report,) = await backend.workers.list()
        os.kill(report.pid, signal.SIGSTOP)
        await backend.workers.leave(first)

        async def is_missing() -> bool:
            return watch.problem() == "not running: worker-1"

        async def is_replaced() -> bool:
            return child.worker_id != first and watch.problem() is None

        await eventually(is_missing, "the worker is missing")
        await eventually(is_replaced, "another worker has taken its place", 60)
        assert died == [first]
        await child.stop(asyncio.Event())
    await keeping
    await backend.close()
