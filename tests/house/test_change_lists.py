"""CONTRIBUTING.md lists the files that a new field, limit or filter touches; the source agrees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "fairlane"
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

EXAMPLES = {
    "A field of a job": r"max_?attempts",
    "A limit of a tenant": r"start_?(?:rate|limit)",
    "A filter of the listings": r"created_?from",
}


def listed(heading: str) -> set[str]:
    """The files that the list below this heading names."""
    section = PAGE[PAGE.index(f"**{heading}**") :]
    section = re.split(r"\n(?:\*\*|## )", section, maxsplit=1)[0]
    return set(re.findall(r"`([\w/-]+\.(?:py|lua|js))`", section))


@pytest.mark.parametrize(("heading", "example"), EXAMPLES.items())
def test_the_list_names_each_file_that_spells_the_example(heading: str, example: str) -> None:
    files = [path for path in SOURCE.rglob("*") if path.suffix in {".py", ".lua", ".js"} and "vendor" not in path.parts]
    word = re.compile(rf"(?<!\w){example}(?!\w)", re.IGNORECASE)
    found = {file.relative_to(SOURCE).as_posix() for file in files if word.search(file.read_text(encoding="utf-8"))}
    assert found == listed(heading)
