"""From a URL to a queue: the one place that knows what stands behind the verbs."""

from __future__ import annotations

import asyncio
import os

from .backend import Backend
from .engine import Engine
from .store import Durability, open_store


def is_remote(url: str) -> bool:
    """Whether this is the URL of an API rather than of a store."""
    return url.startswith(("http://", "https://"))


def load_client(url: str) -> None:
    """Import now what `open_backend` would import later."""
    if is_remote(url):
        from . import remote  # noqa: F401


async def open_backend(url: str, *, durability: str | None = None) -> Backend:
    """The queue at the URL of a store or of the API.

    Raises InvalidInput, StoreUnavailable or StoreRefused. The API is first spoken to by the first call.
    """
    if is_remote(url):
        from .remote import RemoteBackend  # takes its time to import, which others need not wait for

        return RemoteBackend(url)
    return await open_engine(url, durability=durability)


async def open_engine(url: str, *, durability: str | None = None) -> Engine:
    """The engine on a store, for those who also do upkeep."""
    kind = Durability(durability or os.environ.get("FAIRLANE_DURABILITY") or Durability.DISK)
    store = await open_store(url, kind)
    try:
        return await Engine.open(store)
    except BaseException:
        await asyncio.shield(store.close())
        raise
