"""Two tenants call every operation of the document with generated requests, and with ids of each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case

from fairlane.engine import Engine
from fairlane.model.token import TokenKind, TokenSpec
from fairlane.server.app import App, create_app
from fairlane.server.settings import ServerSettings

from .test_openapi import DOCUMENT, served_by_a_thread

schema = schemathesis.openapi.from_dict(DOCUMENT)
SCHEDULE = "nightly"


@dataclass
class Holder:
    """A tenant with work in the queue."""

    name: str
    secret: str
    ids: list[str]

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.secret}"}

    @property
    def marker(self) -> str:
        """A text that all of its work has, and nothing else."""
        return f"7c19-of-{self.name}"

    def submit(self, url: str) -> None:
        marked = {"payload": self.marker, "key": self.marker, "task": self.marker, "queue": self.marker}
        made = httpx.post(f"{url}/jobs", json=marked, headers=self.headers)
        self.ids.append(made.json()["id"])
        path = f"{url}/tenants/{self.name}/schedules/{SCHEDULE}"
        nightly = {"cron": "0 3 * * *", "payload": self.marker}
        assert httpx.put(path, json=nightly, headers=self.headers).status_code == 200


@pytest.fixture(scope="module")
def tenants(store_url: str) -> Iterator[tuple[str, list[Holder]]]:
    """The URL of a server that asks for tokens, with a separate event loop, and two tenants with work."""
    holders: list[Holder] = []

    async def make_app(engine: Engine) -> App:
        for name in ("acme", "globex"):
            spec = TokenSpec(name=name, kind=TokenKind.TENANT, tenant_id=name)
            holders.append(Holder(name, (await engine.tokens.create(spec))[1], []))
        return create_app(engine, ServerSettings(allowed_hosts=None, tenant_logs=True), access=engine.tokens)

    with served_by_a_thread(store_url, make_app) as url:
        for holder in holders:
            holder.submit(url)
        yield url, holders


@schema.exclude(path=["/events", "/jobs/{id}/events"]).parametrize()  # other tests cover streams
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_tenant_gets_no_byte_of_the_other_and_no_server_error(
    case: Case[Any], tenants: tuple[str, list[Holder]]
) -> None:
    url, (acme, globex) = tenants
    for own, other in ((acme, globex), (globex, acme)):
        for path_parameters in (case.path_parameters, aimed_at(other, case)):
            case.path_parameters = path_parameters
            answer = case.call(base_url=url, headers=own.headers)
            assert answer.status_code < 500, answer.text
            received = f"{answer.text} {answer.headers}"
            assert other.marker not in received
            assert not any(job_id in received and job_id not in str(path_parameters) for job_id in other.ids)


def aimed_at(other: Holder, case: Case[Any]) -> dict[str, Any]:
    """Parameters of the path that name what the other tenant has."""
    named = {"id": other.ids[0] if case.operation.path.startswith("/jobs/") else other.name, "name": SCHEDULE}
    return {name: named.get(name, value) for name, value in (case.path_parameters or {}).items()}
