"""The FastAPI example, against a real store and worker."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import httpx

from tests.support.app_world import eventually


async def test_reports_are_ordered_built_and_shown(example: Callable[[str], None]) -> None:
    example("fastapi_reports:jobs")
    module: Any = import_module("fastapi_reports")
    async with (
        module.lifespan(module.web),
        httpx.AsyncClient(transport=httpx.ASGITransport(module.web), base_url="http://reports") as client,
    ):
        acme = {"X-Customer": "acme"}
        answer = await client.post("/reports", json={"year": 2025, "pages": 20}, headers=acme)
        assert answer.status_code == 202, answer.text
        report = answer.headers["Location"]
        again = await client.post("/reports", json={"year": 2025, "pages": 20}, headers=acme)
        assert again.json() == answer.json()

        seen: dict[str, Any] = {}

        async def is_built() -> bool:
            seen.update((await client.get(report, headers=acme)).json())
            return bool(seen["state"] == "completed")

        await eventually(is_built, "the report is built")
        assert seen["file"] == "reports/acme/2025.pdf"
        assert (await client.get(report, headers={"X-Customer": "other"})).status_code == 404
        assert (await client.get("/reports/" + "0" * 26, headers=acme)).status_code == 404
        assert (await client.post("/reports", json={"year": 1}, headers=acme)).status_code == 422
        assert (await client.post("/reports", json={"year": 2025}, headers={"X-Customer": "a b"})).status_code == 422
        answers = [await client.post("/reports", json={"year": 2000 + n}, headers=acme) for n in range(11)]
        assert answers[-1].status_code == 429
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
