"""Serving the application on a socket, until a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
from collections.abc import Callable, Generator

import uvicorn

from ..process.signals import Stop, StopRequests, stop_signals
from .app import App
from .descriptors import allow_connections
from .http.protocol import BoundedHttpProtocol

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 75
GRACE_SECONDS = 10
"""How long requests in progress may continue once the server is asked to stop."""

OnReady = Callable[[str], None]


async def serve_on(app: App, listener: socket.socket, url: str, *, on_ready: OnReady | None = None) -> None:
    """Serve on a listening socket until a stop signal or cancellation, then let requests in progress end.

    A second signal ends them at once. `on_ready` is called with `url` once the server answers.
    """
    config = uvicorn.Config(
        app,
        http=_protocol_for(app),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(app.context.settings.proxies),
        forwarded_allow_ips=list(app.context.settings.proxies),
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    _collect_garbage_rarely()
    # Its lines on start and stop are for people who run uvicorn by hand. fairlane prints its own.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    server = _Server(config, app, url, on_ready)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise


def _collect_garbage_rarely() -> None:
    """Requests make no reference cycles, and looking for cycles every 700 objects costs a tenth of the speed."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


class _Server(uvicorn.Server):
    """uvicorn's server, except that a signal makes it return. uvicorn raises the signal again."""

    def __init__(self, config: uvicorn.Config, app: App, url: str, on_ready: OnReady | None) -> None:
        super().__init__(config)
        self._app = app
        self._url = url
        self._on_ready = on_ready
        self._requests = StopRequests()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._on_ready is not None:
            self._on_ready(self._url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.stop_waiting()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        caught = stop_signals()
        try:
            for number in caught:
                loop.add_signal_handler(number, self._stop)
        except (NotImplementedError, RuntimeError, ValueError):  # not the main thread: its owner cancels the task
            yield
            return
        try:
            yield
        finally:
            for number in caught:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        if self._requests.note() is Stop.AT_ONCE:
            self.force_exit = True
        self.should_exit = True


def _protocol_for(app: App) -> type[BoundedHttpProtocol]:
    settings = app.context.settings
    bounds = {
        "request_seconds": settings.request_seconds,
        "stalled_seconds": settings.stalled_seconds,
        "max_connections": allow_connections(settings.max_connections),
    }
    return type("HttpProtocol", (BoundedHttpProtocol,), bounds)
