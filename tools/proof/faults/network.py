"""Faults of the network: everything that a proxy can do to connections to the store."""

from __future__ import annotations

import asyncio

from ..room import Room


async def lose_replies(room: Room) -> None:
    """Cut connections in place of replies, or in the middle of them: the store has done what it was asked to do."""
    await _lose_replies(room, list(room.wires))


async def lose_replies_to_workers(room: Room) -> None:
    """Above all the replies to claims and outcomes."""
    await _lose_replies(room, ["workers"])


async def _lose_replies(room: Room, names: list[str]) -> None:
    while True:
        await asyncio.sleep(room.chance.uniform(0.1, 0.4))
        name = room.chance.choice(names)
        wire = room.wires[name]
        halves = room.chance.random() < 0.5
        room.note_fault(f"a reply to {name} is cut {'in half' if halves else 'off'}")
        if halves:
            wire.replies_to_halve += 1
        else:
            wire.replies_to_cut += 1


async def half_open(room: Room) -> None:
    """The workers' connections are silent and stay open. No packet tells them that the other side is gone."""
    await asyncio.sleep(0.5)
    wire = room.wires["workers"]
    room.note_fault("the network between workers and store falls silent")
    wire.silent = True
    try:
        await asyncio.sleep(room.chance.uniform(1.0, 3.0))
    finally:
        wire.silent = False
        wire.cut()


async def slow(room: Room) -> None:
    """Each way takes 150 ms, each connection has 1 Mbit/s, and now and then all are reset."""
    room.note_fault("300 ms for each round trip, 1 Mbit/s")
    for wire in room.wires.values():
        wire.delay_s, wire.bytes_per_s = 0.15, 125_000
    try:
        while True:
            await asyncio.sleep(room.chance.uniform(1.0, 3.0))
            name = room.chance.choice(list(room.wires))
            room.note_fault(f"all connections of {name} are reset")
            room.wires[name].cut()
    finally:
        for wire in room.wires.values():
            wire.delay_s, wire.bytes_per_s = 0.0, 0


async def unreachable(room: Room) -> None:
    """No connection to the store, and none can be made."""
    await asyncio.sleep(0.5)
    room.note_fault("the store is unreachable")
    for wire in room.wires.values():
        wire.refuses = True
        wire.cut()
    try:
        await asyncio.sleep(room.seconds / 2)
    finally:
        for wire in room.wires.values():
            wire.refuses = False


ERRORS = (
    "BUSY Valkey is busy running a script.",
    "LOADING Valkey is loading the dataset in memory",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "MISCONF Errors writing to the AOF file",
    "NOREPLICAS Not enough good replicas to write.",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "READONLY You can't write against a read only replica.",
)


async def error_answers(room: Room) -> None:
    """The store answers every command with an error for a second."""
    while True:
        await asyncio.sleep(room.chance.uniform(0.2, 0.6))
        name = room.chance.choice(list(room.wires))
        wire = room.wires[name]
        wire.error = room.chance.choice(ERRORS)
        room.note_fault(f"the store answers {name}: {wire.error}")
        try:
            await asyncio.sleep(room.chance.uniform(0.3, 1.0))
        finally:
            wire.error = ""
