"""Access tokens."""

from __future__ import annotations

from ...model.names import check_name
from ...model.token import Token
from ...rest.tokens import CreatedToken, RotateBody, TokenBody, TokenListing, TokenPage
from ..http.call import Call
from ..http.endpoint import Endpoint, Reply


async def create_token(call: Call, body: TokenBody) -> CreatedToken:
    """Create a token. The answer has its secret, which cannot be read again."""
    token, secret = await call.backend.tokens.create(body.to_spec())
    return CreatedToken(token=token, secret=secret)


async def list_tokens(call: Call, query: TokenListing) -> TokenPage:
    """Tokens by name, without their secrets."""
    if query.cursor is not None:
        check_name(query.cursor, "cursor", "/cursor")  # the last name of the previous page
    tokens, cursor = await call.backend.tokens.list(query.limit, query.cursor)
    return TokenPage(tokens=tokens, next_cursor=cursor)


async def rotate_token(call: Call, body: RotateBody | None = None) -> CreatedToken:
    """Give a token a new secret, which the answer has. The one before stays valid for a time."""
    overlap = (body or RotateBody()).overlap_seconds
    token, secret = await call.backend.tokens.rotate(_name(call), overlap)
    return CreatedToken(token=token, secret=secret)


async def revoke_token(call: Call) -> Token:
    """Delete a token. Requests and streams that use it end within a second."""
    return await call.backend.tokens.revoke(_name(call))


def _name(call: Call) -> str:
    return check_name(call.path("name"), "the token's name", "/name")


ENDPOINTS = (
    Endpoint("POST", "/tokens", create_token, errors=(409, 507), replies={200: Reply(CreatedToken)}),
    Endpoint("GET", "/tokens", list_tokens).large(),
    Endpoint("POST", "/tokens/{name}/rotate", rotate_token, errors=(404,), replies={200: Reply(CreatedToken)}),
    Endpoint("DELETE", "/tokens/{name}", revoke_token, errors=(404,)),
)
