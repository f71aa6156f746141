"""The OpenAPI document is valid, complete, and true of the running server."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis import Case
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from fairlane.engine import Engine
from fairlane.runtime.sockets import listen
from fairlane.server.app import App, create_app
from fairlane.server.http.openapi import openapi_document
from fairlane.server.routes import API
from fairlane.server.run import serve_on
from fairlane.store import Durability, open_store

CONTRACT = {
    "/jobs": {"get", "post"},
    "/jobs/batch": {"post"},
    "/jobs/{id}": {"get"},
    "/jobs/{id}/explain": {"get"},
    "/jobs/{id}/cancel": {"post"},
    "/jobs/{id}/retry": {"post"},
    "/jobs/pending": {"get"},
    "/jobs/running": {"get"},
    "/jobs/completed": {"get"},
    "/jobs/dlq": {"get", "delete"},
    "/jobs/scheduled": {"get"},
    "/jobs/cancelled": {"get"},
    "/jobs/dlq/groups": {"get"},
    "/jobs/dlq/retry": {"post"},
    "/jobs/actions": {"post"},
    "/jobs/metrics": {"get"},
    "/jobs/counts": {"get"},
    "/schedules": {"get"},
    "/tenants/{id}/schedules/{name}": {"get", "put", "delete"},
    "/tenants/{id}/schedules/{name}/pause": {"post"},
    "/tenants/{id}/schedules/{name}/resume": {"post"},
    "/tenants/{id}/schedules/{name}/run": {"post"},
    "/batches": {"get", "post"},
    "/batches/{id}": {"get"},
    "/batches/{id}/jobs": {"post"},
    "/batches/{id}/seal": {"post"},
    "/batches/{id}/cancel": {"post"},
    "/tenants": {"get"},
    "/tenants/{id}": {"get", "put"},
    "/tenants/{id}/pause": {"post"},
    "/tenants/{id}/resume": {"post"},
    "/tokens": {"get", "post"},
    "/tokens/{name}": {"delete"},
    "/tokens/{name}/rotate": {"post"},
    "/audit": {"get"},
    "/defaults": {"get", "put"},
    "/leases": {"post"},
    "/leases/extend": {"post"},
    "/leases/finish": {"post"},
    "/workers": {"get"},
    "/workers/{id}": {"delete"},
    "/workers/{id}/reap": {"post"},
    "/jobs/{id}/logs": {"get"},
    "/workers/{id}/orders": {"get"},
    "/workers/{id}/drain": {"post"},
    "/tenants/{id}/limits": {"delete"},
    "/queues": {"get"},
    "/queues/{name}": {"put"},
    "/queues/{name}/pause": {"post"},
    "/queues/{name}/resume": {"post"},
    "/overview": {"get"},
    "/history": {"get"},
    "/events": {"get"},
    "/jobs/{id}/events": {"get"},
    "/metrics": {"get"},
    "/scaling": {"get"},
    "/livez": {"get"},
    "/readyz": {"get"},
}
DOCUMENT: dict[str, Any] = json.loads(openapi_document(API))
schema = schemathesis.openapi.from_dict(DOCUMENT)


@contextmanager
def served_by_a_thread(store_url: str, make_app: Callable[[Engine], Awaitable[App]] | None = None) -> Iterator[str]:
    """The URL of a server with a separate event loop, for clients that block. `make_app` runs on an empty store."""
    listener = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    ready = threading.Event()
    stop: list[Callable[[], object]] = []

    async def serve() -> None:
        store = await open_store(store_url, Durability.MEMORY)
        await store.client.flushall()
        engine = await Engine.open(store)
        app = await make_app(engine) if make_app else create_app(engine)
        serving = asyncio.create_task(serve_on(app, listener, url, on_ready=lambda _: ready.set()))
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(serving.cancel))
        await asyncio.wait([serving])
        await engine.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(60)
        yield url
    finally:
        stop[0]()
        thread.join(60)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def url(store_url: str) -> Iterator[str]:
    with served_by_a_thread(store_url) as url:
        yield url


def test_the_document_is_compressed_and_sent_once(url: str) -> None:
    with httpx.Client(base_url=url) as client:
        answer = client.get("/openapi.json")
        assert (answer.headers["content-encoding"], answer.json()["openapi"]) == ("gzip", "3.1.0")
        assert int(answer.headers["content-length"]) < len(answer.content) / 10
        again = client.get("/openapi.json", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        plain = client.get("/openapi.json", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.headers["etag"] != answer.headers["etag"]


def test_texts_have_no_traces_of_the_source() -> None:
    for methods in DOCUMENT["paths"].values():
        assert not [operation["summary"] for operation in methods.values() if "\n" in operation["summary"]]
    descriptions = [schema.get("description", "") for schema in DOCUMENT["components"]["schemas"].values()]
    assert not [text for text in descriptions if "\n " in text]


def test_every_call_of_the_contract_is_there() -> None:
    assert {path: set(methods) for path, methods in DOCUMENT["paths"].items()} == CONTRACT


@schema.exclude(path="/events").parametrize()  # it never ends; other tests cover streams
@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_server_does_what_the_document_says(case: Case[Any], url: str) -> None:
    assume(f"/jobs/{(case.path_parameters or {}).get('id')}" not in DOCUMENT["paths"])  # that is another operation
    if isinstance(case.body, dict) and _is_positive(case.body.get("waitSeconds")):
        case.body["waitSeconds"] = 0  # other tests cover waiting
    if "waitSeconds" in (case.query or {}):
        del case.query["waitSeconds"]
    case.call_and_validate(base_url=url, excluded_checks=unfair_checks(case))


def unfair_checks(case: Case[Any]) -> list[CheckFunction]:
    """Checks that ask more than the operation promises."""
    unfair: list[CheckFunction] = []
    if case.operation.body or "cursor" in case.operation.query:
        # No schema says that two fields exclude each other, or which cursors are valid.
        unfair.append(positive_data_acceptance)
    if case.operation.path in ("/jobs/batch", "/batches", "/batches/{id}/jobs"):
        unfair.append(negative_data_rejection)  # a bad item is refused within the answer
    return unfair


def _is_positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
