"""How the jobs that a job needs have ended, as its task sees it."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from ..model.errors import ResultMismatch
from ..model.lease import NeedOutcome
from ..model.states import State

T = TypeVar("T")


class Need:
    """A job that had to end before the running one."""

    __slots__ = ("_outcome",)

    def __init__(self, outcome: NeedOutcome) -> None:
        self._outcome = outcome

    def __repr__(self) -> str:
        return f"<Need {self.id} {self.state}>"

    @property
    def id(self) -> str:
        """The job's id."""
        return self._outcome.id

    @property
    def state(self) -> State | None:
        """COMPLETED, FAILED or CANCELLED; None if the job is kept no longer."""
        return self._outcome.state

    @property
    def result(self) -> Any:
        """The result as plain JSON values; None unless the job has completed. Raises ResultMismatch, as `result_as`."""
        return self.result_as(object)

    def result_as(self, type: type[T]) -> T:
        """The result as a value of this type.

        Raises ResultMismatch if it does not fit, or is too large to have come with the job.
        """
        if self._outcome.left_out:
            raise ResultMismatch(
                f"the results of the needs have more than 1 MiB together: read the one of {self.id} by the job's id"
            )
        try:
            return msgspec.json.decode(bytes(self._outcome.result), type=type)
        except msgspec.ValidationError as error:
            raise ResultMismatch(f"the result of {self.id} does not fit: {error}") from None
