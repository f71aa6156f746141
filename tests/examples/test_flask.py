"""The Flask example, against a real store and worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from tests.support.running import eventually

ACME = {"X-Customer": "acme"}


@pytest.fixture
def client(example: Callable[[str], None]) -> Iterator[Any]:
    example("flask_thumbnails:jobs")
    module: Any = import_module("flask_thumbnails")
    yield module.web.test_client()
    module.jobs.close_sync()


def test_thumbnails_are_ordered_made_and_shown(client: Any) -> None:
    answer = client.post("/thumbnails", json={"picture": "cat.png", "width": 200}, headers=ACME)
    assert answer.status_code == 202, answer.text
    thumbnail = answer.headers["Location"]
    eventually(lambda: client.get(thumbnail, headers=ACME).json["state"] == "completed", 60, "the thumbnail is made")
    assert client.get(thumbnail, headers=ACME).json["file"] == "200x/cat.png"
    assert client.get(thumbnail, headers={"X-Customer": "other"}).status_code == 404
    assert client.get("/thumbnails/" + "0" * 26, headers=ACME).status_code == 404
    assert client.get(thumbnail).status_code == 401


def test_bad_orders_are_refused_and_failures_shown(client: Any) -> None:
    answer = client.post("/thumbnails", json={"picture": "cat.png", "width": "wide"}, headers=ACME)
    assert (answer.status_code, "width" in answer.json["error"]) == (422, True)
    assert client.post("/thumbnails", json={"image": "cat.png"}, headers=ACME).status_code == 422
    answer = client.post("/thumbnails", json={"picture": "cat.png", "width": 0}, headers=ACME)
    thumbnail = answer.headers["Location"]
    eventually(lambda: "error" in client.get(thumbnail, headers=ACME).json, 60, "the failure is shown")
    assert client.get(thumbnail, headers=ACME).json["error"] == "a thumbnail is at least one pixel wide"
    for _ in range(11):
        answer = client.post("/thumbnails", json={"picture": "cat.png", "width": 9}, headers=ACME)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
