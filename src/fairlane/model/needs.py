"""Which jobs a job can wait for."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import InvalidInput
from .ids import is_job_id
from .job import MAX_NEEDS, OnConflict


def check_needs(needs: Sequence[str], on_conflict: OnConflict) -> tuple[str, ...]:
    """Return the ids as a tuple if a job can have these needs; else raise InvalidInput."""
    if len(needs) > MAX_NEEDS:
        raise InvalidInput(f"a job can need {MAX_NEEDS} jobs at most; put jobs in between", "/needs")
    for i, need in enumerate(needs):
        if not is_job_id(need):
            raise InvalidInput("a need is the id of a job", f"/needs/{i}")
    if len(set(needs)) < len(needs):
        raise InvalidInput("a job can need each job once", "/needs")
    if needs and on_conflict is not OnConflict.RETURN:
        raise InvalidInput("a job with needs cannot replace another; leave out onConflict", "/onConflict")
    return tuple(needs)
