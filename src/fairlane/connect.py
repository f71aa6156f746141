"""Opens the backend at a URL: the engine for a store, or the remote backend for an API."""

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
    """Import the modules that `open_backend` needs for this URL."""
    if is_remote(url):
        from . import remote  # noqa: F401


async def open_backend(url: str, *, durability: str | None = None) -> Backend:
    """The backend at the URL of a store or of an API.

    Raises InvalidInput, StoreUnavailable or StoreRefused. The API is first spoken to by the first call.
    """
    if is_remote(url):
        from .remote import RemoteBackend  # imported late because it is slow to import

        return RemoteBackend(url)
    return await open_engine(url, durability=durability)


async def open_engine(url: str, *, durability: str | None = None) -> Engine:
    """The engine on a store, for callers that also run maintenance."""
    kind = Durability(durability or os.environ.get("FAIRLANE_DURABILITY") or Durability.DISK)
    store = await open_store(url, kind)
    try:
        return await Engine.open(store)
    except BaseException:
        await asyncio.shield(store.close())
        raise
