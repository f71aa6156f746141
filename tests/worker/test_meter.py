"""What a worker counts reaches the store, each attempt once, and its own page of metrics."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial

import httpx
import msgspec

from fairlane import Cancel, Retry
from fairlane.backend import Backend
from fairlane.model.errors import StoreUnavailable
from fairlane.model.lease import Lease, LeaseReport, LeaseStatus, WorkerReport
from fairlane.model.work import MAX_REPORTED_COUNTS
from fairlane.runtime.sockets import listen
from fairlane.runtime.worker_metrics import address_of_process, serve_worker_metrics
from fairlane.worker.meter import WorkMeter
from tests.support.app_world import World, eventually
from tests.support.scrape import Scrape


async def counted(world: World) -> dict[str, int]:
    return (await world.engine.measures.load(0)).work


def attempts(work: dict[str, int]) -> dict[str, int]:
    return {name.removeprefix("ended/default/"): number for name, number in work.items() if name.startswith("ended/")}


async def run_some(world: World) -> None:
    """Jobs that complete, are retried, die and are cancelled."""

    @world.app.task(retry=Retry(2, base="10ms", cap="10ms"))
    async def work(how: str) -> None:
        if how == "fail":
            raise ValueError
        if how == "cancel":
            raise Cancel("not wanted")

    async with world.worker() as worker:
        for how in ("go well", "go well", "fail", "cancel"):
            await world.finished((await work.submit(how)).id)
        totals = worker.meter.totals()
    assert await counted(world) == totals


async def test_every_attempt_is_counted_once_by_how_it_ended(world: World) -> None:
    await run_some(world)
    work = await counted(world)
    assert attempts(work) == {"work/completed": 2, "work/failed": 1, "work/dead": 1, "work/cancelled": 1}
    for kind in ("wait", "run"):
        times = {name: number for name, number in work.items() if name.startswith(f"{kind}/default/")}
        assert sum(number for name, number in times.items() if not name.endswith("/sum")) == 5


async def test_a_report_whose_reply_is_lost_counts_once(world: World) -> None:
    class Lossy:
        """Adds the first report of the worker, and loses the reply: to its heartbeat, or to its last words."""

        lost = False

        def __init__(self, backend: Backend) -> None:
            self._leases = backend.leases

        def __getattr__(self, name: str) -> object:
            return getattr(self._leases, name)

        async def extend(
            self, worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int
        ) -> Sequence[LeaseStatus]:
            statuses = await self._leases.extend(worker, leases, lease_ms)
            if worker.work is not None and not Lossy.lost:
                Lossy.lost = True
                raise StoreUnavailable("the reply is lost")
            return statuses

    async def lossy() -> Backend:
        engine = await world.open_backend()
        engine.leases = Lossy(engine)  # type: ignore[misc,assignment]
        return engine

    @world.app.task
    async def work() -> None:
        pass

    async with world.worker(open_backend=lossy, lease_ms=1_000):
        await world.finished((await work.submit()).id)
        await eventually(partial(counted, world), "the first report is added")
        await world.finished((await work.submit()).id)
    assert attempts(await counted(world)) == {"work/completed": 2}


def test_a_report_has_a_bound_and_the_next_one_the_rest() -> None:
    meter = WorkMeter()
    lease = Lease(
        job_id="j", token="t", fence=1, attempt=1, max_attempts=1, lease_seconds=30, tenant_id="a", queue="q", task="t",
        payload=msgspec.Raw(b"null"), timeout_seconds=1,
    )  # fmt: skip
    for number in range(MAX_REPORTED_COUNTS + 10):
        meter.ended(lease, f"outcome-{number}", None)
    first = meter.report()
    assert first is not None and len(first.counts) == MAX_REPORTED_COUNTS
    assert meter.report() is first, "it is repeated until the store has it"
    meter.has_reported(first)
    second = meter.report()
    assert second is not None and len(second.counts) == 10 and second.number > first.number
    meter.has_reported(second)
    assert meter.report() is None


async def test_a_worker_serves_its_own_figures(world: World) -> None:
    @world.app.task
    async def work() -> None:
        pass

    listener = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/metrics"
    async with world.worker(slots=3) as worker:
        serving = asyncio.create_task(serve_worker_metrics(listener, worker))
        await world.finished((await work.submit()).id)
        async with httpx.AsyncClient() as client:
            page = (await client.get(url)).text
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
    found = Scrape(page)
    assert found.value("attempts_total", queue="default", task="work", outcome="completed") == 1
    assert found.value("job_run_seconds_count", queue="default") == 1
    assert found.value("worker_slots") == 3


def test_each_worker_process_has_its_own_port() -> None:
    assert [address_of_process("127.0.0.1:9100", number) for number in (0, 1)] == ["127.0.0.1:9100", "127.0.0.1:9101"]
    assert address_of_process("", 1) == ""
    assert address_of_process("9100", 2) == "127.0.0.1:9102"
    assert address_of_process("[::1]:9100", 1) == "[::1]:9101"
