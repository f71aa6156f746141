"""Checks the store's invariants: every index can be derived from the others.

Jobs move while it reads, so a finding counts only if it is seen in each of several passes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import msgspec

from ..model.errors import InvalidInput
from ..model.overview import StoreReport
from ..model.states import State
from . import keys
from .batch_check import BatchCheck
from .calls import Calls
from .flows import Flows
from .layouts import Started
from .partition import Partitions
from .reading import Reader
from .records import NEVER_MS, unpack_request
from .retention import read_memory
from .schedules import read_schedule
from .scheduling import Scheduling
from .steady_clock import offset_us

PASSES = 3
PAUSE_S = 0.1
MAX_PROBLEMS = 100
MAX_HEADER = 10 + 0xFFFF
"""Bytes of a record that hold everything before its payload."""
_started = msgspec.msgpack.Decoder(Started).decode
_SETS = ("leases", "slots", "expiring", "windows", "idempotency_keys", "prunable")
_ENDED = ("completed", "failed", "cancelled")
_TIMED = ("scheduled", *_ENDED)


async def examine(calls: Calls, partitions: Partitions, on_progress: Callable[[int], None]) -> StoreReport:
    """Look at the store's settings, and at every key of every partition.

    Calls `on_progress` with the number of keys and elements read so far.
    """
    read = 0

    def count(more: int) -> None:
        nonlocal read
        read += more
        on_progress(read)

    problems: set[str] = set()
    jobs: Counter[str] = Counter()
    total, held = 0, 0
    for partition in partitions:
        reader = Reader(partition, count)
        snapshot = await Snapshot.take(reader)
        found = snapshot.problems()
        for _ in range(PASSES - 1):
            if not found:
                break
            await asyncio.sleep(PAUSE_S)
            snapshot = await Snapshot.take(reader)
            found &= snapshot.problems()
        problems |= found
        jobs.update(snapshot.jobs_by_state())
        total += len(snapshot.names)
        held += len(snapshot.sets["idempotency_keys"])
    named = await calls.store.check() + sorted(problems)
    offsets = [offset_us(await partition.command("GET", keys.TIME)) for partition in partitions]
    return StoreReport(
        problems=named[:MAX_PROBLEMS],
        jobs=dict(jobs),
        keys=total,
        idempotency_keys=held,
        clock_offset_seconds=max(offsets, key=abs) / 1_000_000,
        memory=await read_memory(calls),
    )


class Snapshot:
    """The contents of a partition."""

    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.scheduling = Scheduling(set())
        self.flows = Flows()
        self.batches = BatchCheck()
        self.sets: dict[str, dict[str, float]] = {}
        self.by_tenant: dict[str, dict[str, float]] = {}
        self.in_order: set[str] = set()
        self.in_order_of_tenants: set[str] = set()
        self.started: dict[str, Started] = {}
        self.keyed: dict[str, str] = {}
        self.tenants_of: dict[str, str] = {}
        self.unexpiring: set[str] = set()
        self.schedules: dict[str, set[str]] = {}
        self.paused_schedules: set[str] = set()
        self.unreadable_schedules: set[str] = set()

    @classmethod
    async def take(cls, reader: Reader) -> Snapshot:
        """Read all keys of a partition."""
        names = await reader.key_names()
        self = cls(names)
        self.sets = await reader.scores([*_SETS, *_TIMED])
        self.by_tenant = await reader.scores(_with_prefix(names, keys.TENANT_INDEXES))
        await self._take_order(reader)
        lifetimes = await reader.replies("PTTL", _with_prefix(names, keys.EXPIRING_KEYS))
        self.unexpiring = {name for name, left in lifetimes.items() if left == -1}
        self.started = {k: _started(v) for k, v in (await reader.hash("started")).items()}
        self.flows = await Flows.take(reader, names)
        self.batches = await BatchCheck.take(reader, names)
        self.scheduling = await Scheduling.take(reader, names, set(await reader.hash("blocked")))
        self.keyed = {k: v.decode() for k, v in (await reader.hash("keyed")).items()}
        await self._take_schedules(reader)
        records = await reader.replies("GETRANGE", [keys.job(job_id) for job_id in self.keyed], 0, MAX_HEADER)
        self.tenants_of = {
            name.removeprefix(keys.job("")): unpack_request(record)[1].tenant_id
            for name, record in records.items()
            if record
        }
        return self

    async def _take_order(self, reader: Reader) -> None:
        for name, places in (await reader.lists(_with_prefix(self.names, keys.CREATION_ORDER))).items():
            found = self.in_order if name in keys.CREATION_ORDER else self.in_order_of_tenants
            found |= {place.hex() for place in places}

    async def _take_schedules(self, reader: Reader) -> None:
        states = await reader.hash("schedule_states")
        specs = await reader.hash("schedules")
        for member in states.keys() & specs.keys():
            try:
                if read_schedule(specs[member], states[member])[1].paused:
                    self.paused_schedules.add(member)
            except InvalidInput:
                self.unreadable_schedules.add(member)
        indexes = await reader.scores([keys.SCHEDULE_NAMES, "schedules_due"])
        self.schedules = {
            "schedule_states": set(states),
            "schedules": set(specs),
            keys.SCHEDULE_NAMES: set(indexes[keys.SCHEDULE_NAMES]),
            "schedules_due": set(indexes["schedules_due"]) | self.paused_schedules,
        }

    def jobs_by_state(self) -> dict[str, int]:
        waiting = sum(len(jobs) for jobs in self.scheduling.lanes.values())
        counts = {state: len(self.sets[state]) for state in _TIMED}
        return counts | {State.PENDING.value: waiting, State.RUNNING.value: len(self.sets["leases"])}

    def problems(self) -> set[str]:
        found = self._index_problems() | self._listing_problems() | self._lease_problems() | self.scheduling.problems()
        found |= self.flows.problems(self._waiting_for_needs(), self._ended(), self._jobs())
        found |= self.batches.problems({state: set(self.sets[state]) for state in _ENDED}, self._jobs())
        return found | self._schedule_problems() | self._key_problems()

    def _jobs(self) -> set[str]:
        return {name[2:] for name in self.names if name.startswith("j/")}

    def _ended(self) -> set[str]:
        return {job for name in _ENDED for job in self.sets[name]}

    def _waiting_for_needs(self) -> set[str]:
        return {job for job, due in self.sets["scheduled"].items() if due == NEVER_MS}

    def _places(self) -> Counter[str]:
        places: Counter[str] = Counter(self.sets["leases"])
        places = Counter(dict.fromkeys(places, 1))
        for jobs in self.scheduling.lanes.values():
            places.update(jobs.keys())
        for name in _TIMED:
            places.update(dict.fromkeys(self.sets[name], 1))
        return places

    def _index_problems(self) -> set[str]:
        places = self._places()
        jobs = self._jobs()
        found = {f"job {job} is in no index" for job in jobs - places.keys()}
        found |= {f"job {job} is in an index and has no record" for job in places.keys() - jobs}
        found |= {f"job {job} is in {count} indexes" for job, count in places.items() if count > 1}
        ended = self._ended()
        results = {name[2:] for name in self.names if name.startswith("r/")}
        found |= {f"job {job} has a result and is not finished" for job in results - ended}
        found |= {f"job {job} is finished and has no result" for job in ended - results}
        waiting = places.keys() - ended - self.sets["leases"].keys()
        found |= {f"job {job} may expire and does not wait" for job in self.sets["expiring"].keys() - waiting}
        found |= {f"job {job} is finished and still counts as started" for job in self.started.keys() & ended}
        return found

    def _listing_problems(self) -> set[str]:
        found: set[str] = set()
        for state in _TIMED:
            names = _with_prefix(set(self.by_tenant), f"{state}/")
            of_tenants = Counter(entry for name in names for entry in self.by_tenant[name].items())
            of_all = Counter(self.sets[state].items())
            found |= {f"job {job} is {state} and not in the index of its tenant" for job, _ in of_all - of_tenants}
            found |= {f"job {job} is in {state} of a tenant and not of all" for job, _ in of_tenants - of_all}
            prunable = set() if state == "scheduled" else set(names) - self.sets["prunable"].keys()
            found |= {f"the index {name} is never pruned" for name in prunable}
        jobs = self._jobs()
        found |= {f"job {job} is not in the creation order" for job in jobs if job[2:] not in self.in_order}
        missing = {job for job in jobs if job[2:] not in self.in_order_of_tenants}
        return found | {f"job {job} is not in the creation order of its tenant" for job in missing}

    def _lease_problems(self) -> set[str]:
        running = {job for job, s in self.started.items() if s.running}
        leases = set(self.sets["leases"])
        found = {f"job {job} runs and has no lease" for job in running - leases}
        found |= {f"lease of job {job}, which does not run" for job in leases - running}
        slots = {f"{self.started[job].tenant_id}/{job}" for job in running}
        found |= {f"slot {slot} has no live lease" for slot in self.sets["slots"].keys() - slots}
        found |= {f"lease of {slot} holds no slot" for slot in slots - self.sets["slots"].keys()}
        return found | self.scheduling.queue_problems({job: self.started[job].queue for job in running})

    def _schedule_problems(self) -> set[str]:
        known = set().union(*self.schedules.values()) - self.unreadable_schedules
        found = {
            f"schedule {member} is not in {name}" for name, has in self.schedules.items() for member in known - has
        }
        return found | {f"schedule {member} cannot be read; set it again" for member in self.unreadable_schedules}

    def _key_problems(self) -> set[str]:
        found = {f"key {name} never expires" for name in self.unexpiring}
        windows = {name for name in self.names if name.startswith(keys.WINDOWS)}
        found |= {f"rate window {name} is never deleted" for name in windows - self.sets["windows"].keys()}
        held = {name.removeprefix(keys.IDEMPOTENCY_KEY) for name in _with_prefix(self.names, keys.IDEMPOTENCY_KEY)}
        forgotten = held - self.sets["idempotency_keys"].keys()
        found |= {f"idempotency key {name} is never deleted" for name in forgotten}
        unfinished = {f"u/{self.tenants_of.get(job, '?')}/{key}" for job, key in self.keyed.items()}
        business = {name for name in self.names if name.startswith("u/")}
        found |= {f"business key {name} belongs to no unfinished job" for name in business - unfinished}
        found |= {f"business key {name} is not held" for name in unfinished - business}
        jobs = self._jobs()
        for name in self.names:
            if name.startswith(keys.JOB_KEYS):
                if name.partition("/")[2] not in jobs:
                    found.add(f"key {name} belongs to no job")
            elif name.startswith(keys.BATCH_KEYS):
                if keys.BATCH + name.partition("/")[2] not in self.names:
                    found.add(f"key {name} belongs to no batch")
            elif name not in keys.SINGLE_KEYS and not name.startswith((*keys.KEYS_BY_NAME, *keys.EXPIRING_KEYS)):
                found.add(f"key {name} has no owner")
        return found


def _with_prefix(names: set[str], prefix: str | tuple[str, ...]) -> list[str]:
    return [name for name in names if name.startswith(prefix)]
