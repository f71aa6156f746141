"""Ends the leases of a worker that is known to be dead: which of its jobs ended it, and what the others lose."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from ..model.overview import Reaped
from . import keys
from .partition import Partition, Partitions

JOBS_A_STEP = 200
"""How many leases one call ends: the store serves no other call meanwhile."""

JUDGED_S = 3600
"""How long a judgement is kept if its caller does not come back, as long as the longest lease."""

_encode = msgspec.msgpack.Encoder().encode


class Held(NamedTuple):
    """A lease that the worker held."""

    job_id: str
    fence: int
    is_suspect: bool


async def reap_worker(partitions: Partitions, worker_id: str) -> Reaped:
    """Give the jobs back. Only the guilty one burns an attempt; if it is unknown, all become suspects."""
    held = [await _held(partition, worker_id) for partition in partitions]
    guilty = await _judge(partitions[0], worker_id, [each for group in held for each in group])
    requeued = failed = cancelled = 0
    for partition, group in zip(partitions, held, strict=True):
        ids = [each.job_id for each in group]
        for first in range(0, max(1, len(ids)), JOBS_A_STEP):
            counts = await partition.run(
                "reap",
                lost_worker=worker_id,
                lost_jobs=_encode(ids[first : first + JOBS_A_STEP]),
                guilty=guilty,
                limit=JOBS_A_STEP,
            )
            requeued, failed, cancelled = requeued + counts[0], failed + counts[1], cancelled + counts[2]
    await partitions[0].command("DEL", keys.lost_worker(worker_id))
    return Reaped(requeued, failed, cancelled)


async def _judge(first: Partition, worker_id: str, held: list[Held]) -> str:
    """The guilty job, or "" if it is unknown.

    A call that failed in the middle is repeated, and then finds only the remaining leases. The first judgement stays,
    so that the last remaining job does not pass for the only one.
    """
    found = guilty_of(held)
    judgement = "" if found is None else found.job_id
    earlier = await first.command("SET", keys.lost_worker(worker_id), judgement, "NX", "GET", "EX", JUDGED_S)
    return judgement if earlier is None else str(earlier.decode())


def guilty_of(held: list[Held]) -> Held | None:
    """The job that ended the process; None if it may have been any of several.

    Of its suspects, a worker runs only the one with the lowest fence; the others wait.
    """
    suspects = [each for each in held if each.is_suspect]
    if suspects:
        return min(suspects, key=lambda each: each.fence)
    return held[0] if len(held) == 1 else None


async def _held(partition: Partition, worker_id: str) -> list[Held]:
    reply = await partition.run("held", worker=worker_id)
    return [
        Held(reply[i].decode(), int(reply[i + 1].rpartition(b".")[2]), bool(reply[i + 2]))
        for i in range(0, len(reply), 3)
    ]
