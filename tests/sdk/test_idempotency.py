"""One idempotency key, used over each way in: the SDK on a store and over HTTP, the REST API, and the CLI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from fairlane import App, IdempotencyMismatch
from fairlane.cli.main import cli
from fairlane.sdk.call import Submitter
from fairlane.server.app import create_app
from tests.support.app_world import World
from tests.support.serving import served

RUN_AT = datetime(2027, 1, 15, 8, 0, 0, 250_000, UTC)
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "all": {"queue": "mail", "key": "k", "priority": 3, "max_attempts": 5, "delay": timedelta(minutes=10)},
    "at a time": {"run_at": RUN_AT},
}
BODIES: dict[str, dict[str, Any]] = {
    "plain": {},
    "all": {"queue": "mail", "key": "k", "priority": 3, "maxAttempts": 5, "delaySeconds": 600},
    "at a time": {"runAt": RUN_AT.isoformat()},
}
ARGUMENTS: dict[str, list[str]] = {
    "plain": [],
    "all": ["--queue", "mail", "--key", "k", "--priority", "3", "--max-attempts", "5", "--delay", "10m"],
    "at a time": ["--run-at", RUN_AT.isoformat()],
}

Way = Callable[[str, str], Awaitable[str]]
"""Submits the job with these options and this text; its id."""


def submitter(app: App) -> Way:
    @app.task
    async def report(text: str, pages: float | None = None) -> None:
        pass

    def using(case: str) -> Submitter[[str, float | None], None]:
        return report.using(tenant="acme", idempotency_key="once", **OPTIONS[case])

    async def submit(case: str, text: str) -> str:
        return (await using(case).submit(text, 1.5)).id

    return submit


async def by_rest(url: str, case: str, text: str) -> str:
    payload = {"pages": 1.5, "text": text}
    body = {"tenantId": "acme", "task": "report", "payload": payload} | BODIES[case]
    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/jobs", content=json.dumps(body, indent=2), headers={"Idempotency-Key": "once"})
    if answer.status_code == 422:
        raise IdempotencyMismatch(answer.text)
    assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["id"])


async def by_batch(url: str, case: str, text: str) -> str:
    payload = {"text": text, "pages": 1.5}
    item = {"tenantId": "acme", "task": "report", "payload": payload, "idempotencyKey": "once"} | BODIES[case]
    async with httpx.AsyncClient(base_url=url) as client:
        [result] = (await client.post("/jobs/batch", json={"jobs": [item]})).json()["results"]
    if result["status"] == 422:
        raise IdempotencyMismatch(str(result))
    return str(result["job"]["id"])


async def by_cli(url: str, case: str, text: str) -> str:
    payload = json.dumps({"text": text, "pages": 1.5})
    arguments = ["submit", "--url", url, "--tenant", "acme", "--task", "report", "--idempotency-key", "once"]
    arguments += [*ARGUMENTS[case], "--output", "json", payload]
    result = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
    if result.exit_code:
        raise IdempotencyMismatch(result.output)
    return str(json.loads(result.stdout)["id"])


@pytest.fixture
async def ways(world: World) -> AsyncIterator[dict[str, Way]]:
    async with served(create_app(world.engine)) as url, App(url) as remote:

        def way(function: Callable[[str, str, str], Awaitable[str]], to: str) -> Way:
            return lambda case, text: function(to, case, text)

        yield {
            "SDK on a store": submitter(world.app),
            "SDK over HTTP": submitter(remote),
            "REST": way(by_rest, url),
            "REST batch": way(by_batch, url),
            "CLI on a store": way(by_cli, world.url),
            "CLI over HTTP": way(by_cli, url),
        }


@pytest.mark.parametrize("case", OPTIONS)
async def test_the_same_request_is_one_job_over_every_way(ways: dict[str, Way], case: str) -> None:
    ids = {name: await submit(case, "café") for name, submit in ways.items()}
    assert len(set(ids.values())) == 1, ids


async def test_another_request_is_refused_over_every_way(ways: dict[str, Way]) -> None:
    await ways["SDK on a store"]("plain", "a")
    for submit in ways.values():
        with pytest.raises(IdempotencyMismatch):
            await submit("plain", "b")
        with pytest.raises(IdempotencyMismatch):
            await submit("all", "a")
