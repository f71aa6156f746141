"""The command line starts fast, since it loads what a command needs when it runs, and names no internal command."""

import subprocess
import sys

import pytest

HEAVY = ("valkey", "starlette", "uvicorn", "httpx", "rich")


def test_help_loads_neither_the_store_nor_the_server() -> None:
    script = f"import fairlane.cli.main, sys; print(*(name for name in {HEAVY} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert loaded.split() == []


@pytest.mark.parametrize("mistyped", ["try", "try-ap", "upkee"])
def test_internal_commands_are_not_suggested(mistyped: str) -> None:
    command = [sys.executable, "-m", "fairlane.cli.main", mistyped]
    told = subprocess.run(command, check=False, capture_output=True, text=True)
    assert told.returncode == 2
    assert f"No such command '{mistyped}'." in told.stderr
    assert "try-app" not in told.stderr
    assert "upkeep" not in told.stderr.replace(mistyped, "")
