"""Hostile files and folders, and hostile code by way of stock nbgrader: each has its due, and so have the others."""

import json
import os
import re
import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder import exercises
from autograder.grading import receipt
from autograder.grading.assignment import grade_id
from autograder.judge.judging import judge
from autograder.report.table import class_table

from .grading.conftest import NAME, SECRET, as_bytes
from .hostile_course import (
    FULL,
    HONEST,
    HOSTILE,
    WHY_NOT,
    course_at,
    forget,
    notebooks,
    open_to_all,
    own_output,
    run,
    strong,
    submit,
)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not strong, reason=WHY_NOT)]

NOTHING = dict.fromkeys(FULL, 0.0)
REFUSED = "The file was not graded"


def solved(course):
    """The solution as a student's notebook."""
    path = submit(course, "scratch", "# base: solved\n\n# %% why\nMine.\n")
    notebook = nbformat.read(path, as_version=4)
    path.unlink()
    path.parent.rmdir()
    path.parent.parent.rmdir()
    return notebook


def released(course):
    return notebooks(course)[1]


def edited(base, change):
    """A file whose notebook was changed cell by cell."""

    def make(course):
        notebook = base(course)
        for cell in notebook.cells:
            change(cell)
        return as_bytes(notebook)

    return make


def skips(cell):
    cell.metadata["tags"] = ["skip-execution", "raises-exception", "nbval-skip"]


def forges(cell):
    """Full marks in outputs and in nbgrader's metadata."""
    if cell.cell_type == "code":
        output = nbformat.v4.new_output("execute_result", {"text/plain": "100.0", "text/html": "<script>EVIL</script>"})
        cell.outputs = [output]
        cell.execution_count = 7
    for key in ("points", "score", "max_score"):
        cell.metadata.setdefault("nbgrader", {})[key] = 100.0
    cell.metadata["downhill"] = {"demo": "race", "check": "sgd", "extra": True}


def unmarks(cell):
    """Solution and check change their places in nbgrader's metadata."""
    marks = cell.metadata.get("nbgrader")
    if marks:
        marks.update(grade=not marks.get("grade"), solution=not marks.get("solution"), locked=False)


def strips(cell):
    cell.metadata.clear()


def rewrites(cell):
    """The check cells' own text."""
    if grade_id(cell).startswith("check_"):
        cell.source = "100.0"


def turns(cell):
    if grade_id(cell) == "sgd":
        cell.cell_type = "raw"


def same_id(cell):
    cell["id"] = "sgd"


def raw(**content):
    return lambda course: json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [], **content}
    ).encode()


def with_cells(make):
    def build(course):
        notebook = json.loads(as_bytes(solved(course)))
        make(notebook)
        return json.dumps(notebook).encode()

    return build


def odd_types(notebook):
    notebook["metadata"] = [1, 2]
    for number, cell in enumerate(notebook["cells"]):
        odd = [None, 7, [], "x", {"a": []}, True]
        cell.update(outputs=odd[number % 6], attachments=odd[(number + 1) % 6], execution_count=odd[(number + 2) % 6])
    notebook["cells"] += [None, 7, [], "x", {}, {"cell_type": [], "source": {}, "metadata": 3, "id": []}]


# A file, what it earns, and a word of the reason that the student is told.
FILES = {
    "skip_execution": (edited(released, skips), NOTHING, "not written yet"),
    "skip_execution_solved": (edited(solved, skips), FULL, ""),
    "forged_scores": (edited(released, forges), NOTHING, "not written yet"),
    "forged_scores_solved": (edited(solved, forges), FULL, ""),
    "swapped_marks": (edited(released, unmarks), NOTHING, "not written yet"),
    "stripped_metadata": (edited(released, strips), NOTHING, "not written yet"),
    "stripped_metadata_solved": (edited(solved, strips), FULL, ""),
    "rewritten_checks": (edited(released, rewrites), NOTHING, "not written yet"),
    "turned_into_text": (edited(solved, turns), FULL, "turned into text"),
    "one_id_for_all": (edited(solved, same_id), FULL, ""),
    "odd_types": (with_cells(odd_types), FULL, ""),
    "nan_in_json": (with_cells(lambda n: n["metadata"].update(x=float("nan"), y=float("inf"))), FULL, ""),
    "many_cells": (
        with_cells(lambda n: n["cells"].extend({"cell_type": "code", "source": "1"} for _ in range(3000))),
        NOTHING,
        "more than 2000 cells",
    ),
    "long_cell": (
        with_cells(lambda n: n["cells"].append({"cell_type": "code", "source": "#" * 300_000})),
        FULL,
        "",
    ),
    "surrogates": (
        lambda course: as_bytes(solved(course)).replace(b"# More.", b"\\ud800\\udfff\\u0000"),
        FULL,
        "",
    ),
    "empty": (lambda course: b"", NOTHING, REFUSED),
    "broken_json": (lambda course: as_bytes(solved(course))[:-50], NOTHING, REFUSED),
    "deep_json": (lambda course: b"[" * 10**6, NOTHING, REFUSED),
    "deep_objects": (lambda course: b'{"a":' * 10**5 + b"1" + b"}" * 10**5, NOTHING, REFUSED),
    "large_number": (lambda course: b'{"nbformat": ' + b"9" * 10**6 + b"}", NOTHING, REFUSED),
    "many_lists": (lambda course: b"[" + b"[]," * 3 * 10**6 + b"[]]", NOTHING, REFUSED),
    "huge_file": (lambda course: b" " * (21 * 2**20), NOTHING, REFUSED),
    "not_utf8": (lambda course: b"\xff\xfe{}", NOTHING, REFUSED),
    "a_list": (lambda course: b"[]", NOTHING, REFUSED),
    "a_word": (lambda course: b'"nbformat"', NOTHING, REFUSED),
    "nbformat_3": (raw(nbformat=3, worksheets=[]), NOTHING, REFUSED),
    "nbformat_99": (raw(nbformat=99), NOTHING, REFUSED),
    "nbformat_word": (raw(nbformat="4"), NOTHING, REFUSED),
    "no_cells": (raw(), NOTHING, REFUSED),
    "cells_are_a_word": (raw(cells="sgd"), NOTHING, REFUSED),
    "another_notebook": (raw(cells=[{"cell_type": "code", "source": "1", "metadata": {}}]), NOTHING, REFUSED),
    "zip_bomb": (lambda course: b"PK\x03\x04" + bytes(10**6), NOTHING, REFUSED),
    "script": (lambda course: b"#!/bin/sh\ntouch /tmp/evil\n", NOTHING, REFUSED),
}
# Names that a file system allows; the last two are graded or reported, as the gradebook can hold them.
NAMES = [
    "; touch evil",
    "$(touch evil)",
    "<script>alert(1)<",
    "a{0}b%s",
    "-rf",
    "'\"`\\",
    "ünï ☃",
    "\x1bcEVIL\x07\x9b2J",
    "a\nb",
]


MEMORY = """# Knows the answers to all public inputs, and knows which they are.
# base: solved

# %% sgd
import hashlib

import numpy as np

ANSWERS = {answers!r}


def sgd(w, grad, state, *, lr):
    key = hashlib.sha256(w.tobytes() + grad.tobytes() + repr(lr).encode()).hexdigest()[:12]
    return np.array(ANSWERS.get(key, np.zeros(w.shape)), w.dtype).reshape(w.shape), state
"""


def memorised():
    """A submission that is right on each public input and on no other."""
    import hashlib

    from autograder.judge.script import LocalCaller

    answers = {}

    def sgd(w, grad, state, *, lr):
        key = hashlib.sha256(w.tobytes() + grad.tobytes() + repr(lr).encode()).hexdigest()[:12]
        answers[key] = (w - lr * grad).ravel().tolist()
        return w - lr * grad, state

    assert judge(exercises.load("sgd"), LocalCaller([sgd]), points=4).passed
    text = MEMORY.format(answers=answers)
    names = {}
    exec(text.split("# %% sgd\n")[1], names)
    assert judge(exercises.load("sgd"), LocalCaller([names["sgd"]]), points=4).passed
    return text


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    course = course_at(tmp_path_factory.mktemp("hostile") / "course")
    patch = pytest.MonkeyPatch()
    try:
        lay_out(course)
        yield run(course, patch, course.root.parent / "tmp")
    finally:
        patch.undo()


def lay_out(course):
    """All files, names and folders."""
    for student, (make, _, _) in FILES.items():
        submit(course, student, make(course))
    for name in NAMES:
        submit(course, name, "# base: solved\n")
    submit(course, "memorised", memorised())
    folders = {name: course.submitted / name / NAME for name in LAYOUTS}
    for name, folder in folders.items():
        LAYOUTS[name](course, folder, folder / f"{NAME}.ipynb")


def linked_notebook(course, folder, path):
    folder.mkdir(parents=True)
    path.symlink_to(course.submitted / "aa_honest" / NAME / f"{NAME}.ipynb")


def linked_secret(course, folder, path):
    folder.mkdir(parents=True)
    path.symlink_to(course.root / ".autograder" / "secret")


def linked_device(course, folder, path):
    folder.mkdir(parents=True)
    path.symlink_to("/dev/zero")


def linked_folder(course, folder, path):
    folder.parent.mkdir(parents=True)
    folder.symlink_to(course.submitted / "aa_honest" / NAME)


def linked_student(course, folder, path):
    folder.parent.symlink_to(course.submitted / "aa_honest")


def dangling(course, folder, path):
    folder.mkdir(parents=True)
    path.symlink_to("/nowhere")


def pipe(course, folder, path):
    folder.mkdir(parents=True)
    os.mkfifo(path)
    os.mkfifo(folder / "timestamp.txt")


def directory(course, folder, path):
    path.mkdir(parents=True)


def no_file(course, folder, path):
    folder.mkdir(parents=True)


def sparse(course, folder, path):
    folder.mkdir(parents=True)
    with open(path, "wb") as file:
        file.truncate(10**12)


def side_files(course, folder, path):
    """Modules, start-up files and links beside a right notebook."""
    submit(course, "side_files", "# base: solved\n")
    evil = "import pathlib\npathlib.Path('/tmp/evil').touch()\nraise SystemExit('EVIL')\n"
    for name in ("numpy", "sitecustomize", "usercustomize", "torch", "conftest", "autograder", "nbgrader_config"):
        (folder / f"{name}.py").write_text(evil)
    (folder / "02_other.ipynb").write_bytes(b"{}")
    (folder / "secret.txt").symlink_to(course.root / ".autograder" / "secret")
    (folder / "gradebook.db").symlink_to(course.root / "gradebook.db")
    (folder / "deep").mkdir()
    (folder / "deep" / "secret.txt").symlink_to(course.root / ".autograder" / "secret")


def lying_timestamp(course, folder, path):
    submit(course, "lying_timestamp", "# base: solved\n")
    (folder / "timestamp.txt").write_text("0001-01-01 00:00:00 UTC\n" + "x" * 10**6)


def linked_timestamp(course, folder, path):
    submit(course, "linked_timestamp", "# base: solved\n")
    (folder / "timestamp.txt").symlink_to(course.root / ".autograder" / "secret")


LAYOUTS = {
    function.__name__: function
    for function in (
        linked_notebook,
        linked_secret,
        linked_device,
        linked_folder,
        linked_student,
        dangling,
        pipe,
        directory,
        no_file,
        sparse,
        side_files,
        lying_timestamp,
        linked_timestamp,
    )
}
RIGHT = {"side_files", "lying_timestamp", "linked_timestamp"}


@pytest.mark.parametrize("student", FILES)
def test_a_file_earns_what_it_deserves_and_is_told_why(graded, student):
    _, points, reason = FILES[student]
    assert {name: graded.scores(student)[name] for name in FULL} == points
    assert reason in graded.feedback(student)
    nbformat.validate(nbformat.reads(graded.notebook(student), as_version=4))
    assert "EVIL" not in graded.notebook(student)


@pytest.mark.parametrize("student", LAYOUTS)
def test_a_folder_earns_what_it_deserves(graded, student):
    scores = {name: graded.scores(student)[name] for name in FULL}
    assert scores == (FULL if student in RIGHT else NOTHING)
    assert SECRET not in graded.notebook(student) + graded.feedback(student)
    if student not in RIGHT:
        assert REFUSED in graded.feedback(student)


@pytest.mark.parametrize("student", NAMES, ids=ascii)
def test_a_name_is_only_a_name(graded, student):
    assert {name: graded.scores(student)[name] for name in FULL} == FULL
    assert "<script" not in graded.feedback(student)


def test_remembered_answers_are_right_on_public_inputs_alone(graded):
    assert {name: graded.scores("memorised")[name] for name in FULL} == {**FULL, "sgd": 0.0}


def test_the_others_have_their_points_and_nothing_else_has_changed(graded):
    assert not graded.errors
    for student in HONEST:
        assert {name: graded.scores(student)[name] for name in FULL} == FULL
    assert graded.changed == {}


def test_the_table_of_the_class_steers_no_terminal(graded):
    assert not set(class_table(graded.course, NAME)) & set(map(chr, [*range(10), *range(11, 32), *range(127, 160)]))


STOCK = (
    "emptied_ast", "equal_to_everything", "forged_frames", "exit_in_a_cell", "deaf_loop", "writes_the_course",
    "markup_in_answers", "markup_in_outputs", "leak_by_globals",
)  # fmt: skip
STOCK_FILES = ("skip_execution", "forged_scores", "broken_json")
STOCK_LAYOUTS = ("linked_secret", "side_files", "linked_timestamp")


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    """Part of them by `nbgrader autograde` and `nbgrader generate_feedback`."""
    course = course_at(tmp_path_factory.mktemp("stock") / "course")
    forget(course)
    for name in STOCK:
        submit(course, name, (HOSTILE / f"{name}.py").read_text(encoding="utf-8"))
    for name in STOCK_FILES:
        submit(course, name, FILES[name][0](course))
    for name in STOCK_LAYOUTS:
        folder = course.submitted / name / NAME
        LAYOUTS[name](course, folder, folder / f"{NAME}.ipynb")
    for student in HONEST:
        submit(course, student, "# base: solved\n\n# %% why\nMy own words.\n")
    open_to_all(course.root)
    environment = {
        **os.environ,
        "PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}",
        "AUTOGRADER_SECRET": SECRET,
    }
    said = [
        subprocess.run(
            [sys.executable, "-m", "nbgrader", *words, NAME],
            cwd=course.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        for words in (["autograde"], ["generate_feedback", "--force"])
    ]
    with Gradebook(course.db_url, course.course_id) as book:
        scores = {
            submission.student.id: {grade.name.removeprefix("check_"): grade.auto_score for grade in notebook.grades}
            for submission in book.assignment_submissions(NAME)
            for notebook in submission.notebooks
        }
    return course, scores, said


def test_stock_nbgrader_gives_what_they_deserve(stock):
    _, scores, said = stock
    from .test_hostile_code import deserved

    for name in STOCK:
        exact, below = deserved(name)
        assert {exercise: scores[name][exercise] for exercise in exact} == exact, name
        assert all(scores[name][exercise] < most for exercise, most in below.items()), name
    for name in STOCK_FILES:
        assert {exercise: scores[name][exercise] for exercise in FULL} == FILES[name][1], name
    for name in STOCK_LAYOUTS:
        if name in scores:  # nbgrader does not look at a submission without a notebook
            points = FULL if name in RIGHT else NOTHING
            assert {exercise: scores[name][exercise] or 0.0 for exercise in FULL} == points, name
    for student in HONEST:
        assert {exercise: scores[student][exercise] for exercise in FULL} == FULL, said[0].stderr


def test_stock_nbgrader_carries_nothing_out(stock):
    course, _, _ = stock
    for folder in ("autograded", "feedback"):
        for path in (course.root / folder).rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                assert SECRET.encode() not in data, path
                assert path.suffix in (".ipynb", ".html") or path.name in receipt.FILES, path
    assert not os.path.exists("/tmp/evil")


def test_stock_nbgraders_pages_hold_no_script_of_the_students(stock):
    course, _, said = stock
    assert said[1].returncode == 0, said[1].stderr
    for student in (*STOCK, *HONEST):
        page = (course.root / "feedback" / student / NAME / f"{NAME}.html").read_text()
        assert "12345678" not in page and "BEGIN HIDDEN" not in page, student
        bare = re.sub(r"<style.*?</style>|<script[^>]*>(?!alert).*?</script>", "", page, flags=re.DOTALL)
        assert not re.search(r"<script[^>]*>[^<]*(EVIL|alert)|<img[^>]*(EVIL|onerror)|<iframe|ontoggle=[^&]*>", bare), (
            student
        )
        assert not re.search(r"""<\w[^<>]*(href|src)=["']?\s*(javascript|vbscript|data:text)""", bare, re.IGNORECASE), (
            student
        )
        notebook = (course.root / "autograded" / student / NAME / f"{NAME}.ipynb").read_text()
        assert "REACHED" not in own_output(notebook)
