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
    done = subprocess.run(["make"], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True, timeout=30)
    return done.stdout


def environment() -> dict[str, str]:
    """Without what a make that runs these tests would hand down: its own flags and targets."""
    return {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}


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


@pytest.mark.parametrize("what", ["run", "test"])
def test_a_venv_whose_python_is_gone_is_set_up_again(what: str, tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    for name in ("pyproject.toml", "constraints.txt", "package-lock.json"):
        (tmp_path / name).touch()
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    set_up = tmp_path / "tools" / "set_up.sh"
    set_up.write_text("#!/bin/sh\nmkdir -p .venv/bin && ln -sf /bin/sh .venv/bin/python && echo set up\n")
    set_up.chmod(0o755)

    def make() -> list[str]:
        command = ["make", "--silent", f".venv/.ready-to-{what}"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True, timeout=30
        )
        return [line for line in done.stdout.splitlines() if not line.startswith("make: ")]

    assert make() == ["set up"]
    assert make() == []
    python = tmp_path / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert make() == ["set up"]
    assert make() == []
