"""The baseline: a plain SET of a record as long as a job's, by the client library of fairlane."""

from __future__ import annotations

import os

import common
from valkey.asyncio import Valkey

RECORD = b"x" * 250
client = Valkey(port=common.PORT)


async def one() -> None:
    await client.set(os.urandom(12), RECORD)


async def many(number: int) -> None:
    for start in range(0, number, 1000):
        pipe = client.pipeline(transaction=False)
        for _ in range(min(1000, number - start)):
            pipe.set(os.urandom(12), RECORD)
        await pipe.execute()


async def stamped(sent: int) -> None:
    await one()
    common.record_wait(sent)


def worker(slots: int) -> None:
    raise SystemExit("the baseline runs no jobs")


if __name__ == "__main__":
    common.main_async(one, many, stamped, worker, client.aclose)
