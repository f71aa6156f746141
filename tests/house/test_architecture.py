"""ARCHITECTURE.md names every package, two levels deep, and no other."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "fairlane"
NOT_PACKAGES = {"__init__.py", "py.typed", "__pycache__"}


def in_the_tree() -> set[str]:
    """The modules at the root, and the folders on the first two levels."""
    roots = {path for path in SOURCE.iterdir() if path.name not in NOT_PACKAGES}
    folders = {path for root in roots if root.is_dir() for path in root.iterdir() if path.is_dir()}
    found = {path for path in roots | folders if path.name not in NOT_PACKAGES and not is_empty(path)}
    return {path.relative_to(SOURCE).as_posix() + ("/" if path.is_dir() else "") for path in found}


def is_empty(path: Path) -> bool:
    """Whether a folder holds nothing except caches, as one that another branch has left behind."""
    return path.is_dir() and all("__pycache__" in file.parts for file in path.rglob("*") if file.is_file())


def rows() -> list[str]:
    section = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## Packages\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([\w./]+)` \| ", section, re.MULTILINE)


def test_each_package_has_one_row() -> None:
    assert sorted(rows()) == sorted(in_the_tree()), "update the table of packages in ARCHITECTURE.md"


def test_the_rows_follow_the_imports() -> None:
    """The page says that imports run from a later row to earlier ones; the contract lists the layers from the top."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["name"] == "Imports run one way")
    level = {name: -depth for depth, layer in enumerate(layers) for name in re.findall(r"\w+", layer)}
    levels = [level[re.split(r"[/.]", row)[0]] for row in rows()]
    assert levels == sorted(levels)


def test_a_folder_of_caches_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "old.pyc").touch()
    assert is_empty(tmp_path)
    (tmp_path / "new.py").touch()
    assert not is_empty(tmp_path)
