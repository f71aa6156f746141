"""`python -m tools.proof.client ORDERS`: submits jobs at a steady rate until its time is over, and notes each answer.

A request with an idempotency key is repeated until it is answered; another one is sent once.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path
from typing import Literal, Protocol

import httpx
import msgspec

from fairlane.model.errors import (
    Conflict,
    FairlaneError,
    IdempotencyMismatch,
    InvalidInput,
    NotFound,
    RateLimited,
    StoreUnavailable,
)

from .mix import Kinds, Wish, wishes
from .notes import Answer, Cancelling, Notebook, Observed, Submitted, now
from .tasks import FOLDER, app

Way = Literal["store", "http", "rest"]
PATIENCE_S = 45.0
"""How long a request with an idempotency key is repeated."""
MOST_AT_ONCE = 40
_REFUSED = (RateLimited, InvalidInput, IdempotencyMismatch, Conflict)
_UNKNOWN_STATUS = frozenset({500, 502, 503, 504, 507})


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What a client is to do, on its command line as JSON."""

    name: str
    way: Way
    url: str
    tenants: list[str]
    kinds: Kinds
    seed: str
    rate: float
    """Jobs per second."""
    seconds: float
    block_s: float = 0.0
    """How long jobs block the event loop that do."""


class Reply(msgspec.Struct, frozen=True):
    """The answer to a submission."""

    answer: Answer
    job: str = ""
    detail: str = ""


class Line(Protocol):
    """A way to submit jobs."""

    async def submit(self, wish: Wish) -> Reply: ...

    async def state(self, job: str) -> str:
        """The state of a job. Raises FairlaneError or httpx.TransportError."""

    async def cancel(self, job: str) -> None:
        """Raises FairlaneError or httpx.TransportError."""

    async def close(self) -> None: ...


class SdkLine:
    """Over the SDK, on the store or the API that FAIRLANE_URL names."""

    async def submit(self, wish: Wish) -> Reply:
        call = app.registry[wish.task].using(
            tenant=wish.tenant,
            key=wish.key or None,
            delay=wish.delay_ms / 1_000,
            idempotency_key=wish.idempotency_key or None,
        )
        try:
            handle = await call.submit(**wish.payload)
        except _REFUSED as error:
            return Reply("refused", detail=error.code)
        except StoreUnavailable as error:
            return Reply("unknown", detail=error.code)
        return Reply("accepted", handle.id)

    async def state(self, job: str) -> str:
        return (await app.job(job).refresh()).state.value

    async def cancel(self, job: str) -> None:
        await app.job(job).cancel()

    async def close(self) -> None:
        await app.close()


class RestLine:
    """Over plain REST."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=15)

    async def submit(self, wish: Wish) -> Reply:
        body = {
            "tenantId": wish.tenant,
            "task": wish.task,
            "payload": wish.payload,
            "delaySeconds": wish.delay_ms / 1_000,
            "maxAttempts": wish.options.retry.max_attempts,
            "timeoutSeconds": wish.options.timeout_ms / 1_000,
            "backoff": {"baseSeconds": 0.02, "capSeconds": 0.2},
        }
        if wish.key:
            body["key"] = wish.key
        headers = {"idempotency-key": wish.idempotency_key} if wish.idempotency_key else {}
        try:
            answer = await self._client.post("/jobs", json=body, headers=headers)
        except httpx.TransportError as error:
            return Reply("unknown", detail=type(error).__name__)
        if answer.is_success:
            return Reply("accepted", answer.json()["id"])
        kind: Answer = "unknown" if answer.status_code in _UNKNOWN_STATUS else "refused"
        return Reply(kind, detail=str(answer.json().get("type", answer.status_code)).rpartition(":")[2])

    async def state(self, job: str) -> str:
        answer = await self._client.get(f"/jobs/{job}")
        if not answer.is_success:
            raise NotFound(answer.text)
        state: str = answer.json()["state"]
        return state

    async def cancel(self, job: str) -> None:
        await self._client.post(f"/jobs/{job}/cancel")

    async def close(self) -> None:
        await self._client.aclose()


class Client:
    """One client process."""

    def __init__(self, orders: Orders, notebook: Notebook) -> None:
        self._orders = orders
        self._notebook = notebook
        self._line: Line = RestLine(orders.url) if orders.way == "rest" else SdkLine()
        self._free = asyncio.Semaphore(MOST_AT_ONCE)
        self._chance = random.Random(orders.seed)
        self._accepted: list[str] = []

    async def run(self) -> None:
        orders = self._orders
        begun = now()
        stream = wishes(orders.name, orders.seed, orders.tenants, orders.kinds, orders.block_s)
        async with asyncio.TaskGroup() as group:
            for number, wish in enumerate(stream):
                due_s = number / orders.rate - (now() - begun) / 1_000_000
                await asyncio.sleep(max(0.0, due_s))
                if now() - begun > orders.seconds * 1_000_000:
                    break
                await self._free.acquire()
                group.create_task(self._fulfil(wish))
        await self._line.close()

    async def _fulfil(self, wish: Wish) -> None:
        try:
            job = await self._submit(wish)
            if job and wish.cancels:
                self._notebook.write(Cancelling(who=self._notebook.who, at=now(), job=job))
                await self._line.cancel(job)
                await self._observe(job)
            if job and self._chance.random() < 0.05:
                await self._observe(self._chance.choice(self._accepted))
        except (FairlaneError, httpx.TransportError):
            pass  # the job was cancelled too late, is deleted already, or the API is away
        finally:
            self._free.release()

    async def _submit(self, wish: Wish) -> str:
        """Submit it, again and again if it may be; the job, or nothing if it was not accepted."""
        give_up = now() + PATIENCE_S * 1_000_000
        while True:
            at = now()
            reply = await self._line.submit(wish)
            self._note(wish, at, reply)
            if reply.answer == "accepted":
                self._accepted.append(reply.job)
                return reply.job
            if reply.answer == "refused" or not wish.idempotency_key or now() > give_up:
                return ""
            await asyncio.sleep(0.1)

    def _note(self, wish: Wish, at: int, reply: Reply) -> None:
        note = Submitted(
            who=self._notebook.who,
            at=at,
            until=now(),
            mark=wish.mark,
            tenant=wish.tenant,
            answer=reply.answer,
            job=reply.job,
            detail=reply.detail,
            delay_ms=wish.delay_ms,
            key=wish.key,
            idempotency_key=wish.idempotency_key,
        )
        self._notebook.write(note)

    async def _observe(self, job: str) -> None:
        at = now()
        state = await self._line.state(job)
        self._notebook.write(Observed(who=self._notebook.who, at=at, until=now(), job=job, state=state))


def main(orders: str) -> None:
    decoded = msgspec.json.decode(orders, type=Orders)
    os.environ["FAIRLANE_URL"] = decoded.url
    notebook = Notebook(Path(os.environ[FOLDER]), decoded.name)
    asyncio.run(Client(decoded, notebook).run())


if __name__ == "__main__":
    main(*sys.argv[1:])
