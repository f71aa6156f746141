"""A disk that is full: refused with a clear code, nothing acknowledged is lost, and all goes on once there is room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.running import Api, eventually, run, up

BODY = {"tenantId": "acme", "payload": "x" * 10_000}
REFUSALS = {503: "store_unavailable", 507: "store_full"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The data folder, on a file system of 8 MB."""
    folder = tmp_path / ".fairlane"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here: that takes the rights of root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def submit(api: Api) -> httpx.Response:
    return httpx.post(f"{api.url}/jobs", json=BODY, timeout=30)


def submit_until_refused(api: Api, accepted: list[str]) -> None:
    for _ in range(2_000):
        answer = submit(api)
        if answer.status_code != 202:
            assert answer.json()["type"] == "urn:fairlane:problem:" + REFUSALS[answer.status_code]
            assert answer.headers["retry-after"] == "1"
            return
        accepted.append(answer.json()["id"])
    pytest.fail("the disk is not full")


def fill(disk: Path) -> Path:
    """A file that leaves less than one job's room."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4_096):
                pass
        except OSError:
            pass
    return filler


@pytest.mark.parametrize("durability", ["disk", "memory"])
def test_a_full_disk_loses_nothing_and_is_got_over(tmp_path: Path, small_disk: Path, durability: str) -> None:
    with up(tmp_path, "--default-rate", "off", "--durability", durability) as system:
        api = system.await_ready()
        accepted = [submit(api).json()["id"] for _ in range(20)]
        filler = fill(small_disk)
        submit_until_refused(api, accepted)
        assert httpx.get(f"{api.url}/livez").status_code == 200
        filler.unlink()
        eventually(lambda: submit(api).status_code == 202, 60, "submissions are accepted again")
        api.await_state(accepted, "completed", within_s=60)
        run(tmp_path, "doctor", "--durability", durability)


def test_a_disk_that_is_full_before_the_start_is_told(tmp_path: Path, small_disk: Path) -> None:
    fill(small_disk)
    with up(tmp_path) as system:
        assert system.wait() == 1
        assert system.survivors() == []
        assert "did not start: its disk is full" in system.log().splitlines()[-1]
        assert "Traceback" not in system.log()
