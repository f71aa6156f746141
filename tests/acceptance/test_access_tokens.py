"""Access tokens between real processes: an API on every address, a worker over HTTP, a tenant, and a revocation."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.running import Running, eventually, fairlane, run
from tests.support.store_servers import free_port

TASKS = """
import os
from pathlib import Path

from fairlane import App

app = App(tenancy="default")


@app.task(queue="mail")
def tokens_in_the_worker() -> bool:
    return "FAIRLANE_TOKEN" in os.environ


@app.task(queue="mail", executor="process")
def tokens_in_a_process() -> bool:
    return "FAIRLANE_TOKEN" in os.environ or b"FAIRLANE_TOKEN=" in Path("/proc/self/environ").read_bytes()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(TASKS)
    return tmp_path


def create_token(folder: Path, name: str, *options: str) -> str:
    """A token that is created beside the store, where no token is needed."""
    return run(folder, "tokens", "create", "--name", name, *options).stdout.strip()


def test_beyond_loopback_the_api_does_not_start_without_tokens(folder: Path) -> None:
    refused = run(folder, "up", "--host", "0.0.0.0", "--port", "0", code=2)  # noqa: S104
    assert "fairlane tokens create --kind admin" in refused.stderr


def test_a_tenant_and_a_worker_with_tokens_until_they_are_revoked(folder: Path) -> None:
    # Not `up`: its worker would hand back the tasks that only the remote worker knows.
    serve = ("serve", "--port", "0", "--host", "0.0.0.0", "--auth", "tokens")  # noqa: S104
    with fairlane(folder, *serve) as running:
        url = running.await_ready().url
        tenant = create_token(folder, "acme", "--kind", "tenant", "--tenant", "acme")
        worker = create_token(folder, "mailers", "--kind", "worker", "--queues", "mail")
        assert httpx.get(f"{url}/jobs").status_code == 401
        other_name = httpx.get(f"{url}/jobs", headers={"host": "queue.example"} | bearer(tenant))
        assert other_name.status_code == 200

        assert_no_command_prints(folder, url, tenant)
        environment = {"FAIRLANE_URL": url, "FAIRLANE_TOKEN": worker}
        health = free_port()
        options = ("--processes", "2", "--health", str(health))
        remote = Running(folder, "worker", "shop:app", *options, environment=environment)
        try:
            for task in ("tokens_in_the_worker", "tokens_in_a_process"):
                body: dict[str, object] = {"task": task, "queue": "mail", "payload": []}
                job_id = httpx.post(f"{url}/jobs", json=body, headers=bearer(tenant)).json()["id"]

                def ended(job_id: str = job_id) -> bool:
                    job = httpx.get(f"{url}/jobs/{job_id}", headers=bearer(tenant)).json()
                    assert job["workerId"] is None
                    return bool(job["state"] == "completed")

                eventually(ended, 60, f"{task} completes")
                assert httpx.get(f"{url}/jobs/{job_id}", headers=bearer(tenant)).json()["result"] is False
            assert all(worker not in command for command in commands_of(remote))

            run(folder, "tokens", "revoke", "acme")
            eventually(lambda: httpx.get(f"{url}/jobs", headers=bearer(tenant)).status_code == 401, 30, "refused")
            run(folder, "tokens", "revoke", "mailers")
            eventually(lambda: "the API refuses this worker" in remote.log(), 30, "the worker says why it stands still")
            readiness = f"http://127.0.0.1:{health}/readyz"
            eventually(lambda: httpx.get(readiness).status_code == 503, 30, "the workers are not ready")
            assert "the token is not valid" in httpx.get(readiness).json()["detail"]
        finally:
            remote.end()
        assert worker not in remote.log()
        assert "Traceback" not in remote.log()
        assert worker not in running.log()


def assert_no_command_prints(folder: Path, url: str, token: str) -> None:
    """Commands that succeed and commands that fail, with the token and with a mistyped one in their environment."""
    store = f"embedded:{folder / '.fairlane'}"
    commands = (
        ("config", url), ("jobs list", url), ("tokens list", url), ("worker shop:missing", url), ("doctor", url),
        ("doctor", store), ("audit", store),
    )  # fmt: skip
    for secret in (token, token[:-1]):
        for command, to in commands:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "fairlane.cli.main", *command.split()],
                cwd=folder, capture_output=True, text=True, timeout=120, check=False,
                env=os.environ | {"FAIRLANE_TOKEN": secret, "FAIRLANE_URL": to},
            )  # fmt: skip
            assert done.stdout + done.stderr
            assert secret not in done.stdout + done.stderr, (command, to)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def commands_of(running: Running) -> list[str]:
    """The command lines of its processes."""
    pids = [running.process.pid, *running.survivors()]
    return [Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in pids if os.path.exists(f"/proc/{pid}")]
