"""Why the worker stops a running job, and how long the job may take to end then."""

from __future__ import annotations

from enum import Enum

CANCEL_GRACE_SECONDS = 2.0
"""How long an async job may clean up after it was told to stop, before it is abandoned."""
PROCESS_GRACE_SECONDS = 0.5
"""How long a job in a process may do so, before the process is killed."""


class Stop(Enum):
    """Why a running job was told to stop."""

    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    DRAINED = "given back"  # the worker stops; another one is to run the job
    LOST = "lease lost"  # another worker has the lease, or soon will; nothing may be reported
