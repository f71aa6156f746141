"""`--durability replicas:N`: a job is accepted once N replicas have it on disk; otherwise the caller learns its id."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import valkey

from fairlane.connect import open_engine
from fairlane.engine import Engine, calls
from fairlane.model.errors import InvalidInput, NotReplicated
from fairlane.model.job import NewJob
from fairlane.model.refusals import refusal_of
from fairlane.store import Durability, open_store
from tests.support.acting import lift_limits, states_of_all
from tests.support.store_servers import SAFE, eventually, replicas_follow, server, tell


@pytest.fixture
async def primary() -> AsyncIterator[int]:
    with server(*SAFE) as port:
        yield port


@pytest.fixture
async def replica(primary: int) -> AsyncIterator[int]:
    """The process of a replica that has all data of the primary."""
    with server(*SAFE, "--replicaof", f"127.0.0.1 {primary}", "--repl-diskless-sync-delay", "0") as port:
        await replicas_follow(primary, 1)
        with valkey.Valkey(port=port) as client:
            pid = client.info("server")["process_id"]
        try:
            yield pid
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
async def engine(primary: int) -> AsyncIterator[Engine]:
    engine = await open_engine(f"valkey://127.0.0.1:{primary}", durability="replicas:1")
    await lift_limits(engine)
    yield engine
    await engine.close()


async def submitted(engine: Engine, job: NewJob) -> Exception | None:
    (answer,) = await engine.jobs.submit([job])
    assert answer.job_id == job.id
    return refusal_of(answer)


def a_job(engine: Engine) -> NewJob:
    return NewJob(id=engine.jobs.new_id("acme"), tenant_id="acme", payload=b"{}")


async def test_a_job_is_accepted_once_the_replica_has_it(
    engine: Engine, replica: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await submitted(engine, a_job(engine)) is None
    os.kill(replica, signal.SIGSTOP)
    monkeypatch.setattr(calls, "REPLICA_WAIT_MS", 100)
    monkeypatch.setattr(calls, "REPLICA_DISK_WAIT_MS", 100)
    job = a_job(engine)
    other = await open_engine(engine.store.name, durability="replicas:1")
    for one in (engine, other):  # the second one finds the job, so it writes nothing that the replica could confirm
        error = await submitted(one, job)
        assert isinstance(error, NotReplicated)
        assert error.job_id == job.id
    await other.close()
    monkeypatch.undo()
    os.kill(replica, signal.SIGCONT)

    async def is_accepted() -> bool:
        return await submitted(engine, job) is None

    await eventually(is_accepted)
    assert len(await states_of_all(engine)) == 2


async def test_a_missing_library_is_loaded_before_a_job_is_accepted(engine: Engine, primary: int, replica: int) -> None:
    tell(primary, "FUNCTION", "FLUSH", "SYNC")
    assert await submitted(engine, a_job(engine)) is None


async def test_a_store_without_replicas_accepts_no_job(engine: Engine) -> None:
    job = a_job(engine)
    with pytest.raises(NotReplicated, match=f"job {job.id} is stored, but too few replicas confirmed it in time"):
        raise (await submitted(engine, job)) or AssertionError
    assert (await engine.jobs.get(job.id)).id == job.id


async def test_an_embedded_store_has_no_replicas(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidInput, match="durability replicas:1 needs a store with replicas; an embedded store has none"
    ):
        await open_store(f"embedded:{tmp_path}", Durability("replicas:1"))


@pytest.mark.parametrize("text", ["", "replicas", "replicas:0", "replicas:10", "replicas:-1", "Disk", "disk\n"])
def test_other_texts_are_no_durability(text: str) -> None:
    with pytest.raises(InvalidInput, match="must be disk, memory or replicas:N, with N from 1 to 9"):
        Durability(text)
