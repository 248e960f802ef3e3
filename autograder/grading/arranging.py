"""From submitted cells to the notebook that is graded, and the order in which it runs and is judged."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.grading.answers import MAX_TEXT, answers, inert
from autograder.grading.assignment import Assignment, exercise_of, is_check, is_demo, released_source
from autograder.grading.matching import Given, asked_for, bound, checks_in, exercises_in, key_of, plain

MAX_SOURCE = 200_000
# A check that stands more often judges at the last places alone: each costs a process and some time.
_MOST_PLACES = 4
_MOST_IN_ALL = 60


class Refused(Exception):
    """A file that is not graded; the text is for the student."""


@dataclass(frozen=True)
class Submission:
    """What is graded of a submission.

    Parameters
    ----------
    notebook : the student's code where it stood, all else the instructor's; extra cells are marked in metadata.downhill
    missing : solution cells without an answer, and why
    notes : what the student should know of how the file was read
    untouched : nothing was written: neither an answer nor a cell
    steps : what is done in order: a cell of the notebook is run, or the check of an id judges what there is by then
    refused : why nothing of it is run
    unclear : exercises that are not judged, and why
    """

    notebook: NotebookNode
    missing: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    untouched: bool = False
    steps: tuple[NotebookNode | str, ...] = ()
    refused: str = ""
    unclear: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class _Item:
    """A step on the way through the notebook.

    Parameters
    ----------
    key : the instructor's cell that it comes from
    given : the submitted cell, where its source is run as the student's
    exercise : the exercise that this source is about
    node : the cell that is recorded
    judges : the check that judges here
    """

    key: str = ""
    given: Given | None = None
    exercise: str = ""
    node: NotebookNode | None = None
    judges: str = ""


def arrange(assignment: Assignment, given: Sequence[Given]) -> Submission:
    """The notebook and its steps.

    Raises
    ------
    Refused : no cell is one of this assignment's exercises
    """
    return _Arrangement(assignment, given).submission()


class _Arrangement:
    def __init__(self, assignment: Assignment, given: Sequence[Given]):
        self.assignment = assignment
        self.given = [cell for cell in given if len(cell.source) <= MAX_SOURCE]
        self.too_long = [cell for cell in given if len(cell.source) > MAX_SOURCE]
        self.fresh = {key_of(cell): cell for cell in assignment.fresh().cells}
        self.order = list(self.fresh)
        self.asked = asked_for(assignment)
        self.stubs = {name: plain(assignment.solutions[name].source) for name in self.asked}
        self.checks = {exercise_of(cell): key_of(cell) for cell in assignment.notebook.cells if is_check(cell)}
        self.notes: list[str] = []
        self.missing: dict[str, str] = {}
        self.unclear: dict[str, str] = {}
        self.items: list[_Item] = []

    def submission(self) -> Submission:
        self._refuse_another_notebook()
        self._find_definitions()
        for cell in self.given:
            self._take(cell)
        self.notes += [
            f"Your own cell {cell.number} is longer than {MAX_SOURCE} characters: it was not run."
            for cell in self.too_long
            if cell.is_code and not cell.key
        ]
        for name in self.asked:
            self._choose(name)
        given = {item.judges for item in self.items}
        self._insert_what_is_missing()
        for name in self.asked:
            self._judge_below(name, self.checks.get(name) in given)
        self._set_up_first()
        answered = self._answer()
        self._record_checks()
        notebook = self.assignment.fresh()
        notebook.cells = self._cells()
        steps = [item.judges or item.node for item in self.items if item.judges or self._runs(item)]
        own = any(item.given and plain(item.given.source) not in self.stubs.values() for item in self.items)
        notes = (*self.notes, *self.missing.values(), *self.unclear.values())
        untouched = not (own or answered or self.missing)
        return Submission(notebook, self.missing, notes, untouched, tuple(filter(None, steps)), unclear=self.unclear)

    def _refuse_another_notebook(self) -> None:
        ours = {*self.assignment.solutions, *self.assignment.checks}
        cells = [*self.given, *self.too_long]
        if any(cell.key in ours for cell in cells):
            return
        code = [cell.source for cell in cells if cell.is_code]
        asked = {name for source in code for name in exercises_in(source)}
        # Another notebook may be given functions that this one asks for; its checks are of others.
        if not asked - set(self.asked) and any(bound(source) & set().union(*self.asked.values()) for source in code):
            return
        what = f" (it checks {', '.join(f'`{name[:40]}`' for name in sorted(asked)[:3])})" if asked else ""
        raise Refused(f"none of its cells belong to this assignment: was another notebook submitted?{what}")

    def _find_definitions(self) -> None:
        """Which cells of code bind an exercise's functions, besides those that hold a stub as it was released."""
        self.defining: dict[str, list[Given]] = {name: [] for name in self.asked}
        for cell in self.given:
            if cell.is_code and plain(cell.source) not in self.stubs.values():
                names = bound(cell.source)
                for exercise, asked in self.asked.items():
                    if names & asked:
                        self.defining[exercise].append(cell)

    def _take(self, cell: Given) -> None:
        """Enter a submitted cell where it stood."""
        original = self.fresh.get(cell.key)
        if original is None:
            if cell.is_code and cell.source.strip():
                self._enter(cell)
        elif cell.key in self.asked:
            if cell.is_code or not self.defining[cell.key]:
                self._enter(cell, cell.key)
            if not cell.is_code:
                said = "another cell of code defines it" if self.defining[cell.key] else "it was run as code"
                self.notes.append(f"The cell of `{cell.key}` (cell {cell.number}) was turned into text: {said}.")
        elif original.cell_type != "code":
            self._place(cell.key)
        else:
            changed = cell.is_code and plain(cell.source) not in ("", plain(released_source(original)))
            again = any(item.key == cell.key for item in self.items)
            if changed:
                self.notes.append(
                    f"The read-only cell `{cell.key}` (cell {cell.number}) is not as it was handed out: yours was run "
                    "as a cell of your own, besides the course's."
                )
            # A copy of a set-up cell runs again, as it did for the student.
            if changed or (again and cell.is_code and not is_check(original) and not is_demo(original)):
                self._enter(cell)
            if is_check(original):
                self.items.append(_Item(cell.key, judges=cell.key))
            else:
                self._place(cell.key)

    def _place(self, key: str) -> None:
        if not any(item.key == key for item in self.items):
            self.items.append(_Item(key, node=self.fresh[key]))

    def _enter(self, cell: Given, exercise: str = "") -> None:
        """A cell that runs as the student's, and after it the checks that stand within it."""
        about = exercise or next((name for name, cells in self.defining.items() if cell in cells), "")
        self.items.append(_Item(exercise, cell, about))
        self.items += [_Item(judges=check) for check in checks_in(self.assignment, cell) if check != cell.key]

    def _choose(self, name: str) -> None:
        """Which of the cells about an exercise is recorded as its own; what the student is told of several, or none."""
        items = [item for item in self.items if item.given and item.exercise == name]
        copies = [item for item in items if item.key == name]
        cells = [item.given for item in copies if item.given]
        if len(copies) > 1:
            numbers = _listed([cell.number for cell in cells])
            self.notes.append(
                f"The cell of `{name}` stands {len(copies)} times in the notebook (cells {numbers}): all were run, in "
                f"this order, and the check judged what `{name}` was by then."
            )
        candidates = copies or [item for item in items if item.given and not item.given.key]
        if not candidates:
            self._miss(name)
            return
        judged = [k for k, item in enumerate(self.items) if item.judges == self.checks.get(name)]
        above = [item for item in candidates if judged and self.items.index(item) < judged[-1]] or candidates

        def worth(item: _Item) -> tuple[bool, bool]:
            source = plain(item.given.source) if item.given else ""
            return item.given in self.defining[name], source not in ("", self.stubs[name])

        best = max(map(worth, above))
        chosen = next(item for item in reversed(above) if worth(item) == best)
        chosen.node = self.fresh[name]
        chosen.node.source = chosen.given.source if chosen.given else ""
        chosen.key = name
        if not copies and not judged and len({plain(cell.source) for cell in self.defining[name]}) > 1:
            numbers = _listed([cell.number for cell in self.defining[name]])
            self.unclear[name] = (
                f"`{name}` is written in the cells {numbers}, counted from the top, which have lost their names, "
                "and its check is not in the notebook, so nobody can tell which counts. Keep one and hand in again."
            )

    def _miss(self, name: str) -> None:
        elsewhere = self.defining[name]
        if any(cell.key == name for cell in self.too_long):
            self.missing[name] = f"The cell of `{name}` is longer than {MAX_SOURCE} characters."
        elif not elsewhere:
            self.missing[name] = f"The cell of `{name}` is missing from the notebook."
        else:
            self.fresh[name].source = f"# `{name}` stands in cell {elsewhere[-1].number}."

    def _insert_what_is_missing(self) -> None:
        """The instructor's cells that were deleted stand behind those that they followed."""
        last = -1
        for key in self.order:
            own = [k for k, item in enumerate(self.items) if key in (item.key, item.judges)]
            if not own:
                is_a_check = key in self.assignment.checks
                new = _Item(key, judges=key) if is_a_check else _Item(key, node=self.fresh[key])
                last += 1
                self.items.insert(last, new)
            else:
                last = own[-1] if key in self.asked else own[0]

    def _judge_below(self, name: str, has_check: bool) -> None:
        """Where the check was deleted, or all that was written stands below it, it judges below that too."""
        check = self.checks.get(name)
        judged = [k for k, item in enumerate(self.items) if item.judges == check]
        written = [
            k
            for k, item in enumerate(self.items)
            if item.given
            and (item.given in self.defining[name] or item.exercise == name)
            and plain(item.given.source) != self.stubs[name]
        ]
        if check and judged and written and judged[-1] < written[0 if has_check else -1]:
            self.items.insert(written[-1] + 1, _Item(judges=check))

    def _set_up_first(self) -> None:
        """A set-up cell that was moved below what needs it runs before that."""
        for place, key in enumerate(self.order):
            cell = self.fresh[key]
            if cell.cell_type != "code" or key in self.asked or is_check(cell) or is_demo(cell):
                continue
            later = set(self.order[place + 1 :]) & {*self.asked, *self.assignment.checks}
            now = next(k for k, item in enumerate(self.items) if item.node is cell)
            first = next((k for k, item in enumerate(self.items) if {item.key, item.judges} & later), len(self.items))
            if first < now:
                self.items.insert(first, self.items.pop(now))

    def _answer(self) -> bool:
        """Write the text answers into their cells; whether there is any."""
        found = answers(self.assignment, self.given)
        for name, cell in self.assignment.solutions.items():
            if cell.cell_type != "markdown":
                continue
            text, note = found.get(name, ("", ""))
            if len(text) > MAX_SOURCE or any(given.key == name for given in self.too_long):
                self.missing[name] = f"The cell of `{name}` is longer than {MAX_SOURCE} characters."
            elif text:
                self.fresh[name].source = inert(text)
                self.notes += [note] if note else []
                if len(text) > MAX_TEXT:
                    self.notes.append(
                        f"The answer `{name}` is longer than {MAX_TEXT:,} characters: the rest was cut off."
                    )
            elif name not in found:
                self.missing[name] = f"The cell of `{name}` is missing from the notebook."
        return any(text for text, _ in found.values())

    def _record_checks(self) -> None:
        """Each check is recorded at the last of its places."""
        self._forget_places_that_see_the_same()
        places = {check: [item for item in self.items if item.judges == check] for check in self.assignment.checks}
        most = 1 if sum(map(len, places.values())) > _MOST_IN_ALL else _MOST_PLACES
        for check, items in places.items():
            items[-1].node = self.fresh[check]
            for item in items[:-most]:
                self.items.remove(item)

    def _forget_places_that_see_the_same(self) -> None:
        """Of places of a check between which nothing runs, the last one does."""
        kept: list[_Item] = []
        seen: set[str] = set()
        for item in reversed(self.items):
            if item.judges in seen:
                continue
            if item.judges:
                seen.add(item.judges)
            elif self._runs(item):
                seen.clear()
            kept.append(item)
        self.items = kept[::-1]

    def _cells(self) -> list[NotebookNode]:
        cells: list[NotebookNode] = []
        for item in self.items:
            if item.node is None and item.given:
                marks = {"extra": True, **({"of": item.exercise} if item.exercise else {})}
                item.node = new_code_cell(item.given.source, metadata={"downhill": marks})
                item.node["id"] = f"extra_{len(cells)}"
            if item.node is not None:
                cells.append(item.node)
        return cells

    def _runs(self, item: _Item) -> bool:
        """Whether the worker runs it. A stub in the place of a missing cell would hide what other cells define."""
        node = item.node
        is_set_up = node is not None and node.cell_type == "code" and not is_demo(node) and item.key not in self.asked
        return not item.judges and (item.given is not None or is_set_up)


def _listed(numbers: Sequence[int]) -> str:
    """ "5", "5 and 6", "5, 6 and 9"."""
    words = list(map(str, numbers))
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
