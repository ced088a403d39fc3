"""Plots of a report as inline SVG. Colours come from the page's style sheet, by class.

Every function takes figures and gives a whole <svg> element; nothing in it is the user's text
but what went through ``escape``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 520, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 14, 40
_BINS = 20
_FIRST_COVERAGE = 0.05


@dataclass(frozen=True, slots=True)
class Series:
    """Values that are drawn alike: ``name`` for the legend, ``css`` the class of its colour."""

    name: str
    css: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its interval, where it has one."""

    label: str
    css: str
    value: float
    interval: Sequence[float] | None


@dataclass(frozen=True, slots=True)
class _Frame:
    """The data's box in the drawing: x and y from 0 to ``right`` and ``top``."""

    right: float
    top: float

    def x(self, value: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * value / self.right

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / self.top

    def axes(self, x_label: str, y_label: str, percent: bool = False) -> str:
        """Grid lines with their numbers, and what the axes are."""
        parts = [_line(self.x(0), self.y(0), self.x(self.right), self.y(0), "axis")]
        for tick in ticks(self.top):
            parts.append(_line(self.x(0), self.y(tick), self.x(self.right), self.y(tick), "grid"))
            parts.append(_text(_LEFT - 7, self.y(tick) + 4, _number(tick), "tick end"))
        for tick in ticks(self.right):
            number = f"{tick:.0%}" if percent else _number(tick)
            parts.append(_text(self.x(tick), HEIGHT - _BOTTOM + 17, number, "tick middle"))
        middle = (HEIGHT - _BOTTOM + _TOP) / 2
        parts.append(_text((WIDTH + _LEFT) / 2, HEIGHT - 5, x_label, "label middle"))
        parts.append(
            f'<text class="label middle" transform="translate(13 {middle:.0f}) rotate(-90)">'
            f"{escape(y_label)}</text>"
        )
        return "".join(parts)

    def path(self, points: Iterable[tuple[float, float]], css: str) -> str:
        steps = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        return f'<polyline class="line {css}" points="{steps}"/>'


def ticks(top: float, about: int = 5) -> list[float]:
    """Round numbers from 0 to ``top``: steps of 1, 2 or 5 times a power of ten."""
    rough = top / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)
    return [round(step * i, 10) for i in range(int(top / step * 1.0001) + 1)]


def risk_coverage(curve: Sequence[Sequence[float]], answered: float | None) -> str:
    """Share of wrong answers over the share of questions answered, most confident first.

    ``answered``: the share that the threshold lets through, marked.
    """
    # Of the first few questions each is a jump, and tells nothing.
    curve = [point for point in curve if point[0] >= _FIRST_COVERAGE]
    if not curve:
        return ""
    frame = _Frame(1.0, max(0.1, *(risk for _, risk in curve)) * 1.05)
    parts = [frame.axes("questions answered, most confident first", "of these wrong", True)]
    parts.append(frame.path(_thinned(curve), "one"))
    if answered:
        risk = next((r for c, r in curve if c >= answered - 1e-9), curve[-1][1])
        title = f"at the threshold {answered:.1%} are answered, {risk:.1%} of these wrong"
        parts.append(
            f'<circle class="dot one" cx="{frame.x(answered):.1f}" cy="{frame.y(risk):.1f}" r="5">'
            f"<title>{escape(title)}</title></circle>"
        )
        anchor = "end" if answered > 0.6 else "start"
        at = frame.x(answered) + (-9 if anchor == "end" else 9)
        parts.append(_text(at, frame.y(risk) - 9, f"threshold: risk {risk:.3f}", f"note {anchor}"))
    return _svg(parts, "Risk over coverage")


def _thinned(curve: Sequence[Sequence[float]], most: int = 400) -> list[tuple[float, float]]:
    """No more points than can be seen; the last stays."""
    step = max(1, len(curve) // most)
    return [(c, r) for c, r in [*curve[:-1:step], curve[-1]]]


def latencies(series: Sequence[Series]) -> str:
    """The share of questions done within a time; the slowest hundredth is cut off."""
    series = [s for s in series if s.values]
    if not series:
        return ""
    right = max(float(np.percentile(s.values, 99)) for s in series) * 1.05
    frame = _Frame(max(right, 1e-3), 1.0)
    parts = [frame.axes("milliseconds", "questions done")]
    for s in series:
        values = np.sort(np.asarray(s.values, dtype=np.float64))
        shares = np.linspace(0, 1, 101)
        inside = [
            (float(v), float(p))
            for v, p in zip(np.quantile(values, shares), shares, strict=True)
            if v <= right
        ]
        parts.append(frame.path(inside, s.css))
        for share in (50, 95):
            at = float(np.percentile(values, share))
            parts.append(
                f'<circle class="dot {s.css}" cx="{frame.x(at):.1f}" '
                f'cy="{frame.y(share / 100):.1f}" r="4">'
                f"<title>{escape(s.name)}: p{share} {at:.1f} ms</title></circle>"
            )
    return _svg(parts, "Latencies") + legend(series)


def histogram(above: Series, below: Series, threshold: float) -> str:
    """Two series in [0, 1] back to back, with the threshold between refusing and answering."""
    if not above.values and not below.values:
        return ""
    edges = np.linspace(0, 1, _BINS + 1)
    counts = [np.histogram(s.values, edges)[0] for s in (above, below)]
    most = max(1, *(int(c.max()) for c in counts))
    middle, half = (HEIGHT - _BOTTOM + _TOP) / 2, (HEIGHT - _TOP - _BOTTOM) / 2
    frame = _Frame(1.0, 1.0)
    width = (frame.x(1) - frame.x(0)) / _BINS
    parts = [_line(frame.x(0), middle, frame.x(1), middle, "axis")]
    for s, found, up in ((above, counts[0], True), (below, counts[1], False)):
        for i, n in enumerate(found.tolist()):
            height = half * n / most
            top = middle - height if up else middle
            title = f"{n} {s.name}, confidence {edges[i]:.2f} to {edges[i + 1]:.2f}"
            if n:
                parts.append(_rect(frame.x(edges[i]) + 1, top, width - 2, height, s.css, title))
        parts.append(_text(_LEFT - 7, _TOP + 10 if up else HEIGHT - _BOTTOM, str(most), "tick end"))
    parts.append(_text(_LEFT - 7, middle + 4, "0", "tick end"))
    for tick in ticks(1.0):
        parts.append(_text(frame.x(tick), HEIGHT - _BOTTOM + 17, _number(tick), "tick middle"))
    x = frame.x(threshold)
    parts.append(_line(x, _TOP, x, HEIGHT - _BOTTOM, "mark"))
    side, shift = ("end", -6) if threshold > 0.7 else ("start", 6)
    parts.append(_text(x + shift, _TOP + 10, "answered from here on", f"note {side}"))
    parts.append(_text((WIDTH + _LEFT) / 2, HEIGHT - 5, "confidence", "label middle"))
    return _svg(parts, "Confidences") + legend([above, below])


def bars(groups: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """Bars from 0 to 1 in groups, each with its interval as a whisker and its value."""
    groups = [(name, found) for name, found in groups if found]
    if not groups:
        return ""
    thick, gap, left, right = 17, 14, 96, WIDTH - 52
    height = sum(thick * len(found) + gap for _, found in groups) + 30
    parts, y = [], 6.0
    for tick in ticks(1.0):
        x = left + (right - left) * tick
        parts.append(_line(x, 2, x, height - 26, "grid"))
        parts.append(_text(x, height - 9, _number(tick), "tick middle"))
    for name, found in groups:
        middle = y + thick * len(found) / 2
        parts.append(_text(left - 9, middle + 4, name, "label end"))
        for bar in found:
            parts.append(_bar(bar, left, right, y, thick))
            y += thick
        y += gap
    kinds = {bar.label: bar for _, found in groups for bar in found}
    keys = [Series(bar.label, bar.css, ()) for bar in kinds.values()]
    return _svg(parts, "Figures by language", height) + legend(keys)


def _bar(bar: Bar, left: float, right: float, y: float, thick: float) -> str:
    span = right - left
    title = f"{bar.label} {bar.value:.3f}"
    end = bar.value
    parts = []
    if bar.interval is not None:
        low, high = bar.interval
        title += f", 95% interval {low:.3f} to {high:.3f}"
        end = max(end, high)
    parts.append(_rect(left, y + 2, max(span * bar.value, 1), thick - 4, bar.css, title))
    if bar.interval is not None:
        low, high = (left + span * bound for bound in bar.interval)
        parts.append(_line(low, y + thick / 2, high, y + thick / 2, "whisker"))
        parts += [_line(x, y + 5, x, y + thick - 5, "whisker") for x in (low, high)]
    parts.append(_text(left + span * end + 6, y + thick - 4, f"{bar.value:.3f}", "value start"))
    return "".join(parts)


def legend(series: Sequence[Series]) -> str:
    """What the colours mean."""
    items = "".join(f'<span><i class="key {s.css}"></i>{escape(s.name)}</span>' for s in series)
    return f'<p class="legend">{items}</p>'


def _svg(parts: Iterable[str], title: str, height: float = HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    return f'<line class="{css}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _rect(x: float, y: float, width: float, height: float, css: str, title: str) -> str:
    return (
        f'<rect class="fill {css}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="2"><title>{escape(title)}</title></rect>'
    )


def _text(x: float, y: float, text: str, css: str) -> str:
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _number(value: float) -> str:
    return f"{value:g}"
