"""Opens the backend at a URL: the engine for a store, or the remote backend for an API."""

from __future__ import annotations

import asyncio
import os

from .backend import Backend
from .engine import Engine
from .rest.urls import is_remote
from .store import Durability, open_store


def load_client(url: str) -> None:
    """Import the modules that `open_backend` needs for this URL."""
    if is_remote(url):
        from . import remote  # noqa: F401


async def open_backend(url: str, *, durability: str | None = None, token: str | None = None) -> Backend:
    """The backend at the URL of a store or of an API.

    `token` is sent to an API; a store needs none. The first call connects to an API.

    Raises InvalidInput, StoreUnavailable or StoreRefused.
    """
    if is_remote(url):
        from .remote import RemoteBackend  # imported late because it is slow to import

        return RemoteBackend(url, token)
    return await open_engine(url, durability=durability)


async def open_engine(url: str, *, durability: str | None = None) -> Engine:
    """The engine on a store, for callers that also run maintenance."""
    kind = Durability(durability or os.environ.get("FAIRLANE_DURABILITY") or "disk")
    store = await open_store(url, kind)
    try:
        return await Engine.open(store)
    except BaseException:
        await asyncio.shield(store.close())
        raise
