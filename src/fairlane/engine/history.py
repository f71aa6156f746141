"""Samples of the figures over time. lua/sample.lua takes them and keeps two lists, one for each step."""

from __future__ import annotations

from itertools import pairwise

import msgspec

from ..model.monitor import History, HistoryPoint
from ..model.overview import UpkeepStep
from . import keys
from .partition import Partitions
from .records import utc_of_ms


class Step(msgspec.Struct, frozen=True, array_like=True):
    """The interval between samples, and how many are kept."""

    name: str
    ms: int
    kept: int


STEPS = (Step("10s", 10_000, 2 * 360 + 1), Step("1m", 60_000, 24 * 60 + 1))


class Sample(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """Totals and depths at the beginning of a step."""

    at_ms: int
    submitted: int
    completed: int
    failed: int
    retried: int
    started: int
    wait_ms: int
    ended: int
    run_ms: int
    scheduled: int
    pending: int
    running: int
    kept: int
    """Completed jobs that are still kept."""
    dlq: int


_decode = msgspec.msgpack.Decoder(Sample).decode


async def take_samples(partitions: Partitions) -> UpkeepStep:
    """Store the figures of this step, unless another process has."""
    steps = msgspec.msgpack.encode(STEPS)
    replies = await partitions.each(lambda partition: partition.run("sample", steps=steps))
    return UpkeepStep(sum(taken for taken, _ in replies), min(next_ms for _, next_ms in replies))


async def read_history(partitions: Partitions, minutes: int) -> History:
    """The last minutes, in the shortest step that covers them."""
    step = next((step for step in STEPS if minutes * 60_000 < step.ms * step.kept), STEPS[-1])
    count = min(step.kept, minutes * 60_000 // step.ms + 1)
    replies = await partitions.each(lambda partition: partition.command("LRANGE", keys.history(step.name), -count, -1))
    samples = _add_up([[_decode(sample) for sample in reply] for reply in replies])
    if samples:
        samples = [sample for sample in samples if sample.at_ms >= samples[-1].at_ms - minutes * 60_000]
    points = [_point(before, sample) for before, sample in pairwise(samples)]
    return History(step_seconds=step.ms // 1000, points=points)


def _add_up(by_partition: list[list[Sample]]) -> list[Sample]:
    """The sums over all partitions, for the steps in which each partition has a sample."""
    if len(by_partition) == 1:
        return by_partition[0]
    columns = [{sample.at_ms: msgspec.structs.astuple(sample)[1:] for sample in samples} for samples in by_partition]
    common = sorted(set.intersection(*(set(column) for column in columns)))
    sums = [(at, *map(sum, zip(*(column[at] for column in columns), strict=True))) for at in common]
    return msgspec.convert(sums, list[Sample])


def _point(before: Sample, sample: Sample) -> HistoryPoint:
    started, ended = sample.started - before.started, sample.ended - before.ended
    return HistoryPoint(
        at=utc_of_ms(sample.at_ms),
        seconds=(sample.at_ms - before.at_ms) / 1000,
        submitted=sample.submitted - before.submitted,
        completed=sample.completed - before.completed,
        failed=sample.failed - before.failed,
        retried=sample.retried - before.retried,
        started=started,
        wait_seconds=(sample.wait_ms - before.wait_ms) / started / 1000 if started else None,
        run_seconds=(sample.run_ms - before.run_ms) / ended / 1000 if ended else None,
        pending=sample.pending,
        running=sample.running,
        scheduled=sample.scheduled,
        dlq=sample.dlq,
    )
