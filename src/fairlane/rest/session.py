"""Signing in on the dashboard."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from .structs import Body

SESSION_COOKIE = "fairlane_session"


class SessionBody(Body, frozen=True):
    """An access token to sign in with."""

    token: Annotated[str, Meta(max_length=100)]
