"""A deploy: old and new workers side by side, while clients already submit new tasks and new arguments."""

import time
from pathlib import Path

import pytest

from tests.support.running import Running, fairlane

OLD = """
import asyncio
from fairlane import App
app = App()

@app.task
async def resize(image: str) -> str:
    await asyncio.sleep(0.02)
    return image
"""
NEW = """
import asyncio
from fairlane import App
app = App()

@app.task
async def resize(image: str, *, width: int = 0) -> str:
    await asyncio.sleep(0.02)
    return f"{image} {width}"

@app.task
async def tag(image: str) -> str:
    return image

@app.task(executor="process")
def archive(image: str) -> str:
    return image
"""
SECONDS = 20.0


@pytest.mark.soak
def test_nothing_becomes_a_dead_letter(tmp_path: Path) -> None:
    versions = {name: tmp_path / name for name in ("old", "new")}
    for name, code in (("old", OLD), ("new", NEW)):
        versions[name].mkdir()
        (versions[name] / "shop.py").write_text(code)
    limits = ("--default-rate", "off", "--default-concurrency", "off")
    with fairlane(tmp_path, "serve", "--port", "0", *limits) as api:
        served = api.await_ready()
        url = ("--url", f"embedded:{tmp_path / '.fairlane'}")
        workers = [Running(versions["old"], "worker", "shop:app", *url) for _ in range(2)]
        jobs: list[str] = []
        try:
            began = time.monotonic()
            while (elapsed := time.monotonic() - began) < SECONDS:
                image = f"image {len(jobs)}"
                jobs.append(served.submit("acme", "resize", [image]))
                jobs.append(served.submit("acme", "resize", {"image": image, "width": 80}))
                jobs.append(served.submit("acme", "tag", [image]))
                jobs.append(served.submit("acme", "archive", [image]))
                if elapsed > SECONDS / 3 and len(workers) == 2:
                    workers.append(Running(versions["new"], "worker", "shop:app", *url))
                time.sleep(0.1)
            assert served.get("/jobs/dlq")["jobs"] == []
            for old in workers[:2]:
                old.process.terminate()
                assert old.wait(within_s=60) == 0
            # A job that old workers have handed back several times is offered again after 30 s at most.
            found = served.await_state(jobs, "completed", within_s=90)
            assert [job["attempt"] for job in found] == [1] * len(jobs)
            assert served.get("/jobs/dlq")["jobs"] == []
        finally:
            for worker in workers:
                worker.end()
