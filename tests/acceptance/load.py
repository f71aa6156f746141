"""Clients that submit as fast as is asked for, and keep on through every fault."""

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

TENANTS = ("acme", "globex", "initech")
_RETRIED = frozenset({500, 502, 503, 504, 507})


class Load:
    """What the clients submitted, and what they saw of the limits meanwhile."""

    def __init__(self, url: str) -> None:
        self.accepted: dict[str, str] = {}
        """Job ids by idempotency key."""
        self.most_running = 0
        """The most running jobs of one tenant that were ever seen."""
        self.refused: list[str] = []
        """Answers that no client should get."""
        self._url = url
        self._stop = threading.Event()
        self._given_up = threading.Event()
        self._threads = [threading.Thread(target=self.submit, args=(tenant,)) for tenant in TENANTS]
        self._threads.append(threading.Thread(target=self.watch))

    def submit(self, tenant: str) -> None:
        """One client: a job after the other, each repeated until it is accepted."""
        with httpx.Client(base_url=self._url, timeout=10) as client:
            while not self._stop.is_set():
                key = uuid.uuid4().hex
                body = {"tenantId": tenant, "task": "demo.sleep", "payload": {"seconds": 0.05}}
                while key not in self.accepted and not self._given_up.is_set():
                    self._try(client, body, key)
                time.sleep(0.01)

    def _try(self, client: httpx.Client, body: Mapping[str, object], key: str) -> None:
        try:
            answer = client.post("/jobs", json=body, headers={"idempotency-key": key})
        except httpx.TransportError:
            time.sleep(0.05)
            return
        if answer.status_code in (200, 202):
            self.accepted[key] = answer.json()["id"]
        elif answer.status_code in _RETRIED:
            time.sleep(0.05)
        else:
            self.refused.append(answer.text)
            self._stop.set()
            self.accepted[key] = ""

    def watch(self) -> None:
        """Look at how much each tenant runs."""
        with httpx.Client(base_url=self._url, timeout=10) as client:
            while not self._stop.is_set():
                for tenant in TENANTS:
                    try:
                        running = client.get(f"/tenants/{tenant}").json().get("running", 0)
                    except httpx.TransportError:
                        break
                    self.most_running = max(self.most_running, running)
                time.sleep(0.02)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Return once every submission that was begun is accepted, or all clients have given up."""
        self._stop.set()
        deadline = time.monotonic() + 40
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._given_up.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def load(url: str) -> Iterator[Load]:
    """Clients of three tenants that submit while the block runs."""
    clients = Load(url)
    clients.start()
    try:
        yield clients
    finally:
        clients.end()
