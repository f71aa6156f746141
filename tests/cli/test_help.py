"""The command line starts fast: it loads what a command needs when the command runs."""

import subprocess
import sys

HEAVY = ("valkey", "starlette", "uvicorn", "httpx", "rich")


def test_help_loads_neither_the_store_nor_the_server() -> None:
    script = f"import fairlane.cli.main, sys; print(*(name for name in {HEAVY} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert loaded.split() == []
