"""Background work of a command continues after a failure, which is logged at once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import watchfiles

from fairlane.model.errors import StoreUnavailable
from fairlane.runtime.child import Child
from fairlane.runtime.health import served_health
from fairlane.runtime.reload import reloading
from fairlane.runtime.retrying import insist
from tests.support.app_world import PATIENCE_SECONDS, eventually


def failing(times: int, error: Exception, step: Callable[..., Any]) -> Callable[..., Any]:
    """A step that first raises `error` `times` times."""
    left = [error] * times

    def attempt(*arguments: Any, **keywords: Any) -> Any:
        if left:
            raise left.pop()
        return step(*arguments, **keywords)

    return attempt


async def nothing() -> None:
    pass


async def in_time(step: Awaitable[Any]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await step


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("no"), ["mending failed; retrying: no"] * 2),
        (StoreUnavailable("away"), ["mending waits for the store: away"]),
    ],
)
async def test_a_step_is_taken_until_it_is_done(
    error: Exception, told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    await in_time(insist("mending", failing(2, error, nothing)))
    assert [record.getMessage() for record in caplog.records] == told


async def test_the_health_is_told_after_trouble(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(asyncio, "start_server", failing(1, OSError("no room"), asyncio.start_server))
    async with served_health(str(port), lambda: None):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /readyz HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await reader.readline()).split()[1] == b"200"
        writer.close()
    assert "serving the health failed; retrying: no room" in caplog.text

    async def nobody_listens() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return False
        return True

    await eventually(nobody_listens, "the port is given back")


async def test_source_files_are_watched_after_trouble(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    restarted = asyncio.Event()

    class Noting(Child):
        async def restart(self) -> None:
            restarted.set()

    async def one_change() -> AsyncIterator[set[tuple[watchfiles.Change, str]]]:
        yield {(watchfiles.Change.modified, "shop.py")}

    failing_watch = failing(1, OSError("too many watches"), lambda *args, **keywords: one_change())
    monkeypatch.setattr(watchfiles, "awatch", failing_watch)
    async with reloading([Noting("worker", [], {}, stop_seconds=1)], wanted=True):
        await in_time(restarted.wait())
    assert "watching the source files failed; retrying: too many watches" in caplog.text
