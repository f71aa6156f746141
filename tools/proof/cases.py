"""The cases, by their numbers."""

from __future__ import annotations

from dataclasses import replace

from fairlane.model.tenant import PolicyChange

from .crash_points import UPKEEP, WORKER
from .faults import limits, network, processes, store
from .mix import BLOCKS, CRASHES, OVERRUNS
from .run import Case
from .setting import USUAL
from .store import EVERYSEC

ON_STORE = replace(USUAL, ways=("store", "store"))


BACKLOG = replace(
    ON_STORE,
    kinds={"work": 1},
    rate=200,
    tenants={name: PolicyChange(weight=weight) for name, weight in (("ant", 1.0), ("bee", 1.0), ("cat", 2.0))},
    loads_first=True,
)


POINTS = replace(
    ON_STORE,
    crash_points={
        "worker-0": [f"{point}:2" for point in WORKER[::2]],
        "worker-1": [f"{point}:2" for point in WORKER[1::2]],
        "upkeep-0": UPKEEP,
    },
)


CASES: dict[str, Case] = {
    case.number: case
    for case in [
        Case("1", "workers are killed at random", processes.kill_workers),
        Case("1a", "workers, upkeep and API are killed at random", processes.kill_anything),
        Case("2", "workers and upkeep are killed at each named step", processes.crash_at_named_points, POINTS,
             seconds=5),
        Case("3", "a worker is stopped for three leases", processes.stop_a_worker, replace(USUAL, lease_ms=1_000),
             seconds=5),
        Case("4", "workers are terminated under load", processes.terminate_workers),
        Case("5", "jobs crash their process", processes.nothing, replace(ON_STORE, kinds=CRASHES, rate=20)),
        Case("6", "jobs block the event loop for two leases", processes.nothing,
             replace(ON_STORE, kinds=BLOCKS, rate=20, lease_ms=1_000, block_s=2)),
        Case("7", "jobs ignore their timeout", processes.nothing, replace(ON_STORE, kinds=OVERRUNS, rate=20)),
        Case("9", "replies are lost, or cut in half", network.lose_replies),
        Case("10", "replies to workers are lost", network.lose_replies_to_workers),
        Case("11", "connections are half-open", network.half_open),
        Case("12", "latency, little bandwidth, and resets", network.slow, replace(USUAL, lease_ms=5_000)),
        Case("13", "the store is unreachable", network.unreachable),
        Case("14", "the store is killed", store.kill, needs_server=True),
        Case("14a", "the store is stopped for longer than a lease", store.stop, needs_server=True),
        Case("15", "power loss, with durability on disk", store.cut_power, needs_server=True, seconds=5),
        Case("15a", "power loss, with durability in memory", store.cut_power,
             replace(USUAL, server=EVERYSEC, durability="memory"), needs_server=True, seconds=5),
        Case("16", "the store's disk is full", store.fill_disk, replace(USUAL, disk_mb=16), needs_server=True),
        Case("17", "the store's memory is full", store.fill_memory, replace(USUAL, keeps_all=False),
             needs_server=True),
        Case("18", "settings that lose jobs are set live", store.change_settings, needs_server=True),
        Case("19", "scripts and functions are flushed", store.flush_scripts, needs_server=True),
        Case("19a", "the store's clock is set by seconds, an hour, a day", store.step_clock,
             replace(USUAL, steps_clock=True), needs_server=True, seconds=5),
        Case("19b", "the store answers with passing errors", network.error_answers),
        Case("19d", "a foreign script blocks the store", store.block, needs_server=True),
        Case("22", "limits are lowered and raised, and workers killed", limits.change_limits),
        Case("25", "tenants of different weights with standing backlogs", processes.nothing, BACKLOG),
    ]
}  # fmt: skip
