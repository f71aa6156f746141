"""HTTP itself: methods, media types, sizes, and clients that misbehave on the wire."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest

from fairlane.rest.limits import JOB_BODY, LARGE_BODY, MAX_URI, SMALL_BODY
from fairlane.server.http.protocol import HEAD_LIMIT_BYTES
from fairlane.server.settings import ServerSettings

from .conftest import Served, fields_of


@pytest.fixture(scope="module")
def settings() -> ServerSettings:
    return ServerSettings(request_seconds=1.0, linger_seconds=10.0, max_connections=MOST_CONNECTIONS)


MOST_CONNECTIONS = 20


@contextlib.asynccontextmanager
async def connection(api: Served) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(api.host, api.port)
    try:
        async with asyncio.timeout(20):
            yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def raw(api: Served, request: bytes) -> bytes:
    """All that the server answers to these bytes before it closes the connection."""
    async with connection(api) as (reader, writer):
        writer.write(request)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        answer = b""
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                answer += data
        return answer


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/jobs", "POST, GET, HEAD, OPTIONS"),
        ("POST", "/jobs/pending", "GET, HEAD, OPTIONS"),
        ("PUT", "/jobs/batch", "POST, OPTIONS"),
        ("DELETE", "/tenants/a", "GET, HEAD, PUT, OPTIONS"),
        ("TRACE", "/livez", "GET, HEAD, OPTIONS"),
        ("POST", "/", "GET, HEAD, OPTIONS"),
        ("HEAD", "/leases", "POST, OPTIONS"),
    ],
)
async def test_other_methods_are_told_which_there_are(
    client: httpx.AsyncClient, method: str, path: str, allow: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    assert method == "HEAD" or fields_of(answer) == []
    options = await client.options(path)
    assert (options.status_code, options.headers["allow"], options.content) == (204, allow, b"")


async def test_head_is_get_without_the_body(client: httpx.AsyncClient, tenant: str) -> None:
    for path in (f"/tenants/{tenant}", "/livez", "/openapi.json", "/jobs/" + "0" * 26):
        full, head = await client.get(path), await client.head(path)
        assert head.status_code == full.status_code
        assert head.content == b""
        assert head.headers["content-length"] == full.headers["content-length"]


@pytest.mark.parametrize("path", ["/nope", "/jobs/", "/jobs/a/b/c", "/tenants//pause", "/JOBS", "//", "/jobs/pending/"])
async def test_unknown_paths_are_problems(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.request("GET", f"{client.base_url}".rstrip("/") + path)
    assert answer.status_code == 404
    assert fields_of(answer) == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (None, 202),
        ("application/json", 202),
        ("application/json; charset=utf-8", 202),
        ("Application/JSON", 202),
        ("application/vnd.acme+json", 202),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
    ],
)
async def test_bodies_are_json(client: httpx.AsyncClient, free_tenant: str, kind: str | None, status: int) -> None:
    headers = {} if kind is None else {"content-type": kind}
    answer = await client.post("/jobs", content=f'{{"tenantId":"{free_tenant}","payload":1}}', headers=headers)
    assert answer.status_code == status
    encoded = await client.post("/jobs", content=b"x", headers={**headers, "content-encoding": "gzip"})
    assert encoded.status_code == 415


def said_to_have(path: str, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n".encode()
    )


@pytest.mark.parametrize(
    ("path", "most"), [("/jobs", JOB_BODY), ("/jobs/batch", LARGE_BODY), ("/jobs/actions", SMALL_BODY)]
)
async def test_a_body_said_to_be_large_is_refused_before_it_comes(api: Served, path: str, most: int) -> None:
    async with connection(api) as (reader, writer):
        writer.write(said_to_have(path, most))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
    async with connection(api) as (reader, writer):
        writer.write(said_to_have(path, most + 1))
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in answer
        assert b"body_too_large" in await reader.readuntil(b"}")


async def test_a_slow_body_is_given_up(api: Served) -> None:
    async with connection(api) as (reader, writer):
        writer.write(b"POST /jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{")
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"urn:fairlane:problem:request_timeout" in answer


async def test_a_slow_head_is_given_up(api: Served) -> None:
    for start in (b"", b"GET /livez HTT", b"GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: "):
        answer = await raw(api, start)
        assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_trickle_counts_as_slow(api: Served) -> None:
    async with connection(api) as (reader, writer):
        answer = asyncio.create_task(reader.read())
        writer.write(b"POST /jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100000\r\n\r\n")
        while not answer.done():
            writer.write(b" ")
            await asyncio.wait([answer], timeout=0.05)
        assert answer.result().startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_breaks_off_leaves_no_job(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    async with connection(api) as (_, writer):
        body = f'{{"tenantId":"{tenant}","payload":1}}'.encode()
        head = b"POST /jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n" % (len(body) + 1)
        writer.write(head + body)
        await writer.drain()
    assert (await client.get(f"/tenants/{tenant}")).json()["submitted"] == 0


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /jobs HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        b"POST /jobs HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
        b"POST /jobs HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"POST /jobs HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /jobs HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        b"POST /jobs HTTP/1.1\r\nidempotency-key: a\rb\r\ncontent-length: 2\r\n\r\n{}",
        b"POST /jobs HTTP/1.1\r\nidempotency-key: a\x00b\r\ncontent-length: 2\r\n\r\n{}",
        b"GET /livez HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET /jobs/\xff\xfe HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /jobs HTTP/1.1\r\ncontent-length: 99999999999999999999999999\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_no_http_is_a_client_error(api: Served, request_bytes: bytes) -> None:
    answer = await raw(api, request_bytes)
    assert answer.startswith(b"HTTP/1.1 4"), answer
    assert b"application/problem+json" in answer


async def test_endless_heads_are_refused(api: Served) -> None:
    for head in (b"x-long: " + b"x" * 10 * HEAD_LIMIT_BYTES, b"x-many: 1\r\n" * 50_000):
        answer = await raw(api, b"GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n" + head)
        # Where the server closes while more comes in, the answer may be lost with the connection.
        assert not answer or answer.startswith(b"HTTP/1.1 431 ")
    answer = await raw(api, b"GET /livez HTTP/1.1\r\n" + b"x-a: 1\r\n" * 101 + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")


HOST = b"host: 127.0.0.1\r\n"


@pytest.mark.parametrize("hosts", [b"", HOST * 2, HOST + b"Host: localhost\r\n"], ids=["none", "the same", "two"])
async def test_a_request_has_exactly_one_host(api: Served, hosts: bytes) -> None:
    answer = await raw(api, b"GET /livez HTTP/1.1\r\n" + hosts + b"connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"An HTTP/1.1 request must have exactly one Host header." in answer


async def test_a_second_request_without_a_host_is_refused_too(api: Served) -> None:
    answer = await raw(api, b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\nGET /livez HTTP/1.1\r\n\r\n")
    assert answer.count(b"HTTP/1.1 400 ") == 1


@pytest.mark.parametrize("host", [b"", b"127.0.0.1:http", b"a@127.0.0.1", b"127.0.0.1/x", b"127.0.0.1, localhost"])
async def test_a_host_is_a_name_or_an_address(api: Served, host: bytes) -> None:
    answer = await raw(api, b"GET /livez HTTP/1.1\r\nhost: " + host + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"The Host header must be a name or an address, and perhaps a port." in answer


@pytest.mark.parametrize(("target", "status"), [(b"http://localhost:1", b"200"), (b"HTTP://evil.example", b"421")])
async def test_a_whole_url_names_the_host(api: Served, target: bytes, status: bytes) -> None:
    answer = await raw(api, b"GET " + target + b"/jobs HTTP/1.1\r\nconnection: close\r\n" + HOST + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("line", [b"GET /livez", b"GET /livez HTTP/0.9", b"GET /livez HTTP/2.0"])
async def test_other_versions_of_http_are_refused(api: Served, line: bytes) -> None:
    answer = await raw(api, line + b"\r\n" + HOST + b"\r\n")
    assert answer.startswith((b"HTTP/1.1 505 ", b"HTTP/1.1 400 "))
    assert b"urn:fairlane:problem:" in answer


@pytest.mark.parametrize(
    "name", ["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-Id", "Origin", "Sec-Fetch-Site"]
)
async def test_a_header_with_one_meaning_is_not_repeated(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.post("/jobs", content=b"{}", headers=[(name, "a"), (name, "b")])
    assert answer.status_code == 400
    assert answer.json()["detail"] == f"The header {name} must be given once."


@pytest.mark.parametrize("length", [MAX_URI + 1, 3 * MAX_URI, 20 * MAX_URI])
async def test_a_long_uri_is_414(api: Served, length: int) -> None:
    path = b"/jobs?key=" + b"x" * (length - len(b"/jobs?key="))
    answer = await raw(api, b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 414 ")
    assert b"urn:fairlane:problem:uri_too_long" in answer
    allowed = await raw(api, b"GET " + path[:MAX_URI] + b" HTTP/1.1\r\n" + HOST + b"connection: close\r\n\r\n")
    assert allowed.startswith(b"HTTP/1.1 422 ")  # the key is too long


@pytest.mark.parametrize("request_bytes", [b"GET\r\n\r\n", b"GET /livez HTTP/1.1\r\n\r\n"])
async def test_refusals_of_the_parser_have_a_date(api: Served, request_bytes: bytes) -> None:
    assert b"\r\ndate: " in (await raw(api, request_bytes)).partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize("path", ["/livez", "/nope", "/jobs/x", "/jobs", "/openapi.json", "/"])
async def test_no_browser_guesses_a_type_and_no_proxy_stores_an_answer(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    # Files have an ETag, and may be stored as long as they are checked.
    assert answer.headers["cache-control"] == ("no-cache" if "etag" in answer.headers else "no-store")


async def test_a_submission_and_a_refusal_must_not_be_stored(
    api: Served, client: httpx.AsyncClient, tenant: str
) -> None:
    for answer in (
        await client.post("/jobs", json={"tenantId": tenant, "payload": 1}),
        await client.post("/jobs", json={"tenantId": tenant}),
        await client.patch("/jobs"),
    ):
        assert answer.headers.get_list("cache-control") == ["no-store"]
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    refused = await raw(api, b"GET\r\n\r\n")
    assert b"\r\ncache-control: no-store\r\n" in refused and b"\r\nx-content-type-options: nosniff\r\n" in refused


async def test_no_header_of_ours_can_be_split(client: httpx.AsyncClient) -> None:
    answer = await client.get("/tenants/a%0d%0aset-cookie:%20x=1")
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


async def test_pipelined_requests_are_answered_in_order(api: Served, free_tenant: str) -> None:
    body = b'{"tenantId":"%b","payload":%d}'
    requests = b""
    for n in range(20):
        content = body % (free_tenant.encode(), n)
        requests += b"POST /jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n%b" % (len(content), content)
    requests += b"GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
    answer = await raw(api, requests)
    assert answer.count(b"HTTP/1.1 202 ") == 20
    places = [answer.index(b'"payload":%d,' % n) for n in range(20)]
    assert places == sorted(places)
    assert answer.endswith(b'{"status":"ok"}')


async def test_http_1_0_and_websocket_upgrades(api: Served) -> None:
    assert (await raw(api, b"GET /livez HTTP/1.0\r\n\r\n")).endswith(b'{"status":"ok"}')
    upgrade = b"GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n"
    assert (await raw(api, upgrade)).startswith(b"HTTP/1.1 200 ")


async def test_nothing_names_the_server_software(client: httpx.AsyncClient) -> None:
    assert "server" not in (await client.get("/livez")).headers


async def test_connections_beyond_the_bound_are_refused_until_others_close(api: Served) -> None:
    request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    held = [await asyncio.open_connection(api.host, api.port) for _ in range(MOST_CONNECTIONS)]
    try:
        answer = b""
        while b"503" not in answer:  # the server has not accepted all of them yet
            answer = await raw(api, request)
        assert b"urn:fairlane:problem:too_many_connections" in answer
        assert b"retry-after: 1\r\n" in answer
    finally:
        for _, writer in held:
            writer.close()
    while b" 200 " not in await raw(api, request):
        pass
