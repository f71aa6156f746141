"""What lies in the current folder is not trusted, and secrets do not spread."""

from pathlib import Path

import pytest

from tests.support.running import fairlane, run
from tests.support.store_servers import SAFE, server

HIJACK = "raise SystemExit('a file of the current folder was imported')\n"
APP = """
import os
from fairlane import App
app = App(tenancy="default")

@app.task(executor="process")
def environment() -> dict:
    return {name: value for name, value in os.environ.items() if name.startswith("FAIRLANE")}
"""


def test_modules_of_the_current_folder_take_no_modules_place(tmp_path: Path) -> None:
    for name in ("fairlane.py", "json.py", "asyncio.py", "msgspec.py"):
        (tmp_path / name).write_text(HIJACK)
    with fairlane(tmp_path, "up", "--port", "0") as system:
        api = system.await_ready()
        api.await_state([api.submit("acme", "default", 1)], "completed")


def test_a_url_of_fairlane_toml_is_told(tmp_path: Path) -> None:
    with server(*SAFE, "--requirepass", "hunter2") as port:
        (tmp_path / "fairlane.toml").write_text(f'url = "valkey://:hunter2@127.0.0.1:{port}"\n')
        done = run(tmp_path, "jobs", "list")
        assert done.stderr == f"fairlane.toml sets url to valkey://***@127.0.0.1:{port}\n"
        assert "hunter2" not in run(tmp_path, "config").stdout


def test_job_processes_do_not_inherit_the_password_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.py").write_text(APP)
    with server(*SAFE, "--requirepass", "hunter2") as port:
        monkeypatch.setenv("FAIRLANE_STORE", f"valkey://:hunter2@127.0.0.1:{port}")
        with fairlane(tmp_path, "up", "shop:app", "--port", "0") as system:
            api = system.await_ready()
            [job] = api.await_state([api.submit("default", "environment", [])], "completed")
            assert job["result"]["FAIRLANE_STORE"] == f"valkey://127.0.0.1:{port}"
            assert "hunter2" not in str(job["result"])
