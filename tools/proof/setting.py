"""What a run consists of: processes, load and limits. Cases differ from the usual setting in a few fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairlane.model.tenant import PolicyChange, Rate

from .client import Way
from .mix import EVERYDAY, Kinds
from .store import ALWAYS

USUAL_TENANTS: Mapping[str, PolicyChange] = {
    "ant": PolicyChange(concurrency=3, weight=1.0),
    "bee": PolicyChange(concurrency=5, weight=2.0, start_rate=Rate(30, 1.0)),
    "cat": PolicyChange(concurrency=None, weight=1.0, submit_rate=Rate(15, 1.0)),
}
"""Tenants with different limits and weights."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One run."""

    tenants: Mapping[str, PolicyChange] = field(default_factory=lambda: USUAL_TENANTS)
    kinds: Kinds = field(default_factory=lambda: EVERYDAY)
    ways: Sequence[Way] = ("store", "http", "rest")
    """One client process for each."""
    rate: float = 50.0
    """Jobs per second of all clients."""
    workers: int = 2
    slots: int = 8
    upkeeps: int = 1
    lease_ms: int = 2_000
    block_s: float = 0.0
    """How long jobs of the kind `block_loop` block their worker's event loop."""
    server: Mapping[str, str] = field(default_factory=lambda: ALWAYS)
    steps_clock: bool = False
    """Whether the store's clock can be set, by libfaketime."""
    disk_mb: int = 0
    """The size of the store's disk; 0: a folder on the disk of this machine."""
    keeps_all: bool = True
    """Whether the store keeps every job until the end of the run."""
    keep_s: int = 0
    """How long the store keeps ended jobs and idempotency keys; 0: until the end of the run."""
    loads_first: bool = False
    """Whether the workers start once all jobs are submitted."""
    durability: str = "disk"
    crash_points: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By the name of a process: where it kills itself in its first life, in its second one, and so on."""
    drain_s: float = 60.0
    """How long the queue may take to drain after all faults have healed."""


USUAL = Setting()
