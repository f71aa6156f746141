"""Takes pictures of every page of the dashboard, in light, in dark and on a phone, with demo data.

The pictures whose names begin with "monday" show the worst Monday: 400 tenants, of which one sends 100,000 jobs.

`make screenshots` writes them to docs/screenshots. Git ignores all except the ones that the README shows.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
from playwright.sync_api import Browser, Page

from tests.browser.chromium import chromium, chromium_path
from tests.support.running import Api, up
from tools.demo import monday, past
from tools.demo.past import TASKS

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
Colours = Literal["light", "dark"]
MONDAY_SECONDS = 60
"""How long the flood lasts before the pictures."""
KINDS: dict[str, tuple[int, int, Colours]] = {
    "light": (1280, 900, "light"),
    "dark": (1280, 900, "dark"),
    "phone": (390, 844, "light"),
}


@contextmanager
def shop(fill: Callable[[Path], Coroutine[Any, Any, None]]) -> Iterator[Api]:
    """`fairlane up` with the shop, after `fill` has filled the store in its data folder."""
    with tempfile.TemporaryDirectory(prefix="fl-demo-") as name:
        folder = Path(name)
        with ThreadPoolExecutor(1) as thread:  # playwright has an event loop in this one
            thread.submit(asyncio.run, fill(folder / ".fairlane")).result()
        shutil.copy(Path(__file__).parent / "demo" / "shop.py", folder)
        with up(folder, "shop:app", "--workers", "16", "--processes", "2", "--durability", "memory") as running:
            yield running.await_ready()


@contextmanager
def demo_world() -> Iterator[Api]:
    """An hour of history and pending work."""
    with shop(past.play) as api:
        make_schedules(api)
        submit_more(api)
        yield api


def submit_more(api: Api) -> None:
    """Submit work for the next minutes, so that there are jobs in every state."""
    items: list[dict[str, Any]] = []
    for tenant, count in {"acme": 9, "globex": 12, "umbrella": 12, "hooli": 18, "stark.eu": 3}.items():
        for n in range(count):
            task = list(TASKS)[n % 3]
            queue, payload = TASKS[task]
            items.append({"tenantId": tenant, "task": task, "queue": queue, "payload": payload, "priority": n % 2 * 5})
    for n in range(6):
        items.append(
            {"tenantId": "tyrell", "task": "email.send", "queue": "mail", "payload": {}, "delaySeconds": 600 * (n + 1)}
        )
    answer = httpx.post(f"{api.url}/jobs/batch", json={"jobs": items}, timeout=30)
    refused = [result for result in answer.json()["results"] if result["status"] >= 300]
    if refused:
        raise RuntimeError(f"the demo world refuses jobs: {refused[0]}")


def submit_beside_the_flood(api: Api) -> None:
    """Submit jobs of other tenants, which start soon although 100,000 jobs came before them."""
    queue, payload = TASKS["email.send"]
    items = [
        {"tenantId": name, "task": "email.send", "queue": queue, "payload": payload} for name in monday.names()[-30:]
    ]
    httpx.post(f"{api.url}/jobs/batch", json={"jobs": items}, timeout=30).raise_for_status()


def make_schedules(api: Api) -> None:
    """Make the schedules of a shop, and pause one."""
    for tenant, name, cron, timezone, task in (
        ("acme", "nightly-report", "0 3 * * *", "Europe/Paris", "report.build"),
        ("globex", "newsletter", "30 9 * * mon", "America/New_York", "email.send"),
        ("umbrella", "stock-check", "*/15 * * * *", "UTC", "report.build"),
    ):
        queue, payload = TASKS[task]
        body = {"cron": cron, "timezone": timezone, "task": task, "queue": queue, "payload": payload}
        path = f"{api.url}/tenants/{tenant}/schedules/{name}"
        httpx.put(path, json=body, timeout=30).raise_for_status()
        if name == "newsletter":
            httpx.post(f"{path}/pause", timeout=30).raise_for_status()
        if name == "nightly-report":
            httpx.post(f"{path}/run", timeout=30).raise_for_status()


def pages_of(api: Api) -> dict[str, str]:
    """The path of each page, by the name of its picture."""

    def job(path: str, place: int = 0) -> str:
        return str(api.get(path)["jobs"][place]["id"])

    return {
        "overview": "/",
        "tenants": "/ui/tenants",
        "tenant": "/ui/tenants/umbrella",
        "jobs": "/ui/jobs",
        "job-waiting": f"/ui/jobs/{job('/jobs/pending?tenantId=acme', -1)}",
        "job-failed": f"/ui/jobs/{job('/jobs/dlq')}",
        "job-running": f"/ui/jobs/{job('/jobs/running?task=report.build')}",
        "submit": "/ui/submit",
        "jobs-dlq": "/ui/jobs?state=failed",
        "job-completed": f"/ui/jobs/{job('/jobs/completed')}",
        "schedules": "/ui/schedules",
        "queues": "/ui/queues",
        "workers": "/ui/workers",
    }


MONDAY = {
    "monday-overview": "/",
    "monday-tenants": "/ui/tenants?sort=pending",
    "monday-tenant": f"/ui/tenants/{monday.FLOODING}",
    "monday-dlq": "/ui/jobs?state=failed",
}


def is_wanted(name: str, wanted: list[str]) -> bool:
    """`wanted`, if not empty, has the beginnings of the names to take."""
    return not wanted or any(name.startswith(one) for one in wanted)


def shoot(browser: Browser, api: Api, pages: dict[str, str], wanted: list[str]) -> None:
    """Take a picture of each wanted page and kind."""
    for kind, (width, height, colours) in KINDS.items():
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=colours, reduced_motion="reduce"
        )
        page = context.new_page()
        for name, path in pages.items():
            if is_wanted(f"{name}-{kind}", wanted):
                page.goto(api.url + path)
                _settle(page)
                page.screenshot(path=FOLDER / f"{name}-{kind}.png")
                print(f"{name}-{kind}.png")
        context.close()


def _settle(page: Page) -> None:
    """Wait until the page shows its data and has drawn its charts."""
    page.locator("h1").wait_for()
    page.locator(".skeleton").wait_for(state="hidden")
    if page.locator(".chart").count():
        page.locator(".chart canvas").last.wait_for()
    page.wait_for_timeout(5_000 if page.url.endswith("/tenants") else 1_000)  # shares need a few seconds of starts


def main(wanted: list[str]) -> int:
    """Returns 0, or 1 if there is no browser."""
    path = chromium_path()
    if path is None:
        print("No Chromium on PATH; on Debian and Ubuntu: apt-get install chromium", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with chromium(path) as browser:
        if any(one.startswith("monday") for one in wanted or ["monday"]):
            with shop(monday.play) as api:
                time.sleep(MONDAY_SECONDS)
                submit_beside_the_flood(api)
                shoot(browser, api, MONDAY, wanted)
        if any(not one.startswith("monday") for one in wanted or [""]):
            with demo_world() as api:
                shoot(browser, api, pages_of(api), wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
