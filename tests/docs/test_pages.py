"""Every example of the README and the docs works as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .page import ROOT, RUN, Block, Reader, _matches, blocks_of

PAGES = [page for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if blocks_of(page)]
NOT_RUN = {"json", "mermaid", "text", "toml", "ini", "dockerfile"}


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_examples_of_a_page_work_in_order(page: Path, tmp_path: Path) -> None:
    with Reader(tmp_path) as reader:
        for block in blocks_of(page):
            if block.language in RUN:
                reader.follow(block)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_block_is_left_out_by_its_language(page: Path) -> None:
    """Python and shell code always runs; the other languages are not for a shell."""
    assert {block.language for block in blocks_of(page)} <= RUN | NOT_RUN


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_a_page_saves_is_used_by_what_it_runs(page: Path) -> None:
    """A file that nothing imports or runs would be shown and never tried."""
    blocks = blocks_of(page)
    for saved in (block for block in blocks if block.file):
        name = Path(str(saved.file)).stem
        others = "\n".join(other.text for other in blocks if other.file != saved.file)
        assert name == "conftest" or re.search(rf"\b{name}\b", others), f"{saved.where}: {saved.file} is never used"


def block(language: str, text: str, words: str = "") -> Block:
    return Block(language, words, text, "a page")


@pytest.mark.parametrize(
    "wrong",
    [
        block("python", "raise SystemExit(1)"),
        block("python", "import nothing_of_this_name"),
        block("sh", "false\ntrue"),
        block("console", "$ echo yes\nno"),
        block("console", "$ false"),
        block("sh", "curl http://127.0.0.1:8000/jobs"),
    ],
)
def test_an_example_that_does_not_work_is_noticed(wrong: Block, tmp_path: Path) -> None:
    with Reader(tmp_path) as reader, pytest.raises(AssertionError):
        reader.follow(wrong)


def test_files_and_commands_share_a_folder(tmp_path: Path) -> None:
    with Reader(tmp_path) as reader:
        reader.follow(block("python", "print('hello')", 'title="greet.py"'))
        reader.follow(block("console", "$ python greet.py\nhello\n$ echo one \\\n>   two\none two\n"))


def test_dots_stand_for_any_text() -> None:
    assert _matches("job ... is done\n", "job 0123 is done  \n")
    assert not _matches("job ... is done\n", "job 0123 is lost\n")
    assert _matches("first\n...\nlast\n", "first\nlast\n")
    assert _matches("first\n...\nlast\n", "first\n\n second\nthird\nlast\n")
    assert not _matches("first\n...\nlast\n", "first\nsecond\n")
    assert not _matches("one\n", "one\ntwo\n")
