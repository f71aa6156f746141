"""The state that all requests to one server share."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ..access import KnownTokens
from ..backend import StoreBackend
from ..model.lease import Lease
from .http.load import Load
from .http.room import AnswerRoom
from .http.shared import SharedAnswers
from .http.wrong_tokens import WrongTokens
from .settings import ServerSettings
from .streams.feeds import Feeds
from .streams.hub import Hub


@dataclass(slots=True)
class Context:
    """The backend, the settings, and whether the server is stopping."""

    backend: StoreBackend
    settings: ServerSettings
    tokens: KnownTokens | None = None
    """The tokens that requests must have one of; None if the server asks for none."""
    problem: Callable[[], str | None] | None = None
    """Why the server is not ready, beside the state of the store."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when long polls should end so that the server can stop."""
    claims: dict[str, object] = field(default_factory=dict)
    """By claim id, the request that waits for its jobs. A repeat on another connection takes its place."""
    claiming: set[asyncio.Task[list[Lease]]] = field(default_factory=set)
    """The claims that wait, also those that have no receiver any more."""
    load: Load = field(init=False, default_factory=Load)
    wrong_tokens: WrongTokens = field(init=False, default_factory=WrongTokens)
    requests: Counter[tuple[str, int]] = field(init=False, default_factory=Counter)
    """How many requests each operation has answered, by its name and the answer's status."""
    room: AnswerRoom = field(init=False, default_factory=AnswerRoom)
    shared: SharedAnswers = field(init=False, default_factory=SharedAnswers)
    making_shared: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    """Held while a shared answer is made. At the bounds of a store, one takes 40 MB meanwhile."""
    hub: Hub = field(init=False)
    feeds: Feeds = field(init=False)

    def __post_init__(self) -> None:
        self.hub = Hub(self.backend)
        self.feeds = Feeds()
