"""Real servers with chosen settings, and a network that can fall silent, for the tests of the store."""

import asyncio
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import valkey

from fairlane.store.binary import find_server_binary

SAFE = ("--appendonly", "yes", "--appendfsync", "always")


@contextmanager
def server(*settings: str, port: int | None = None, folder: Path | None = None) -> Iterator[int]:
    """A server on a loopback port with these settings beside the defaults; its port."""
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="fl-") as scratch:
        place = str(folder or scratch)
        command = [str(find_server_binary()), "--port", str(port), "--bind", "127.0.0.1", "--dir", place]
        command += ["--save", "", "--logfile", os.path.join(place, "log"), *settings]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _await_listening(port)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=20)


def tell(port: int, *command: str, password: str | None = None) -> object:
    """Send one command on a connection of its own."""
    client = valkey.Valkey(host="127.0.0.1", port=port, password=password, socket_timeout=5)
    try:
        return client.execute_command(*command)  # type: ignore[no-untyped-call]
    finally:
        client.close()  # type: ignore[no-untyped-call]


async def eventually(condition: Callable[[], Awaitable[bool]], within_s: float = 10) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def _await_listening(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.01)


class Wire:
    """A TCP proxy in front of a server.

    While `silent`, all bytes vanish and nothing is closed; while `loses_replies`, those of the server.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.silent = False
        self.loses_replies = False
        self.accepted = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, back}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, back, lambda: self.silent))
                group.create_task(self._pump(there, writer, lambda: self.silent or self.loses_replies))
        finally:
            writer.close()
            back.close()

    def cut(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, loses: Callable[[], bool]
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if not loses():
                    writer.write(data)
                    await writer.drain()
        writer.close()


@asynccontextmanager
async def wire(target: int) -> AsyncIterator[Wire]:
    """A proxy to the server on port `target`."""
    proxy = Wire(target)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        proxy.cut()
