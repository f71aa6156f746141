"""What a partition stores about who may start which job next, and what is wrong with it, for the doctor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set

from . import keys
from .reading import Reader

_ALL = keys.RUN_INDEX + keys.ALL_QUEUES


class Scheduling:
    """Lanes, run indexes and virtual times. lua/include says what each key holds."""

    def __init__(self, blocked: Set[str]) -> None:
        self.lanes: dict[str, dict[str, float]] = {}
        """The jobs of each lane, by rank."""
        self._blocked = blocked
        self._listed: Set[str] = set()
        self._heads: dict[str, float] = {}
        """By lane."""
        self._only_heads: set[str] = set()
        """Lanes."""
        self._parked: set[str] = set()
        """Lanes."""
        self._away: set[str] = set()
        """Lanes."""
        self._runs: dict[str, Set[str]] = {}
        """The tenants of each run index."""
        self._depths: dict[str, int] = {}
        self._ready: set[str] = set()
        self._owed: set[str] = set()
        self._resting: set[str] = set()
        self._indexes: dict[str, set[str]] = {}
        """Names of run indexes by the key that says something of each."""
        self._single: dict[str, set[str]] = {}
        self._limited: set[str] = set()
        """Queues with limits."""
        self._new_limits: set[str] = set()
        self._running: dict[str, set[str]] = {}
        """The running jobs of each queue with limits."""

    @classmethod
    async def take(cls, reader: Reader, names: set[str], blocked: Set[str]) -> Scheduling:
        """Read all keys of this subject."""
        self = cls(blocked)
        for lane, jobs in (await reader.scores(_with_prefix(names, keys.LANE))).items():
            self.lanes[lane.removeprefix(keys.LANE)] = jobs
        for name, ranks in (await reader.scores(_with_prefix(names, keys.HEADS))).items():
            self._heads |= {f"{name.removeprefix(keys.HEADS)}/{queue}": rank for queue, rank in ranks.items()}
        only_heads = await reader.hash(keys.ONLY_HEAD)
        self._only_heads = {f"{tenant}/{queue.decode()}" for tenant, queue in only_heads.items()}
        for name, tenants in (await reader.sets(_with_prefix(names, keys.PARKED))).items():
            self._parked |= {f"{tenant}/{name.removeprefix(keys.PARKED)}" for tenant in tenants}
        for name, queues in (await reader.sets(_with_prefix(names, keys.AWAY))).items():
            self._away |= {f"{name.removeprefix(keys.AWAY)}/{queue}" for queue in queues}
        scores = await reader.scores(["lanes", "served", _ALL, *_with_prefix(names, keys.RUN_INDEX)])
        self._listed = scores.pop("lanes").keys()
        self._indexes = {name: set(await reader.hash(name)) for name in ("floor", "shift")}
        self._indexes["served"] = set(scores.pop("served"))
        self._runs = {name: tenants.keys() for name, tenants in scores.items()}
        self._single = await reader.sets(["queues_paused", "resuming", "returning"])
        self._limited = set(await reader.hash(keys.QUEUE_LIMITS))
        self._new_limits = set(await reader.hash("new_limits"))
        for name, running in (await reader.sets(_with_prefix(names, keys.QUEUE_RUNNING))).items():
            self._running[name.removeprefix(keys.QUEUE_RUNNING)] = running
        self._depths = {k: int(v) for k, v in (await reader.hash("depths")).items()}
        self._ready = set(await reader.hash("ready"))
        self._owed = set(await reader.hash("owed"))
        self._resting = set(await reader.hash("resting"))
        return self

    def problems(self) -> set[str]:
        found = self._lane_problems() | self._head_problems() | self._run_index_problems()
        return found | self._time_problems() | self._depth_problems()

    def _lane_problems(self) -> set[str]:
        lanes = self.lanes.keys()
        found = {f"lane {lane} has jobs and is not listed" for lane in lanes - self._listed}
        found |= {f"lane {lane} is listed and empty" for lane in self._listed - lanes}
        waiting = {_tenant(lane) for lane in lanes}
        return found | {f"tenant {tenant} is blocked and has no job waiting" for tenant in self._blocked - waiting}

    def _head_problems(self) -> set[str]:
        lanes = self.lanes.keys()
        heads = self._heads.keys() | self._only_heads
        found = {f"lane {lane} has jobs and no head" for lane in lanes - heads - self._parked}
        found |= {f"lane {lane} has a head and is empty" for lane in heads - lanes}
        with_several = {_tenant(lane) for lane in self._heads}
        with_one = {_tenant(lane) for lane in self._only_heads}
        found |= {f"tenant {tenant} has an only head and others" for tenant in with_several & with_one}
        for lane in (lanes & self._heads.keys()) - self._parked:
            if self._heads[lane] > min(self.lanes[lane].values()):
                found.add(f"lane {lane} has a job before its head")
        apart = self._single["queues_paused"] | self._single["resuming"] | self._limited
        stray = {lane for lane in self._parked if _queue(lane) not in apart}
        found |= {f"lane {lane} is parked and its queue does not stand apart" for lane in stray}
        applied = self._limited - self._new_limits
        early = {lane for lane in heads if _queue(lane) in applied}
        return found | {f"lane {lane} has a head and its queue has limits" for lane in early}

    def queue_problems(self, queues_of_running: Mapping[str, str]) -> set[str]:
        """Errors in the sets of running jobs of limited queues. `queues_of_running`: the queue of each running job."""
        noted = {(job, queue) for queue, jobs in self._running.items() for job in jobs}
        running = {(job, queue) for job, queue in queues_of_running.items() if queue in self._limited}
        found = {f"job {job} counts as running in queue {queue} and is not" for job, queue in noted - running}
        missing = {(job, queue) for job, queue in running - noted if queue not in self._new_limits}
        found |= {f"job {job} runs in queue {queue} and does not count there" for job, queue in missing}
        return found | {
            f"queue {queue} has new limits to apply and has no limits" for queue in self._new_limits - self._limited
        }

    def _run_index_problems(self) -> set[str]:
        lanes = self.lanes.keys()
        indexed = {f"{tenant}/{_queue(name)}" for name, tenants in self._runs.items() for tenant in tenants}
        found = {f"lane {lane} has jobs and is not in the run index" for lane in lanes - indexed - self._away}
        in_all = {lane for lane in indexed if _queue(lane) == keys.ALL_QUEUES}
        found |= {f"lane {lane} is in the run index and is empty" for lane in indexed - in_all - lanes}
        gone = self._blocked | self._single["returning"]
        stray = {lane for lane in self._away if _tenant(lane) not in gone}
        found |= {f"lane {lane} is away and its tenant is not blocked" for lane in stray}
        could_run = {_tenant(lane) for lane in self._heads.keys() | self._only_heads} - self._blocked
        runnable = self._runs[_ALL]
        found |= {f"tenant {tenant} could run and is not in the run index" for tenant in could_run - runnable}
        return found | {f"tenant {tenant} is in the run index and could not run" for tenant in runnable - could_run}

    def _time_problems(self) -> set[str]:
        used = {_queue(name) for name, tenants in self._runs.items() if tenants}
        found = {f"run index {name} has tenants and no floor" for name in used - self._indexes["floor"]}
        for key, names in self._indexes.items():
            found |= {f"run index {name} has a {key} and no tenants" for name in names - used}
        timeless = self._owed - self._resting - {tenant for tenants in self._runs.values() for tenant in tenants}
        return found | {f"tenant {tenant} owes run time and has no virtual time" for tenant in timeless}

    def _depth_problems(self) -> set[str]:
        pending = {job for jobs in self.lanes.values() for job in jobs}
        found = {f"job {job} came back to a lane and is in none" for job in self._ready - pending}
        depths = Counter[str]()
        for lane, jobs in self.lanes.items():
            depths[_queue(lane)] += len(jobs)
            depths[keys.ALL_QUEUES] += len(jobs)
        for queue in depths.keys() | self._depths.keys():
            noted = self._depths.get(queue, 0)
            if noted != depths[queue]:
                found.add(f"queue {queue} has {depths[queue]} jobs and {noted} are noted")
        return found


def _tenant(lane: str) -> str:
    return lane.partition("/")[0]


def _queue(name: str) -> str:
    """The end of the name of a lane or of a run index."""
    return name.partition("/")[2]


def _with_prefix(names: set[str], prefix: str) -> list[str]:
    return [name for name in names if name.startswith(prefix)]
