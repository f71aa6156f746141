"""Many tenants at once: streams keep them apart, and the cost of a check does not grow with the number of tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from fairlane.engine import keys
from fairlane.engine.tokens import Stored
from fairlane.model.token import MAX_TOKENS, Token, TokenKind

from .holders import Holders, holding

TENANTS = 50
JOBS = 20
READS = ("hget", "hmget", "hgetall", "hscan", "zrangebylex", "evalsha", "eval")


@pytest.fixture
async def holders(store_url: str) -> AsyncIterator[Holders]:
    async with holding(store_url) as found:
        yield found


async def test_fifty_busy_tenants_receive_no_byte_about_each_other(holders: Holders) -> None:
    """Job ids and names of a tenant are searched in all that the streams of the others carry."""
    names = [f"tenant-{number:02}" for number in range(TENANTS)]
    for name in names:
        await holders.add(name, TokenKind.TENANT, tenant_id=name)
        await holders["admin"].put(f"/tenants/{name}", json={"submitRate": None})
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(holders[name].stream("GET", "/events")) for name in names]
        submitted = await asyncio.gather(*(submit_and_cancel(holders[name]) for name in names))
        received = await asyncio.gather(
            *(read_until_news(stream, holders[name]) for stream, name in zip(streams, names, strict=True))
        )
    for name, own, text in zip(names, submitted, received, strict=True):
        others = [job_id for ids in submitted if ids is not own for job_id in ids]
        assert name in text
        assert not any(other in text for other in others)
        assert not any(f'"{other}"' in text for other in names if other != name)
        assert '"more":true' not in text


async def submit_and_cancel(client: httpx.AsyncClient) -> list[str]:
    """The ids of jobs that a tenant has made in small batches and cancelled."""
    ids: list[str] = []
    for _ in range(JOBS // 5):
        batch = {"jobs": [{"payload": n, "queue": "unserved"} for n in range(5)]}
        made = [result["job"]["id"] for result in (await client.post("/jobs/batch", json=batch)).json()["results"]]
        await client.post("/jobs/actions", json={"action": "cancel", "ids": made})
        ids += made
    return ids


async def read_until_news(stream: httpx.Response, client: httpx.AsyncClient) -> str:
    """All that a stream carries, up to the news of a job that is submitted meanwhile.

    Among many changes, news of one job can be left out. So jobs are submitted until there is news of one.
    """
    ids: list[str] = []

    async def submit() -> None:
        while True:
            ids.append((await client.post("/jobs", json={"payload": 1, "queue": "unserved"})).json()["id"])
            await asyncio.sleep(1)

    submitting = asyncio.create_task(submit())
    received = ""
    try:
        async for piece in stream.aiter_text():
            received += piece
            if any(job_id in received for job_id in ids):
                return received
    finally:
        submitting.cancel()
    raise AssertionError("the stream ended")


async def test_a_request_costs_the_same_with_100_000_tokens(holders: Holders) -> None:
    """Counts the store's commands, and the elements that they can look at: all are reads of one field in a hash."""
    few = await commands_of_a_look(holders, "few")
    first = holders.api.engine.partitions[0]
    for start in range(0, MAX_TOKENS, 10_000):
        tokens = [stored(f"bulk-{number}") for number in range(start, start + 10_000)]
        await first.command("HSET", keys.TOKENS, *(part for one in tokens for part in (one.token.name, encode(one))))
        await first.command(
            "HSET", keys.TOKEN_DIGESTS, *(part for one in tokens for part in (one.digest, one.token.name))
        )
    assert await first.command("HLEN", keys.TOKENS) > MAX_TOKENS
    assert await commands_of_a_look(holders, "many") == few == {"hget": 2}


def stored(name: str) -> Stored:
    token = Token(name=name, kind=TokenKind.MONITOR, created_at=datetime.now(UTC))
    return Stored(digest=f"{name:0>64}", token=token)


def encode(one: Stored) -> bytes:
    return msgspec.json.encode(one)


async def commands_of_a_look(holders: Holders, name: str) -> dict[str, int]:
    """The commands with which the server finds a token that it has not seen."""
    client = await holders.add(name, TokenKind.MONITOR)
    before = await calls(holders)
    assert (await client.get("/session")).status_code == 200
    after = await calls(holders)
    return {name: after[name] - before.get(name, 0) for name in READS if after.get(name, 0) != before.get(name, 0)}


async def calls(holders: Holders) -> dict[str, int]:
    info = await holders.api.store.client.info("commandstats")
    return {name.removeprefix("cmdstat_"): int(values["calls"]) for name, values in info.items()}
