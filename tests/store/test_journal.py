"""Damaged and foreign data folders: never silently empty, refused with what to do, repaired with what is lost."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import valkey

from fairlane.model.errors import StoreRefused
from fairlane.store import Durability, EmbeddedServer
from fairlane.store.embedded.journal import find_damage
from fairlane.store.embedded.repair import repair

Break = Callable[[Path], None]


def ask(server: EmbeddedServer, *command: str) -> object:
    client = valkey.Valkey(unix_socket_path=str(server.socket_path), socket_timeout=30)
    try:
        return client.execute_command(*command)  # type: ignore[no-untyped-call]
    finally:
        client.close()  # type: ignore[no-untyped-call]


def keys_in(data_dir: Path) -> list[bytes]:
    """Start the store, and list its keys."""
    server = EmbeddedServer(data_dir, Durability.DISK)
    server.start()
    try:
        found = ask(server, "KEYS", "*")
        assert isinstance(found, list)
        return sorted(found)
    finally:
        server.stop()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A stopped store: `old` in its snapshot; a, b and a transaction of c and d in its file of commands."""
    folder = tmp_path / "data"
    server = EmbeddedServer(folder, Durability.DISK)
    server.start()
    ask(server, "SET", "old", "1")
    ask(server, "BGREWRITEAOF")
    while b"aof_rewrite_in_progress:1" in str(ask(server, "INFO", "persistence")).encode():
        pass
    ask(server, "SET", "a", "1")
    ask(server, "SET", "b", "2")
    ask(server, "EVAL", "redis.call('SET', 'c', '3') redis.call('SET', 'd', '4')", "0")
    server.stop()
    return folder


def commands_of(data_dir: Path) -> Path:
    return max((data_dir / "appendonlydir").glob("*.incr.aof"))


def remove_manifest(data_dir: Path) -> None:
    (data_dir / "appendonlydir" / "appendonly.aof.manifest").unlink()


def spoil_manifest(data_dir: Path) -> None:
    (data_dir / "appendonlydir" / "appendonly.aof.manifest").write_bytes(b"file x seq")


def remove_commands(data_dir: Path) -> None:
    commands_of(data_dir).unlink()


def write_garbage_into(data_dir: Path) -> None:
    path = commands_of(data_dir)
    content = path.read_bytes()
    middle = content.index(b"\r\nb\r\n") - 12
    path.write_bytes(content[:middle] + b"\xff" * 5 + content[middle + 5 :])


def append_zeros(data_dir: Path) -> None:
    with open(commands_of(data_dir), "ab") as file:
        file.write(b"\0" * 512)


@pytest.mark.parametrize(
    ("damage", "what", "lost", "kept"),
    [
        (remove_manifest, "appendonly.aof.manifest is missing", "rebuilt appendonly.aof.manifest", b"a b c d old"),
        (spoil_manifest, "appendonly.aof.manifest cannot be read", "rebuilt appendonly.aof.manifest", b"a b c d old"),
        (remove_commands, "incr.aof is missing", "which is missing", b"old"),
        (write_garbage_into, "is damaged at byte", "lost the last", b"a old"),
        (append_zeros, "512 bytes follow", "lost the last 512 of", b"a b c d old"),
    ],
)
def test_damage_is_refused_and_repaired(data_dir: Path, damage: Break, what: str, lost: str, kept: bytes) -> None:
    damage(data_dir)
    with pytest.raises(StoreRefused, match=rf"{what}.* run `fairlane repair"):
        keys_in(data_dir)
    done = repair(data_dir)
    assert lost in done.findings[0]
    assert done.copy is not None and done.copy.is_dir()
    assert keys_in(data_dir) == kept.split()
    assert repair(data_dir).findings == []


@pytest.mark.parametrize("remove", ["appendonlydir", "all files"])
def test_a_store_that_has_lost_all_its_files_does_not_start_empty(data_dir: Path, remove: str) -> None:
    shutil.rmtree(data_dir / "appendonlydir")
    if remove == "all files":
        (data_dir / "appendonlydir").mkdir()
    with pytest.raises(StoreRefused, match="is missing; restore the folder from a backup"):
        keys_in(data_dir)
    with pytest.raises(StoreRefused, match="backup"):
        repair(data_dir)


def test_without_its_snapshot_a_store_is_not_repaired(data_dir: Path) -> None:
    next((data_dir / "appendonlydir").glob("*.base.rdb")).unlink()
    with pytest.raises(StoreRefused, match=r"base\.rdb is missing"):
        keys_in(data_dir)
    with pytest.raises(StoreRefused, match=r"the snapshot .* is missing: restore the folder from a backup"):
        repair(data_dir)


def test_a_flipped_bit_in_the_snapshot_is_seen(data_dir: Path) -> None:
    snapshot = next((data_dir / "appendonlydir").glob("*.base.rdb"))
    content = bytearray(snapshot.read_bytes())
    content[len(content) // 2] ^= 1
    snapshot.write_bytes(content)
    with pytest.raises(StoreRefused, match="did not start"):
        keys_in(data_dir)


@pytest.mark.parametrize("cut", [1, 40])
def test_a_cut_tail_is_dropped_with_a_warning(data_dir: Path, cut: int, caplog: pytest.LogCaptureFixture) -> None:
    path = commands_of(data_dir)
    path.write_bytes(path.read_bytes()[:-cut])
    assert keys_in(data_dir) == [b"a", b"b", b"old"]
    [warning] = [record.getMessage() for record in caplog.records if "incomplete" in record.message]
    assert warning.endswith(f" bytes of {path.name}")


def test_every_cut_is_seen(tmp_path: Path) -> None:
    single, transaction = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n", b"*1\r\n$5\r\nMULTI\r\n"
    whole = single + transaction + single + b"*1\r\n$4\r\nEXEC\r\n"
    path = tmp_path / "commands"
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        damage = find_damage(path)
        if length == len(single):
            assert damage is None
        else:
            intact = len(single) if length > len(single) else 0
            assert damage == (path, intact, length - intact, True)


@pytest.mark.parametrize("command", ["CONFIG SET port 7999", "REPLICAOF 192.0.2.1 6379", "config set port 7999"])
def test_commands_that_fairlane_never_writes_are_not_run(data_dir: Path, command: str) -> None:
    words = command.split()
    with open(commands_of(data_dir), "a") as file:
        file.write(f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words))
    with pytest.raises(StoreRefused, match=f"contains the command {words[0].upper()}, which fairlane never writes"):
        keys_in(data_dir)


@pytest.mark.parametrize(
    "name", ["up.lock", "store.lock", "server.lock", "store.log", "store.socket-path", "store.initialized"]
)
def test_no_symlink_in_a_data_folder_is_followed(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / name).symlink_to(victim)
    with pytest.raises(StoreRefused, match=f"{name} is a symlink: remove it"):
        EmbeddedServer(folder, Durability.DISK).start()
    assert victim.read_text() == "precious"


def test_a_data_folder_that_is_a_symlink_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    folder = tmp_path / "clone" / ".fairlane"
    folder.parent.mkdir()
    folder.symlink_to(outside)
    with pytest.raises(StoreRefused, match="is a symlink: name the folder that it points to"):
        EmbeddedServer(folder, Durability.DISK).start()
    assert list(outside.iterdir()) == []
    assert outside.stat().st_mode & 0o777 == 0o755


def test_a_symlink_to_other_data_is_not_followed(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "planted"
    folder.mkdir(mode=0o700)
    (folder / "appendonlydir").symlink_to(data_dir / "appendonlydir")
    with pytest.raises(StoreRefused, match="appendonlydir is a symlink"):
        keys_in(folder)


def test_a_pipe_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    os.mkfifo(folder / "store.log")
    with pytest.raises(StoreRefused, match=r"store\.log is a pipe: remove it"):
        keys_in(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", ["store.log", "appendonlydir"])
def test_the_data_of_another_user_is_not_loaded(data_dir: Path, name: str) -> None:
    os.chown(data_dir / name, 65534, 65534)
    with pytest.raises(StoreRefused, match=r"belongs to another user \(uid 65534\): run as that user, or `chown`"):
        keys_in(data_dir)
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
