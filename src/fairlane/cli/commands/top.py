"""`fairlane top`: a live view of tenants, queues, workers and rates."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator

import click

from ...backend import Backend
from ...model.durations import parse_duration_ms
from ...model.errors import InvalidInput, StoreUnavailable
from ...runtime.settings import Settings
from ..options import client_settings, output_option
from ..terminal.sample import look


@click.command()
@click.option("--interval", default="1s", show_default=True, help="Time between two updates.")
@click.option("--once", is_flag=True, help="Print the view once, with rates over one interval, and exit.")
@client_settings
@output_option
def top(settings: Settings, interval: str, once: bool, output: str) -> None:
    """Watch tenants, queues, workers and rates. Press q or Ctrl-C to quit."""
    from ..connection import ask

    seconds = parse_duration_ms(interval, "--interval") / 1000
    if not 0.1 <= seconds <= 3600:
        raise InvalidInput("--interval must be 100ms to 1h")
    if output == "json" and not once:
        raise InvalidInput("--output json prints one view: give --once as well")
    with contextlib.suppress(KeyboardInterrupt):
        ask(settings, lambda queue: _print_once(queue, seconds, output) if once else _watch(queue, seconds))


async def _print_once(backend: Backend, seconds: float, output: str) -> None:
    from ..terminal.output import console, print_json
    from ..terminal.top import as_data, view

    before = await look(backend)
    await asyncio.sleep(seconds)
    now = await look(backend)
    if output == "json":
        print_json(as_data(now, before))
    else:
        console().print(view(now, before))


async def _watch(backend: Backend, seconds: float) -> None:
    from rich.live import Live

    from ..terminal.output import console
    from ..terminal.top import trouble, view

    before = now = await look(backend)
    quit_asked = asyncio.Event()
    with _keys(quit_asked), Live(view(now, before), console=console(), screen=True, auto_refresh=False) as live:
        while not quit_asked.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await quit_asked.wait()
            try:
                before, now = now, await look(backend)
            except StoreUnavailable as error:
                live.update(trouble(error), refresh=True)
            else:
                live.update(view(now, before), refresh=True)


@contextlib.contextmanager
def _keys(quit_asked: asyncio.Event) -> Iterator[None]:
    """Read single keys without Enter, if stdin is a terminal."""
    if not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    loop, descriptor = asyncio.get_running_loop(), sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)

    def on_key() -> None:
        if sys.stdin.read(1) in ("q", "Q", ""):
            quit_asked.set()

    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, on_key)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
