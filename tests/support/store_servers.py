"""Real servers with chosen settings, for the tests of the store."""

import asyncio
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import valkey
import valkey.exceptions

from fairlane.store.embedded.binary import find_server_binary

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
            await_listening(port)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=60)


def tell(port: int, *command: str, password: str | None = None) -> object:
    """Send one command on a separate connection."""
    client = valkey.Valkey(host="127.0.0.1", port=port, password=password, socket_timeout=30)
    try:
        return client.execute_command(*command)  # type: ignore[no-untyped-call]
    finally:
        client.close()  # type: ignore[no-untyped-call]


async def eventually(condition: Callable[[], Awaitable[bool]], within_s: float = 30) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)


async def replicas_follow(primary: int, count: int) -> None:
    """Wait until a server has `count` replicas that hold all its data on disk."""

    async def do() -> bool:
        try:
            with valkey.Valkey(port=primary, single_connection_client=True) as client:
                client.set("replicas-follow", 1)
                return int(client.execute_command("WAITAOF", 0, count, 100)[1]) >= count
        except valkey.exceptions.ValkeyError:
            return False

    await eventually(do, 60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def await_listening(port: int) -> None:
    """Wait until a server takes connections."""
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.01)
