"""The first pictures: the error of a line, slope by slope, and the map of the course."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from helpers.plots.ready import Notes, ask_array, picture
from helpers.plots.style import COLORS


@picture(
    "Left: points and three lines through the origin. Right: the error of every slope, a valley with one lowest point."
)
def start_error(notes: Notes, mean_squared_error: Callable):
    """Show the error of the line y = slope * x for each slope, measured with the student's function."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 2, 12)
    y = 1.5 * x + 0.3 * rng.standard_normal(12)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(9, 3.2))
    left.plot(x, y, "o", color="black", label="data")
    left.set(title="Three lines", xlabel="x", ylabel="y")
    right.set(title="The error of each slope", xlabel="slope", ylabel="mean squared error")
    marked = (0.5, 1.5, 2.2)
    for slope, color, style in zip(marked, COLORS, ("-", "--", "-."), strict=False):
        ends = np.array([0.0, 2.0])
        left.plot(ends, slope * ends, color=color, linestyle=style, label=f"slope {slope}")
    left.legend()
    with notes.collect():
        slopes = np.linspace(0, 3, 61)
        errors = [ask_array(mean_squared_error, slope * x, y, shape=()) for slope in slopes]
        right.plot(slopes, errors, color="0.5", linestyle="-")
        for slope, color, marker in zip(marked, COLORS, "os^", strict=False):
            right.plot(slope, ask_array(mean_squared_error, slope * x, y, shape=()), marker, color=color, markersize=8)
    return fig


# By number: what two weeks are enough for, by its core paths.
TWO_WEEKS = ("01", "02", "03", "06", "07", "10", "11", "12", "13")


def course_map() -> None:
    """Show what needs what in this course, and which way is for two weeks: as a picture, and in words."""
    # Where submissions are graded there is no table, and no picture.
    from autograder.progress import contents

    table = {name: about for name, about in contents().items() if not name.startswith("00")}
    picture(" ".join(needs_in_words(table)))(draw_map)(table)


def needs_in_words(table: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each assignment: what it needs, and whether it is on the way of two weeks.

    Parameters
    ----------
    table : by name, such as "02_sgd": `needs`, the numbers of others; `minutes`; `core_minutes`
    """
    sentences = []
    for name, about in table.items():
        needs = f"needs {', '.join(about['needs'])}" if about["needs"] else "needs no other"
        way = "; it is on the way of two weeks" if name[:2] in TWO_WEEKS else ""
        sentences.append(f"{name[:2]} {name[3:].replace('_', ' ')} {needs}{way}.")
    return sentences


def draw_map(notes: Notes, table: Mapping[str, Mapping[str, Any]]):
    """Draw each assignment right of all that it needs."""
    short = [about for name, about in table.items() if name[:2] in TWO_WEEKS]
    core, everything = sum(a["core_minutes"] for a in short) / 60, sum(a["minutes"] for a in table.values()) / 60
    notes.add(
        f"Two weeks: the core paths of {', '.join(name[:2] for name in table if name[:2] in TWO_WEEKS)} (bold frames), "
        f"{core:.0f} hours."
    )
    notes.add(f"A term: everything, about one assignment a week, {everything:.0f} hours.")
    needs = {name[:2]: about["needs"] for name, about in table.items()}
    depth: dict[str, int] = {}
    for number, before in needs.items():
        depth[number] = 1 + max((depth[need] for need in before if need in depth), default=-1)
    columns = [[number for number in depth if depth[number] == k] for k in range(max(depth.values()) + 1)]
    places = {n: (3.0 * k, (len(ns) - 1) / 2 - i) for k, ns in enumerate(columns) for i, n in enumerate(ns)}
    fig, ax = notes.plt.subplots(figsize=(9, 4.4))
    for number, before in needs.items():
        # An arrow that others imply would hide them.
        implied = set().union(*(_all_needs(need, needs) for need in before))
        for need in {*before} & {*places} - implied:
            (x0, y0), (x1, y1) = places[need], places[number]
            arrow = {"arrowstyle": "->", "color": "0.55", "linewidth": 1.0}
            ax.annotate("", (x1 - 1.02, y1), (x0 + 1.02, y0), arrowprops=arrow)
    for name, about in table.items():
        bold = name[:2] in TWO_WEEKS
        frame = {"boxstyle": "round,pad=0.35", "facecolor": "white"}
        frame |= {"edgecolor": COLORS[0] if bold else "0.6", "linewidth": 2.5 if bold else 1.0}
        words = f"{name[:2]} {name[3:].replace('_', ' ')}\n{about['minutes']} minutes"
        ax.text(*places[name[:2]], words, ha="center", va="center", fontsize=8.5, bbox=frame)
    ax.plot(*zip(*places.values(), strict=True), linestyle="none")
    ax.set(xlim=(-1.4, 3.0 * (len(columns) - 1) + 1.4), title="What needs what")
    ax.margins(y=0.12)
    ax.axis("off")
    return fig


def _all_needs(number: str, needs: Mapping[str, Sequence[str]]) -> set[str]:
    """What an assignment needs, and what that needs."""
    return set().union(*({need, *_all_needs(need, needs)} for need in needs.get(number, ())))
