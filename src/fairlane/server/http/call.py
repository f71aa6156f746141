"""One request, as handlers see it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from ...access import Grant
from ...backend import Backend
from ...process.author import set_author
from ...rest.problems import BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, HttpError
from ..context import Context
from .answers import CONNECTION, Header, Receive, Scope
from .session_cookie import secret_in

T = TypeVar("T")


class ClientGone(Exception):
    """The client closed its connection before its request was complete. It gets no answer."""


class BodyTooLarge(HttpError):
    """The body is larger than the operation takes. Some of it may be unread."""

    def __init__(self, limit: int) -> None:
        detail = f"The body must have {limit} bytes at most."
        super().__init__(BODY_TOO_LARGE, detail, ((b"connection", b"close"),))


class Call:
    """A request: its headers, path parameters and body, and the context of the server."""

    __slots__ = ("_streams", "backend", "context", "grant", "headers", "receive", "scope")

    def __init__(self, scope: Scope, receive: Receive, context: Context) -> None:
        self.scope = scope
        self.receive = receive
        self.context = context
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.backend: Backend = context.backend
        """The part of the backend that the request may use."""
        self.grant: Grant | None = None
        """What the request's token allows; None if the operation or the server asks for no token."""

    def use(self, grant: Grant, *, streams: bool) -> None:
        """Restrict the request to what its token allows.

        Raises HttpError 429 if the token has too many connections, requests or streams.
        """
        self.context.load.hold(self.scope[CONNECTION], grant.token)
        self.context.load.begin(grant.token, streams=streams)
        self._streams = streams
        self.grant, self.backend = grant, grant.backend
        set_author(grant.author)

    def end(self) -> None:
        """Note that the request was answered, or that its client is gone."""
        if self.grant is not None:
            self.context.load.end(self.grant.token, streams=self._streams)

    @property
    def tenant_id(self) -> str | None:
        """The tenant of the request's token, if it is a tenant's."""
        return None if self.grant is None else self.grant.token.tenant_id

    @property
    def session_secret(self) -> bytes | None:
        """The secret of the session, if the request has its cookie."""
        return secret_in(self.scope, self.headers, self.context.settings.base_path)

    def path(self, name: str) -> str:
        """A parameter of the path."""
        value: str = self.scope["path_params"][name]
        return value

    def header(self, name: bytes) -> str | None:
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def public_path(self, path: str) -> str:
        """The path as clients see it, which may be below the base path of a proxy."""
        return self.context.settings.base_path + path

    async def json_body(self, limit: int) -> bytes:
        """The body, of `limit` bytes at most. Raises HttpError 413 or 415, and ClientGone."""
        self._check_content(limit)
        body = bytearray()
        while True:
            message = await self.receive()
            if message["type"] != "http.request":
                raise ClientGone
            body += message.get("body", b"")
            if len(body) > limit:
                raise BodyTooLarge(limit)
            if not message.get("more_body", False):
                return bytes(body)

    def endings(self) -> set[asyncio.Task[None]]:
        """Tasks, one of which ends when the answer has no receiver: its client is gone, or its token has ended.

        To be called after the body was read. The caller cancels the tasks.
        """
        endings = {asyncio.create_task(self._disconnected())}
        if self.grant is not None and self.context.tokens is not None:
            endings.add(asyncio.create_task(self.context.tokens.ended(self.grant)))
        return endings

    async def unless_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, which ends early if the client goes away. To be called after the body was read.

        Raises ClientGone.
        """
        working, gone = asyncio.create_task(work), asyncio.create_task(self._disconnected())
        try:
            await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            unfinished = not working.done()
            working.cancel()
            gone.cancel()
            await asyncio.wait({working, gone})
        if unfinished:
            raise ClientGone
        return working.result()

    async def _disconnected(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    def _check_content(self, limit: int) -> None:
        kind = self.headers.get(b"content-type")
        if kind is not None and not _is_json(kind):
            detail = "The Content-Type must be application/json."
            raise HttpError(UNSUPPORTED_MEDIA_TYPE, detail)
        if b"content-encoding" in self.headers:
            detail = "The body must come without a Content-Encoding."
            raise HttpError(UNSUPPORTED_MEDIA_TYPE, detail)
        length = self.headers.get(b"content-length", b"0")
        if len(length) > 18 or not length.isdigit() or int(length) > limit:
            raise BodyTooLarge(limit)


def job_location(call: Call, job_id: str) -> Header:
    """The Location header of a job."""
    return (b"location", call.public_path("/jobs/" + job_id).encode())


def _is_json(kind: bytes) -> bool:
    essence = kind.partition(b";")[0].strip().lower()
    return essence == b"application/json" or (essence.startswith(b"application/") and essence.endswith(b"+json"))
