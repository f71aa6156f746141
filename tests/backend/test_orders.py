"""What workers are told: at once where they wait for it, and nothing of it is left of those that are gone."""

import asyncio

import msgspec
import pytest

from fairlane.model.errors import NotFound
from fairlane.model.lease import LeaseReport, WorkerOrders
from fairlane.model.overview import Reaped

from .world import WORKER, World


async def heartbeat(world: World, *leases: LeaseReport) -> None:
    await world.backend.leases.extend(WORKER, leases, 30_000)


async def test_a_worker_hears_at_once_that_its_job_was_cancelled(world: World) -> None:
    job_id, lease = await world.run()
    await heartbeat(world, LeaseReport(job_id, lease.token))
    waiting = asyncio.create_task(world.backend.workers.next_orders("w1", 0, 20_000))
    await asyncio.sleep(0.05)
    await world.backend.jobs.cancel(job_id)
    async with asyncio.timeout(15):
        assert await waiting == WorkerOrders(1, drain=False)
    # The worker did not wait for orders, and still gets them. It gets each one once.
    assert await world.backend.workers.next_orders("w1", 0, 10_000) == WorkerOrders(1, drain=False)
    assert await world.backend.workers.next_orders("w1", 1, 20) == WorkerOrders(1, drain=False)
    await world.backend.jobs.cancel(job_id)
    assert (await world.backend.workers.next_orders("w1", 0, 0)).number == 1, "a repeated call is no news"


async def test_a_worker_is_told_to_drain(world: World) -> None:
    with pytest.raises(NotFound):
        await world.backend.workers.drain("w1")
    await heartbeat(world)
    await world.backend.workers.drain("w1")
    await world.backend.workers.drain("w1")
    assert await world.backend.workers.next_orders("w1", 0, 10_000) == WorkerOrders(1, drain=True)
    assert await world.backend.workers.next_orders("w2", 0, 0) == WorkerOrders(0, drain=False)


async def test_a_worker_that_leaves_is_forgotten(world: World) -> None:
    await heartbeat(world)
    (seen,) = await world.backend.workers.list()
    assert seen.heartbeat_at == pytest.approx(world.clock.now_us / 1_000_000, abs=0.01)
    await world.backend.workers.drain("w1")
    await world.backend.workers.leave("w1")
    await world.backend.workers.leave("w1")
    assert await world.backend.workers.list() == []
    assert await world.backend.workers.next_orders("w1", 0, 0) == WorkerOrders(0, drain=False)
    assert (await world.upkeep.doctor()).problems == []


async def test_a_dead_worker_is_forgotten_with_its_leases(world: World) -> None:
    job_id, lease = await world.run()
    await heartbeat(world, LeaseReport(job_id, lease.token))
    other = msgspec.structs.replace(WORKER, id="w2")
    await world.backend.leases.extend(other, [], 30_000)
    assert (await world.backend.workers.reap("w1")) == Reaped(requeued=1, failed=0, cancelled=0)
    assert [worker.id for worker in await world.backend.workers.list()] == ["w2"]


async def test_a_job_of_a_client_that_is_no_worker_leaves_no_orders(world: World) -> None:
    job_id, _ = await world.run()
    await world.backend.jobs.cancel(job_id)
    assert await world.backend.workers.next_orders("w1", 0, 0) == WorkerOrders(0, drain=False)
