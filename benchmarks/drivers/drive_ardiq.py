"""ardiq: streams that acknowledge, the loop and the connection in Rust, results kept for the shortest time."""

from __future__ import annotations

import sys

import common
import uvloop
from ardiq import Ardiq

SLOTS = int(sys.argv[2]) if __name__ == "__main__" else 100
app = Ardiq(common.URL, concurrency=SLOTS, prefetch=SLOTS, result_ttl_ms=1)


@app.task
async def noop(data: str) -> None:
    common.count()


@app.task
async def stamp(sent: int) -> None:
    common.record_wait(sent)


async def many(number: int) -> None:
    for start in range(0, number, 1000):
        await app.enqueue_many(noop.prepare(common.DATA) for _ in range(min(1000, number - start)))


def worker(slots: int) -> None:
    uvloop.run(app.run())


if __name__ == "__main__":
    common.main_async(lambda: noop.enqueue(common.DATA), many, stamp.enqueue, worker)
