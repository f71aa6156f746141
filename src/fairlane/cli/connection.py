"""Opens the backend that the settings name, for one command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from ..backend import Backend, Maintenance
from ..connect import open_backend, open_engine
from ..model.errors import InvalidInput, StoreUnavailable
from ..rest.urls import is_remote
from ..runtime.access_token import access_token
from ..runtime.settings import Settings

T = TypeVar("T")


def ask(settings: Settings, question: Callable[[Backend], Awaitable[T]]) -> T:
    """Call `question` with the backend, and return its answer. Raises StoreUnavailable and InvalidInput."""

    async def connected() -> T:
        backend = await open_backend(settings.queue_url, durability=settings.durability, token=access_token(settings))
        try:
            return await question(backend)
        finally:
            await backend.close()

    check_exists(settings.queue_url)
    return asyncio.run(connected())


def ask_store(settings: Settings, question: Callable[[Maintenance], Awaitable[T]]) -> T:
    """As `ask`, for maintenance, which needs a store."""

    async def connected() -> T:
        engine = await open_engine(settings.queue_url, durability=settings.durability)
        try:
            return await question(engine.maintenance)
        finally:
            await engine.close()

    if is_remote(settings.queue_url):
        raise InvalidInput("this needs the URL of a store, not of an API")
    check_exists(settings.queue_url)
    return asyncio.run(connected())


def check_exists(url: str) -> None:
    """Raises StoreUnavailable if the data folder is missing: a client must not create a store by a mistyped name."""
    scheme, _, folder = url.partition(":")
    if scheme == "embedded" and folder and not Path(folder).expanduser().is_dir():
        raise StoreUnavailable(f"there is no store in {folder}: start one with `fairlane up`, or name yours with --url")
