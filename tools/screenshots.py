"""Takes pictures of every page of the dashboard, in light, in dark and on a phone, with demo data.

`make screenshots` writes them to docs/screenshots. Git ignores all except the ones that the README shows.
"""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
from playwright.sync_api import Browser, Page

from tests.browser.chromium import chromium, chromium_path
from tests.support.running import Api, up
from tools.demo.past import TASKS, play

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
Colours = Literal["light", "dark"]
KINDS: dict[str, tuple[int, int, Colours]] = {
    "light": (1280, 900, "light"),
    "dark": (1280, 900, "dark"),
    "phone": (390, 844, "light"),
}


@contextmanager
def demo_world() -> Iterator[Api]:
    """`fairlane up` with an hour of history and pending work."""
    with tempfile.TemporaryDirectory(prefix="fl-demo-") as name:
        folder = Path(name)
        asyncio.run(play(folder / ".fairlane"))
        shutil.copy(Path(__file__).parent / "demo" / "shop.py", folder)
        with up(folder, "shop:app", "--workers", "16", "--processes", "2", "--durability", "memory") as running:
            api = running.await_ready()
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


def shoot(browser: Browser, api: Api, wanted: list[str]) -> None:
    """Take a picture of each page and kind. `wanted`, if not empty, has the beginnings of the names to take."""
    for kind, (width, height, colours) in KINDS.items():
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=colours, reduced_motion="reduce"
        )
        page = context.new_page()
        for name, path in pages_of(api).items():
            if not wanted or any(f"{name}-{kind}".startswith(one) for one in wanted):
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
    with demo_world() as api, chromium(path) as browser:
        shoot(browser, api, wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
