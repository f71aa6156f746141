"""Limits that change while workers die."""

from __future__ import annotations

import asyncio
import signal

from fairlane.model.tenant import PolicyChange

from ..room import Room
from ..waiting import to_its_end
from .processes import strike


async def change_limits(room: Room) -> None:
    """Set a tenant's concurrency to 1 to 6, again and again, and kill a worker now and then."""
    while True:
        await asyncio.sleep(room.chance.uniform(0.05, 0.3))
        tenant, concurrency = room.chance.choice(list(room.setting.tenants)), room.chance.randint(1, 6)
        room.note_fault(f"{tenant} may hold {concurrency} leases")
        await to_its_end(room.limit(tenant, PolicyChange(concurrency=concurrency)))
        if room.chance.random() < 0.1:
            strike(room, "worker-", signal.SIGKILL)
