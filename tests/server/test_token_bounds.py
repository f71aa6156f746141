"""What the holder of one token can keep open, and how often an address can send wrong tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from fairlane.model.token import TokenKind, new_secret
from fairlane.server.http import load, wrong_tokens
from fairlane.server.http.wrong_tokens import WrongTokens

from .conftest import until
from .holders import Holders, holding


@pytest.fixture
async def holders(store_url: str) -> AsyncIterator[Holders]:
    async with holding(store_url) as found:
        yield found


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "FEWEST", 0)
    monkeypatch.setattr(load, "MOST", dict.fromkeys(TokenKind, load.Most(requests=3, streams=2, connections=4)))


async def test_the_streams_of_a_token_are_bounded_and_others_have_room(holders: Holders, few: None) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(2):
            answer = await stack.enter_async_context(holders["acme"].stream("GET", "/events"))
            assert answer.status_code == 200
        async with holders["acme"].stream("GET", "/events") as refused:
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            await refused.aread()
        assert refused.json()["type"] == "urn:fairlane:problem:too_many_requests"
        assert (await holders["acme"].get("/jobs")).status_code == 200
        async with holders["globex"].stream("GET", "/events") as other:
            assert other.status_code == 200
    await free(holders)
    async with holders["acme"].stream("GET", "/events") as again:
        assert again.status_code == 200


async def test_the_long_polls_of_a_token_are_bounded(holders: Holders, few: None) -> None:
    poll = {"workerId": "w1", "queues": ["mail"], "waitSeconds": 30}
    polling = [asyncio.create_task(holders["worker"].post("/leases", json=poll)) for _ in range(3)]
    await until(lambda: holders.api.app.context.load.requests_of("worker") == 3)
    assert (await holders["worker"].get("/queues")).status_code == 429
    assert (await holders["other-worker"].get("/queues")).status_code == 200
    for task in polling:
        task.cancel()
    await asyncio.wait(polling)
    await free(holders)
    assert (await holders["worker"].get("/queues")).status_code == 200


async def test_the_connections_of_a_token_are_bounded_idle_ones_too(holders: Holders, few: None) -> None:
    bounded = holders.api.app.context.load
    headers = holders["acme"].headers
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=holders.api.client.base_url)) for _ in range(6)
        ]
        answers = [await client.get("/jobs", headers=headers) for client in clients]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
        assert (answers[4].headers["connection"], answers[4].headers["retry-after"]) == ("close", "1")
        assert "This token has 4 connections" in answers[4].json()["detail"]
        # A connection belongs to the token of its last request.
        assert (await clients[0].get("/jobs", headers=holders["globex"].headers)).status_code == 200
        assert (bounded.connections_of("acme"), bounded.connections_of("globex")) == (3, 1)
        assert (await clients[5].get("/jobs", headers=headers)).status_code == 200
        assert (await holders["none"].get("/jobs")).status_code == 401
    await until(lambda: bounded.connections_of("acme") == bounded.connections_of("globex") == 0)


async def free(holders: Holders) -> None:
    """Wait until the server has noticed that no request is in progress."""
    await until(lambda: not any(map(holders.api.app.context.load.requests_of, holders.clients)))


async def test_requests_that_fail_or_are_refused_are_forgotten(holders: Holders) -> None:
    for path in ("/jobs?limit=-1", "/tenants", "/jobs/nonsense", "/jobs"):
        await holders["acme"].get(path)
    await holders["acme"].post("/jobs", content=b"{")
    await free(holders)


async def test_wrong_tokens_are_slowed_by_address_and_valid_ones_are_not(
    holders: Holders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wrong_tokens, "STEP_S", 0.001)
    waits: list[float] = []
    slowing = holders.api.app.context.wrong_tokens = WrongTokens()
    delay = slowing.delay

    def noted(address: str, now: float) -> float:
        waits.append(delay(address, now))
        return waits[-1]

    monkeypatch.setattr(slowing, "delay", noted)
    headers = {"authorization": f"Bearer {new_secret()}"}
    base = holders.api.client.base_url
    async with httpx.AsyncClient(base_url=base, headers=headers) as stranger:
        for _ in range(wrong_tokens.FREE + 3):
            assert (await stranger.get("/jobs")).status_code == 401
        assert (await stranger.post("/session", json={"token": "fl_wrong"})).status_code == 401
    assert waits[: wrong_tokens.FREE] == [0.0] * wrong_tokens.FREE
    assert waits[wrong_tokens.FREE :] == sorted(waits[wrong_tokens.FREE :])
    assert waits[-1] > waits[wrong_tokens.FREE] > 0
    slowed = len(waits)
    assert (await holders["acme"].get("/jobs")).status_code == 200
    assert len(waits) == slowed


def test_refusals_are_forgiven_with_time_and_their_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrong_tokens, "MOST_ADDRESSES", 3)
    slowing = WrongTokens()
    assert [slowing.delay("a", 0.0) for _ in range(5)] == [0.0] * 5
    assert slowing.delay("a", 0.0) == pytest.approx(0.2)
    assert max(slowing.delay("a", 0.0) for _ in range(100)) == wrong_tokens.MOST_S
    assert slowing.delay("b", 0.0) == 0.0
    assert slowing.delay("a", 10_000.0) == 0.0
    for number in range(10):
        slowing.delay(f"address {number}", 10_000.0)
    assert len(slowing._refused) == 3
