"""A course in which honest and hostile students submit, and a look at all that was not theirs."""

import json
import os
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
import numpy as np

from autograder import exercises
from autograder.course.sample import compose
from autograder.grading.assignment import Assignment
from autograder.grading.classroom import grade_class
from autograder.grading.course import Course
from autograder.grading.gradebook import Book
from autograder.grading.pool import processes
from autograder.judge.judging import judge
from autograder.sandbox.process import Limits, uids
from autograder.worker.calls import Failure, Outcome

from .grading.conftest import NAME, SECRET, TEXT, as_bytes, level, make_course

HOSTILE = Path(__file__).parent / "hostile"
FULL = {"sgd": 4.0, "momentum": 5.0, "minibatches": 6.0, "double": 2.0}
ATTACKS = sorted(path.stem for path in HOSTILE.glob("*.py"))
HONEST = ("aa_honest", "mm_honest", "zz_honest")
MARKER = "8d1f0c5b-the-graders-own-environment"
# Small, so that what never ends ends soon; a starved machine still gets an honest cell through.
LIMITS = Limits(
    call_seconds=1.5,
    cell_seconds=2.0,
    submission_seconds=24.0,
    memory_bytes=2**30,
    scratch_bytes=16 * 2**20,
    processes=48,
)
# For what ends by itself, however slow the machine is.
PATIENT = replace(LIMITS, call_seconds=60.0, cell_seconds=60.0, submission_seconds=300.0)
# For what ends at one of them: {what an attack's file says: limits under which it ends soon}
ENDS = {"at a limit of time": LIMITS, "at a limit of memory": replace(PATIENT, memory_bytes=2**28)}

MINIBATCHES = '''
# %% exercise="minibatches"
def minibatches(n, batch_size, rng):
    """The index arrays of one epoch."""
    ### BEGIN SOLUTION
    order = rng.permutation(n)
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]
    ### END SOLUTION


# %% check="minibatches" points=6
check("minibatches", minibatches, points=6)

# %% exercise="double"'''

strong = level().name == "strong"
WHY_NOT = f"the isolation here is {level().name}, and these submissions are for the strong one"


@dataclass
class Class:
    """A graded class, and what was seen around it.

    Parameters
    ----------
    course : where it lies
    pids : the grading processes
    errors : what grading failed with, by student
    rows : the gradebook's verdicts, by student
    """

    course: Course
    pids: list[int]
    errors: dict[str, str]
    rows: dict[str, dict]
    changed: dict[str, str] = field(default_factory=dict)

    def scores(self, student):
        """Points by exercise."""
        return {name.removeprefix("check_"): points for name, points in self.rows[student]["scores"].items()}

    def notebook(self, student):
        """The recorded notebook."""
        return (self.course.autograded(student, NAME) / f"{NAME}.ipynb").read_text()

    def feedback(self, student):
        """The feedback page."""
        return (self.course.feedback(student, NAME) / f"{NAME}.html").read_text()


def course_at(root):
    """The course, its gradebook made, its folders as open as a careless instructor's."""
    text = TEXT.replace('\n# %% exercise="double"', MINIBATCHES)
    make_course(root, text)
    with open(root / "nbgrader_config.py", "a") as file:
        for name in ("call_seconds", "cell_seconds", "submission_seconds"):
            file.write(f"\nc.GradingLimits.{name} = {getattr(LIMITS, name)}\n")
    (root / ".autograder").mkdir()
    (root / ".autograder" / "secret").write_text(SECRET)
    course = Course.at(root)
    Book(course.db_url, course.course_id).close()
    return course


def notebooks(course):
    """(solved, released)"""
    return [nbformat.read(course.root / f / NAME / f"{NAME}.ipynb", as_version=4) for f in ("solutions", "notebooks")]


def submit(course, student, content):
    """Lay a notebook, a text of `compose`'s, or bytes where a student's submission lies."""
    if isinstance(content, str):
        places = {"@COURSE@": course.root, "@HOME@": Path.home(), "@PROJECT@": Path(__file__).parents[1]}
        for name, value in {**places, "@MARKER@": MARKER[::-1]}.items():
            content = content.replace(name, str(value))
        content = compose(content, *notebooks(course))
    path = course.submitted / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else as_bytes(content))
    return path


def submit_honest(course):
    """Three students who solved everything."""
    for student in HONEST:
        submit(course, student, "# base: solved\n\n# %% why\nMy own words.\n")


def open_to_all(root):
    """Only the sandbox stands between a submission and this folder."""
    for folder, _, files in os.walk(root):
        os.chmod(folder, 0o777)
        for file in files:
            path = Path(folder, file)
            if not path.is_symlink() and path.is_file():
                path.chmod(0o666)
    for folder in root.parents:
        if folder.stat().st_uid == os.getuid() and folder not in (Path("/"), Path("/tmp")):
            folder.chmod(folder.stat().st_mode | 0o111)


def limits_of(student):
    """Those that a submission is graded with: an attack's file may say at which one it ends."""
    path = HOSTILE / f"{student}.py"
    words = re.search(r"^# ends: (.*)$", path.read_text("utf-8"), re.MULTILINE) if student in ATTACKS else None
    return ENDS[words[1]] if words else PATIENT


def run(course, monkeypatch, temporary, isolation=None):
    """Grade all that was submitted, in two processes of their own; what never ends with limits that come soon."""
    submit_honest(course)
    open_to_all(course.root)
    temporary.mkdir()
    temporary.chmod(0o777)
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("DOWNHILL_MARKER", MARKER)
    students = sorted(path.name for path in course.submitted.iterdir())
    before = state(course)
    results = {}
    with processes(2) as pool:
        for limits in (PATIENT, *ENDS.values()):
            monkeypatch.setattr(Course, "limits", property(lambda self, limits=limits: limits))
            theirs = [student for student in students if limits_of(student) is limits]
            if theirs:
                graded = grade_class(course, NAME, SECRET, isolation or level(), students=theirs, executor=pool)
                results.update({result.student: result for result in graded})
        pids = list(pool._processes)
        left = leftovers(pids, temporary)
    book = Book(course.db_url, course.course_id)
    try:
        rows = book.details(NAME)
    finally:
        book.close()
    after = state(course)
    changed = left | {path: "changed" for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return Class(course, pids, {s: r.error for s, r in results.items() if r.error}, rows, changed)


def state(course):
    """What no submission may change: the course but for what grading writes, and start-up files at home."""
    kept = {}
    places = [course.root, Path.home() / ".ipython", Path.home() / ".jupyter"]
    for place in places:
        for folder, folders, files in os.walk(place):
            folders[:] = [f for f in folders if f not in ("autograded", "feedback", "db", "__pycache__")]
            for file in files:
                path = Path(folder, file)
                if path.is_file() and not path.is_symlink() and not file.startswith(("gradebook.db", "history.sqlite")):
                    kept[str(path)] = digest(path)
    for path in map(Path, ("/tmp/evil", "/var/tmp/evil", "/dev/shm/evil", "/etc/cron.d/evil", "/usr/local/bin/evil")):
        if path.exists():
            kept[str(path)] = 0
    for name in ("kept.txt", "full", "numpy.py"):
        for folder in ("/tmp", "/dev/shm", "/var/tmp"):
            if Path(folder, name).exists():
                kept[f"{folder}/{name}"] = 0
    return kept


def digest(path):
    """What tells that a file has changed; of enormous ones, their size."""
    size = path.stat().st_size
    return size if size > 2**25 else hash(path.read_bytes())


def leftovers(pids, temporary):
    """Processes, control groups and folders that outlived their submission."""
    users = {uid for pid in pids for uid in uids(pid)}
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{entry}").st_uid in users:
                found[f"/proc/{entry}"] = "a process is left"
        except OSError:
            pass
    for pid in pids:
        for group in Path("/sys/fs/cgroup").glob(f"**/downhill-{pid}-*"):
            found[str(group)] = "a control group is left"
    for folder in temporary.glob("downhill-*"):
        found[str(folder)] = "a folder is left"
    for place in ("/tmp", "/var/tmp", "/dev/shm"):
        for path in Path(place).iterdir():
            try:
                if path.lstat().st_uid in users:
                    found[str(path)] = "a file is left"
            except OSError:
                pass
    return found


def hidden_digits():
    """Runs of eight digits in the inputs that the checks draw and in the right answers."""
    asked = []

    class Listens:
        def run(self, script):
            asked.append(script)
            return Outcome(failure=Failure(0, "raised", "ValueError"))

    for name in ("sgd", "momentum"):
        judge(exercises.load(name), Listens(), points=1, seed=f"secret:{SECRET}")
    numbers = set()

    def collect(value):
        if isinstance(value, np.ndarray):
            numbers.update(float(x) for x in value.ravel() if x != 0)
        elif isinstance(value, list | tuple):
            for item in value:
                collect(item)

    for script in asked:
        collect(script.steps)
        collect([want.value for want in script.wants])
    digits = {re.sub(r"\D", "", f"{abs(x):.12f}").lstrip("0")[:8] for x in numbers}
    return {d for d in digits if len(d) == 8}


def revealed(text, hidden):
    """Which hidden numbers a text holds; not by chance in the digests that we write ourselves."""
    text = re.sub(r"<!-- from [0-9a-f]{64} -->|'[0-9a-f]{16}'", "", text)
    runs = re.findall(r"\d{8,}", text.replace(".", ""))
    return {run[k : k + 8] for run in runs for k in range(len(run) - 7)} & hidden


def own_output(notebook):
    """What a recorded notebook shows: outputs and texts, not the sources of code."""
    cells = nbformat.reads(notebook, as_version=4).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    outputs = [json.dumps(output, ensure_ascii=False) for cell in cells for output in cell.get("outputs", [])]
    return "\n".join(texts + outputs)


def forget(course):
    """An empty gradebook and no results: for a second run by other means."""
    for name in ("autograded", "feedback"):
        shutil.rmtree(course.root / name, ignore_errors=True)
    Path(course.db_url.removeprefix("sqlite:///")).unlink()


def load(course):
    """The assignment."""
    return Assignment.load(course.source, NAME)


def deserved(name):
    """(points that it must earn, points that it must stay below)"""
    words = re.search(r"^# deserved: (.*)$", (HOSTILE / f"{name}.py").read_text(encoding="utf-8"), re.MULTILINE)
    if words and words[1] == "none":
        return dict.fromkeys(FULL, 0.0), {}
    exact, below = dict(FULL), {}
    for word in words[1].split() if words else []:
        exercise, sign, points = re.fullmatch(r"(\w+)([=<])([\d.]+)", word).groups()
        if sign == "=":
            exact[exercise] = float(points)
        else:
            del exact[exercise]
            below[exercise] = float(points)
    return exact, below
