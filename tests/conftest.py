"""What every test shares."""

import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from fairlane.sdk.portal import close_portal
from fairlane.store import Durability, EmbeddedServer


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the one loop that fairlane supports."""
    return "asyncio"


@pytest.fixture(scope="session")
def store_url() -> Iterator[str]:
    """A store that outlives the tests; each empties it."""
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        server = EmbeddedServer(Path(folder), Durability.MEMORY)
        server.start()
        try:
            yield f"embedded:{folder}"
        finally:
            # Connections of sync calls stay open until the process ends. One of them would keep the store going.
            close_portal()
            server.stop()


def pytest_configure() -> None:
    """Take hang-ups as by default: processes started by the tests would inherit that nohup ignores them."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make what a test printed and logged encodable: some tests log lone surrogates, and pytest-xdist sends UTF-8."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report
