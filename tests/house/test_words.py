"""Code, pages and texts for users speak the words of docs/glossary.md, and modules explain themselves."""

import ast
import re
from pathlib import Path

import pytest

from fairlane.model.states import State

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "fairlane"
GLOSSARY = ROOT / "docs" / "glossary.md"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if not re.match(r"_(?!_init__)", path.name))
SOURCES = sorted(
    path
    for path in SOURCE.rglob("*")
    if path.suffix in {".py", ".lua", ".js", ".html", ".css"} and "vendor" not in path.parts
)
# Pages that compare fairlane with other systems use the words of those; decisions cite them.
COMPARING = re.compile(r"docs/(glossary|howto/migrate-from-\w+|decisions/.*)\.md")
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if not COMPARING.fullmatch(page.relative_to(ROOT).as_posix())
)


def rows_below(heading: str) -> dict[str, str]:
    """The table below this heading of the glossary: its first column, and its second."""
    section = GLOSSARY.read_text(encoding="utf-8").split(f"# {heading}\n")[1].split("\n#")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    return dict(rows[1:])


# Words of other systems, each with ours. "message" is also the text of an error, so no search can tell the two apart.
FOREIGN = {word: ours for word, ours in rows_below("Words of other systems").items() if word != "message"}


def words_of(text: str) -> str:
    """The words of all names and comments in lower case: visibilityTimeout and VISIBILITY_TIMEOUT alike."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)
    return f" {' '.join(parts).lower()} "


def foreign_words(text: str) -> list[str]:
    words = words_of(text)
    return [word for word in FOREIGN if re.search(rf" {word.replace(' ', 's? ')}s? ", words)]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_public_modules_say_what_they_are_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{named(path)} has no docstring"


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=named)
def test_code_and_pages_use_our_words(path: Path) -> None:
    found = foreign_words(path.read_text(encoding="utf-8"))
    assert not found, "; ".join(f"{word!r}: we say {FOREIGN[word]}" for word in found)


def test_the_glossary_has_each_state_once_and_in_order() -> None:
    words = list(rows_below("Glossary"))
    names = [re.sub(r"\*\*(.+?)\*\*.*", r"\1", word) for word in words]
    assert names == sorted(set(names))
    assert {State.PENDING.value, State.RUNNING.value, State.SCHEDULED.value} <= set(names)


@pytest.mark.parametrize(
    "text",
    ["ack_late = True", "acksLate", "visibilityTimeout", "VISIBILITY_TIMEOUT", "class RedisBroker:", "-- the actors"],
)
def test_foreign_words_are_seen_in_every_spelling(text: str) -> None:
    assert foreign_words(text)


@pytest.mark.parametrize("text", ["factor", "factory = 1", "timeout of the lease", "broken", "back_later"])
def test_other_words_are_left_alone(text: str) -> None:
    assert not foreign_words(text)
