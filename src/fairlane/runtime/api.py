"""Runs the API in this process."""

from __future__ import annotations

import socket
from collections.abc import Callable

from .settings import Settings
from .sockets import address_of
from .upkeep import open_store


async def serve_api(
    settings: Settings, listener: socket.socket, *, with_upkeep: bool, on_ready: Callable[[str], None] | None
) -> None:
    """The API on `listener`, until SIGTERM or SIGINT."""
    from ..server.app import create_app
    from ..server.run import serve_on
    from ..server.settings import ServerSettings, allowed_hosts_for, check_base_path

    async with open_store(settings.store_url, settings, with_upkeep=with_upkeep) as backend:
        server_settings = ServerSettings(
            base_path=check_base_path(settings.base_path),
            allowed_hosts=allowed_hosts_for(settings.host, listener.getsockname()[0]),
        )
        app = create_app(backend, server_settings)
        await serve_on(app, listener, address_of(listener), on_ready=on_ready)
