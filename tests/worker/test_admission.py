"""A worker whose access token is revoked says so once, is not ready, and asks rarely. It works on when let in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from functools import partial

import pytest

from fairlane.connect import open_backend
from fairlane.engine import Engine
from fairlane.engine.tokens import EngineTokens
from fairlane.model.token import Token, TokenKind, TokenSpec
from fairlane.server.app import App, create_app
from fairlane.worker import Worker, admission
from tests.support.app_world import World, eventually
from tests.support.serving import served

REFUSAL = "the API refuses this worker: the token is not valid: it was revoked, or it has expired, or it never existed"


class Forgetful(EngineTokens):
    """The tokens of a store, which are unknown while `forgets`."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.partitions)
        self.forgets = False

    async def find(self, digest: str) -> Token | None:
        return None if self.forgets else await super().find(digest)


class Place:
    """An API with one worker token, and the workers of that token."""

    def __init__(self, world: World, tokens: Forgetful, app: App, url: str, secret: str) -> None:
        self.tokens = tokens
        self.worker = partial(world.worker, slots=2, open_backend=partial(open_backend, url, token=secret))
        self._app = app

    async def refuses(self, worker: Worker) -> None:
        """Return once each kind of call was refused."""

        async def look() -> bool:
            return {"claims", "heartbeats", "commands"} <= set(worker._admission._refusals)

        self.tokens.forgets = True
        await eventually(look, "claims, heartbeats and commands are refused")

    @property
    def refused_calls(self) -> int:
        return sum(count for (_, status), count in self._app.context.requests.items() if status == 401)


@pytest.fixture
async def place(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr("fairlane.worker.commands.WAIT_MS", 100)
    monkeypatch.setattr("fairlane.worker.fetch.LONGEST_POLL_MS", 100)
    _, secret = await world.engine.tokens.create(TokenSpec(name="app", kind=TokenKind.WORKER))
    tokens = Forgetful(world.engine)
    app = create_app(world.engine, access=tokens)
    async with served(app) as url:
        yield Place(world, tokens, app, url, secret)


async def test_a_refused_worker_says_so_once_is_not_ready_and_asks_no_more(
    world: World, place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "PAUSE_SECONDS", 3_600.0)
    async with place.worker(lease_ms=1_500) as worker:

        async def is_ready() -> bool:
            return worker.problem is None

        await eventually(is_ready, "the worker is ready")
        await place.refuses(worker)
        assert worker.problem == REFUSAL
        said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert said == [REFUSAL]
        assert place.refused_calls <= 4  # one of each kind, and a claim beside an exchange


async def test_a_worker_that_is_let_in_again_works_on(
    world: World, place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    @world.app.task
    async def work() -> None:
        pass

    monkeypatch.setattr(admission, "PAUSE_SECONDS", 0.2)
    async with place.worker(lease_ms=1_500) as worker:
        await place.refuses(worker)
        place.tokens.forgets = False
        await world.finished((await work.submit()).id)

        async def is_ready() -> bool:
            return worker.problem is None

        await eventually(is_ready, "the worker is ready again")
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [REFUSAL]
