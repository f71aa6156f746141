"""Deletes ended jobs that their tenants keep no longer, and more while memory runs out."""

from __future__ import annotations

from ..model.errors import StoreRefused
from .calls import Calls

NEARLY_FULL = 0.9
"""Share of the memory limit above which completed and cancelled jobs are deleted early, the oldest first."""
FEW = 100
"""Jobs to delete early before the memory is read again."""

SPARED_MS = 60_000
"""A job that ended more recently is not deleted for the count alone: a client may still repeat calls about it."""

EVICTED = ("completed", "cancelled")
"""The states whose jobs are deleted early. Failed jobs wait for an operator."""


async def is_nearly_full(calls: Calls) -> bool:
    """Whether memory runs out. False if the store does not report its memory."""
    try:
        memory = await calls.command("INFO", "memory")
    except StoreRefused:  # INFO is not permitted, as on some managed services
        return False
    return bool(0 < memory.get("maxmemory", 0) < memory["used_memory"] / NEARLY_FULL)
