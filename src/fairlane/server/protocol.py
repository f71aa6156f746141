"""uvicorn's HTTP protocol, with bounds on the head of a request: its size and the time it may take."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .problems import PROBLEM_TYPE, HttpError, problem_answer

HEAD_LIMIT_BYTES = 64 * 1024
HEAD_TIMEOUT_SECONDS = 20.0
MAX_HEADERS = 100


class BoundedHttpProtocol(HttpToolsProtocol):
    """Refuses endless request heads, and closes connections that do not get one done in time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        scope: Any = self.scope  # None before the first request
        if scope is None or "method" not in scope:  # the parser is still within a head
            self._head_bytes += len(data)
            if self._head_timer is None:
                self._start_head_timer()
            if self._head_bytes > HEAD_LIMIT_BYTES:
                self._refuse_head()
            return
        if self._head_timer is not None:
            self._stop_head_timer()
        self._head_bytes = 0
        if len(self.headers) > MAX_HEADERS:  # trailers count too
            self._refuse_head()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and close."""
        self._send_last(HttpError(HTTPStatus.BAD_REQUEST, "malformed_request", "This is not a valid HTTP request."))

    def _refuse_head(self) -> None:
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        self._send_last(HttpError(status, "headers_too_large", "The request's headers are too large or too many."))

    def _send_last(self, error: HttpError) -> None:
        if self.transport.is_closing():
            return
        answer = problem_answer(error)
        # An answer in progress on this connection must not be mixed with this one.
        cycle: Any = self.cycle  # None before the first request
        if cycle is None or cycle.response_complete or not cycle.response_started:
            head = b"content-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[answer.status] + head % (PROBLEM_TYPE, len(answer.body)) + answer.body)
        self.transport.close()

    def _start_head_timer(self) -> None:
        self._stop_head_timer()
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_SECONDS, self.transport.close)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
