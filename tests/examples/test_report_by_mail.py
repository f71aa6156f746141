"""The example of a flow, against a real store and worker."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


async def test_pages_are_merged_and_mailed_whatever_happens_to_one(example: Callable[..., None]) -> None:
    example("report_by_mail:jobs", "--default-rate", "off")
    module: Any = import_module("report_by_mail")
    async with module.jobs:
        pages = [f"example.com/pages/{page}" for page in range(20)]
        whole = await module.order_report(pages, "ada")
        torn = await module.order_report([*pages[1:], "example.com/missing"], "bob")
        assert await whole.result(timeout=60) == "to ada: 2000 words"
        assert await torn.result(timeout=60) == "to bob: a page is missing"
