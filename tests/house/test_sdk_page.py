"""docs/reference/sdk.md tells of every public name, and of no other."""

import re
from pathlib import Path

import fairlane

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "sdk.md").read_text(encoding="utf-8")


def entries() -> list[str]:
    """The names that are explained where they are set in bold: **`Name`** or **`Name(arguments)`**."""
    return re.findall(r"\*\*`(\w+)[`(]", PAGE)


def test_every_public_name_has_its_entry() -> None:
    missing = sorted(set(fairlane.__all__) - set(entries()))
    assert not missing, f"docs/reference/sdk.md says nothing of {', '.join(missing)}"


def test_no_entry_is_of_a_name_that_is_gone() -> None:
    assert [name for name in entries() if name not in fairlane.__all__] == []


def test_each_name_has_one_entry() -> None:
    assert sorted(entries()) == sorted(set(entries()))
