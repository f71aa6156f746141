"""Access tokens on a store, in its first partition."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from ..model.errors import Conflict, InvalidInput, NotFound
from ..model.job import Time
from ..model.times import utc
from ..model.token import MAX_SESSIONS, MAX_TOKENS, Token, TokenSpec, digest_of, new_secret
from ..process.author import author
from . import keys
from .listing import names_between
from .partition import Partitions

MAX_EARLIER = 4
"""Secrets of a token that can be valid beside the last one. Several, so that a repeated rotation ends none in use."""

_encode = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode


class Stored(msgspec.Struct, frozen=True):
    """A token with the SHA-256 of its secret, as the store holds it."""

    digest: str
    token: Token
    earlier: dict[str, Time] = {}
    """The digests of secrets before a rotation, and until when these are valid. The latest comes last."""
    sessions: dict[str, Time] = {}
    """The digests of the secrets of sessions, and when these end. The latest comes last."""

    @property
    def digests(self) -> list[str]:
        """The digests of all secrets that open the token."""
        return [self.digest, *self.earlier, *self.sessions]

    def opened_by(self, digest: str) -> Token | None:
        """The token as the secret with this digest opens it; None for a secret that has ended."""
        if digest == self.digest:
            return self.token
        until = self.earlier.get(digest) or self.sessions.get(digest)
        if until is None:
            return None
        ends = self.token.expires_at
        return msgspec.structs.replace(self.token, expires_at=until if ends is None else min(ends, until))

    def rotated(self, digest: str, now: datetime, until: datetime) -> Stored:
        """The token with a new secret. All earlier secrets and the sessions end by `until`."""
        earlier = _ending(self.earlier, now, until) | {self.digest: until}
        token = msgspec.structs.replace(self.token, rotating_until=until)
        return Stored(digest, token, _latest(earlier, MAX_EARLIER), _ending(self.sessions, now, until))

    def with_session(self, digest: str, now: datetime, ends: datetime) -> Stored:
        """The token with another session."""
        going_on = _ending(self.sessions, now, datetime.max.replace(tzinfo=UTC))
        return msgspec.structs.replace(self, sessions=_latest(going_on | {digest: ends}, MAX_SESSIONS))

    def without_session(self, digest: str) -> Stored:
        """The token once this session has ended."""
        sessions = {other: ends for other, ends in self.sessions.items() if other != digest}
        return msgspec.structs.replace(self, sessions=sessions)


def _ending(secrets: dict[str, Time], now: datetime, until: datetime) -> dict[str, Time]:
    """The secrets that are still valid, all of which end by `until`."""
    return {digest: min(ends, until) for digest, ends in secrets.items() if ends > now}


def _latest(secrets: dict[str, Time], count: int) -> dict[str, Time]:
    return dict(list(secrets.items())[-count:])


_decode = msgspec.json.Decoder(Stored).decode


class EngineTokens:
    """Implements `backend.Tokens` and `backend.Access`."""

    def __init__(self, partitions: Partitions) -> None:
        self._partition = partitions[0]

    async def create(self, spec: TokenSpec) -> tuple[Token, str]:
        secret = new_secret()
        token = Token(**msgspec.structs.asdict(spec), created_at=_now())
        answer = await self._partition.run(
            "create_token",
            author=author(), name=token.name, digest=digest_of(secret),
            stored=_encode(Stored(digest_of(secret), token)), shown=_encode(token), most=MAX_TOKENS,
        )  # fmt: skip
        if answer == b"taken":
            raise Conflict(f"there is a token named {token.name}; revoke it, or choose another name")
        if answer == b"too_many":
            raise InvalidInput(f"there are {MAX_TOKENS:,} tokens, the most that a store keeps; revoke some")
        return token, secret

    async def list(self, limit: int, cursor: str | None = None) -> tuple[Sequence[Token], str | None]:
        between = names_between(cursor, "")
        found = await self._partition.command("ZRANGEBYLEX", keys.TOKEN_NAMES, *between, "LIMIT", 0, limit + 1)
        names = [name.decode() for name in found[:limit]]
        tokens = await self._read(names)
        return tokens, names[-1] if len(found) > limit else None

    async def rotate(self, name: str, overlap_seconds: float) -> tuple[Token, str]:
        secret = new_secret()
        while True:  # compare and set: another client may change the token in between
            before = await self._stored(name)
            known = _decode(before)
            now = _now()
            rotated = known.rotated(digest_of(secret), now, now + timedelta(seconds=overlap_seconds))
            done = await self._partition.run(
                "rotate_token",
                author=author(), name=name, before=before, stored=_encode(rotated), digest=rotated.digest,
                old_digests=_pack(_ended(known, rotated)),
                was=_encode(known.token), shown=_encode(rotated.token),
            )  # fmt: skip
            if done:
                return rotated.token, secret

    async def revoke(self, name: str) -> Token:
        while True:
            text = await self._stored(name)
            stored = _decode(text)
            done = await self._partition.run(
                "revoke_token",
                author=author(), name=name, stored=text, digests=_pack(stored.digests),
                shown=_encode(stored.token),
            )  # fmt: skip
            if done:
                return stored.token

    async def find(self, digest: str) -> Token | None:
        name = await self._partition.command("HGET", keys.TOKEN_DIGESTS, digest)
        if name is None:
            return None
        stored = await self._partition.command("HGET", keys.TOKENS, name)
        return None if stored is None else _decode(stored).opened_by(digest)

    async def begin_session(self, name: str, digest: str, ends: datetime) -> None:
        await self._change_sessions(name, lambda stored: stored.with_session(digest, _now(), ends), digest)

    async def end_session(self, digest: str) -> None:
        name = await self._partition.command("HGET", keys.TOKEN_DIGESTS, digest)
        if name is not None:
            with contextlib.suppress(NotFound):  # revoked meanwhile, with its sessions
                await self._change_sessions(name.decode(), lambda stored: stored.without_session(digest))

    async def _change_sessions(self, name: str, change: Callable[[Stored], Stored], added: str = "") -> None:
        while True:  # compare and set, as in `rotate`
            before = await self._stored(name)
            known = _decode(before)
            changed = change(known)
            done = await self._partition.run(
                "change_sessions",
                name=name, before=before, stored=_encode(changed), added=added, over=_pack(_ended(known, changed)),
            )  # fmt: skip
            if done:
                return

    async def note_uses(self, names: Sequence[str]) -> None:
        now = round(time.time() * 1000)
        await self._partition.command("HSET", keys.TOKEN_USES, *(value for name in names for value in (name, now)))

    async def _stored(self, name: str) -> bytes:
        text: bytes | None = await self._partition.command("HGET", keys.TOKENS, name)
        if text is None:
            raise NotFound(f"there is no token named {name}")
        return text

    async def _read(self, names: Sequence[str]) -> Sequence[Token]:
        if not names:
            return []
        stored = await self._partition.command("HMGET", keys.TOKENS, *names)
        uses = await self._partition.command("HMGET", keys.TOKEN_USES, *names)
        return [
            msgspec.structs.replace(_decode(text).token, last_used_at=utc(int(used) / 1000) if used else None)
            for text, used in zip(stored, uses, strict=True)
            if text is not None
        ]


def _ended(before: Stored, after: Stored) -> list[str]:
    """The digests that no longer open the token."""
    return [digest for digest in before.digests if digest not in set(after.digests)]


def _now() -> datetime:
    return utc(time.time())
