"""Signing in and out on the dashboard."""

from __future__ import annotations

from http import HTTPStatus

from ...model.errors import Forbidden
from ...model.token import TokenKind
from ...rest.problems import NO_SUCH_PATH, HttpError
from ...rest.session import SessionBody, SessionView
from ..http.answers import Answer
from ..http.call import Call
from ..http.endpoint import Endpoint, Reply
from ..http.session_cookie import set_cookie

_KINDS = frozenset({TokenKind.ADMIN, TokenKind.MONITOR, TokenKind.TENANT})
"""The kinds of token whose holders can use the pages of the dashboard."""


async def sign_in(call: Call, body: SessionBody) -> Answer:
    """Begin a session with an access token."""
    if call.context.tokens is None:
        raise HttpError(NO_SUCH_PATH, "This server asks for no access tokens, so there is nothing to sign in to.")
    tokens = call.context.tokens
    grant = await tokens.grant(body.token.encode())
    if grant.token.kind not in _KINDS:
        kind = grant.token.kind
        raise Forbidden(f"the dashboard has no view for a {kind} token: use a tenant, monitor or admin token")
    return _with_cookie(call, *await tokens.begin_session(grant))


async def show_session(call: Call) -> SessionView:
    """Whose access token the request has."""
    if call.grant is None:
        return SessionView(reads_logs=True)
    token = call.grant.token
    return SessionView(
        kind=token.kind,
        name=token.name,
        tenant_id=token.tenant_id,
        read_only=token.read_only,
        reads_logs=token.kind in _readers_of_logs(call),
    )


def _readers_of_logs(call: Call) -> set[TokenKind]:
    return {TokenKind.ADMIN, TokenKind.TENANT} if call.context.settings.tenant_logs else {TokenKind.ADMIN}


async def sign_out(call: Call) -> Answer:
    """End the session."""
    secret = call.session_secret
    if secret is not None and call.context.tokens is not None:
        await call.context.tokens.end_session(secret)
    return _with_cookie(call, "", 0)


def _with_cookie(call: Call, secret: str, lasts_s: float) -> Answer:
    cookie = set_cookie(call.scope, call.context.settings.base_path, secret, lasts_s)
    return Answer(HTTPStatus.NO_CONTENT, b"", b"", [cookie])


ENDPOINTS = (
    Endpoint("POST", "/session", sign_in, replies={204: Reply(media="")}).open_to_anyone(),
    Endpoint("GET", "/session", show_session).open_to(TokenKind.TENANT, TokenKind.WORKER, TokenKind.MONITOR),
    Endpoint("DELETE", "/session", sign_out, replies={204: Reply(media="")}).open_to_anyone(),
)
