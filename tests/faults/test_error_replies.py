"""Every error that a store can answer: what passes is waited out, and nothing raw reaches the caller."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from fairlane.engine import Engine
from fairlane.model.errors import StoreFull, StoreRefused, StoreUnavailable
from fairlane.model.job import NewJob
from fairlane.store import open_store, watch
from fairlane.store.answers import PATIENCE_S
from tests.support.store_servers import SAFE, eventually, server, tell
from tools.proof.wire import Wire, wire

PASSING = [
    "BUSY Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    "CLUSTERDOWN The cluster is down",
    "LOADING Valkey is loading the dataset in memory",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "NOREPLICAS Not enough good replicas to write.",
    "READONLY You can't write against a read only replica.",
    "TRYAGAIN Multiple keys request during rehashing of slot",
]
LASTING = {
    "MISCONF Errors writing to the AOF file: No space left on device": "cannot write to its disk",
    "NOAUTH Authentication required.": "refuses the user name or password",
    "WRONGPASS invalid username-password pair or user is disabled.": "refuses the user name or password",
    "NOPERM User ann has no permissions to run the 'fcall' command": "its user needs `~fl:*",
    "MOVED 866 127.0.0.1:7001": "cluster mode",
    "ASK 866 127.0.0.1:7001": "cluster mode",
    "CROSSSLOT Keys in request don't hash to the same slot": "cluster mode",
    "WRONGTYPE Operation against a key holding the wrong kind of value": "unexpected error: WRONGTYPE",
    "EXECABORT Transaction discarded because of previous errors.": "unexpected error",
    "UNKILLABLE Sorry the script already executed write commands": "unexpected error: UNKILLABLE",
    "ERR unknown command 'FCALL'": "unexpected error: unknown command",
    "-": "unexpected error: -",
}


@pytest.fixture
async def network() -> AsyncIterator[Wire]:
    with server(*SAFE) as port:
        async with wire(port) as network:
            yield network


@pytest.fixture
async def engine(network: Wire) -> AsyncIterator[Engine]:
    engine = await Engine.open(await open_store(f"valkey://127.0.0.1:{network.port}"))
    yield engine
    await engine.close()


async def submit(engine: Engine) -> str:
    job_id = engine.jobs.new_id("acme")
    await engine.jobs.submit([NewJob(id=job_id, tenant_id="acme", payload=b"1")])
    return job_id


async def pass_later(network: Wire) -> None:
    await asyncio.sleep(PATIENCE_S / 4)
    network.error = ""


@pytest.mark.parametrize("error", PASSING, ids=lambda text: text.split()[0])
async def test_what_passes_is_waited_out(engine: Engine, network: Wire, error: str) -> None:
    network.error = error
    job_id, _ = await asyncio.gather(submit(engine), pass_later(network))
    assert (await engine.jobs.get(job_id)).id == job_id


@pytest.mark.parametrize("error", PASSING, ids=lambda text: text.split()[0])
async def test_what_does_not_pass_within_the_patience_is_unavailable(engine: Engine, network: Wire, error: str) -> None:
    network.error = error
    with pytest.raises(StoreUnavailable, match=rf"does not serve this now: .*\({error.split(maxsplit=1)[0]}\)"):
        await submit(engine)


async def test_a_check_that_is_due_while_the_store_loads_does_not_hold_the_caller(
    engine: Engine, network: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "FRESH_S", 0.0)
    network.error = "LOADING Valkey is loading the dataset in memory"
    async with asyncio.timeout(30):  # half of what opening a store allows a load without progress
        with pytest.raises(StoreUnavailable, match=r"it is loading its data \(LOADING\)"):
            await submit(engine)


@pytest.mark.parametrize("error", LASTING, ids=lambda text: text.split()[0])
async def test_what_lasts_is_told_at_once(engine: Engine, network: Wire, error: str) -> None:
    network.error = error
    began = time.monotonic()
    for call in (submit(engine), engine.monitor.counters(), engine.workers.list()):
        with pytest.raises(StoreUnavailable) as told:
            await call
        assert LASTING[error] in str(told.value)
        assert isinstance(told.value, StoreRefused) or error.startswith("MISCONF")
    assert time.monotonic() - began < PATIENCE_S


async def test_a_full_store_is_told_so(engine: Engine, network: Wire) -> None:
    network.error = "OOM command not allowed when used memory > 'maxmemory'."
    with pytest.raises(StoreFull):
        await submit(engine)


@pytest.mark.parametrize("error", PASSING[:2], ids=lambda text: text.split()[0])
async def test_a_busy_store_is_not_taken_for_a_missing_permission(
    network: Wire, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    network.error = error
    store, _ = await asyncio.gather(open_store(f"valkey://127.0.0.1:{network.port}"), pass_later(network))
    await store.close()
    assert "could not be checked" not in caplog.text


async def test_a_slow_script_of_three_seconds_refuses_no_submission() -> None:
    with server(*SAFE, "--busy-reply-threshold", "100") as port:
        engine = await Engine.open(await open_store(f"valkey://127.0.0.1:{port}"))
        script = "local t = tonumber(redis.call('TIME')[1]) while redis.call('TIME')[1] - t < 4 do end"
        slow = asyncio.create_task(asyncio.to_thread(tell, port, "EVAL", script, "0"))
        try:
            await asyncio.sleep(0.5)  # the script runs for 3 to 4 s, and no event says that it has begun
            assert not slow.done()
            await asyncio.gather(*(submit(engine) for _ in range(20)))
            await slow
        finally:
            await engine.close()


async def test_another_clients_slow_script() -> None:
    """A real script of about 9 s: calls are refused clearly while it runs, and succeed as soon as it has ended."""
    with server(*SAFE, "--busy-reply-threshold", "100") as port:
        engine = await Engine.open(await open_store(f"valkey://127.0.0.1:{port}"))
        script = "local t = tonumber(redis.call('TIME')[1]) while redis.call('TIME')[1] - t < 9 do end"
        slow = asyncio.create_task(asyncio.to_thread(tell, port, "EVAL", script, "0"))

        async def is_busy() -> bool:
            try:
                await engine.store.client.get("x")
            except Exception as error:
                return "BUSY" in str(error)
            return False

        try:
            await eventually(is_busy)
            with pytest.raises(StoreUnavailable, match="another client's script blocks it"):
                await submit(engine)
            await slow
            await submit(engine)
        finally:
            await engine.close()


async def test_a_primary_without_its_replicas_and_a_replica() -> None:
    with server(*SAFE) as port:
        engine = await Engine.open(await open_store(f"valkey://127.0.0.1:{port}"))
        try:
            tell(port, "CONFIG", "SET", "min-replicas-to-write", "1")
            with pytest.raises(StoreUnavailable, match="fewer replicas are connected than min-replicas-to-write"):
                await submit(engine)
            tell(port, "CONFIG", "SET", "min-replicas-to-write", "0")
            tell(port, "REPLICAOF", "127.0.0.1", "1")
            with pytest.raises(StoreUnavailable, match=r"replica.*name the primary"):
                await submit(engine)
            tell(port, "REPLICAOF", "NO", "ONE")

            async def is_accepted_again() -> bool:
                try:
                    await submit(engine)
                except StoreRefused:  # until the settings are checked again
                    return False
                return True

            await eventually(is_accepted_again)
        finally:
            await engine.close()
