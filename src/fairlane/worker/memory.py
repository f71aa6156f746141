"""Measures the memory of a worker and its job processes."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterable
from pathlib import Path


def resident_bytes(pids: Iterable[int]) -> int:
    """The total memory of these processes. A process that is gone counts as 0.

    If the system does not show other processes, this is the peak of the current one.
    """
    if Path("/proc/self/statm").exists():
        return sum(_resident(pid) for pid in pids)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGESIZE")
