"""The course's own checks: nine proofs for every assignment, each failing with what to do about it."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade

from autograder import exercises
from autograder.course.build import SOLUTIONS, START, released, stale, strays
from autograder.course.build import solved as solved_text
from autograder.course.executed import execute, run_solved, shortcomings, shown_points
from autograder.course.source import Source, parse
from autograder.grading.assignment import Assignment, grade_id, is_check, is_demo, is_graded, void_of
from autograder.grading.course import Course
from autograder.grading.gradebook import quiet_flushes
from autograder.judge import Case, Exercise, judge
from autograder.judge.compare import RTOL, difference
from autograder.judge.judging import PUBLIC_SEED, draw
from autograder.judge.mistakes import DETAIL_COSTS, Mistake
from autograder.judge.recognition import OfTheBank
from autograder.judge.references import without_torch
from autograder.judge.script import LocalCaller, Want
from autograder.sandbox.levels import VARIABLE, find_for_samples
from autograder.sandbox.process import Limits
from autograder.verdict import Verdict

_SEEDS = (PUBLIC_SEED, "proof")
_LEAST_MISTAKES = 3
# What is left at most where the idea itself is missing.
CORE_LEAVES = 0.4
DETAIL_LEAVES = 1 - DETAIL_COSTS


@dataclass(frozen=True)
class Proof:
    """What was claimed, and what speaks against it."""

    claim: str
    complaints: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the claim."""
        return not self.complaints


def prove(root: Path, topic: str, only: str = "") -> Iterator[Proof]:
    """Carry out the proofs for one assignment.

    Parameters
    ----------
    root : the course's directory
    topic : "02_sgd"
    only : one proof's name; all of them where it is empty
    """
    for name, (claim, proof) in PROOFS.items():
        if only in ("", name) and applies(name, topic):
            yield Proof(claim, tuple(proof(root, topic)))


def applies(proof: str, topic: str) -> bool:
    """Whether a proof says something of a notebook: nobody grades the start notebook."""
    return (proof, topic) != (stock.__name__, START)


def current(root: Path, topic: str) -> Iterator[str]:
    """1. The generated notebooks are what a build makes of the text, and hold no outputs."""
    for path in stale(root, [topic]):
        yield f"{path.relative_to(root)} is not what a build makes of the text: run `autograder build {topic}`"


def complete(root: Path, topic: str) -> Iterator[str]:
    """2. Ids are unique; every exercise has its check, three hints, at least three mistakes, and a place to look."""
    source = parse(root / SOLUTIONS / f"{topic}.py", root)
    headings = _headings(source)
    for cell in source.cells:
        if cell.kind != "exercise":
            continue
        where = f"{topic}.py:{cell.line}"
        if any(other.kind == "check" and other.id == cell.id and not other.asks for other in source.cells):
            continue  # the instructor's own tests alone
        if not any(other.kind == "check" and other.id == cell.id for other in source.cells):
            yield f'{where}: no `# %% check="{cell.id}" points=...` follows the exercise'
        try:
            exercise = exercises.load(cell.id)
        except LookupError as error:
            yield f"{where}: {error}; its file is autograder/exercises/TOPIC/{cell.id}.py"
            continue
        file = exercises.path(str(cell.id))
        path = file.relative_to(root) if file.is_relative_to(root) else cell.id
        if len(exercise.hints) != 3:
            yield f"{path}: {len(exercise.hints)} hints; write three, from gentle to nearly the answer"
        names = {mistake.name for mistake in own(exercise)}
        if len(names) < _LEAST_MISTAKES:
            yield f"{path}: {len(names)} named mistakes; name at least {_LEAST_MISTAKES}"
        if not exercise.alternatives:
            yield f"{path}: no alternatives; keep right solutions in other words, so that the check stays fair"
        for mistake in exercise.mistakes:
            if mistake.section and _words(mistake.section) not in headings:
                yield f"{path}: {mistake.name} sends the student to {mistake.section!r}, which {topic}.py does not have"


def solved(root: Path, topic: str) -> Iterator[str]:
    """3. The solution earns full points, with the demos and without."""
    for shortcoming in shortcomings(run_solved(root, topic)):
        yield f"with demos: {shortcoming}: mend the solution in {topic}.py or the exercise's cases"
    scores, possible = _graded(root, topic, _solved(root, topic))
    for name, points in scores.items():
        if points is not None and points < possible[name]:
            yield f"graded without demos: {name} gives {points} of {possible[name]} points"


def untouched(root: Path, topic: str) -> Iterator[str]:
    """4. The student's notebook, untouched, runs to the end and earns nothing."""
    for cell in execute(_released(root, topic)).cells:
        name = grade_id(cell) or cell["id"]
        for output in cell.get("outputs", []):
            # An assertion of the instructor's own stops at a stub, which says so.
            stub = is_check(cell) and output.output_type == "error" and output.ename == "NotImplementedError"
            if output.output_type == "error" and not stub:
                yield f"{name} raises {output.ename}: {output.evalue}; a demo says what is missing and goes on"
            if output.output_type == "stream" and output.name == "stderr":
                yield f"{name} writes to stderr: {output.text.strip()[:200]}"
        if is_check(cell) and (shown := shown_points(cell)) != 0.0:
            yield f"{name} gives {shown} points for a stub"
    scores, _ = _graded(root, topic, _released(root, topic))
    given = {grade_id(cell) for cell in _released(root, topic).cells if is_graded(cell) and void_of(cell)}
    for name, points in scores.items():
        if points != 0.0 and name not in given:
            yield f"graded untouched, {name} gives {points} points"


def clean(root: Path, topic: str) -> Iterator[str]:
    """5. No solution, hidden test or stray file in notebooks/."""
    source = _solved(root, topic)
    notebook = _released(root, topic)
    # The third hint may well be the answer: it is folded, and meant.
    cells = [cell for cell in notebook.cells if not cell["id"].startswith("hints_")]
    text = "\n".join(cell.source for cell in cells)
    for marker in ("BEGIN SOLUTION", "BEGIN HIDDEN TESTS", "BEGIN MARK SCHEME"):
        if marker in nbformat.writes(notebook):
            yield f"notebooks/{topic} contains {marker!r}: a marker that nbgrader did not recognise"
    for cell in source.cells:
        for block in re.findall(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END", cell.source, re.DOTALL):
            lines = [line.strip() for line in block.splitlines() if len(line.strip()) > 12]
            if lines and all(line in text for line in lines):
                yield f"notebooks/{topic} gives the solution of {grade_id(cell)} away: it holds {lines[0]!r}"
    for path in strays(root):
        yield f"{path.relative_to(root)} belongs to no source in solutions/: move or remove it"


def rejected(root: Path, topic: str, *, in_turns: bool = False) -> Iterator[str]:
    """6. Every mistake is rejected and named, no other one in its place, and it costs what it should.

    `in_turns`: the mistakes of each exercise with one of the seeds, in a third of the time; see `trials`
    """
    for turn, exercise in enumerate(_exercises(root, topic)):
        for trial in trials(exercise, turn if in_turns else None):
            yield from trial.complaints


def fair(root: Path, topic: str, *, in_turns: bool = False) -> Iterator[str]:
    """7. Every right solution passes: the exercise's own, and each alternative.

    `in_turns`: each exercise with the seed that `rejected` in turns does not take
    """
    for turn, exercise in enumerate(_exercises(root, topic)):
        yield from unfair(exercise, (_SEEDS[(turn + 1) % 2],) if in_turns else _SEEDS)


@dataclass(frozen=True)
class Trial:
    """A mistake of the bank, judged.

    Parameters
    ----------
    name, degree : the mistake's
    left : the share of the points that it leaves, on the worst seed
    complaints : what is wrong with the exercise
    """

    name: str
    degree: str
    left: float
    complaints: tuple[str, ...]


def own(exercise: Exercise) -> list[Mistake]:
    """The exercise's mistakes, without those of another one's function."""
    return [mistake for mistake in exercise.mistakes if mistake.degree != "elsewhere"]


def trials(exercise: Exercise, turn: int | None = None) -> Iterator[Trial]:
    """Judge every mistake of an exercise: it must be rejected, named, and cost what it should.

    With both seeds; or, where it is the exercise's `turn`, with one of them, and what a mistake answers as a submission
    is what the bank knows of it: whether it would answer the same when it is asked once more is not seen.
    """
    exercise = exercise.rehearsed()
    for number, mistake in enumerate(exercise.mistakes):
        if mistake.degree == "elsewhere":
            continue
        what, complaints, shares = f"{exercise.id}: the mistake {mistake.name}", [], []
        for seed in _SEEDS if turn is None else (_SEEDS[turn % 2],):
            drawn = draw(exercise, seed)
            caller = LocalCaller(mistake.functions) if turn is None else OfTheBank(exercise, drawn, seed, number)
            verdict = judge(exercise, caller, points=1.0, seed=seed)
            shares.append(_share(exercise, caller.functions, verdict, seed))
            if verdict.passed:
                complaints.append(f"{what} passes (seed {seed}): add a case that shows it")
            elif verdict.mistakes != [mistake.name]:
                named = ", ".join(verdict.mistakes) or "nothing"
                complaints.append(f"{what} is recognised as {named} (seed {seed})")
            complaints += [f"{what} {says} (seed {seed})" for says in _misweighed(mistake.degree, shares[-1])]
        yield Trial(mistake.name, mistake.degree, min(shares), tuple(complaints))


def _share(exercise: Exercise, functions: tuple[Callable, ...], verdict: Verdict, seed: str) -> float:
    """The share of the points that is left; of an exercise whose functions are judged apart, of the wrong ones'."""
    right = exercise.right or functions
    wrong = {name for name, mine, its in zip(exercise.names, functions, right, strict=False) if mine is not its}
    about = [item.probe.function for item in draw(exercise, seed)]
    counted = [r for r, name in zip(verdict.cases, about, strict=True) if not name or name in wrong or not wrong]
    gained = sum(result.weight if result.passed else result.gained for result in counted)
    return max(gained / sum(result.weight for result in counted), float(verdict) if verdict.eased else 0.0)


def _misweighed(degree: str, left: float) -> Iterator[str]:
    """What speaks against a mistake's price: the idea costs more than a formula, and a formula more than a detail."""
    most = {"core": CORE_LEAVES, "": DETAIL_LEAVES}.get(degree, 1.0)
    if left > most:
        says = "though the idea is missing" if degree == "core" else "and is no (detail)"
        yield f"leaves {left:.0%} of the points, {says}: give what shows it more weight, so that {most:.0%} are left"
    if degree == "detail" and left < DETAIL_LEAVES - 0.005:
        yield f"leaves {left:.0%} of the points, though it is a detail: it is not all that is wrong in its cases"


def unfair(exercise: Exercise, seeds: Sequence[str] = _SEEDS) -> Iterator[str]:
    """Right solutions of an exercise that lose points."""
    exercise = exercise.rehearsed()
    for functions in (*([exercise.right] if exercise.right else []), *exercise.alternatives):
        for seed in seeds:
            verdict = judge(exercise, LocalCaller(functions), points=1.0, seed=seed)
            for case in verdict.cases:
                if not case.passed:
                    name = functions[-1].__name__
                    yield f"{exercise.id}: the right {name} fails “{case.title}” (seed {seed}): {case.message}"


def exact(root: Path, topic: str) -> Iterator[str]:
    """8. The right solution says what PyTorch says in every case: a check without PyTorch judges the same."""
    for exercise in _exercises(root, topic):
        yield from inexact(exercise)


def inexact(exercise: Exercise) -> Iterator[str]:
    """Where the right solution, asked in the reference's place, is not the reference."""
    exercise = exercise.rehearsed()
    if not exercise.goes_by_cases:
        return  # judged by its own measure, without a reference
    reference = draw(exercise, PUBLIC_SEED)
    with without_torch():
        instead = draw(exercise, PUBLIC_SEED)
    for ours, theirs in zip(instead, reference, strict=True):
        where = f"{exercise.id}: without PyTorch, “{theirs.case.title}”"
        mine, its = ours.probe.script, theirs.probe.script
        if [step[0] for step in mine.steps] != [step[0] for step in its.steps] or len(mine.wants) != len(its.wants):
            yield f"{where} asks for something else: what is drawn must not hang on who answers"
            continue
        for value, want in zip(mine.wants, its.wants, strict=True):
            if (value.value is None) != (want.value is None):
                yield f"{where} compares {want.label} in one way alone"
            elif wrong := difference(value.value, replace(want, rtol=_rtol(theirs.case, want))):
                yield f"{where} is another: {wrong.message}"
        if ours.probe.findings and exercise.right:
            outcome = LocalCaller(exercise.right).run(mine)
            found = ours.probe.findings(outcome.values) if outcome.failure is None else [outcome.failure]
            yield from (f"{where} refuses the right solution: {finding}" for finding in found)


def _rtol(case: Case, want: Want) -> float:
    """A hundredth of what a student's answer may be off by; what has to be exact stays so."""
    return (RTOL[case.get("dtype", "float64")] if want.rtol is None else want.rtol) / 100


def stock(root: Path, topic: str, students: Sequence[str] = ("unusual_style", "half_finished")) -> Iterator[str]:
    """9. Stock `nbgrader autograde` and `autograder grade` give the same points.

    Demos are emptied: stock would run them most of the time, and `solved` earns all points with them and without.
    """
    from autograder.course.demo import inside, make_class

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve() / "class"
        make_class(root, place, [topic], students=students)
        for path in place.glob(f"*/**/{topic}.ipynb"):
            _empty_demos(path)
        with inside(place):
            course = Course.at(place)
            ours, errors = _grade_ours(course, topic)
            for left in ("gradebook.db", "autograded", "feedback"):
                path = place / left
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            theirs, more = _grade_stock(course, topic)
    yield from [*errors, *more]
    for student in sorted(set(ours) | set(theirs)):
        if ours.get(student) != theirs.get(student):
            yield f"{student}: autograder gives {ours.get(student)}, nbgrader {theirs.get(student)}"
    if not ours:
        yield "no submission was graded: is there anything in tests/submissions/?"


PROOFS: Mapping[str, tuple[str, Callable[[Path, str], Iterator[str]]]] = {
    proof.__name__: ((proof.__doc__ or "").partition("\n")[0], proof)
    for proof in (current, complete, solved, untouched, clean, rejected, fair, exact, stock)
}


def _headings(source: Source) -> set[str]:
    """The words of the notebook's section headings, without their numbers."""
    texts = [cell.source for cell in source.cells if cell.kind == "text"]
    return {_words(heading) for text in texts for heading in re.findall(r"^## (.+)$", text, re.MULTILINE)}


def _words(heading: str) -> str:
    return re.sub(r"^\d+\W+", "", heading).strip()


def _exercises(root: Path, topic: str) -> list[Exercise]:
    source = parse(root / SOLUTIONS / f"{topic}.py", root)
    asked = {cell.id for cell in source.cells if cell.asks}
    return [exercises.load(cell.id) for cell in source.cells if cell.kind == "exercise" and cell.id in asked]


def _released(root: Path, topic: str) -> NotebookNode:
    return nbformat.read(released(root, topic), as_version=4)


def _solved(root: Path, topic: str) -> NotebookNode:
    return nbformat.reads(solved_text(root, topic), as_version=4)


def _graded(root: Path, topic: str, notebook: NotebookNode) -> tuple[dict[str, float | None], dict[str, float]]:
    """Scores of a notebook as it is graded, and what each cell is worth; nothing for the start notebook."""
    if topic == START:
        return {}, {}
    from autograder.grading.grader import grade

    assignment = Assignment.load(root / SOLUTIONS, topic)
    data = nbformat.writes(notebook).encode()
    graded = grade(assignment, data, "", "a secret of the proofs", Limits(), find_for_samples())
    cells = assignment.notebook.cells
    return graded.scores, {grade_id(c): float(c.metadata.nbgrader["points"]) for c in cells if is_grade(c)}


_Scores = dict[str, dict[str, float | None]]


def _empty_demos(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if is_demo(cell):
            cell.source = "pass"
    nbformat.write(notebook, path)


def _grade_ours(course: Course, topic: str) -> tuple[_Scores, list[str]]:
    """Points by student and cell as `autograder grade` gives them, and what went wrong; in this process."""
    from autograder.grading.classroom import grade_class
    from autograder.grading.secret import secret

    with ThreadPoolExecutor(1) as here:
        results = list(grade_class(course, topic, secret(course.root), find_for_samples(), executor=here))
    return _recorded(course, topic), [f"autograder: {r.student}: {r.error}" for r in results if r.error]


def _grade_stock(course: Course, topic: str) -> tuple[_Scores, list[str]]:
    """The same as `nbgrader autograde` gives them."""
    from nbgrader.apps import NbGraderAPI

    # The samples are the course's own: they are graded where there is no sandbox too.
    isolation = {VARIABLE: "none"} if find_for_samples().name in ("weak", "none") else {}
    with mock.patch.dict(os.environ, isolation), quiet_flushes():
        api = NbGraderAPI(config=course.config)
        done = {student: api.autograde(topic, student) for student in sorted(api.get_submitted_students(topic))}
    errors = [f"nbgrader: {student}: {d['error'] or d['log']}" for student, d in done.items() if not d["success"]]
    return _recorded(course, topic), errors


def _recorded(course: Course, topic: str) -> _Scores:
    """Points by student and cell in the gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url, course.course_id) as book:
        return {
            submission.student.id: {grade.name: grade.auto_score for nb in submission.notebooks for grade in nb.grades}
            for submission in book.assignment_submissions(topic)
        }
