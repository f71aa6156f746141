"""Pages in the text format of Prometheus."""

from __future__ import annotations

import re

_SAMPLE = re.compile(r"(fairlane_\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class Scrape:
    """The samples of one page."""

    def __init__(self, text: str) -> None:
        self.text = text
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        matches = [_SAMPLE.fullmatch(line) for line in lines]
        assert all(matches), [line for line, match in zip(lines, matches, strict=True) if not match]
        self.samples = {
            (match[1], frozenset(_LABEL.findall(match[2] or ""))): float(match[3]) for match in matches if match
        }
        assert len(self.samples) == len(lines), "a series is there twice"

    def value(self, name: str, **labels: str) -> float:
        """The sample with these labels, and no others. Raises KeyError without one."""
        return self.samples[f"fairlane_{name}", frozenset(labels.items())]

    def labels(self, name: str, label: str) -> set[str]:
        """The values of a label in the samples of this name."""
        return {dict(labels)[label] for sample, labels in self.samples if sample == f"fairlane_{name}"}
