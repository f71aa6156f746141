"""docs/reference/sdk.md describes every public name, and no other."""

import re
from pathlib import Path

import fairlane

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "sdk.md").read_text(encoding="utf-8")


def entries() -> list[str]:
    """The names that the page describes, in bold: **`Name`** or **`Name(arguments)`**."""
    return re.findall(r"\*\*`(\w+)[`(]", PAGE)


def test_every_public_name_has_its_entry() -> None:
    missing = sorted(set(fairlane.__all__) - set(entries()))
    assert not missing, f"docs/reference/sdk.md does not describe {', '.join(missing)}"


def test_each_entry_is_a_public_name() -> None:
    assert [name for name in entries() if name not in fairlane.__all__] == []


def test_each_name_has_one_entry() -> None:
    assert sorted(entries()) == sorted(set(entries()))
