"""All duties of a store together."""

from __future__ import annotations

from ..model.retention import Retention
from ..queue import Upkeep
from .fire import fire
from .loop import run_duties
from .promote import promote
from .prune import prune
from .reap import reap
from .sample import sample


async def run_upkeep(upkeep: Upkeep, retention: Retention) -> None:
    """Promote, fire, reap, prune and sample until cancelled."""
    await run_duties([promote(upkeep), fire(upkeep), reap(upkeep), prune(upkeep, retention), sample(upkeep)])
