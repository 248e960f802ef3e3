"""An instructor's round in formgrader, by its buttons: release, collect, autograde, read an answer, hand feedback back.

With DOWNHILL_PICTURES=1 the pictures of docs/instructors.md are drawn anew on the way.
"""

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import Frame, Locator, Page, expect

from autograder.course.demo import make_class
from autograder.course.sample import samples

from .conftest import ROOT, running_lab
from .desk import menu, no_news, open_formgrader, press, row_of, window

NAME = "02_sgd"
ANSWER = "why_jitter"
# Words of the model answer, which students must never get.
MODEL = "a random part of that sum"
COMMENT = "Right about the noise. What does the batch size change?"
# One hands in by the exchange, two submissions lie there already, as copied from a stick: one cannot be read.
PICTURES = ROOT / "docs" / "images" if os.environ.get("DOWNHILL_PICTURES") else None
STUDENT, OTHER, BROKEN = "kim", "unusual_style", "broken_file"


@dataclass
class Round:
    """What the walk through the pages left behind."""

    course: Path
    student: Path
    logs: dict[str, str] = field(default_factory=dict)
    points: dict[str, dict] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def walked(browser, tmp_path_factory):
    """The round from the first button to the student's feedback page, in two Jupyter servers."""
    root = tmp_path_factory.mktemp("instructor")
    course, exchange, student = root / "course", root / "exchange", root / "student"
    make_class(ROOT, course, [NAME], (OTHER, BROKEN))
    exchange.mkdir()
    exchange.chmod(0o777)
    with open(course / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.Exchange.root = {str(exchange)!r}\n")
    _student_settings(student / "config", exchange)
    done = Round(course, student / "home")
    done.student.mkdir()
    no_news(root / "instructor/config")
    no_news(student / "config")
    with running_lab(course, root / "instructor", cwd=course) as lab:
        page = window(browser, done.complaints)
        page.goto(lab.url("lab"))
        formgrader = open_formgrader(page)
        _release(formgrader, page, done)
        with running_lab(done.student, student, cwd=done.student) as theirs:
            desk = window(browser, done.complaints)
            desk.goto(theirs.url("lab"))
            _fetch_and_submit(desk, done)
            _collect(formgrader, done)
            _autograde(formgrader, page, done)
            done.points["autograde"] = _points(course)
            _read_the_answer(formgrader, page, done)
            done.points["by hand"] = _points(course)
            _give_feedback(formgrader, done)
            _fetch_feedback(desk, done)
            # Before its server: a page complains of one that is gone.
            desk.context.close()
        _look_at_feedback(browser, course, done)
        # Graded again by both ways: a person's points stay.
        _submissions(formgrader)
        press(formgrader, row_of(formgrader, STUDENT).locator("td.autograde a"), "again", done.logs)
        done.points["autograde again"] = _points(course)
        page.context.close()
    _grade_by_command(course)
    done.points["autograder grade"] = _points(course)
    return done


def _student_settings(folder: Path, exchange: Path) -> None:
    """Another user, as far as nbgrader can tell, which asks the system for the name of the process's account."""
    folder.mkdir(parents=True)
    exchange_and_course = f"c.Exchange.root = {str(exchange)!r}\nc.CourseDirectory.course_id = 'downhill'\n"
    (folder / "nbgrader_config.py").write_text(f"c = get_config()\n{exchange_and_course}")
    named = f"import nbgrader.utils\n\nnbgrader.utils.get_osusername = lambda: {STUDENT!r}\n"
    (folder / "jupyter_server_config.py").write_text(named)


def _release(formgrader: Frame, page: Page, done: Round) -> None:
    row = row_of(formgrader, NAME)
    press(formgrader, row.locator("td.assign a"), "generate", done.logs)
    press(formgrader, row.locator("td.release a"), "release", done.logs)
    expect(row.locator("td.status")).to_have_text("released")
    _picture(page, "assignments", formgrader.locator("#main-table").locator(".."))


def _fetch_and_submit(desk: Page, done: Round) -> None:
    menu(desk, "Assignment List")
    desk.locator("#released_assignments_list").get_by_role("button", name="Fetch").click()
    submit = desk.locator("#fetched_assignments_list").get_by_role("button", name="Submit")
    submit.wait_for()
    _picture(desk, "assignment-list", desk.locator("#assignments"))
    # The work of an evening.
    (work,) = (s.content for s in samples(ROOT / "tests/submissions", ROOT, NAME, ["lr_inside_velocity"]))
    (done.student / NAME / f"{NAME}.ipynb").write_text(work, encoding="utf-8")
    submit.click()
    expect(desk.locator("#submitted_assignments_list")).to_contain_text(NAME)


def _collect(formgrader: Frame, done: Round) -> None:
    press(formgrader, row_of(formgrader, NAME).locator("td.collect a"), "collect", done.logs)


def _submissions(formgrader: Frame) -> None:
    formgrader.get_by_role("link", name="Manage Assignments").click()
    row_of(formgrader, NAME).locator("td.num-submissions a").click()


def _autograde(formgrader: Frame, page: Page, done: Round) -> None:
    _submissions(formgrader)
    for student in (STUDENT, OTHER, BROKEN):
        row = row_of(formgrader, student)
        press(formgrader, row.locator("td.autograde a"), f"autograde {student}", done.logs)
        expect(row.locator("td.status")).not_to_have_text("needs autograding")
        done.seen[f"row of {student}"] = row.inner_text()
    _picture(page, "submissions", formgrader.locator("#main-table").locator(".."))


def _read_the_answer(formgrader: Frame, page: Page, done: Round) -> None:
    """From the list of submissions to the reflection of the student, points and a comment typed."""
    formgrader.get_by_role("link", name="Manual Grading").click()
    for _ in ("the assignment", "its notebook"):
        formgrader.locator("#main-table").get_by_role("link", name=NAME, exact=True).click()
    done.seen["waits"] = _open_submission(formgrader, STUDENT)
    score = formgrader.locator(f"#{ANSWER}")
    comment = formgrader.locator(f"#{ANSWER}-comment")
    # Nothing typed is kept before the page has fetched what there is.
    expect(comment).to_have_attribute("placeholder", re.compile("Type any comments"))
    done.seen["manual grading"] = formgrader.locator("body").inner_text()
    with page.expect_response(lambda got: "/api/comment/" in got.url and got.request.method == "PUT"):
        comment.fill(COMMENT)
        score.click()
    with page.expect_response(lambda got: "/api/grade/" in got.url and got.request.method == "PUT"):
        score.fill("2.5")
        score.press("Tab")
    model = formgrader.locator("blockquote")
    # The page moves to the next field by itself.
    formgrader.wait_for_function("() => !$(':animated').length")
    _picture(page, "manual-grading", model, formgrader.locator(".nbgrader_cell").filter(has=score))
    formgrader.get_by_role("link", name=NAME).last.click()
    _open_submission(formgrader, BROKEN)
    score.wait_for()
    done.seen["refused"] = formgrader.locator("body").inner_text()
    formgrader.get_by_role("link", name="Manual Grading").click()


def _open_submission(formgrader: Frame, student: str) -> str:
    """From the list of an assignment's submissions to one; what its row says."""
    row = row_of(formgrader, student)
    row.wait_for()
    # Names are hidden until one asks for them: an answer is read without knowing whose it is.
    formgrader.get_by_role("button", name="Show All Names").click()
    said = row.inner_text()
    row.get_by_role("link", name=student).click()
    return said


def _give_feedback(formgrader: Frame, done: Round) -> None:
    _submissions(formgrader)
    row = row_of(formgrader, STUDENT)
    press(formgrader, row.locator("td.generate-feedback a"), "generate feedback", done.logs)
    press(formgrader, row.locator("td.release-feedback a"), "release feedback", done.logs)


def _fetch_feedback(desk: Page, done: Round) -> None:
    desk.get_by_title("Refresh assignments list").click()
    desk.locator("#submitted_assignments_list").get_by_role("button", name="Fetch Feedback").click()
    desk.locator("#submitted_assignments_list").get_by_text("(view feedback)").wait_for()


def _look_at_feedback(browser, course: Path, done: Round) -> None:
    """The page that the student fetched, as a browser without network shows it."""
    (theirs,) = done.student.glob(f"{NAME}/feedback/*/{NAME}.html")
    page = browser.new_context(viewport={"width": 1000, "height": 900}, offline=True).new_page()
    page.goto(theirs.as_uri())
    done.seen["feedback"] = page.locator("body").inner_text()
    _picture(page, "feedback", page.locator("h1"), page.locator("table.points"))


def _points(course: Path) -> dict[str, dict[str, tuple]]:
    """{student: {cell: (the grader's points, a person's)}} from the gradebook."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "downhill") as book:
        return {
            submission.student.id: {
                grade.name: (grade.auto_score, grade.manual_score)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for submission in book.assignment_submissions(NAME)
        }


def _grade_by_command(course: Path) -> None:
    """`autograder grade` on the same submissions; what the button gave is forgotten before."""
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as book, book:
        book.execute("UPDATE grade SET auto_score = NULL")
    command = [sys.executable, "-m", "autograder.cli", "grade", NAME, "--force"]
    subprocess.run(command, cwd=course, check=True, capture_output=True)


def _picture(page: Page, name: str, *parts: Locator) -> None:
    """A picture for docs/instructors.md: from the first part to the last, where pictures are asked for."""
    if PICTURES:
        # A fixed bar of formgrader's lies over the top of the page.
        parts[-1].evaluate("part => part.scrollIntoView({block: 'end'})")
        boxes = [part.bounding_box() for part in parts]
        left, top = (min(box[side] for box in boxes) for side in "xy")
        right = max(box["x"] + box["width"] for box in boxes)
        bottom = max(box["y"] + box["height"] for box in boxes)
        clip = {"x": left, "y": top, "width": right - left, "height": min(bottom - top, 640)}
        page.screenshot(path=PICTURES / f"instructor-{name}.png", clip=clip)


def test_the_button_gives_the_points_of_autograder_grade(walked):
    button, command = (
        {student: {cell: own for cell, (own, _) in cells.items()} for student, cells in walked.points[way].items()}
        for way in ("autograde", "autograder grade")
    )
    assert button == command
    # One lost points at one exercise, one none, one all.
    assert 0 < button[STUDENT]["check_momentum"] < button[OTHER]["check_momentum"] == 5
    assert set(button[BROKEN].values()) == {0}


def test_a_persons_points_stay_when_it_is_graded_again(walked):
    assert walked.points["autograde"][STUDENT][ANSWER] == (None, None)
    for way in ("by hand", "autograde again", "autograder grade"):
        assert walked.points[way][STUDENT][ANSWER] == (None, 2.5), way


def test_who_reads_an_answer_sees_the_solutions_and_the_student_never_does(walked):
    assert MODEL in walked.seen["manual grading"]
    released = (walked.course / "notebooks" / NAME / f"{NAME}.ipynb").read_text()
    for page in walked.course.rglob("feedback/**/*.html"):
        assert MODEL not in page.read_text(), page
    assert MODEL not in walked.seen["feedback"] + released


def test_the_student_fetches_the_points_and_the_comment(walked):
    assert COMMENT in walked.seen["feedback"]
    assert re.search(rf"{ANSWER}\s+2\.5 / 4\s+read by a person", walked.seen["feedback"])


def test_formgrader_shows_what_waits_and_why_a_file_was_refused(walked):
    assert "needs manual grading" in walked.seen[f"row of {STUDENT}"]
    assert re.search(r"\bgraded\s+0 / 55\b", walked.seen[f"row of {BROKEN}"])
    assert "How this submission was read" in walked.seen["refused"]


def test_no_page_complained(walked):
    assert walked.complaints == []
