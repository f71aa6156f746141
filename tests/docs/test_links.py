"""Links between the pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .page import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"""(?:\[[^\]]*\]\(|\bsrc(?:set)?=")([^)\s"]+)[)"]""")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(text)}


def broken(page: Path, text: str) -> list[str]:
    """The links in `text`, on this page, that lead nowhere. Those to other sites are not followed."""
    found = []
    for link in _LINK.findall(_CODE.sub("", text)):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = (page.parent / path).resolve() if path else page
        lost = not target.exists() or not target.is_relative_to(ROOT)
        if lost or (anchor and anchor not in anchors(text if target == page else target.read_text())):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page, page.read_text()) == []


def test_the_index_lists_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in _LINK.findall(index.read_text())}
    decisions = ROOT / "docs" / "decisions"
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page != index and decisions not in page.parents}
    assert sorted(pages - listed) == []
    assert decisions in listed


@pytest.mark.parametrize(
    "link", ["(nowhere.md)", "(README.md#no-such-heading)", "(#no-such-heading)", "(../../../etc/passwd)"]
)
def test_a_broken_link_is_noticed(link: str) -> None:
    assert broken(ROOT / "README.md", f"# A page\n\n[look]{link}") == [link.strip("()")]


def test_good_links_code_and_other_sites_are_left_alone() -> None:
    text = "# The page: one\n[a](ARCHITECTURE.md) [b](#the-page-one) [c](https://example.org/x) `[d](nowhere.md)`\n"
    assert broken(ROOT / "README.md", text) == []


def test_a_picture_that_is_not_there_is_noticed() -> None:
    assert broken(ROOT / "README.md", '<img alt="x" src="docs/screenshots/none.png">') == ["docs/screenshots/none.png"]


def test_each_picture_that_the_repository_keeps_is_shown() -> None:
    kept = re.findall(r"^!(docs/screenshots/.+)$", (ROOT / ".gitignore").read_text(), re.MULTILINE)
    shown = {(page.parent / link).resolve() for page in PAGES for link in _LINK.findall(page.read_text())}
    assert kept
    assert {ROOT / picture for picture in kept} <= shown
