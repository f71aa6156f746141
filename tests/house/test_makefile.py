"""The Makefile tells what it can do."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISED = {"run", "test", "lint", "docs", "bench", "help"}


@pytest.fixture(scope="module")
def help_text() -> str:
    # A make that runs this test must not hand its own flags and targets down.
    environment = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    }
    done = subprocess.run(["make"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_plain_make_lists_every_target_with_a_sentence(help_text: str) -> None:
    listed = dict(re.findall(r"^make ([a-z-]+) +(.+)$", help_text, re.MULTILINE))
    assert listed.keys() == targets()
    assert all(len(sentence.split()) > 1 for sentence in listed.values())


def test_promised_targets_exist() -> None:
    assert targets() >= PROMISED


def test_no_target_can_be_hidden_by_a_file_of_its_name() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert set(phony.group(1).split()) == targets()
