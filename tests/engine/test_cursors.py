"""A cursor that nobody was given is refused, whatever it says."""

from __future__ import annotations

import base64

import msgspec
import pytest

from fairlane.engine import Engine
from fairlane.model.errors import InvalidInput
from fairlane.model.job import JobQuery
from fairlane.model.states import State


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("state", [State.COMPLETED, State.SCHEDULED])
async def test_a_forged_score_is_refused(engine: Engine, state: State, score: float) -> None:
    forged = base64.urlsafe_b64encode(msgspec.msgpack.encode((0, 0, "", score, "x"))).decode()
    with pytest.raises(InvalidInput):
        await engine.list_jobs(JobQuery(state=state, cursor=forged))
