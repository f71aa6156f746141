"""An operation of the API: the handler, and what its signature says about it.

A handler takes the call and, as it needs them, `query` and `body` structs. It returns the answer. The OpenAPI
document is made from the same signatures.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any, Self, get_args, get_type_hints

import msgspec

from ...model.token import TokenKind
from ...process.lazy import lazy_property
from ...rest.events import EVENT_STREAM
from ...rest.limits import SMALL_BODY
from ...rest.parsing import parse_body, parse_query
from ...rest.structs import NoQuery
from .answers import Answer, json_answer
from .call import Call
from .guard import is_safe
from .room import PAGE_BYTES

Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Reply:
    """One successful response, as the OpenAPI document tells it: its JSON type, or its media type."""

    type: Any = None
    media: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that this response can carry, with their descriptions."""
    always: frozenset[str] = frozenset()
    """The headers that it always carries."""


class Endpoint:
    """One method of one path."""

    takes_any_query = False
    """Whether unknown query parameters are ignored."""

    def __init__(
        self,
        method: str,
        path: str,
        handler: Handler,
        *,
        errors: tuple[int, ...] = (),
        replies: Mapping[int, Reply] | None = None,
        headers: Mapping[str, str] | None = None,
        max_body: int = SMALL_BODY,
    ) -> None:
        hints = get_type_hints(handler, include_extras=True)
        self.method = method
        self.path = path
        self.handler = handler
        self.errors = errors
        self.replies = replies or {200: Reply(hints["return"])}
        self.headers = headers or {}
        """Optional request headers, with their descriptions."""
        self.max_body = max_body
        self.audience: frozenset[TokenKind] | None = frozenset({TokenKind.ADMIN})
        """The kinds of token that may call it; None if it asks for no token."""
        self.query: Any = hints.get("query")
        body: Any = hints.get("body")
        self.body_optional = type(None) in get_args(body)
        """Whether the body may be left out. It may not be null."""
        self.body: Any = get_args(body)[0] if self.body_optional else body
        self._reserved = 0
        self._is_shared = False
        self._body_decoder = None if self.body is None else msgspec.json.Decoder(self.body)

    def open_to(self, *kinds: TokenKind) -> Self:
        """Let these kinds of token call it too. Returns the endpoint."""
        self.audience = frozenset({TokenKind.ADMIN, *kinds})
        return self

    def open_to_anyone(self) -> Self:
        """Let everyone call it, without a token too. Returns the endpoint."""
        self.audience = None
        return self

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.handler.__name__

    @property
    def writes(self) -> bool:
        """Whether a token that may only read is refused."""
        return not is_safe(self.method)

    @lazy_property
    def streams(self) -> bool:
        """Whether its answers are streams, which hold resources of the server while they last."""
        return any(reply.media == EVENT_STREAM for reply in self.replies.values())

    @property
    def summary(self) -> str:
        return " ".join(self._documentation[0].split())

    @property
    def description(self) -> str:
        """The documentation after the summary."""
        return self._documentation[2]

    @property
    def _documentation(self) -> tuple[str, str, str]:
        return cleandoc(self.handler.__doc__ or "").partition("\n\n")

    def large(self, reserved: int = PAGE_BYTES) -> Self:
        """Bound its answers together with all other large ones. Returns the endpoint.

        An answer takes up to `reserved` bytes while it is made.
        """
        self._reserved = reserved
        return self

    def shared(self) -> Self:
        """Let callers who wait at the same time share one answer, which is large. Returns the endpoint."""
        self._is_shared = True
        return self.large()

    async def answer(self, call: Call) -> Answer:
        """Parse the request, call the handler, and make a response from its return value."""
        arguments = await self._arguments(call)

        async def respond() -> Answer:
            value = await self.handler(call, **arguments)
            return value if isinstance(value, Answer) else json_answer(value)

        if not self._reserved:
            return await respond()
        if not self._is_shared:
            return await call.context.room.make(respond, self._reserved)

        async def respond_alone() -> Answer:
            async with call.context.making_shared:
                return await respond()

        # The backend belongs to the token, and shows what its holder may see.
        key = (self.path, call.backend)
        return await call.context.shared.get(key, lambda: call.context.room.make(respond_alone, self._reserved))

    async def _arguments(self, call: Call) -> dict[str, Any]:
        """The arguments of the handler from the query and the body."""
        arguments: dict[str, Any] = {}
        if self.query is not None:
            arguments["query"] = parse_query(self.query, call.scope["query_string"])
        elif call.scope["query_string"] and not self.takes_any_query:
            parse_query(NoQuery, call.scope["query_string"])
        if self._body_decoder is not None:
            body = await call.json_body(self.max_body)
            arguments["body"] = parse_body(self._body_decoder, body) if body or not self.body_optional else None
        return arguments


class LenientEndpoint(Endpoint):
    """An endpoint for browsers, load balancers and scrapers, which add query parameters."""

    takes_any_query = True
