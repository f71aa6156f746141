"""`python -m benchmarks`: rounds in turns over all peers, medians, tables and pictures."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import click
import msgspec

from .environments import Unavailable
from .measure import FULL, QUICK, Bench, Figures
from .peers import PEERS, Peer
from .report import write_report
from .store import Store, running_store


@click.command()
@click.option("--rounds", default=3, show_default=True, help="Number of times that each peer is measured.")
@click.option("--peers", default="", help='Peers to measure, such as "fairlane,RQ" [default: all].')
@click.option("--appendfsync", default="everysec", show_default=True, help="When the store writes to disk.")
@click.option("--quick", is_flag=True, help="Use few jobs: shows that all runs, and measures nothing well.")
@click.option("--output", default="benchmarks/results", show_default=True, help="Folder of the tables and pictures.")
def main(rounds: int, peers: str, appendfsync: str, quick: bool, output: str) -> None:
    """Measure fairlane and its peers in turns on one store."""
    wanted = [name.strip() for name in peers.split(",") if name.strip()]
    chosen = [peer for peer in PEERS if not wanted or peer.name in wanted]
    with running_store(appendfsync) as store:
        benches = _make_benches(chosen, store, quick=quick)
        results: dict[str, list[Figures]] = {name: [] for name in benches}
        for number in range(rounds):
            for name in random.sample(list(benches), len(benches)):
                try:
                    result = benches[name].measure()
                except (TimeoutError, RuntimeError) as error:
                    click.echo(f"round {number + 1}: {error}", err=True)
                    continue
                results[name].append(result)
                click.echo(f"round {number + 1}: {name}: {msgspec.json.encode(result).decode()}", err=True)
    measured = {name: found for name, found in results.items() if found}
    click.echo(write_report(measured, Path(output), appendfsync=appendfsync, rounds=rounds))
    if len(measured) < len(chosen):
        sys.exit(1)


def _make_benches(peers: list[Peer], store: Store, *, quick: bool) -> dict[str, Bench]:
    benches = {}
    for peer in peers:
        try:
            benches[peer.name] = Bench(peer, store, QUICK if quick else FULL)
        except Unavailable as error:
            click.echo(f"{peer.name} is left out: {error}", err=True)
    return benches


if __name__ == "__main__":
    main()
