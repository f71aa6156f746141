"""Clients with tokens of each kind, on a server that asks for tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from fairlane.model.token import TokenKind, TokenSpec, new_secret
from fairlane.server.http.wrong_tokens import WrongTokens
from fairlane.server.settings import ServerSettings

from .conftest import Served, serving

DATES = frozenset({"date"})


class Undelayed(WrongTokens):
    """Refuses at once, since the tests send many wrong tokens."""

    def delay(self, address: str, now: float) -> float:
        return 0.0


class Holders:
    """A client for each kind of token, on a server that asks for tokens."""

    def __init__(self, api: Served) -> None:
        self.api = api
        self.clients: dict[str, httpx.AsyncClient] = {}

    def __getitem__(self, name: str) -> httpx.AsyncClient:
        return self.clients[name]

    async def add(self, name: str, kind: TokenKind, **fields: Any) -> httpx.AsyncClient:
        _, secret = await self.api.engine.tokens.create(TokenSpec(name=name, kind=kind, **fields))
        return self.add_secret(name, secret)

    def add_secret(self, name: str, secret: str | None) -> httpx.AsyncClient:
        headers = {} if secret is None else {"authorization": f"Bearer {secret}"}
        client = httpx.AsyncClient(base_url=self.api.client.base_url, headers=headers, timeout=20)
        self.clients[name] = client
        return client


@asynccontextmanager
async def holding(store_url: str, *, tenant_logs: bool = False) -> AsyncIterator[Holders]:
    """A server, and a client with each kind of token."""
    settings = ServerSettings(allowed_hosts=None, tenant_logs=tenant_logs)
    async with serving(store_url, settings, with_tokens=True) as api:
        api.app.context.wrong_tokens = Undelayed()
        found = Holders(api)
        await found.add("acme", TokenKind.TENANT, tenant_id="acme")
        await found.add("reader", TokenKind.TENANT, tenant_id="acme", read_only=True)
        await found.add("globex", TokenKind.TENANT, tenant_id="globex")
        await found.add("worker", TokenKind.WORKER, queues=("mail", "reports"))
        await found.add("other-worker", TokenKind.WORKER)
        await found.add("monitor", TokenKind.MONITOR)
        await found.add("admin", TokenKind.ADMIN)
        await found.add("expired", TokenKind.ADMIN, expires_at=datetime.now(UTC) - timedelta(seconds=1))
        await found.add("revoked", TokenKind.ADMIN)
        await api.engine.tokens.revoke("revoked")
        found.add_secret("unknown", new_secret())
        found.add_secret("malformed", "fl_secret")
        found.add_secret("none", None)
        yield found
        for client in found.clients.values():
            await client.aclose()


def told(answer: httpx.Response, name: str) -> tuple[int, dict[str, str], str]:
    """All that an answer tells, with the id or name of the call replaced."""
    headers = {key: value for key, value in answer.headers.items() if key not in DATES}
    return answer.status_code, headers, answer.text.replace(name, "X" * len(name))


async def store_work(holders: Holders) -> Counter[str]:
    """How often the store has run each command so far."""
    stats = await holders.api.store.client.info("commandstats")
    of_tokens = {"cmdstat_hget", "cmdstat_hset"}  # the server looks the token up and notes its use now and then
    return Counter({name: figures["calls"] for name, figures in stats.items() if name not in of_tokens})
