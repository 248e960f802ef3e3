"""Grades one submission: a function from (notebook, exercises, secret) to what is recorded of it."""

import ast
import contextlib
import functools
import html
import io
import json
import time
import traceback
from base64 import b64decode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.utils import determine_grade, is_grade

from autograder import exercises
from autograder.checking import Report, check, own_tests
from autograder.grading import intake
from autograder.grading.assignment import Assignment, exercise_of, grade_id, is_check, is_demo, void_of, worth_of
from autograder.grading.graded import Graded, file_digest, key, notebook_text
from autograder.grading.link import State, Worker, WorkerEnded, WorkerLost
from autograder.grading.names import told, undefined
from autograder.grading.remote import Session, StudentError, student_names
from autograder.grading.unnoticed import Story
from autograder.judge import references
from autograder.judge.wording import is_builtin_error
from autograder.progress import paused
from autograder.rendering import verdict_html
from autograder.sandbox.levels import Level
from autograder.sandbox.process import Limits
from autograder.verdict import CaseResult, Verdict

_NAME_ERROR = "raised NameError"
# Cells that are skipped, each of which takes the process down twice or does not end.
_MOST_SKIPPED = 5
_MOST_KILLED = 3
# Characters of all outputs of a submission: the worker has a cap for each cell, but the worker is not trusted.
_MAX_OUTPUTS = 10 * 2**20
# How many outputs: who opens the notebook waits for each.
_MOST_OUTPUTS = 2_000


def grade(assignment: Assignment, data: bytes | None, reason: str, secret: str, limits: Limits, level: Level) -> Graded:
    """Grade a submitted file.

    Parameters
    ----------
    assignment : the instructor's side
    data : the file's bytes; None where it was refused, with the `reason`
    secret : what hidden inputs are drawn from
    limits : of time and memory
    level : the isolation in force
    """
    began = time.monotonic()
    # Points of a class are never those of a comparison with the solution.
    references.load(what="Grading")
    try:
        submission = intake.rebuild(assignment, data) if data is not None else intake.refused(assignment, reason)
    except intake.Refused as error:
        submission = intake.refused(assignment, str(error))
    run = _Run(assignment, submission, secret, _as_asked(assignment, limits), level)
    run.carry_out()
    scores = {grade_id(cell): _score(cell) for cell in run.notebook.cells if is_grade(cell)}
    _add_notes(run.notebook, run.notes)
    return Graded(
        notebook=notebook_text(run.notebook),
        scores=scores,
        verdicts=run.verdicts,
        notes=tuple(run.notes),
        isolation=str(level),
        seconds=time.monotonic() - began,
        key=key(assignment, data, reason, secret),
        file=file_digest(data),
    )


def _as_asked(assignment: Assignment, limits: Limits) -> Limits:
    """The limits, with what exercises of the assignment set for themselves."""
    names = {exercise_of(cell) for cell in assignment.notebook.cells if is_check(cell)}
    for exercise in map(exercises.load, sorted(names & set(exercises.ids()))):
        limits = replace(
            limits,
            submission_seconds=max(limits.submission_seconds, exercise.submission_seconds),
            memory_bytes=min(limits.memory_bytes, exercise.memory_bytes or limits.memory_bytes),
            hidden=tuple(sorted({*limits.hidden, *exercise.hidden})),
        )
    return limits


class _Run:
    """One submission's way through workers and checks."""

    def __init__(
        self, assignment: Assignment, submission: intake.Submission, secret: str, limits: Limits, level: Level
    ):
        self.assignment, self.submission, self.limits, self.level = assignment, submission, limits, level
        self.notebook = submission.notebook
        self.seed = f"secret:{secret}"
        self.notes = list(submission.notes)
        self.verdicts: dict[str, Verdict] = {}
        self.began = time.thread_time()
        self.judged: set[str] = set()
        # Cells that have run, cells that are skipped, and cells and checks on which the process ended once.
        self.ran: set[str] = set()
        self.skipped: set[str] = set()
        self.ended: set[str] = set()
        self.killed = 0
        self.stopped: dict[str, str] = {}
        self.said = self.shown = 0
        # Whether a check has been asked, and whether one had when this attempt began: from then on what the worker says
        # is not shown, for it could be what was asked.
        self.asked = self.repeats = False

    def carry_out(self) -> None:
        checks = [cell for cell in self.notebook.cells if is_check(cell)]
        for cell in checks:
            why = self.submission.refused or self.submission.unclear.get(exercise_of(cell), "")
            if not why and self.submission.untouched:
                why = f"`{exercise_of(cell)}` is not written yet."
            if why:
                self._zero(cell, why)
        left = [cell for cell in checks if grade_id(cell) not in self.judged]
        deadline = time.monotonic() + self.limits.submission_seconds
        while left and time.monotonic() < deadline and len(self.skipped) < _MOST_SKIPPED:
            if self._attempt(left, deadline):
                break
            left = [cell for cell in left if grade_id(cell) not in self.judged]
        for cell in left:
            if grade_id(cell) not in self.judged:
                self._zero(cell, "This check was not reached: the cells above it take too long or end the process.")

    def _attempt(self, checks: list[NotebookNode], deadline: float) -> bool:
        """Run all cells in a fresh worker and judge what was reached; whether that was everything.

        Each attempt but the last gets at least one step further: a cell that does not end is skipped in the next one,
        and so is a cell, and lost a check, on which the process ends for the second time. Once may be somebody else's
        doing. A check that judges at several places waits until all of them are reached.
        """
        wanted = {grade_id(cell): cell for cell in checks if cell["id"] not in self.skipped}
        waiting = Counter(step for step in self.submission.steps if isinstance(step, str) and step in wanted)
        kept: dict[str, list[_Place]] = {name: [] for name in wanted}
        # Places for which the state of the moment will do, whatever functions are defined after them.
        here: list[_Place] = []
        story = Story()
        worker = self._start(deadline)
        finished, self.repeats = True, self.asked
        try:
            for step in self.submission.steps:
                cell = wanted.get(step) if isinstance(step, str) else step
                if cell is None or cell["id"] in self.skipped:
                    continue
                if isinstance(step, str):
                    here.append(_Place())
                    kept[step].append(here[-1])
                    waiting[step] -= 1
                    story.add(cell.source)
                    continue
                try:
                    if here and not story.hides(cell.source):
                        state = worker.keep()
                        for place in here:
                            place.state = state
                        here = []
                    story.add(cell.source)
                    self._run_cell(worker, cell)
                except WorkerLost as error:
                    if not self._is_excused(worker, cell, isinstance(error, WorkerEnded)):
                        self._skip(cell, str(error))
                    finished = False
                    break
            else:
                for place in here:
                    place.state = worker.state
            # Without a state where it was lost with the process that a later cell has ended.
            reached = [cell for name, cell in wanted.items() if not waiting[name] and all(p.state for p in kept[name])]
            self.asked = self.asked or bool(reached)
            # The instructor's own tests first: their messages show what a function returned, which could be what a
            # check has asked.
            for cell in reached:
                for place in kept[grade_id(cell)]:
                    self._run_own_tests(cell, place)
            for cell in reached:
                places = kept[grade_id(cell)]
                self._judge(cell, places)
                died = any(place.died for place in places)
                if died and self._is_excused(worker, cell, not worker.sandbox.went_too_far()):
                    self.judged.discard(grade_id(cell))
                    finished = False
        finally:
            worker.end()
        return finished

    def _start(self, deadline: float) -> Worker:
        """A fresh worker; a second one where the first was ended before any of the submission's code ran."""
        try:
            return Worker(self.limits, self.level, deadline, self.began)
        except WorkerLost:
            return Worker(self.limits, self.level, deadline, self.began)

    def _is_excused(self, worker: Worker, cell: NotebookNode, ended: bool) -> bool:
        """Whether what took the process down may have been somebody else: then the cell or check is tried again."""
        if ended and worker.sandbox.was_killed():
            self.killed += 1
            if self.killed > _MOST_KILLED:
                raise WorkerLost("its sandbox is killed from outside again and again (is the machine out of memory?)")
            return True
        if not ended or cell["id"] in self.ended:
            return False
        self.ended.add(cell["id"])
        return True

    def _skip(self, cell: NotebookNode, why: str) -> None:
        self.skipped.add(cell["id"])
        # Where a later attempt stops could depend on what a check has asked.
        if not self.asked:
            self._stopped(cell, why)

    def _stopped(self, cell: NotebookNode, why: str) -> None:
        """Keep that a cell hung or ended its process, for the notebook's readers and the student."""
        cell.outputs = [_error("Stopped", why)]
        self.stopped[cell["id"]] = why
        if is_check(cell):
            return
        place = f"The cell `{grade_id(cell) or cell['id']}`"
        if cell.metadata.get("downhill", {}).get("extra"):
            above = self.notebook.cells[: self.notebook.cells.index(cell)]
            name = next((grade_id(other) for other in reversed(above) if grade_id(other)), "")
            place = f"A cell of your own below `{name}`" if name else "A cell of your own at the top"
        self.notes.append(f"{place} was passed over: {why}.")

    def _run_cell(self, worker: Worker, cell: NotebookNode) -> None:
        outputs, _ = worker.run(cell.source)
        # Of the first run alone, and of none once a check has been asked.
        if cell["id"] in self.ran or self.asked:
            return
        self.ran.add(cell["id"])
        for output in filter(None, map(_clean, outputs)):
            self.said += len(json.dumps(output))
            self.shown += 1
            if self.said > _MAX_OUTPUTS or self.shown > _MOST_OUTPUTS:
                cell.outputs.append(_output("stream", name="stderr", text="[more output was cut off here]\n"))
                return
            cell.outputs.append(output)

    def _run_own_tests(self, cell: NotebookNode, place: "_Place") -> None:
        """Run what a check cell holds besides `check`, before any check is asked."""
        if not _asks_the_judge(cell):
            place.outcome = self._execute(cell, place, True, check, own_tests)
        elif not _is_one_check(cell):

            def kept(exercise_id: str, *tests: Any, **options: Any) -> Report:
                report = own_tests(exercise_id, *tests, **options)
                place.own.append(report)
                return report

            outcome = self._execute(cell, place, True, _all_is_well, kept)
            if outcome.failed:
                place.outcome = outcome

    def _judge(self, cell: NotebookNode, places: list["_Place"]) -> None:
        """Judge at each place until the points are full; the best counts."""
        worth = float(cell.metadata.nbgrader["points"])
        best: _Outcome | None = None
        for place in reversed(places):
            outcome = place.outcome
            if outcome is None:
                own = iter(place.own)
                outcome = self._execute(
                    cell,
                    place,
                    not _only_asks(cell),
                    check,
                    lambda *args, own=own, **options: next(own),
                    tells=_is_one_check(cell),
                )
            if best is None or outcome.points > best.points:
                best = outcome
            if best.points >= worth:
                break
        assert best is not None
        self.judged.add(grade_id(cell))
        cell.outputs = best.outputs
        if best.verdict is not None:
            self.verdicts[exercise_of(cell)] = best.verdict

    def _execute(
        self, cell: NotebookNode, place: "_Place", alone: bool, check: Any, own_tests: Any, tells: bool = True
    ) -> "_Outcome":
        """Run a check cell here, with the student's names bound to what they are over there.

        `alone`: in a fork of its own; `tells`: an error's message may be shown.
        """
        assert place.state is not None
        session = Session(place.state.caller(alone=True) if alone else place.state.shared(), self.seed)
        try:
            return self._carried_out(cell, session, check, own_tests, tells)
        finally:
            place.died |= place.state.lost is not None and place.state.lost.kind == "died"

    def _carried_out(self, cell: NotebookNode, session: Session, check: Any, own_tests: Any, tells: bool) -> "_Outcome":
        names: dict[str, Any] = {"__name__": "__check__", "np": np}
        text = io.StringIO()
        result: Any = None
        missing: set[str] = set()

        asked: list[Report] = []

        def noted(*args: Any, **options: Any) -> Report:
            asked.append(check(*args, **options))
            return asked[-1]

        def says(error: Exception) -> str:
            """What the student reads of a test that failed."""
            if isinstance(error, NameError) and error.name in missing:
                raise error
            frames = traceback.extract_tb(error.__traceback__)
            line = next((f.lineno for f in reversed(frames) if f.filename == "<check>"), None) or 0
            if self.repeats or _is_hidden(cell.source, line):
                message = "a hidden test failed"
            else:
                message = str(error) or (cell.source.splitlines()[line - 1].strip() if line else "")
            return f"{message} (line {line} of the check)" if line else message

        try:
            with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text), paused():
                exec(compile(self.assignment.imports, "<imports>", "exec"), names)
                names.update(check=noted, own_tests=functools.partial(own_tests, told=says))
                wanted = student_names(cell.source, names)
                found = _looked_up(session, wanted)
                missing.update(set(wanted) - set(found))
                names.update(found)
                result = _run_source(cell.source, names)
        except Exception as error:
            if isinstance(error, NameError) and error.name in missing:
                nothing = self._nothing(cell, self._undefined(cell, error.name))
                return _Outcome(_shown(nothing), nothing, 0.0, failed=True)
            if isinstance(error, StudentError) and "raised NotImplementedError" in str(error):
                nothing = self._nothing(cell, f"`{exercise_of(cell)}` is not written yet.")
                return _Outcome(_shown(nothing), nothing, 0.0, failed=True)
            message = says(error) if tells else "a test failed"
            return _Outcome([_error(type(error).__name__, message)], None, 0.0, failed=True)
        outputs = (
            [_output("stream", name="stdout", text=text.getvalue())] if text.getvalue() and not self.repeats else []
        )
        if result is None and asked:
            result = _with_assertions(asked, float(cell.metadata.nbgrader["points"]))
        verdict = result if isinstance(result, Verdict) else None
        if isinstance(result, bool | np.bool_):
            # nbgrader reads no number there, and would give full points for False.
            if not result:
                return _Outcome([_error("AssertionError", "the check ends in False")], None, 0.0, failed=True)
            result = None
        is_number = isinstance(result, float | int)
        if is_number and not void_of(cell) and not 0 <= result <= float(cell.metadata.nbgrader["points"]):
            message = f"the check gives {result} points, the cell is worth {cell.metadata.nbgrader['points']}"
            return _Outcome([_error("ValueError", message)], None, 0.0, failed=True)
        if verdict is not None:
            verdict = self._with_names(cell, verdict)
            outputs += _shown(verdict)
        elif result is not None and (is_number or not self.repeats):
            # A NumPy scalar's repr is "np.float64(0.5)", in which nbgrader reads no number and gives full marks.
            data = {"text/plain": repr(float(result) if is_number else result)}
            outputs.append(_output("execute_result", data, execution_count=None))
        return _Outcome(outputs, verdict, _score(NotebookNode({**cell, "outputs": outputs})) or 0.0)

    def _undefined(self, check: NotebookNode, name: str) -> str:
        """Why a check has no function to ask: most often the student's cell ended with an error."""
        answers = [cell for cell in self.notebook.cells if grade_id(cell) == exercise_of(check)]
        why = next((f": {self.stopped[cell['id']]}" for cell in answers if cell["id"] in self.stopped), "")
        errors = [output.ename for cell in answers for output in cell.outputs if output.output_type == "error"]
        if not why and not errors and exercise_of(check) in self.submission.missing:
            return self.submission.missing[exercise_of(check)]
        if not why and errors and is_builtin_error(errors[0]):
            missing = self._undefined_names(check) if errors[0] == "NameError" else ""
            why = f": its cell ended with {errors[0]}{f' ({missing})' if missing else ''}"
        return f"`{name}` is not defined{why}."

    def _undefined_names(self, check: NotebookNode) -> str:
        """What a NameError is about, by the text of the exercise's own cell, or else of all cells."""
        above = self.notebook.cells[: self.notebook.cells.index(check)]
        cells = [cell for cell in above if cell.cell_type == "code" and not is_check(cell) and not is_demo(cell)]
        sources = [cell.source for cell in cells]
        own = [cell.source for cell in cells if grade_id(cell) == exercise_of(check)]
        found = {name for source in own for name in undefined(sources, source)}
        found = found or {name for source in sources for name in undefined(sources, source)}
        return told(sorted(found))

    def _with_names(self, check: NotebookNode, verdict: Verdict) -> Verdict:
        """The verdict, with the names where a function raised a NameError."""
        if not any(case.message.startswith(_NAME_ERROR) for case in verdict.cases):
            return verdict
        names = self._undefined_names(check)
        if not names:
            return verdict
        cases = [
            replace(case, message=f"{_NAME_ERROR}: {names}{case.message.removeprefix(_NAME_ERROR)}")
            if case.message.startswith(_NAME_ERROR)
            else case
            for case in verdict.cases
        ]
        return replace(verdict, cases=tuple(cases))

    def _zero(self, cell: NotebookNode, reason: str) -> None:
        self.judged.add(grade_id(cell))
        verdict = self._nothing(cell, reason)
        self.verdicts[exercise_of(cell)] = verdict
        cell.outputs = _shown(verdict)

    def _nothing(self, cell: NotebookNode, reason: str) -> Verdict:
        return Verdict(exercise_of(cell), 0.0, float(cell.metadata.nbgrader["points"]), note=reason, secret=True)


@dataclass
class _Outcome:
    """What a check cell gave at one place; `failed`: it did not run to its end."""

    outputs: list[NotebookNode]
    verdict: Verdict | None
    points: float
    failed: bool = False


@dataclass
class _Place:
    """A place at which a check judges.

    Parameters
    ----------
    state : the notebook's there, once it is known
    died : whether a process was lost that called there
    own : what the instructor's own tests in the cell gave, in the order in which they were called
    outcome : the cell's, where it is known before any check is asked
    """

    state: State | None = None
    died: bool = False
    own: list[Report] = field(default_factory=list)
    outcome: _Outcome | None = None


def _all_is_well(exercise_id: str, *functions: Any, points: float = 1.0) -> Report:
    """In place of `check` while an instructor's own tests run."""
    return Report(exercise_id, float(points), float(points), (CaseResult("", 1.0, True),))


def _with_assertions(asked: list[Report], worth: float) -> Report:
    """The verdict of a cell that ends in no score: what `check` gave, and the rest for assertions, which all held."""
    both = asked[0]
    for report in asked[1:]:
        both = both + report
    rest = max(worth - both.max_points, 0.0)
    return replace(both, points=min(both.points + rest, worth), max_points=worth)


def _looked_up(session: Session, names: Sequence[str]) -> dict[str, Any]:
    """The student's names; looked for again where another check's calls could have taken them away."""
    try:
        found = session.lookup(names)
    except StudentError:
        if session.is_first:
            raise
        found = {}
    return found if session.is_first or len(found) == len(names) else session.untouched().lookup(names)


def _is_one_check(cell: NotebookNode) -> bool:
    """Whether a check cell holds nothing besides one call of `check`."""
    body = _tree(cell).body
    return len(body) == 1 and isinstance(body[0], ast.Expr) and _calls_check(body[0].value)


def _only_asks(cell: NotebookNode) -> bool:
    """Whether a check cell is one call of `check` with names of functions: it can be asked again by itself."""
    first = _tree(cell).body[:1]
    call = first[0].value if first and isinstance(first[0], ast.Expr) else None
    if not _is_one_check(cell) or not isinstance(call, ast.Call):
        return False
    values = [*call.args[:1], *(keyword.value for keyword in call.keywords)]
    return all(isinstance(f, ast.Name) for f in call.args[1:]) and all(isinstance(v, ast.Constant) for v in values)


def _calls_check(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check"


def _shown(verdict: Verdict) -> list[NotebookNode]:
    data = {"text/plain": repr(verdict), "text/html": verdict_html(verdict)}
    return [_output("execute_result", data, execution_count=None)]


def _tree(cell: NotebookNode) -> ast.Module:
    try:
        return ast.parse(cell.source)
    except SyntaxError:
        return ast.Module([], [])


def _asks_the_judge(cell: NotebookNode) -> bool:
    """Whether a check cell calls `check`, whose inputs are hidden and whose report shows nothing of an answer."""
    return any(isinstance(node, ast.Name) and node.id == "check" for node in ast.walk(_tree(cell)))


def _is_hidden(source: str, line: int | None) -> bool:
    """Whether a line of a check cell stands in a hidden test: what it says of its values is not for the student."""
    before = source.splitlines()[:line]
    marks = [text.strip().removeprefix("### ") for text in before if "HIDDEN TESTS" in text]
    return bool(marks) and marks[-1].startswith("BEGIN")


def _run_source(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last expression, as Jupyter shows it."""
    tree = ast.parse(source, "<check>")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<check>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<check>", "eval"), names) if isinstance(last, ast.Expr) else None


def _score(cell: NotebookNode) -> float | None:
    """Points of a graded cell, as nbgrader reads them from its outputs; None where a person decides."""
    if void_of(cell):
        return worth_of(cell)
    points, _ = determine_grade(cell)
    return None if points is None else float(points)


def _clean(output: dict) -> NotebookNode | None:
    """An output as the worker tells it, rebuilt from what a page may safely show."""
    kind = output.get("output_type")
    if type(kind) is not str:  # an array would compare with a word element by element
        return None
    if kind == "stream" and isinstance(output.get("text"), str):
        name = "stderr" if str(output.get("name")) == "stderr" else "stdout"
        return _output("stream", name=name, text=output["text"])
    if kind == "error":
        lines = output.get("traceback")
        told = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
        return _output("error", ename=str(output.get("ename")), evalue=str(output.get("evalue")), traceback=told)
    data = output.get("data")
    if kind not in ("display_data", "execute_result") or not isinstance(data, dict):
        return None
    kept = {"text/plain": data["text/plain"]} if isinstance(data.get("text/plain"), str) else {}
    for mime in ("image/png", "image/jpeg"):
        if isinstance(data.get(mime), str) and _is_base64(data[mime]):
            kept[mime] = data[mime]
    extra = {"execution_count": None} if kind == "execute_result" else {}
    return _output(kind, kept, **extra) if kept else None


def _is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=False)
    except ValueError:
        return False
    return text.isascii() and not set(text) & set("<>\"'&")


def _output(kind: str, data: dict | None = None, **fields: Any) -> NotebookNode:
    """An output as nbformat has it, whose own `new_output` takes a millisecond to validate each."""
    shown = {} if data is None else {"data": NotebookNode(data), "metadata": NotebookNode()}
    return NotebookNode(output_type=kind, **shown, **fields)


def _error(name: str, message: str) -> NotebookNode:
    return _output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


def _add_notes(notebook: NotebookNode, notes: list[str]) -> None:
    """Tell the reader of the notebook how it was read."""
    if notes:
        lines = "\n".join(f"- {html.escape(note)}" for note in notes)
        cell = new_markdown_cell(f"**How this submission was read**\n\n{lines}")
        cell["id"] = "intake_notes"
        notebook.cells.insert(0, cell)
