"""The tokens that a server has seen lately, so that most requests need no look into the store."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import NamedTuple

from ..backend import Access, Backend
from ..model.errors import StoreUnavailable, Unauthorized
from ..model.token import Token, digest_of, is_well_formed
from .scope import scoped

MAX_AGE_S = 0.5
"""For which a token counts as valid after a look into the store. A revocation is felt within this time."""
MAX_KNOWN = 1_000
"""Tokens in memory. Requests with others look into the store."""
LOOK_S = 0.25
"""How often a stream or a long poll checks its token."""
NOTE_EVERY_S = 60.0
NOTED_AT_ONCE = 1_000


class Grant(NamedTuple):
    """What a request may use: its token and the backend that the token opens."""

    digest: str
    token: Token
    backend: Backend


class _Known(NamedTuple):
    grant: Grant
    checked_at: float


class KnownTokens:
    """Finds the grant of a secret. Notes which tokens are used, once a minute in one batch."""

    def __init__(self, backend: Backend, access: Access) -> None:
        self._backend = backend
        self._access = access
        self._known: dict[str, _Known] = {}
        self._looking: dict[str, asyncio.Task[Grant | None]] = {}
        self._used: set[str] = set()
        self._noting: asyncio.Task[None] | None = None

    async def grant(self, secret: str) -> Grant:
        """The grant of a secret. Raises Unauthorized, and StoreUnavailable if the store must be asked."""
        if not is_well_formed(secret):
            raise Unauthorized("the token is not valid: it must begin with fl_ and have all its characters")
        grant = await self._find(digest_of(secret))
        if grant is None:
            raise Unauthorized("the token is not valid: it was revoked, or it has expired, or it never existed")
        self._note(grant.token.name)
        return grant

    async def ended(self, grant: Grant) -> None:
        """Return once the token of this grant is revoked or expired."""
        while True:
            await asyncio.sleep(LOOK_S)
            # Without the store the stream shows nothing new either.
            with contextlib.suppress(StoreUnavailable):
                if await self._find(grant.digest) is None:
                    return

    def stop(self) -> None:
        """Stop noting uses."""
        if self._noting is not None:
            self._noting.cancel()

    async def _find(self, digest: str) -> Grant | None:
        known = self._known.get(digest)
        if known is not None and time.monotonic() - known.checked_at < MAX_AGE_S:
            return known.grant if _is_valid(known.grant.token) else None
        looking = self._looking.get(digest)
        if looking is None:
            looking = self._looking[digest] = asyncio.create_task(self._look(digest))
            looking.add_done_callback(lambda _: self._looking.pop(digest, None))
        return await asyncio.shield(looking)

    async def _look(self, digest: str) -> Grant | None:
        began = time.monotonic()
        token = await self._access.find(digest)
        known = self._known.pop(digest, None)
        if token is None or not _is_valid(token):
            return None
        if known is not None and known.grant.token == token:
            grant = known.grant
        else:
            grant = Grant(digest, token, scoped(self._backend, token))
        while len(self._known) >= MAX_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[digest] = _Known(grant, began)
        return grant

    def _note(self, name: str) -> None:
        self._used.add(name)
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._note_uses())

    async def _note_uses(self) -> None:
        while self._used:
            names = list(self._used)
            self._used.clear()
            with contextlib.suppress(StoreUnavailable):  # a use that is not noted does no harm
                for first in range(0, len(names), NOTED_AT_ONCE):
                    await self._access.note_uses(names[first : first + NOTED_AT_ONCE])
            await asyncio.sleep(NOTE_EVERY_S)


def _is_valid(token: Token) -> bool:
    return not token.is_expired(datetime.now(UTC))
