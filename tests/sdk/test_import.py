"""`import fairlane` is fast: it loads what defines tasks. The rest comes with the first connection or schedule."""

import subprocess
import sys

SCRIPT = """
import sys
before = set(sys.modules)
import fairlane
print(*sorted({".".join(name.split(".")[:2]) for name in set(sys.modules) - before}))
"""
HEAVY = {"valkey", "httpx", "rich", "starlette", "pydantic", "cronsim", "zoneinfo", "sysconfig", "secrets"}


def test_import_loads_what_defines_tasks_and_nothing_else() -> None:
    found = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True).stdout.split()
    ours = {name for name in found if name.startswith("fairlane")}
    assert ours == {"fairlane", "fairlane.job", "fairlane.model", "fairlane.process", "fairlane.sdk"}
    assert HEAVY.intersection(found) == set()
