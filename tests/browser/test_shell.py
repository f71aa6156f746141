"""The frame around every page: navigation, theme, shortcuts, connection, and how much is loaded."""

from playwright.sync_api import Page, expect

from .conftest import OpenPages, Pages, World

FIRST_LOAD_BYTES = 100_000


def test_a_fresh_install_shows_how_to_submit_a_job(fresh_world: World, pages_of: OpenPages) -> None:
    page = pages_of(fresh_world)("/")
    expect(page.get_by_role("heading", name="Submit the first job")).to_be_visible()
    expect(page.locator("pre")).to_contain_text(f"curl -s {fresh_world.api.url}/jobs")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl -s http://127.0.0.1:")
    fresh_world.api.submit("acme", "default", 1)
    expect(page.get_by_role("heading", name="Submit the first job")).to_be_hidden()


def test_pages_are_reached_by_links_keys_and_addresses(open_page: Pages) -> None:
    page = open_page("/")
    navigation = page.get_by_role("navigation", name="Pages")
    navigation.get_by_role("link", name="Tenants").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants")
    expect(page).to_have_url(f"{open_page.url}/ui/tenants")
    expect(page).to_have_title("Tenants · fairlane")
    page.keyboard.type("go")
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
    page.get_by_role("button", name="Theme: as the system").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    dark = background(page)
    assert dark != light
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert background(page) == dark


def test_the_first_load_is_small(open_page: Pages) -> None:
    page = open_page("about:blank".removeprefix("about:blank"))
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    devtools.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.reload(wait_until="networkidle")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert len(sizes) > 15
    assert sum(sizes) < FIRST_LOAD_BYTES


def background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour
