"""mypy --strict and pyright accept right calls of tasks and refuse wrong ones, for the reason expected."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.app_world import ROOT

FOLDER = Path(__file__).parent / "typing"
Errors = dict[int, set[str]]
"""Codes by line."""


def mypy_errors(name: str) -> Errors:
    command = [sys.executable, "-m", "mypy", "--strict", "--output", "json", "--no-pretty", str(FOLDER / name)]
    run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=180)
    assert run.returncode in (0, 1), run.stderr
    found: Errors = defaultdict(set)
    for error in map(json.loads, run.stdout.split("\n")[:-1] if run.returncode else []):
        if error["severity"] == "error" and error["file"].endswith(name):
            found[error["line"]].add(error["code"])
    return found


@pytest.fixture(scope="session")
def pyright() -> list[str]:
    """The command of a pyright that works. Its package fetches the checker itself from npm."""
    command = [sys.executable, "-m", "pyright"]
    try:
        run = subprocess.run([*command, "--version"], check=False, capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        pytest.skip("pyright took too long to set itself up")
    if run.returncode:
        pytest.skip(f"pyright does not work here: {(run.stderr or run.stdout).strip()[-300:]}")
    return command


def pyright_errors(pyright: list[str], name: str) -> Errors:
    command = [*pyright, "--outputjson", "--pythonpath", sys.executable, str(FOLDER / name)]
    run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=180)
    found: Errors = defaultdict(set)
    for error in json.loads(run.stdout)["generalDiagnostics"]:
        if error["severity"] == "error":
            found[error["range"]["start"]["line"] + 1].add(error["rule"])
    return found


def expected_errors(place: int) -> dict[int, str]:
    """What the comments say; `place` 0 is mypy's, 1 is pyright's."""
    lines = (FOLDER / "wrong.py").read_text().splitlines()
    comments = {number: re.search(r"# E: (\S+), (\S+)$", line) for number, line in enumerate(lines, 1)}
    return {number: comment[place + 1] for number, comment in comments.items() if comment}


def check(found: Errors, expected: dict[int, str]) -> None:
    assert len(expected) > 30
    assert sorted(found) == sorted(expected)
    assert [(line, code) for line, code in expected.items() if code not in found[line]] == []


def test_mypy_accepts_what_is_right() -> None:
    assert mypy_errors("right.py") == {}


def test_mypy_refuses_what_is_wrong() -> None:
    check(mypy_errors("wrong.py"), expected_errors(0))


def test_pyright_accepts_what_is_right(pyright: list[str]) -> None:
    assert pyright_errors(pyright, "right.py") == {}


def test_pyright_refuses_what_is_wrong(pyright: list[str]) -> None:
    check(pyright_errors(pyright, "wrong.py"), expected_errors(1))
