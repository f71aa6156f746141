"""Access tokens: the request to create one, and the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from ..model.job import Time
from ..model.token import MAX_OVERLAP_S, MAX_TOKEN_QUEUES, OVERLAP_S, Token, TokenKind, TokenSpec
from .fields import Name
from .listings import Page
from .structs import Body, View


class TokenBody(Body, frozen=True):
    """A token to create. A tenant's token needs `tenantId`; a worker's token may name its `queues`."""

    name: Name
    kind: TokenKind
    tenant_id: Name | None = None
    read_only: bool = False
    queues: Annotated[list[Name], Meta(max_length=MAX_TOKEN_QUEUES)] | None = None
    expires_at: Time | None = None

    @classmethod
    def of(cls, spec: TokenSpec) -> TokenBody:
        return cls(
            name=spec.name,
            kind=spec.kind,
            tenant_id=spec.tenant_id,
            read_only=spec.read_only,
            queues=list(spec.queues) or None,
            expires_at=spec.expires_at,
        )

    def to_spec(self) -> TokenSpec:
        """Raises InvalidInput for fields that do not go together."""
        return TokenSpec(
            name=self.name,
            kind=self.kind,
            tenant_id=self.tenant_id,
            read_only=self.read_only,
            queues=tuple(self.queues or ()),
            expires_at=self.expires_at,
        )


class RotateBody(Body, frozen=True):
    """How long the secret before stays valid [default: a day]."""

    overlap_seconds: Annotated[float, Meta(ge=0, le=MAX_OVERLAP_S)] = OVERLAP_S


class CreatedToken(View, frozen=True):
    """A token and its new secret, which is shown only here."""

    token: Token
    secret: str


class TokenListing(Page, frozen=True):
    """A page of the tokens, by name."""


class TokenPage(View, frozen=True):
    """Some tokens, and where the next ones begin (null at the end)."""

    tokens: Sequence[Token]
    next_cursor: str | None
