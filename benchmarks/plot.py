"""Bar charts as SVG, without a library: rectangles and text."""

from __future__ import annotations

from html import escape

WIDTH, ROW, LEFT = 760, 26, 190


def bar_chart(title: str, bars: list[tuple[str, float, float, float]]) -> str:
    """A bar for each (name, median, lowest, highest), the longest median first, with the spread as a line."""
    top = max((highest for *_, highest in bars), default=1) or 1
    scale = (WIDTH - LEFT - 90) / top
    height = 48 + ROW * len(bars)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}">',
        "<style>text{font:13px sans-serif;fill:#222}.b{fill:#9db4c8}.f{fill:#1f6feb}.s{stroke:#222}"
        "@media(prefers-color-scheme:dark){text{fill:#ddd}.b{fill:#4a6075}.s{stroke:#ddd}}</style>",
        f'<text x="8" y="22" font-weight="bold">{escape(title)}</text>',
    ]
    for number, (name, middle, lowest, highest) in enumerate(sorted(bars, key=lambda bar: -bar[1])):
        y = 36 + ROW * number
        low, high = LEFT + lowest * scale, LEFT + highest * scale
        kind = "f" if name.startswith("fairlane") else "b"
        parts += [
            f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="{kind}" x="{LEFT}" y="{y + 3}" width="{middle * scale:.1f}" height="18"/>',
            f'<line class="s" x1="{low:.1f}" x2="{high:.1f}" y1="{y + 12}" y2="{y + 12}"/>',
            f'<text x="{high + 6:.1f}" y="{y + 16}">{_label(middle)}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])


def _label(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
