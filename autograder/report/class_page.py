"""The class report as one page: no scripts, nothing loaded, readable in light and dark, printed and read aloud."""

import io
import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import matplotlib as mpl
import numpy as np
from jinja2 import Template
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from autograder.grading.course import Course
from autograder.grading.scores import duration, moment_text, points_text
from autograder.report.class_report import ClassReport, Student, spaced
from autograder.report.page import template

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

# Colours that matplotlib draws with and the page has as variables, one value for light and one for dark.
_COLORS = {
    "#010101": "var(--ink)",
    "#020202": "var(--grid)",
    "#030303": "var(--all)",
    "#040404": "var(--part)",
    "#050505": "var(--none)",
    "#060606": "var(--page)",
    "#070707": "var(--on-all)",
    "#080808": "var(--on-part)",
    "#090909": "var(--mark)",
}
_INK, _GRID, _ALL, _PART, _NONE, _PAGE, _ON_ALL, _ON_PART, _MARK = _COLORS

_RC: "dict[RcKeyType, Any]" = {
    "svg.fonttype": "none",
    # Ids are drawn from this and what is shown, else at random.
    "svg.hashsalt": "downhill",
    "text.parse_math": False,
    "font.size": 10.5,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _GRID,
    "xtick.color": _GRID,
    "ytick.color": _GRID,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.color": _ON_PART,
    "hatch.linewidth": 0.6,
}
_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
# Narrower than this share of its bar, a number does not fit in.
_ROOM = 0.045


def class_page(report: ClassReport, course: Course, folder: Path) -> str:
    """The page.

    Parameters
    ----------
    report : what it shows
    course : whose feedback pages it links to, where they are
    folder : where the page will lie; links start from there
    """
    return _template().render(
        report=report,
        counted=report.counted,
        distribution=_distribution(report),
        outcomes=_outcomes(report),
        groups=_groups(report),
        names={s.id: s.name for s in report.students},
        links={s.id: link for s in report.students if (link := _feedback(course, report, s, folder))},
        most_made=max((len(mistake.students) for mistake in report.mistakes), default=1),
        by_exercise=_most_frequent(report),
    )


def _groups(report: ClassReport) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Who needs attention: (heading, what to do, [(student, more)])."""
    students = report.students
    groups = [
        (
            "Handed in, not graded yet",
            f"autograder grade {report.assignment}",
            [(s.id, "") for s in students if s.state == "not graded yet"],
        ),
        (
            "A later submission lies there than the graded one",
            f"autograder grade {report.assignment}",
            [(s.id, "") for s in students if s.resubmitted],
        ),
        ("File refused", "", [(s.id, s.refused) for s in students if s.refused]),
        ("Not one point: nothing written", "", [(s.id, "") for s in students if s.stuck and s.untouched]),
        ("Not one point: stuck", "", [(s.id, _made(s)) for s in students if s.stuck and not s.untouched]),
        ("Late", "", [(s.id, _late(s)) for s in students if s.seconds_late > 0]),
        ("Waits for a person", "formgrader", [(s.id, ", ".join(s.waits)) for s in students if s.waits]),
        ("Nothing handed in", "", [(s.id, "") for s in students if s.state == "nothing handed in"]),
    ]
    return [group for group in groups if group[2]]


def _made(student: Student) -> str:
    return ", ".join(f"{exercise}: {spaced(name)}" for exercise, name in student.mistakes)


def _late(student: Student) -> str:
    taken = f", {points_text(student.penalty)} points taken off" if student.penalty else ""
    return duration(student.seconds_late) + taken


def _most_frequent(report: ClassReport) -> dict[str, str]:
    """The mistake that most made, by exercise."""
    found: dict[str, str] = {}
    for mistake in report.mistakes:
        found.setdefault(mistake.exercise, f"{spaced(mistake.name)} ({len(mistake.students)})")
    return found


def _feedback(course: Course, report: ClassReport, student: Student, folder: Path) -> str:
    path = course.feedback(student.id, report.assignment) / f"{report.assignment}.html"
    try:
        return quote(Path(os.path.relpath(path, folder)).as_posix()) if path.is_file() else ""
    except (OSError, ValueError):
        # Another drive, or a name that is too long for a file.
        return ""


def number(value: float | None, digits: int = 2) -> str:
    """Without needless zeros; a dash for what is not defined."""
    return "–" if value is None else f"{round(value, digits) + 0.0:.10g}"


def percent(share: float | None) -> str:
    """A share in whole percent; 100 only for all of it."""
    return "–" if share is None else f"{round(100 * share) if share >= 1 else min(round(100 * share), 99)}\N{NBSP}%"


def breakable(name: str) -> Markup:
    """A name that may go on in the next line behind an underscore."""
    return escape(name).replace("_", Markup("_<wbr>"))


def code(sentence: str) -> Markup:
    """Escaped, with `code` as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(sentence))))


def _distribution(report: ClassReport) -> Markup:
    """How many have how many points."""
    totals, median = report.totals, report.median
    if median is None:
        return Markup("")
    possible = max(report.possible, *totals, 1e-9)
    edges = np.linspace(0, possible, 21)
    counts, _ = np.histogram(totals, edges)
    with mpl.rc_context(_RC):
        figure = Figure(figsize=(8.2, 2.9), layout="constrained")
        axes = figure.subplots()
        axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=_ALL, edgecolor=_PAGE, linewidth=1.2)
        axes.axvline(median, color=_MARK, linewidth=1.8, linestyle=(0, (4, 2)))
        right = median > possible / 2
        axes.annotate(
            f"median {number(median)}",
            (median, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-6 if right else 6, -2),
            textcoords="offset points",
            ha="right" if right else "left",
            va="bottom",
            color=_MARK,
            annotation_clip=False,
        )
        axes.set(xlabel=f"points of {number(report.possible)}", ylabel="submissions", xlim=(0, possible))
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        axes.set_ylim(0, max(counts) * 1.06)
        axes.grid(axis="y", color=_GRID, alpha=0.5, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
    told = ", ".join(f"{number(a)} to {number(b)}: {n}" for a, b, n in zip(edges, edges[1:], counts, strict=False) if n)
    words = f"Histogram of points, median {number(median)}, mean {number(report.mean)}. Submissions by points: "
    return _svg(figure, "points", f"Points of {len(totals)} submissions", words + told + ".")


def _outcomes(report: ClassReport) -> Markup:
    """For each exercise: full points, some, none, not graded yet."""
    exercises = [exercise for exercise in report.exercises if report.counted and not exercise.void]
    if not exercises:
        return Markup("")
    everybody = len(report.counted)
    kinds = (
        ("full points", [e.solved for e in exercises], _ALL, "", _ON_ALL),
        ("some points", [e.partly for e in exercises], _PART, "////", _ON_PART),
        ("no points", [e.nothing for e in exercises], _NONE, "", _INK),
        ("no points given yet", [everybody - e.judged for e in exercises], _PAGE, "..", _INK),
    )
    with mpl.rc_context(_RC):
        figure = Figure(figsize=(8.2, 0.75 + 0.3 * len(exercises)), layout="constrained")
        axes = figure.subplots()
        rows = np.arange(len(exercises))
        left = np.zeros(len(exercises))
        for label, counts, color, hatch, ink in kinds:
            if not any(counts):
                continue
            shares = np.array(counts) / everybody
            axes.barh(rows, shares, 0.74, left, label=label, color=color, hatch=hatch, edgecolor=_GRID, linewidth=0.6)
            for row, (start, share, count) in enumerate(zip(left, shares, counts, strict=True)):
                if share >= _ROOM:
                    axes.text(
                        start + share / 2,
                        row,
                        str(count),
                        ha="center",
                        va="center",
                        color=ink,
                        fontsize=9.5,
                        # On hatching a number needs a place of its own.
                        bbox={"facecolor": color, "edgecolor": "none", "pad": 1.2} if hatch else None,
                    )
            left += shares
        axes.set_yticks(rows, [exercise.id for exercise in exercises])
        axes.invert_yaxis()
        axes.set(xlim=(0, 1), ylim=(len(exercises) - 0.5, -0.5))
        axes.set_xticks([])
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
        figure.legend(loc="outside upper left", ncols=4, frameon=False, handlelength=1.6, handleheight=1.0)
    words = "A bar for each exercise, of those with full, some and no points; the table below has the numbers."
    return _svg(figure, "outcomes", "What came of each exercise", words)


def _svg(figure: Figure, name: str, title: str, words: str) -> Markup:
    """A figure as part of a page: its ids are its own, its colours are the page's, and it says what it shows."""
    text = io.StringIO()
    with mpl.rc_context(_RC):
        figure.savefig(text, format="svg", transparent=True, metadata=_METADATA)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\1{name}-", svg)
    for drawn, variable in _COLORS.items():
        svg = svg.replace(drawn, variable)
    # The page has fonts, and the global style would reach the page.
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    head = Markup('<svg role="img" aria-labelledby="{0}-title {0}-words" ').format(name)
    said = Markup('<title id="{0}-title">{1}</title><desc id="{0}-words">{2}</desc>').format(name, title, words)
    svg = re.sub(
        r'^<svg (.*?) width="[^"]*" height="[^"]*"(.*?)>',
        lambda found: f"<svg {found[1]}{found[2]}>{said}",
        svg,
        count=1,
    )
    return Markup(svg.replace("<svg ", head, 1))


def _shown(names: Sequence[object], most: int) -> tuple[Sequence[object], int]:
    """The first ones, and how many more there are."""
    return names[:most], max(0, len(names) - most)


@cache
def _template() -> Template:
    return template(
        "class_page.html",
        number=number,
        percent=percent,
        duration=duration,
        moment=moment_text,
        points=points_text,
        breakable=breakable,
        code=code,
        shown=_shown,
        spaced=spaced,
    )
