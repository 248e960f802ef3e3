"""What is alike, for a terminal, as a table and as a page: groups, who is in them, and what they share, once."""

import re
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby

from jinja2 import Template

from autograder.grading.whose import Person
from autograder.report.output import csv_text
from autograder.report.page import template
from autograder.report.similar import Group, Part, Similar
from autograder.report.table import printable

_NOTE = "A place to look, not a verdict: a book, a forum, a machine or a lesson can have taught all of them."
# So many names stand in a line.
_NAMED = 12

_People = Mapping[str, Person]


def similar_text(found: Similar, people: _People, width: int = 120) -> str:
    """What was found, for a terminal: what two of a group have, side by side, and where the others have it.

    Parameters
    ----------
    people : the roster, for names
    width : of the terminal, in characters
    """
    half = max(30, (width - 3) // 2)
    lines = [f"{printable(student)}: passed over: {why}" for student, why in found.skipped]
    lines += [""] if lines else []
    lines += textwrap.wrap(heading(found), max(width, 40))
    if not found.groups:
        return "\n".join(lines)
    lines += [_NOTE, ""]
    for number, group in enumerate(found.groups, 1):
        listed = ", ".join(printable(_called(student, people)) for student in sorted(group.members))
        text = f"{number:>3}  {size(group)}: {listed}"
        lines += textwrap.wrap(text, max(width, 40), subsequent_indent=" " * 5, break_long_words=False)
    for number, group in enumerate(found.groups, 1):
        if not group.parts:
            continue
        lines += ["", f"── {number}. {_some(group, people)} ".ljust(min(width, 2 * half + 3), "─")]
        for part in group.parts:
            lines += ["", *_side_by_side(part, half)]
            if part.others:
                also = f"also {'; '.join(map(printable, also_in(part)))}"
                lines += textwrap.wrap(also, max(width, 40), subsequent_indent="  ", break_long_words=False)
        if group.more:
            lines += ["", "They share more than is shown."]
    return "\n".join(lines)


def heading(found: Similar) -> str:
    """How many were compared, and what came of it."""
    count, members = len(found.groups), sum(len(group.members) for group in found.groups)
    groups = f"{count} group{'s' * (count != 1)}, {members} submissions in all," if count else "no two"
    return (
        f"{found.assignment}: {found.compared} submissions compared; {groups} "
        f"alike in {found.least:.0%} or more of what is rare in the code of one of them."
    )


def size(group: Group) -> str:
    """How many, and how much alike."""
    low, high = (f"{share:.0%}" for share in group.shares)
    share = high if low == high else f"{low} to {high}"
    count, every = len(group.pairs), len(group.members) * (len(group.members) - 1) // 2
    pairs = "" if every == 1 else f", in {'all' if count == every else count} of {every} pairs"
    return f"{len(group.members)} submissions, {share} alike{pairs}"


def also_in(part: Part) -> list[str]:
    """Where the others have a part: those who have it in the same lines together."""
    who: dict[str, list[str]] = defaultdict(list)
    for student, places in groupby(part.others, key=lambda place: place[0]):
        who[", ".join(_lines((cell, first, last)) for _, cell, first, last in places)].append(student)
    return [f"{', '.join(students)}: {place}" for place, students in who.items()]


def similar_csv(found: Similar, people: _People) -> str:
    """A row for each member of a group."""
    rows: list[Sequence[str | float | None]] = [
        [
            "group",
            "size",
            "student",
            "last_name",
            "first_name",
            "most_alike_with",
            "share",
            "fragments_in_common",
            "pairs",
        ]
    ]
    for number, group in enumerate(found.groups, 1):
        for student in sorted(group.members):
            nearest = group.nearest(student)
            person = people.get(student, Person(student))
            other = nearest.right if nearest.left == student else nearest.left
            pairs = sum(student in (pair.left, pair.right) for pair in group.pairs)
            who = student, person.last_name, person.first_name
            rows.append([number, len(group.members), *who, other, round(nearest.share, 4), nearest.common, pairs])
    return csv_text(rows)


def similar_page(found: Similar, people: _People) -> str:
    """The page: nothing is loaded from elsewhere, and no script runs."""
    return _template().render(found=found, people=people, heading=heading(found), note=_NOTE)


def _some(group: Group, people: _People) -> str:
    names = [printable(_called(student, people)) for student in sorted(group.members)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _called(student: str, people: _People) -> str:
    person = people.get(student)
    return f"{student} ({person.name})" if person and person.name not in ("", student) else student


def _lines(place: tuple[str, int, int]) -> str:
    cell, first, last = place
    return f"{cell}, line{f's {first}–{last}' if last > first else f' {first}'}"


def _rows(part: Part) -> list[tuple[str, str]]:
    """The lines of both that stand beside each other, without the indentation that all have."""
    passage = part.passage
    texts = _dedented(passage.left_lines), _dedented(passage.right_lines)
    starts = passage.left[1], passage.right[1]
    rows = []
    for row in passage.rows:
        a, b = ("" if n is None else text[n - start] for n, text, start in zip(row, texts, starts, strict=True))
        rows.append((a, b))
    return rows


def _side_by_side(part: Part, half: int) -> list[str]:
    """A part for the terminal."""
    left = f"{printable(part.left)}: {_lines(part.passage.left)}"
    right = f"{printable(part.right)}: {_lines(part.passage.right)}"
    return [_columns(left, right, half), *(_columns(a, b, half) for a, b in _rows(part))]


def _dedented(lines: Sequence[str]) -> list[str]:
    return textwrap.dedent("\n".join(line.expandtabs(4) for line in lines)).split("\n")


def _columns(left: str, right: str, half: int) -> str:
    """Two texts beside each other, cut to half a line each."""
    a, b = (text if len(text) <= half else text[: half - 1] + "…" for text in map(printable, (left, right)))
    return f"{a:<{half}} │ {b}".rstrip()


def _visible(text: str) -> str:
    """Text without control characters, which a page must not hold."""
    return re.sub(r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\N{REPLACEMENT CHARACTER}", text)


@cache
def _template() -> Template:
    return template("similar_page.html", size=size, also=also_in, place=_lines, rows=_rows, visible=_visible)
