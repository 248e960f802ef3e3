"""Solved notebooks are run once for all that shows them, and again when anything has changed that they hang on."""

import os
import subprocess
import sys
from contextlib import suppress

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

from autograder.course import executed, kernels, site
from autograder.course.binder import KERNEL_MB, peak_mb
from autograder.course.executed import kept_solved, run_solved, shortcomings
from autograder.course.site import SiteError, solved_notebooks

TOPIC = "01_small"


def _write(root, *cells):
    folder = root / "solutions" / TOPIC
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / f"{TOPIC}.py").touch()
    notebook = new_notebook(cells=[new_code_cell(cell, id=f"cell_{number}") for number, cell in enumerate(cells)])
    (folder / f"{TOPIC}.ipynb").write_text(nbformat.writes(notebook))


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with one solved notebook, and packages of its own."""
    for package in ("autograder", "helpers"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "code.py").write_text("A = 1\n")
    monkeypatch.setattr(executed, "_COURSE", tmp_path)
    _write(tmp_path, "6 * 7")
    return tmp_path


def _texts(notebook):
    return [output.get("data", {}).get("text/plain") for cell in notebook.cells for output in cell.outputs]


def test_a_run_is_kept_and_not_repeated(course, monkeypatch):
    assert kept_solved(course, TOPIC) is None
    said = []
    notebooks = solved_notebooks(course, said.append)
    assert _texts(notebooks[TOPIC]) == ["42"]
    assert said[0].startswith("Running 1 solved notebook;")
    assert TOPIC in said[1]
    monkeypatch.setattr(site, "run_solved", lambda *_: pytest.fail("it ran again"))
    assert solved_notebooks(course, said.append) == notebooks
    assert len(said) == 2


@pytest.mark.parametrize("change", ["text", "autograder", "helpers", "new file", "packages"])
def test_what_a_run_hangs_on_makes_it_void(course, monkeypatch, change):
    monkeypatch.setattr(executed, "execute", lambda notebook: notebook)
    run_solved(course, TOPIC)
    assert kept_solved(course, TOPIC)
    if change == "text":
        _write(course, "6 * 8")
    elif change == "new file":
        (course / "helpers" / "data.json").write_text("1")
    elif change == "packages":
        monkeypatch.setattr(executed, "distributions", list)
    else:
        (course / change / "code.py").write_text("A = 2\n")
    assert kept_solved(course, TOPIC) is None
    run_solved(course, TOPIC)
    # Of each notebook the last run only.
    assert len(list((course / executed.KEPT).iterdir())) == 1


def test_a_cell_that_raises_or_warns_is_named_and_no_site_is_built(course):
    _write(course, "1 / 0", "import warnings\nwarnings.warn('a word')", "2")
    with pytest.raises(SiteError) as error:
        solved_notebooks(course, lambda text: None)
    assert f"{TOPIC}: the cell cell_0 raises ZeroDivisionError: division by zero" in str(error.value)
    assert f"{TOPIC}: the cell cell_1 warns:" in str(error.value)
    assert "cell_2" not in str(error.value)


def test_a_kernel_begins_with_nothing_of_another_and_with_the_environment_of_now(monkeypatch):
    monkeypatch.setenv("OF_NOW", "before")
    sets = ["import os\nx = 1", "os.environ['LEFT'] = 'left'"]
    executed.execute(new_notebook(cells=[new_code_cell(source) for source in sets]))
    monkeypatch.setenv("OF_NOW", "now")
    asks = ["'x' in globals(), 'os' in globals()", "import os\nos.environ.get('LEFT'), os.environ['OF_NOW']"]
    notebook = executed.execute(new_notebook(cells=[new_code_cell(source) for source in asks]))
    assert _texts(notebook) == ["(False, False)", "(None, 'now')"]


@pytest.mark.skipif(peak_mb(os.getpid()) is None, reason="only Linux tells what a process held at most")
def test_a_run_writes_down_what_its_kernel_held_at_most():
    big = "held = bytearray(300 * 2**20)"
    little, much = (
        executed.execute(new_notebook(cells=[new_code_cell(source), new_code_cell("held = 0")]))
        for source in ("held = 1", big)
    )
    assert 290 < much.metadata["peak_mb"] - little.metadata["peak_mb"] < 310
    assert 30 < little.metadata["peak_mb"] < KERNEL_MB
    nbformat.validate(much)


def test_a_kernel_that_dies_is_told_and_the_next_one_starts():
    dead = new_notebook(cells=[new_code_cell("import os; os._exit(3)"), new_code_cell("1")])
    with pytest.raises(DeadKernelError):
        executed.execute(dead)
    assert _texts(executed.execute(new_notebook(cells=[new_code_cell("6 * 7")]))) == ["42"]


def test_where_nothing_can_be_forked_that_is_said(monkeypatch):
    with subprocess.Popen(
        [sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as ended:
        ended.wait()
        monkeypatch.setattr(kernels, "nursery", lambda: ended)
        with pytest.raises(RuntimeError, match="no kernel can be forked"):
            executed.execute(new_notebook(cells=[new_code_cell("1")]))
        with suppress(BrokenPipeError):
            ended.stdin.close()


def test_a_check_without_its_points_is_a_shortcoming():
    cell = new_code_cell("check('sgd', sgd, points=3)", id="check_sgd")
    flags = {"grade": True, "solution": False, "locked": True, "task": False}
    cell.metadata["nbgrader"] = {"schema_version": 3, "grade_id": "check_sgd", "points": 3.0, **flags}
    result = nbformat.v4.new_output("execute_result", {"text/plain": "2.5"})
    cell.outputs = [result]
    assert list(shortcomings(new_notebook(cells=[cell]))) == ["check_sgd gives 2.5 of 3.0 points"]
    result.data["text/plain"] = "3.0"
    assert not list(shortcomings(new_notebook(cells=[cell])))
