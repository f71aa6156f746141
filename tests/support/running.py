"""Starts `fairlane` as users do, talks to it over HTTP, and finds every process that came of it."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")

_MARK = "FAIRLANE_TEST_MARK"
_STARTED = re.compile(r": ([\w-]+) started \(pid (\d+)\)")


class Running:
    """A long-running `fairlane` command in a separate folder."""

    def __init__(self, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self._log = folder / f"log-{self.mark[:8]}"
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "fairlane.cli.main", *arguments],
                cwd=folder,
                env=os.environ | dict(environment or {}) | {_MARK: self.mark},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # A separate process group, as a terminal makes, so that a test can send Ctrl-C.
                start_new_session=True,
            )

    def await_ready(self, within_s: float = 60) -> "Api":
        """Wait for the one line that it prints when it serves."""
        assert self.process.stdout is not None
        eventually(lambda: bool(self._stdout_line()) or self.process.poll() is not None, within_s, "it is ready")
        match = re.fullmatch(r"fairlane ready on (http://[\d.]+:\d+)\n", self._line)
        assert match, f"it said {self._line!r} and {self.log()}"
        return Api(match[1])

    _line = ""

    def _stdout_line(self) -> str:
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self._line = self._line or self.process.stdout.readline()
        return self._line

    def rest_of_stdout(self) -> str:
        """What it printed after the first line; to be called once it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def log(self) -> str:
        return self._log.read_text()

    def pid_of(self, name: str) -> int:
        """The process that was last started under this name."""
        if name == "store":
            return int((self.folder / ".fairlane" / "server.lock").read_text())
        return [int(pid) for found, pid in _STARTED.findall(self.log()) if found == name][-1]

    def press_ctrl_c(self) -> None:
        """What a terminal does: SIGINT to the whole process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def signal_everything(self, number: int) -> None:
        """What systemd and Heroku do: signal every process, and the first one last."""
        for pid in [*self.survivors(), self.process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def wait(self, within_s: float = 60) -> int:
        """Its exit code."""
        return self.process.wait(timeout=within_s)

    def survivors(self) -> list[int]:
        """Processes that it started, directly or not, and that still run."""
        found = set(_processes_with(self.mark)) - {self.process.pid}
        # The store writes its title over its environment, mark and all.
        if ": store started" in self.log() and _serves(store := self.pid_of("store"), self.folder / ".fairlane"):
            found.add(store)
        return sorted(found)

    def end(self) -> None:
        """Leave nothing behind, whatever happened."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        for pid in self.survivors():
            kill(pid)


def _processes_with(mark: str) -> Iterator[int]:
    wanted = f"{_MARK}={mark}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                is_ours = wanted in (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if is_ours:
                yield int(entry.name)


def _serves(pid: int, data_dir: Path) -> bool:
    try:
        return (Path("/proc") / str(pid) / "cwd").readlink() == data_dir
    except OSError:
        return False


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def fairlane(folder: Path, *arguments: str) -> Iterator[Running]:
    """A running `fairlane` command; nothing of it is left afterwards."""
    running = Running(folder, *arguments)
    try:
        yield running
    finally:
        running.end()


def up(folder: Path, *options: str) -> Any:
    """`fairlane up` on a free port."""
    return fairlane(folder, "up", "--port", "0", *options)


def run(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """A `fairlane` command that ends by itself."""
    command = [sys.executable, "-P", "-m", "fairlane.cli.main", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    return done


class Api:
    """The REST API, as a client sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def submit(self, tenant: str, task: str, payload: Any, **fields: Any) -> str:
        """Submit one job; its id."""
        body = {"tenantId": tenant, "task": task, "payload": payload, **fields}
        answer = httpx.post(f"{self.url}/jobs", json=body, timeout=30)
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["id"]
        return job_id

    def get(self, path: str) -> Any:
        answer = httpx.get(self.url + path, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def job(self, job_id: str) -> Any:
        return self.get(f"/jobs/{job_id}")

    def await_state(self, job_ids: Sequence[str], state: str, within_s: float = 30) -> list[Any]:
        """Wait until all these jobs are in a state; the jobs."""
        jobs: list[Any] = []

        def reached() -> bool:
            jobs[:] = [self.job(job_id) for job_id in job_ids]
            return all(job["state"] == state for job in jobs)

        eventually(reached, within_s, f"all of {len(job_ids)} jobs are {state}")
        return jobs


def eventually(condition: Callable[[], bool], within_s: float, what: str) -> float:
    """Wait until the condition holds; how long that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within_s, f"not within {within_s} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - began
