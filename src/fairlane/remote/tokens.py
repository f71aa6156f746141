"""Access tokens over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.token import Token, TokenSpec
from ..rest.listings import page_parameters
from ..rest.paths import token_path
from ..rest.tokens import CreatedToken, RotateBody, TokenBody, TokenPage
from .transport import Transport


class RemoteTokens:
    """Implements `backend.Tokens` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, spec: TokenSpec) -> tuple[Token, str]:
        """A call whose answer is lost may have created the token: then its name is taken. Revoke it and try again."""
        created = await self._transport.call("POST", "/tokens", CreatedToken, body=TokenBody.of(spec))
        return created.token, created.secret

    async def list(self, limit: int, cursor: str | None = None) -> tuple[Sequence[Token], str | None]:
        page = await self._transport.call("GET", "/tokens", TokenPage, query=page_parameters(limit, cursor))
        return page.tokens, page.next_cursor

    async def rotate(self, name: str, overlap_seconds: float) -> tuple[Token, str]:
        body = RotateBody(overlap_seconds=overlap_seconds)
        rotated = await self._transport.call("POST", token_path(name, "/rotate"), CreatedToken, body=body)
        return rotated.token, rotated.secret

    async def revoke(self, name: str) -> Token:
        return await self._transport.call("DELETE", token_path(name), Token)
