"""A worker that a test plays by hand, through the worker protocol of the REST API."""

from __future__ import annotations

from typing import Any

import httpx


class Handwork:
    """Claims jobs, reports on them and finishes them, one call at a time."""

    def __init__(self, url: str, worker_id: str = "by-hand") -> None:
        self._url = url
        self._worker_id = worker_id

    def claim(self, most: int = 1, queues: list[str] | None = None) -> list[Any]:
        """The leases of up to `most` jobs."""
        body = {"workerId": self._worker_id, "max": most, "queues": queues or []}
        leases: list[Any] = self._post("/leases", body)["leases"]
        return leases

    def beat(self, leases: list[Any] | None = None, progress: dict[str, Any] | None = None, **worker: Any) -> None:
        """A heartbeat, with the same progress of each job."""
        held = [{"jobId": one["jobId"], "token": one["token"], "progress": progress} for one in leases or []]
        self._post("/leases/extend", {"worker": {"id": self._worker_id, **worker}, "leases": held})

    def finish(self, leases: list[Any], outcome: str, **fields: Any) -> None:
        outcomes = [{"jobId": one["jobId"], "token": one["token"], "outcome": outcome, **fields} for one in leases]
        self._post("/leases/finish", {"outcomes": outcomes})

    def _post(self, path: str, body: Any) -> Any:
        answer = httpx.post(self._url + path, json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()


def post(url: str, body: Any = None) -> Any:
    """The answer to a request that is accepted."""
    answer = httpx.post(url, json=body, timeout=30)
    assert answer.is_success, answer.text
    return answer.json()


def put(url: str, body: Any) -> None:
    answer = httpx.put(url, json=body, timeout=30)
    assert answer.is_success, answer.text
