"""Submitting many jobs in batches. While the store works on one batch, the next is prepared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from ..model.job import NewJob, Submission

if TYPE_CHECKING:
    from ..backend import Backend

I = TypeVar("I")  # noqa: E741  an item

BATCH = 500
"""Jobs in one call. Larger calls delay the store's other callers and are not faster."""
BATCH_BYTES = 4 * 1024 * 1024
"""Bytes of payloads in one call, for the same reason. A larger payload goes alone."""
_BREATH = 100


async def submit_in_batches(
    backend: Backend, payloads: Sequence[bytes], new_job: Callable[[bytes], NewJob]
) -> tuple[list[NewJob], list[Submission]]:
    """Submit a job for each payload, one call at a time. Returns the jobs and the answers, in order."""
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
    """Split the payloads into calls, in order."""
    first = size = 0
    for i, payload in enumerate(payloads):
        size += len(payload)
        if i > first and (i - first == BATCH or size > BATCH_BYTES):
            yield payloads[first:i]
            first, size = i, len(payload)
    if first < len(payloads):
        yield payloads[first:]


async def in_breaths(items: Iterable[I]) -> AsyncIterator[list[I]]:
    """The items in small lists. Between two lists, other tasks of the event loop run."""
    remaining = iter(items)
    while some := list(islice(remaining, _BREATH)):
        await asyncio.sleep(0)
        yield some
