"""The frame around every page: navigation, theme, shortcuts, connection, and how much is loaded."""

import re

import pytest
import valkey
from playwright.sync_api import Locator, Page, Request, expect

from fairlane.store.embedded.folder import DataFolder
from tests.support.running import kill

from .conftest import PHONE, OpenPages, Pages, World

FIRST_LOAD_BYTES = 100_000


def test_a_fresh_install_shows_how_to_submit_a_job(fresh_world: World, pages_of: OpenPages) -> None:
    page = pages_of(fresh_world)("/")
    expect(page.get_by_role("heading", name="Submit the first job")).to_be_visible()
    expect(page.locator("pre")).to_contain_text(f"curl -s {fresh_world.api.url}/jobs")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl -s http://127.0.0.1:")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    fresh_world.api.submit("acme", "default", 1)
    expect(page.get_by_role("heading", name="Submit the first job")).to_be_hidden()


def test_a_full_store_is_announced_on_every_page(fresh_world: World, pages_of: OpenPages) -> None:
    page = pages_of(fresh_world)("/ui/tenants")
    alert = page.get_by_role("alert")
    limit_memory(fresh_world, 1)
    expect(alert).to_contain_text("The store is full")
    limit_memory(fresh_world, 0)
    expect(alert).to_have_count(0)


def limit_memory(world: World, most: int) -> None:
    path = DataFolder(world.running.folder / ".fairlane").socket_path()
    with valkey.Valkey(unix_socket_path=str(path)) as client:
        client.config_set("maxmemory", most)


def test_pages_are_reached_by_links_keys_and_addresses(open_page: Pages) -> None:
    page = open_page("/")
    navigation = page.get_by_role("navigation", name="Pages")
    navigation.get_by_role("link", name="Tenants").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants")
    expect(page).to_have_url(f"{open_page.url}/ui/tenants")
    expect(page).to_have_title("Tenants · fairlane")
    press_at_once(page, "go")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(navigation.get_by_role("link", name="Overview")).to_have_attribute("aria-current", "page")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants")
    expect(open_page("/ui/nowhere").get_by_role("heading")).to_have_text("There is no such page")


def test_a_question_mark_lists_the_shortcuts(open_page: Pages) -> None:
    page = open_page("/")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_role("row", name="Go to Tenants")).to_contain_text("gt")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_chosen_theme_is_kept(open_page: Pages) -> None:
    page = open_page("/")
    light = background(page)
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    dark = background(page)
    assert dark != light
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert background(page) == dark


def test_the_first_load_is_small(world: World, open_page: Pages, tenant: str) -> None:
    world.api.submit(tenant, "default", 1)  # or else the overview shows no charts
    page = open_page.context.new_page()
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108 (it is marked by Playwright)
    with page.expect_response(re.compile(r"/history\?")):
        page.goto(f"{open_page.url}/")
    expect(page.get_by_role("heading", name="Throughput")).to_be_visible()
    assets = str(page.locator("link[rel=icon]").get_attribute("href")).removesuffix("/icon.svg")
    for file in ("uplot.js", "uplot.css"):  # the page loads them with its first chart
        page.evaluate("(url) => fetch(url).then((answer) => answer.text())", f"{assets}/vendor/{file}")
    sizes = {one.url: one.sizes() for one in requests if not one.url.endswith("/events")}
    assert len(sizes) > 25
    assert sum(one["responseHeadersSize"] + one["responseBodySize"] for one in sizes.values()) < FIRST_LOAD_BYTES


def test_the_stream_goes_on_after_the_api_has_restarted(fresh_world: World, pages_of: OpenPages) -> None:
    pages = pages_of(fresh_world)
    pages.expect_console("ERR_|Failed to load resource")
    page = pages("/")
    live = page.locator("[data-connection=live]")
    expect(live).to_be_visible()
    before = fresh_world.running.pid_of("api")
    page.evaluate(
        """() => {
            const seen = (window.connections = []);
            const note = ({ target }) => seen.push(target.dataset.connection);
            const watched = document.querySelector("[data-connection]");
            new MutationObserver((changes) => changes.forEach(note)).observe(watched, { attributes: true });
        }"""
    )
    kill(before)
    page.wait_for_function("() => new Set(window.connections).size > 1 && window.connections.at(-1) === 'live'")
    assert fresh_world.running.pid_of("api") != before
    fresh_world.api.submit("acme", "demo.sleep", {"seconds": 60})
    expect(figure(page, "Running")).to_have_text("1")


def test_no_answer_is_said_in_words_until_there_is_one(open_page: Pages) -> None:
    open_page.expect_console("Failed to load resource")
    page = open_page("/ui/nowhere")
    page.route(re.compile("/(events|overview)$"), lambda route: route.abort())
    page.goto(f"{open_page.url}/")
    expect(page.get_by_role("alert")).to_contain_text(re.compile("fairlane does not answer.*Check that it runs"))
    expect(page.locator("[data-connection=offline]")).to_be_visible()
    page.unroute(re.compile("/(events|overview)$"))
    expect(page.locator("[data-connection=live]")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_figures_come_by_the_stream_alone_and_not_while_the_tab_is_hidden(
    world: World, open_page: Pages, tenant: str
) -> None:
    page = open_page("/ui/nowhere")  # a page without data
    expect(page.locator("[data-connection=live]")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{world.api.url}/")
    completed = figure(page, "Completed")
    before = completed.inner_text()
    world.api.await_state([world.api.submit(tenant, "default", 1)], "completed")
    expect(completed).not_to_have_text(before)
    assert not [url for url in asked if url.endswith("/overview")]
    hide(page, True)
    expect(page.locator("[data-connection=paused]")).to_be_visible()
    hide(page, False)
    expect(page.locator("[data-connection=live]")).to_be_visible()


@pytest.mark.parametrize("stream", ["refused", "held back"])
def test_figures_come_by_asking_where_there_is_no_stream(
    world: World, open_page: Pages, tenant: str, stream: str
) -> None:
    open_page.expect_console("Failed to load resource")
    page = open_page("/ui/nowhere")
    page.route("**/events", lambda route: route.abort() if stream == "refused" else None)
    page.goto(f"{world.api.url}/")
    expect(page.locator("[data-connection=polling]")).to_be_visible()
    completed = figure(page, "Completed")
    before = completed.inner_text()
    world.api.await_state([world.api.submit(tenant, "default", 1)], "completed")
    expect(completed).not_to_have_text(before)
    page.unroute("**/events")
    hide(page, True)
    hide(page, False)
    expect(page.locator("[data-connection=live]")).to_be_visible()


def press_at_once(page: Page, keys: str) -> None:
    """Press keys after each other without the pause between them that a busy machine may make."""
    page.evaluate(
        """(keys) => {
            for (const key of keys) {
                document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
            }
        }""",
        keys,
    )


def hide(page: Page, hidden: bool) -> None:
    """Hide the tab, or show it again."""
    page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def figure(page: Page, name: str) -> Locator:
    """The figure of this name."""
    return page.locator(".figure", has=page.get_by_text(name, exact=True)).locator("strong")


def background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour
