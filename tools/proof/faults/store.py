"""Faults of the store: its process, its memory, its disk and its clock."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path

from valkey.exceptions import ValkeyError

from ..notes import now
from ..room import Room
from ..store import StoreServer, Unavailable
from ..waiting import to_its_end


def server_of(room: Room) -> StoreServer:
    if room.server is None:
        raise Unavailable("this case disturbs the store, so it needs a private one: leave STORE out")
    return room.server


async def kill(room: Room) -> None:
    """SIGKILL the store, and start it again."""
    server = server_of(room)
    while True:
        await asyncio.sleep(room.chance.uniform(0.4, 1.5))
        room.note_fault("SIGKILL to the store")
        await to_its_end(_restart(server))


async def _restart(server: StoreServer) -> None:
    async with server.restarting:
        await server.kill()
        await server.start()


async def stop(room: Room) -> None:
    """SIGSTOP the store for longer than a lease."""
    server = server_of(room)
    await asyncio.sleep(0.7)
    room.note_fault("SIGSTOP to the store")
    server.send(signal.SIGSTOP)
    try:
        await asyncio.sleep(room.setting.lease_ms / 1_000 + room.chance.uniform(0.5, 1.5))
    finally:
        server.send(signal.SIGCONT)


async def fill_memory(room: Room) -> None:
    """Lower the store's memory limit to less than it uses, for a while."""
    server = server_of(room)
    try:
        while True:
            await asyncio.sleep(room.chance.uniform(0.3, 0.8))
            room.note_fault("the store's memory is full")
            await server.change({"maxmemory": "1mb"})
            await asyncio.sleep(room.chance.uniform(0.5, 1.5))
            await server.change({"maxmemory": "0"})
    finally:
        await to_its_end(server.change({"maxmemory": "0"}))


async def block(room: Room) -> None:
    """A foreign script keeps the store busy."""
    server = server_of(room)
    await server.change({"busy-reply-threshold": "200"})
    spin = "local t = redis.call('TIME')[1] * 1 repeat until redis.call('TIME')[1] - t >= 2"
    while True:
        await asyncio.sleep(room.chance.uniform(0.5, 1.0))
        room.note_fault("a foreign script runs for one to two seconds")
        await to_its_end(server.insist("EVAL", spin, 0))


async def flush_scripts(room: Room) -> None:
    """SCRIPT FLUSH and FUNCTION FLUSH, again and again."""
    server = server_of(room)
    while True:
        await asyncio.sleep(room.chance.uniform(0.0, 0.05))
        room.note_fault("SCRIPT FLUSH and FUNCTION FLUSH")
        await server.insist("SCRIPT", "FLUSH")
        await server.insist("FUNCTION", "FLUSH")


async def change_settings(room: Room) -> None:
    """Settings that lose jobs, set live and set back."""
    server = server_of(room)
    safe = dict(room.setting.server)
    unsafe = ({"maxmemory-policy": "allkeys-lru"}, {"appendfsync": "no"}, {"appendonly": "no"})
    try:
        while True:
            await asyncio.sleep(room.chance.uniform(0.2, 0.6))
            change = room.chance.choice(unsafe)
            room.note_fault(f"CONFIG SET {change}")
            await server.change(change)
            await asyncio.sleep(room.chance.uniform(0.2, 0.8))
            await server.change({name: safe[name] for name in change})
    finally:
        await to_its_end(server.change({name: safe[name] for change in unsafe for name in change}))


FSYNC_US = 2_000_000
"""Under `everysec`, writes are on disk after this time."""


async def cut_power(room: Room) -> None:
    """Kill the store, and leave of its append-only file what was on disk, and half of the write on its way.

    Under `always`, the server answers after its fsync, so all that was answered is on disk. Under `everysec`, the cut
    is at a random offset of the last two seconds, or of more if the server did not write to its file in them: while an
    fsync takes long, it answers without writing for up to two seconds.
    """
    server = server_of(room)
    while True:
        sizes: list[tuple[int, int]] = []
        wait_us = round(room.chance.uniform(2.2, 4.0) * 1_000_000)
        while not sizes or now() < sizes[0][0] + wait_us:
            asked = now()
            if await _has_written_all(server):
                sizes.append((asked, _size(server)))
            await asyncio.sleep(0.1)
        await to_its_end(_lose_power(room, server, sizes))


async def _lose_power(room: Room, server: StoreServer, sizes: list[tuple[int, int]]) -> None:
    async with server.restarting:
        await server.kill()
        killed, size, lost_since = now(), _size(server), 0
        if room.setting.durability == "memory":
            lost_since, on_disk = max(sample for sample in sizes if sample[0] <= killed - FSYNC_US)
            size = room.chance.randrange(on_disk, size + 1)
            server.cut_back(size)
        else:
            server.cut_back(size, torn=b"*3\r\n$3\r\nSET\r\n$5\r\nfl:{0"[: room.chance.randrange(1, 20)])
        room.note_fault(f"power loss: {size} bytes of the append-only file are left", lost_since)
        await server.start()


async def _has_written_all(server: StoreServer) -> bool:
    """Whether the append-only file contains everything that the store has answered."""
    with contextlib.suppress(OSError, ValkeyError):  # another fault stopped it
        return int((await server.tell("INFO", "persistence"))["aof_buffer_length"]) == 0
    return False


def _size(server: StoreServer) -> int:
    try:
        return server.append_file.stat().st_size
    except FileNotFoundError:
        return 0


async def fill_disk(room: Room) -> None:
    """Fill the store's disk, and free it later."""
    server = server_of(room)
    while True:
        await asyncio.sleep(room.chance.uniform(0.3, 0.8))
        room.note_fault("the store's disk is full")
        filler = server.folder / "filler"
        try:
            _fill(filler)
            await asyncio.sleep(room.chance.uniform(0.7, 1.5))
        finally:
            filler.unlink(missing_ok=True)
            await to_its_end(server.revive())


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size):
                    pass


STEPS_S = (5, 3_600, 86_400)


async def step_clock(room: Room) -> None:
    """Set the store's clock forward and back, by seconds, an hour and a day."""
    offset = 0
    while True:
        await asyncio.sleep(room.chance.uniform(0.7, 1.5))
        offset += room.chance.choice(STEPS_S) * room.chance.choice((-1, 1))
        room.note_fault(f"the store's clock is set to {offset:+} s")
        server_of(room).set_clock(offset)
