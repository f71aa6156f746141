"""What an error becomes over HTTP."""

import pytest

from fairlane.model import errors
from fairlane.rest.problems import error_of, problem_of
from fairlane.server.http.answers import problem_answer

WORTH_A_REPEAT = [
    errors.RateLimited("too many", 0.2),
    errors.StoreUnavailable("away"),
    errors.StoreFull("full"),
    errors.NotReplicated("0000ab"),
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


def test_an_unreplicated_job_is_named() -> None:
    problem = problem_of(errors.NotReplicated("0000ab"))
    assert (problem.type, problem.job_id) == ("urn:fairlane:problem:not_replicated", "0000ab")
    error = error_of(problem)
    assert isinstance(error, errors.NotReplicated)
    assert (error.job_id, str(error)) == ("0000ab", problem.detail)
