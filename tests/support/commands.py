"""Runs commands of the CLI in the process of the tests, with the fixture `run` of tests/cli."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from click.testing import Result

Run = Callable[..., Result]


def answer(run: Run, *arguments: str) -> Any:
    return json.loads(run(*arguments, "--output", "json").stdout)
