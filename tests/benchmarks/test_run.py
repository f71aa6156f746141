"""The benchmarks against other queues run as a whole; here without the other queues."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks.peers import PEERS
from benchmarks.plot import bar_chart
from benchmarks.report import FIGURES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a quick round over fairlane and the baseline wrote."""
    folder = tmp_path_factory.mktemp("results")
    command = [sys.executable, "-m", "benchmarks", "--quick", "--rounds", "1", "--output", str(folder)]
    run = subprocess.run(
        [*command, "--peers", "SET,fairlane"], cwd=ROOT, check=False, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    return folder


def test_a_round_measures_each_figure(results: Path) -> None:
    rounds = msgspec.json.decode((results / "results.json").read_bytes())["rounds"]
    assert set(rounds) == {"SET", "fairlane"}
    # All jobs of a quick round may have run before the first look at a drain.
    assert set(FIGURES) - {"drain", "drain_two", "drain_store"} <= set(rounds["fairlane"][0])
    assert "drain" not in rounds["SET"][0]


def test_the_report_says_what_each_queue_promises(results: Path) -> None:
    report = (results / "results.md").read_text(encoding="utf-8")
    for peer in PEERS:
        assert (f"- {peer.name}: {peer.guarantees}." in report) == (peer.name in {"SET", "fairlane"})


def test_each_figure_has_a_picture(results: Path) -> None:
    assert {path.stem for path in results.glob("*.svg")} == {name.replace("_", "-") for name in FIGURES}


def test_names_in_pictures_are_text() -> None:
    assert "<b>" not in bar_chart("<b>", [("<b>", 1.0, 1.0, 1.0)])
