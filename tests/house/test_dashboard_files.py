"""The dashboard's files: libraries as their authors published them, and nothing of ours that makes markup of text."""

import hashlib
import re
from pathlib import Path

import pytest

DASHBOARD = Path(__file__).parents[2] / "src" / "fairlane" / "server" / "dashboard"
VENDOR = DASHBOARD / "vendor"
OURS = sorted(
    path for path in DASHBOARD.rglob("*") if path.suffix in {".js", ".css", ".html"} and VENDOR not in path.parents
)
FILE_LINES = 400

# Ways from text to markup or code, and styles that a strict policy refuses.
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|"
    r"\beval\(|new Function|setAttribute\(\s*[\"']style|javascript:|https?://(?!www\.w3\.org/)"
)


def named(path: Path) -> str:
    return path.relative_to(DASHBOARD).as_posix()


def test_vendored_files_are_as_published() -> None:
    listed = dict(line.split("  ")[::-1] for line in (VENDOR / "SHA256SUMS").read_text().splitlines())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir()}
    del found["SHA256SUMS"]
    assert found == listed


def test_every_vendored_library_has_its_licence() -> None:
    licences = {path.name for path in VENDOR.glob("LICENSE.*")}
    packages = ("htm", "preact", "preact-signals", "preact-signals-core", "uplot")
    assert licences == {f"LICENSE.{package}" for package in packages}


@pytest.mark.parametrize("path", OURS, ids=named)
def test_text_never_becomes_markup(path: Path) -> None:
    assert not FORBIDDEN.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", OURS, ids=named)
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


def test_modules_import_what_exists() -> None:
    for path in (one for one in OURS if one.suffix == ".js"):
        for target in re.findall(r"""(?:from|import)\s*\(?\s*"(\.[^"]+)\"""", path.read_text(encoding="utf-8")):
            assert (path.parent / target).is_file(), f"{named(path)} imports {target}"
