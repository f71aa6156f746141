"""All duties of a store together."""

from __future__ import annotations

from ..backend import Maintenance
from .check import check
from .expire import expire
from .fire import fire
from .loop import run_duties
from .promote import promote
from .prune import prune
from .reap import reap
from .sample import sample
from .settle import settle
from .time import keep_time
from .unlock import unlock


async def run_upkeep(upkeep: Maintenance) -> None:
    """Promote, unlock, settle, expire, fire, reap, prune, sample, check and keep time until cancelled."""
    flows = [promote(upkeep), unlock(upkeep), settle(upkeep), expire(upkeep), fire(upkeep)]
    await run_duties([*flows, reap(upkeep), prune(upkeep), sample(upkeep), check(upkeep), keep_time(upkeep)])
