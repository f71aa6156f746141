"""Group commit: submissions that arrive while a call is in progress join the next call and its fsync.

A lone caller does not wait, and sends its call itself. If the last call had several callers, more of them may come in
the same round of the event loop, so a task sends the next call at the end of the round.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from ..model.job import MAX_BATCH, NewJob, Submission

MAX_CALL_BYTES = 4 * 1024 * 1024

Packed = tuple[bytes, bytes]
"""A job as `submit` receives it, and the request that it stores."""
Pack = Callable[[NewJob], Packed]
Send = Callable[[list[Packed]], Awaitable[list[Submission]]]
Answer = asyncio.Future[list[Submission]]


class GroupCommit:
    """Submissions to one partition."""

    def __init__(self, pack: Pack, send: Send) -> None:
        self._pack = pack
        self._send = send
        self._waiting: deque[_Group] = deque()
        self._sender: asyncio.Task[None] | None = None
        self._is_sending = False
        self._is_crowded = False
        """Whether the last call had several callers."""

    async def submit(self, jobs: Sequence[NewJob]) -> list[Submission]:
        """Submit `jobs` in one call, perhaps together with the jobs of other callers.

        However large they are together: a call is never split, and its script is done whole or not at all.
        """
        # Pack now, while the store works on the previous call.
        packed, size = [], 0
        for job in jobs:  # nearly always one
            pair = self._pack(job)
            packed.append(pair)
            size += len(pair[1])
        if self._is_sending or self._is_crowded:
            return await self._join(packed, size)
        self._is_sending = True
        try:
            return await self._send(packed)
        finally:
            self._is_sending = False
            self._start_sender()

    def _join(self, packed: list[Packed], size: int) -> Answer:
        answer: Answer = asyncio.get_running_loop().create_future()
        if not self._waiting or not self._waiting[-1].has_room_for(len(packed), size):
            self._waiting.append(_Group())
        self._waiting[-1].add(packed, size, answer)
        if not self._is_sending:
            self._start_sender()
        return answer

    def _start_sender(self) -> None:
        if self._waiting:
            self._is_sending = True
            self._sender = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                await self._send_group(self._waiting.popleft())
        finally:
            self._is_sending = False

    async def _send_group(self, group: _Group) -> None:
        self._is_crowded = group.callers > 1
        try:
            submissions = await self._send(group.packed)
        except Exception as error:
            group.fail(error)
        except BaseException:  # cancelled: no task sends the rest
            for left in (group, *self._waiting):
                left.cancel()
            self._waiting.clear()
            raise
        else:
            group.answer(submissions)


class _Group:
    """The jobs of one call, and the futures of their callers."""

    __slots__ = ("_answers", "_bytes", "packed")

    def __init__(self) -> None:
        self.packed: list[Packed] = []
        self._bytes = 0
        self._answers: list[tuple[Answer, int]] = []

    @property
    def callers(self) -> int:
        return len(self._answers)

    def has_room_for(self, jobs: int, size: int) -> bool:
        return len(self.packed) + jobs <= MAX_BATCH and self._bytes + size <= MAX_CALL_BYTES

    def add(self, packed: list[Packed], size: int, answer: Answer) -> None:
        self.packed += packed
        self._bytes += size
        self._answers.append((answer, len(packed)))

    def answer(self, submissions: list[Submission]) -> None:
        first = 0
        for answer, count in self._answers:
            if not answer.done():  # the caller may have been cancelled
                answer.set_result(submissions[first : first + count])
            first += count

    def fail(self, error: Exception) -> None:
        for answer, _ in self._answers:
            if not answer.done():
                answer.set_exception(error)

    def cancel(self) -> None:
        for answer, _ in self._answers:
            answer.cancel()
