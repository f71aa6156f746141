"""Access tokens: created once, listed without secrets, found by digest, revoked."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fairlane.engine import Engine, keys
from fairlane.model.errors import Conflict, InvalidInput, NotFound
from fairlane.model.token import Token, TokenKind, TokenSpec, digest_of, is_well_formed, new_secret
from fairlane.store import Durability, open_store

from .world import World


async def test_a_token_is_shown_with_its_secret_once(world: World, store_url: str) -> None:
    spec = TokenSpec(
        name="acme-app",
        kind=TokenKind.TENANT,
        tenant_id="acme",
        read_only=True,
        expires_at=datetime(2030, 1, 2, tzinfo=UTC),
    )
    token, secret = await world.backend.tokens.create(spec)
    assert is_well_formed(secret)
    assert (token.name, token.kind, token.tenant_id, token.read_only) == ("acme-app", TokenKind.TENANT, "acme", True)
    assert (token.expires_at, token.last_used_at) == (spec.expires_at, None)
    listed, cursor = await world.backend.tokens.list(10)
    assert (list(listed), cursor) == ([token], None)
    stored = await Engine.open(await open_store(store_url, Durability.MEMORY))
    assert await stored.tokens.find(digest_of(secret)) == token
    assert await stored.tokens.find(digest_of(new_secret())) is None
    for key in await stored.store.client.keys("*"):
        assert secret.encode() not in (await stored.store.client.dump(key) or b"")
    await stored.tokens.note_uses(["acme-app"])
    (used,), _ = await world.backend.tokens.list(10)
    assert used.last_used_at is not None
    await stored.close()


async def test_a_name_is_taken_until_its_token_is_revoked(world: World) -> None:
    spec = TokenSpec(name="ops", kind=TokenKind.ADMIN)
    first, _ = await world.backend.tokens.create(spec)
    with pytest.raises(Conflict):
        await world.backend.tokens.create(spec)
    assert await world.backend.tokens.revoke("ops") == first
    with pytest.raises(NotFound):
        await world.backend.tokens.revoke("ops")
    assert (await world.backend.tokens.create(spec))[0].name == "ops"
    assert (await world.upkeep.doctor()).problems == []


async def test_a_rotated_token_has_two_secrets_until_the_overlap_ends(store_url: str) -> None:
    store = await open_store(store_url, Durability.MEMORY)
    await store.client.flushall()
    engine = await Engine.open(store)
    digests = engine.partitions[0]
    _, first = await engine.tokens.create(TokenSpec(name="turning", kind=TokenKind.ADMIN))
    rotated, second = await engine.tokens.rotate("turning", 3_600)
    old, new = await engine.tokens.find(digest_of(first)), await engine.tokens.find(digest_of(second))
    assert new == rotated
    assert old is not None
    assert (old.expires_at, new.expires_at) == (rotated.rotating_until, None)
    # A rotation whose reply was lost is repeated: the secret that clients use stays valid.
    _, third = await engine.tokens.rotate("turning", 3_600)
    for secret in (first, second, third):
        assert await engine.tokens.find(digest_of(secret)) is not None
    _, fourth = await engine.tokens.rotate("turning", 0)
    for secret in (first, second, third):
        token = await engine.tokens.find(digest_of(secret))
        assert token is not None
        assert token.is_expired(datetime.now(UTC))
    later = [(await engine.tokens.rotate("turning", 3_600))[1] for _ in range(6)]
    assert await engine.tokens.find(digest_of(fourth)) is None
    assert await engine.tokens.find(digest_of(later[-1])) is not None
    assert await digests.command("HLEN", keys.TOKEN_DIGESTS) == 5
    await engine.tokens.revoke("turning")
    assert await digests.command("HLEN", keys.TOKEN_DIGESTS) == 0
    await engine.close()


async def test_tokens_are_listed_by_name_in_pages(world: World) -> None:
    for name in ("c", "a", "b"):
        await world.backend.tokens.create(TokenSpec(name=name, kind=TokenKind.WORKER, queues=("mail",)))
    names, cursor = [], None
    while True:
        page, cursor = await world.backend.tokens.list(2, cursor)
        names += [token.name for token in page]
        if cursor is None:
            break
    assert names == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": TokenKind.TENANT}, "needs a tenant"),
        ({"kind": TokenKind.ADMIN, "tenant_id": "acme"}, "is for all tenants"),
        ({"kind": TokenKind.ADMIN, "read_only": True}, "can be read-only"),
        ({"kind": TokenKind.MONITOR, "queues": ("mail",)}, "only a worker's token has queues"),
        ({"kind": TokenKind.WORKER, "queues": ("a b",)}, "queue must be"),
        ({"kind": TokenKind.WORKER, "queues": tuple(f"q{i}" for i in range(101))}, "100 queues at most"),
        ({"kind": TokenKind.ADMIN, "name": "a/b"}, "name must be"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        TokenSpec(**{"name": "x", **fields})


def test_a_mistyped_secret_is_known_without_the_store() -> None:
    secret = new_secret()
    assert len(secret) == 3 + 43 + 6
    assert not is_well_formed(secret[:-1] + ("A" if secret[-1] != "A" else "B"))
    assert not is_well_formed(secret[:10] + ("A" if secret[10] != "A" else "B") + secret[11:])
    assert not is_well_formed(secret + "A")
    assert new_secret() != secret


def test_the_pattern_and_the_checksum_of_the_guide_find_tokens() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "howto" / "give-access.md").read_text(encoding="utf-8")
    pattern = re.search(r"```text\n(.*fl_.*)\n```", guide)
    assert pattern is not None
    secrets = [new_secret() for _ in range(50)]
    assert re.findall(pattern[1], " ".join(secrets)) == secrets
    code = re.search(r"```python\n(import base64\n.*?)\n\n\nprint", guide, re.DOTALL)
    assert code is not None
    scanner: dict[str, Any] = {}
    exec(code[1], scanner)  # noqa: S102  the guide's own code
    assert all(map(scanner["is_token"], secrets))
    assert not any(scanner["is_token"](secret[:10] + "~" + secret[11:]) for secret in secrets)


def test_a_token_expires_at_its_time() -> None:
    end = datetime(2030, 1, 2, tzinfo=UTC)
    token = Token(name="x", kind=TokenKind.ADMIN, created_at=datetime(2029, 1, 1, tzinfo=UTC), expires_at=end)
    assert not token.is_expired(datetime(2030, 1, 1, 23, 59, 59, tzinfo=UTC))
    assert token.is_expired(end)
