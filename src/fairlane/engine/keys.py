"""All key names, relative to the prefix of their partition. lua/include says what each key holds.

Names that users choose have no "/" in them (model/names.py), so "/" can only be a separator.
"""

from __future__ import annotations

META = "fairlane:meta"
CURSOR_KEY = "cursor_key"
"""The field of META that holds the key of sealed cursors."""


def prefix(partition: int) -> str:
    """The prefix of a partition's keys; the braces keep them in one cluster slot."""
    return f"fl:{{{partition}}}:"


# Keys of one partition, by name. The functions name keys that belong to one job, tenant, queue or lane.
POLICIES = "policies"
DEFAULTS = "defaults"
COUNTERS = "count"
TENANTS = "tenants"
LEASES = "leases"
LANES = "lanes"
WORKERS = "workers"
WORKER_INFO = "worker_info"
WORK = "work"
QUEUES_USED = "queues_used"
QUEUE_LIMITS = "queue_limits"
WATCHED = "watched"
TIME = "time"
REPLICATED = "replicated"
IDEMPOTENCY_MS = "idempotency_ms"
SCHEDULES = "schedules"
SCHEDULE_NAMES = "schedule_names"
SCHEDULE_STATES = "schedule_states"
SCHEDULES_DUE = "schedules_due"
AUDIT = "audit"
AUDIT_WORK = "audit_work"
TOKENS = "tokens"
TOKEN_NAMES = "token_names"
TOKEN_DIGESTS = "token_digests"
TOKEN_USES = "token_uses"


def job(job_id: str) -> str:
    """The request of a job."""
    return f"j/{job_id}"


def job_log(job_id: str) -> str:
    """What a job logged."""
    return f"g/{job_id}"


def lost_worker(worker_id: str) -> str:
    """Which of its jobs ended a dead worker, until its jobs are given back."""
    return f"{LOST}{worker_id}"


def jobs_by_time(state: str) -> str:
    """The scheduled, completed, failed or cancelled jobs, by the time when they are due or ended."""
    return state


def lane(name: str) -> str:
    """The jobs of a lane, named TENANT/QUEUE, in the order in which they start."""
    return f"{LANE}{name}"


def history(step: str) -> str:
    """Samples of the figures, in steps of this length."""
    return f"{HISTORY}{step}"


LANE = "lane/"
RUN_INDEX = "run/"
ALL_QUEUES = "*"
"""Stands for all queues where a queue is named. No queue can have this name."""

ONLY_HEAD = "only_head"
HEADS = "heads/"
PARKED = "parked/"
AWAY = "away/"
QUEUE_RUNNING = "queue_running/"
HISTORY = "history/"
BUSINESS_KEY = "u/"
IDEMPOTENCY_KEY = "i/"
LOST = "lost/"

# Channels of one partition.
ENDED = "ended"
"""An awaited job has ended."""

ORDERS = "orders"
"""A worker has new orders."""

EVENTS = "news"
"""Changed jobs, published while a process watches."""


def wake(listener: str) -> str:
    """An idle claim of this process should come."""
    return f"wake/{listener}"


TENANT_INDEXES = ("scheduled/", "completed/", "failed/", "cancelled/")
"""Prefixes of the indexes of one tenant's jobs; jobs_by_time names the same indexes of all tenants."""

CREATION_ORDER = ("made/", "swept/")
"""Prefixes of the lists of jobs by creation, of all tenants or of one."""

JOB_KEYS = ("j/", "x/", "r/", "g/", "open/", "dependents/", "locked/", "dropped/")
"""Prefixes of the keys that belong to one job."""

BATCH = "batch/"
MEMBERS = "members/"
BATCHES = "batches/"
OVER = "over/"

BATCH_KEYS = (BATCH, MEMBERS)
"""Prefixes of the keys that belong to one batch."""

EXPIRING_KEYS = ("claim/", "answer/", WATCHED, LOST)

WINDOWS = ("rate/", "starts/", "queue_starts/")
"""Prefixes of sliding windows of a tenant or of a queue."""

KEYS_BY_NAME = (
    *WINDOWS, IDEMPOTENCY_KEY, "idle/", LANE, RUN_INDEX, HEADS, PARKED, AWAY, QUEUE_RUNNING, BUSINESS_KEY, "count/",
    HISTORY, *TENANT_INDEXES, *CREATION_ORDER, BATCHES, OVER,
)  # fmt: skip
"""Prefixes of keys that end in a name and do not expire."""

SINGLE_KEYS = frozenset({
    LANES, ONLY_HEAD, "resting", "floor", "blocked", "blocked_until", "slots", "started", LEASES, "scheduled",
    "completed", "failed", "cancelled", "expiring", "keyed", "awaited", TENANTS, POLICIES, DEFAULTS, QUEUES_USED,
    "queues_paused", "fairness", "owed", WORKERS, WORKER_INFO, "orders", "draining", WORK, "work_reports",
    "idle_queues", "woken", "alarm", "windows", "idempotency_keys", IDEMPOTENCY_MS, TIME, REPLICATED,
    "sequence", "created", "prunable", "fence", COUNTERS, "depths", "ready", "clock", "shift", "served",
    "resuming", "returning", "reviewed", QUEUE_LIMITS, "full_until", "new_limits",
    "batched", "batches_due", "unsettled", "cancelling",
    "needing", "dropped_by", "unlocking", "reviving",
    SCHEDULES, SCHEDULE_NAMES, SCHEDULE_STATES, SCHEDULES_DUE,
    TOKENS, TOKEN_NAMES, TOKEN_DIGESTS, TOKEN_USES, AUDIT, AUDIT_WORK,
})  # fmt: skip
