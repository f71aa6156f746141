"""How many connections the server may hold, by the descriptors that the system gives this process."""

from __future__ import annotations

import resource

OTHER_DESCRIPTORS = 256
"""Descriptors kept for the store, the log and files."""


def allow_connections(wanted: int) -> int:
    """Raise the limit of open files to what `wanted` connections need. Returns how many connections it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OTHER_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - OTHER_DESCRIPTORS))
