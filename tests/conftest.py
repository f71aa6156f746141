"""What every test shares."""

import asyncio
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fairlane.sdk.portal import close_portal
from fairlane.store import Durability, EmbeddedServer
from tests.support.sentinel_group import SentinelGroup


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the one loop that fairlane supports."""
    return "asyncio"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the kind of store that `store_url` is."""
    parser.addoption("--store", choices=["embedded", "sentinel"], default="embedded", help="the store of the tests")


@pytest.fixture(scope="session")
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A store that outlives the tests; each empties it."""
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        store = embedded if request.config.getoption("--store") == "embedded" else behind_sentinels
        with store(Path(folder)) as url:
            try:
                yield url
            finally:
                # Connections of sync calls stay open until the process ends. One of them would keep the store going.
                close_portal()


@contextmanager
def embedded(folder: Path) -> Iterator[str]:
    server = EmbeddedServer(folder, Durability.MEMORY)
    server.start()
    try:
        yield f"embedded:{folder}"
    finally:
        server.stop()


@contextmanager
def behind_sentinels(folder: Path) -> Iterator[str]:
    group = SentinelGroup(folder)
    try:
        asyncio.run(group.start_all(replicas=1))
        yield group.url
    finally:
        group.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make what a test printed and logged encodable: some tests log lone surrogates, and pytest-xdist sends UTF-8."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report
