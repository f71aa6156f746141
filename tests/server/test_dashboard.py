"""The pages and their files over HTTP: nothing foreign, nothing twice, nothing else."""

from __future__ import annotations

import gzip
import re

import httpx
import pytest

from fairlane.server.assets import dashboard
from fairlane.server.http.files import accepts_gzip

from .conftest import Served, fields_of

PAGES = ["/", "/ui", "/ui/tenants", "/ui/tenants/a%2Fb", "/docs"]
SCRIPT = f"/assets/{dashboard().fingerprint}/js/main.js"


@pytest.mark.parametrize("path", PAGES)
async def test_pages_load_nothing_foreign(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-cache"
    assert not re.search(r"<script>|\bon\w+=|\bstyle=|https?://", page.text)
    linked = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.text)
    assert len(linked) > 1
    for link in linked:
        assert (await client.get(link)).status_code == 200


async def test_all_that_the_import_map_names_is_there(client: httpx.AsyncClient) -> None:
    mapped = re.findall(r'": "(/assets/[^"]+)"', (await client.get("/")).text)
    assert len(mapped) == 5
    for path in mapped:
        assert (await client.get(path)).headers["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("path", ["/", SCRIPT])
async def test_files_come_compressed_and_once(client: httpx.AsyncClient, path: str) -> None:
    plain = await client.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    async with client.stream("GET", path, headers={"accept-encoding": "br, gzip"}) as zipped:
        body = b"".join([part async for part in zipped.aiter_raw()])
    assert zipped.headers["content-encoding"] == "gzip"
    assert len(body) < len(plain.content)
    assert gzip.decompress(body) == plain.content
    assert zipped.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert zipped.headers["etag"] != plain.headers["etag"]
    for answer, coding in ((plain, "identity"), (zipped, "gzip")):
        headers = {"accept-encoding": coding, "if-none-match": f'"other", {answer.headers["etag"]}'}
        again = await client.get(path, headers=headers)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    weak = f"W/{plain.headers['etag']}"  # as a proxy writes it that compresses by itself
    for known in ("*", weak, f'"other",{weak}'):
        again = await client.get(path, headers={"accept-encoding": "identity", "if-none-match": known})
        assert again.status_code == 304
    for accepted, is_zipped in (("*;q=0, gzip", True), ("gzip;q=0, *", False), ("*", True)):
        answer = await client.get(path, headers={"accept-encoding": accepted})
        assert ("content-encoding" in answer.headers) == is_zipped
    head = await client.head(path, headers={"accept-encoding": "identity"})
    assert (head.content, head.headers["content-length"]) == (b"", str(len(plain.content)))


async def test_files_may_be_kept_for_ever(client: httpx.AsyncClient) -> None:
    assert "immutable" in (await client.get(SCRIPT)).headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/x/js/main.js",
        "/assets/{}/",
        "/assets/{}/js",
        "/assets/{}/js/",
        "/assets/{}/../assets.py",
        "/assets/{}/%2e%2e/assets.py",
        "/assets/{}/js/..%2f..%2f..%2fassets.py",
        "/assets/{}//etc/passwd",
        "/assets/{}/index.html",
        "/assets/{}/README.md",
        "/assets/{}/vendor/SHA256SUMS",
    ],
)
async def test_nothing_else_is_served(api: Served, client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"http://127.0.0.1:{api.port}" + path.format(dashboard().fingerprint))
    assert (answer.status_code, fields_of(answer)) == (404, [])


@pytest.mark.parametrize(
    ("header", "accepted"),
    [("gzip", True), ("br;q=1.0, GZIP;q=0.5", True), ("*", True), ("", False), ("br", False), ("gzip;q=0", False)],
)
def test_who_takes_gzip(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


async def test_what_the_first_module_imports_is_asked_for_at_once(client: httpx.AsyncClient) -> None:
    preloaded = re.findall(r'<link rel="modulepreload" href="/assets/\w+/([^"]+)">', (await client.get("/")).text)
    assert {"js/shell.js", "js/lib/ui.js", "vendor/preact.mjs", "vendor/signals-core.mjs"} <= set(preloaded)
    assert len(preloaded) == len(set(preloaded))
    assert not [path for path in preloaded if path.startswith("js/pages/")]
    assert "modulepreload" not in (await client.get("/docs")).text
