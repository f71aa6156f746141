"""Submitting many jobs: in batches, each made while the store works on the one before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from ..backend import Backend
from ..model.job import NewJob, Submission

I = TypeVar("I")  # noqa: E741  an item

BATCH = 500
"""Jobs a call. More would hold up the store's other callers for longer, and make nothing faster."""
BATCH_BYTES = 4 * 1024 * 1024
"""Of payloads in a call, for the same reason; one that is larger goes alone."""
_BREATH = 100


async def submit_in_batches(
    backend: Backend, payloads: Sequence[bytes], new_job: Callable[[bytes], NewJob]
) -> tuple[list[NewJob], list[Submission]]:
    """The jobs of these payloads and what became of each, in order. One call at a time is on its way."""
    made: list[NewJob] = []
    answers: list[Submission] = []
    sending: asyncio.Task[list[Submission]] | None = None
    try:
        for batch in batches(payloads):
            jobs: list[NewJob] = []
            async for some in in_breaths(batch):
                jobs += [new_job(payload) for payload in some]
            if sending is not None:
                answers += await sending
            made += jobs
            sending = asyncio.create_task(backend.jobs.submit(jobs))
        if sending is not None:
            answers += await sending
    except BaseException:
        if sending is not None:
            sending.cancel()
        raise
    return made, answers


def batches(payloads: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The payloads of each call, in order."""
    first = size = 0
    for i, payload in enumerate(payloads):
        size += len(payload)
        if i > first and (i - first == BATCH or size > BATCH_BYTES):
            yield payloads[first:i]
            first, size = i, len(payload)
    if first < len(payloads):
        yield payloads[first:]


async def in_breaths(items: Iterable[I]) -> AsyncIterator[list[I]]:
    """The items, some at a time; between them, others have the event loop, and calls on their way get on."""
    remaining = iter(items)
    while some := list(islice(remaining, _BREATH)):
        await asyncio.sleep(0)
        yield some
