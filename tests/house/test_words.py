"""The source speaks the words of the glossary and explains itself."""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "fairlane"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if not re.match(r"_(?!_init__)", path.name))
SOURCES = sorted(path for path in SOURCE.rglob("*") if path.suffix in {".py", ".lua"})

# Words of other systems, each with ours.
FOREIGN = {
    "actor": "task",
    "broker": "store",
    "ack late": "every job is at least once, nothing to choose",
    "acks late": "every job is at least once, nothing to choose",
    "visibility timeout": "lease",
}


def words_of(text: str) -> str:
    """The words of all names and comments in lower case: visibilityTimeout and VISIBILITY_TIMEOUT alike."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)
    return f" {' '.join(parts).lower()} "


def foreign_words(text: str) -> list[str]:
    words = words_of(text)
    return [word for word in FOREIGN if f" {word} " in words or f" {word}s " in words]


def named(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_public_modules_say_what_they_are_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{named(path)} has no docstring"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_source_uses_our_words(path: Path) -> None:
    found = foreign_words(path.read_text(encoding="utf-8"))
    assert not found, "; ".join(f"{word!r}: we say {FOREIGN[word]}" for word in found)


@pytest.mark.parametrize(
    "text",
    ["ack_late = True", "acksLate", "visibilityTimeout", "VISIBILITY_TIMEOUT", "class RedisBroker:", "-- the actors"],
)
def test_foreign_words_are_seen_in_every_spelling(text: str) -> None:
    assert foreign_words(text)


@pytest.mark.parametrize("text", ["factor", "factory = 1", "timeout of the lease", "broken", "back_later"])
def test_other_words_are_left_alone(text: str) -> None:
    assert not foreign_words(text)
