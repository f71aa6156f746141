"""Faults of processes: kills, stops and terminations."""

from __future__ import annotations

import asyncio
import signal

from ..crew import Member
from ..room import Room


async def kill_workers(room: Room) -> None:
    """SIGKILL one worker after the other."""
    while True:
        await asyncio.sleep(room.chance.uniform(0.4, 1.5))
        strike(room, "worker-", signal.SIGKILL)


async def kill_anything(room: Room) -> None:
    """SIGKILL workers, upkeep and the API."""
    while True:
        await asyncio.sleep(room.chance.uniform(0.4, 1.5))
        strike(room, room.chance.choice(("worker-", "upkeep-", "api")), signal.SIGKILL)


async def crash_at_named_points(room: Room) -> None:
    """The processes kill themselves, as the setting says. Each that has done so is started again without its point."""
    room.note_fault(
        ", ".join(f"{name} crashes at {', '.join(points)}" for name, points in room.setting.crash_points.items())
    )
    await asyncio.Event().wait()


async def stop_a_worker(room: Room) -> None:
    """SIGSTOP a worker with leases for three leases, then SIGCONT."""
    await asyncio.sleep(0.7)
    member = strike(room, "worker-", signal.SIGSTOP)
    try:
        await asyncio.sleep(3 * room.setting.lease_ms / 1_000)
    finally:
        if member:
            room.crew.send(member, signal.SIGCONT)
    await asyncio.sleep(room.setting.lease_ms / 1_000)


async def terminate_workers(room: Room) -> None:
    """SIGTERM one worker after the other, once it works: before, the signal ends it as any other process."""
    while True:
        await asyncio.sleep(room.chance.uniform(0.4, 1.5))
        member = room.chance.choice(room.crew.members("worker-"))
        if member.runs and member.has_begun:
            send(room, member, signal.SIGTERM)


async def nothing(room: Room) -> None:
    """No fault but the jobs themselves."""
    room.note_fault("jobs that crash, block or overrun")
    await asyncio.Event().wait()


def strike(room: Room, prefix: str, number: int) -> Member | None:
    """Send a signal to one process at random; the process."""
    members = [member for member in room.crew.members(prefix) if member.runs]
    if not members:
        return None
    member = room.chance.choice(members)
    send(room, member, number)
    return member


def send(room: Room, member: Member, number: int) -> None:
    """Send a signal to this process."""
    room.note_fault(f"{signal.Signals(number).name} to {member.name}")
    room.crew.send(member, number)
