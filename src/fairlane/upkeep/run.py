"""All duties of a store together."""

from __future__ import annotations

from ..backend import Maintenance
from ..model.retention import Retention
from .check import check
from .fire import fire
from .loop import run_duties
from .promote import promote
from .prune import prune
from .reap import reap
from .sample import sample


async def run_upkeep(upkeep: Maintenance, retention: Retention) -> None:
    """Promote, fire, reap, prune, sample and check until cancelled."""
    duties = [promote(upkeep), fire(upkeep), reap(upkeep), prune(upkeep, retention), sample(upkeep), check(upkeep)]
    await run_duties(duties)
