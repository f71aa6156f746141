"""What the drivers of all peers share. Runs in each peer's environment, so it needs the standard library alone.

A driver is a script with four commands, which the harness calls:

    submit-one N      submit N jobs, each awaited, after one that is not timed
    submit-many N     submit N jobs by the fastest call that the peer has
    submit-stamped N  submit N jobs of `stamp`, with a pause before each
    worker SLOTS      run jobs in this process until SIGTERM

The first two print the seconds that they took. Jobs of `noop` add to a count in a mapped file, and jobs of `stamp`
write how long they waited; the harness reads both files, so that no peer is measured by its own means.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import struct
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

PORT = int(os.environ["BENCH_PORT"])
URL = f"redis://127.0.0.1:{PORT}/0"
FOLDER = Path(os.environ["BENCH_FOLDER"])
DATA = "x" * 89
"""With its name and braces in JSON, 100 bytes."""
PAUSE_SECONDS = 0.02


class _Count:
    """The jobs that ran in this process: eight bytes in a file that the harness sums over processes."""

    def __init__(self) -> None:
        path = FOLDER / f"count-{os.getpid()}"
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), 8)
        self._jobs = 0

    def add(self) -> None:
        self._jobs += 1
        struct.pack_into("<Q", self._bytes, 0, self._jobs)


_count: _Count | None = None
_pid = 0


def count() -> None:
    """Record that one job ran. Threads may call it: the global lock makes a lost addition unlikely, not impossible."""
    global _count, _pid
    if _count is None or _pid != os.getpid():
        _count, _pid = _Count(), os.getpid()
    _count.add()


def now() -> int:
    """Nanoseconds on the clock that all processes of this machine share."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def record_wait(sent: int) -> None:
    """Record the time from `sent` until now."""
    waited = now() - sent
    with (FOLDER / "waits").open("ab") as file:
        file.write(struct.pack("<Q", waited))


def main_async(
    one: Callable[[], Awaitable[object]],
    many: Callable[[int], Awaitable[object]],
    stamped: Callable[[int], Awaitable[object]],
    worker: Callable[[int], object],
    close: Callable[[], Awaitable[object]] | None = None,
    prepare: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """The commands of a peer whose calls are awaited. `worker` gets the number of slots and returns on SIGTERM."""
    command, number = sys.argv[1], int(sys.argv[2])
    if command == "worker":
        worker(number)
        return

    async def run() -> None:
        try:
            if prepare is not None:
                await prepare()
            if command == "submit-one":
                await one()
                await _timed(one() for _ in range(number))
            elif command == "submit-many":
                await _timed([many(number)])
            else:
                for _ in range(number):
                    await asyncio.sleep(PAUSE_SECONDS)
                    await stamped(now())
        finally:
            if close is not None:
                await close()

    try:
        import uvloop  # type: ignore[import-not-found,unused-ignore]

        uvloop.run(run())
    except ImportError:
        asyncio.run(run())


async def _timed(calls: Iterable[Awaitable[object]]) -> None:
    begin = time.perf_counter()
    for call in calls:
        await call
    print(time.perf_counter() - begin)


def main_sync(
    one: Callable[[], object],
    many: Callable[[int], object],
    stamped: Callable[[int], object],
    worker: Callable[[int], object],
) -> None:
    """The commands of a peer whose calls block."""

    async def one_() -> object:
        return one()

    async def many_(number: int) -> object:
        return many(number)

    async def stamped_(sent: int) -> object:
        return stamped(sent)

    main_async(one_, many_, stamped_, worker)
