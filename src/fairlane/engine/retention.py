"""What of the finished jobs is still kept: what retention says, and less while memory runs out."""

from __future__ import annotations

from ..model.errors import StoreRefused
from ..model.retention import Retention
from .calls import Calls
from .scripts import Value

NEARLY_FULL = 0.9
"""Share of the store's memory limit above which jobs that ended well are forgotten early, the oldest first."""
FEW = 100
"""Jobs that are then forgotten before the memory is looked at again."""

SPARED_MS = 60_000
"""A job that ended more recently is not forgotten for its number alone: calls about it may still be repeated."""

Rule = tuple[str, int, int, Value]
"""State, how many jobs a step may forget, age (ms) and count above which they are forgotten."""


async def rules_of(retention: Retention, calls: Calls, limit: int) -> list[Rule]:
    """How much to forget now. Failed jobs wait for somebody to look at them and are not given up for room."""
    early = await _is_nearly_full(calls)
    most = min(limit, FEW) if early else limit
    return [
        ("completed", most, 0 if early else retention.completed_ms, retention.completed_max),
        ("cancelled", most, 0 if early else retention.cancelled_ms, retention.cancelled_max),
        ("failed", limit, retention.failed_ms, ""),
    ]


async def _is_nearly_full(calls: Calls) -> bool:
    """Whether the memory runs out; no, where the store does not tell."""
    try:
        memory = await calls.command("INFO", "memory")
    except StoreRefused:  # INFO is not permitted, as on some managed services
        return False
    return bool(0 < memory.get("maxmemory", 0) < memory["used_memory"] / NEARLY_FULL)
