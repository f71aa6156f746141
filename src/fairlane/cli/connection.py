"""Talking to the queue that the settings name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from ..backend import Backend, Maintenance
from ..connect import is_remote, open_backend, open_engine
from ..model.errors import InvalidInput, StoreUnavailable
from ..runtime.settings import Settings

T = TypeVar("T")


def ask(settings: Settings, question: Callable[[Backend], Awaitable[T]]) -> T:
    """What `question` answers when it is given the queue. Raises StoreUnavailable, StoreRefused, InvalidInput."""

    async def connected() -> T:
        backend = await open_backend(settings.queue_url, durability=settings.durability)
        try:
            return await question(backend)
        finally:
            await backend.close()

    _check_exists(settings.queue_url)
    return asyncio.run(connected())


def ask_store(settings: Settings, question: Callable[[Maintenance], Awaitable[T]]) -> T:
    """As `ask`, for what only a store can answer."""

    async def connected() -> T:
        engine = await open_engine(settings.queue_url, durability=settings.durability)
        try:
            return await question(engine.maintenance)
        finally:
            await engine.close()

    if is_remote(settings.queue_url):
        raise InvalidInput("this needs the URL of a store, not of an API")
    _check_exists(settings.queue_url)
    return asyncio.run(connected())


def _check_exists(url: str) -> None:
    """A client makes no store: to look into one that is not there is a mistake in its name."""
    scheme, _, folder = url.partition(":")
    if scheme == "embedded" and folder and not Path(folder).expanduser().is_dir():
        raise StoreUnavailable(f"there is no store in {folder}: start one with `fairlane up`, or name yours with --url")
