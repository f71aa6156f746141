"""`fairlane backup` copies a store under load, and `fairlane restore` makes a store of the copy."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx

from tests.support.running import Api, eventually, run, up

SUBMITTERS = 3


class Load:
    """Threads that submit jobs until they are stopped, and remember which were accepted."""

    def __init__(self, api: Api) -> None:
        self.accepted: list[str] = []
        self._api = api
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._submit, args=(number,)) for number in range(SUBMITTERS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _submit(self, number: int) -> None:
        with httpx.Client(base_url=self._api.url, timeout=30) as client:
            while not self._stop.is_set():
                body = {"tenantId": f"tenant-{number}", "task": "default", "payload": number}
                answer = client.post("/jobs", json=body)
                if answer.status_code == 202:
                    self.accepted.append(answer.json()["id"])


def _unfinished(api: Api) -> int:
    counts: dict[str, int] = api.get("/jobs/counts")
    return counts["pending"] + counts["running"] + counts["scheduled"]


def test_every_job_accepted_before_a_backup_under_load_is_restored(tmp_path: Path) -> None:
    old, new, copy = tmp_path / "old", tmp_path / "new", tmp_path / "copy.rdb"
    old.mkdir()
    new.mkdir()
    with up(old, "--default-rate", "off", "--workers", "2", "--lease", "5s") as system:
        api = system.await_ready()
        with Load(api) as load:
            eventually(lambda: len(load.accepted) >= 100, 60, "jobs are accepted")
            before = list(load.accepted)
            run(old, "backup", str(copy))
            beside = len(load.accepted) - len(before)
        assert beside > 0, "the store went on meanwhile"
    assert copy.stat().st_mode & 0o777 == 0o600

    run(new, "restore", str(copy))
    assert "Everything is in order." in run(new, "doctor").stdout
    with up(new, "--workers", "2") as system:
        api = system.await_ready()
        with httpx.Client(base_url=api.url, timeout=30) as client:
            assert {client.get(f"/jobs/{job_id}").status_code for job_id in before} == {200}
        eventually(lambda: _unfinished(api) == 0, 90, "all jobs have run, those with a lease at the backup too")
    assert "Everything is in order." in run(new, "doctor").stdout


def test_a_restore_changes_no_folder_with_data_and_leaves_none_of_a_bad_copy(tmp_path: Path) -> None:
    with up(tmp_path) as system:
        api = system.await_ready()
        kept = api.submit("acme", "default", 1)
        run(tmp_path, "backup", "copy.rdb")
    refused = run(tmp_path, "restore", "copy.rdb", code=1)
    assert "holds a store already: name a new folder with --data-dir" in refused.stderr
    with up(tmp_path) as system:
        assert system.await_ready().job(kept)["id"] == kept

    whole = (tmp_path / "copy.rdb").read_bytes()
    (tmp_path / "cut.rdb").write_bytes(whole[: len(whole) // 2])
    cut = run(tmp_path, "restore", "cut.rdb", "--data-dir", "elsewhere", code=1)
    assert "the server cannot read cut.rdb" in cut.stderr
    assert not (tmp_path / "elsewhere" / "appendonlydir").exists()
    run(tmp_path, "restore", "copy.rdb", "--data-dir", "elsewhere")

    (tmp_path / "other.txt").write_text("no backup")
    other = run(tmp_path, "restore", "other.txt", "--data-dir", "third", code=2)
    assert "other.txt is not a backup of a store" in other.stderr


def test_a_backup_needs_a_store_and_a_folder_that_exists(tmp_path: Path) -> None:
    api = run(tmp_path, "backup", "copy.rdb", "--url", "http://127.0.0.1:1", code=2)
    assert "this needs the URL of a store, not of an API" in api.stderr
    missing = run(tmp_path, "backup", "copy.rdb", code=1)
    assert "there is no store in .fairlane" in missing.stderr
    assert not (tmp_path / "copy.rdb").exists()
