"""An app is left in peace, whatever became of its connections."""

from __future__ import annotations

import asyncio

import pytest

from fairlane import App, StoreUnavailable
from fairlane.backend import Backend
from fairlane.sdk.connections import Connections

NOWHERE = "valkey://127.0.0.1:1"


async def nothing() -> None:
    pass


async def test_a_block_whose_body_bears_that_the_store_is_away_is_left() -> None:
    async with App(NOWHERE) as app:
        with pytest.raises(StoreUnavailable):
            await app.connect()


def test_sync_calls_that_could_not_connect_are_closed() -> None:
    app = App(NOWHERE, tenancy="default")
    with pytest.raises(StoreUnavailable):
        app.task(nothing).submit_sync()
    app.close_sync()


async def test_connections_that_are_still_being_opened_when_they_are_closed() -> None:
    begun, failing = asyncio.Event(), asyncio.Event()

    async def fail_late() -> Backend:
        begun.set()
        await failing.wait()
        raise StoreUnavailable("away")

    connections = Connections(fail_late)
    asking = asyncio.create_task(connections.get())
    await begun.wait()
    closing = asyncio.create_task(connections.close())
    failing.set()
    await closing
    with pytest.raises(StoreUnavailable):
        await asking


async def test_closing_that_is_cancelled_ends_the_opening() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def never() -> Backend:
        begun.set()
        try:
            await asyncio.Event().wait()
            raise AssertionError("it is never set")
        finally:
            ended.set()

    connections = Connections(never)
    asking = asyncio.create_task(connections.get())
    await begun.wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await connections.close()
    async with asyncio.timeout(10):
        await ended.wait()
    await asyncio.wait([asking])
    assert asking.cancelled()


def test_every_loop_is_given_back_though_one_could_not_connect() -> None:
    async def fail() -> Backend:
        raise StoreUnavailable("away")

    connections = Connections(fail)
    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(StoreUnavailable):
            loop.run_until_complete(connections.get())
        connections.close_all()
    finally:
        loop.close()
