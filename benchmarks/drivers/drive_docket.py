"""docket: streams that acknowledge, results kept for no time, 100 jobs at once."""

from __future__ import annotations

from datetime import timedelta

import common
import uvloop
from docket import Docket, Worker

_docket: Docket | None = None


async def noop(data: str) -> None:
    common.count()


async def stamp(sent: int) -> None:
    common.record_wait(sent)


async def docket() -> Docket:
    global _docket  # noqa: PLW0603
    if _docket is None:
        _docket = await Docket("bench", common.URL, execution_ttl=timedelta(0)).__aenter__()
        _docket.register(noop)
        _docket.register(stamp)
    return _docket


async def one() -> None:
    await (await docket()).add(noop)(common.DATA)


async def many(number: int) -> None:
    queue = await docket()
    await queue.add_many(queue.call(noop)(common.DATA) for _ in range(number))


async def stamped(sent: int) -> None:
    await (await docket()).add(stamp)(sent)


async def close() -> None:
    if _docket is not None:
        await _docket.__aexit__(None, None, None)


def worker(slots: int) -> None:
    async def run() -> None:
        async with Worker(await docket(), concurrency=slots) as worker:
            await worker.run_forever()

    uvloop.run(run())


if __name__ == "__main__":
    common.main_async(one, many, stamped, worker, close)
