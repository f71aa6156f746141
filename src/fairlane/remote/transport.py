"""One HTTP call: its timeouts, its repeats, and the errors that it raises."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import TypeVar

import httpx
import msgspec

from ..model.errors import FairlaneError, InvalidInput, StoreUnavailable
from ..model.token import is_well_formed
from ..rest.problems import PROBLEM_TYPE, Problem, error_of

PATIENCE_S = 2.0
"""How long a call without an answer is repeated before it raises StoreUnavailable."""
CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 30.0
"""For each read and write, and for a free connection. The wait of a long poll comes on top."""

_UNREACHABLE = frozenset({502, 503, 504})
"""The answers of a proxy that cannot reach the server behind it."""
_PAUSES_S = (0.0, 0.02, 0.05, 0.1, 0.2)
_JSON = {"content-type": "application/json"}

T = TypeVar("T")
_decode_problem = msgspec.json.Decoder(Problem).decode


class Transport:
    """Calls to the API at one URL. Belongs to the event loop of its first call."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.name, base = _parse(url)
        """The URL without secrets."""
        # Redirects are refused: they would lead the token to another server.
        headers = {} if token is None else {"authorization": f"Bearer {_checked(token, base)}"}
        self._client = httpx.AsyncClient(base_url=base, headers=headers, follow_redirects=False)

    async def call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        wait_s: float = 0.0,
    ) -> T:
        """The answer to a call, which must be safe to repeat. `wait_s` is how long the server may hold it."""
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else dict(_JSON)
        request = self._client.build_request(method, path, content=content, params=query, headers=headers)
        return decode(await self.send(request, wait_s), answer)

    def build(self, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> httpx.Request:
        """A request with a JSON body, for `send`."""
        return self._client.build_request(method, path, content=content, headers={**_JSON, **headers})

    async def send(self, request: httpx.Request, wait_s: float = 0.0) -> httpx.Response:
        """The successful response. Raises the error of a refusal, and as `exchange` does."""
        response = await self.exchange(request, wait_s)
        if response.is_success:
            return response
        raise error_of_response(response)

    async def exchange(self, request: httpx.Request, wait_s: float = 0.0) -> httpx.Response:
        """The response, a success or not. Without one, repeats for PATIENCE_S, then raises StoreUnavailable."""
        timeout = httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S, read=ANSWER_TIMEOUT_S + wait_s)
        request.extensions["timeout"] = timeout.as_dict()
        give_up = time.monotonic() + PATIENCE_S + wait_s
        tries = 0
        while True:
            try:
                return await self._client.send(request)
            except httpx.TransportError as error:
                if time.monotonic() > give_up:
                    raise StoreUnavailable(
                        f"the API at {self.name} does not answer ({_reason(error)}): check the URL, and that it runs"
                    ) from error
                await asyncio.sleep(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
                tries += 1

    def stream(
        self, path: str, headers: Mapping[str, str], timeout: httpx.Timeout
    ) -> AbstractAsyncContextManager[httpx.Response]:
        """The response to a GET, whose body is read as it comes."""
        return self._client.stream("GET", path, headers=dict(headers), timeout=timeout)

    async def close(self) -> None:
        await self._client.aclose()


def decode(response: httpx.Response, answer: type[T]) -> T:
    """The body of a successful response."""
    try:
        return msgspec.json.decode(response.content, type=answer)
    except msgspec.MsgspecError as error:
        status = HTTPStatus(response.status_code).phrase
        raise FairlaneError(f"an answer ({status}) does not come from the API of fairlane: {error}") from error


def error_of_response(response: httpx.Response) -> FairlaneError:
    """The error of a response that is not a success."""
    if response.headers.get("content-type", "").partition(";")[0] == PROBLEM_TYPE:
        try:
            return error_of(_decode_problem(response.content))
        except msgspec.MsgspecError:
            pass
    status = response.status_code
    if status in _UNREACHABLE:
        return StoreUnavailable(f"the API does not answer: a proxy before it answers {status}")
    if response.is_redirect:
        return FairlaneError(f"the API's URL redirects to {response.headers.get('location')!r}; use that URL")
    return FairlaneError(f"the answer {status} does not come from the API of fairlane")


def _parse(url: str) -> tuple[str, httpx.URL]:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidInput(f"the API's URL cannot be read: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.query or parsed.fragment:
        raise InvalidInput("the API's URL must look like http://HOST:PORT or https://HOST/PATH")
    return str(parsed.copy_with(userinfo=b"")), parsed


def _checked(token: str, url: httpx.URL) -> str:
    """The token. Raises InvalidInput, without the token in it."""
    if not is_well_formed(token):
        raise InvalidInput("the access token is not complete: it begins with fl_ and has 52 characters")
    if url.userinfo:
        raise InvalidInput("give either an access token, or a user and password in the URL")
    return token


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
