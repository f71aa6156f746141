"""The pytest plugin that comes with fairlane: the fixture `fairlane_testing`, and async tests that use it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from ..app import App
    from .kit import Testing


@pytest.fixture
def fairlane_app() -> App:
    """The app under test. To be defined in conftest.py by those who use `fairlane_testing`."""
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
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test that uses `fairlane_testing`, unless a plugin for async tests does."""
    names = pyfuncitem.fixturenames
    has_runner = "anyio_backend" in names or any(pyfuncitem.get_closest_marker(name) for name in ("anyio", "asyncio"))
    if has_runner or "fairlane_testing" not in names or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    asyncio.run(_run(pyfuncitem, cast("App", pyfuncitem.funcargs["fairlane_app"])))
    return True


async def _run(test: pytest.Function, app: App) -> None:
    parameters = inspect.signature(test.obj).parameters
    async with app:
        await test.obj(**{name: value for name, value in test.funcargs.items() if name in parameters})
