"""What a worker needs to know of a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..job.parameters import Parameters
from ..model.job import Job

OnFailure = Callable[[Job], object]


class Runnable(Protocol):
    """A task."""

    @property
    def function(self) -> Callable[..., Any]:
        """As it was defined."""

    @property
    def call(self) -> Callable[..., Any]:
        """The function with the middleware around it."""

    @property
    def executor(self) -> str:
        """async, thread or process."""

    @property
    def parameters(self) -> Parameters: ...

    @property
    def on_failure(self) -> OnFailure | None:
        """A function to call with each job that this worker has sent to the dead letter queue."""
