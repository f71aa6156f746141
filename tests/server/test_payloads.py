"""Payloads come back as they were sent, or are refused."""

from __future__ import annotations

import json
import resource
from collections.abc import AsyncIterator

import httpx
import pytest

from .conftest import Served, fields_of

MEBIBYTE = 1024 * 1024

KEPT = [
    "null", "true", "0", "-0", '""', "[]", "{}", "[[],{}]", "130775545883395173", "18446744073709551616",
    "-9223372036854775809", "9" * 4300, "1.0", "1e5", "1E+2", "0.1", "1e308", "-1.5e-300", "3." + "1" * 400, "1e-999",
    '"\\u0000"', '"\\ud83d\\ude00"', '"é\\u00e9"', '"\\/\\b\\f"', '"\u2028\u007f"', '{"z":1,"a":2,"z ":3}',
    '{"":{"":[]}}', '{"__proto__":{"x":1}}', '"<script>alert(1)</script>"', '"redis.call(\'FLUSHALL\')"',
    "[" * 199 + "]" * 199, '{"a":' * 150 + "1" + "}" * 150, "[" + "[]," * 5000 + "[]]", '"' + "[" * 5000 + '"',
    '"' + "\\\\\\\"[" * 1000 + '"', '"' + "x" * (256 * 1024 - 2) + '"',
]  # fmt: skip

REFUSED = {
    400: [
        b"NaN", b"Infinity", b"-Infinity", b"", b"'a'", b"[1,]", b"{a:1}", b"01", b"+1", b"1.", b".5", b"1e", b"truE",
        b'"\\ud800"', b'"\\udc00x"', b'"\\ud800\\ud800"', b'"a\x00b"', b'"a\nb"', b'"\\x41"', b'"\xff"', b'"\xc0\x80"',
        b'"\xed\xa0\x80"', b'{"\xff":1}', b"/**/1", b"\xef\xbb\xbf1", b"[1 2]", b"[", b'{"a"', b'"abc', b"undefined",
    ],
    422: [
        b"1e999", b"-1e999", b"[1E400]", b"9" * 4301, b"[" + b"9" * 5000 + b"]", b"[" * 201 + b"]" * 201,
        b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 40_000 + b"1" + b"}" * 40_000, b"[" * 300 + b'"]]]"' + b"]" * 300,
    ],
    413: [b'"' + b"x" * (256 * 1024 - 1) + b'"'],
}  # fmt: skip


def body_of(tenant: str, payload: bytes) -> bytes:
    return b'{"tenantId":"%b","payload":%b}' % (tenant.encode(), payload)


@pytest.mark.parametrize("payload", KEPT, ids=lambda payload: payload[:20])
async def test_a_payload_comes_back_word_for_word(
    api: Served, client: httpx.AsyncClient, free_tenant: str, payload: str
) -> None:
    made = await client.post("/jobs", content=body_of(free_tenant, payload.encode()))
    assert made.status_code == 202, made.text
    json.loads(made.content)
    text = f'"payload":{payload},"result"'.encode()
    assert text in made.content
    path = made.headers["location"]
    assert text in (await client.get(path)).content
    listed = await client.get("/jobs/pending", params={"tenantId": free_tenant, "include": "payload"})
    assert f'"payload":{payload}}}]'.encode() in listed.content
    claimed = await client.post("/leases", json={"workerId": "w", "max": 500})
    assert f'"payload":{payload},"timeoutSeconds"'.encode() in claimed.content


@pytest.mark.parametrize(
    ("status", "payload"), [(status, payload) for status, payloads in REFUSED.items() for payload in payloads],
    ids=lambda value: repr(value)[:24],
)  # fmt: skip
async def test_json_that_others_could_not_read_is_refused(
    client: httpx.AsyncClient, status: int, payload: bytes
) -> None:
    answer = await client.post("/jobs", content=body_of("never", payload))
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    json.loads(answer.content)


async def test_duplicate_keys_are_kept_in_payloads(client: httpx.AsyncClient, tenant: str) -> None:
    made = await client.post("/jobs", content=body_of(tenant, b'{"a":1,"a":2}'))
    assert b'"payload":{"a":1,"a":2}' in made.content


@pytest.mark.parametrize("payload", ["[1.50, 9007199254740993]", "[" * 150 + "]" * 150, "1e-999"])
async def test_results_are_kept_like_payloads(
    api: Served, client: httpx.AsyncClient, tenant: str, payload: str
) -> None:
    await api.submit(tenant, queue=tenant)
    (lease,) = await api.claim(queues=[tenant])
    item = f'{{"jobId":"{lease["jobId"]}","token":"{lease["token"]}","outcome":"completed","result":{payload}}}'
    done = await client.post("/leases/finish", content=f'{{"outcomes":[{item}]}}')
    assert done.json()["results"][0]["status"] == "ok"
    assert f'"result":{payload},'.encode() in (await client.get(f"/jobs/{lease['jobId']}")).content


@pytest.mark.parametrize(
    ("status", "result"), [(422, "1e999"), (422, "[" * 201 + "]" * 201), (413, '"' + "x" * 262_144 + '"')]
)
async def test_bad_results_are_refused(client: httpx.AsyncClient, status: int, result: str) -> None:
    item = f'{{"jobId":"{"0" * 26}","token":"t","outcome":"completed","result":{result}}}'
    answer = await client.post("/leases/finish", content=f'{{"outcomes":[{item}]}}')
    assert answer.status_code == status
    assert answer.json()["errors"][0]["pointer"] == "/outcomes/0/result"


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"1", b'"x"', b"{}", b'{"tenantId":"a","payload":1} x', b"\xff"])
async def test_bodies_that_are_no_job(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/jobs", content=body)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_hundred_megabytes_are_refused_and_not_kept(
    api: Served, client: httpx.AsyncClient, chunked: bool
) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * MEBIBYTE

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    headers = {} if chunked else {"content-length": str(100 * MEBIBYTE)}
    try:
        answer = await client.post("/jobs", content=body(), headers=headers)
    except httpx.WriteError:
        pytest.fail("the connection was reset before the answer was read")
    assert answer.status_code == 413
    assert fields_of(answer) == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024  # KiB
