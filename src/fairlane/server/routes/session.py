"""Signing in and out on the dashboard.

The session is a cookie with the access token, which scripts cannot read and browsers send to this origin only. So a
session ends with its token, and a server needs no memory of sessions.
"""

from __future__ import annotations

from http import HTTPStatus

from ...model.errors import Forbidden
from ...model.token import TokenKind
from ...rest.problems import NO_SUCH_PATH, HttpError
from ...rest.session import SESSION_COOKIE, SessionBody
from ..http.answers import Answer
from ..http.call import Call
from ..http.endpoint import Endpoint, Reply

_KINDS = frozenset({TokenKind.ADMIN, TokenKind.MONITOR})
"""The kinds of token whose holders can use the pages of the dashboard."""


async def sign_in(call: Call, body: SessionBody) -> Answer:
    """Begin a session with an access token."""
    if call.context.tokens is None:
        raise HttpError(NO_SUCH_PATH, "This server asks for no access tokens, so there is nothing to sign in to.")
    grant = await call.context.tokens.grant(body.token.encode())
    if grant.token.kind not in _KINDS:
        raise Forbidden(f"the dashboard has no view for a {grant.token.kind} token yet: use an admin or monitor token")
    return _with_cookie(call, body.token, "")


async def sign_out(call: Call) -> Answer:
    """End the session."""
    return _with_cookie(call, "", "; Max-Age=0")


def _with_cookie(call: Call, value: str, more: str) -> Answer:
    path = call.public_path("/")
    cookie = f"{SESSION_COOKIE}={value}; Path={path}; HttpOnly; SameSite=Strict{more}"
    return Answer(HTTPStatus.NO_CONTENT, b"", b"", [(b"set-cookie", cookie.encode())])


ENDPOINTS = (
    Endpoint("POST", "/session", sign_in, replies={204: Reply(media="")}).open_to_anyone(),
    Endpoint("DELETE", "/session", sign_out, replies={204: Reply(media="")}).open_to_anyone(),
)
