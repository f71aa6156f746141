"""The Grafana dashboard and the rules ask for metrics that exist, in expressions that Prometheus can read."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy" / "grafana" / "fairlane.json"
RULES = ROOT / "deploy" / "prometheus" / "rules.yaml"
PAGE = ROOT / "docs" / "reference" / "metrics.md"
_OF_THE_RELAY = {"fairlane_outbox_oldest_seconds"}


def expressions() -> list[str]:
    return [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("path", [DASHBOARD, RULES], ids=["dashboard", "rules"])
def test_each_metric_is_documented(path: Path) -> None:
    known = set(re.findall(r"^\| `(fairlane_\w+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) | _OF_THE_RELAY
    asked = {name.removesuffix("_bucket") for name in re.findall(r"fairlane_\w+", path.read_text(encoding="utf-8"))}
    assert asked - known == set()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here: see tools/set_up.sh")
def test_prometheus_can_read_each_expression_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{i}", "expr": expr} for i, expr in enumerate(expressions())]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    checked = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(rules)} rules found" in checked.stdout
