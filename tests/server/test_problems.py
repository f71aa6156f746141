"""What an error becomes over HTTP."""

import pytest

from fairlane.model import errors
from fairlane.server.http.answers import problem_answer

WORTH_A_REPEAT = [
    errors.RateLimited("too many", 0.2),
    errors.StoreUnavailable("away"),
    errors.StoreFull("full"),
    errors.StoreRefused("would lose jobs"),
]


@pytest.mark.parametrize("error", WORTH_A_REPEAT, ids=lambda error: error.code)
def test_what_may_be_repeated_says_when(error: errors.FairlaneError) -> None:
    answer = problem_answer(error)
    assert answer.status in {429, 503, 507}
    assert dict(answer.headers)[b"retry-after"] == b"1"


@pytest.mark.parametrize("error", [errors.InvalidInput("bad"), errors.NotFound("none"), errors.Conflict("ended")])
def test_what_a_repeat_would_not_mend_does_not(error: errors.FairlaneError) -> None:
    assert not problem_answer(error).headers
