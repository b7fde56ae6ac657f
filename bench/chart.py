"""The bar chart of a run, as SVG, without a plotting library.

One group of bars for each operation; a bar's length is the contender's time as a
share of sqlalchemy.orm's, so that microseconds and nanoseconds fit on one page.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from bench.contenders import CONTENDERS
from bench.operations import BY_KEY
from bench.report import number

WIDTH = 860
LEFT = 270
RIGHT = 120
BAR = 13
GAP = 16
TOP = 84

COLOURS = {
    "driver": "#9aa5b1",
    "dataclasses": "#c3b091",
    "core": "#7f9fbf",
    "sqlalchemy": "#c0504d",
    "ormolu-c": "#2f9e63",
    "ormolu-py": "#a2cf8f",
}

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 16px; font-weight: 600; }
.small { font-size: 11px; fill: #59636e; }
.page { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .small { fill: #9198a1; } .page { fill: #0d1117; }
}
"""


def bar_chart(times: Mapping[str, Mapping[str, float]], note: str) -> str:
    """Draw the times of a run.

    Args:
        times: Operation, contender, microseconds per unit.
        note: A line on where it was measured.

    Returns:
        The SVG document. Operations without a time of sqlalchemy.orm are left out.
    """
    drawn = {key: own for key, own in times.items() if own.get("sqlalchemy")}
    body: list[str] = []
    y = TOP
    for key, own in drawn.items():
        body += _group(key, own, y)
        y += len(own) * BAR + GAP
    names = [name for name in COLOURS if any(name in own for own in drawn.values())]
    height = y + 8
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}"/>',
            _text(
                16, 26, "Time per row, call or object, sqlalchemy.orm = 100 %", "title"
            ),
            _text(16, 46, note, "small"),
            *_legend(names),
            *body,
            "</svg>\n",
        ]
    )


def _group(key: str, own: Mapping[str, float], y: int) -> list[str]:
    reference = own["sqlalchemy"]
    longest = max(1.0, max(own.values()) / reference)
    parts = [_text(16, y + len(own) * BAR / 2 + 4, BY_KEY[key].title)]
    for place, name in enumerate(name for name in COLOURS if name in own):
        top = y + place * BAR
        share = own[name] / reference
        width = max(1.0, share / longest * (WIDTH - LEFT - RIGHT))
        parts.append(
            f'<rect x="{LEFT}" y="{top}" width="{width:.1f}" height="{BAR - 2}" '
            f'fill="{COLOURS[name]}"/>'
        )
        label = f"{number(own[name])} µs, {number(share * 100)} %"
        parts.append(_text(LEFT + width + 6, top + 10, label, "small"))
    return parts


def _legend(names: list[str]) -> list[str]:
    parts = []
    x = 16
    for name in names:
        title = CONTENDERS[name].title
        parts.append(
            f'<rect x="{x}" y="58" width="11" height="11" fill="{COLOURS[name]}"/>'
        )
        parts.append(_text(x + 16, 68, title))
        x += 34 + 7 * len(title)
    return parts


def _text(x: float, y: float, content: str, style: str = "") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text x="{x:g}" y="{y:g}"{kind}>{escape(content)}</text>'
