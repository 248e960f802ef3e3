"""What a learner has reached so far: the best points of each exercise, kept in a file of the learner's own.

The file is a line of JSON for each improvement. Lines are only ever added, each with one write, so that two notebooks
at once lose nothing, and a broken line costs no other. Grading neither reads nor writes it.
"""

import difflib
import html
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VARIABLE = "DOWNHILL_PROGRESS"
CONTENTS = "contents.json"

_HERE = Path(__file__).parent
# A course's worth of improvements is some ten kilobytes; what is larger is another file.
_MOST_BYTES = 2**20
_SMALLEST_BAR, _WIDTH = 0.02, 20
_paused: ContextVar[bool] = ContextVar("paused", default=False)


def path() -> Path | None:
    """Where points are kept: the file that DOWNHILL_PROGRESS names (empty: nowhere), else one of the user's data."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    # Imported late: a notebook's import cell waits for nothing that it may not need.
    from platformdirs import user_data_path

    return user_data_path("downhill", appauthor=False) / "progress.jsonl"


@contextmanager
def paused() -> Iterator[None]:
    """Nothing is remembered meanwhile: a check that an instructor's cell makes at grading is no learner's."""
    token = _paused.set(True)
    try:
        yield
    finally:
        _paused.reset(token)


def remember(exercise: str, points: float, possible: float) -> None:
    """Keep the points of an exercise, where they are more than ever before; what goes wrong here is not heard of."""
    # A check says what a function is worth. That it can be noted, on a full disk or in a folder of somebody else's, is
    # not part of it.
    with suppress(Exception):
        file = None if _paused.get() else path()
        if file is None or (file.exists() and not file.is_file()):
            return
        if points / possible <= best().get(exercise, 0.0):
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        before = _content(file)
        line = json.dumps({"exercise": exercise, "points": float(points), "of": float(possible)}) + "\n"
        # What a stopped process left without an end must not swallow this line.
        start = "\n" if before and not before.endswith("\n") else ""
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, (start + line).encode())
        finally:
            os.close(descriptor)


def best() -> dict[str, float]:
    """The largest share of its points that each exercise ever earned, up to 1; those that earned nothing are absent."""
    shares: dict[str, float] = {}
    with suppress(Exception):
        file = path()
        for line in _content(file).splitlines() if file else ():
            read = _read(line)
            if read and read[1] > shares.get(read[0], 0.0):
                shares[read[0]] = read[1]
    return shares


def _content(file: Path) -> str:
    # A pipe would wait for ever.
    if not file.is_file():
        return ""
    with file.open("rb") as opened:
        return opened.read(_MOST_BYTES).decode("utf-8", "replace")


def _read(line: str) -> tuple[str, float] | None:
    try:
        entry = json.loads(line)
        exercise, points, possible = entry["exercise"], entry["points"], entry["of"]
        share = points / possible
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return None
    sound = isinstance(exercise, str) and isinstance(share, float) and math.isfinite(share)
    return (exercise, share) if sound and 0 <= share <= 1 else None


@dataclass(frozen=True)
class Item:
    """A line of the table: an assignment, or an exercise of one.

    Parameters
    ----------
    name : "02_sgd", or an exercise's
    title : what is shown
    earned, possible : points
    solved, exercises : how many have all their points, of how many
    link : of the notebook, from where the kernel runs; empty where it is not found
    """

    name: str
    title: str
    earned: float
    possible: float
    solved: int
    exercises: int
    link: str = ""

    @property
    def share(self) -> float:
        """Points earned of points possible, 0 to 1."""
        return self.earned / self.possible if self.possible else 0.0


@dataclass(frozen=True)
class Standing:
    """What a learner has reached: shown as HTML in a notebook, and as text by `print`.

    Parameters
    ----------
    title : of the table
    items : its lines, in the order of the course
    kind : what a line is about, "assignment" or "exercise"
    remarks : sentences below the table
    """

    title: str
    items: tuple[Item, ...]
    kind: str
    remarks: tuple[str, ...] = ()

    @property
    def total(self) -> Item:
        """All lines in one."""
        sums = [
            sum(getattr(item, name) for item in self.items) for name in ("earned", "possible", "solved", "exercises")
        ]
        return Item("", "all together", round(sums[0], 2), *sums[1:])

    def to_text(self) -> str:
        """The table for a terminal."""
        lines = [*self.items, *([self.total] if self.items else [])]
        width = max((len(item.title) for item in lines), default=0)
        rows = [f"  {item.title:<{width}}  {_bar(item.share)}  {self._words(item)}" for item in lines]
        return "\n".join([self.title, *rows, *(f"  {remark}" for remark in self.remarks)])

    def to_html(self) -> str:
        """The table as a fragment of HTML, readable in a light and in a dark theme."""
        lines = "".join(map(self._row, self.items))
        foot = f"<tfoot>{self._row(self.total)}</tfoot>" if self.items else ""
        heads = "".join(f'<th scope="col">{head}</th>' for head in (self.kind, "points so far", "state"))
        remarks = "".join(f"<p>{html.escape(remark)}</p>" for remark in self.remarks)
        table = f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody>{foot}" if self.items else ""
        caption = f"<caption>{html.escape(self.title)}</caption>"
        return f'<style>{_STYLE}</style><div class="dh-progress"><table>{caption}{table}</table>{remarks}</div>'

    def _row(self, item: Item) -> str:
        name = html.escape(item.title)
        if item.link:
            name = f'<a href="{html.escape(item.link)}">{name}</a>'
        elif self.kind == "exercise" and item.name:
            name = f"<code>{name}</code>"
        share = min(1.0, max(item.share, _SMALLEST_BAR)) if item.earned else 0.0
        full = " dh-full" if item.share >= 1 else ""
        # The bar repeats what the words say.
        bar = f'<span class="dh-bar{full}" aria-hidden="true"><span style="width:{100 * share:.0f}%"></span></span>'
        return (
            f'<tr><th scope="row">{name}</th><td>{bar}<span>{_points(item)}</span></td>'
            f"<td>{html.escape(self._state(item))}</td></tr>"
        )

    def _words(self, item: Item) -> str:
        return f"{_points(item)}, {self._state(item)}"

    def _state(self, item: Item) -> str:
        if item.exercises != 1 or self.kind == "assignment":
            return f"{item.solved} of {item.exercises} exercise{'s' * (item.exercises != 1)} solved"
        if item.solved:
            return "solved"
        return f"{_number(item.possible - item.earned)} left" if item.earned else "to do"

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()


def progress(assignment: str = "") -> Standing:
    """Where you stand: your best points so far in all assignments, or in the exercises of one.

    Points are those of the checks you ran on this machine. They are kept for you alone, and count for nothing.

    Parameters
    ----------
    assignment : such as "02_sgd"; all of them where it is left out

    Raises
    ------
    ValueError : no such assignment

    Examples
    --------
    >>> progress("02_sgd").kind
    'exercise'
    """
    table = contents()
    if not assignment:
        return _overview(table)
    if assignment not in table:
        near = difflib.get_close_matches(str(assignment), table, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(table) or 'none'}"
        raise ValueError(f"progress: no assignment is called {assignment!r}; {hint}")
    return _one(assignment, table[assignment])


def contents() -> dict[str, Any]:
    """What there is to solve, as a build wrote it down: by assignment its title, and the points of each exercise."""
    with suppress(OSError, ValueError):
        return json.loads((_HERE / CONTENTS).read_text(encoding="utf-8"))
    return {}


def _overview(table: Mapping[str, Any]) -> Standing:
    shares = best()
    items = []
    for name, about in table.items():
        parts = _items(about["exercises"], shares)
        earned, possible = round(sum(part.earned for part in parts), 2), sum(part.possible for part in parts)
        title = f"{name[:2]} · {about['title']}"
        items.append(Item(name, title, earned, possible, sum(p.solved for p in parts), len(parts), _link(name)))
    file = path()
    read = sum(sum(about.get("answers", {}).values()) for about in table.values())
    remarks = [f"Questions you answer in words are read by a person: {_number(read)} points more."] if read else []
    remarks += [f"Kept in {_short(file)}, for you alone; delete the file to start anew."] if file else []
    return Standing("Where you stand", tuple(items), "assignment", tuple(remarks))


def _one(name: str, about: Mapping[str, Any]) -> Standing:
    items = _items(about["exercises"], best())
    standing = Standing(f"Where you stand in {name[:2]} · {about['title']}", items, "exercise")
    left = [item for item in items if not item.solved]
    points = _number(standing.total.possible - standing.total.earned)
    remarks = [f"{points} points left. Next: {left[0].name}."] if left else ["All solved."]
    if about.get("answers"):
        read = _number(sum(about["answers"].values()))
        remarks.append(f"The question you answer in words is read by a person: {read} points more.")
    return Standing(standing.title, items, "exercise", tuple(remarks))


def _items(exercises: Mapping[str, float], shares: Mapping[str, float]) -> tuple[Item, ...]:
    return tuple(
        Item(name, name, round(shares.get(name, 0.0) * worth, 2), worth, int(shares.get(name, 0.0) >= 1), 1)
        for name, worth in exercises.items()
    )


def _link(name: str) -> str:
    """The notebook from where the kernel runs, which is the notebook's folder, or the one above."""
    for place in (f"{name}/{name}.ipynb", f"../{name}/{name}.ipynb", f"{name}.ipynb", f"../{name}.ipynb"):
        with suppress(OSError):
            if Path(place).is_file():
                return place
    return ""


def _short(file: Path) -> str:
    with suppress(ValueError, RuntimeError):
        return str(Path("~") / file.relative_to(Path.home()))
    return str(file)


def _number(points: float) -> str:
    return f"{round(points, 2):.10g}"


def _points(item: Item) -> str:
    return f"{_number(item.earned)} of {_number(item.possible)} point{'s' * (item.possible != 1)}"


def _bar(share: float) -> str:
    # Something earned is never shown as nothing, and something missing never as all.
    full = min(max(round(share * _WIDTH), int(share > 0)), _WIDTH - int(share < 1))
    return "█" * full + "░" * (_WIDTH - full)


_STYLE = """
.dh-progress{font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:14px;line-height:1.5;
 color:var(--jp-ui-font-color1,inherit);max-width:56rem;margin:.25rem 0;overflow-x:auto;container-type:inline-size}
.dh-progress table{border-collapse:collapse;margin:0!important;width:100%;table-layout:auto;background:transparent}
.dh-progress caption{text-align:left;font-weight:700;font-size:1.05em;padding:.2rem 0 .4rem;color:inherit;
 caption-side:top}
.dh-progress tr,.dh-progress th,.dh-progress td{background:transparent!important;color:inherit;border:0;
 text-align:left!important;padding:.2rem 1rem .2rem 0!important;vertical-align:middle;font-size:14px;
 white-space:normal;max-width:none}
.dh-progress th{font-weight:400}
.dh-progress thead th{border-bottom:1px solid #8888;opacity:.8}
.dh-progress tfoot th,.dh-progress tfoot td{border-top:1px solid #8888;font-weight:700}
.dh-progress td{font-variant-numeric:tabular-nums;white-space:nowrap}
.dh-progress code{background:transparent;color:inherit;padding:0;overflow-wrap:anywhere}
.dh-progress a{color:var(--jp-content-link-color,#1976d2);text-decoration:underline}
.dh-bar{display:inline-block;width:6rem;height:.7em;margin-right:.7rem;border:1px solid #888;border-radius:3px;
 overflow:hidden;vertical-align:-.03em}
.dh-bar>span{display:block;height:100%;background:#e69f00}
.dh-bar.dh-full>span{background:#2e8b57}
@container (max-width:40rem){.dh-bar{display:none}.dh-progress td{white-space:normal}}
.dh-progress p{margin:.35rem 0 0;opacity:.85}
"""
