"""Signing in on the dashboard."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..model.token import TokenKind
from .structs import Body, View


class SessionBody(Body, frozen=True):
    """An access token to sign in with."""

    token: Annotated[str, Meta(max_length=100)]


class SessionView(View, frozen=True):
    """The owner of the session. On a server that asks for no access tokens, it has no kind and no name."""

    kind: TokenKind | None = None
    name: str | None = None
    """Of the token."""
    tenant_id: str | None = None
    read_only: bool = False
    reads_logs: bool = False
    """Whether the owner may read the logs of the jobs that it sees."""
