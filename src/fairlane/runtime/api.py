"""Runs the API in this process."""

from __future__ import annotations

import socket
from collections.abc import Callable

from .defaults import store_defaults
from .settings import Settings, parse_proxies
from .sockets import address_of, check_api_address
from .upkeep import open_store
from .worker_watch import read_problem


async def serve_api(
    settings: Settings,
    listener: socket.socket,
    *,
    with_upkeep: bool,
    with_defaults: bool,
    workers_fd: int | None,
    on_ready: Callable[[str], None] | None,
) -> None:
    """Serve the API on `listener` until a stop signal.

    `with_defaults`: store the default limits of the settings first. `workers_fd`: the file of the supervisor's
    WorkerWatch.
    """
    from ..server.app import create_app
    from ..server.run import serve_on
    from ..server.settings import ServerSettings, allowed_hosts_for, check_base_path

    with_tokens = settings.asks_for_tokens
    check_api_address(listener.getsockname()[0], with_tokens=with_tokens)
    async with open_store(settings.store_url, settings, with_upkeep=with_upkeep) as backend:
        if with_defaults:
            await store_defaults(backend, settings)
        server_settings = ServerSettings(
            base_path=check_base_path(settings.base_path),
            metrics_tenants=settings.metrics_tenants,
            tenant_logs=settings.shows_logs_to_tenants,
            proxies=parse_proxies(settings.proxies),
            # A page under a foreign name has no token, so with tokens any name may lead here.
            allowed_hosts=None if with_tokens else allowed_hosts_for(settings.host, listener.getsockname()[0]),
        )
        problem = None if workers_fd is None else lambda: read_problem(workers_fd)
        app = create_app(backend, server_settings, problem, backend.tokens if with_tokens else None)
        await serve_on(app, listener, address_of(listener), on_ready=on_ready)
