"""Processes that jobs leave behind do not become zombies, also where fairlane is process 1 of a container."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running import eventually, fairlane, run

APP = """
import subprocess
from fairlane import App
app = App()

@app.task
def leave_orphans() -> None:
    subprocess.run(["sh", "-c", "(sleep 2 &) ; exit 0"], check=True)
"""


Process = tuple[int, int, str]
"""Process id, parent, and state with command line."""


def descendants(root: int) -> list[Process]:
    """All processes below `root`, parents first."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    found: list[Process] = []
    above = {root}
    for line in sorted(listed.splitlines(), key=lambda line: int(line.split()[0])):
        pid, parent, rest = line.split(maxsplit=2)
        if int(parent) in above:
            above.add(int(pid))
            found.append((int(pid), int(parent), rest))
    return found


def orphans(root: int) -> list[Process]:
    """The orphans of our task below `root`, alive or zombies."""
    return [process for process in descendants(root) if "sleep" in process[2]]


def test_a_supervisor_adopts_orphans_and_collects_them(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APP)
    with fairlane(tmp_path, "up", "shop:app", "--port", "0") as system:
        api = system.await_ready()
        api.await_state([api.submit("acme", "leave_orphans", []) for _ in range(3)], "completed")
        assert {parent for _, parent, _ in orphans(system.process.pid)} == {system.process.pid}
        eventually(lambda: orphans(system.process.pid) == [], 20, "the orphans are collected")


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare")
@pytest.mark.parametrize("command", [("up", "shop:app", "--port", "0"), ("worker", "shop:app")])
def test_process_1_collects_orphans_and_passes_signals_on(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "shop.py").write_text(APP)
    container = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    process = subprocess.Popen([*container, sys.executable, "-m", "fairlane.cli.main", *command], cwd=tmp_path)
    try:
        eventually((tmp_path / ".fairlane" / "store.sock").exists, 30, "the store runs")
        for _ in range(3):
            run(tmp_path, "submit", "--tenant", "acme", "--task", "leave_orphans", "[]", "--wait")
        assert orphans(process.pid) != []
        eventually(lambda: orphans(process.pid) == [], 20, "the orphans are collected")
        os.kill(next(pid for pid, parent, _ in descendants(process.pid) if parent == process.pid), signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
