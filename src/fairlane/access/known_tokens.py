"""The tokens that a server has seen lately, so that most requests need no look into the store."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from ..backend import Access, Backend, StoreBackend
from ..model.errors import NotFound, StoreUnavailable, Unauthorized
from ..model.token import (
    SESSION_S,
    Token,
    digest_of,
    is_well_formed,
    new_session_secret,
    session_digest_of,
)
from .scope import scoped

MAX_AGE_S = 0.5
"""For which a token counts as valid after a look into the store. A revocation is felt within this time."""
MAX_KNOWN = 1_000
"""Tokens in memory. Requests with others look into the store."""
LOOK_S = 0.25
"""How often a stream or a long poll checks its token."""
NOTE_EVERY_S = 60.0
NOTED_AT_ONCE = 1_000


K = TypeVar("K")


class Grant(NamedTuple):
    """What a request may use: its token and the backend that the token opens."""

    digest: str
    token: Token
    backend: Backend
    author: str
    """Its holder, for the audit log."""


class _Known(NamedTuple):
    grant: Grant
    valid_until: float
    """By `time.monotonic()`: the end of the token, or of MAX_AGE_S."""


class KnownTokens:
    """Finds the grant of a secret. Notes which tokens are used, once a minute in one batch."""

    def __init__(self, backend: StoreBackend, access: Access, *, tenant_logs: bool = False) -> None:
        """`tenant_logs`: tenants may read the logs of their jobs."""
        self._backend = backend
        self._access = access
        self._tenant_logs = tenant_logs
        self._known: dict[str, _Known] = {}
        """By the digest of the secret."""
        self._by_secret: dict[bytes, _Known] = {}
        """The same, without the cost of a digest for each request."""
        self._looking: dict[str, asyncio.Task[Grant | None]] = {}
        self._used: set[str] = set()
        self._noting: asyncio.Task[None] | None = None

    def remembered(self, secret: bytes) -> Grant | None:
        """The grant of a secret, if the server has just seen it. Most requests end their search here."""
        known = self._by_secret.get(secret)
        return known.grant if known is not None and time.monotonic() < known.valid_until else None

    async def grant(self, secret: bytes) -> Grant:
        """The grant of a secret. Raises Unauthorized, and StoreUnavailable if the store must be asked."""
        text = secret.decode("latin-1")
        if not is_well_formed(text):
            raise Unauthorized("the token is not valid: it must begin with fl_ and have all its characters")
        digest = digest_of(text)
        grant = await self._find(digest)
        if grant is None:
            raise Unauthorized("the token is not valid: it was revoked, or it has expired, or it never existed")
        if digest in self._known:
            _put(self._by_secret, secret, self._known[digest])
        self._note(grant.token.name)
        return grant

    async def session(self, secret: bytes) -> Grant:
        """The grant of a session's secret. Raises Unauthorized, and StoreUnavailable if the store must be asked."""
        grant = await self._find(session_digest_of(secret.decode("latin-1")))
        if grant is None:
            raise Unauthorized("the session has ended: sign in again")
        self._note(grant.token.name)
        return grant

    async def begin_session(self, grant: Grant) -> tuple[str, float]:
        """A new session of a token: its secret, and how many seconds it lasts. Raises Unauthorized."""
        secret, lasts_s = new_session_secret(), max(0.0, min(SESSION_S, _seconds_left(grant.token)))
        try:
            ends = _now() + timedelta(seconds=lasts_s)
            await self._access.begin_session(grant.token.name, session_digest_of(secret), ends)
        except NotFound:
            raise Unauthorized("the token is not valid: it has just been revoked") from None
        return secret, lasts_s

    async def end_session(self, secret: bytes) -> None:
        """End a session at this server at once, and at others within MAX_AGE_S."""
        digest = session_digest_of(secret.decode("latin-1"))
        await self._access.end_session(digest)
        self._known.pop(digest, None)

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
        if known is not None and time.monotonic() < known.valid_until:
            return known.grant
        looking = self._looking.get(digest)
        if looking is None:
            looking = self._looking[digest] = asyncio.create_task(self._look(digest))
            looking.add_done_callback(lambda _: self._looking.pop(digest, None))
        return await asyncio.shield(looking)

    async def _look(self, digest: str) -> Grant | None:
        began = time.monotonic()
        token = await self._access.find(digest)
        known = self._known.pop(digest, None)
        if token is None or token.is_expired(_now()):
            return None
        if known is not None and known.grant.token == token:
            grant = known.grant
        else:
            opened = scoped(self._backend, token, tenant_logs=self._tenant_logs)
            grant = Grant(digest, token, opened, f"token:{token.name}")
        _put(self._known, digest, _Known(grant, began + min(_seconds_left(token), MAX_AGE_S)))
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


def _seconds_left(token: Token) -> float:
    """Until the token expires; without a bound if it does not."""
    if token.expires_at is None:
        return math.inf
    return (token.expires_at - _now()).total_seconds()


def _now() -> datetime:
    return datetime.now(UTC)


def _put(memory: dict[K, _Known], key: K, known: _Known) -> None:
    """Remember it as the latest of MAX_KNOWN."""
    memory.pop(key, None)
    while len(memory) >= MAX_KNOWN:
        del memory[next(iter(memory))]
    memory[key] = known
