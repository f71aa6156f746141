"""Pages of schedules: bounded in bytes, from all partitions, each schedule once and in order."""

from __future__ import annotations

import msgspec
import pytest

from fairlane.engine import Engine
from fairlane.engine.listing import MAX_PAGE_BYTES
from fairlane.model.schedule import Schedule, ScheduleSpec
from fairlane.store import Store

SCHEDULES = 24
LARGE, SMALL = 200_000, 10


async def add(engine: Engine, tenants: int, size: int) -> list[tuple[str, str]]:
    """Schedules with payloads of this size, in turns over some tenants; their tenants and names in order."""
    payload = msgspec.Raw(b'"' + b"x" * size + b'"')
    names = [(f"tenant-{n % tenants}", f"schedule-{n:02}") for n in range(SCHEDULES)]
    for tenant, name in names:
        await engine.schedules.put(ScheduleSpec(tenant_id=tenant, name=name, cron="0 3 * * *", payload=payload))
    return sorted(names)


async def pages(engine: Engine, limit: int, tenant: str | None = None) -> list[list[Schedule]]:
    found, cursor = [], None
    while True:
        page, cursor = await engine.schedules.list(limit, cursor, tenant)
        found.append(list(page))
        if cursor is None:
            return found


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize(("size", "limit"), [(LARGE, 100), (LARGE, 3), (SMALL, 100), (SMALL, 24), (SMALL, 7)])
async def test_pages_end_at_one_mebibyte_and_show_each_schedule_once(
    store: Store, partitions: int, size: int, limit: int
) -> None:
    await store.client.flushall()
    engine = await Engine.open(store, partitions=partitions)
    names = await add(engine, 12, size)
    shown = await pages(engine, limit)
    assert [(one.tenant_id, one.name) for page in shown for one in page] == names
    for page in shown:
        assert len(page) <= limit
        assert sum(len(one.payload) for one in page[:-1]) < MAX_PAGE_BYTES
    if size == SMALL and limit >= SCHEDULES:
        assert len(shown) == 1
    own = [one.name for page in await pages(engine, limit, "tenant-3") for one in page]
    assert own == [name for tenant, name in names if tenant == "tenant-3"]
