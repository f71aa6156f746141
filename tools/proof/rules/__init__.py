"""The rules. Each is a small pure function over the evidence, which yields a sentence for each violation.

A rule is sound: where the notes leave several readings, it assumes the one that suits the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from ..evidence import Evidence
from .attempts import RULES as _ATTEMPTS
from .jobs import RULES as _JOBS
from .leases import RULES as _LEASES
from .limits import RULES as _LIMITS
from .state import RULES as _STATE
from .times import RULES as _TIMES

Rule = Callable[[Evidence], Iterator[str]]

RULES: dict[str, Rule] = {rule.__name__: rule for rule in (*_JOBS, *_LEASES, *_LIMITS, *_TIMES, *_ATTEMPTS, *_STATE)}
MOST_SHOWN = 5
"""Violations of one rule that are shown."""


def judge(evidence: Evidence) -> dict[str, list[str]]:
    """The violations, by the name of the rule. Empty: the run was clean."""
    certain = evidence.without_losses()
    found = {name: list(islice(rule(certain), MOST_SHOWN)) for name, rule in RULES.items()}
    return {name: violations for name, violations in found.items() if violations}
