"""Where nothing has changed nothing is graded, and whatever a result, a mark or a page follows from is a change."""

import os
import shutil
import time

import pytest

from autograder.grading.course import Course
from autograder.grading.secret import renew, secret
from autograder.grading.unchanged import Watch

NAME = "01_steps"
SETTINGS = "c = get_config()\nc.CourseDirectory.course_id = 'small'\n"


def _write(path, text="as it was"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def root(tmp_path):
    """A course as a run leaves it; brackets are part of its name, and are no pattern."""
    root = tmp_path / "a [course]"
    _write(root / "nbgrader_config.py", SETTINGS)
    _write(root / "source" / NAME / f"{NAME}.ipynb")
    _write(root / "gradebook.db")
    for student in ("ann", "bob"):
        _write(root / "submitted" / student / NAME / f"{NAME}.ipynb")
        _write(root / "autograded" / student / NAME / f"{NAME}.ipynb")
        _write(root / "feedback" / student / NAME / f"{NAME}.html")
    secret(root)
    # What was written within the kernel's last step could be written again without a trace.
    time.sleep(0.05)
    return root


def noted(root, change=lambda: None, settings=""):
    """What is seen after a run in which something has changed."""
    watch = Watch(root, NAME)
    change()
    course = Course.at(root)
    watch.look(course)
    watch.note(course, "the table", 2)
    return Watch(root, NAME).graded()


def test_what_was_said_is_said_again_and_only_the_owner_may_read_it(root):
    assert Watch(root, NAME).graded() is None
    found = noted(root)
    assert (found.said, found.count) == ("the table", 2)
    assert Watch(root, "02_other").graded() is None
    (note,) = (root / ".autograder" / "unchanged").iterdir()
    assert note.stat().st_mode & 0o077 == 0


def test_a_course_is_looked_at_where_nothing_was_ever_noted_of_a_grader(root, tmp_path):
    plain = root.rename(tmp_path / "plain")
    assert not (plain / ".autograder" / "flights").exists()
    assert noted(plain).said == "the table"


def _again(path):
    """Other contents of the same size, and the times put back."""
    before = path.stat()
    path.write_text("as it is.")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size and path.stat().st_mtime_ns == before.st_mtime_ns


def _linked(path):
    path.rename(path.with_name("other"))
    path.symlink_to("other")


CHANGES = {
    "a submission": lambda root: _again(root / "submitted" / "bob" / NAME / f"{NAME}.ipynb"),
    "a submission that became a link": lambda root: _linked(root / "submitted" / "bob" / NAME / f"{NAME}.ipynb"),
    "when it came": lambda root: _write(root / "submitted" / "bob" / NAME / "timestamp.txt", "2026-10-07 UTC"),
    "another student": lambda root: _write(root / "submitted" / "cyd" / NAME / f"{NAME}.ipynb"),
    "a student who is gone": lambda root: shutil.rmtree(root / "submitted" / "bob"),
    "the assignment": lambda root: _again(root / "source" / NAME / f"{NAME}.ipynb"),
    "the settings": lambda root: _write(root / "nbgrader_config.py", SETTINGS.replace("small", "large")),
    "marks": lambda root: _again(root / "gradebook.db"),
    "marks that are being written": lambda root: _write(root / "gradebook.db-journal"),
    "a page": lambda root: _again(root / "feedback" / "ann" / NAME / f"{NAME}.html"),
    "a page that is gone": lambda root: (root / "feedback" / "ann" / NAME / f"{NAME}.html").unlink(),
    "a graded notebook that is gone": lambda root: (root / "autograded" / "ann" / NAME / f"{NAME}.ipynb").unlink(),
    "the secret": renew,
    "a submission that ended a grader": lambda root: _write(root / ".autograder" / "flights" / NAME / "ann"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(root, change):
    assert noted(root)
    CHANGES[change](root)
    assert Watch(root, NAME).graded() is None


def test_another_environment_or_other_packages_are_a_change(root, monkeypatch):
    packages = root / "site-packages"
    packages.mkdir()
    monkeypatch.syspath_prepend(str(packages))
    time.sleep(0.05)
    assert noted(root)
    with monkeypatch.context() as patch:
        patch.setenv("AUTOGRADER_SECRET", "another secret, of another terminal")
        assert Watch(root, NAME).graded() is None
    assert Watch(root, NAME).graded()
    (packages / "nbgrader-1.0.dist-info").mkdir()
    assert Watch(root, NAME).graded() is None


@pytest.mark.parametrize("place", ["submitted/ann", "source"])
def test_what_changes_while_it_is_graded_is_not_taken_for_graded(root, place):
    assert noted(root, lambda: _again(root / place / NAME / f"{NAME}.ipynb")) is None


def test_marks_that_are_given_once_the_run_has_looked_are_seen(root):
    watch, course = Watch(root, NAME), Course.at(root)
    watch.look(course)
    time.sleep(0.05)
    _again(root / "gradebook.db")
    watch.note(course, "the table", 2)
    assert Watch(root, NAME).graded() is None


@pytest.mark.parametrize(
    "setting",
    [
        "c.CourseDirectory.db_url = 'postgresql+psycopg://localhost/grades'",
        "from nbgrader.plugins import LateSubmissionPlugin\n"
        "class Weekend(LateSubmissionPlugin): pass\n"
        "c.AssignLatePenalties.plugin_class = Weekend",
    ],
)
def test_where_not_all_is_seen_in_files_nothing_is_noted(root, setting):
    with (root / "nbgrader_config.py").open("a") as file:
        file.write(setting)
    time.sleep(0.05)
    assert noted(root) is None


def test_a_note_that_is_none_is_passed_over(root):
    assert noted(root)
    for text in ("", "[]", "{}", '{"seen": 1}', '{"seen": [], "inputs": 3, "outputs": []}'):
        (root / ".autograder" / "unchanged" / f"{NAME}.json").write_text(text)
        assert Watch(root, NAME).graded() is None
