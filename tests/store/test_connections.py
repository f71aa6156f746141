"""Connections: lost commands are not sent twice, silence is noticed, quiet is not taken for it."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from valkey.exceptions import ConnectionError as ValkeyConnectionError
from valkey.exceptions import TimeoutError as ValkeyTimeoutError

from fairlane.store import Store, open_store
from fairlane.store.client import connections, exchange
from fairlane.store.client import subscriptions as listening
from tests.support.store_servers import SAFE, eventually, server, tell
from tools.proof.wire import Wire, wire


@pytest.fixture
async def proxy() -> AsyncIterator[Wire]:
    with server(*SAFE) as port:
        async with wire(port) as proxy:
            yield proxy


@pytest.fixture
async def store(proxy: Wire) -> AsyncIterator[Store]:
    store = await open_store(f"valkey://127.0.0.1:{proxy.port}")
    yield store
    proxy.silent = False
    await store.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notice silence in 0.4 s."""
    monkeypatch.setattr(listening, "PING_AFTER_S", 0.2)
    monkeypatch.setattr(listening, "ANSWER_WITHIN_S", 0.2)


def be_patient(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Give answers so long from now on."""
    monkeypatch.setattr(listening, "ANSWER_WITHIN_S", seconds)


def test_silence_is_noticed_within_ten_seconds() -> None:
    assert listening.PING_AFTER_S + listening.ANSWER_WITHIN_S < 10


@pytest.mark.usefixtures("impatient")
async def test_a_quiet_channel_stays_open(store: Store, proxy: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    be_patient(monkeypatch, 2.5)
    async with store.subscriber().pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe("news")
        opened = proxy.accepted
        assert await channel.get_message(timeout=3.0) is None
        await store.client.publish("news", "at last")
        async with asyncio.timeout(30):
            async for message in channel.listen():
                assert message["data"] == b"at last"
                break
        assert proxy.accepted == opened


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("poll_s", [None, 0.05, 0.0])
async def test_a_half_open_channel_is_noticed_and_subscribes_again(
    store: Store, proxy: Wire, poll_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store.subscriber().pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe("news")
        await channel.get_message(timeout=0.05)
        proxy.silent = True
        with pytest.raises(ValkeyTimeoutError, match="no answer to a PING from"):
            async with asyncio.timeout(30):
                while True:
                    await channel.get_message(timeout=poll_s)
                    await asyncio.sleep(0)
        be_patient(monkeypatch, 30)
        proxy.silent = False
        assert await channel.get_message(timeout=10) is None  # the new subscription's own message
        await store.client.publish("news", "again")
        message = await channel.get_message(timeout=30)
        assert message is not None
        assert message["data"] == b"again"


async def test_a_poll_waits_as_long_as_it_was_asked(store: Store) -> None:
    async with store.subscriber().pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe("news")
        assert await channel.get_message(timeout=10) is None  # the subscription's own message
        began = time.monotonic()
        assert await channel.get_message(timeout=0.3) is None
        assert 0.25 < time.monotonic() - began < 5


async def test_a_command_whose_reply_is_lost_is_sent_once(proxy: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    assert connections.READ_TIMEOUT_S == 5
    monkeypatch.setattr(exchange, "READ_TIMEOUT_S", 1.5)
    store = await open_store(f"valkey://127.0.0.1:{proxy.port}")
    try:
        assert await store.exchange([("GET", "sent")]) == [None]
        proxy.loses_replies = True
        with pytest.raises(ValkeyTimeoutError, match=r"the store did not answer for 1\.5 s"):
            await store.exchange([("INCR", "sent")])
        proxy.loses_replies = False
        assert await store.exchange([("GET", "sent")]) == [b"1"]
    finally:
        await store.close()


async def test_replies_that_come_after_all_reach_no_other_caller(store: Store, proxy: Wire) -> None:
    """Replies of the caller that gave up come on its connection. Another caller must not get them."""
    for _ in range(20):
        asking = asyncio.create_task(store.exchange([("ECHO", "mine"), ("ECHO", "mine too")]))
        await asyncio.sleep(0)
        asking.cancel()
        replies = await asyncio.gather(*(store.exchange([("ECHO", f"{i}")]) for i in range(5)))
        assert replies == [[b"0"], [b"1"], [b"2"], [b"3"], [b"4"]]


async def test_errors_of_single_commands_are_replies(store: Store) -> None:
    replies = await store.exchange([("SET", "text", "1"), ("LPUSH", "text", "1"), ("GET", "text")])
    assert (replies[0], replies[2]) == (b"OK", b"1")
    assert "WRONGTYPE" in str(replies[1])


async def test_a_reply_longer_than_a_read_arrives_whole(store: Store) -> None:
    assert await store.exchange([("SET", "long", b"x" * 5_000_000), ("GET", "long")]) == [b"OK", b"x" * 5_000_000]


async def test_a_cut_connection_raises_once_and_heals(store: Store, proxy: Wire) -> None:
    waiting = asyncio.create_task(_wait_for_nothing(store))
    await eventually(lambda: _are_blocked(store, 1))
    proxy.cut()
    with pytest.raises(ValkeyConnectionError):
        await waiting
    assert await store.exchange([("PING",)]) == [b"PONG"]


async def test_idle_connections_that_were_cut_are_not_used_again(store: Store, proxy: Wire) -> None:
    await asyncio.gather(*(store.exchange([("PING",)]) for _ in range(10)))
    proxy.cut()
    await eventually(lambda: _has_clients(store, 1))
    assert await asyncio.gather(*(store.exchange([("PING",)]) for _ in range(100))) == [[b"PONG"]] * 100


async def test_a_crowd_shares_a_bounded_number_of_connections(store: Store) -> None:
    values = await asyncio.gather(*(store.exchange([("INCR", "count")]) for _ in range(500)))
    assert sorted(values) == [[count] for count in range(1, 501)]
    assert (await store.client.info("clients"))["connected_clients"] <= exchange.MAX_CONNECTIONS + 1


async def test_cancelled_callers_lose_no_connection(store: Store) -> None:
    for _ in range(3):
        crowd = [asyncio.create_task(_wait_for_nothing(store)) for _ in range(100)]
        await eventually(lambda: _are_blocked(store, exchange.MAX_CONNECTIONS))
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
    async with asyncio.timeout(30):
        await asyncio.gather(*(store.exchange([("PING",)]) for _ in range(exchange.MAX_CONNECTIONS)))


async def test_a_loading_server_is_waited_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("loading")
    with server(*SAFE, folder=folder) as port:
        tell(port, "EVAL", "for i = 1, 20000 do redis.call('SET', i, i) end", "0")
        tell(port, "BGREWRITEAOF")
        await eventually(lambda: _has_rewritten(port))
    slowly = ("--key-load-delay", "250", "--loading-process-events-interval-bytes", "1024")
    with server(*SAFE, *slowly, folder=folder) as port:
        opening = asyncio.create_task(open_store(f"valkey://127.0.0.1:{port}"))
        await eventually(lambda: _has_a_client(port))
        assert not opening.done()
        store = await opening
        try:
            assert await store.client.dbsize() == 20_000
        finally:
            await store.close()


async def test_a_cancellation_always_ends_its_caller(store: Store) -> None:
    async def ask_for_ever() -> None:
        while True:
            await store.exchange([("PING",)])

    for turns in range(200):  # so that some come just as a write ends
        asking = asyncio.create_task(ask_for_ever())
        for _ in range(turns % 23 + 1):
            await asyncio.sleep(0)
        asking.cancel()
        done, _ = await asyncio.wait([asking], timeout=30)
        if not done:
            asking.cancel()
        assert done, f"cancelled after {turns % 23 + 1} turns of the loop, it went on"


async def _wait_for_nothing(store: Store) -> None:
    await store.exchange([("BLPOP", "nothing", 4)])


async def _are_blocked(store: Store, number: int) -> bool:
    """Whether as many clients wait, asked on a connection outside of the pool."""
    async with store.subscriber() as client:
        return int((await client.info("clients"))["blocked_clients"]) == number


async def _has_clients(store: Store, number: int) -> bool:
    async with store.subscriber() as client:
        return int((await client.info("clients"))["connected_clients"]) == number


async def _has_rewritten(port: int) -> bool:
    status = tell(port, "INFO", "persistence")
    assert isinstance(status, dict)
    return bool(status["aof_rewrites"])


async def _has_a_client(port: int) -> bool:
    """Whether the server has a client beside the one that asks."""
    info = tell(port, "INFO", "clients")
    return isinstance(info, dict) and int(info["connected_clients"]) > 1
