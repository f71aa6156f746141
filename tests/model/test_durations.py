"""Durations are refused with what is wrong with them."""

import math
from datetime import timedelta

import pytest

from fairlane.model.durations import parse_duration_ms
from fairlane.model.errors import InvalidInput


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, timedelta(seconds=-1)])
def test_durations_are_finite_and_not_negative(value: float | timedelta) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_duration_ms(value, "delay")
    assert refused.value.detail == f"delay must be 0 or more, and finite, not {value!r}"
