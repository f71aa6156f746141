"""The pytest plugin as users' tests meet it: in a separate folder, under a separate pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

APP = """
from fairlane import App

app = App("valkey://127.0.0.1:1")


@app.task
async def add(first: int, second: int) -> int:
    return first + second
"""

CONFTEST = """
import asyncio

import pytest


@pytest.hookimpl
def pytest_pyfunc_call(pyfuncitem):
    if pyfuncitem.get_closest_marker("asyncio"):  # as a plugin does whose event loop ends with the test
        asyncio.run(pyfuncitem.obj(fairlane_testing=pyfuncitem.funcargs["fairlane_testing"]))
        return True


@pytest.fixture
def fairlane_app():
    from sums import app
    return app
"""

TESTS = """
import asyncio

import pytest
from sums import add


@pytest.fixture
def tenant():
    return "acme"


async def test_async(fairlane_testing, tenant):
    job = await add.using(tenant=tenant, delay="10m").submit(1, 2)
    assert await fairlane_testing.drain() == []
    await fairlane_testing.travel("10m")
    await fairlane_testing.drain()
    assert await job.result() == 3


async def test_the_store_is_empty(fairlane_testing):
    await fairlane_testing.travel("10m")
    assert await fairlane_testing.drain() == []


@pytest.mark.parametrize("number", [1, 2])
async def test_parameters(number, fairlane_testing):
    job = await add.using(tenant="acme").submit(number, 2)
    await fairlane_testing.drain()
    assert await job.result() == number + 2


def test_without_a_loop(fairlane_testing):
    assert asyncio.run(fairlane_testing.drain()) == []


async def test_can_fail(fairlane_testing):
    assert await fairlane_testing.drain() == ["a job"]


@pytest.mark.asyncio
async def test_of_another_plugin(fairlane_testing):
    job = await add.using(tenant="acme").submit(1, 2)
    await fairlane_testing.drain()
    assert await job.result() == 3


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_of_anyio(fairlane_testing, anyio_backend):
    job = await add.using(tenant="acme").submit(1, 2)
    await fairlane_testing.drain()
    assert await job.result() == 3
"""


def run_pytest(folder: Path, **files: str) -> str:
    """What pytest says of these files."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-W",
        "error",
        "-W",
        "ignore:Unknown pytest.mark.asyncio",
        "-v",
    ]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    ).stdout


def test_async_and_sync_tests_run_on_a_private_store(tmp_path: Path) -> None:
    report = run_pytest(tmp_path, sums=APP, conftest=CONFTEST, test_sums=TESTS)
    assert "1 failed, 7 passed" in report, report
    assert "test_can_fail FAILED" in report
    assert "AssertionError: assert [] == ['a job']" in report


def test_without_an_app_it_says_what_to_write(tmp_path: Path) -> None:
    report = run_pytest(tmp_path, test_nothing="async def test_nothing(fairlane_testing): ...")
    assert "Put this into conftest.py" in report
    assert "1 error" in report
