"""`make faults`: runs cases, prints each verdict, and a table of them all."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from importlib.metadata import version

from .cases import CASES
from .report import table
from .run import Verdict, run_case
from .store import Unavailable


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults", description="Run cases of the proof.")
    parser.add_argument("case", nargs="*", default=list(CASES), choices=CASES, help="numbers of cases [default: all]")
    parser.add_argument("--seed", nargs="*", default=[str(random.randrange(10**6))], help="the source of randomness")
    parser.add_argument("--seconds", type=float, help="how long each load lasts [default: a few seconds]")
    parser.add_argument("--store", help="URL of an empty store [default: a server for each run]")
    parser.add_argument("--partitions", type=int, default=1, help="partitions of the store [default: 1]")
    arguments = parser.parse_args()
    verdicts = asyncio.run(_run_all(arguments))
    print(f"\nfairlane {version('fairlane')}\n", *table(verdicts), sep="\n")
    return 0 if all(verdict.is_clean for verdict in verdicts) else 1


async def _run_all(arguments: argparse.Namespace) -> list[Verdict]:
    verdicts = []
    for number in arguments.case:
        for seed in arguments.seed:
            try:
                verdict = await run_case(
                    CASES[number],
                    seed,
                    seconds=arguments.seconds,
                    store_url=arguments.store,
                    partitions=arguments.partitions,
                )
            except Unavailable as error:
                print(f"case {number}, seed {seed}: not run: {error}", flush=True)
                continue
            print(*verdict.lines(), sep="\n", flush=True)
            verdicts.append(verdict)
    return verdicts


if __name__ == "__main__":
    sys.exit(main())
