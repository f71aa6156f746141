"""Streams of events from `fairlane up`: over deaths of the API and of the store, and when all is to end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.running import Api, eventually, kill, up

PATIENCE_S = 30.0


class Stream:
    """An open stream; `last_id` is that of the last event."""

    def __init__(self, response: httpx.Response) -> None:
        self.last_id = ""
        self.names: list[str] = []
        self._lines = response.iter_lines()

    def until(self, wanted: Callable[[str, Any], bool]) -> None:
        """Read up to an event that is wanted."""
        deadline, name = time.monotonic() + PATIENCE_S, ""
        for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
                self.names.append(name)
            elif field == "id":
                self.last_id = value
            elif field == "data" and wanted(name, json.loads(value)):
                return
            assert time.monotonic() < deadline, f"not in time; there came {self.names[-20:]}"
        raise AssertionError("the stream has ended")

    def until_completed(self, job_id: str) -> None:
        """Read up to the news that this job has completed."""
        wanted = (job_id, "completed")
        self.until(lambda name, data: name == "jobs" and wanted in [(job["id"], job["state"]) for job in data["jobs"]])


@contextmanager
def stream(api: Api, last_id: str = "") -> Iterator[Stream]:
    headers = {"last-event-id": last_id} if last_id else {}
    with httpx.stream("GET", f"{api.url}/events", headers=headers, timeout=PATIENCE_S) as response:
        assert response.status_code == 200
        yield Stream(response)


def test_a_stream_survives_the_store_and_is_taken_up_after_the_api(tmp_path: Path) -> None:
    with up(tmp_path) as system:
        api = system.await_ready()
        with stream(api) as events:
            events.until(lambda name, data: name == "overview" and len(data["workers"]) == 1)
            events.until_completed(api.submit("acme", "default", 1))
            kill(system.pid_of("store"))
            events.until(lambda name, _: name == "reset")
            events.until_completed(api.submit("acme", "default", 2))
        old = system.pid_of("api")
        kill(old)
        eventually(lambda: system.pid_of("api") != old and answers(api), PATIENCE_S, "the API is back")
        with stream(api, events.last_id) as again:
            again.until(lambda name, _: name == "overview")
            assert again.names == ["reset", "overview"]
            again.until_completed(api.submit("acme", "default", 3))
            history = api.get("/history")
            assert history["stepSeconds"] == 10
            system.press_ctrl_c()
            assert system.wait() == 0
            assert "graceful shutdown exceeded" not in system.log(), "an open stream has held up the end"
        assert system.survivors() == []


def answers(api: Api) -> bool:
    try:
        return httpx.get(f"{api.url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False
