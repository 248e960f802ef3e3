"""What students get holds no solution, and is all that they need."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbgrader.converters import GenerateAssignment
from traitlets.utils.importstring import import_item

from autograder import exercises
from autograder.cli import main
from autograder.course import release as releasing
from autograder.course.build import texts, topics
from autograder.course.release import MARK, ReleaseError, release
from autograder.course.source import SourceErrors, parse
from autograder.course.stamp import release_preprocessors

ROOT = Path(__file__).parents[2]
REGION = re.compile(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END", re.DOTALL)
SHORT = 12


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The whole course as students get it."""
    with pytest.MonkeyPatch.context() as patch:
        # Whether the notebooks are current takes long to find out, and is another test.
        patch.setattr(releasing, "stale", lambda *_: [])
        return release(ROOT, tmp_path_factory.mktemp("release") / "downhill")


@pytest.fixture(scope="module")
def folder(made):
    return made.folder


@pytest.fixture
def quick(monkeypatch):
    """A release of one assignment, without looking whether its text has changed since."""
    monkeypatch.setattr(releasing, "stale", lambda *_: [])
    return lambda to, *wanted: release(ROOT, to, wanted or ["02_sgd"])


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def shown(path):
    """A file's text; a notebook's cells, in which quotes are as they are written."""
    if path.suffix == ".ipynb":
        return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    return path.read_text(encoding="utf-8", errors="replace")


def secret_lines():
    found = set()
    for topic in texts(ROOT):
        for cell in parse(ROOT / "solutions" / f"{topic}.py", ROOT).cells:
            for region in REGION.findall(cell.source):
                found |= {line.strip() for line in region.splitlines() if len(line.strip()) >= SHORT}
    return found


# --- what is in it ---------------------------------------------------------------------------


def test_no_line_of_a_solution_is_in_it(folder):
    given = "\n".join(
        shown(path)
        for part in ("notebooks", "helpers")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    )
    secrets = {line for line in secret_lines() if line not in given}
    assert len(secrets) > 100
    for path in folder.rglob("*"):
        if path.is_file():
            text = shown(path)
            assert not [line for line in secrets if line in text], path


def test_nothing_in_it_leads_to_the_courses_own_repository(folder):
    address = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["repository"]
    owner = address.removeprefix("https://github.com/")
    for path in folder.rglob("*"):
        assert path.is_dir() or owner.encode() not in path.read_bytes(), path


def test_it_holds_what_students_need_and_nothing_else(folder):
    assert {path.name for path in folder.iterdir()} == {
        *(MARK, "LICENSE", "Makefile", "README.md", "autograder", "constraints.txt", "environment.yml"),
        "environment-windows.yml",
        *("helpers", "nbgrader_config.py", "notebooks", "postBuild", "pyproject.toml"),
    }
    package = {path.name for path in (folder / "autograder").iterdir()}
    assert package == {
        *(
            "__init__.py",
            "charts.py",
            "checking.py",
            "contents.json",
            "exercises",
            "judge",
            "lean.py",
            "pieces.py",
            "progress.py",
            "rendering.py",
            "validating.py",
            "verdict.py",
        ),
        "worker",
    }
    notebooks = {path.relative_to(folder / "notebooks").as_posix() for path in (folder / "notebooks").rglob("*.ipynb")}
    assert notebooks == {"00_start.ipynb", *(f"{topic}/{topic}.ipynb" for topic in topics(ROOT))}
    assert not [path for path in folder.rglob("*") if path.name == "__pycache__" or path.is_symlink()]


def test_the_notebooks_are_the_released_ones(folder):
    for path in (folder / "notebooks").rglob("*.ipynb"):
        assert path.read_bytes() == (ROOT / path.relative_to(folder)).read_bytes()
        for marker in ("BEGIN SOLUTION", "HIDDEN TESTS", "MARK SCHEME"):
            assert marker not in path.read_text(encoding="utf-8")


def test_no_solution_can_be_read_and_hints_and_right_versions_in_other_words_are_not_even_packed(folder):
    """Mistakes are edits of a right solution, so that one goes along."""
    for path in (folder / "autograder" / "exercises").glob("*/*.py"):
        packed = re.search(r'"""\n([A-Za-z0-9+/=\n]+)\n"""', path.read_text())
        if packed:
            source = base64.b64decode(packed[1]).decode()
            assert not re.search(r"^(@alternative|HINTS\b)", source, re.MULTILINE), path
        else:
            assert path.name == "__init__.py"
    assert "with_a_loop" in (ROOT / "autograder/exercises/start/mean_squared_error.py").read_text()
    path = folder / "autograder" / "exercises" / "start" / "mean_squared_error.py"
    source = base64.b64decode(re.search(r'"""\n([A-Za-z0-9+/=\n]+)\n"""', path.read_text())[1]).decode()
    for right in ("with_a_loop", "as_a_product", "from_variance", "import numpy as xx"):
        assert right not in source
    assert "\\nhalved" in source


def test_all_that_is_said_of_it_is_there(made):
    text = str(made)
    assert str(made.folder) in text and "02_sgd" in text and "make lab" in text
    assert made.files == len(files_of(made.folder))


# --- a student works with it -----------------------------------------------------------------

STUDENT = """
import json, sys
import autograder, helpers.data
from autograder import check, exercises, progress
from autograder.judge import references
told = {"files": [autograder.__file__, helpers.__file__], "exercises": {}, "verdicts": {}}
for name in exercises.ids():
    exercise = exercises.load(name)
    told["exercises"][name] = [
        [case.title for case in exercise.all_cases()], [[m.name, m.sentence, m.section] for m in exercise.mistakes]
    ]
names = {}
for source in json.load(sys.stdin):
    exec(source, names)
for name in ("mean_squared_error", "momentum", "cosine_decay", "minibatches"):
    exercise = exercises.load(name)
    verdicts = [check(name, names[name], points=3)]
    verdicts += [check(name, *mistake.functions, points=3) for mistake in exercise.mistakes[:6]]
    told["verdicts"][name] = [[float(verdict), verdict.mistakes] for verdict in verdicts]
told["loaded"] = [m for m in sys.modules if m.startswith(("autograder.grading", "autograder.sandbox", "nbgrader"))]
told["progress"] = progress("02_sgd").to_text()
told["digits"] = repr(helpers.data.digits())
references.is_installed = lambda: False
try:
    check("momentum", names["momentum"])
except ImportError as error:
    told["without torch"] = str(error)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(folder, tmp_path_factory):
    """What a process says that has this folder alone."""
    sources = ["import math\nimport numpy as np"] + [
        cell.source
        for topic in ("00_start", "02_sgd")
        for cell in parse(ROOT / "solutions" / f"{topic}.py", ROOT).cells
        if cell.kind == "exercise"
    ]
    place = tmp_path_factory.mktemp("elsewhere")
    environment = {**os.environ, "PYTHONPATH": str(folder), "DOWNHILL_PROGRESS": str(place / "progress.jsonl")}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", STUDENT],
        cwd=place,
        env=environment,
        input=json.dumps(sources),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_its_own_modules_are_enough(told, folder):
    assert told["digits"].startswith("Dataset(1079 train")
    assert all(Path(file).is_relative_to(folder) for file in told["files"])
    assert told["loaded"] == []


def test_every_exercise_asks_and_says_the_same(told):
    assert set(told["exercises"]) <= set(exercises.ids())
    assert len(told["exercises"]) == sum(
        cell.kind == "check" for topic in texts(ROOT) for cell in parse(ROOT / "solutions" / f"{topic}.py", ROOT).cells
    )
    for name, (titles, mistakes) in told["exercises"].items():
        exercise = exercises.load(name)
        assert titles == [case.title for case in exercise.all_cases()]
        assert mistakes == [[m.name, m.sentence, m.section] for m in exercise.mistakes]


def test_right_functions_earn_their_points_and_mistakes_are_named(told):
    for name, (right, *wrong) in told["verdicts"].items():
        assert right == [3.0, []]
        assert [named for _, named in wrong] == [[m.name] for m in exercises.load(name).mistakes[:6]]
        assert all(points < 3 for points, _ in wrong)


def test_a_class_is_never_compared_with_the_solutions(told):
    assert told["without torch"].startswith("A check in a class's folder needs PyTorch: ")


def test_the_learner_sees_where_they_stand(told):
    assert re.search(r"momentum +█{20}  5 of 5 points, solved", told["progress"])
    assert re.search(r"nesterov +░{20}  0 of 5 points, to do", told["progress"])


def test_it_can_be_installed(folder):
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    original = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(project) == {"build-system", "project", "tool"} and set(project["tool"]) == {"setuptools"}
    assert project["project"]["dependencies"] == ["torch", *original["project"]["dependencies"]]
    assert project["tool"]["setuptools"] == original["tool"]["setuptools"]
    assert "scripts" not in project["project"] and (folder / project["project"]["readme"]).is_file()
    for path in folder.rglob("*.py"):
        # Settings are read, not imported.
        assert path.name == "nbgrader_config.py" or (path.parent / "__init__.py").is_file()


def test_make_lab_makes_the_environment_and_opens_the_notebooks(folder, tmp_path):
    place = shutil.copytree(folder, tmp_path / "copy")
    done = subprocess.run(["make", "--dry-run", "lab"], cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "pip install" in done.stdout and "-e ." in done.stdout and "-m helpers.lab" in done.stdout


# --- where it goes ---------------------------------------------------------------------------


def test_the_same_course_gives_the_same_bytes(quick, tmp_path):
    quick(tmp_path / "a")
    quick(tmp_path / "b" / "c")
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b" / "c")
    assert list(json.loads((tmp_path / "a" / "autograder" / "contents.json").read_bytes())) == ["00_start", "02_sgd"]
    assert {path.name for path in (tmp_path / "a/autograder/exercises").iterdir()} == {
        "__init__.py",
        "_optimizers.py",
        "sgd",
        "start",
    }
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_earlier_release_is_brought_up_to_date_and_nothing_else_is_touched(quick, tmp_path):
    to = tmp_path / "out"
    quick(to, "02_sgd", "07_batchnorm")
    assert (to / "notebooks" / "07_batchnorm").is_dir()
    (to / ".git").mkdir()
    (to / ".git" / "HEAD").write_text("ref")
    (to / "README.md").unlink()
    quick(to)
    assert not (to / "notebooks" / "07_batchnorm").exists()
    assert not (to / "autograder" / "exercises" / "batchnorm").exists()
    assert (to / ".git" / "HEAD").read_text() == "ref"
    fresh = quick(tmp_path / "fresh").folder
    assert files_of(to) == {**files_of(fresh), ".git/HEAD": b"ref"}


def test_a_release_that_was_stopped_half_way_is_finished(quick, tmp_path, monkeypatch):
    to = tmp_path / "out"
    quick(to, "07_batchnorm")
    real = releasing.write_atomically
    written = []

    def stopped(path, content):
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(path)
        real(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(releasing, "write_atomically", stopped)
        with pytest.raises(KeyboardInterrupt):
            quick(to)
        written.clear()
        with pytest.raises(KeyboardInterrupt):
            quick(tmp_path / "new")
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    quick(to)
    assert files_of(to) == files_of(quick(tmp_path / "fresh").folder)


def test_what_somebody_changed_in_a_release_is_not_overwritten(quick, tmp_path):
    to = tmp_path / "out"
    quick(to)
    (to / "README.md").write_text("Dear class,")
    with pytest.raises(ReleaseError, match=r"somebody has changed README\.md: move that away first"):
        quick(to)
    assert (to / "README.md").read_text() == "Dear class,"


def test_a_folder_with_something_else_is_refused(quick, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ReleaseError, match="something else than an earlier release"):
        quick(tmp_path)
    with pytest.raises(ReleaseError, match="is a file"):
        quick(tmp_path / "thesis.txt")
    (tmp_path / MARK).write_text("[")
    with pytest.raises(ReleaseError, match="broken"):
        quick(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_list_of_files_that_leads_outside_removes_nothing_there(quick, tmp_path):
    to = tmp_path / "out"
    quick(to)
    (tmp_path / "thesis.txt").write_text("mine")
    made = json.loads((to / MARK).read_text())
    (to / MARK).write_text(json.dumps({**made, "../thesis.txt": "0"}))
    quick(to)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_an_empty_folder_is_taken(quick, tmp_path):
    (tmp_path / "out").mkdir()
    assert (quick(tmp_path / "out").folder / MARK).is_file()


@pytest.mark.parametrize("place", ["solutions/out", "notebooks", "autograder/judge"])
def test_the_courses_own_folders_are_refused(quick, place):
    with pytest.raises(ReleaseError, match="the course's own"):
        quick(ROOT / place)


def test_an_unknown_assignment_and_a_folder_that_is_no_course_are_refused(quick, tmp_path):
    with pytest.raises(ReleaseError, match=r"'02_sdg'; there are .*02_sgd"):
        quick(tmp_path / "out", "02_sdg")
    with pytest.raises(ReleaseError, match="holds no course"):
        release(tmp_path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def course(tmp_path):
    """A copy of the parts that a release is made of, to spoil."""
    root = tmp_path / "course"
    for name in ("autograder", "helpers"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("docs", "notebooks/02_sgd", "solutions"):
        (root / name).mkdir(parents=True)
    for name in ("notebooks/02_sgd/02_sgd.ipynb", "solutions/02_sgd.py", "docs/students.md"):
        shutil.copy(ROOT / name, root / name)
    for name in (
        "LICENSE",
        "constraints.txt",
        "environment.yml",
        "environment-windows.yml",
        "postBuild",
        "pyproject.toml",
    ):
        shutil.copy(ROOT / name, root)
    return root


def test_a_notebook_with_somebodys_work_in_it_is_not_released(course, tmp_path):
    path = course / "notebooks" / "02_sgd" / "02_sgd.ipynb"
    path.write_text(path.read_text().replace("NotImplementedError", "RuntimeError"))
    with pytest.raises(ReleaseError, match=r"notebooks/02_sgd/02_sgd.ipynb has been worked in"):
        release(course, tmp_path / "out")
    path.unlink()
    with pytest.raises(ReleaseError, match="run `autograder build 02_sgd`"):
        release(course, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_instructors_notebook_in_the_place_of_the_released_one_is_not_released(course, tmp_path):
    shutil.copy(ROOT / "solutions" / "02_sgd" / "02_sgd.ipynb", course / "notebooks" / "02_sgd")
    with pytest.raises(ReleaseError, match="is the instructor's, with 'BEGIN SOLUTION'"):
        release(course, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_text_with_mistakes_stops_a_release_before_anything_is_written(course, tmp_path):
    text = course / "solutions" / "02_sgd.py"
    text.write_text(text.read_text(encoding="utf-8") + "\n# %% dmo=3\n", encoding="utf-8")
    with pytest.raises(SourceErrors, match="unknown key 'dmo'"):
        release(course, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_makes_it_or_says_what_to_do(quick, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["release", "--to", str(tmp_path / "for students"), "02_sgd"]) == 0
    assert f"cd {tmp_path} && python -m zipfile -c 'for students'.zip 'for students'/" in capsys.readouterr().out
    assert main(["release", "--to", str(tmp_path), "02_sgd"]) == 1
    assert capsys.readouterr().err.startswith("autograder release: ")


def test_secrets_and_strays_in_the_course_stay_there(course, tmp_path, monkeypatch):
    monkeypatch.setattr(releasing, "stale", lambda *_: [])
    clean = files_of(release(course, tmp_path / "clean").folder)
    strays = [
        ".autograder/secret",
        "gradebook.db",
        "submitted/kim/02_sgd/02_sgd.ipynb",
        "solutions/02_sgd/02_sgd.ipynb",
    ]
    strays += ["helpers/answers.txt", "helpers/.ipynb_checkpoints/a.py", "notebooks/02_sgd.kept-1.ipynb", "grades.csv"]
    strays += ["autograder/exercises/sgd/_unused.py", "notebooks/02_sgd/answers.py", "feedback/kim.html"]
    for name in strays:
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text("a secret")
    assert files_of(release(course, tmp_path / "out").folder) == clean


def test_a_text_that_was_not_built_is_told(course, tmp_path):
    shutil.copy(ROOT / "nbgrader_config.py", course)
    text = course / "solutions" / "02_sgd.py"
    # In a course of this one notebook, others cannot be spoken of.
    text.write_text(re.sub(r"\b0[35]_[a-z_]+", "later", text.read_text(encoding="utf-8")), encoding="utf-8")
    assert "was `autograder build` forgotten?" in str(release(course, tmp_path / "out"))


def test_a_release_takes_nbgraders_own_steps_and_three_of_the_courses():
    usual = [
        f"nbgrader.preprocessors.{step.__name__}"
        for step in GenerateAssignment.class_traits()["preprocessors"].default()
    ]
    steps = release_preprocessors()
    assert [
        step.replace("autograder.grading.preprocessors.SaveCells", "nbgrader.preprocessors.SaveCells")
        for step in steps
        if not step.endswith((".NameStubs", ".Stamp"))
    ] == usual
    assert steps[steps.index("nbgrader.preprocessors.ClearSolutions") + 1] == "autograder.grading.stubs.NameStubs"
    assert steps[-1] == "autograder.course.stamp.Stamp" and all(map(import_item, steps))
