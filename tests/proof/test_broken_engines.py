"""An engine that is broken on purpose is caught, by the rule that is there for it. The engine as it is passes."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from fairlane.engine import Engine, library, scripts
from fairlane.engine.scripts import LuaFile, Script, parse, read_include, read_script
from fairlane.model.ids import new_claim_id
from fairlane.model.job import NewJob, SubmitStatus
from fairlane.model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, OutcomeKind, WorkerReport
from fairlane.model.schedule import Missed, ScheduleSpec
from fairlane.model.tenant import PolicyChange, Rate
from fairlane.store import Durability, open_store
from tests.support.clock import Clock
from tools.proof.crash_points import CrashPoints
from tools.proof.evidence import Allowed, Evidence, Totals
from tools.proof.gather import records_of
from tools.proof.notes import Limited, Notebook, Phase, Submitted, read_notes
from tools.proof.room import FREE
from tools.proof.rules import judge
from tools.proof.worker import NotedLeases

LEASE_MS = 2_000
ROUNDS = 50
TENANTS = {
    "ant": PolicyChange(concurrency=2),
    "bee": PolicyChange(concurrency=4, start_rate=Rate(3, 1.0)),
    "cat": PolicyChange(concurrency=3, submit_rate=Rate(3, 1.0)),
}


class Break(NamedTuple):
    """One change of the Lua."""

    file: str
    old: str
    new: str


BREAKS: dict[str, tuple[Break, str]] = {
    "a dropped fence check": (
        Break("finish.lua", "if its_token ~= token then return 'stale_lease' end", ""),
        "accepted_when_stale",
    ),
    "a renewal without a fence check": (
        Break("extend.lua", " or s[Started.token] ~= items[i][Beat.token]", ""),
        "accepted_when_stale",
    ),
    "a leaked slot": (
        Break("include/lease_end.lua", "write('ZREM', 'slots', ended.slots)", ""),
        "unfinished",
    ),
    "a lost wake-up": (
        Break("include/lease_end.lua", "if reason == 'concurrency' then touch(tenants[i]) end", ""),
        "unfinished",
    ),
    "a double fire": (
        Break("fire.lua", "or not is_due then return 'not_due' end", "then return 'not_due' end"),
        "one_tick_one_job",
    ),
    "a limit that is not checked": (
        Break("include/turns.lua", "if p.concurrency > 0 then", "if false then"),
        "over_concurrency",
    ),
    "a start rate that is not checked": (
        Break("include/turns.lua", "  if p.start_limit > 0 then\n    c.allowed", "  if false then\n    c.allowed"),
        "over_start_rate",
    ),
    "a lease that is taken over early": (
        Break("reap.lua", "'-inf', now,", "'-inf', now + 1500,"),
        "held_twice",
    ),
    "a job that is forgotten": (
        Break(
            "include/job_ends.lua",
            "prefix .. 'r/' .. id, result",
            "prefix .. 'r/' .. id, result call('DEL', key('j/' .. id))",
        ),
        "lost",
    ),
    "a delay that is ignored": (
        Break("promote.lua", "key('scheduled'), '-inf', now,", "key('scheduled'), '-inf', now + 400,"),
        "early",
    ),
}


class Fleet:
    """Clients, workers and upkeep in one process, whose time the test moves. Workers lose leases at random."""

    def __init__(self, engines: list[Engine], clock: Clock, folder: Path, chance: random.Random) -> None:
        self._engines = engines
        self._clock = clock
        self._chance = chance
        self._notebook = Notebook(folder, "fleet")
        self._workers = [Worker(engine, clock, Notebook(folder, f"w{i}"), chance) for i, engine in enumerate(engines)]

    async def begin(self) -> None:
        engine = self._engines[0]
        await engine.tenants.change_defaults(FREE)
        for tenant, change in TENANTS.items():
            after = await engine.tenants.change(tenant, change)
            at = self._clock.now_us
            self._notebook.write(
                Limited(who="fleet", at=at, until=at, tenant=tenant, concurrency=after.concurrency,
                        store_at=at // 1_000, store_until=at // 1_000)
            )  # fmt: skip
        spec = ScheduleSpec(
            tenant_id="ant", name="minutely", cron="* * * * *", payload=msgspec.Raw(b"{}"), missed=Missed.ALL
        )
        await engine.schedules.put(spec)

    async def submit(self, mark: str) -> None:
        tenant = self._chance.choice(list(TENANTS))
        delay = self._chance.choice((0, 0, 500))
        job = NewJob(id=self._engines[0].jobs.new_id(tenant), tenant_id=tenant, delay_ms=delay, max_attempts=100,
                     payload=msgspec.json.encode({"mark": mark}))  # fmt: skip
        (answer,) = await self._engines[0].jobs.submit([job])
        made = answer.status is SubmitStatus.CREATED
        at = self._clock.now_us
        self._notebook.write(
            Submitted(who="fleet", at=at, until=at, mark=mark, tenant=tenant, delay_ms=delay,
                      answer="accepted" if made else "refused", job=answer.job_id if made else "")
        )  # fmt: skip

    async def one_round(self, number: int) -> None:
        for i in range(3):
            await self.submit(f"{number}-{i}")
        for worker in self._workers:
            await worker.step()
        await self.keep_up()
        self._clock.advance(ms=self._chance.choice((20, 100, 700)))

    async def keep_up(self) -> None:
        for engine in self._engines:
            await engine.maintenance.promote(100)
            await engine.maintenance.reap(100)
        await asyncio.gather(*(engine.maintenance.fire(10) for engine in self._engines))

    async def drain(self) -> None:
        """Give every job the time to end. An engine that is broken may leave some."""
        for _ in range(3):
            self._clock.advance(ms=60_000)
            await self.keep_up()
        await self._engines[0].schedules.pause("ant", "minutely", True)
        self._note_phase("healed")
        for _ in range(30):
            self._clock.advance(ms=1_000)
            await self.keep_up()
            for worker in self._workers:
                await worker.finish_all()

    def _note_phase(self, name: str) -> None:
        at = self._clock.now_us
        self._notebook.write(Phase(who="fleet", at=at, name=name, store_at=at // 1_000))


class Worker:
    """Claims, renews and ends leases. Some it forgets for a while, as a stopped process does."""

    def __init__(self, engine: Engine, clock: Clock, notebook: Notebook, chance: random.Random) -> None:
        self._name = notebook.who
        self._clock = clock
        self._leases = NotedLeases(engine.leases, notebook, CrashPoints(""), lambda: clock.now_us)
        self._chance = chance
        self._held: list[Lease] = []
        self._forgotten: list[tuple[int, Lease]] = []
        """Since when (ms), and which."""

    async def step(self) -> None:
        await self._renew()
        await self._end([lease for lease in self._held if self._chance.random() < 0.2])
        if self._held and self._chance.random() < 0.4:
            self._forgotten.append((self._clock.now_ms, self._held.pop()))
        if self._forgotten and self._clock.now_ms > self._forgotten[0][0] + 1.3 * LEASE_MS:
            _, late = self._forgotten.pop(0)
            await self._renew(late)
            await self._end([late])
        await self._claim()

    async def finish_all(self) -> None:
        self._held += [lease for _, lease in self._forgotten]
        self._forgotten = []
        await self._end(self._held, OutcomeKind.COMPLETED)
        await self._claim()

    async def _claim(self) -> None:
        request = ClaimRequest(worker_id=self._name, claim_id=new_claim_id(), max=8, lease_ms=LEASE_MS)
        self._held += await self._leases.claim(request)

    async def _renew(self, *leases: Lease) -> None:
        reports = [LeaseReport(lease.job_id, lease.token) for lease in leases or self._held]
        statuses = await self._leases.extend(WorkerReport(id=self._name, slots=8), reports, LEASE_MS)
        if not leases:
            kept = zip(self._held, statuses, strict=True)
            self._held = [lease for lease, status in kept if status is LeaseStatus.OK]

    async def _end(self, leases: list[Lease], kind: OutcomeKind | None = None) -> None:
        kinds = (OutcomeKind.COMPLETED, OutcomeKind.FAILED, OutcomeKind.RELEASED, OutcomeKind.SNOOZED)
        outcomes = [
            Outcome(job_id=lease.job_id, token=lease.token, kind=kind or self._chance.choice(kinds), delay_ms=300)
            for lease in leases
        ]
        self._held = [lease for lease in self._held if lease not in leases]
        await self._leases.finish(outcomes)


async def history(store_url: str, folder: Path, seed: int) -> Evidence:
    """What a fleet of three engines wrote down."""
    clock = Clock()
    store = await open_store(store_url, Durability.MEMORY)
    try:
        await store.client.flushall()
        engines = [await Engine.open(store, clock=clock) for _ in range(3)]
        fleet = Fleet(engines, clock, folder, random.Random(seed))
        await fleet.begin()
        for number in range(ROUNDS):
            await fleet.one_round(number)
        await fleet.drain()
        counters = await engines[0].monitor.counters()
        return Evidence(
            notes=list(read_notes(folder)),
            records={record.job: record async for record in records_of(engines[0])},
            tenants={"bee": Allowed(start_rate=Rate(3, 1.0)), "cat": Allowed(submit_rate=Rate(3, 1.0))},
            totals=Totals(counters.submitted, counters.completed),
            doctor=(await engines[0].maintenance.doctor()).problems,
        )
    finally:
        await store.close()


def broken(change: Break) -> list[Script]:
    """All scripts, after the change."""

    def changed(file: LuaFile) -> LuaFile:
        if file.path != change.file:
            return file
        assert change.old in file.text, f"{change.file} has changed: the break does not apply any more"
        return LuaFile(file.path, file.text.replace(change.old, change.new))

    return [parse(changed(read_script(name)), lambda one: changed(read_include(one))) for name in scripts.names()]


@pytest.mark.parametrize("seed", range(2))
async def test_the_engine_as_it_is_passes(store_url: str, tmp_path: Path, seed: int) -> None:
    evidence = await history(store_url, tmp_path, seed)
    assert judge(evidence) == {}
    assert len(evidence.leases) > 100, "little happened"
    assert any(note.status == "stale_lease" for note in evidence.finishes), "no worker was late"


@pytest.mark.parametrize("what", BREAKS)
async def test_a_broken_engine_is_caught_by_the_rule_for_it(
    monkeypatch: pytest.MonkeyPatch, store_url: str, tmp_path: Path, what: str
) -> None:
    change, rule = BREAKS[what]
    changed = library.build(broken(change))
    monkeypatch.setattr(library, "load", lambda: changed)
    assert rule in judge(await history(store_url, tmp_path, seed=1))
