"""All key names. Scripts build theirs from the partition's prefix; lua/include says what each holds.

Names that users choose have no "/" in them (model/names.py), so "/" can only be a separator.
"""

from __future__ import annotations

META = "fairlane:meta"


def prefix(partition: int) -> str:
    """What the keys of a partition begin with; the braces keep them in one cluster slot."""
    return f"fl:{{{partition}}}:"


def wake(queue: str) -> str:
    """Channel: the queue has work for an idle worker."""
    return f"wake/{queue}"


ENDED = "ended"
"""Channel: a job that somebody waits for has ended."""

ORDERS = "orders"
"""Channel: a worker is to look at what it is told."""

WATCHED = "watched"
NEWS = "news"
"""Channel: jobs that have changed, while somebody watches."""

HISTORY = "history/"
SCHEDULE_NAMES = "schedule_names"

JOB_KEYS = ("j/", "x/", "r/", "g/")
"""Prefixes of the keys that belong to one job."""

TENANT_KEYS = ("rate/", "starts/")
"""Prefixes of keys of a tenant; they expire by themselves."""

EXPIRING_KEYS = ("i/", "claim/", "answer/", WATCHED, *TENANT_KEYS)

KEYS_BY_NAME = ("lane/", "run/", "u/", "count/", HISTORY)
"""Prefixes of keys that end in a name and last."""

SINGLE_KEYS = frozenset({
    "lanes", "resting", "floor", "blocked", "blocked_until", "slots", "started", "leases", "scheduled",
    "completed", "failed", "cancelled", "keyed", "awaited", "tenants", "policies", "defaults", "queues_used",
    "queues_paused", "fairness", "owed", "workers", "worker_info", "orders", "draining",
    "sequence", "fence", "count", "depths", "ready", "clock", "shift",
    "schedules", SCHEDULE_NAMES, "schedule_states", "schedules_due",
})  # fmt: skip
