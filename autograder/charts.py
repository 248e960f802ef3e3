"""What a verdict has measured, drawn as SVG and HTML: the ladder, calibration, confusions, budget against accuracy.

Colours follow the page's text, so that a light and a dark theme and a print show the same; each drawing says in words
what it shows.
"""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

_YOU, _OTHERS = "#d55e00", "#0072b2"
_WIDE, _HIGH = 560, 210


def charts_html(measured: Mapping[str, Any]) -> str:
    """The drawings as a fragment; nothing where there is nothing to draw."""
    if "confusion" not in measured:
        return ""
    parts = [_ladder(measured), _reliability(measured), _budget(measured), _confusion(measured)]
    return f'<div class="dh-charts">{"".join(parts)}</div>'


def _ladder(measured: Mapping[str, Any]) -> str:
    rungs = [*measured["rungs"], (1.0, 0.0)]
    steps = [value for value, _ in rungs]

    def x(value: float) -> float:
        """As far from rung to rung, whatever lies between them."""
        above = next((k for k, step in enumerate(steps) if step >= value), len(steps) - 1)
        below = max(above - 1, 0)
        share = (value - steps[below]) / (steps[above] - steps[below]) if above else 0.0
        return 30 + (_WIDE - 60) * (below + share) / (len(steps) - 1)

    shapes = [_line(x(steps[0]), 60, x(steps[-1]), 60)]
    for value, points in rungs[:-1]:
        shapes.append(_line(x(value), 54, x(value), 66))
        shapes.append(_text(x(value), 82, f"{value:.0%}"))
        shapes.append(_text(x(value), 96, f"{points:g} points"))
    heights = (48, 34, 20)
    for number, (name, (accuracy, _)) in enumerate(sorted(measured["neighbours"].items(), key=lambda item: item[1][0])):
        shapes.append(_dot(x(accuracy), 60, _OTHERS, 4))
        shapes.append(_text(x(accuracy), heights[number % 3], name, _OTHERS))
    shapes.append(_dot(x(measured["accuracy"]), 60, _YOU, 7))
    shapes.append(_text(x(measured["accuracy"]), 114, f"you: {measured['accuracy']:.1%}", _YOU))
    others = ", ".join(f"{name} {told[0]:.1%}" for name, told in measured["neighbours"].items())
    return _figure(
        f"The ladder: you {measured['accuracy']:.1%} of unseen images"
        + (f"; on the same alphabet {others}." if others else "."),
        _svg(_WIDE, 122, shapes),
        _WIDE,
    )


def _reliability(measured: Mapping[str, Any]) -> str:
    left, top, side = 42, 10, 150

    def x(value: float) -> float:
        return left + side * value

    def y(value: float) -> float:
        return top + side * (1 - value)

    shapes = [_line(x(0), y(0), x(1), y(0)), _line(x(0), y(0), x(0), y(1)), _line(x(0), y(0), x(1), y(1), "4 3")]
    most = max((n for n, _, _ in measured["reliability"]), default=1)
    for n, confidence, accuracy in measured["reliability"]:
        shapes.append(_line(x(confidence), y(confidence), x(confidence), y(accuracy), colour=_YOU))
        shapes.append(_dot(x(confidence), y(accuracy), _YOU, 2.5 + 4 * (n / most) ** 0.5))
    shapes += [_text(x(k), y(0) + 15, f"{k:g}") for k in (0, 0.5, 1)]
    shapes += [_text(x(0) - 16, y(k) + 4, f"{k:g}") for k in (0, 0.5, 1)]
    shapes.append(_text(x(0.5), y(0) + 32, "how sure"))
    shapes.append(f'<g transform="rotate(-90 10 {y(0.5):.0f})">{_text(10, y(0.5), "how often right")}</g>')
    return _figure(
        f"Reliability: on the dashed line it is right as often as it is sure; below, surer. ECE {measured['ece']:.3f}.",
        _svg(215, _HIGH, shapes),
    )


def _budget(measured: Mapping[str, Any]) -> str:
    left, top, width, height = 42, 10, 230, 150
    budget = measured["train_budget"]
    slow, fast = budget, 0.01

    def x(seconds: float) -> float:
        share = math.log(min(max(seconds, fast), slow) / fast) / math.log(slow / fast)
        return left + width * share

    def y(value: float) -> float:
        return top + height * (1 - (max(value, 0.5) - 0.5) / 0.5)

    shapes = [_line(left, y(0.5), left + width, y(0.5)), _line(left, y(0.5), left, y(1))]
    shapes += [_text(left - 20, y(k) + 4, f"{k:.0%}") for k in (0.5, 0.75, 1.0)]
    shapes += [_text(x(s), y(0.5) + 15, f"{s:g} s") for s in (0.01, 0.1, 1, 10)]
    shapes.append(_text(left + width / 2, y(0.5) + 32, "processor time of train"))
    shapes.append(_line(x(budget), y(0.5), x(budget), y(1), "4 3"))
    for accuracy, seconds in measured["neighbours"].values():
        shapes.append(_dot(x(seconds), y(accuracy), _OTHERS, 4))
    shapes.append(_dot(x(measured["train_seconds"]), y(measured["accuracy"]), _YOU, 6))
    return _figure(
        f"Budget against accuracy: {measured['train_seconds']:.1f} of {budget:.0f} s (dashed); the plain solutions of "
        "the ladder are the small dots.",
        _svg(left + width + 25, _HIGH, shapes),
    )


def _confusion(measured: Mapping[str, Any]) -> str:
    rows: Sequence[Sequence[int]] = measured["confusion"]
    truth, guess = measured["worst"] or (0, 0)
    n = rows[truth][guess] if measured["worst"] else 0
    most = max(n, 1)
    head = "".join(f'<th scope="col">{j}</th>' for j in range(len(rows)))
    body = "".join(
        f'<tr><th scope="row">{i}</th>'
        + "".join(
            f"<td>{m}</td>" if i == j else f'<td style="background:rgba(213,94,0,{0.8 * m / most:.2f})">{m or "·"}</td>'
            for j, m in enumerate(row)
        )
        + "</tr>"
        for i, row in enumerate(rows)
    )
    images = measured.get("pair", "")
    shown = (
        f'<img alt="letter {truth} read as {guess}, and letter {guess}" src="{html.escape(images)}"/>' if images else ""
    )
    told = f"most often letter {truth} is read as {guess}: {n} of {sum(rows[truth])}" if n else "none"
    return _figure(
        f"Confusions, a row for each true letter; {told}.",
        f'<table class="dh-confusion"><tr><td></td>{head}</tr>{body}</table>{shown}',
        _WIDE,
    )


def _figure(caption: str, content: str, wide: int = 290) -> str:
    words = html.escape(caption)
    return f'<figure style="width:{wide}px"><figcaption>{words}</figcaption>{content}</figure>'


def _svg(width: float, height: float, shapes: Sequence[str]) -> str:
    inside = "".join(shapes)
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true" '
        f'style="max-width:100%" font-size="11" fill="currentColor">{inside}</svg>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, dashes: str = "", colour: str = "currentColor") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dashed}/>'


def _dot(x: float, y: float, colour: str, radius: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, words: str, colour: str = "currentColor") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" fill="{colour}">{html.escape(words)}</text>'
