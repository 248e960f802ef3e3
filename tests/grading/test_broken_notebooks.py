"""Notebooks as people break them: what the kernel had at a check counts, by `autograder grade` as by stock nbgrader.

One table, three executions: every notebook in one Jupyter kernel (a reset between two), all by `grade_class`, and some
of each kind by `nbgrader autograde`, which meets the results of `grade_class` where it would grade the same bytes: that
depends on the bytes alone, and what stock nbgrader asks of a graded notebook is asked of all of them.
"""

import copy
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from unittest import mock

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.preprocessors import CheckCellMetadata

from autograder.grading import grader
from autograder.grading.classroom import grade_class
from autograder.grading.course import Course
from autograder.grading.gradebook import quiet_flushes
from autograder.grading.graded import key

from .conftest import LIMITS, NAME, SECRET, as_bytes, level, make_course

FULL = {"check_sgd": 4.0, "check_momentum": 5.0, "check_double": 2.0}
NOTHING = dict.fromkeys(FULL, 0.0)
WRONG = "def sgd(w, grad, state, *, lr):\n    return w + lr * grad, state\n"
ANSWER = "Because the slope says so."
HELPER = "def step(lr, grad):\n    return lr * grad\n"
LOADS = "import gc\nfrom autograder.judge import references\nreferences.load(what='A check')\ngc.freeze()"
WITH_HELPER = "def sgd(w, grad, state, *, lr):\n    return w - step(lr, grad), state\n"


class Broken:
    """A solved notebook as plain data, and what people do to it."""

    def __init__(self, solved, released):
        self.content = json.loads(as_bytes(solved))
        self.released = {cell["id"]: cell for cell in json.loads(as_bytes(released))["cells"]}

    @property
    def cells(self):
        return self.content["cells"]

    def place(self, name):
        return next(k for k, cell in enumerate(self.cells) if cell.get("id") == name)

    def cell(self, name):
        return self.cells[self.place(name)]

    def source(self, name):
        return "".join(self.cell(name)["source"])

    def write(self, name, source):
        self.cell(name)["source"] = source

    def copy(self, name, where, source=None, after=0):
        """As JupyterLab copies or splits: a new id, the same metadata of nbgrader's; above or below a cell."""
        new = {**copy.deepcopy(self.cell(name)), "id": f"copy-{len(self.cells)}"}
        if source is not None:
            new["source"] = source
        self.cells.insert(self.place(where) + after, new)
        return new

    def stub(self, name):
        return "".join(self.released[name]["source"])

    def own(self, source, where, after=1, kind="code"):
        cell = {"cell_type": kind, "id": f"own-{len(self.cells)}", "metadata": {}, "source": source}
        if kind == "code":
            cell |= {"outputs": [], "execution_count": None}
        self.cells.insert(self.place(where) + after if where else len(self.cells), cell)

    def drop(self, *names):
        for name in names:
            self.cells.pop(self.place(name))

    def move(self, name, to):
        """Above the cell `to`, or to the end."""
        cell = self.cells.pop(self.place(name))
        self.cells.insert(self.place(to) if to else len(self.cells), cell)

    def turn(self, name, kind):
        cell = self.cell(name)
        cell["cell_type"] = kind
        for field_ in ("outputs", "execution_count"):
            cell.pop(field_, None)
        if kind == "code":
            cell |= {"outputs": [], "execution_count": None}

    def lose_metadata(self):
        for cell in self.cells:
            cell["metadata"] = {}

    def lose_ids(self, minor=4):
        self.content["nbformat_minor"] = minor
        for cell in self.cells:
            cell.pop("id", None)

    def lose_all(self):
        """As Colab hands it back: ids of its own in the metadata, none of nbgrader's."""
        self.lose_metadata()
        self.lose_ids(0)
        for number, cell in enumerate(self.cells):
            cell["metadata"] = {"id": f"Xy{number}"}


@dataclass(frozen=True)
class Case:
    """A broken notebook.

    Parameters
    ----------
    make : what is done to a solved one; may return the file's bytes instead
    points : what checks must earn, where it is not the kernel's
    says : words that the student's page must have
    answer : words that the person who grades must read, None where the answer is zero
    kernel : whether what the kernel had is the measure
    stock : whether stock nbgrader is given it too
    """

    make: Callable
    points: dict = field(default_factory=dict)
    says: tuple = ()
    answer: str | None = ANSWER
    kernel: bool = True
    stock: bool = False


CASES: dict[str, Case] = {}


def case(**options):
    def enter(make):
        CASES[make.__name__] = Case(make, **options)
        return make

    return enter


# ------------------------------------------------------------------ doubled and split


@case(points=FULL, says=("stands 2 times in the notebook (cells 3 and 4)",))
def stub_kept_and_solution_in_the_copy(nb):
    nb.copy("sgd", "sgd", nb.stub("sgd"))


@case(points=FULL)
def split_with_a_helper_in_the_upper_half(nb):
    nb.copy("sgd", "sgd", HELPER)
    nb.write("sgd", WITH_HELPER)


@case(points=FULL)
def wrong_version_then_corrected_copy(nb):
    nb.copy("sgd", "sgd", WRONG)


@case()
def right_version_then_wrong_copy(nb):
    nb.copy("sgd", "sgd", WRONG, after=1)


@case(points=FULL)
def empty_copies_above_and_below(nb):
    nb.copy("sgd", "sgd", "")
    nb.copy("sgd", "sgd", "  \n", after=1)


@case(points=FULL)
def three_versions(nb):
    nb.copy("sgd", "sgd", WRONG)
    nb.copy("sgd", "sgd", "broken(:")


@case(points=FULL)
def split_in_three(nb):
    nb.copy("sgd", "sgd", "SIGN = -1")
    nb.copy("sgd", "sgd", HELPER)
    nb.write("sgd", "def sgd(w, grad, state, *, lr):\n    return w + SIGN * step(lr, grad), state\n")


@case(points={"check_sgd": 0.0})
def split_within_the_function(nb):
    nb.copy("sgd", "sgd", 'def sgd(w, grad, state, *, lr):\n    """New w."""\n')
    nb.write("sgd", "    return w - lr * grad, state\n")


@case(points=FULL)
def helper_in_a_copy_of_another_exercise(nb):
    nb.copy("momentum", "sgd", HELPER)
    nb.write("sgd", WITH_HELPER)


@case(points=FULL)
def doubled_exercise_of_plain_assertions(nb):
    nb.copy("double", "double", "def double(x):\n    return x\n")


@case(points=FULL, stock=True)
def every_cell_doubled(nb):
    for cell in list(nb.cells):
        nb.copy(cell["id"], cell["id"], after=1)


@case(points=FULL, stock=True)
def one_cell_id_for_all(nb):
    for cell in nb.cells:
        cell["id"] = "sgd"


# ------------------------------------------------------------------ checks


@case(points=FULL)
def check_copied_below_the_corrected_version(nb):
    right = nb.source("sgd")
    nb.write("sgd", WRONG)
    nb.copy("check_sgd", "demo_race")
    nb.copy("sgd", "check_sgd", right, after=1)


@case(points=FULL)
def check_typed_again_below_an_own_version(nb):
    right = nb.source("sgd")
    nb.write("sgd", nb.stub("sgd"))
    nb.own('check("sgd", sgd, points=4)', "check_sgd")
    nb.own(right, "check_sgd")


@case(points=FULL)
def check_copied_above_its_exercise(nb):
    nb.copy("check_sgd", "sgd")


@case(points=FULL)
def check_copied_below_a_spoilt_version(nb):
    nb.copy("check_sgd", "demo_race")
    nb.own(WRONG, "check_sgd")


@case(points=FULL, kernel=False)
def check_split(nb):
    nb.copy("check_sgd", "check_sgd", 'check("sgd",')
    nb.write("check_sgd", "sgd, points=4)")


@case(points=FULL, kernel=False, says=("`check_sgd` (cell 5) is not as it was handed out",))
def check_edited(nb):
    nb.write("check_sgd", 'check("sgd", lambda *a, **k: 0, points=100)')


@case(points=FULL, kernel=False, stock=True)
def check_deleted(nb):
    nb.drop("check_sgd")


@case(points=FULL)
def check_moved_to_the_end(nb):
    nb.move("check_sgd", None)


@case(points=FULL, kernel=False)
def check_moved_above_its_exercise(nb):
    nb.move("check_sgd", "sgd")


@case(points=FULL)
def check_turned_into_text_and_typed_anew(nb):
    nb.own(nb.source("check_sgd"), "check_sgd")
    nb.turn("check_sgd", "markdown")


@case(points=FULL)
def check_of_assertions_copied(nb):
    nb.copy("check_double", "double")


@case(points=FULL, says=("has lost its name",), stock=True)
def both_lost_and_answered(nb):
    nb.lose_all()


@case(points=FULL, answer=None)
def both_lost_and_not_answered(nb):
    nb.write("why", nb.stub("why"))
    nb.lose_all()


@case(points=NOTHING, says=("was another notebook submitted", "it checks `adam`"), answer=None, kernel=False)
def another_notebook_that_is_given_this_ones_functions(nb):
    for name in ("momentum", "double", "check_sgd", "check_momentum", "check_double", "why"):
        nb.drop(name)
    nb.own('check("adam", adam, points=8)', "sgd")
    nb.write("setup_1", nb.source("setup_1") + "\n" + nb.source("sgd"))
    nb.drop("sgd")


@case(points={**FULL, "check_sgd": 0.0}, kernel=False, says=("not written yet",))
def every_check_is_a_number(nb):
    nb.write("sgd", nb.stub("sgd"))
    for name in FULL:
        nb.write(name, "100.0")


# ------------------------------------------------------------------ merged, moved, deleted


@case(points=FULL, stock=True)
def merged_exercise_and_check(nb):
    nb.write("sgd", nb.source("sgd") + "\n\n" + nb.source("check_sgd"))
    nb.drop("check_sgd")


@case(points=FULL)
def merged_into_the_check(nb):
    nb.write("check_sgd", nb.source("sgd") + "\n\n" + nb.source("check_sgd"))
    nb.drop("sgd")


@case(points=FULL)
def merged_two_exercises(nb):
    nb.write("sgd", nb.source("sgd") + "\n\n" + nb.source("momentum"))
    nb.drop("momentum")


@case(points=FULL)
def merged_into_the_set_up(nb):
    nb.write("setup_1", nb.source("setup_1") + "\n\n" + nb.source("sgd"))
    nb.drop("sgd")


@case(points={**FULL, "check_sgd": 0.0}, says=("The cell of `sgd` is missing from the notebook.",))
def exercise_deleted(nb):
    nb.drop("sgd")


@case(points=FULL)
def exercise_deleted_and_written_in_an_own_cell(nb):
    nb.own(nb.source("sgd"), "sgd")
    nb.drop("sgd")


@case(points=FULL)
def all_written_in_one_own_cell(nb):
    names = "sgd", "momentum", "double"
    nb.own("\n\n".join(map(nb.source, names)), "setup_1")
    nb.drop(*names)


@case(points=FULL, kernel=False)
def exercise_moved_below_its_check(nb):
    nb.move("sgd", "momentum")


@case(points=FULL)
def exercise_and_check_moved_to_the_top(nb):
    nb.move("momentum", "sgd")
    nb.move("check_momentum", "sgd")


@case(points=FULL)
def sections_in_another_order(nb):
    for name in ("sgd", "hints_sgd", "check_sgd", "demo_race"):
        nb.move(name, None)


@case(points=FULL, kernel=False)
def all_cells_reversed(nb):
    nb.cells.reverse()


@case(points=FULL, kernel=False)
def set_up_deleted(nb):
    nb.drop("setup_1")


@case(points=FULL, kernel=False)
def set_up_moved_to_the_end(nb):
    nb.write("sgd", "def sgd(w, grad, state, *, lr):\n    return np.subtract(w, lr * grad), state\n")
    nb.move("setup_1", None)


@case(points=FULL)
def set_up_copied_with_another_seed(nb):
    nb.copy("setup_1", "sgd", "import numpy as np\nSEED = 4")


@case(
    points={**FULL, "check_momentum": 0.0, "check_double": 0.0},
    says=("The cell of `momentum` is missing",),
    answer=None,
    kernel=False,
    stock=True,
)
def lower_half_lost(nb):
    del nb.cells[nb.place("momentum") :]


# ------------------------------------------------------------------ types


@case(points=FULL, kernel=False, says=("was turned into text: it was run as code",), stock=True)
def exercise_turned_into_markdown(nb):
    nb.turn("sgd", "markdown")


@case(points=FULL, kernel=False)
def exercise_turned_into_raw(nb):
    nb.turn("sgd", "raw")


@case(points=FULL)
def wrong_version_put_aside_as_raw(nb):
    nb.copy("sgd", "sgd", WRONG, after=1)
    nb.cells[nb.place("sgd") + 1]["cell_type"] = "raw"


@case(points=FULL)
def stub_put_aside_as_markdown(nb):
    nb.own(nb.source("sgd"), "sgd", after=0)
    nb.write("sgd", nb.stub("sgd"))
    nb.turn("sgd", "markdown")


@case(points=FULL, stock=True)
def answer_turned_into_code(nb):
    nb.turn("why", "code")


# ------------------------------------------------------------------ what cells are known by


@case(points=FULL, stock=True)
def metadata_lost(nb):
    nb.lose_metadata()


@case(points=FULL)
def ids_lost(nb):
    nb.lose_ids()


@case(points=FULL, stock=True)
def format_4_0(nb):
    nb.lose_ids(0)


@case(points=FULL)
def both_lost(nb):
    nb.lose_all()


@case(points=FULL)
def both_lost_with_own_cells_between(nb):
    nb.write("sgd", WITH_HELPER)
    nb.own(HELPER, "setup_1")
    nb.own("print('hello')", "check_sgd")
    nb.own("My notes on that.", "sgd", kind="markdown")
    nb.lose_all()


@case(points=FULL)
def both_lost_and_a_wrong_version_first(nb):
    nb.own(WRONG, "sgd", after=0)
    nb.lose_all()


@case(points=FULL)
def both_lost_and_a_stub_kept(nb):
    nb.own(nb.stub("sgd"), "sgd", after=0)
    nb.lose_all()


@case(
    points={**FULL, "check_sgd": 0.0},
    says=("is written in the cells 3 and 4", "Keep one and hand in again"),
    kernel=False,
)
def both_lost_and_two_versions_without_a_check(nb):
    nb.own(WRONG, "sgd", after=0)
    nb.drop("check_sgd")
    nb.lose_all()


@case(points=FULL, kernel=False)
def both_lost_and_all_checks_gone(nb):
    nb.drop(*FULL)
    nb.lose_all()


# ------------------------------------------------------------------ read-only cells


@case(points=FULL, says=("`setup_1` (cell 2) is not as it was handed out",), stock=True)
def helper_written_into_the_set_up(nb):
    nb.write("setup_1", nb.source("setup_1") + "\n" + HELPER)
    nb.write("sgd", WITH_HELPER)


@case(points=FULL)
def helper_written_into_a_demo(nb):
    nb.write("demo_race", HELPER.replace("lr * grad", "lr * grad * 1.0"))
    nb.write("momentum", nb.source("momentum").replace("lr * v", "step(lr, v)"))


@case(points=FULL)
def function_written_into_the_check(nb):
    nb.write("check_sgd", nb.source("sgd") + "\n" + nb.source("check_sgd"))
    nb.write("sgd", nb.stub("sgd"))


@case(points=FULL, kernel=False)
def set_up_that_ends_with_an_error(nb):
    nb.write("setup_1", "1 / 0")


# ------------------------------------------------------------------ reflections


@case(points=FULL)
def reflection_below_an_unchanged_prompt(nb):
    nb.write("why", nb.stub("why"))
    nb.own(ANSWER, "why", kind="markdown")


@case(points=FULL)
def reflection_above_an_unchanged_prompt(nb):
    nb.write("why", nb.stub("why"))
    nb.own(ANSWER, "why", after=0, kind="markdown")


@case(points=FULL, stock=True)
def reflection_as_raw_text(nb):
    nb.write("why", nb.stub("why"))
    nb.own(ANSWER, "why", kind="raw")


@case(points=FULL)
def reflection_in_a_cell_of_code(nb):
    nb.write("why", nb.stub("why"))
    nb.own(ANSWER, "why")


@case(points=FULL, says=("shown to the person who reads",))
def reflection_at_the_end_of_the_notebook(nb):
    nb.write("why", nb.stub("why"))
    nb.own(ANSWER, None, kind="markdown")


@case(points=FULL)
def prompt_deleted_and_text_in_its_place(nb):
    nb.own(ANSWER, "why", kind="markdown")
    nb.drop("why")


@case(points=FULL, answer="And more.")
def reflection_in_two_copies(nb):
    nb.copy("why", "why", "And more.", after=1)


@case(points=FULL, answer=None)
def prompt_copied_and_never_answered(nb):
    nb.write("why", nb.stub("why"))
    nb.copy("why", "why", after=1)


# ------------------------------------------------------------------ files


@case(points=FULL, stock=True)
def byte_order_mark_and_windows_lines(nb):
    return b"\xef\xbb\xbf" + json.dumps(nb.content, indent=1).encode().replace(b"\n", b"\r\n")


@case(points=NOTHING, says=("was another notebook submitted",), answer=None, kernel=False, stock=True)
def another_assignments_notebook(nb):
    text = json.dumps(nb.content)
    for name in ("sgd", "momentum", "double", "why"):
        text = text.replace(name, f"other_{name}")
    return text.encode()


@case(points=NOTHING, says=("broken or cut off",), answer=None, kernel=False, stock=True)
def cut_off(nb):
    return json.dumps(nb.content).encode()[:-40]


@case(points=NOTHING, says=("broken or cut off",), answer=None, kernel=False, stock=True)
def empty_file(nb):
    return b""


@case(points=NOTHING, says=("none of its cells",), answer=None, kernel=False, stock=True)
def no_cells(nb):
    del nb.cells[:]


@case(points=NOTHING, says=("no notebook of format 4",), answer=None, kernel=False, stock=True)
def format_3(nb):
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": []}]}).encode()


@case(points=NOTHING, says=("no text in UTF-8",), answer=None, kernel=False, stock=True)
def saved_as_utf_16(nb):
    return json.dumps(nb.content).encode("utf-16")


# ------------------------------------------------------------------ three executions


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = make_course(tmp_path_factory.mktemp("broken") / "course")
    solved, released = (
        nbformat.read(root / f / NAME / f"{NAME}.ipynb", as_version=4) for f in ("solutions", "notebooks")
    )
    right = {cell["id"]: cell.source for cell in solved.cells}
    student = copy.deepcopy(released)
    for cell in student.cells:
        if cell["id"] in ("sgd", "momentum", "double"):
            cell.source = right[cell["id"]]
        if cell["id"] == "why":
            cell.source = ANSWER
    course = Course.at(root)
    for name, case in CASES.items():
        broken = Broken(student, released)
        data = case.make(broken)
        path = course.submitted / name / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(broken.content).encode())
    return course


@pytest.fixture(scope="module")
def graded(course):
    """Results by student, and by key."""
    with ThreadPoolExecutor(2) as here, mock.patch.object(Course, "limits", LIMITS):
        results = list(grade_class(course, NAME, SECRET, level(), executor=here))
    assert [result.error for result in results if result.error] == []
    pages = {name: (course.feedback(name, NAME) / f"{NAME}.html").read_text() for name in CASES}
    return {result.student: result.graded for result in results}, recorded(course), pages


def recorded(course):
    with Gradebook(course.db_url, course.course_id) as book:
        return {
            submission.student.id: {grade.name: grade.auto_score for nb in submission.notebooks for grade in nb.grades}
            for submission in book.assignment_submissions(NAME)
        }


@pytest.fixture(scope="module")
def stock(course, graded, tmp_path_factory):
    """Points as `nbgrader autograde` records them, in a course that has no others."""
    left_out = {"gradebook.db", "autograded", "feedback", *(name for name, case in CASES.items() if not case.stock)}
    root = tmp_path_factory.mktemp("stock") / "course"
    shutil.copytree(course.root, root, ignore=lambda _, names: left_out & set(names))
    known = {result.key: result for result in graded[0].values()}

    def met(assignment, data, reason, secret, limits, level):
        return known[key(assignment, data, reason, secret)]

    environment = {"AUTOGRADER_SECRET": SECRET}
    with (
        pytest.MonkeyPatch.context() as patch,
        mock.patch.object(grader, "grade", met),
        mock.patch.dict("os.environ", environment),
        quiet_flushes(),
    ):
        patch.chdir(root)
        course = Course.at(root)
        done = NbGraderAPI(config=course.config).autograde(NAME, "*")
    assert done["success"], done
    return recorded(course)


@pytest.fixture(scope="module")
def kernel(course):
    """The best points that each check printed, all notebooks run one after the other in one Jupyter kernel."""
    checks = {"check_sgd": 'check("sgd"', "check_momentum": 'check("momentum"', "check_double": "assert double(2)"}
    # Or each reset would look for garbage, twice, among all that the checks have loaded.
    cells, places = [new_code_cell(LOADS)], []
    for name, case in CASES.items():
        if not case.kernel:
            continue
        cells.append(new_code_cell("%reset -f"))
        path = course.submitted / name / NAME / f"{NAME}.ipynb"
        for cell in json.loads(path.read_bytes().decode("utf-8-sig"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code" and "demos are not run" not in source:
                places += [(name, check, len(cells)) for check, text in checks.items() if text in source]
                cells.append(new_code_cell(source))
    notebook = new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, allow_errors=True).execute(env={"DOWNHILL_PROGRESS": ""})
    had = {name: dict(NOTHING) for name, case in CASES.items() if case.kernel}
    for name, check, place in places:
        had[name][check] = max(had[name][check], shown(cells[place], FULL[check]))
    return had


def shown(cell, full):
    """Points as a student reads them: the number, else all where nothing was raised."""
    kinds = {output.output_type: output for output in cell.outputs}
    if "error" in kinds:
        return 0.0
    return float(kinds["execute_result"].data["text/plain"]) if "execute_result" in kinds else full


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.kernel])
def test_what_the_kernel_had_counts(graded, kernel, name):
    scores = graded[0][name].scores
    assert {check: scores[check] for check in FULL} == kernel[name]


@pytest.mark.parametrize("name", CASES)
def test_nobody_loses_a_point_and_everybody_reads_why(graded, name):
    case, (results, _, pages) = CASES[name], graded
    scores = results[name].scores
    assert {check: scores[check] for check in case.points} == case.points, results[name].notes
    assert all(words in pages[name].replace("&#39;", "'") for words in case.says), results[name].notes
    notebook = nbformat.reads(results[name].notebook, as_version=4)
    nbformat.validate(notebook)
    CheckCellMetadata().preprocess(notebook, {})


@pytest.mark.parametrize("name", CASES)
def test_a_reflection_waits_for_a_person_who_can_read_it(graded, name):
    case, result = CASES[name], graded[0][name]
    cell = next(c for c in nbformat.reads(result.notebook, as_version=4).cells if c["id"] == "why")
    if case.answer is None:
        assert result.scores["why"] == 0
    else:
        assert result.scores["why"] is None and case.answer in cell.source


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.stock])
def test_stock_nbgrader_records_the_same(graded, stock, name):
    assert stock[name] == graded[1][name] == graded[0][name].scores


def test_the_page_shows_all_the_code_that_was_judged(graded):
    page = graded[2]["split_with_a_helper_in_the_upper_half"]
    assert "def step(lr, grad)" in page and "step(lr, grad), state" in page


def test_the_table_is_long():
    assert len(CASES) >= 60
