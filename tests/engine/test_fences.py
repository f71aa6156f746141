"""Fences rise with every lease, whatever the store has lost."""

import shutil
from pathlib import Path

from fairlane.engine import Engine
from fairlane.store import Durability, open_store
from tests.support.acting import claim, submit
from tests.support.store_servers import server

MEMORY = ("--appendonly", "yes", "--appendfsync", "everysec")


async def _fences(port: int, jobs: int) -> list[int]:
    store = await open_store(f"valkey://127.0.0.1:{port}", Durability.MEMORY)
    try:
        engine = await Engine.open(store)
        await submit(engine, "acme", jobs)
        return [lease.fence for lease in await claim(engine, jobs)]
    finally:
        await store.close()


async def test_fences_rise_after_a_power_loss_that_lost_the_last_leases(tmp_path: Path) -> None:
    live, on_disk = tmp_path / "live", tmp_path / "on_disk"
    live.mkdir()
    with server(*MEMORY, folder=live) as port:
        first = await _fences(port, 1)
    shutil.copytree(live, on_disk)
    with server(*MEMORY, folder=live) as port:
        lost = await _fences(port, 3)
    with server(*MEMORY, folder=on_disk) as port:
        after = await _fences(port, 2)
    assert first[-1] < lost[0]
    assert lost[-1] < after[0] < after[1]


async def test_fences_of_one_instant_are_distinct_and_exact(engine: Engine) -> None:
    """The clock of this engine stands still. Fences are doubles in scripts: beyond 2 ** 53 they would repeat."""
    await submit(engine, "acme", 5)
    fences = [lease.fence for _ in range(5) for lease in await claim(engine, 1)]
    assert [fence - fences[0] for fence in fences] == [0, 1, 2, 3, 4]
    year_2200_us = 7_258_118_400_000_000
    assert fences[-1] < year_2200_us < 2**53
