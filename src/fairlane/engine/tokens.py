"""Access tokens on a store, in its first partition."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from ..model.errors import Conflict, InvalidInput, NotFound
from ..model.times import utc
from ..model.token import MAX_TOKENS, Token, TokenSpec, digest_of, new_secret
from . import keys
from .listing import names_between
from .partition import Partitions

_encode = msgspec.json.Encoder().encode


class Stored(msgspec.Struct, frozen=True):
    """A token with the SHA-256 of its secret, as the store holds it."""

    digest: str
    token: Token


_decode = msgspec.json.Decoder(Stored).decode


class EngineTokens:
    """Implements `backend.Tokens` and `backend.Access`."""

    def __init__(self, partitions: Partitions) -> None:
        self._partition = partitions[0]

    async def create(self, spec: TokenSpec) -> tuple[Token, str]:
        secret = new_secret()
        token = Token(**msgspec.structs.asdict(spec), created_at=utc(time.time()))
        answer = await self._partition.run(
            "create_token",
            name=token.name,
            digest=digest_of(secret),
            stored=_encode(Stored(digest_of(secret), token)),
            most=MAX_TOKENS,
        )
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

    async def revoke(self, name: str) -> Token:
        text = await self._partition.command("HGET", keys.TOKENS, name)
        if text is None:
            raise NotFound(f"there is no token named {name}")
        stored = _decode(text)
        await self._partition.run("revoke_token", name=name, digest=stored.digest)
        return stored.token

    async def find(self, digest: str) -> Token | None:
        name = await self._partition.command("HGET", keys.TOKEN_DIGESTS, digest)
        if name is None:
            return None
        stored = await self._partition.command("HGET", keys.TOKENS, name)
        return None if stored is None else _decode(stored).token

    async def note_uses(self, names: Sequence[str]) -> None:
        now = round(time.time() * 1000)
        await self._partition.command("HSET", keys.TOKEN_USES, *(value for name in names for value in (name, now)))

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
