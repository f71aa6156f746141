"""The state that all requests to one server share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from ..backend import Backend
from .settings import ServerSettings
from .streams.feeds import Feeds
from .streams.hub import Hub


@dataclass(slots=True)
class Context:
    """The backend, the settings, and whether the server is stopping."""

    backend: Backend
    settings: ServerSettings
    problem: Callable[[], str | None] | None = None
    """Why the server is not ready, beside the state of the store."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when long polls should end so that the server can stop."""
    claims: dict[str, object] = field(default_factory=dict)
    """By claim id, the request that waits for its jobs. A repeat on another connection takes its place."""
    hub: Hub = field(init=False)
    feeds: Feeds = field(init=False)

    def __post_init__(self) -> None:
        self.hub = Hub(self.backend)
        self.feeds = Feeds(self.backend)
