"""The metrics, from what a server answers."""

from __future__ import annotations

import re

from tools.reference.markdown import table

_INTRODUCTION = """# Metrics

`GET /metrics` of the API answers in the text format of Prometheus, over all tenants.

"""
_METRIC = re.compile(r"^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)$", re.MULTILINE)


def page(answer: str) -> str:
    """The text of docs/reference/metrics.md."""
    rows = [(f"`{name}`", kind, text) for name, text, kind in sorted(_METRIC.findall(answer))]
    return _INTRODUCTION + table(["metric", "type", "meaning"], rows)
