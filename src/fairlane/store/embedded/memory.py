"""How much memory the embedded store may use."""

from __future__ import annotations

import os
from pathlib import Path


def default_memory_limit() -> int:
    """Half of the memory of the machine, or of this process's control group if that has less."""
    return int(min(_machine_bytes(), group_bytes(Path("/")))) // 2


def _machine_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def group_bytes(root: Path) -> float:
    """The least memory limit of the control groups of this process; infinite if there is none.

    A container sees its own group as the root of all groups, whatever path the kernel names.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return float("inf")
    limits = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            folder, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            folder, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        group = folder / path.lstrip("/")
        limits += [_limit(parent / name) for parent in (group, *group.parents) if parent.is_relative_to(folder)]
    return min(limits, default=float("inf"))


def _limit(file: Path) -> float:
    try:
        return float(file.read_text())
    except (OSError, ValueError):  # "max" stands for no limit
        return float("inf")
