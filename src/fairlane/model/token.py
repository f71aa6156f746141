"""Access tokens: who may call the API, and for what.

A token is `fl_`, 43 URL-safe characters (256 random bits) and 6 characters of a checksum. A secret scanner can find
one by its pattern and rule out false finds by the checksum. The store keeps only the SHA-256 of a token.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import zlib
from datetime import datetime
from enum import StrEnum

import msgspec

from .errors import InvalidInput
from .job import Time
from .names import check_name

TOKEN_PATTERN = r"^fl_[A-Za-z0-9_-]{49}$"
MAX_TOKENS = 100_000
MAX_TOKEN_QUEUES = 100
MAX_OVERLAP_S = 30 * 86_400
"""How long the secret before a rotation can stay valid."""
OVERLAP_S = 86_400
"""How long it does unless the caller says so."""
SESSION_S = 12 * 3600
"""After this time, a person must sign in on the dashboard again."""
MAX_SESSIONS = 100
"""How many sessions one token may have. The next session ends the oldest."""

_TOKEN = re.compile(r"fl_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})", re.ASCII)


class TokenKind(StrEnum):
    """What a token is for."""

    TENANT = "tenant"  # one tenant's jobs and schedules
    WORKER = "worker"  # the worker protocol, for some queues or all
    MONITOR = "monitor"  # reads everything except payloads, results and logs
    ADMIN = "admin"  # everything


class TokenSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token to create. Raises InvalidInput for fields that do not go together."""

    name: str
    kind: TokenKind
    tenant_id: str | None = None
    """Of a tenant's token."""
    read_only: bool = False
    """Whether a tenant's token may only read."""
    queues: tuple[str, ...] = ()
    """The queues of a worker's token; empty for all."""
    expires_at: Time | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "name", "/name")
        is_tenant = self.kind is TokenKind.TENANT
        if is_tenant != (self.tenant_id is not None):
            what = "needs a tenant" if is_tenant else "is for all tenants; leave the tenant out"
            raise InvalidInput(f"a {self.kind} token {what}", "/tenantId")
        if self.tenant_id is not None:
            check_name(self.tenant_id, "tenantId", "/tenantId")
        if self.read_only and not is_tenant:
            raise InvalidInput("only a tenant's token can be read-only", "/readOnly")
        if self.queues and self.kind is not TokenKind.WORKER:
            raise InvalidInput("only a worker's token has queues", "/queues")
        if len(self.queues) > MAX_TOKEN_QUEUES:
            raise InvalidInput(f"a token can have {MAX_TOKEN_QUEUES} queues at most", "/queues")
        for queue in self.queues:
            check_name(queue, "queue", "/queues")


class Token(TokenSpec, frozen=True, kw_only=True, rename="camel"):
    """A token that exists. Its secret cannot be read back."""

    created_at: Time
    last_used_at: Time | None = None
    """Within about a minute; None if the token was never used."""
    rotating_until: Time | None = None
    """Until when the secret before the last rotation is valid too; None if the token was never rotated."""

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


def new_secret() -> str:
    """A fresh token, to be shown once."""
    body = secrets.token_urlsafe(32)
    return f"fl_{body}{_checksum(body)}"


def is_well_formed(secret: str) -> bool:
    """Whether the text has the form and the checksum of a token. Says nothing about whether it exists."""
    match = _TOKEN.fullmatch(secret)
    return match is not None and match[2] == _checksum(match[1])


def digest_of(secret: str) -> str:
    """The SHA-256 of a token, in hex: what the store knows of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_session_secret() -> str:
    """The secret of a fresh session, for a cookie."""
    return secrets.token_urlsafe(32)


def session_digest_of(secret: str) -> str:
    """What the store knows of a session's secret. It is not the digest of a token, so the secret is no token either."""
    return hashlib.sha256(b"session:" + secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    return base64.urlsafe_b64encode(zlib.crc32(body.encode()).to_bytes(4)).decode().rstrip("=")
