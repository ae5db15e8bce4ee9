"""Charts as SVG made here: no script, sharp on paper; the numbers stand beside them in words or in a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

_WIDTH: Final = 240
_HEIGHT: Final = 60
_MARGIN: Final = 6


def trend(title: str, points: Sequence[tuple[str, int | None]]) -> str:
    """A line of months; where a number is missing, the line is broken.

    The height is never less than a fifth of the highest number: one person of twenty is no fall to the ground.
    """
    values = [value for _, value in points if value is not None]
    if not values:
        return ""
    low, high = min(values), max(values)
    spread = max(high - low, high / 5, 1)
    step = (_WIDTH - 2 * _MARGIN) / max(len(points) - 1, 1)
    runs: list[list[tuple[float, float]]] = [[]]
    for index, (_, value) in enumerate(points):
        if value is None:
            runs.append([])
        else:
            y = _HEIGHT - _MARGIN - (value - low) / spread * (_HEIGHT - 2 * _MARGIN)
            runs[-1].append((_MARGIN + index * step, y))
    lines = "".join(
        f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in run)}"/>' for run in runs if run
    )
    dots = "".join(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for run in runs for x, y in run)
    return (
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}">{lines}{dots}</svg>'
    )


def bar(title: str, share: float, goal: float | None = None) -> str:
    """How much of a whole is done, with a mark where the target is."""
    done, mark = (max(0.0, min(each, 1.0)) * _WIDTH for each in (share, goal or 0.0))
    line = "" if goal is None else f'<line class="goal" x1="{mark:.1f}" x2="{mark:.1f}" y1="0" y2="16"/>'
    return (
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {_WIDTH} 16" width="{_WIDTH}" height="16">'
        f'<rect class="rest" width="{_WIDTH}" height="16"/>'
        f'<rect class="done" width="{done:.1f}" height="16"/>{line}</svg>'
    )
