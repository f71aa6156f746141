"""One environment for each peer, below .bench/, made once and kept."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from .peers import Peer

FOLDER = Path(__file__).parent
DRIVERS = FOLDER / "drivers"
ENVIRONMENTS = FOLDER.parent / ".bench"
PYTHONS = ("python3.13", "python3.12", "python3.14")
"""Some peers need 3.12 or newer. The peers share one Python, the first of these on PATH."""


class Unavailable(Exception):
    """This machine cannot run the peer. The text says what is missing."""


def command_of(peer: Peer) -> list[str]:
    """The start of the commands of this peer's driver. Makes the environment if it is missing. Raises Unavailable."""
    driver = str(DRIVERS / peer.driver)
    if peer.is_node:
        return _node_command(Path(driver))
    if not peer.requirements:
        return [sys.executable, driver]
    return [str(_python_of(peer)), driver]


def _python_of(peer: Peer) -> Path:
    python = _shared_python()
    mark = hashlib.sha256("\n".join((python, *peer.requirements)).encode()).hexdigest()[:12]
    folder = ENVIRONMENTS / f"{peer.name.lower()}-{mark}"
    ready = folder / "ready"
    if not ready.exists():
        _run([python, "-m", "venv", "--clear", str(folder)])
        _run([str(folder / "bin/python"), "-m", "pip", "install", "--quiet", *peer.requirements])
        ready.touch()
    return folder / "bin/python"


def _shared_python() -> str:
    for name in PYTHONS:
        found = shutil.which(name)
        if found is not None and subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0:
            return found
    raise Unavailable(f"none of {', '.join(PYTHONS)} is on PATH")


def _node_command(driver: Path) -> list[str]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Unavailable("Node.js with npm is not on PATH")
    lock = (driver.parent / "package-lock.json").read_bytes()
    folder = ENVIRONMENTS / f"node-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not (folder / "node_modules").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(driver.parent / name, folder)
        _run([npm, "ci", "--silent", "--ignore-scripts", "--prefix", str(folder)])
    # Node.js finds packages from the place of the script.
    shutil.copy(driver, folder)
    return [node, str(folder / driver.name)]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(f"`{' '.join(command[:5])} ...` failed: {done.stderr.strip()[-300:]}")
