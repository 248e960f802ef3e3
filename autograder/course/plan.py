"""What a course's headers say of time and of what comes first, and the syllabuses that follow from it."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from autograder.course.source import Source, SourceError

# Weeks, each with its assignments by number. The short one takes the core paths alone.
SIX_WEEKS = (("01",), ("02", "03"), ("06", "07"), ("09", "10"), ("11", "12"), ("13",))
TWELVE_WEEKS = (
    ("01",), ("02",), ("03",), ("04", "05"), ("06",), ("07",), ("08",), ("09",), ("10",), ("11",), ("12",), ("13",),
)  # fmt: skip
BEGIN, END = "<!-- syllabus: written by `autograder build` -->", "<!-- end of the syllabus -->"

# What stands behind a semicolon is of use, and not needed.
_NEEDS = re.compile(r"\*\*You need\*\*(.*?)(?:;|\n\n|\Z)", re.DOTALL)
_NO_NOTEBOOK = re.compile(r"\]\([^)]*\)|sections? \d+")
_NUMBER = re.compile(r"(?<![\d.])(\d\d)(?!\d)(?:_\w+)?")
_MINUTES = r"\*\*{}:\*\*.*?about (\d+) minutes"


def told(source: Source) -> dict[str, Any]:
    """What the header of a text says: `minutes` and `needs`, the numbers of other texts; of the core path, its points.

    Whose header names no core path has none but the whole.
    """
    header = next((cell.source for cell in source.cells if cell.kind == "text"), "")
    minutes, core = (re.search(_MINUTES.format(name), header, re.DOTALL) for name in ("Time", "Core path"))
    if not minutes:
        return {}
    asked = [cell for cell in source.cells if cell.kind in ("check", "answer") and cell.counts]
    extra = {cell.id for cell in source.cells if cell.kind == "exercise" and cell.path == "extra"}
    needs = _NEEDS.search(header)
    return {
        "minutes": int(minutes[1]),
        "core_minutes": int(core[1] if core else minutes[1]),
        "core_points": sum(cell.points or 0 for cell in asked if cell.id not in extra),
        "needs": sorted(set(_NUMBER.findall(_NO_NOTEBOOK.sub("", needs[1])))) if needs else [],
    }


def out_of_order(source: Source, texts: Collection[str]) -> list[SourceError]:
    """Where a header needs what comes later, or what there is not."""
    own, known = source.topic[:2], {name[:2] for name in texts}
    return [
        SourceError(source.file, source.cells[0].line, f"the header needs {number}, which comes no earlier")
        for number in told(source).get("needs", ())
        if number >= own and number in known
    ]


def syllabus(table: Mapping[str, Mapping[str, Any]]) -> str:
    """Both syllabuses, as Markdown, by the contents that a build wrote."""
    parts = [
        "**Six weeks**, by the core paths; what is marked *optional* can count as extra.",
        _weeks(table, SIX_WEEKS, core=True),
        "**Twelve weeks**, everything.",
        _weeks(table, TWELVE_WEEKS, core=False),
    ]
    return "\n\n".join(parts)


def with_syllabus(text: str, table: Mapping[str, Mapping[str, Any]]) -> str:
    """A document whose syllabus is that of the table; as it is, where it has no place for one."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n\n{syllabus(table)}\n\n{end}{after}" if begin and end else text


def _weeks(table: Mapping[str, Mapping[str, Any]], weeks: Sequence[Sequence[str]], *, core: bool) -> str:
    lines = ["| week | assignments | hours | points |", "|--:|---|--:|--:|"]
    names = {name[:2]: name for name in table}
    minutes, points = 0, 0.0
    for week, numbers in enumerate(weeks, 1):
        there = [names[number] for number in numbers if number in names]
        spent = sum(table[name]["core_minutes" if core else "minutes"] for name in there)
        worth = sum(table[name]["core_points"] if core else _points(table[name]) for name in there)
        lines.append(f"| {week} | {', '.join(there)} | {_hours(spent)} | {worth:g} |")
        minutes, points = minutes + spent, points + worth
    return "\n".join([*lines, f"| | **together** | **{_hours(minutes)}** | **{points:g}** |"])


def _points(about: Mapping[str, Any]) -> float:
    return sum(about["exercises"].values()) + sum(about["answers"].values())


def _hours(minutes: int) -> str:
    """Hours, up to the next half."""
    return f"{-(-minutes // 30) / 2:g}"
