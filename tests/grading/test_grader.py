"""Grading: the right points whatever the student's code does, and nothing of the secret in what is kept."""

import json
import re

import nbformat
import numpy as np
import pytest
from nbgrader.utils import determine_grade, is_grade

from autograder import exercises
from autograder.grading import grader
from autograder.grading.assignment import Assignment
from autograder.grading.graded import key
from autograder.judge.judging import judge
from autograder.rendering import verdict_html
from autograder.sandbox.process import Limits

from .conftest import SECRET, SHORT, as_bytes, cells_of, said

FULL = {"check_sgd": 4.0, "check_momentum": 5.0, "check_double": 2.0}

SGD = "def sgd(w, grad, state, *, lr):\n"


@pytest.fixture(scope="session")
def hidden(assignment):
    """Numbers that the hidden inputs and answers of sgd and momentum hold, as a student might print them."""
    asked = []

    class Listens:
        def run(self, script):
            asked.append(script)
            from autograder.worker.calls import Failure, Outcome

            return Outcome(failure=Failure(0, "raised", "ValueError"))

    for name in ("sgd", "momentum"):
        judge(exercises.load(name), Listens(), points=1, seed=f"secret:{SECRET}")
    numbers = set()

    def collect(value):
        if isinstance(value, np.ndarray):
            numbers.update(float(x) for x in value.ravel()[:20] if x != 0)
        elif isinstance(value, list | tuple):
            for item in value:
                collect(item)

    for script in asked:
        collect(script.steps)
        collect([want.value for want in script.wants])
    digits = {re.sub(r"\D", "", f"{abs(x):.12f}").lstrip("0")[:8] for x in numbers}
    return {d for d in digits if len(d) == 8}


def assert_no_secret(graded, hidden):
    """No eight digits in a row of any hidden number, in whatever is kept of the submission."""
    kept = graded.notebook + json.dumps([v.to_dict() for v in graded.verdicts.values()]) + str(graded.notes)
    assert SECRET not in kept
    found = {run[k : k + 8] for run in re.findall(r"\d{8,}", kept.replace(".", "")) for k in range(len(run) - 7)}
    assert not found & hidden


def test_the_hidden_numbers_would_be_found(hidden, assignment, write, grade_it):
    number = next(iter(hidden))
    graded = grade_it(write(after={"sgd": [f"print(0.{number})"]}))
    with pytest.raises(AssertionError):
        assert_no_secret(graded, hidden)


def test_the_solution_earns_everything_and_answers_wait(write, grade_it):
    graded = grade_it(write(why="My own words."))
    assert graded.scores == {**FULL, "why": None}
    assert {name: v.passed for name, v in graded.verdicts.items()} == {"sgd": True, "momentum": True}
    assert graded.notes == () and graded.seconds > 0 and graded.isolation


def test_the_release_earns_nothing_without_a_worker(released, grade_it, monkeypatch):
    monkeypatch.setattr(grader, "Worker", None)
    graded = grade_it(released)
    assert graded.scores == {"check_sgd": 0, "check_momentum": 0, "check_double": 0, "why": 0}
    assert "not written yet" in graded.verdicts["sgd"].note


def test_an_answer_without_code_waits_and_the_rest_is_zero(write, grade_it):
    graded = grade_it(write(solved=False, why="Because."))
    assert graded.scores == {"check_sgd": 0, "check_momentum": 0, "check_double": 0, "why": None}


def test_a_refused_file_earns_nothing_and_says_why(grade_it):
    graded = grade_it(None, reason="it is a link")
    assert set(graded.scores.values()) == {0}
    assert graded.notes == ("The file was not graded: it is a link.",) and "it is a link" in graded.notebook
    # Once, and not at every exercise.
    assert {verdict.note for verdict in graded.verdicts.values()} == {"The file was not graded."}


def test_a_broken_file_earns_nothing_and_says_why(grade_it):
    graded = grade_it(b"{")
    assert set(graded.scores.values()) == {0} and "broken or cut off" in graded.notes[0]


def test_a_missing_cell_costs_its_own_points_alone(write, grade_it):
    notebook = write()
    notebook.cells = [cell for cell in notebook.cells if cell["id"] != "sgd"]
    graded = grade_it(notebook)
    assert graded.scores == {**FULL, "check_sgd": 0, "why": None} | {"why": graded.scores["why"]}
    assert "is missing" in graded.verdicts["sgd"].note and "is missing" in graded.notebook


def test_a_mistake_is_named_and_the_rest_counts(write, grade_it):
    graded = grade_it(write(sgd=SGD + "    return w + lr * grad, state\n"))
    assert graded.verdicts["sgd"].mistakes == ["adds_gradient"]
    assert graded.scores["check_sgd"] < 4 and graded.scores["check_momentum"] == 5


def test_partial_points_are_the_verdicts(write, grade_it):
    graded = grade_it(write(sgd=SGD + "    w -= lr * grad\n    return w, state\n"))
    verdict = graded.verdicts["sgd"]
    assert verdict.mistakes == ["in_place"]
    assert 0 < graded.scores["check_sgd"] == verdict.points < 4


SORTS_OF_ENDS = {
    "loop": "while True: pass",
    "deaf loop": "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n    while True: pass",
    "exit": "import os; os._exit(0)",
    "kill": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "stop": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "interrupt": "raise KeyboardInterrupt",
}


@pytest.mark.parametrize("end", SORTS_OF_ENDS)
def test_a_function_that_never_answers_loses_its_own_points_alone(write, grade_it, end):
    graded = grade_it(write(sgd=SGD + f"    {SORTS_OF_ENDS[end]}\n"), SHORT)
    assert graded.scores["check_sgd"] == 0
    assert graded.scores["check_momentum"] == 5 and graded.scores["check_double"] == 2
    message = graded.verdicts["sgd"].cases[0].message
    assert ("the process ended" if end in ("exit", "kill", "interrupt") else "the limit for one call is 1 s") in message


@pytest.mark.parametrize("end", ["loop", "exit", "stop"])
def test_a_cell_that_never_ends_is_skipped_and_told(write, grade_it, end):
    source = SORTS_OF_ENDS[end].replace("\n    ", "\n")
    graded = grade_it(write(after={"sgd": [source], "check_sgd": ["print('went' + ' on')"]}), SHORT)
    assert graded.scores == {**FULL, "why": graded.scores["why"]}
    assert ("did not end within 2 s" if end != "exit" else "the process ended") in said(graded)
    assert "went on" in said(graded)


def test_many_cells_that_end_the_process_leave_what_was_reached(write, grade_it):
    graded = grade_it(write(after={"check_sgd": ["import os; os._exit(1)"] * 8}))
    assert graded.scores["check_sgd"] == 4
    assert graded.scores["check_momentum"] == 0 and "not reached" in graded.verdicts["momentum"].note


def test_a_submission_has_an_end(write, grade_it):
    limits = Limits(call_seconds=600, cell_seconds=600, submission_seconds=2)
    graded = grade_it(write(sgd=SGD + "    import time; time.sleep(10**6)\n"), limits)
    assert graded.scores["check_sgd"] == 0


def test_calling_exit_in_a_cell_is_as_in_jupyter(write, grade_it):
    graded = grade_it(write(after={"sgd": ["raise SystemExit", "exit()", "quit()", "import sys; sys.exit(3)"]}))
    assert graded.scores["check_momentum"] == 5


def test_a_cell_with_an_error_stops_nothing(write, grade_it):
    evil = "class E(Exception):\n    def __str__(self): raise ValueError\nraise E"
    cells = ["1 / 0", "def broken(:", "a\0b", evil, "raise NotImplementedError", "%nomagic", "!false", "?print"]
    graded = grade_it(write(after={"sgd": cells, "check_sgd": ["print('still' + ' here')"]}))
    assert graded.scores == {**FULL, "why": graded.scores["why"]}
    assert "ZeroDivisionError" in said(graded) and "still here" in said(graded)
    assert "Stopped" not in said(graded)


def test_a_flood_of_output_is_cut_and_costs_nothing(write, grade_it):
    floods = ["for _ in range(300): print('x' * 10_000)", "for k in range(30_000): display(k)", "'y' * 10**7"]
    printing = SGD + "    print('x' * 100_000)\n    return w - lr * grad, state\n"
    graded = grade_it(write(sgd=printing, after={"sgd": floods}))
    assert graded.scores["check_sgd"] == 4
    assert "more output was cut off here" in graded.notebook
    assert len(graded.notebook) < 5_000_000


def test_a_worker_that_lifts_its_own_caps_meets_the_judges(write, grade_it, monkeypatch):
    monkeypatch.setattr(grader, "_MAX_OUTPUTS", 300_000)
    lift = "import sys\nsys.modules['worker.cells'].MAX_OUTPUT = 10**9"
    graded = grade_it(write(after={"sgd": [lift] + ["for k in range(10): print('x' * 100_000)"] * 3}))
    assert graded.scores["check_momentum"] == 5
    assert "more output was cut off here" in graded.notebook and len(graded.notebook) < 500_000


def test_a_check_sees_the_notebook_as_it_stood_there(write, grade_it):
    helper = "def step(lr, grad): return lr * grad\n" + SGD + "    return w - step(lr, grad), state\n"
    later = "def step(lr, grad): return 0 * grad\ndef sgd(*args, **kwargs): raise ValueError"
    graded = grade_it(write(sgd=helper, after={"check_sgd": [later]}))
    assert graded.scores["check_sgd"] == 4


def test_a_helper_that_is_defined_later_is_not_there_yet(write, grade_it):
    early = SGD + "    return w - step(lr, grad), state\n"
    graded = grade_it(write(sgd=early, after={"check_sgd": ["def step(lr, grad): return lr * grad"]}))
    assert graded.scores["check_sgd"] == 0
    assert graded.verdicts["sgd"].cases[0].message == "raised NameError: `step` is not defined (step 1)"


def test_a_name_error_tells_a_name_by_the_notebooks_text_alone(write, grade_it):
    misspelt = "def momentum(w, grad, state, *, lr, momentum=0.9):\n    return lerning_rate * w"
    says = "    raise NameError(name=f'w{int(abs(w.ravel()[0]) * 1e6)}')\n"
    graded = grade_it(write(sgd=SGD + says, momentum=misspelt))
    assert all(case.message.startswith("raised NameError (step 1") for case in graded.verdicts["sgd"].cases)
    told = graded.verdicts["momentum"].cases[0].message
    assert told == "raised NameError: `lerning_rate` is not defined (step 1)"


def test_a_cell_that_hangs_or_exits_is_told_where_it_stood(write, grade_it):
    hangs = "while True: pass"
    graded = grade_it(
        write(sgd="import os\nos._exit(1)\n" + SGD + "    return w, state\n", after={"momentum": [hangs]}), SHORT
    )
    exits = "the process ended (exit, a crash, or out of memory)"
    assert graded.notes == (
        f"The cell `sgd` was passed over: {exits}.",
        "A cell of your own below `momentum` was passed over: the cell did not end within 2 s.",
    )
    assert graded.verdicts["sgd"].note == f"`sgd` is not defined: {exits}."
    assert "not written yet" not in verdict_html(graded.verdicts["sgd"])
    assert graded.scores["check_momentum"] == 5


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (SGD + "    return w - lr * grad, state)\n", ": its cell ended with SyntaxError"),
        (
            "undefined_name\n" + SGD + "    return w, state\n",
            ": its cell ended with NameError (`undefined_name` is not defined)",
        ),
        ("class Odd(Exception): ...\nraise Odd", ""),
        ("def sdg(w, grad, state, *, lr):\n    return w, state\n", ""),
    ],
)
def test_a_function_that_is_not_defined_earns_zero_and_is_told_why(write, grade_it, source, why):
    graded = grade_it(write(sgd=source))
    assert graded.scores["check_sgd"] == 0 and graded.scores["check_momentum"] == 5
    assert graded.verdicts["sgd"].note == f"`sgd` is not defined{why}."


def test_functions_may_share_globals_and_what_one_check_leaves_behind_reaches_no_other(write, grade_it):
    counts = "calls = []\n" + SGD + "    calls.append(1)\n    return w - lr * grad, state\n"
    momentum = (
        "def momentum(w, grad, state, *, lr, momentum=0.9):\n"
        "    assert not calls, 'calls of another check'\n"
        "    v = momentum * state.get('v', 0.0) + grad\n"
        "    return w - lr * v, {'v': v}\n"
    )
    graded = grade_it(write(sgd=counts, momentum=momentum))
    assert graded.scores["check_sgd"] == 4 and graded.scores["check_momentum"] == 5


def test_memory_between_calls_is_named(write, grade_it):
    remembers = "seen = [0]\n" + SGD + "    seen[0] += 1\n    return w - lr * grad * (seen[0] < 5), state\n"
    graded = grade_it(write(sgd=remembers))
    assert graded.scores["check_sgd"] < 4


# Each stores its arguments somewhere and a later cell shows what it finds.
LEAKS = {
    "global": (
        "kept = []\n" + SGD + "    kept.append((w, grad))\n    return w - lr * grad, state\n",
        "import numpy as np; np.set_printoptions(precision=17); print(kept); print(kept[0])",
    ),
    "file": (
        SGD + "    open('kept.txt', 'a').write(repr((w.tolist(), grad.tolist())))\n    return w - lr * grad, state\n",
        "import time; time.sleep(0.3); print(open('kept.txt').read())",
    ),
    "raises": (SGD + "    raise ValueError(w.tolist(), grad.tolist())\n", ""),
    "own class": (SGD + "    raise type(f'E{w.tolist()}', (Exception,), {})(w.tolist())\n", ""),
    "class named as a builtin": (SGD + "    raise type('ValueError', (Exception,), {})(w.tolist())\n", ""),
    "warns": (
        "import warnings\n" + SGD + "    warnings.warn(str(w.tolist()), RuntimeWarning)\n    return w + grad, state\n",
        "",
    ),
    "warns in NumPy's words": (
        "import warnings\n" + SGD + "    text = '_'.join(str(x).replace('.', '') for x in w.ravel())\n"
        "    warnings.warn('overflow encountered in ' + text[:150], RuntimeWarning)\n    return w - lr * grad, state\n",
        "",
    ),
    "type name": (SGD + "    return type(f'T{w.tolist()}', (), {})()\n", ""),
    "type of a part": (SGD + "    return type(f'T{w.tolist()}', (), {})(), state\n", ""),
    "text": (SGD + "    return str(w.tolist()), state\n", ""),
    "shape": (SGD + "    return w.reshape((1,) * 4 + w.shape) if False else [w.tolist()], state\n", ""),
    "nan and numbers": (SGD + "    return w * float('nan'), {'w': w}\n", ""),
    "prints": (
        "import sys\n"
        + SGD
        + "    print(w.tolist()); print(w.tolist(), file=sys.__stdout__)\n    return grad, state\n",
        "",
    ),
    "display": (SGD + "    display(w.tolist())\n    return grad, state\n", ""),
    "atexit": (
        "import atexit\n" + SGD + "    atexit.register(print, w.tolist())\n    return grad, state\n",
        "",
    ),
    "thread that waits": (
        "import threading, time\nkept = []\n" + SGD + "    kept.append(w.tolist())\n    return w - lr * grad, state\n",
        "threading.Thread(target=lambda: (time.sleep(1), print(kept)), daemon=True).start()",
    ),
}


def test_a_file_that_a_cell_opened_is_open_in_a_check(write, grade_it):
    opens = "files = [open(f'{k}.txt', 'w+') for k in range(60)]\nfor file in files: file.write('2'); file.flush()"
    reads = "def double(x):\n    for file in files: file.seek(0); factor = int(file.read())\n    return factor * x\n"
    graded = grade_it(write(double=reads, after={"check_sgd": [opens], "check_momentum": ["1"]}))
    assert graded.scores["check_double"] == 2


@pytest.mark.parametrize("leak", LEAKS)
def test_hidden_inputs_reach_nothing_that_is_kept(write, grade_it, hidden, leak):
    function, later = LEAKS[leak]
    after = {place: [later] * bool(later) for place in ("check_sgd", "check_momentum", "why")}
    assert_no_secret(grade_it(write(sgd=function, after=after)), hidden)


def test_an_earlier_notebooks_exceptions_are_told_by_builtin_name_only(write, grade_it):
    graded = grade_it(write(sgd=SGD + "    raise type('Data123', (ValueError,), {})(w)\n"))
    assert {case.message.split(" (")[0] for case in graded.verdicts["sgd"].cases} == {"raised an exception of its own"}


# What stock nbgrader gives full marks for.
CHEATS = {
    "a check of one's own": "check = lambda *args, **kwargs: 100",
    "autograder replaced": "import sys, types\nsys.modules['autograder'] = m = types.ModuleType('autograder')\n"
    "m.check = lambda *a, **k: 4.0",
    "patched numpy.testing": "import numpy as np\nnp.testing.assert_allclose = lambda *a, **k: None\n"
    "np.allclose = lambda *a, **k: True",
    "emptied AST": "import ast\nclass Empty(ast.NodeTransformer):\n    def visit(self, node):\n"
    "        return ast.Module([], [])\nget_ipython().ast_transformers.append(Empty())",
    "replaced run_cell": "get_ipython().run_cell = lambda *a, **k: None",
    "input transformer": "get_ipython().input_transformers_cleanup.append(lambda lines: ['4.0'])",
    "patched builtins": "import builtins\nbuiltins.AssertionError = Exception\nbuiltins.abs = lambda x: 0",
    "numpy.py in the folder": "open('numpy.py', 'w').write('raise SystemExit'); open('torch.py', 'w').write('1')",
    "frames": "import sys\nf = sys._getframe()\n"
    "while f: f.f_globals.update(points=100, check=lambda *a, **k: 100); f = f.f_back",
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_earns_nothing(write, grade_it, cheat):
    graded = grade_it(write(solved=False, after={"setup_1": [CHEATS[cheat]]}))
    assert [graded.scores[name] for name in FULL] == [0, 0, 0]


ODD_ANSWERS = {
    "equal to everything": "class A:\n    def __eq__(self, other): return True\n"
    "    __lt__ = __gt__ = __le__ = __ge__ = __eq__\n"
    "    def __array__(self, *a, **k): return 4\nanswer = A()",
    "array that is equal to everything": "import numpy as np\nclass A(np.ndarray):\n"
    "    def __eq__(self, other): return True\n    def __array_function__(self, *a): return True\n"
    "    def __array_ufunc__(self, *a, **k): return np.zeros(3)\nanswer = np.ones(3).view(A)",
    "float that is equal to everything": "class A(float):\n    def __eq__(self, other): return True\n"
    "    def __sub__(self, other): return 0.0\n    __rsub__ = __sub__\nanswer = A(3)",
    "int that is equal to everything": "class A(int):\n    def __eq__(self, other): return True\nanswer = A(3)",
    "str": "class A(str):\n    def __eq__(self, other): return True\nanswer = A('nan')",
    "nan": "answer = float('nan')",
    "'nan'": "answer = 'nan'",
    "inf": "answer = float('inf')",
    "a hundred": "answer = 100",
    "None": "answer = None",
    "True": "answer = True",
    "callable": "answer = lambda *a, **k: answer",
    "complex": "import numpy as np\nanswer = np.complex128(4)",
    "objects": "import numpy as np\nanswer = np.array([None, 4])",
    "a dict of itself": "answer = {}\nanswer['answer'] = answer",
}


@pytest.mark.parametrize("odd", ODD_ANSWERS)
def test_an_odd_answer_earns_nothing(write, grade_it, odd):
    graded = grade_it(
        write(
            sgd="def sgd(w, grad, state, *, lr): return answer, state",
            momentum="def momentum(*args, **kwargs): return answer",
            double="def double(x): return answer",
            after={"setup_1": [ODD_ANSWERS[odd]]},
        )
    )
    assert [graded.scores[name] for name in FULL] == [0, 0, 0]


@pytest.mark.parametrize("source", ["sgd = 4.0", "sgd = 'nan'", "del sgd", "sgd = None", "sgd = [1]", "1 +", ""])
def test_a_name_that_is_no_function_earns_nothing(write, grade_it, source):
    graded = grade_it(write(sgd=source))
    assert graded.scores["check_sgd"] == 0 and graded.scores["check_momentum"] == 5


def test_hidden_tests_of_an_instructor_count(write, grade_it):
    graded = grade_it(write(double="def double(x):\n    return 4 if x == 2 else x\n"))
    assert graded.scores["check_double"] == 0
    graded = grade_it(write(double="def double(x):\n    raise ValueError('mine')\n"))
    assert graded.scores["check_double"] == 0
    assert "double: raised ValueError" in cells_of(graded)["check_double"].outputs[0].evalue
    assert "mine" not in said(graded)


def with_check(assignment, source):
    """The assignment with another check of `double`."""
    notebook = assignment.fresh()
    next(cell for cell in notebook.cells if cell["id"] == "check_double").source = source
    return Assignment(assignment.name, notebook, assignment.digest + source)


@pytest.mark.parametrize(
    ("source", "points"),
    [
        ("0.5", 0.5),
        ("np.mean([0, 1.0])", 0.5),
        ("2", 2.0),
        ("1 if double(1) == 2 else 0", 1.0),
        ("float('nan')", 0.0),
        ("3.0", 0.0),
        ("-1", 0.0),
        ("float('inf')", 0.0),
        ("double('nan')", 2.0),
        ("double(50)", 0.0),
        ("import sys; print('warning', file=sys.stderr)", 2.0),
        ("print(double(1))", 2.0),
        ("total = sum(double(k) for k in range(4))\nassert total == 12", 2.0),
        ("undefined_name", 0.0),
        ("assert SEED == 3", 2.0),
        ("assert math.pi > 3", 0.0),
        ("import math\nassert math.pi > 3", 2.0),
    ],
)
def test_an_instructors_own_check_counts_as_it_says(assignment, write, grade_it, source, points):
    graded = grade_it(write(), of=with_check(assignment, source))
    assert graded.scores["check_double"] == points


def test_functions_and_objects_of_the_student_go_to_and_fro(assignment, write, grade_it):
    source = "box = double(None)\nassert box(3) == 6\nassert double(box) == 'mine'\nassert 'secret' not in repr(box)"
    double = (
        "def inner(x): return 2 * x\n"
        "def double(x):\n    return inner if x is None else 'mine' if x is inner else 2 * x\n"
    )
    assert grade_it(write(double=double), of=with_check(assignment, source)).scores["check_double"] == 2


@pytest.mark.parametrize("solved", [True, False])
def test_nbgrader_reads_the_same_scores_in_the_recorded_notebook(write, grade_it, solved):
    graded = grade_it(write(solved=solved, sgd=SGD + "    w -= lr * grad\n    return w, state\n"))
    notebook = nbformat.reads(graded.notebook, as_version=4)
    nbformat.validate(notebook)
    scores = {cell.metadata.nbgrader.grade_id: determine_grade(cell)[0] for cell in notebook.cells if is_grade(cell)}
    assert scores == graded.scores and 0 < scores["check_sgd"] < 4


def test_the_same_submission_gives_the_same_result(write, grade_it):
    data = as_bytes(write(sgd=SGD + "    return w + lr * grad, state\n", after={"sgd": ["print({'a', 'b', 'c'})"]}))
    first, second = grade_it(data), grade_it(data)
    assert (first.notebook, first.scores, first.verdicts, first.key) == (
        second.notebook, second.scores, second.verdicts, second.key
    )  # fmt: skip


def test_the_key_follows_from_submission_assignment_reason_and_secret(assignment):
    other = with_check(assignment, "1")
    keys = [
        key(assignment, b"a", "", SECRET),
        key(assignment, b"b", "", SECRET),
        key(assignment, None, "reason", SECRET),
        key(assignment, None, "", SECRET),
        key(assignment, b"a", "", SECRET + "!"),
        key(other, b"a", "", SECRET),
    ]
    assert len(set(keys)) == len(keys)
    assert key(assignment, b"a", "", SECRET) == keys[0]


def test_markup_of_the_student_is_no_markup_in_what_is_kept(write, grade_it):
    cells = [
        "from IPython.display import HTML, Javascript, Markdown, SVG\nHTML('<script>alert(1)</script>')",
        "Javascript('alert(2)')",
        "Markdown('<img src=x onerror=alert(3)>')",
        'SVG(data=\'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(4)"/>\')',
        "display({'text/html': '<b>', 'image/png': '\"><script>'}, raw=True)",
    ]
    graded = grade_it(write(after={"sgd": cells}))
    kinds = {
        kind
        for cell in nbformat.reads(graded.notebook, as_version=4).cells
        if cell.metadata.get("downhill", {}).get("extra")
        for output in cell.outputs
        for kind in output.get("data", {})
    }
    assert kinds == {"text/plain"}


def test_a_picture_is_kept(write, grade_it):
    pytest.importorskip("matplotlib")
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    graded = grade_it(write(after={"sgd": [plot]}))
    assert '"image/png"' in graded.notebook


# A worker whose wire says something else: the student's code has replaced its sender.
NONSENSE = {
    "bytes": "sock.sendall(b'\\x00\\x00\\x00\\x05hello')",
    "a giant": "sock.sendall(b'\\xff\\xff\\xff\\xff')",
    "an array for a word": "real(sock, (np.arange(3), 1))",
    "a number": "real(sock, 3)",
    "an empty tuple": "real(sock, ())",
    "too few values": "real(sock, ('done', (), None, ()))",
    "too many values": "real(sock, ('done', (1.0,) * 10_000, None, ()))",
    "arrays for warnings": "real(sock, ('done', value[1], None, np.arange(3)))",
    "a failure of no kind": "real(sock, ('done', (), (0, 'passed', '', '', 0, ''), ()))",
    "a failure at no step": "real(sock, ('done', (), (10**5, 'raised', '', '', 0, ''), ()))",
    "a callback of no number": "real(sock, ('callback', 7, ()))",
    "a callback of an array": "real(sock, ('callback', np.arange(3), ()))",
    "steps backwards": "real(sock, ('step', -1))",
    "dicts for values": "real(sock, ('done', tuple({'a': np.arange(3)} for _ in value[1]), None, ()))",
    "handles for values": "real(sock, ('done', tuple(wire.Handle(5, 'x', True) for _ in value[1]), None, ()))",
    "closes": "sock.close()",
    "says nothing": "pass",
    "steps for ever": "[real(sock, ('step', 5)) for _ in range(10**9)]",
}


def says_instead(case, nonsense):
    """A cell after which the worker says something else in this case."""
    return (
        "import sys\nimport numpy as np\nwire = sys.modules['worker.wire']\n"
        "real = globals().get('real', wire.send)\n"
        "def fake(sock, value, *rest):\n"
        f"    if {case}:\n        {nonsense}\n"
        "    else:\n        real(sock, value, *rest)\n"
        "wire.send = fake"
    )


@pytest.mark.parametrize("pair", list(zip(list(NONSENSE)[::2], list(NONSENSE)[1::2], strict=True)), ids=" and ".join)
def test_nonsense_on_the_wire_costs_that_check_alone(write, grade_it, pair):
    # Looking a name up is answered, with a handle; calling it is not.
    case = "type(value) is tuple and value[:1] == ('done',) and [type(v) for v in value[1]] != [wire.Handle]"
    cells = [says_instead(case, NONSENSE[name]) for name in pair]
    back = "wire.send = real"
    after = {"check_sgd": [cells[0]], "check_momentum": [back], "double": [cells[1]]}
    graded = grade_it(write(after=after), Limits(0.5, 2, 20))
    assert [graded.scores[name] for name in FULL] == [4, 0, 0]
    assert not any(case.passed for case in graded.verdicts["momentum"].cases)


OUTPUTS = {
    "a word": "real(sock, 'fine')",
    "no dicts": "real(sock, ([1, 'x', None, []], True))",
    "arrays": "real(sock, ([{'output_type': np.arange(3)}, {'output_type': 'stream', 'name': np.arange(3),"
    " 'text': 'x'}, {'output_type': 'error', 'traceback': np.arange(3), 'ename': np.arange(2)},"
    " {'output_type': 'display_data', 'data': {'text/plain': np.arange(3), 'image/png': 3}}], True))",
    "no types": "real(sock, ([{}, {'output_type': 'stream'}, {'output_type': 'display_data', 'data': None}], True))",
    "bytes": "sock.sendall(b'\\x00\\x00\\x00\\x01?')",
}


@pytest.mark.parametrize("nonsense", OUTPUTS)
def test_nonsense_for_outputs_does_not_stop_the_grader(write, grade_it, nonsense):
    cell = says_instead("type(value) is tuple and type(value[0]) is list", OUTPUTS[nonsense])
    graded = grade_it(write(after={"check_sgd": [cell]}))
    assert graded.scores["check_sgd"] == 4
    nbformat.validate(nbformat.reads(graded.notebook, as_version=4))


def test_a_worker_that_does_not_read_does_not_hold_up_the_judge(write, grade_it):
    deaf = "import sys, time\nsys.modules['worker.wire'].receive = lambda *a: time.sleep(10**6)"
    long = "#" + "é" * 190_000  # more than a socket takes unread
    graded = grade_it(write(after={"check_sgd": [deaf, long]}), Limits(1, 1, 4))
    assert graded.scores["check_sgd"] == 4
