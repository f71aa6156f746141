"""A tenant at all its bounds changes nothing for another one: its turn, the API's memory, the time of scripts."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from fairlane.connect import open_engine
from fairlane.engine import Engine
from fairlane.model.job import NewJob
from fairlane.model.lease import OutcomeKind, WorkerReport
from tests.support.acting import claim, finish, lift_limits, submit
from tests.support.running import Api, fairlane

QUEUES = PAUSED = FAILED = 10_000
GHOSTS = 1_000
LISTINGS = 40
LARGE = b'"%b"' % (b"x" * 250_000)
LARGE_JOBS = 100
ROUNDS = 30
ANSWERS = 12
MOST_GROWTH = 100_000_000
MOST_US = 5_000
PATHS = (
    "/jobs?limit=100",
    "/jobs?tenantId=greedy&limit=100&include=payload,result,headers",
    "/jobs/dlq?limit=100&include=payload,result,headers",
    "/jobs/pending?tenantId=greedy&limit=100",
    "/jobs/running",
    "/jobs?state=pending&queue=q9999",
    "/queues",
    "/workers",
    "/overview",
    "/tenants",
)


async def fill_queues(engine: Engine) -> None:
    """One waiting job in each queue."""
    for first in range(0, QUEUES, 500):
        queues = [f"q{n}" for n in range(first, first + 500)]
        await engine.jobs.submit([
            NewJob(id=engine.jobs.new_id("greedy"), tenant_id="greedy", payload=b"{}", queue=queue) for queue in queues
        ])  # fmt: skip


async def fill_dead_letters(engine: Engine) -> None:
    """As many failed jobs as the tenant keeps, the newest with the largest payloads."""
    for size, large in ((FAILED - LARGE_JOBS, False), (LARGE_JOBS, True)):
        for first in range(0, size, 500):
            count = min(500, size - first)
            await submit(engine, "greedy", count, max_attempts=1, payload=LARGE if large else b"{}")
            await finish(engine, await claim(engine, count), OutcomeKind.FAILED)


async def pause_queues(engine: Engine) -> None:
    """Half of them hold a job, and half do not exist."""
    for first in range(0, PAUSED, 50):
        names = [f"q{n + QUEUES // 2}" for n in range(first, first + 50)]
        await asyncio.gather(*(engine.queues.pause(name, True) for name in names))


async def add_ghosts(engine: Engine) -> None:
    """Workers that were seen once, and say as much of themselves as they may."""
    jobs = tuple(engine.jobs.new_id("greedy") for _ in range(100))
    queues = tuple(f"{'q' * 36}{n:04}" for n in range(100))
    for n in range(GHOSTS):
        report = WorkerReport(id=f"ghost-{n}", slots=100, running=100, queues=queues, host="h" * 255, jobs=jobs)
        await engine.leases.extend(report, [], 30_000)


async def read_all_the_time(url: str, turn: int, answers: Counter[str]) -> None:
    """Ask for one path after the other on one connection, and count the answers by path. An answer that the API has no
    room for (503) counts as none.

    The client does little work for an answer, since it has the processor in common with the API.
    """
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    with contextlib.closing(writer):
        while True:
            path = PATHS[turn % len(PATHS)]
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.findall(rb"content-length: (\d+)", head)[0]))
            status = int(head.split()[1])
            assert status in (200, 503), head
            answers[path] += status == 200
            turn += 1


@asynccontextmanager
async def listing_all_the_time(url: str) -> AsyncIterator[Counter[str]]:
    """Forty clients that list without a pause. Yields how many answers came for each path."""
    answers: Counter[str] = Counter(dict.fromkeys(PATHS, 0))
    readers = [asyncio.create_task(read_all_the_time(url, turn, answers)) for turn in range(LISTINGS)]
    try:
        yield answers
    finally:
        for reader in readers:
            reader.cancel()
        ended = await asyncio.gather(*readers, return_exceptions=True)
        assert {type(end) for end in ended} == {asyncio.CancelledError}, ended


async def starts_before(engine: Engine, tenant: str) -> int:
    """How many jobs of others start between a submission of this tenant and its start."""
    await submit(engine, tenant)
    others = 0
    while True:
        (lease,) = await claim(engine, 1)
        await finish(engine, [lease])
        if lease.tenant_id == tenant:
            return others
        others += 1


def memory(pid: int, name: str) -> int:
    """Bytes: VmRSS is what a process holds now, VmHWM the most since `forget_peak`."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(rf"{name}:\s+(\d+) kB", status)[0]) * 1024


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


async def cpu_us_of_a_script(engine: Engine, api: Api, path: str) -> float:
    """The CPU time of the store for one script, on average over what one path runs."""
    await engine.store.client.config_resetstat()
    before = await engine.store.client.info("cpu")
    for _ in range(5):
        api.get(path)
    after = await engine.store.client.info("cpu")
    scripts = (await engine.store.client.info("commandstats"))["cmdstat_fcall"]["calls"]
    used = sum(after[name] - before[name] for name in ("used_cpu_user_main_thread", "used_cpu_sys_main_thread"))
    return float(used * 1_000_000 / scripts)


async def test_a_tenant_at_all_bounds_moves_another_by_a_round_at_most(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        system = stack.enter_context(fairlane(tmp_path, "serve", "--port", "0", "--durability", "memory"))
        api = system.await_ready()
        engine = await open_engine(f"embedded:{tmp_path / '.fairlane'}", durability="memory")
        stack.push_async_callback(engine.close)
        await lift_limits(engine)
        for path in PATHS:
            api.get(path)
        forget_peak(system.process.pid)
        before = memory(system.process.pid, "VmRSS")
        await fill_dead_letters(engine)
        await fill_queues(engine)
        await pause_queues(engine)
        await add_ghosts(engine)
        async with listing_all_the_time(api.url) as answers:
            waits: list[int] = []
            while len(waits) < ROUNDS or min(answers.values()) < ANSWERS:
                waits.append(await starts_before(engine, "quiet"))
        assert max(waits) <= 1
        assert memory(system.process.pid, "VmHWM") - before < MOST_GROWTH
        times = {path: await cpu_us_of_a_script(engine, api, path) for path in PATHS}
        assert max(times.values()) < MOST_US, times
