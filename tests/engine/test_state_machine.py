"""The real scripts against the model: after every step both agree and doctor finds nothing."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from fairlane.store import Durability, open_store

from .machine import LISTENER
from .machine_batches import BatchRules
from .machine_upkeep import UpkeepRules
from .machine_workers import WorkerRules

_QUICK = int(os.environ.get("FAIRLANE_EXAMPLES", "60"))


class EngineMachine(BatchRules, WorkerRules, UpkeepRules):
    """Drives engine and model together."""


@pytest.fixture(scope="module")
def machine() -> Iterator[type[EngineMachine]]:
    """The state machine on a separate store, in a separate event loop."""
    with tempfile.TemporaryDirectory(prefix="fl") as folder, asyncio.Runner() as runner:
        store = runner.run(open_store(f"embedded:{folder}", Durability.MEMORY))
        pubsub = store.subscriber().pubsub()
        runner.run(pubsub.subscribe(f"fl:{{0}}:wake/{LISTENER}"))
        try:
            yield type("Machine", (EngineMachine,), {"runner": runner, "store": store})
        finally:
            runner.run(pubsub.aclose())  # type: ignore[no-untyped-call]
            runner.run(store.close())


def run_machine(machine: type[EngineMachine], examples: int, steps: int) -> None:
    shrink = () if "FAIRLANE_EXAMPLES" in os.environ else (Phase.shrink,)
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate, *shrink),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=profile)


def test_engine_and_model_agree(machine: type[EngineMachine]) -> None:
    run_machine(machine, _QUICK, 40)


@pytest.mark.soak
def test_engine_and_model_agree_for_long(machine: type[EngineMachine]) -> None:
    run_machine(machine, 1_500, 80)
