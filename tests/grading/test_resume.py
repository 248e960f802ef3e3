"""A run that is killed, stopped, or out of disk: nothing lost, nothing twice, nothing left running."""

import errno
import os
import random
import runpy
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest
from nbgrader.api import Gradebook

from autograder import files
from autograder.cli import main
from autograder.grading import classroom, pool
from autograder.grading import gradebook as gradebook_module
from autograder.grading.classroom import grade_class
from autograder.grading.course import Course
from autograder.grading.gradebook import Book, GradebookError

from .conftest import NAME, SECRET, as_bytes, level
from .test_classroom import Here

UPHILL = "def sgd(w, grad, state, *, lr):\n    return w + lr * grad, state\n"
# It goes by a name of its own.
HANGS = "import ctypes\nctypes.CDLL(None).prctl(15, b'hangs', 0, 0, 0)\nwhile True:\n    pass"
# Without a sandbox around the worker, whose start costs time, nothing but the grader itself ends it.
TRUSTED = {"AUTOGRADER_ISOLATION": "none"}
CLASS = {
    "ann": {"why": "My own words."},
    "bob": {"sgd": UPHILL},
    "cyd": b"{ broken",
    "dan": {"momentum": "def momentum(w, grad, state, *, lr, momentum=0.9):\n    return w, state\n"},
    "eve": {"why": ""},
    "fay": {"sgd": "import os\nos._exit(1)"},
    "gus": {"double": "def double(x):\n    return x\n"},
}
FEW = {student: CLASS[student] for student in ("ann", "bob", "cyd", "fay", "gus")}


@pytest.fixture
def make(course_root, tmp_path, write):
    """make(folder, class) -> a course with its submissions."""

    def make(folder, students):
        root = tmp_path / folder
        shutil.copytree(course_root, root)
        for student, answers in students.items():
            path = root / "submitted" / student / NAME / f"{NAME}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_bytes(answers if isinstance(answers, bytes) else as_bytes(write(**answers)))
        return root

    return make


def start(root, *words):
    """`autograder grade` in a process and a group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "autograder.cli", "grade", NAME, "--allow-weak-isolation", *words],
        cwd=root,
        env={**os.environ, "AUTOGRADER_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


PROGRAM = """
import os, signal, sys
from autograder import files
from autograder.grading import classroom, gradebook

os.setsid()
os.chdir({root!r})
os.environ.update({environment!r})
for number, path in ((1, {output!r}), (2, {errors!r})):
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
sys.argv = ["autograder", "grade", {name!r}, "--allow-weak-isolation", "--workers", "1"]
{before}
from autograder.cli import main
sys.exit(main())
"""


class Forked:
    """`autograder grade --workers 1` in a fork of a process that has loaded all it needs, in a group of its own."""

    def __init__(self, root, before="", **environment):
        folder = Path(tempfile.mkdtemp(dir=root.parent))
        self.output, self.errors, program = folder / "output", folder / "errors", folder / "program.py"
        told = {"root": str(root), "name": NAME, "environment": {"AUTOGRADER_SECRET": SECRET, **environment}}
        told |= {"output": str(self.output), "errors": str(self.errors), "before": before}
        program.write_text(PROGRAM.format(**told))
        self.process = pool._context(2).Process(target=runpy.run_path, args=(str(program),))
        self.process.start()
        self.pid, self.kill = self.process.pid, self.process.kill

    def communicate(self, timeout):
        self.process.join(timeout)
        assert self.returncode is not None, "it goes on"
        return self.output.read_text(), self.errors.read_text()

    @property
    def returncode(self):
        return self.process.exitcode


def finish(process, seconds=180):
    """(exit status, output, errors)"""
    output, errors = process.communicate(timeout=seconds)
    return process.returncode, output, errors


def below(process):
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def wait_for_sandbox(process, seconds=120):
    """Wait until a student's cell is at work; all processes then."""
    for _ in range(int(seconds / 0.05)):
        busy = [p for p in below(process) if _is_sandbox(p)]
        if busy:
            return below(process)
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("no sandbox was started")


def _is_sandbox(process):
    try:
        return process.name() == "hangs"
    except psutil.Error:
        return False


def still_there(processes, seconds):
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def contents(root):
    """What is recorded of everybody."""
    course = Course.at(root)
    found = {}
    book = Book(course.db_url, course.course_id)
    try:
        details = book.details(NAME)
        keys = {student: book.key_of(NAME, student) for student in details}
    finally:
        book.close()
    with Gradebook(course.db_url, course.course_id) as gradebook:
        for submission in gradebook.assignment_submissions(NAME):
            (notebook,) = submission.notebooks
            grades = [
                (g.name, g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade) for g in notebook.grades
            ]
            comments = [(c.name, c.auto_comment, c.manual_comment) for c in notebook.comments]
            told = details[submission.student_id]
            del told["seconds"]
            found[submission.student_id] = (
                keys[submission.student_id],
                sorted(grades, key=str),
                sorted(comments, key=str),
                told,
                (course.autograded(submission.student_id, NAME) / f"{NAME}.ipynb").exists(),
                (course.feedback(submission.student_id, NAME) / f"{NAME}.html").exists(),
            )
    return found


def rows(root):
    connection = sqlite3.connect(Course.at(root).db_url.removeprefix("sqlite:///"))
    try:
        tables = ("assignment", "submitted_assignment", "submitted_notebook", "grade", "comment", "downhill_verdict")
        return {t: connection.execute(f"select count(*) from {t}").fetchone()[0] for t in tables}
    except sqlite3.OperationalError:
        return dict.fromkeys(tables, 0)
    finally:
        connection.close()


def strays(root):
    return [str(p) for p in root.rglob("*.tmp")] + [str(p) for p in root.rglob(".gradebook*")]


# Ends the grader at an exact step, as kill -9 does.
KILLS = """
count = {count}

def dies(usual):
    def function(*arguments, **options):
        global count
        count -= 1
        if count == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return usual(*arguments, **options)
    return function

place, name = {{"register": (gradebook, "register"), "in the record": (gradebook, "_details")}}[{step!r}]
setattr(place, name, dies(getattr(place, name)))
"""


@pytest.mark.slow
def test_a_grader_that_is_killed_at_any_moment_goes_on_as_if_it_had_not_been(make):
    undisturbed, killed = make("undisturbed", FEW), make("killed", FEW)
    status, output, errors = finish(Forked(undisturbed, **TRUSTED))
    assert status == 0 and f"{len(FEW)} graded" in output, errors
    wanted = contents(undisturbed)
    assert set(wanted) == set(FEW)

    done = [0]
    # After each kill the notes go: who is being graded at two of them is set aside, which has tests of its own.
    for step, count in (("register", 1), ("in the record", 3)):
        status, _, errors = finish(Forked(killed, KILLS.format(step=step, count=count), **TRUSTED))
        assert status == -signal.SIGKILL, (step, errors)
        assert rows(killed)["downhill_verdict"] == count - 1
        shutil.rmtree(Path(killed) / ".autograder" / "flights", ignore_errors=True)
        done.append(count - 1)
    with_manual_score(killed)
    generator = random.Random(5)
    for _ in range(2):
        process = Forked(killed, **TRUSTED)
        # A process that grades, with a worker below it.
        while len(below(process)) < 2 and process.returncode is None:
            time.sleep(0.02)
        time.sleep(0.2 * generator.random())
        processes = below(process)
        process.kill()
        finish(process)
        assert not still_there(processes, 30.0)
        shutil.rmtree(Path(killed) / ".autograder" / "flights", ignore_errors=True)
        done.append(rows(killed)["downhill_verdict"])
    assert done == sorted(done)
    status, output, errors = finish(Forked(killed, **TRUSTED))
    assert status == 0, errors
    assert f"{len(FEW) - done[-1]} graded" in output
    assert contents(killed).keys() == wanted.keys()
    for student, (key, grades, *rest) in contents(killed).items():
        marked = [g for g in grades if g[2] is not None]
        assert all(g[2:] == (1.25, None, False) for g in marked)
        assert [(*g[:2], None, *g[3:]) if g in marked else g for g in grades] == wanted[student][1] or marked
        assert (key, *rest) == (wanted[student][0], *wanted[student][2:])
    assert rows(killed) == rows(undisturbed)
    assert not strays(killed)


def with_manual_score(root):
    """A person's score for the first that is there."""
    course = Course.at(root)
    with Gradebook(course.db_url, course.course_id) as gradebook:
        grade = gradebook.assignment_submissions(NAME)[0].notebooks[0].grades[0]
        grade.manual_score, grade.needs_manual_grade = 1.25, False
        gradebook.db.commit()


@pytest.fixture
def heeds_interrupts():
    """What is started here does, even where the tests themselves run in the background, deaf to Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_grader_that_is_stopped_leaves_nothing_running(make, heeds_interrupts, how):
    root = make("course", {"ann": {"sgd": HANGS}, "bob": {"momentum": HANGS}, "cyd": {}})
    process = start(root, "--workers", "2")
    processes = wait_for_sandbox(process)
    began = time.monotonic()
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as the terminal does at Ctrl-C
    else:
        process.send_signal(how)
    status, _, errors = finish(process)
    lasted = time.monotonic() - began
    assert not still_there(processes, 30.0)
    if how == signal.SIGINT:
        # The cell itself would go on for thirty seconds.
        assert status == 130 and lasted < 20.0, (status, lasted)
        assert "the same command goes on from here" in errors and "Traceback" not in errors


def test_a_killed_writers_leftovers_are_removed_and_a_living_ones_are_not(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for process in (gone.pid, os.getpid(), os.getppid()):
        (tmp_path / f".01_steps-{process}-abc_12.tmp").touch()
    (tmp_path / ".01_steps-notes.tmp").touch()
    files.remove_leftovers(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {
        f".01_steps-{os.getpid()}-abc_12.tmp",
        f".01_steps-{os.getppid()}-abc_12.tmp",
        ".01_steps-notes.tmp",
    }
    files.remove_leftovers(tmp_path / "none")


def test_a_new_file_never_replaces_one(tmp_path, monkeypatch):
    path = tmp_path / "a"
    files.write_new(path, "first")
    files.write_new(path, "second")
    assert path.read_text() == "first" and [p.name for p in tmp_path.iterdir()] == ["a"]

    def no_links(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(files.os, "link", no_links)
    files.write_new(tmp_path / "b", "without links")
    assert (tmp_path / "b").read_text() == "without links" and len(list(tmp_path.iterdir())) == 2


def grade_here(root):
    return list(grade_class(Course.at(root), NAME, SECRET, level(), executor=Here()))


def fails_with(number):
    def fails(*arguments, **options):
        raise OSError(number, os.strerror(number), str(arguments[1]))

    return fails


def test_a_full_disk_ends_the_run_and_nothing_is_half_written(make, monkeypatch, capsys):
    root = make("course", {"ann": {}, "bob": {}})
    grade_here(root)
    before = contents(root)
    path = root / "submitted" / "ann" / NAME / f"{NAME}.ipynb"
    path.write_bytes(path.read_bytes() + b"\n")
    monkeypatch.chdir(root)
    monkeypatch.setenv("AUTOGRADER_SECRET", SECRET)
    usual = classroom.grade_class
    monkeypatch.setattr(classroom, "grade_class", lambda *a, **o: usual(*a, **{**o, "executor": Here()}))
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", fails_with(errno.ENOSPC))
        assert main(["grade", NAME, "--allow-weak-isolation"]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert contents(root) == before and not strays(root)
    assert main(["grade", NAME, "--allow-weak-isolation"]) == 0
    assert "1 graded" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small file system: Linux, root")
def test_a_full_disk_under_the_gradebook_is_told(make, tmp_path):
    root = make("course", {"ann": {}, "bob": {}})
    grade_here(root)
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("this root may not mount")
    try:
        shutil.copy(root / "gradebook.db", small)
        course = Course.at(root)
        course.config.CourseDirectory.db_url = f"sqlite:///{small}/gradebook.db"
        with open(small / "filler", "wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))
        results = grade_class(course, NAME, SECRET, level(), executor=Here(), force=True)
        with pytest.raises(GradebookError, match=r"small/gradebook\.db: .*(full|disk)"):
            list(results)
        (small / "filler").unlink()
        assert len(list(grade_class(course, NAME, SECRET, level(), executor=Here(), force=True))) == 2
    finally:
        subprocess.run(["umount", small], check=True)


def test_one_students_folder_that_cannot_be_written_disturbs_nobody(make):
    root = make("course", {"ann": {}, "bob": {}, "cyd\udcff": {}})
    path = root / "autograded" / "ann" / NAME
    path.parent.mkdir(parents=True)
    path.write_text("a file in the folder's place")
    results = {r.student: r for r in grade_here(root)}
    assert "its files cannot be written" in results["ann"].error
    assert "no text in UTF-8" in results["cyd\\udcff"].error
    assert set(contents(root)) == {"bob"}
    path.unlink()
    assert not {r.student: r for r in grade_here(root)}["ann"].error


def test_a_locked_gradebook_is_told_and_waited_for(make, monkeypatch):
    root = make("course", {"ann": {}})
    grade_here(root)
    before = contents(root)
    monkeypatch.setattr(gradebook_module, "_BUSY_SECONDS", 1)
    other = sqlite3.connect(root / "gradebook.db", isolation_level=None, check_same_thread=False)
    try:
        other.execute("begin immediate")
        with pytest.raises(GradebookError, match="another program has been writing for 1 s"):
            grade_here(root)
        monkeypatch.setattr(gradebook_module, "_BUSY_SECONDS", 30)
        later = threading.Timer(1.0, lambda: other.execute("rollback"))
        later.start()
        grade_here(root)
        later.join()
    finally:
        other.close()
    assert contents(root) == before


def test_a_gradebook_that_is_none_is_told(make):
    root = make("course", {"ann": {}})
    (root / "gradebook.db").write_text("no database, " * 100)
    with pytest.raises(GradebookError, match=r"gradebook\.db: .*not a database"):
        grade_here(root)
    assert (root / "gradebook.db").read_text().startswith("no database")


def test_changed_cells_of_an_assignment_with_grades_are_taken_over(make):
    root = make("course", {"ann": {}})
    grade_here(root)
    path = root / "solutions" / NAME / f"{NAME}.ipynb"
    path.write_text(path.read_text().replace('"check_double"', '"check_twice"'))
    grade_here(root)
    with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
        cells = {cell.name for cell in gradebook.find_notebook(NAME, NAME).grade_cells}
    assert "check_twice" in cells and "check_double" not in cells


@pytest.mark.slow
def test_two_graders_at_once_give_what_one_gives(make):
    """From the start on: both make the gradebook, enter the assignment and grade everybody."""
    root = make("course", CLASS)
    both = [Forked(root) for _ in range(2)]
    for process in both:
        status, _, errors = finish(process, 120)
        assert status == 0, errors
    found = contents(root)
    assert set(found) == set(CLASS)
    assert rows(root) == {
        "assignment": 1,
        "submitted_assignment": 7,
        "submitted_notebook": 7,
        "grade": 28,
        "comment": 28,
        "downhill_verdict": 7,
    }
    connection = sqlite3.connect(Path(root) / "gradebook.db")
    assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    assert connection.execute("select count(*) from alembic_version").fetchone() == (1,)
    connection.close()
    assert not strays(root)
