"""POST /jobs on one API process, against the same server with a handler that only parses and answers."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
import statistics
import time
from collections.abc import Iterator
from typing import cast

import uvloop

from ..engine import Engine
from ..rest.jobs import JobBody
from ..server.app import App, create_app
from ..server.context import Context
from ..server.http.answers import Answer, json_answer
from ..server.http.call import Call
from ..server.http.endpoint import Endpoint
from ..server.http.serving import PathApp
from ..server.run import serve_on
from ..server.settings import ServerSettings
from ..store import Durability, open_store
from .figures import Figure
from .fixture import PAYLOAD, private_engine

CONNECTIONS = (64, 256)
ROUND_SECONDS = 0.3
ROUNDS = 45
"""Many short rounds in turns, because the speed of a shared machine changes within seconds."""

_BODY = b'{"tenantId":"acme","payload":' + PAYLOAD + b"}"
_REQUEST = b"POST /jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
_WIRE = _REQUEST % (len(_BODY), _BODY)
_ACCEPTED = b"HTTP/1.1 202"
_LENGTH = b"\r\ncontent-length: "


async def submit_rate() -> list[Figure]:
    """Both servers under the same load, in turns. More clients make larger groups for each commit."""
    figures = []
    async with private_engine() as engine:
        with _process(_serve_jobs, engine.store.name) as real, _process(_serve_parsed, engine.store.name) as bare:
            for connections in CONNECTIONS:
                figures += await _compare(real, bare, connections)
    return figures


async def _compare(real: int, bare: int, connections: int) -> list[Figure]:
    real_rates, bare_rates = [], []
    for _ in range(ROUNDS):
        bare_rates.append(await _load(bare, connections))
        real_rates.append(await _load(real, connections))
    ratio = statistics.median(real / bare for real, bare in zip(real_rates, bare_rates, strict=True))
    bare_name = "the same server, a handler that only parses and answers"
    return [
        Figure(f"POST /jobs, one API process, {connections} clients", statistics.median(real_rates), "requests/s"),
        Figure(bare_name, statistics.median(bare_rates), "requests/s"),
        Figure("POST /jobs against that", ratio, "times", "at least 0.6"),
    ]


async def _load(port: int, connections: int) -> float:
    """Requests per second over some connections, each with one request at a time."""
    loop, deadline = asyncio.get_running_loop(), time.perf_counter() + ROUND_SECONDS
    clients = [_Client(loop.create_future(), deadline) for _ in range(connections)]
    await asyncio.gather(*(loop.create_connection(client.itself, "127.0.0.1", port) for client in clients))
    return sum(await asyncio.gather(*(client.done for client in clients))) / ROUND_SECONDS


class _Client(asyncio.Protocol):
    """A connection that sends its next request when it has an answer. It is cheap, to leave the core to the server."""

    def __init__(self, done: asyncio.Future[int], deadline: float) -> None:
        self.done = done
        self._deadline = deadline
        self._count = 0
        self._answer = b""

    def itself(self) -> _Client:
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(_WIRE)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.startswith(_ACCEPTED[: len(self._answer)]):
            self._end(RuntimeError(f"the server answered {self._answer[:80]!r}"))
            return
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < _length_in(head):
            return
        self._answer = b""
        self._count += 1
        if time.perf_counter() < self._deadline:
            self._transport.write(_WIRE)
        else:
            self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or RuntimeError("the server closed the connection"))

    def _end(self, error: Exception | None) -> None:
        if not self.done.done():
            if error is None:
                self.done.set_result(self._count)
            else:
                self.done.set_exception(error)
        self._transport.close()


def _length_in(head: bytes) -> int:
    """The Content-Length as our server writes it. (A regular expression would double the client's time.)"""
    at = head.index(_LENGTH) + len(_LENGTH)
    return int(head[at : head.index(b"\r\n", at)])


@contextlib.contextmanager
def _process(serve: object, store: str) -> Iterator[int]:
    """A server in a child process; yields its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        context = multiprocessing.get_context("fork")
        process = context.Process(target=serve, args=(listener, store), daemon=True)  # type: ignore[arg-type]
        process.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            process.terminate()
            process.join()


def _serve_jobs(listener: socket.socket, store: str) -> None:
    async def serve() -> None:
        engine = await Engine.open(await open_store(store, Durability.MEMORY))
        await serve_on(create_app(engine), listener, "")

    uvloop.run(serve())


def _serve_parsed(listener: socket.socket, store: str) -> None:
    async def serve() -> None:
        engine = await Engine.open(await open_store(store, Durability.MEMORY))
        await serve_on(_ParsingApp(engine), listener, "")

    uvloop.run(serve())


async def parse_and_answer(call: Call, body: JobBody) -> Answer:
    """Answer with the request's own body, parsed."""
    return json_answer(body, 202)


class _ParsingApp(App):
    """The API with a POST /jobs that makes no job."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(Context(engine, ServerSettings()))
        self._jobs = PathApp(self.context)
        self._jobs.add(Endpoint("POST", "/jobs", parse_and_answer))
