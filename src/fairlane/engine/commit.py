"""Group commit: submissions that come while one is on its way join the next call and its one fsync.

A lone caller waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ..model.job import MAX_BATCH, NewJob, Submission

MAX_CALL_BYTES = 4 * 1024 * 1024

Packed = tuple[bytes, bytes]
"""What a script is told of a job, and what it keeps of it."""
Pack = Callable[[NewJob], Packed]
Send = Callable[[list[Packed]], Awaitable[list[Submission]]]
_Waiting = tuple[list[Packed], int, "asyncio.Future[list[Submission]]"]


class GroupCommit:
    """Submissions to one partition."""

    def __init__(self, pack: Pack, send: Send) -> None:
        self._pack = pack
        self._send = send
        self._waiting: list[_Waiting] = []
        self._sender: asyncio.Task[None] | None = None

    async def submit(self, jobs: Sequence[NewJob]) -> list[Submission]:
        """The answers to `jobs`, which are submitted in one call, perhaps with others.

        However large they are together: a call is never split, and its script is done whole or not at all.
        """
        answer: asyncio.Future[list[Submission]] = asyncio.get_running_loop().create_future()
        # Packed now, while the store works on the call before, and not when that has returned.
        packed, size = [], 0
        for job in jobs:  # nearly always one
            pair = self._pack(job)
            packed.append(pair)
            size += len(pair[1])
        self._waiting.append((packed, size, answer))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all())
        return await answer

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                if len(self._waiting) > 1:
                    await asyncio.sleep(0)  # where some came at once, more are about to: a larger group costs less
                await self._send_group(self._take_group())
        finally:
            self._sender = None

    def _take_group(self) -> list[_Waiting]:
        taken, jobs, size = 0, 0, 0
        for more, more_bytes, _ in self._waiting:
            jobs += len(more)
            size += more_bytes
            if taken and (jobs > MAX_BATCH or size > MAX_CALL_BYTES):
                break
            taken += 1
        group, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return group

    async def _send_group(self, group: list[_Waiting]) -> None:
        try:
            answers = await self._send([job for packed, _, _ in group for job in packed])
        except BaseException as error:
            for _, _, answer in group:
                if not answer.done():
                    answer.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            if not isinstance(error, Exception):
                raise
            return
        first = 0
        for packed, _, answer in group:
            if not answer.done():
                answer.set_result(answers[first : first + len(packed)])
            first += len(packed)
