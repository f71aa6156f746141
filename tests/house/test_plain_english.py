"""Texts are in plain English, and commit subjects are short imperatives.

docs/contributing/style.md has the rules. These tests catch what a pattern can catch.
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# This file and the style guide quote what they rule out; vendored files are not ours.
QUOTING = {"tests/house/test_plain_english.py", "docs/contributing/style.md"}
SUFFIXES = {".css", ".js", ".lua", ".md", ".py"}
RIDDLES = re.compile(
    r"\b(?:told of|tells? of|anew|but for|so many|of (?:its|their) own|whoever|(?:no|some|every)body|those of the|"
    r"(?<!there )(?-i:is none|are none)|what bec(?:omes|ame) of|"
    r"what (?:is|was) (?:stored|told|left|given|asked|met|held)|"
    r"who (?:is|comes|was|must))\b",
    re.IGNORECASE,
)

SUBJECT = re.compile(r"[A-Z][a-z]+ \S")
NOT_IMPERATIVE = re.compile(r"(?:\w+(?:ed|ing)|The|A|An|This|That|These|It|We|No|In|On|For|With|When|Now)\b")
LIKE_A_PARTICIPLE = {"Bring", "Embed", "Exceed", "Feed", "Need", "Proceed", "Seed", "Shed", "Speed", "Spring", "String"}


def texts() -> list[Path]:
    """The text files of the repository, without vendored ones."""
    roots = ("docs", "examples", "src", "tests", "tools")
    files = [*ROOT.glob("*.md"), *(file for root in roots for file in sorted((ROOT / root).rglob("*")))]
    found = [file for file in files if file.suffix in SUFFIXES and "vendor" not in file.parts]
    return [file for file in found if named(file) not in QUOTING]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def riddles_of(text: str) -> list[str]:
    """Each turn of phrase that a reader has to solve, with its line."""
    lines = text.splitlines()
    return [f"line {number}: {match[0]!r}" for number, line in enumerate(lines, 1) for match in RIDDLES.finditer(line)]


def fault_of(subject: str) -> str | None:
    """What is wrong with the subject of a commit."""
    if len(subject) > 72:
        return f"{len(subject)} characters; 72 at most"
    first = subject.partition(" ")[0]
    if not SUBJECT.match(subject) or (NOT_IMPERATIVE.match(subject) and first not in LIKE_A_PARTICIPLE):
        return "does not begin with an imperative verb"
    return None


def git(*arguments: str) -> str:
    """What git prints. Skips the test if git or the history is missing."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the history cannot be read: {error.stderr.strip()}")
    return done.stdout


def test_texts_are_plain() -> None:
    found = [f"{named(path)}: {riddle}" for path in texts() for riddle in riddles_of(path.read_text(encoding="utf-8"))]
    assert found == [], "docs/contributing/style.md says what to write instead"


@pytest.mark.parametrize(
    "text",
    ["Clients are told of it.", "Nobody waits.", "a key of its own", "Who comes second waits.", "It is none."],
)
def test_a_riddle_is_noticed(text: str) -> None:
    assert riddles_of(f"# one\n{text}") != []
    assert riddles_of(f"# one\n{text}")[0].startswith("line 2: ")


@pytest.mark.parametrize(
    "text", ["if job is None:", "No worker waits.", "if there are none", "It owns its key.", "the tells", "manual"]
)
def test_plain_text_is_left_alone(text: str) -> None:
    assert riddles_of(text) == []


def test_commit_subjects_are_short_imperatives() -> None:
    """Commits since the style guide was added; a shallow clone has fewer, or none."""
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        pytest.skip("the clone is shallow: the base of the check is not in it")
    base = git("log", "--diff-filter=A", "--format=%H", "--", "docs/contributing/style.md").split()
    if not base:
        pytest.skip("the commit that added docs/contributing/style.md is not in this history")
    subjects = git("log", "--no-merges", "--format=%s", f"{base[-1]}..HEAD").splitlines()
    faults = {subject: fault for subject in subjects if (fault := fault_of(subject))}
    assert faults == {}


@pytest.mark.parametrize(
    "subject", ["x", "Fixed the claim", "Adding a page", "add a page", "The claim is faster", "Add " + "a" * 69]
)
def test_a_bad_subject_is_noticed(subject: str) -> None:
    assert fault_of(subject)


@pytest.mark.parametrize("subject", ["Add a page", "Bring upkeep closer", "Speed up claims", "Need no lock"])
def test_a_good_subject_passes(subject: str) -> None:
    assert fault_of(subject) is None
