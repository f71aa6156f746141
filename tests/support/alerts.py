"""Asks promtool which alerts fire: over an hour in which the figures are healthy, and then become those of a fault."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .scrape import Scrape

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules.yaml"
_HEALTHY_MINUTES, _FAULTY_MINUTES = 20, 40


def check_alert(
    folder: Path, alert: str, labels: Mapping[str, str], before: Scrape | None, after: Scrape | None
) -> None:
    """Fail unless `alert` fires with these labels in the hour of both scrapes, and not while `before` lasts.

    None stands for a time in which Prometheus reads nothing.
    """
    selector = f'max_over_time(ALERTS{{alertname="{alert}",alertstate="firing"}}[1h])'
    by = ", ".join(labels)
    found = {"labels": "{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}", "value": 1}
    question = {"expr": f"max by ({by}) ({selector})", "eval_time": "59m"}
    tests = [
        {
            "interval": "1m",
            "input_series": _series(before, before),
            "promql_expr_test": [{**question, "exp_samples": []}],
        },
        {
            "interval": "1m",
            "input_series": _series(before, after),
            "promql_expr_test": [{**question, "exp_samples": [found]}],
        },
    ]
    file = folder / "alerts.json"  # JSON is YAML too
    file.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    asked = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stdout + asked.stderr


def _series(before: Scrape | None, after: Scrape | None) -> list[dict[str, str]]:
    """Each sample, held at its first value and then at its second one."""
    first, second = (scrape.samples if scrape is not None else {} for scrape in (before, after))
    series = []
    for name, labels in first.keys() | second.keys():
        text = ",".join(f'{label}="{value}"' for label, value in [("job", "fairlane"), *sorted(labels)])
        values = (
            _held(first.get((name, labels)), _HEALTHY_MINUTES),
            _held(second.get((name, labels)), _FAULTY_MINUTES),
        )
        series.append({"series": f"{name}{{{text}}}", "values": " ".join(values)})
    return sorted(series, key=lambda each: each["series"])


def _held(value: float | None, minutes: int) -> str:
    return f"_x{minutes}" if value is None else f"{value:.15g}+0x{minutes - 1}"
