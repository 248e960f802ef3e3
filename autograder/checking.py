"""`check`, as it stands in the notebooks."""

import ast
import dis
import json
import os
import re
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from autograder import exercises
from autograder.progress import remember
from autograder.rendering import verdict_html, verdict_text
from autograder.verdict import CaseResult, Verdict, earned
from helpers.stubs import is_unwritten

if TYPE_CHECKING:
    from autograder.judge.judging import Example
    from autograder.judge.script import Script

# A call that takes longer is told of, in a notebook.
_LONG_SECONDS = 30.0


class Report(Verdict):
    """A verdict as `check` gives it: shown as HTML in a notebook and as text by `print`."""

    def example(self, title: str = "") -> "Example":
        """The arguments of the first call that went wrong, to make it again by hand.

        `args, kwargs = check(...).example()`, and then `name(*args, **kwargs)`; `example("title")` takes the property
        of that title.

        Raises
        ------
        LookupError : every property holds, or none has this title, or the inputs are hidden
        """
        functions = self.__dict__.get("_functions")
        if functions is None:
            raise LookupError("the inputs of this verdict are hidden")
        from autograder.judge.judging import example

        return example(exercises.load(self.exercise), functions, title)

    def to_html(self) -> str:
        """The report as a fragment of HTML, readable in a light and in a dark theme."""
        return verdict_html(self, _links({known.section for known in self.known if known.section}))

    def to_text(self) -> str:
        """The report as text for a terminal."""
        return verdict_text(self)

    def __add__(self, other: object) -> "Report":
        """Both as one: points and properties together, such as `check(...) + own_tests(...)`."""
        if isinstance(other, int | float) and other == 0:  # where sum() begins
            return self
        if not isinstance(other, Report):
            return NotImplemented
        first: Verdict = _without_hollow(self) if other.note else self
        second: Verdict = _without_hollow(other) if self.note else other
        both = replace(
            self,
            points=first.points + second.points,
            max_points=first.max_points + second.max_points,
            cases=first.cases + second.cases,
            known=self.known + other.known,
            facts=self.facts + other.facts,
            advice=tuple(dict.fromkeys(self.advice + other.advice)),
            note=(self.note or other.note) if first.points + second.points == 0 else "",
            eased=self.eased or other.eased,
        )
        object.__setattr__(both, "_functions", self.__dict__.get("_functions"))
        remember(both.exercise, both.points, both.max_points)
        return both

    __radd__ = __add__

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()


def _links(sections: Collection[str]) -> dict[str, str]:
    """Where these sections lie in the notebook that is open in JupyterLab; those that cannot be found are left out."""
    notebook = Path(os.environ.get("JPY_SESSION_NAME", ""))
    found = {}
    # What another program, or the student, made of the file: without links a report says the same.
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        cells = json.loads(notebook.read_bytes())["cells"] if sections and notebook.suffix == ".ipynb" else []
        for cell in cells:
            for heading in re.findall(r"^## (.+)$", "".join(cell["source"]), re.MULTILINE):
                for section in sections:
                    if cell["cell_type"] == "markdown" and _words(heading) == _words(section):
                        found[section] = f"{quote(notebook.name)}#cell-id={quote(cell['id'])}"
    return found


def _words(heading: str) -> str:
    """A heading without its number."""
    return re.sub(r"^\d+\W+", "", heading).strip()


def _report(verdict: Verdict, functions: tuple[Callable, ...] | None) -> Report:
    report = Report(**{field.name: getattr(verdict, field.name) for field in fields(verdict)})
    # Beside the fields: a verdict is plain data.
    object.__setattr__(report, "_functions", functions)
    return report


def check(exercise_id: str, *functions: Callable, points: float = 1.0) -> Report:
    """The verdict on functions that should solve an exercise.

    Every property of the exercise is tried on inputs drawn from a public seed (from a secret one at grading) and the
    answers are compared with PyTorch's, or, where PyTorch is not installed, with those of the exercise's own right
    solution, which the report then says. The verdict shows as a report; `float(check(...))` is the points earned,
    `check(...).mistakes` the names of the recognised mistakes, and `check(...).example()` the arguments of the first
    call that went wrong. What the functions do, raising included, is judged and
    never raised here. The best points of each exercise are remembered for `progress`, though not at grading.

    Parameters
    ----------
    exercise_id : the exercise's name, which is its function's
    functions : the function; for a backward pass the forward and the backward
    points : what the exercise is worth

    Raises
    ------
    ValueError : no such exercise, or points that are no positive number
    TypeError : another number of functions than the exercise has, or something that is no function
    ImportError : PyTorch is not installed, and the exercise comes from an instructor's folder or has no right solution

    Examples
    --------
    >>> def sgd(w, grad, state, *, lr):
    ...     return w - lr * grad, state
    >>> check("sgd", sgd, points=4)
    4.0
    """
    if not isinstance(exercise_id, str):
        raise TypeError(f"check: the exercise's name must be a str, got {type(exercise_id).__name__}")
    # Of stubs there is nothing to compare: they are told at once, before PyTorch is loaded.
    stubs = all(map(is_unwritten, functions))
    try:
        exercises.path(exercise_id)
        with nullcontext() if stubs else _loading():
            exercise = exercises.load(exercise_id)
            from autograder.judge import references
            from autograder.judge.judging import PUBLIC_SEED, judge, unwritten
            from autograder.judge.script import LocalCaller

            if not references.is_installed() and exercises.is_released(exercise_id):
                raise references.TorchMissing("A check in a class's folder")
            if references.is_installed() and not stubs:
                references.load()
    except exercises.UnknownExercise as error:
        raise exercises.UnknownExercise(f"check: {error}") from None
    _must_be_points(f"check({exercise_id!r})", points)
    if len(functions) != len(exercise.names):
        raise TypeError(
            f"check({exercise_id!r}) takes {', '.join(exercise.names)}: "
            f"{len(exercise.names)} function{'s' * (len(exercise.names) > 1)}, got {len(functions)}"
        )
    for name, function in zip(exercise.names, functions, strict=True):
        if not callable(function):
            raise TypeError(f"check({exercise_id!r}): {name} must be a function, got {type(function).__name__}")
    # Functions of another process exist only where this is loaded already; a student's folder does not even have it.
    remote = sys.modules.get("autograder.grading.remote")
    here = LocalCaller(functions)
    caller, seed = remote.caller_of(functions) if remote else (here, PUBLIC_SEED)
    if not isinstance(caller, LocalCaller):
        return _report(judge(exercise, caller, points=float(points), seed=seed), None)
    if stubs and exercise.goes_by_cases:
        verdict = unwritten(exercise, float(points))
    else:
        with _watched(exercise.names, here):
            verdict = judge(exercise, here, points=float(points), seed=PUBLIC_SEED)
    if verdict.note and (raised := _error_of_the_cell(exercise.names)):
        verdict = replace(verdict, note=f"{verdict.note} (its cell ended with {raised}: mend that first)")
    remember(exercise_id, verdict.points, verdict.max_points)
    _tell_who_validates(verdict)
    return _report(verdict, functions)


def own_tests(
    exercise_id: str, *tests: Callable[[], object], points: float, told: Callable[[Exception], str] | None = None
) -> Report:
    """The verdict of tests that the author of a notebook wrote: each an equal share of the points.

    A test is a function without arguments that asserts; it passes where it raises nothing. The first line of its
    docstring, else its name, is the property that the report shows. What a test raises costs its share and is never
    raised here. The sum `check(...) + own_tests(...)` is one report.

    Parameters
    ----------
    exercise_id : what the tests are about; it needs no exercise of that name
    tests : at least one
    points : what all of them together are worth
    told : what the report says of an error; its message, else the line that raised it, where it is None

    Raises
    ------
    ValueError : no tests, or points that are no positive number
    TypeError : something that is no function

    Examples
    --------
    >>> def zero_stays_zero():
    ...     assert 2 * 0 == 0
    >>> own_tests("double", zero_stays_zero, points=2)
    2.0
    """
    if not isinstance(exercise_id, str):
        raise TypeError(f"own_tests: the exercise's name must be a str, got {type(exercise_id).__name__}")
    _must_be_points(f"own_tests({exercise_id!r})", points)
    if not tests:
        raise ValueError(f"own_tests({exercise_id!r}): give at least one test, a function without arguments")
    cases, is_stub = [], False
    for test in tests:
        if not callable(test):
            raise TypeError(f"own_tests({exercise_id!r}): a test must be a function, got {type(test).__name__}")
        name = getattr(test, "__name__", "test")
        title = next(iter((getattr(test, "__doc__", None) or "").strip().splitlines()), "") or name.replace("_", " ")
        try:
            test()
        except Exception as error:
            is_stub = is_stub or isinstance(error, NotImplementedError) or "raised NotImplementedError" in str(error)
            cases.append(CaseResult(title, 1.0, False, (told or _told)(error)[:500]))
        else:
            cases.append(CaseResult(title, 1.0, True, open=_HOLLOW if _is_hollow(test) else ""))
    gained = earned(float(points), sum(case.passed for case in cases), len(cases))
    verdict = Verdict(exercise_id, gained, float(points), tuple(cases))
    if is_stub:
        verdict = _without_hollow(verdict)
        verdict = replace(verdict, note="" if verdict.points else f"{exercise_id}: not written yet")
    remember(exercise_id, verdict.points, verdict.max_points)
    _tell_who_validates(verdict)
    return _report(verdict, None)


# A test whose lines are all hidden holds in a student's notebook: nothing of it is there.
_HOLLOW = "a hidden test, which is run at grading"
_NOTHING = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}


def _is_hollow(test: Callable) -> bool:
    code = getattr(test, "__code__", None)
    return code is not None and all(step.opname in _NOTHING for step in dis.get_instructions(code))


def _without_hollow(verdict: Verdict) -> Verdict:
    """A verdict in which tests that hold because nothing of them is there earn nothing, as for a stub."""
    if not any(case.passed and case.open for case in verdict.cases):
        return verdict
    cases = tuple(replace(case, passed=False) if case.open else case for case in verdict.cases)
    gained = earned(verdict.max_points, sum(case.passed for case in cases), len(cases))
    return replace(verdict, cases=cases, points=gained)


def _told(error: Exception) -> str:
    """An error in a test of the author's own: its message, else the line that raised it."""
    if not isinstance(error, AssertionError):
        return f"raised {type(error).__name__}: {error}"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return str(error).strip() or frame.line or "the test failed"


def _must_be_points(where: str, points: object) -> None:
    if isinstance(points, bool) or not isinstance(points, int | float):
        raise TypeError(f"{where}: points must be a number, got {type(points).__name__}")
    # Compared, not asked for isfinite: that fails for an int beyond every float.
    if not 0 < points <= sys.float_info.max:
        raise ValueError(f"{where}: points must be positive and finite, got {points}")


def _tell_who_validates(verdict: Verdict) -> None:
    """nbgrader's Validate shows stderr alone; without it, it says no more than "partial credit"."""
    if os.environ.get("NBGRADER_VALIDATING") and not verdict.passed:
        print(verdict_text(verdict), file=sys.stderr)


@contextmanager
def _loading() -> Iterator[None]:
    """While PyTorch is loaded, a line says so, and an interrupt waits: half of it loaded would stay unusable."""
    if "torch" in sys.modules or ("autograder.judge.judging" in sys.modules and not find_spec("torch")):
        yield
        return
    what = "PyTorch" if find_spec("torch") else "the checks"
    shown = _display(f"Loading {what}: a few seconds, at the first check only ...")
    interrupted = []

    def note(number: int, frame: FrameType | None) -> None:
        interrupted.append(number)

    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, note) if main else None
    try:
        yield
    finally:
        if main:
            signal.signal(signal.SIGINT, before)
        if shown is not None:
            shown.update({"text/plain": ""}, raw=True)
    if interrupted:
        raise KeyboardInterrupt


def _display(text: str) -> Any:
    """Show a line that can be taken back, in a notebook; None elsewhere."""
    if _shell() is None:
        return None
    from IPython.display import display

    return display({"text/plain": text}, raw=True, display_id=True)


@contextmanager
def _watched(names: Iterable[str], caller: Any) -> Iterator[None]:
    """In a notebook, say after half a minute which call is running, and how it is stopped."""
    if _shell() is None:
        yield
        return
    # The streams of now: while a function is called, what it prints is caught.
    out, name = sys.stdout, " and ".join(names)

    def say() -> None:
        script: Script | None = caller.running
        note = script.calls.get(caller.step, "") if script else ""
        with suppress(Exception):
            out.write(
                f"{name} has been running for {_LONG_SECONDS:g} s" + (f" ({note})" if note else "") + ". "
                "To stop it: Kernel > Interrupt, or the square in the toolbar.\n"
            )
            out.flush()

    timer = threading.Timer(_LONG_SECONDS, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shell() -> Any:
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def _error_of_the_cell(names: Iterable[str]) -> str:
    """The error by which the cell that last defined one of these functions is no Python; empty where it is.

    Such a cell leaves what was defined before: the stub, while the student looks at code of their own.
    """
    shell = _shell()
    for name in names if shell else ():
        ran = [source for source in shell.user_ns.get("_ih", []) if re.search(rf"^def {name}\b", source, re.MULTILINE)]
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(ran[-1] if ran else "", "", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except (SyntaxError, ValueError) as error:
            return type(error).__name__
    return ""
