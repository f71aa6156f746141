"""Every case, each for a few seconds and from one seed: the run is clean. `make soak` runs them long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from tools.proof.cases import CASES
from tools.proof.run import Verdict, run_case
from tools.proof.store import Unavailable

SEED = "1"
AT_ONCE = 3
"""Cases wait more than they compute."""


@pytest.fixture(scope="module")
def verdicts() -> Iterator[dict[str, Future[Verdict]]]:
    """The verdict of each case. They run beside each other, in a thread."""
    found = {number: Future[Verdict]() for number in CASES}
    thread = threading.Thread(target=lambda: asyncio.run(_run_all(found)))
    thread.start()
    yield found
    thread.join()


async def _run_all(found: dict[str, Future[Verdict]]) -> None:
    free = asyncio.Semaphore(AT_ONCE)

    async def run(number: str) -> None:
        async with free:
            try:
                found[number].set_result(await run_case(CASES[number], SEED))
            except BaseException as error:
                found[number].set_exception(error)

    await asyncio.gather(*map(run, CASES))


@pytest.mark.parametrize("number", CASES)
def test_a_case_is_clean(verdicts: dict[str, Future[Verdict]], number: str) -> None:
    try:
        verdict = verdicts[number].result()
    except Unavailable as error:
        pytest.skip(str(error))
    assert verdict.is_clean, "\n".join(verdict.lines())
