"""The metrics, from what a server answers."""

from __future__ import annotations

import re

from tools.reference.markdown import table

_INTRODUCTION = """# Metrics

`GET /metrics` of the API answers in the text format of Prometheus, over all tenants and workers.
`fairlane worker --metrics 9100` serves the waits, run times, attempts and slots of one worker. With `--processes`, each
process has its own port, from this one on.

Names that users choose appear as labels within bounds: 1,000 queues (100 in histograms), 1,000 series of attempts, and
the `--metrics-tenants 20` with the most waiting jobs. Other queues and tasks are summed up under `(others)`.

"""
_METRIC = re.compile(r"^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)$", re.MULTILINE)


def page(answer: str) -> str:
    """The text of docs/reference/metrics.md."""
    rows = [(f"`{name}`", kind, text) for name, text, kind in sorted(_METRIC.findall(answer))]
    return _INTRODUCTION + table(["metric", "type", "meaning"], rows)
