"""Which finished jobs to delete: those beyond the retention limits, and more while memory runs out."""

from __future__ import annotations

from ..model.errors import StoreRefused
from ..model.retention import Retention
from .calls import Calls
from .scripts import Value

NEARLY_FULL = 0.9
"""Share of the memory limit above which completed and cancelled jobs are deleted early, the oldest first."""
FEW = 100
"""Jobs to delete early before the memory is read again."""

SPARED_MS = 60_000
"""A job that ended more recently is not deleted for the count alone: a client may still repeat calls about it."""

Rule = tuple[str, int, int, Value]
"""State, the number of jobs that a step may delete, and the age (ms) and count above which to delete."""


async def rules_of(retention: Retention, calls: Calls, limit: int) -> list[Rule]:
    """What to delete now. Failed jobs wait for an operator, so they are not deleted early."""
    early = await _is_nearly_full(calls)
    most = min(limit, FEW) if early else limit
    return [
        ("completed", most, 0 if early else retention.completed_ms, retention.completed_max),
        ("cancelled", most, 0 if early else retention.cancelled_ms, retention.cancelled_max),
        ("failed", limit, retention.failed_ms, ""),
    ]


async def _is_nearly_full(calls: Calls) -> bool:
    """Whether memory runs out. False if the store does not report its memory."""
    try:
        memory = await calls.command("INFO", "memory")
    except StoreRefused:  # INFO is not permitted, as on some managed services
        return False
    return bool(0 < memory.get("maxmemory", 0) < memory["used_memory"] / NEARLY_FULL)
