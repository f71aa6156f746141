"""POST /jobs on one API process, against the same server with a handler that only parses and answers."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
import statistics
import time
from collections.abc import Iterator

import uvloop

from ..engine import Engine
from ..server.answers import Answer, json_answer
from ..server.app import App, create_app
from ..server.bodies import JobBody
from ..server.call import Call
from ..server.context import Context
from ..server.endpoint import Endpoint
from ..server.run import serve_on
from ..server.serving import PathApp
from ..server.settings import ServerSettings
from ..store import Durability, open_store
from .figures import Figure
from .fixture import PAYLOAD, private_engine

CONNECTIONS = (64, 256)
ROUND_SECONDS = 1.5
ROUNDS = 5

_BODY = b'{"tenantId":"acme","payload":' + PAYLOAD + b"}"
_REQUEST = b"POST /jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
_WIRE = _REQUEST % (len(_BODY), _BODY)


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
    deadline = time.perf_counter() + ROUND_SECONDS
    counts = await asyncio.gather(*(_client(port, deadline) for _ in range(connections)))
    return sum(counts) / ROUND_SECONDS


async def _client(port: int, deadline: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.perf_counter() < deadline:
        writer.write(_WIRE)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(f"the server answered {head[:80]!r}")
        length = head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0]
        await reader.readexactly(int(length))
        count += 1
    writer.close()
    return count


@contextlib.contextmanager
def _process(serve: object, store: str) -> Iterator[int]:
    """A server in a process of its own; gives its port."""
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
    """The API, but for a POST /jobs that makes no job."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(Context(engine, ServerSettings()))
        self._jobs = PathApp(self.context)
        self._jobs.add(Endpoint("POST", "/jobs", parse_and_answer))
