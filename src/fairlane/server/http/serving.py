"""From an ASGI request to an endpoint's answer. Every error becomes an answer too."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from http import HTTPStatus

from ...access import Grant, KnownTokens
from ...model.errors import FairlaneError, Unauthorized
from ...process.author import set_author
from ...rest.problems import METHOD_NOT_ALLOWED, HttpError
from ..context import Context
from .answers import Answer, Receive, Scope, Send, internal_problem, problem_answer
from .call import BodyTooLarge, Call, ClientGone
from .endpoint import Endpoint
from .guard import check_allowed, check_host, check_origin, check_single, is_safe, no_token, secret_of

logger = logging.getLogger(__name__)


class PathApp:
    """All methods of one path, as an ASGI application."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._endpoints: dict[str, Endpoint] = {}

    def add(self, endpoint: Endpoint) -> None:
        self._endpoints[endpoint.method] = endpoint
        if endpoint.method == "GET":
            self._endpoints["HEAD"] = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope, receive, self._context)
        try:
            await self._serve(call, send)
        finally:
            call.end()

    async def _serve(self, call: Call, send: Send) -> None:
        scope = call.scope
        try:
            answer = await self._answer(call)
        except ClientGone:
            return
        except BodyTooLarge as error:
            answer = problem_answer(error)
            self._count(scope["method"], answer)
            await _refuse_and_drain(call, answer, send)
            return
        except Unauthorized as error:
            await self._context.wrong_tokens.slow(scope["client"])
            answer = problem_answer(error)
        except FairlaneError as error:
            answer = problem_answer(error)
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            answer = internal_problem()
        self._count(scope["method"], answer)
        await answer.send(send, scope["method"])

    def _count(self, method: str, answer: Answer) -> None:
        endpoint = self._endpoints.get(method)
        self._context.requests[endpoint.name if endpoint is not None else "other", answer.status] += 1

    async def _session_of(self, call: Call, tokens: KnownTokens) -> Grant:
        """The grant of the session. Raises Unauthorized without one."""
        secret = call.session_secret
        if secret is None:
            raise no_token()
        check_origin(call.headers)  # unlike a header, a browser sends a cookie for pages of others too
        return await tokens.session(secret)

    async def _answer(self, call: Call) -> Answer:
        method = call.scope["method"]
        check_single(call.scope["headers"], call.headers)
        check_host(call.headers, self._context.settings.allowed_hosts)
        endpoint = self._endpoints.get(method)
        if not is_safe(method) or (endpoint is not None and endpoint.streams):
            check_origin(call.headers)
        if endpoint is not None:
            tokens = self._context.tokens
            if tokens is not None and endpoint.audience is not None:
                secret = secret_of(call.headers)
                if secret is None:
                    grant = await self._session_of(call, tokens)
                else:
                    grant = tokens.remembered(secret) or await tokens.grant(secret)
                check_allowed(grant.token, endpoint.audience, writes=endpoint.writes)
                call.use(grant, streams=endpoint.streams)
            else:
                set_author("api")
            return await endpoint.answer(call)
        allow = (b"allow", ", ".join([*self._endpoints, "OPTIONS"]).encode())
        if method == "OPTIONS":
            return Answer(HTTPStatus.NO_CONTENT, b"", b"", [allow])
        detail = "This path takes " + " and ".join(self._endpoints) + "."
        raise HttpError(METHOD_NOT_ALLOWED, detail, (allow,))


async def _refuse_and_drain(call: Call, answer: Answer, send: Send) -> None:
    """Answer before the body has been read, then discard the body for a while.

    Closing at once would reset the connection. A sender that reads only after it has written would not see the
    answer.
    """
    await send(answer.start())
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(call.context.settings.linger_seconds):
            while (await call.receive()).get("more_body", False):
                pass
    await send({"type": "http.response.body", "body": b""})
