"""The API below a path of a proxy, whether the proxy removes the path or not."""

from __future__ import annotations

import re

import httpx
import pytest

from fairlane.model.errors import InvalidInput
from fairlane.model.ids import new_job_id
from fairlane.model.job import NewJob, SubmitStatus
from fairlane.remote import RemoteBackend
from fairlane.server.settings import ServerSettings, check_base_path

from .conftest import Served

both = pytest.mark.parametrize("seen", ["/queues", ""], ids=["kept", "removed"])


@pytest.fixture(scope="module")
def settings() -> ServerSettings:
    return ServerSettings(base_path="/queues")


@both
async def test_locations_are_below_the_base_path(client: httpx.AsyncClient, tenant: str, seen: str) -> None:
    made = await client.post(f"{seen}/jobs", json={"tenantId": tenant, "payload": 1})
    assert (made.status_code, made.headers["location"]) == (202, f"/queues/jobs/{made.json()['id']}")
    assert (await client.get(made.headers["location"])).json() == made.json()
    schedule = f"{seen}/tenants/{tenant}/schedules/nightly"
    assert (await client.put(schedule, json={"cron": "0 3 * * *", "payload": 1})).status_code == 200
    ran = await client.post(f"{schedule}/run")
    assert (ran.status_code, ran.headers["location"]) == (202, f"/queues/jobs/{ran.json()['id']}")


@both
@pytest.mark.parametrize("page", ["/", "/ui/jobs", "/docs"])
async def test_pages_load_and_link_to_files_below_the_base_path(
    client: httpx.AsyncClient, seen: str, page: str
) -> None:
    text = (await client.get(seen + page)).text
    assert '<html lang="en" data-base="/queues">' in text
    targets = re.findall(r'(?:href|src)="([^"]+)"', text) + re.findall(r'": "([^"]+)"', text)
    assert targets and all(target.startswith("/queues/") for target in targets)
    for target in targets:
        assert (await client.get(target)).status_code == 200, target
        assert (await client.get(target.removeprefix("/queues"))).status_code == 200, target


async def test_the_document_names_the_base_path(client: httpx.AsyncClient) -> None:
    assert (await client.get("/queues/openapi.json")).json()["servers"] == [{"url": "/queues"}]


@pytest.mark.parametrize(
    ("path", "status"), [("/queues", 200), ("/queues/", 200), ("/queuesx/livez", 404), ("/queues/queues/pause", 405)]
)
async def test_only_whole_steps_of_the_path_count(client: httpx.AsyncClient, path: str, status: int) -> None:
    """And the base path only once: there is PUT /queues/pause, and no /pause."""
    assert (await client.get(path)).status_code == status


async def test_our_client_takes_the_whole_url(api: Served, tenant: str) -> None:
    backend = RemoteBackend(f"http://127.0.0.1:{api.port}/queues")
    jobs = [NewJob(id=new_job_id(0), tenant_id=tenant, payload=b"1") for _ in range(2)]
    assert [made.status for made in await backend.jobs.submit(jobs)] == [SubmitStatus.CREATED] * 2
    assert [queue.name for queue in await backend.queues.list()] == ["default"]
    await backend.close()


@pytest.mark.parametrize(
    "path", ["queues", "//evil.example", "/a//b", "/..", "/a/./b", '/"x', "/a b", "http://x/y", "/é"]
)
def test_other_base_paths_are_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match="a base path must look like"):
        check_base_path(path)


@pytest.mark.parametrize(("path", "kept"), [("", ""), ("/", ""), ("/queues/", "/queues"), ("/a/b.c", "/a/b.c")])
def test_a_slash_at_the_end_does_not_count(path: str, kept: str) -> None:
    assert check_base_path(path) == kept
