"""The tokens that a server remembers: what they cost the store, and when a change is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from fairlane.access import KnownTokens, known_tokens
from fairlane.engine import Engine, keys
from fairlane.engine.tokens import EngineTokens
from fairlane.model.errors import Unauthorized
from fairlane.model.token import Token, TokenKind, TokenSpec, new_secret
from fairlane.store import Durability, open_store


class Counted(EngineTokens):
    """The tokens of a store, and how often they are asked for."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.partitions)
        self.looks = 0
        self.noted: list[Sequence[str]] = []

    async def find(self, digest: str) -> Token | None:
        self.looks += 1
        return await super().find(digest)

    async def note_uses(self, names: Sequence[str]) -> None:
        self.noted.append(names)
        await super().note_uses(names)


@pytest.fixture
async def engine(store_url: str) -> AsyncIterator[Engine]:
    store = await open_store(store_url, Durability.MEMORY)
    await store.client.flushall()
    engine = await Engine.open(store)
    yield engine
    await engine.close()


async def create(engine: Engine, name: str, lasts_s: float | None = None) -> str:
    expires_at = None if lasts_s is None else datetime.now(UTC) + timedelta(seconds=lasts_s)
    _, secret = await engine.tokens.create(TokenSpec(name=name, kind=TokenKind.ADMIN, expires_at=expires_at))
    return secret


async def test_many_requests_look_once_and_note_the_use_once(engine: Engine) -> None:
    counted = Counted(engine)
    known = KnownTokens(engine, counted)
    secret = await create(engine, "app")
    for _ in range(20):
        await asyncio.gather(*(known.grant(secret.encode()) for _ in range(10)))
        assert known.remembered(secret.encode()) is not None
    assert counted.looks == 1
    assert counted.noted == [["app"]]
    (token,), _ = await engine.tokens.list(10)
    assert token.last_used_at is not None
    known.stop()


async def test_a_revoked_token_is_refused_once_the_memory_is_old(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known_tokens.MAX_AGE_S + known_tokens.LOOK_S < 1
    known = KnownTokens(engine, engine.tokens)
    secret = await create(engine, "app")
    monkeypatch.setattr(known_tokens, "MAX_AGE_S", 0.0)
    await known.grant(secret.encode())
    await engine.tokens.revoke("app")
    assert known.remembered(secret.encode()) is None
    with pytest.raises(Unauthorized):
        await known.grant(secret.encode())
    known.stop()


async def test_a_remembered_token_is_refused_as_soon_as_it_expires(engine: Engine) -> None:
    known = KnownTokens(engine, engine.tokens)
    secret = await create(engine, "app", lasts_s=2)
    grant = await known.grant(secret.encode())
    async with asyncio.timeout(30):
        await known.ended(grant)
    assert known.remembered(secret.encode()) is None
    with pytest.raises(Unauthorized):
        await known.grant(secret.encode())
    known.stop()


async def test_the_memory_is_bounded_and_malformed_tokens_cost_no_look(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_tokens, "MAX_KNOWN", 3)
    counted = Counted(engine)
    known = KnownTokens(engine, counted)
    secrets = [await create(engine, f"app-{number}") for number in range(4)]
    for secret in [*secrets, secrets[1], secrets[3]]:
        await known.grant(secret.encode())
    assert counted.looks == 4
    await known.grant(secrets[0].encode())
    assert counted.looks == 5
    for secret in ("fl_short", new_secret()[:-1] + "!", "Bearer"):
        with pytest.raises(Unauthorized):
            await known.grant(secret.encode())
    assert counted.looks == 5
    known.stop()


async def test_a_session_ends_after_twelve_hours_however_often_it_is_used(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, now = KnownTokens(engine, engine.tokens), datetime.now(UTC)
    monkeypatch.setattr(known_tokens, "MAX_AGE_S", 0.0)
    monkeypatch.setattr(known_tokens, "_now", lambda: now)
    grant = await known.grant((await create(engine, "alice")).encode())
    secret, lasts_s = await known.begin_session(grant)
    assert lasts_s == 12 * 3_600
    for hours in range(12):
        now += timedelta(hours=1 if hours else 0)
        assert (await known.session(secret.encode())).token.name == "alice"
    now += timedelta(hours=1)
    with pytest.raises(Unauthorized, match="the session has ended: sign in again"):
        await known.session(secret.encode())
    known.stop()


async def test_a_session_ends_with_its_token_and_is_no_token(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    known, other = KnownTokens(engine, engine.tokens), KnownTokens(engine, engine.tokens)
    monkeypatch.setattr(known_tokens, "MAX_AGE_S", 0.0)
    token = await create(engine, "alice", lasts_s=3_600)
    secret, lasts_s = await known.begin_session(await known.grant(token.encode()))
    assert 3_500 < lasts_s <= 3_600
    with pytest.raises(Unauthorized):
        await known.grant(secret.encode())
    with pytest.raises(Unauthorized):
        await known.session(token.encode())
    signed_out, _ = await known.begin_session(await known.grant(token.encode()))
    await known.end_session(signed_out.encode())
    with pytest.raises(Unauthorized):
        await other.session(signed_out.encode())
    await other.session(secret.encode())
    await engine.tokens.rotate("alice", 60)
    assert (await other.session(secret.encode())).token.expires_at == (
        await known.grant(token.encode())
    ).token.expires_at
    await engine.tokens.revoke("alice")
    with pytest.raises(Unauthorized):
        await other.session(secret.encode())
    await known.end_session(secret.encode())
    assert await engine.partitions[0].command("HLEN", keys.TOKEN_DIGESTS) == 0
    known.stop()
    other.stop()


async def test_the_sessions_of_a_token_are_bounded_and_ended_ones_leave_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KnownTokens(engine, engine.tokens)
    monkeypatch.setattr("fairlane.engine.tokens.MAX_SESSIONS", 3)
    grant = await known.grant((await create(engine, "alice")).encode())
    secrets = [(await known.begin_session(grant))[0] for _ in range(4)]
    with pytest.raises(Unauthorized):
        await known.session(secrets[0].encode())
    for secret in secrets[1:]:
        await known.session(secret.encode())
    digests = engine.partitions[0]
    assert await digests.command("HLEN", keys.TOKEN_DIGESTS) == 4
    late = datetime.now(UTC) + timedelta(hours=13)
    monkeypatch.setattr("fairlane.engine.tokens._now", lambda: late)
    await known.begin_session(grant)
    assert await digests.command("HLEN", keys.TOKEN_DIGESTS) == 2
    known.stop()
