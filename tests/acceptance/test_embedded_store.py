"""The embedded store survives what happens to processes: kills of the server, of its keeper, and races."""

import asyncio
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import valkey
from valkey.exceptions import ConnectionError as ValkeyConnectionError

from fairlane.model.errors import StoreRefused, StoreUnavailable
from fairlane.store import Durability, EmbeddedServer, Store, open_store
from fairlane.store.embedded.memory import default_memory_limit
from tests.support.running import eventually

KEEPER = """
import sys
from pathlib import Path
from fairlane.model.errors import FairlaneError
from fairlane.store import Durability, EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), Durability.DISK)
try:
    server.start()
except FairlaneError as error:
    print("refused", error, flush=True)
    raise SystemExit(1)
print("ready", server.pid, flush=True)
sys.stdin.read()
server.stop()
"""


class Keeper:
    """Another process that starts the embedded store of a folder, or finds it."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", KEEPER, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def says(self, within_s: float = 60.0) -> str:
        """The one line that it prints."""
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], within_s)
        assert readable, "the process said nothing in time"
        return self.process.stdout.readline().strip()

    def server_pid(self) -> int:
        word, _, pid = self.says().partition(" ")
        assert word == "ready", pid
        return int(pid)

    def end(self) -> None:
        """Let it close in order, and wait for that."""
        if self.process.poll() is None:
            self.process.communicate("", timeout=60)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    base = Path(tempfile.mkdtemp(prefix="fl-"))
    yield base / "data"
    shutil.rmtree(base, ignore_errors=True)


@contextmanager
def keeper(data_dir: Path) -> Iterator[Keeper]:
    process = Keeper(data_dir)
    try:
        yield process
    finally:
        process.end()


@contextmanager
def running(data_dir: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(data_dir, Durability.DISK)
    try:
        server.start()
        yield server
    finally:
        server.stop()


async def answered(store: Store, key: str, within_s: float = 30.0) -> bytes | None:
    """The value of `key` once the store answers again, asking the way the engine does."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                return await store.client.get(key)  # type: ignore[no-any-return]
            except ValkeyConnectionError as error:
                await store.recover(error)
                await asyncio.sleep(0.01)


def nobody_serves(data_dir: Path) -> bool:
    """Whether no process, the server itself included, holds the server's lock."""
    with open(data_dir / "server.lock", "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def kill_and_see_the_server_end(keeper: Keeper, data_dir: Path) -> None:
    keeper.process.kill()
    keeper.process.wait()
    eventually(lambda: nobody_serves(data_dir), 20.0, "the server is gone with its keeper")


def readable_by_others(data_dir: Path) -> list[Path]:
    """Paths that other users could open: in the folder, the folder itself, and the socket."""
    return [path for path in [data_dir, *data_dir.rglob("*")] if path.stat().st_mode & 0o077]


def ask(server: EmbeddedServer, *command: str) -> object:
    client = valkey.Valkey(unix_socket_path=str(server.socket_path), socket_timeout=30)
    try:
        return client.execute_command(*command)  # type: ignore[no-untyped-call]
    finally:
        client.close()  # type: ignore[no-untyped-call]


async def test_it_is_private_and_set_to_lose_nothing(data_dir: Path) -> None:
    store = await open_store(f"embedded:{data_dir}", Durability.DISK)
    try:
        assert store.server is not None
        assert not readable_by_others(data_dir)
        settings = await store.client.config_get("*")
        wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "port": "0"}
        assert {name: settings[name] for name in wanted} == wanted
        assert int(settings["maxmemory"]) == default_memory_limit()
        assert await store.check() == []
        assert await store.client.get("nothing") is None
    finally:
        await store.close()
    assert nobody_serves(data_dir)


async def test_a_second_process_finds_it(data_dir: Path) -> None:
    with keeper(data_dir) as first:
        pid = first.server_pid()
        store = await open_store(f"embedded:{data_dir}")
        try:
            assert store.server is not None and not store.server.is_keeper
            assert store.server.pid == pid == (await store.client.info("server"))["process_id"]
        finally:
            await store.close()
        assert not nobody_serves(data_dir), "closing a store that another process keeps must leave it running"


async def test_a_killed_server_is_started_again_with_its_data(data_dir: Path) -> None:
    store = await open_store(f"embedded:{data_dir}")
    try:
        assert store.server is not None
        for round_number in range(1, 4):
            await store.client.set("round", round_number)
            killed = store.server.pid
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            assert await answered(store, "round") == str(round_number).encode()
            assert store.server.pid != killed
            assert store.server.restarts == round_number
    finally:
        await store.close()


async def test_a_killed_keeper_takes_its_server_along_and_the_next_start_recovers(data_dir: Path) -> None:
    with keeper(data_dir) as first:
        first.server_pid()
        store = await open_store(f"embedded:{data_dir}")
        await store.client.set("kept", "yes")
        kill_and_see_the_server_end(first, data_dir)
        await store.close()
    with running(data_dir) as server:
        assert ask(server, "GET", "kept") == b"yes"


async def test_another_process_takes_over_from_a_killed_keeper(data_dir: Path) -> None:
    with keeper(data_dir) as first:
        first.server_pid()
        store = await open_store(f"embedded:{data_dir}")
        try:
            await store.client.set("kept", "yes")
            kill_and_see_the_server_end(first, data_dir)
            assert await answered(store, "kept") == b"yes"
            assert store.server is not None
            assert store.server.is_keeper
        finally:
            await store.close()


async def test_of_many_that_see_it_dead_one_takes_over(data_dir: Path) -> None:
    with keeper(data_dir) as first:
        first.server_pid()
        stores = [await open_store(f"embedded:{data_dir}") for _ in range(4)]
        try:
            await stores[0].client.set("kept", "yes")
            kill_and_see_the_server_end(first, data_dir)
            values = await asyncio.gather(*(answered(store, "kept") for store in stores for _ in range(5)))
            assert values == [b"yes"] * 20
            assert sum(store.server is not None and store.server.is_keeper for store in stores) == 1
        finally:
            for store in stores:
                await store.close()


def test_processes_that_start_at_once_share_one_server(data_dir: Path) -> None:
    with ExitStack() as stack:
        several = [stack.enter_context(keeper(data_dir)) for _ in range(4)]
        assert len({process.server_pid() for process in several}) == 1


def test_a_start_waits_out_the_last_breath_of_the_server_before(data_dir: Path) -> None:
    """The old server must be gone before the new one opens the same file, however fast the restart."""
    for round_number in range(3):
        with keeper(data_dir) as process:
            process.server_pid()
            process.process.kill()
            process.process.wait()
            with running(data_dir) as server:
                assert ask(server, "INCR", "rounds") == round_number + 1


def test_stale_sockets_and_lock_files_are_no_obstacle(data_dir: Path) -> None:
    with keeper(data_dir) as first:
        pid = first.server_pid()
        os.kill(first.process.pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
        assert (data_dir / "store.sock").exists()
        with running(data_dir) as server:
            assert ask(server, "PING") in (b"PONG", True)


def test_the_log_of_a_corrupt_store_is_quoted(data_dir: Path) -> None:
    with running(data_dir) as server:
        for number in range(20):
            ask(server, "SET", f"key{number}", "value")
    journal = next((data_dir / "appendonlydir").glob("*.incr.aof"))
    content = bytearray(journal.read_bytes())
    content[100:120] = b"\xff" * 20
    journal.write_bytes(content)
    with pytest.raises(StoreRefused, match=r"its data is damaged: .*incr.aof is damaged at byte \d+") as refusal:
        EmbeddedServer(data_dir, Durability.DISK).start()
    assert "\n" not in str(refusal.value)
    assert nobody_serves(data_dir)


async def test_a_server_that_cannot_start_is_tried_until_it_can(data_dir: Path) -> None:
    store = await open_store(f"embedded:{data_dir}")
    try:
        await store.client.set("kept", "yes")
        server = store.server
        assert server is not None and server.pid is not None
        journal, hidden = data_dir / "appendonlydir", data_dir / "hidden"
        journal.rename(hidden)
        journal.write_text("a file where the server needs a folder")
        os.kill(server.pid, signal.SIGKILL)
        await asyncio.to_thread(eventually, lambda: server.restarts >= 2, 30, "the server is tried again")
        journal.unlink()
        hidden.rename(journal)
        assert await answered(store, "kept") == b"yes"
    finally:
        await store.close()


def test_a_journal_that_was_cut_off_is_accepted(data_dir: Path) -> None:
    with running(data_dir) as server:
        ask(server, "SET", "first", "1")
        ask(server, "SET", "second", "2")
    journal = next((data_dir / "appendonlydir").glob("*.incr.aof"))
    journal.write_bytes(journal.read_bytes()[:-7])
    with running(data_dir) as server:
        assert ask(server, "MGET", "first", "second") == [b"1", None]


@pytest.mark.parametrize("obstacle", ["file", "below a file"])
def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path, obstacle: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    folder = tmp_path / "file" if obstacle == "file" else tmp_path / "file" / "data"
    with pytest.raises(StoreRefused, match=r"data folder .* cannot be used: (File exists|Not a directory)"):
        EmbeddedServer(folder, Durability.DISK).start()


def test_a_folder_that_others_can_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("")
    tmp_path.chmod(0o777)
    with pytest.raises(StoreRefused, match="can be written by others"):
        EmbeddedServer(tmp_path, Durability.DISK).start()


async def test_a_path_too_long_for_a_socket_works_from_every_environment(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = data_dir / ("long" * 25) / "data"
    with keeper(deep) as first:
        first.server_pid()
        # The finder's own choice would be another folder.
        data_dir.joinpath("run").mkdir(mode=0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(data_dir / "run"))
        store = await open_store(f"embedded:{deep}")
        try:
            assert store.server is not None and not store.server.is_keeper
            socket_path = store.server.socket_path
            assert len(os.fsencode(socket_path)) <= 100
            assert socket_path.parent.stat().st_mode & 0o777 == 0o700
            assert await store.client.set("reached", 1)
        finally:
            await store.close()
    socket_path.parent.rmdir()


async def test_a_weaker_running_store_is_refused(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir, Durability.MEMORY)
    server.start()
    try:
        with pytest.raises(StoreRefused, match=r"appendfsync is everysec.*durability 'disk'"):
            await open_store(f"embedded:{data_dir}", Durability.DISK)
    finally:
        server.stop()


def test_much_data_is_loaded_before_it_counts_as_started(data_dir: Path) -> None:
    with running(data_dir) as server:
        script = "for i = 1, 200000 do redis.call('SET', 'key' .. i, i) end return 'done'"
        assert ask(server, "EVAL", script, "0") == b"done"
    with running(data_dir) as server:
        assert ask(server, "DBSIZE") == 200_000


async def test_a_cancelled_opening_leaves_nothing_running(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o700)  # noqa: ASYNC240
    with open(data_dir / "server.lock", "wb") as lock:  # noqa: ASYNC230  an empty file
        fcntl.flock(lock, fcntl.LOCK_EX)  # as a server before does that has not ended yet
        opening = asyncio.create_task(open_store(f"embedded:{data_dir}"))
        await asyncio.to_thread(eventually, (data_dir / "store.lock").exists, 30, "the server is being started")
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
    assert nobody_serves(data_dir)


def test_a_stopped_server_stays_stopped(data_dir: Path) -> None:
    with running(data_dir) as server:
        pass
    with pytest.raises(StoreUnavailable, match="was stopped"):
        server.start()


def test_ctrl_c_of_the_terminal_does_not_reach_it(data_dir: Path) -> None:
    with running(data_dir) as server:
        assert server.pid is not None
        assert os.getsid(server.pid) != os.getsid(0)


def test_a_forked_child_neither_keeps_nor_ends_it(data_dir: Path) -> None:
    with running(data_dir) as server:
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            server.stop()
            os.write(write_end, b"kept" if server.is_keeper else b"free")
            os._exit(0)
        os.waitpid(child, 0)
        assert os.read(read_end, 4) == b"free"
        os.close(read_end)
        os.close(write_end)
        assert ask(server, "PING") in (b"PONG", True)
