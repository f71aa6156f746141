"""The dashboard in a real browser, on a real `fairlane up`. A console error or a refused script fails the test.

`open_page("/ui/tenants")` gives a page; `world.api` speaks to the API beside it. Fixtures end with this folder
(scope "package"): the browser's event loop must not be there when other tests run theirs.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.support.running import Api, Running, fairlane, up

from .chromium import chromium, chromium_path

expect.set_options(timeout=30_000)  # enough for a busy machine
_tenants = itertools.count(1)
WIDE = (1280, 800)
PHONE = (360, 740)


@dataclass
class World:
    """A running system."""

    running: Running
    api: Api


@dataclass
class Pages:
    """Opens pages in one browser profile, and records their errors."""

    context: BrowserContext
    url: str
    wrong: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def __call__(self, path: str) -> Page:
        """A new tab at this path."""
        page = self.context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.wrong.append(f"uncaught: {error}"))
        page.goto(self.url + path)
        return page

    def expect_console(self, pattern: str) -> None:
        """This test provokes errors that match."""
        self.expected.append(pattern)

    def unexpected(self) -> list[str]:
        return [text for text in self.wrong if not any(re.search(pattern, text) for pattern in self.expected)]

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium on PATH (as root on Debian, `tools/set_up.sh dev` installs it)")
    with chromium(path) as browser:
        yield browser


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One system for all these tests. Each test uses other tenants."""
    with up(tmp_path_factory.mktemp("world"), "--default-rate", "off", "--durability", "memory") as running:
        yield World(running, running.await_ready())


@pytest.fixture(scope="package")
def workless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A system without workers: its jobs wait until a test claims them by hand."""
    with fairlane(tmp_path_factory.mktemp("workless"), "serve", "--port", "0", "--durability", "memory") as running:
        yield World(running, running.await_ready())


@pytest.fixture
def fresh_world(tmp_path: Path) -> Iterator[World]:
    """A system without jobs, for one test."""
    with up(tmp_path, "--durability", "memory") as running:
        yield World(running, running.await_ready())


@pytest.fixture
def viewport() -> tuple[int, int]:
    """Width and height of the window. Parametrize it to change them."""
    return WIDE


@pytest.fixture
def colours() -> str:
    """The theme of the operating system: "light" or "dark"."""
    return "light"


OpenPages = Callable[[World], Pages]


@pytest.fixture
def pages_of(browser: Browser, viewport: tuple[int, int], colours: str) -> Iterator[OpenPages]:
    """Pages of any world. An error in one of them fails the test."""
    opened: list[Pages] = []

    def open_pages(world: World) -> Pages:
        width, height = viewport
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if colours == "dark" else "light",
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        opened.append(Pages(context, world.api.url))
        return opened[-1]

    yield open_pages
    wrong = [text for pages in opened for text in pages.unexpected()]
    for pages in opened:
        pages.context.close()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def open_page(world: World, pages_of: OpenPages) -> Pages:
    """Opens pages of the shared world."""
    return pages_of(world)


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test has."""
    return f"browser-{next(_tenants)}"
