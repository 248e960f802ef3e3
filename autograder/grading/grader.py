"""Grades one submission: a function from (notebook, exercises, secret) to what is recorded of it."""

import ast
import contextlib
import html
import io
import json
import time
import traceback
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.utils import determine_grade, is_grade

from autograder.checking import check
from autograder.grading import intake
from autograder.grading.assignment import Assignment, exercise_of, grade_id, is_check, is_demo
from autograder.grading.graded import Graded, file_digest, key, notebook_text
from autograder.grading.link import State, Worker, WorkerEnded, WorkerLost
from autograder.grading.remote import Session, StudentError, student_names
from autograder.grading.unnoticed import Story
from autograder.judge.wording import is_builtin_error
from autograder.progress import paused
from autograder.rendering import verdict_html
from autograder.sandbox.levels import Level
from autograder.sandbox.process import Limits
from autograder.verdict import Verdict

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
    try:
        submission = intake.rebuild(assignment, data) if data is not None else intake.refused(assignment, reason)
    except intake.Refused as error:
        submission = intake.refused(assignment, str(error))
    run = _Run(assignment, submission, secret, limits, level)
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


class _Run:
    """One submission's way through workers and checks."""

    def __init__(
        self, assignment: Assignment, submission: intake.Submission, secret: str, limits: Limits, level: Level
    ):
        self.assignment, self.submission, self.limits, self.level = assignment, submission, limits, level
        self.notebook = submission.notebook
        self.seed = f"secret:{secret}"
        self.began = time.thread_time()
        self.notes = list(submission.notes)
        self.verdicts: dict[str, Verdict] = {}
        self.judged: set[str] = set()
        # Cells that have run, cells that are skipped, and cells and checks on which the process ended once.
        self.ran: set[str] = set()
        self.skipped: set[str] = set()
        self.ended: set[str] = set()
        self.killed = 0
        self.said = self.shown = 0
        # Whether a check has been asked, and whether one had when this attempt began: from then on what the worker says
        # is not shown, for it could be what was asked.
        self.asked = self.repeats = False

    def carry_out(self) -> None:
        checks = [cell for cell in self.notebook.cells if is_check(cell)]
        for cell in checks:
            missing = self.submission.missing.get(exercise_of(cell))
            if missing:
                self._zero(cell, missing)
        if self.submission.untouched:
            for cell in checks:
                self._zero(cell, f"`{exercise_of(cell)}` is not written yet.")
        left = [cell for cell in checks if grade_id(cell) not in self.judged]
        if not left:
            return
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
        doing.
        """
        wanted = {grade_id(cell) for cell in checks}
        kept: list[tuple[State, NotebookNode]] = []
        # Checks for which the state of the moment will do, whatever functions are defined after it.
        waiting: list[NotebookNode] = []
        story = Story()
        worker = self._start(deadline)
        finished, self.repeats = True, self.asked
        try:
            for cell in self.notebook.cells:
                if cell.cell_type != "code" or is_demo(cell) or cell["id"] in self.skipped:
                    continue
                if is_check(cell):
                    waiting += [cell] if grade_id(cell) in wanted else []
                    story.add(cell.source)
                    continue
                try:
                    if waiting and not story.hides(cell.source):
                        state = worker.keep()
                        kept += [(state, check) for check in waiting]
                        waiting = []
                    story.add(cell.source)
                    self._run_cell(worker, cell)
                except WorkerLost as error:
                    if not self._is_excused(worker, cell, isinstance(error, WorkerEnded)):
                        self._skip(cell, str(error))
                    finished = False
                    break
            else:
                kept += [(worker.state, check) for check in waiting]
            # The instructor's own tests first: their messages show what a function returned, which could be what an
            # earlier check has asked. Each has a fork of its own.
            for state, cell in sorted(kept, key=lambda pair: _asks_the_judge(pair[1])):
                caller = state.shared() if _only_asks(cell) else state.caller(alone=True)
                self._judge(cell, Session(caller, self.seed))
                died = state.lost is not None and state.lost.kind == "died"
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
        if worker.sandbox.was_killed():
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
            cell.outputs = [_error("Stopped", why)]

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

    def _judge(self, cell: NotebookNode, session: Session) -> None:
        """Run a check cell here, with the student's names bound to what they are over there."""
        self.judged.add(grade_id(cell))
        self.asked = True
        cell.outputs = []
        names: dict[str, Any] = {"__name__": "__check__", "np": np, "check": check}
        text = io.StringIO()
        result: Any = None
        missing: set[str] = set()
        try:
            with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text), paused():
                exec(compile(self.assignment.imports, "<imports>", "exec"), names)
                wanted = student_names(cell.source, names)
                found = _looked_up(session, wanted)
                missing.update(set(wanted) - set(found))
                names.update(found)
                result = _run_source(cell.source, names)
        except Exception as error:
            if isinstance(error, NameError) and error.name in missing:
                self._zero(cell, self._undefined(cell, error.name))
                return
            frames = traceback.extract_tb(error.__traceback__)
            line = next((f.lineno for f in reversed(frames) if f.filename == "<check>"), 0)
            hidden = self.repeats or _is_hidden(cell.source, line)
            told = "a hidden test failed" if hidden else str(error)
            cell.outputs = [_error(type(error).__name__, f"{told} (line {line} of the check)" if line else told)]
            return
        if text.getvalue() and not self.repeats:
            cell.outputs.append(_output("stream", name="stdout", text=text.getvalue()))
        if result is not None:
            is_number = isinstance(result, float | int) and not isinstance(result, bool)
            # A NumPy scalar's repr is "np.float64(0.5)", in which nbgrader reads no number and gives full marks.
            data = {"text/plain": repr(float(result) if is_number else result)}
            if isinstance(result, Verdict):
                data["text/html"] = verdict_html(result)
                self.verdicts[exercise_of(cell)] = result
            elif is_number and not 0 <= result <= float(cell.metadata.nbgrader["points"]):
                message = f"the check gives {result} points, the cell is worth {cell.metadata.nbgrader['points']}"
                cell.outputs = [_error("ValueError", message)]
                return
            elif self.repeats and not is_number:
                return
            cell.outputs.append(_output("execute_result", data, execution_count=None))

    def _undefined(self, check: NotebookNode, name: str) -> str:
        """Why a check has no function to ask: most often the student's cell ended with an error."""
        answers = [cell for cell in self.notebook.cells if grade_id(cell) == exercise_of(check)]
        errors = [output.ename for cell in answers for output in cell.outputs if output.output_type == "error"]
        why = f": its cell ended with {errors[0]}" if errors and is_builtin_error(errors[0]) else ""
        return f"`{name}` is not defined{why}."

    def _zero(self, cell: NotebookNode, reason: str) -> None:
        self.judged.add(grade_id(cell))
        verdict = Verdict(exercise_of(cell), 0.0, float(cell.metadata.nbgrader["points"]), note=reason, secret=True)
        self.verdicts[exercise_of(cell)] = verdict
        data = {"text/plain": repr(verdict), "text/html": verdict_html(verdict)}
        cell.outputs = [_output("execute_result", data, execution_count=None)]


def _looked_up(session: Session, names: Sequence[str]) -> dict[str, Any]:
    """The student's names; looked for again where another check's calls could have taken them away."""
    try:
        found = session.lookup(names)
    except StudentError:
        if session.is_first:
            raise
        found = {}
    return found if session.is_first or len(found) == len(names) else session.untouched().lookup(names)


def _asks_the_judge(cell: NotebookNode) -> bool:
    """Whether a check cell calls `check`, whose inputs are hidden and whose report shows nothing of an answer."""
    try:
        nodes = list(ast.walk(ast.parse(cell.source)))
    except SyntaxError:
        return False
    return any(isinstance(node, ast.Name) and node.id == "check" for node in nodes)


def _only_asks(cell: NotebookNode) -> bool:
    """Whether a check cell is one call of `check` with names of functions, and can be asked again by itself."""
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:
        return False
    call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id != "check":
        return False
    functions = call.args[1:]
    values = [*call.args[:1], *(keyword.value for keyword in call.keywords)]
    return all(isinstance(f, ast.Name) for f in functions) and all(isinstance(v, ast.Constant) for v in values)


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
