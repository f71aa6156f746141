"""Renews the versions that the development environment is pinned to.

`make pins` writes constraints.txt (Python) and package-lock.json (npm). One file of constraints holds for every
supported Python: a line that applies to some of them says so in its marker. Neither file names a host.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
LOCK = ROOT / "package-lock.json"
HEADER = "# Versions that tools/set_up.sh installs. `make pins` renews them; do not edit by hand.\n"


def set_up_requirements(pyproject: dict[str, Any]) -> list[str]:
    """The packages that set-up itself needs: those that build fairlane, and an installer with `--build-constraint`."""
    return [*pyproject["build-system"]["requires"], "pip>=25.3"]


def renew_constraints() -> None:
    """Resolve the newest versions that pyproject.toml allows."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    oldest = pyproject["project"]["requires-python"].removeprefix(">=")
    with tempfile.TemporaryDirectory() as folder:
        wanted, resolved = Path(folder) / "set-up.in", Path(folder) / "resolved.txt"
        wanted.write_text("\n".join(set_up_requirements(pyproject)))
        command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", oldest]
        command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--system-certs"]
        command += ["--all-extras", "--group", "dev", "--group", "pins", "--output-file", str(resolved)]
        command += ["pyproject.toml", str(wanted)]
        subprocess.run(command, cwd=ROOT, check=True)
        CONSTRAINTS.write_text(HEADER + resolved.read_text())


def renew_lock() -> None:
    """Take the newest release of each package that package.json names."""
    if shutil.which("npm") is None:
        print("Skipped: package-lock.json stays as it is, because npm is not on PATH.", file=sys.stderr)
        return
    newest = [f"{name}@latest" for name in json.loads((ROOT / "package.json").read_text())["devDependencies"]]
    subprocess.run(["npm", "install", "--package-lock-only", "--save-dev", *newest], cwd=ROOT, check=True)
    lock = json.loads(LOCK.read_text())
    for package in lock["packages"].values():
        package.pop("funding", None)  # the only host names in the file
    LOCK.write_text(json.dumps(lock, indent=2) + "\n")


if __name__ == "__main__":
    renew_constraints()
    renew_lock()
