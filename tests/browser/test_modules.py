"""Functions of the dashboard's modules, called in the browser."""

from typing import Any

import pytest
from playwright.sync_api import Page

from .conftest import Pages

WORDS = {
    "duration(null)": "–",
    "duration(0)": "0 s",
    "duration(0.0004)": "0.4 ms",
    "duration(0.012)": "12 ms",
    "duration(3)": "3 s",
    "duration(3.24)": "3.2 s",
    "duration(59.4)": "59 s",
    "duration(245)": "4 min 5 s",
    "duration(7380)": "2 h 3 min",
    "duration(7200)": "2 h",
    "duration(90_000)": "1 d 1 h",
    "shortDuration(0.25)": "0.25 s",
    "shortDuration(90)": "1.5 min",
    "ago('2026-03-01T10:00:00Z', Date.parse('2026-03-01T10:00:01Z'))": "now",
    "ago('2026-03-01T10:00:00Z', Date.parse('2026-03-01T10:00:08Z'))": "8 s ago",
    "ago('2026-03-01T10:00:00Z', Date.parse('2026-03-01T10:59:59Z'))": "59 min ago",
    "ago('2026-03-01T10:00:00Z', Date.parse('2026-02-27T08:00:00Z'))": "in 2 d",
    "count(1234567)": "1,234,567",
    "shortCount(12345)": "12.3K",
    "plural(1, 'job')": "1 job",
    "plural(1200, 'job')": "1,200 jobs",
    "rate(null)": "no limit",
    "rate({limit: 10, windowSeconds: 60})": "10 per minute",
    "rate({limit: 1, windowSeconds: 30})": "1 per 30 s",
    "percent(0.004)": "<1 %",
    "percent(0.333)": "33 %",
}

SHARES = """
    const shares = new m.Shares();
    const [weights, blocks] = [[1, 3, 1, 5], [null, null, null, "paused"]];
    const lanes = (...started) => started.map((count, n) => (
        { id: "abcd"[n], started: count, weight: weights[n], pending: 9, blockedBy: blocks[n] }
    ));
    const before = shares.of(lanes(5, 5, 5, 5));
    shares.add(lanes(10, 10, 10, 10), 0);
    shares.add(lanes(12, 16, 10, 10), 1000);
    const now = shares.of(lanes(12, 16, 10, 10));
    shares.add(lanes(12, 16, 10, 10), 61_500);
    return [before, now, shares.of(lanes(12, 16, 10, 10))].map(Object.fromEntries);
"""

PATHS: list[tuple[str, str, dict[str, str] | None]] = [
    ("/ui/tenants/:id", "/ui/tenants/acme", {"id": "acme"}),
    ("/ui/tenants/:id", "/ui/tenants/a%2Fb", {"id": "a/b"}),
    ("/ui/tenants/:id", "/ui/tenants", None),
    ("/ui/tenants/:id", "/ui/tenants/a/b", None),
    ("/ui/tenants/:id", "/ui/tenants/%ff", None),
    ("/ui/tenants", "/ui/tenants/", {}),
    ("/", "/", {}),
]


@pytest.fixture
def page(open_page: Pages) -> Page:
    return open_page("/ui/nowhere")


def ask(page: Page, module: str, body: str) -> Any:
    """The result of a function body. `m` in it is the module."""
    assets = str(page.locator("link[rel=icon]").get_attribute("href")).removesuffix("/icon.svg")
    return page.evaluate(f"import('{assets}/js/lib/{module}.js').then((m) => {{ {body} }})")


def test_values_in_words(page: Page) -> None:
    calls = ", ".join(f"m.{call}" for call in WORDS)
    assert dict(zip(WORDS, ask(page, "format", f"return [{calls}];"), strict=True)) == WORDS


def test_shares_of_starts_against_weights(page: Page) -> None:
    before, now, later = ask(page, "shares", SHARES)
    fair = {"a": 0.2, "b": 0.6, "c": 0.2}  # a paused tenant has no share
    assert before == {name: {"starts": 0, "share": None, "fair": fair[name]} for name in fair}
    shares = {"a": (2, 0.25), "b": (6, 0.75), "c": (0, 0)}
    assert now == {name: {"starts": shares[name][0], "share": shares[name][1], "fair": fair[name]} for name in fair}
    assert later == before  # no starts within the last minute


@pytest.mark.parametrize("path", ["/tenants/acme/schedules/../pause", "/tenants/.", "/queues/../pause"])
def test_no_call_moves_up_the_tree(page: Page, path: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    assert "cannot ask" in ask(page, "api", f"return m.post('{path}').catch((error) => error.message);")
    assert "POST" not in asked


def test_names_may_begin_with_dots(page: Page) -> None:
    assert ask(page, "api", "return m.get('/tenants/..a').then((tenant) => tenant.id);") == "..a"


def test_paths_of_pages(page: Page) -> None:
    calls = ", ".join(f"m.match('{pattern}', '{path}')" for pattern, path, _ in PATHS)
    assert ask(page, "router", f"return [{calls}];") == [found for _, _, found in PATHS]
