"""Many submissions on many processes, here or on a Dask cluster: a few at a time, and what is killed is tried again."""

import os
import shutil
import signal
import socket
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
from nbgrader.api import Gradebook

from autograder.cli import main
from autograder.grading import classroom, cluster, pool
from autograder.grading.classroom import Stopped, grade_class
from autograder.grading.course import Course
from autograder.sandbox.levels import Level, NoIsolation

from .conftest import NAME, SECRET, as_bytes, level

# Pool processes and Dask's workers find it by name, on the path that they inherit.
WORK = """
import os, signal, time
from pathlib import Path
from autograder.grading.graded import Graded, key


def grade(assignment, data, reason, secret, limits, level):
    "A kill for each letter X in the notebook that is not yet in the folder of kills; else a result at once."
    folder = Path(os.environ["DOWNHILL_TEST_KILLS"])
    student = next(line for line in data.decode().splitlines() if "student " in line).split()[-1].strip('"')
    with open(folder / "began", "a") as file:
        file.write(student + " ")
    for number in range(data.decode().count("X")):
        if not (folder / f"{student}-{number}").exists():
            (folder / f"{student}-{number}").touch()
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(float(os.environ.get("DOWNHILL_TEST_SECONDS", "0.01")))
    notebook = Path(os.environ["DOWNHILL_TEST_NOTEBOOK"]).read_text()
    scores = {"check_sgd": 4.0, "check_momentum": 5.0, "check_double": 2.0, "why": None}
    isolation = str(level() if callable(level) else level)
    return Graded(notebook, scores, {}, (), isolation, 0.0, key(assignment, data, reason, secret))
"""


@pytest.fixture
def course(course_root, tmp_path, monkeypatch):
    """A course whose submissions are graded by WORK."""
    root = tmp_path / "course"
    shutil.copytree(course_root, root)
    place = tmp_path / "work"
    place.mkdir()
    (place / "downhill_test_work.py").write_text(WORK)
    monkeypatch.syspath_prepend(place)
    monkeypatch.setenv("PYTHONPATH", str(place))
    monkeypatch.setenv("DOWNHILL_TEST_KILLS", str(place))
    monkeypatch.setenv("DOWNHILL_TEST_NOTEBOOK", str(root / "solutions" / NAME / f"{NAME}.ipynb"))
    import downhill_test_work

    monkeypatch.setattr(classroom, "_grade", downhill_test_work.grade)
    yield Course.at(root)
    sys.modules.pop("downhill_test_work")


@pytest.fixture
def submit(course):
    def submit(*students, kills=0):
        for student in students:
            path = course.submitted / student / NAME / f"{NAME}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(f"student {student}\n" + kills * "X")

    return submit


def recorded(course):
    with Gradebook(course.db_url, course.course_id) as book:
        return {s.student_id: s.score for s in book.assignment_submissions(NAME)}


def began(course):
    """How often each submission was begun."""
    words = (course.root.parent / "work" / "began").read_text().split()
    return {student: words.count(student) for student in words}


class Watching(ThreadPoolExecutor):
    """Counts what is in memory at each submission: bytes that wait, and results."""

    def __init__(self):
        super().__init__(2)
        self.waiting, self.results, self.most = [], [], (0, 0)

    def submit(self, function, *arguments):
        future = super().submit(function, *arguments)
        self.waiting.append(weakref.ref(future))
        future.add_done_callback(lambda f: self.results.append(weakref.ref(f.result())))
        alive = [sum(r() is not None for r in refs) for refs in (self.waiting, self.results)]
        self.most = tuple(map(max, self.most, alive))
        return future


def test_a_large_class_is_never_in_memory_as_a_whole(course, submit):
    submit(*(f"s{number:02d}" for number in range(40)))
    with Watching() as executor:
        count = 0
        for result in grade_class(course, NAME, SECRET, level(), executor=executor, workers=2):
            assert not result.error
            count += 1
    assert count == 40 and executor.most[0] <= 4 + 1 and executor.most[1] <= 4 + 2, executor.most
    assert len(recorded(course)) == 40


def test_large_submissions_are_fewer_in_flight(course, submit, monkeypatch):
    submit(*(f"s{number}" for number in range(8)))
    monkeypatch.setattr(classroom, "_FLYING_BYTES", 15)
    with Watching() as executor:
        assert len(list(grade_class(course, NAME, SECRET, level(), executor=executor, workers=8))) == 8
    assert executor.most[0] <= 2 + 1


@pytest.mark.slow
def test_a_process_that_is_killed_costs_nobody_but_who_kills_it_twice(course, submit):
    submit("ann", "bob", "cyd", "dan", "eve", "fay")
    submit("hal", kills=1)
    submit("gus", kills=3)
    submit("zoe")
    results = {r.student: r for r in grade_class(course, NAME, SECRET, level(), workers=2)}
    errors = {student: r.error for student, r in results.items() if r.error}
    assert errors == {"gus": "the grading process was killed twice on this submission alone (out of memory?)"}
    assert set(recorded(course)) == set(results) - {"gus"} and len(results) == 9
    assert max(began(course).values()) <= 3
    # Next time it lives.
    (last,) = (r for r in grade_class(course, NAME, SECRET, level(), workers=1) if r.graded)
    assert last.student == "gus" and not last.error


def test_processes_that_cannot_start_end_the_run(course, submit, monkeypatch):
    submit("ann", "bob", "cyd")
    monkeypatch.setattr(pool._Pool, "__init__", _broken_init)
    with pytest.raises(Stopped, match="as soon as they start"):
        list(grade_class(course, NAME, SECRET, level(), workers=1))


def _broken_init(self, count, **options):
    from concurrent.futures import ProcessPoolExecutor

    ProcessPoolExecutor.__init__(self, count, mp_context=options["mp_context"], initializer=os._exit, initargs=(1,))


def test_a_result_of_another_version_is_not_recorded(course, submit, monkeypatch):
    submit("ann")
    usual = classroom._grade
    monkeypatch.setattr(classroom, "_grade", lambda *a: replace(usual(*a), key="of another version"))
    with ThreadPoolExecutor(1) as executor:
        (result,) = grade_class(course, NAME, SECRET, level(), executor=executor)
    assert "another version of autograder" in result.error and not recorded(course)


@pytest.fixture
def local():
    """A Dask cluster of real processes, each with its nanny, and forks of one that has loaded what they need."""
    import dask
    from distributed import LocalCluster
    from distributed.utils import get_mp_context

    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        get_mp_context().set_forkserver_preload(["autograder.grading.loaded", "distributed"])
        environment = {name: value for name, value in os.environ.items() if name.startswith("DOWNHILL_TEST_")}
        with LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", env=environment
        ) as cluster:
            yield cluster


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_cluster_that_loses_workers_loses_no_submission(course, submit, local):
    students = [f"s{number:02d}" for number in range(16)]
    submit(*students)
    submit("zoe", kills=1)
    finder = cluster.Finder(allow_weak=True, allow_none=True)
    with cluster.connected(local.scheduler_address, finder) as executor:
        assert executor.size() == 2 and executor.idle_threads == 0 and len(executor.levels) == 2
        results, killed = [], []
        for result in grade_class(course, NAME, SECRET, finder, executor=executor):
            results.append(result)
            if len(results) in (2, 8):
                pids = [w.pid for w in (n for n in local.workers.values()) if w.pid]
                os.kill(pids[0], signal.SIGKILL)
                killed.append(pids[0])
    assert len(set(killed)) == 2
    assert [r.error for r in results if r.error] == []
    assert sorted(r.student for r in results) == [*students, "zoe"]
    assert sorted(recorded(course)) == [*students, "zoe"]
    assert {r.graded.isolation for r in results} == {str(level())}
    with cluster.connected(local.scheduler_address, finder) as executor:
        again = list(grade_class(course, NAME, SECRET, finder, executor=executor))
    assert [r.graded for r in again] == [None] * 17


@pytest.mark.slow
def test_the_command_grades_on_a_cluster_as_it_does_here(course_root, tmp_path, write, monkeypatch, capsys, local):
    uphill = "def sgd(w, grad, state, *, lr):\n    return w + lr * grad, state\n"
    monkeypatch.setenv("AUTOGRADER_SECRET", SECRET)
    found = []
    for place, words in (("here", []), ("there", ["--scheduler", local.scheduler_address])):
        root = tmp_path / place
        shutil.copytree(course_root, root)
        for student, notebook in (("ann", write()), ("bob", write(sgd=uphill))):
            path = root / "submitted" / student / NAME / f"{NAME}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_bytes(as_bytes(notebook))
        monkeypatch.chdir(root)
        assert main(["grade", NAME, "--allow-weak-isolation", *words]) == 0
        said = capsys.readouterr()
        found.append(said.out.splitlines()[:-1])
        assert "2 graded" in said.out
    assert found[0] == found[1]
    assert f"Isolation of 2 workers: {level()}." in said.err
    # The scheduler goes away on the way.
    local.close()
    assert main(["grade", NAME, "--allow-weak-isolation", *words]) == 1
    assert "no Dask scheduler answers at tcp://" in capsys.readouterr().err


def test_a_scheduler_that_is_lost_is_told(course, submit, monkeypatch):
    from distributed import LocalCluster

    submit("ann", "bob", "cyd", "dan")
    monkeypatch.setenv("DOWNHILL_TEST_SECONDS", "0.5")
    finder = cluster.Finder(allow_weak=True, allow_none=True)
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as local:  # noqa: SIM117
        with cluster.connected(local.scheduler_address, finder) as executor:
            with closing(grade_class(course, NAME, SECRET, finder, executor=executor)) as results:
                first = next(results)
                # So long the grader waits for one that goes as it is asked.
                monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1.0)
                local.close()
                with pytest.raises((Stopped, cluster.ClusterError), match="the scheduler is gone"):
                    list(results)
    assert not first.error and set(recorded(course)) >= {first.student}


def test_a_scheduler_that_is_not_there_is_told_soon(course, monkeypatch, capsys):
    monkeypatch.chdir(course.root)
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1.0)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        for address in (f"tcp://127.0.0.1:{silent.getsockname()[1]}", "tcp://127.0.0.1:1", "nonsense://x"):
            assert main(["grade", NAME, "--scheduler", address]) == 1
            assert f"no Dask scheduler answers at {address} within 1 s" in capsys.readouterr().err


def test_a_missing_dask_is_told(course, monkeypatch, capsys):
    monkeypatch.chdir(course.root)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["grade", NAME, "--scheduler", "tcp://x:1"]) == 1
    assert "pip install -c constraints.txt -e '.[dask]'" in capsys.readouterr().err


class Answers:
    """A client whose workers say what they are told to."""

    def __init__(self, *answers):
        self.answers = answers

    def wait_for_workers(self, *arguments, **options):
        pass

    def run(self, function, on_error):
        return {f"tcp://{number}": answer for number, answer in enumerate(self.answers)}


def test_a_worker_without_isolation_or_of_another_version_is_refused():
    strong = Level("strong")
    ours = cluster._version()
    assert cluster._try(Answers((strong, ours)), cluster.Finder()) == (strong,)
    with pytest.raises(cluster.ClusterError, match="worker tcp://1 cannot grade: NoIsolation: only weak"):
        cluster._try(Answers((strong, ours), NoIsolation("only weak")), cluster.Finder())
    with pytest.raises(cluster.ClusterError, match="worker tcp://0 has another version"):
        cluster._try(Answers((strong, "0")), cluster.Finder())


def test_the_isolation_is_that_of_the_machine_and_never_none_by_its_own_wish(monkeypatch):
    monkeypatch.setattr(cluster, "find", lambda allow_weak: Level("weak" if allow_weak else "medium"))
    cluster._find.cache_clear()
    try:
        assert cluster.Finder()().name == "medium" and cluster.Finder(allow_weak=True)().name == "weak"
        cluster._find.cache_clear()
        monkeypatch.setattr(cluster, "find", lambda allow_weak: Level("none"))
        assert cluster.Finder(allow_none=True)().name == "none"
        with pytest.raises(NoIsolation, match="not where grading was started"):
            cluster.Finder()()
    finally:
        cluster._find.cache_clear()


def test_threads_of_a_worker_grade_one_after_the_other():
    at_once, most = [], []

    def work():
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(0.02)
        at_once.pop()

    threads = [threading.Thread(target=cluster._one_at_a_time, args=(work,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1 and len(most) == 4
