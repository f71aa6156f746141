"""The pytest plugin that comes with fairlane: the fixture `fairlane_testing`, and async tests that use it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from functools import wraps
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from ..sdk.app import App
    from .kit import Testing


@pytest.fixture
def fairlane_app() -> App:
    """The app under test. Override this fixture in conftest.py to use `fairlane_testing`."""
    raise pytest.UsageError(
        "fairlane_testing needs your App. Put this into conftest.py, with your own import:\n\n"
        "@pytest.fixture\ndef fairlane_app():\n    from reports import app\n    return app"
    )


@pytest.fixture
def fairlane_testing(fairlane_app: App) -> Iterator[Testing]:
    """`fairlane_app` on a private, empty store, with a clock that the test moves: `travel`, `drain`, `now`."""
    with fairlane_app.testing() as testing:
        yield testing


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Close an async test's connections on its own event loop, which may be gone when the fixture ends."""
    if not isinstance(item, pytest.Function) or "fairlane_testing" not in item.fixturenames:
        return
    test, app = item.obj, cast("App", item.funcargs["fairlane_app"])
    if inspect.iscoroutinefunction(test):

        @wraps(test)
        async def test_with_app(**arguments: object) -> None:
            async with app:
                await test(**arguments)

        item.obj = test_with_app


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test that uses `fairlane_testing`, unless a plugin for async tests runs it."""
    names = pyfuncitem.fixturenames
    has_runner = "anyio_backend" in names or any(pyfuncitem.get_closest_marker(name) for name in ("anyio", "asyncio"))
    if has_runner or "fairlane_testing" not in names or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    parameters = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in parameters}))
    return True
