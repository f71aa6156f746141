"""`/readyz` is honest: it needs a store that takes writes, and every worker that the command keeps."""

import os
import signal
from pathlib import Path

import httpx

from tests.support.running import eventually, fairlane, kill, up
from tests.support.store_servers import SAFE, free_port, server, tell


def readiness(url: str) -> tuple[int, str]:
    answer = httpx.get(f"{url}/readyz", timeout=30)
    return answer.status_code, answer.json().get("detail", "")


def test_up_is_not_ready_without_its_workers_and_forgets_dead_ones_at_once(tmp_path: Path) -> None:
    with up(tmp_path, "--processes", "2") as system:
        api = system.await_ready()
        assert readiness(api.url) == (200, "")
        killed = {worker["pid"]: worker["id"] for worker in api.get("/workers")["workers"]}
        pid = system.pid_of("worker-1")
        os.kill(pid, signal.SIGSTOP)  # its successor waits until it has ended
        kill(pid)
        eventually(lambda: readiness(api.url) == (503, "not running: worker-1"), 30, "it is not ready")
        eventually(
            lambda: killed[pid] not in {worker["id"] for worker in api.get("/workers")["workers"]}, 20, "it is gone"
        )
        eventually(lambda: readiness(api.url) == (200, ""), 30, "it is ready again")


def test_a_supervisor_and_a_lone_worker_are_not_ready_on_a_read_only_store(tmp_path: Path) -> None:
    with server(*SAFE) as port:
        health = [free_port(), free_port()]
        command = ("worker", "fairlane.builtin:app", "--url", f"valkey://127.0.0.1:{port}", "--health")
        with (
            fairlane(tmp_path, *command, str(health[0]), "--processes", "2"),
            fairlane(tmp_path, *command, str(health[1])),
            fairlane(tmp_path, "serve", "--port", "0", "--store", f"valkey://127.0.0.1:{port}") as served,
        ):
            urls = [served.await_ready().url, *(f"http://127.0.0.1:{number}" for number in health)]

            def all_are(status: int) -> bool:
                try:
                    return {readiness(url)[0] for url in urls} == {status}
                except httpx.TransportError:
                    return False

            eventually(lambda: all_are(200), 60, "all are ready")
            tell(port, "REPLICAOF", "127.0.0.1", "1")
            eventually(lambda: all_are(503), 30, "none is ready")
            tell(port, "REPLICAOF", "NO", "ONE")
            eventually(lambda: all_are(200), 30, "all are ready again")
