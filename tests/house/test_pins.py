"""A new release of a tool or dependency cannot break the tests: set-up installs pinned versions only."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
LOCK = ROOT / "package-lock.json"
FAKE_PROGRAM = '#!/bin/sh\necho {name} "$@" >> "$CALLS"\n'


def pins() -> list[Requirement]:
    return [Requirement(line) for line in CONSTRAINTS.read_text().splitlines() if not line.startswith("#")]


def named_by_pyproject() -> Iterator[Requirement]:
    """Every requirement of the package, its extras, its groups and its build."""
    pyproject: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = pyproject["project"]
    groups = [*project["optional-dependencies"].values(), *pyproject["dependency-groups"].values()]
    for group in (pyproject["build-system"]["requires"], project["dependencies"], *groups):
        yield from map(Requirement, group)


def applies(requirement: Requirement, python: str) -> bool:
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
    }
    return requirement.marker is None or requirement.marker.evaluate(environment)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_one_version_is_pinned_of_everything_that_pyproject_names(python: str) -> None:
    pinned = {canonicalize_name(pin.name): str(pin.specifier) for pin in pins() if applies(pin, python)}
    assert len(pinned) == sum(applies(pin, python) for pin in pins())
    for requirement in (one for one in named_by_pyproject() if applies(one, python)):
        exact = pinned.get(canonicalize_name(requirement.name), "")
        assert re.fullmatch(r"==[\w.]+", exact), f"{requirement}: run `make pins`"
        assert requirement.specifier.contains(exact.removeprefix("==")), f"{requirement}: run `make pins`"


def test_npm_packages_are_pinned() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    locked = json.loads(LOCK.read_text())["packages"]
    assert wanted == {name: locked[f"node_modules/{name}"]["version"] for name in wanted}
    assert all("integrity" in package for path, package in locked.items() if path)


@pytest.mark.parametrize("path", [CONSTRAINTS, LOCK, ROOT / "package.json"], ids=lambda path: path.name)
def test_pins_name_no_host(path: Path) -> None:
    assert "://" not in path.read_text()
    assert "index-url" not in path.read_text()


@pytest.mark.parametrize("mode", [[], ["dev"]], ids=["run", "dev"])
def test_set_up_installs_pinned_versions_only(mode: list[str], tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    set_up = shutil.copy(ROOT / "tools" / "set_up.sh", tmp_path / "tools")
    calls = tmp_path / "calls"
    for name in ("bin/npm", "bin/redis-server", "bin/chromium", "bin/luacheck", ".venv/bin/python"):
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(FAKE_PROGRAM.format(name=program.name))
        program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "CALLS": str(calls)}
    subprocess.run([set_up, *mode], env=environment, check=True, timeout=30)
    made = calls.read_text().splitlines()
    installs = [call for call in made if "pip install" in call]
    assert len(installs) == 2
    assert all("--constraint constraints.txt" in call for call in installs)
    assert "--build-constraint constraints.txt --editable ." in installs[-1]
    assert [call for call in made if call.startswith("npm")] == (["npm ci --silent"] if mode else [])
