"""uvicorn's HTTP protocol, with bounds on a request's head and time, and one write for a short response."""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from ...rest.limits import MAX_URI
from ...rest.problems import (
    HEADERS_TOO_LARGE,
    HTTP_VERSION,
    MALFORMED_REQUEST,
    REQUEST_TIMEOUT,
    TOO_MANY_CONNECTIONS,
    URI_TOO_LONG,
    HttpError,
)
from ..settings import ServerSettings
from .answers import CONNECTION, problem_answer
from .load import Connection

_ABSOLUTE_TARGET = re.compile(rb"(?i:https?)://([^/?#]*)")
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(:\d*)?")
HEAD_LIMIT_BYTES = 64 * 1024
MAX_HEADERS = 100
ENDING_STALLED_SECONDS = 5.0
"""How long a client may leave an answer unread once the server is asked to stop. uvicorn waits longer for answers."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """Refuses bad and endless request heads, and closes connections whose request is incomplete after a time."""

    request_seconds = ServerSettings().request_seconds
    """The time for a whole request, head and body, to arrive."""
    max_connections = ServerSettings().max_connections
    stalled_seconds = ServerSettings().stalled_seconds
    """How long a client may leave an answer of known length unread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._joining: JoiningTransport | None = None
        self._connection = Connection()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = self._joining = JoiningTransport(transport)  # type: ignore[assignment]
        if len(self.connections) > self.max_connections:
            self._send_last(_too_many_connections(self.max_connections))
        else:
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.closed()
        self._stop_timer()
        self._stop_stall()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall = self.loop.call_later(self.stalled_seconds, self._cut_off)

    def resume_writing(self) -> None:
        self._stop_stall()
        super().resume_writing()

    def shutdown(self) -> None:
        """Let the request in progress end, as the server stops. A stream whose client does not read is cut off."""
        super().shutdown()
        if self.flow.write_paused and self.cycle.chunked_encoding:
            self.transport.abort()
        elif self.flow.write_paused:
            self._stop_stall()
            self._stall = self.loop.call_later(ENDING_STALLED_SECONDS, self._cut_off)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            return
        scope: Any = self.scope  # None before the first request
        if scope is None or "method" not in scope:  # the parser is still within a head
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT_BYTES:
                self._refuse_head()
            elif self._timer is None:
                self._start_timer()
            return
        self._head_bytes = 0
        if len(self.headers) > MAX_HEADERS:  # trailers count too
            self._refuse_head()
        elif self.cycle.more_body:
            if self._timer is None:
                self._start_timer()
        elif self._timer is not None:
            self._stop_timer()

    def on_message_begin(self) -> None:
        """Tell the request on which connection it came."""
        super().on_message_begin()
        scope: Any = self.scope
        scope[CONNECTION] = self._connection

    def on_headers_complete(self) -> None:
        """Start the request, unless RFC 9112 forbids its head."""
        if target := _ABSOLUTE_TARGET.match(self.url):  # which counts before the Host header
            self.headers[:] = [
                (b"host", target[1]) if name == b"host" else (name, value) for name, value in self.headers
            ]
        refusal = self._fault_in_head()
        if refusal is not None:
            self._send_last(refusal)
            raise httptools.HttpParserError(str(refusal))  # ends the parsing of this connection
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        if self._joining is not None:
            self._joining.flush()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are not HTTP, and close."""
        self._send_last(HttpError(MALFORMED_REQUEST, "This is not a valid HTTP request."))

    def _fault_in_head(self) -> HttpError | None:
        if len(self.url) > MAX_URI:
            return _uri_too_long()
        if len(self.headers) > MAX_HEADERS:
            return _head_too_large()
        version = self.parser.get_http_version()
        if version not in ("1.0", "1.1"):
            return HttpError(HTTP_VERSION, "This server speaks HTTP/1.0 and HTTP/1.1.")
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) > 1 or (not hosts and version == "1.1"):
            return HttpError(MALFORMED_REQUEST, "An HTTP/1.1 request must have exactly one Host header.")
        if hosts and not _is_host(hosts[0]):
            return HttpError(MALFORMED_REQUEST, "The Host header must be a name or an address, and perhaps a port.")
        return None

    def _refuse_head(self) -> None:
        self._send_last(_uri_too_long() if len(self.url) > MAX_URI else _head_too_large())

    def _out_of_time(self) -> None:
        self._send_last(HttpError(REQUEST_TIMEOUT, "The request did not arrive in time."))

    def _send_last(self, error: HttpError) -> None:
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle  # None before the first request
        # A response that has begun must not be mixed with this one.
        if cycle is None or cycle.response_complete or not cycle.response_started:
            answer = problem_answer(error)
            headers = [*self.server_state.default_headers, *answer.start()["headers"], (b"connection", b"close")]
            lines = b"".join(b"%b: %b\r\n" % header for header in headers)
            self.transport.write(STATUS_LINE[answer.status] + lines + b"\r\n" + answer.body)
        self.transport.close()

    def _cut_off(self) -> None:
        # Streams last as long as their clients want, and do not queue what a client leaves unread.
        if not self.cycle.chunked_encoding:
            self.transport.abort()

    def _stop_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.request_seconds, self._out_of_time)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


@lru_cache(maxsize=1024)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None


def _uri_too_long() -> HttpError:
    return HttpError(URI_TOO_LONG, f"The path and query must have {MAX_URI} bytes at most.")


def _too_many_connections(most: int) -> HttpError:
    detail = f"The server has {most:,} connections, the most that it holds. Try again soon."
    return HttpError(TOO_MANY_CONNECTIONS, detail, ((b"retry-after", b"1"),))


def _head_too_large() -> HttpError:
    return HttpError(HEADERS_TOO_LARGE, "The request's headers are too large or too many.")


class JoiningTransport:
    """Holds the head of a response back until its body comes, since each write is a system call.

    A head without a body goes out when the response is complete.
    """

    __slots__ = ("_head", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if self._head:
            self._transport.write(self._head + data)
            self._head = b""
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
        else:
            self._transport.write(data)

    def flush(self) -> None:
        if self._head:
            self.write(b"")

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()
