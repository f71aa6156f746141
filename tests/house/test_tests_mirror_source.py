"""The folders of the tests mirror the packages of the source."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "fairlane"
ACROSS_PACKAGES = {
    "acceptance", "benchmarks", "browser", "deploy", "docs", "examples", "faults", "house", "proof", "support",
}  # fmt: skip


def test_each_folder_of_tests_has_the_name_of_a_package_or_is_known() -> None:
    packages = {path.stem for path in SOURCE.iterdir()}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert folders - packages == ACROSS_PACKAGES


def test_helpers_of_several_folders_stand_in_support() -> None:
    borrowed = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        folder = path.relative_to(ROOT / "tests").parts[0]
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("from tests.") and line.split(".")[1].split()[0] not in {folder, "support"}:
                borrowed.append(f"{path.relative_to(ROOT)}: {line}")
    assert borrowed == []
