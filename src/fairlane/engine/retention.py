"""Deletes ended jobs that their tenants keep no longer, and more while memory runs out."""

from __future__ import annotations

from ..model.errors import StoreRefused
from ..model.overview import StoreMemory
from .calls import Calls

FEW = 100
"""Jobs to delete early before the memory is read again."""

SPARED_MS = 60_000
"""A job that ended more recently is not deleted for the count alone: a client may still repeat calls about it."""

EVICTED = ("completed", "cancelled")
"""The states whose jobs are deleted early. Failed jobs wait for an operator."""


async def read_memory(calls: Calls) -> StoreMemory | None:
    """How much memory the store uses. None if it does not say."""
    try:
        memory = await calls.info("memory")
    except StoreRefused:  # INFO is not permitted, as on some managed services
        return None
    return StoreMemory(used_bytes=int(memory["used_memory"]), limit_bytes=int(memory.get("maxmemory", 0)) or None)
