"""A bound on the bytes of large answers, which wait in the memory of the server until their clients have read them."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Awaitable, Callable

from ...rest.problems import TOO_MANY_ANSWERS, HttpError
from .answers import Answer

MOST_BYTES = 32 * 1024 * 1024
"""How many bytes all large answers together may take."""
PAGE_BYTES = 4 * 1024 * 1024
"""What a page of 1 MiB takes while it is made: as the store sent it, as values and as JSON."""
PATIENCE_S = 5.0
"""How long a request waits for room before it is refused."""
_RETRY_AFTER = ((b"retry-after", b"1"),)


class AnswerRoom:
    """Admits requests with large answers in the order in which they came, as long as there is room.

    An answer takes room as long as it exists, so clients who share an answer take its room once.
    """

    def __init__(self) -> None:
        self._free = MOST_BYTES
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def taken(self) -> int:
        """The sizes of the answers that exist or are being made."""
        return MOST_BYTES - self._free

    async def make(self, make: Callable[[], Awaitable[Answer]], reserved: int) -> Answer:
        """The answer that `make` returns, which takes up to `reserved` bytes while it is made.

        Raises HttpError 503 if there is no room in time.
        """
        await self._take(reserved)
        try:
            answer = await make()
        except BaseException:
            self._give(reserved)
            raise
        weakref.finalize(answer, self._give, len(answer.body))
        self._give(reserved - len(answer.body))
        return answer

    async def _take(self, size: int) -> None:
        try:
            if self._waiting or self._free <= 0:
                await self._wait()
            self._free -= size
        finally:
            self._admit_next()

    async def _wait(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await turn
        except TimeoutError:
            raise _no_room() from None
        finally:
            self._waiting.remove(turn)

    def _give(self, size: int) -> None:
        self._free += size
        self._admit_next()

    def _admit_next(self) -> None:
        if self._free > 0 and self._waiting and not self._waiting[0].done():
            self._waiting[0].set_result(None)


def _no_room() -> HttpError:
    detail = f"Answers of {MOST_BYTES >> 20} MiB wait for slow clients, the most that the server holds. Try again soon."
    return HttpError(TOO_MANY_ANSWERS, detail, _RETRY_AFTER)
