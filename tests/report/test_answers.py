"""All answers to a question: read without names, marked in a table or on the page, written as formgrader writes."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder import cli
from autograder.files import write_atomically
from autograder.grading.assignment import Assignment, grade_id
from autograder.grading.gradebook import Book
from autograder.grading.graded import Graded
from autograder.grading.secret import secret
from autograder.report.answers import answers, answers_csv, answers_page, has_marks, read_back
from autograder.report.output import ReportError

from ..grading.conftest import NAME, as_bytes

TEXTS = {
    "ann": "Because of <script>alert(1)</script> $\\beta$",
    "bob": "=1+1\nsecond line",
    "cyd": "Short, \"quoted\"; and 'more'",
}


@pytest.fixture
def hand_in(course, notebooks):
    """hand_in(ann="text", bob=None): graded, recorded as the grader does; None where nothing was written."""

    def hand_in(**texts):
        assignment = Assignment.load(course.source, NAME)
        book = Book(course.db_url, course.course_id)
        for student, text in texts.items():
            notebook = assignment.fresh()
            for cell in notebook.cells:
                if grade_id(cell) == "why" and text is not None:
                    cell.source = text
            content = as_bytes(notebook).decode()
            write_atomically(course.autograded(student, NAME) / f"{NAME}.ipynb", content)
            scores = {
                "check_sgd": 4.0,
                "check_momentum": 5.0,
                "check_double": 2.0,
                "why": 0.0 if text is None else None,
            }
            book.record(assignment, student, Graded(content, scores, {}, (), "", 0.0, "key"), None, course.late_plugin)
        book.close()

    return hand_in


@pytest.fixture
def in_gradebook(course):
    """in_gradebook("ann") -> (points, comment, waits), as nbgrader reads them."""

    def in_gradebook(student):
        with Gradebook(course.db_url, course.course_id) as gradebook:
            grade = gradebook.find_grade("why", NAME, NAME, student)
            comment = gradebook.find_comment("why", NAME, NAME, student)
            return grade.manual_score, comment.manual_comment, grade.needs_manual_grade

    return in_gradebook


@pytest.fixture
def table(course, tmp_path):
    """table({"ann": {"points": "2"}}) -> the table as it is given out, with these cells changed."""

    def table(changes, path=None, given=None):
        found = given or answers(course, NAME, "why")
        rows = list(csv.DictReader(io.StringIO(answers_csv(found, names=True).removeprefix("\ufeff"))))
        for row in rows:
            row.update(changes.get(row["student"], {}))
        path = path or tmp_path / "marks.csv"
        with open(path, "w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        return path

    return table


def test_a_table_that_was_filled_goes_where_formgrader_writes(course, hand_in, table, in_gradebook):
    hand_in(**TEXTS)
    path = table(
        {"ann": {"points": "2,5", "comment": "Good.\nBut why?"}, "bob": {"points": "0"}, "cyd": {"comment": "Later"}}
    )
    result = read_back(course, NAME, "why", path)
    assert (result.written, result.same, result.refused, result.unread) == (3, 0, (), 1)
    assert in_gradebook("ann") == (2.5, "Good.\nBut why?", False)
    assert in_gradebook("bob") == (0.0, None, False)
    assert in_gradebook("cyd") == (None, "Later", True)
    with Gradebook(course.db_url, course.course_id) as gradebook:
        assert gradebook.find_submission(NAME, "ann").score == 11 + 2.5
    again = read_back(course, NAME, "why", path)
    assert (again.written, again.same, again.refused) == (0, 3, ())


def test_a_table_as_it_was_given_out_changes_nothing(course, hand_in, table, in_gradebook):
    hand_in(**TEXTS, dan=None)
    before = {student: in_gradebook(student) for student in (*TEXTS, "dan")}
    assert read_back(course, NAME, "why", table({})).same == 4
    assert {student: in_gradebook(student) for student in before} == before


def test_points_are_taken_back_and_a_marked_answer_stays_read_until_it_changes(course, hand_in, table, in_gradebook):
    hand_in(**TEXTS)
    read_back(course, NAME, "why", table({"ann": {"points": "1"}, "bob": {"points": "3"}}))
    hand_in(ann=TEXTS["ann"])
    assert in_gradebook("ann") == (1.0, None, False)
    read_back(course, NAME, "why", table({"ann": {"read": "yes"}, "bob": {"points": ""}}))
    assert in_gradebook("ann") == (1.0, None, False) and in_gradebook("bob") == (None, None, True)


def test_an_answer_that_has_changed_gets_no_points_of_the_old_one(course, hand_in, table, in_gradebook):
    hand_in(**TEXTS)
    path = table({"ann": {"points": "3"}, "bob": {"points": "3"}})
    hand_in(ann="Another answer")
    for force in (False, True):
        result = read_back(course, NAME, "why", path, force)
        assert [why for _, why in result.refused] == ["the answer has changed since: read it again"]
    assert in_gradebook("ann") == (None, None, True) and in_gradebook("bob")[0] == 3.0


def test_what_was_given_elsewhere_since_is_not_written_over(course, hand_in, table, in_gradebook):
    hand_in(**TEXTS)
    path = table({"ann": {"points": "3"}, "bob": {"points": "1"}})
    with Gradebook(course.db_url, course.course_id) as gradebook:
        for student, points in (("ann", 2.0), ("bob", 1.0), ("cyd", 0.5)):
            grade = gradebook.find_grade("why", NAME, NAME, student)
            grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()
    result = read_back(course, NAME, "why", path)
    assert len(result.refused) == 1 and "somebody has marked it since (2 points)" in result.refused[0][1]
    assert [in_gradebook(student)[0] for student in TEXTS] == [2.0, 1.0, 0.5]
    read_back(course, NAME, "why", path, force=True)
    assert [in_gradebook(student)[0] for student in TEXTS] == [3.0, 1.0, 0.5]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"points": "4"}, "4 points are not between 0 and 3"),
        ({"points": "-1"}, "not between 0 and 3"),
        ({"points": "nan"}, "not between 0 and 3"),
        ({"points": "two"}, "'two' is no number of points"),
        ({"read": "yes"}, "it has no points"),
        ({"answer": "qqqqqqqq", "points": "1"}, "there is no such answer"),
    ],
)
def test_a_row_that_is_wrong_is_told_and_the_others_are_written(course, hand_in, table, in_gradebook, cells, why):
    hand_in(**TEXTS)
    result = read_back(course, NAME, "why", table({"ann": cells, "bob": {"points": "1"}}))
    assert len(result.refused) == 1 and why in result.refused[0][1]
    assert in_gradebook("ann") == (None, None, True) and in_gradebook("bob")[0] == 1.0


def test_what_is_no_such_table_is_refused_whole(course, hand_in, tmp_path):
    hand_in(**TEXTS)
    path = tmp_path / "marks.csv"
    for content, why in (
        (b"answer,points\nx,1\n", "has no column comment, read, version"),
        (b"", "has no column"),
        ("answer,Prüfung".encode("cp1252"), "not in UTF-8"),
        (None, "cannot be read"),
    ):
        path.unlink(missing_ok=True) if content is None else path.write_bytes(content)
        with pytest.raises(ReportError, match=why):
            read_back(course, NAME, "why", path)


def test_a_spreadsheets_semicolons_and_guards_are_read(course, hand_in, table, in_gradebook):
    hand_in(**TEXTS)
    rows = list(
        csv.reader(io.StringIO(table({"ann": {"points": "1", "comment": "'=so"}}).read_text("utf-8-sig"), newline=""))
    )
    path = Path("semicolons.csv")
    with open(path, "w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    assert read_back(course, NAME, "why", path).refused == ()
    assert in_gradebook("ann") == (1.0, "=so", False)


def test_nothing_is_written_where_writing_breaks_off(course, hand_in, table, in_gradebook, monkeypatch):
    hand_in(**TEXTS)
    path = table({student: {"points": "1"} for student in TEXTS})
    whole = Gradebook.find_comment

    def breaks(self, cell, notebook, assignment, student):
        if student == "cyd":
            raise KeyboardInterrupt
        return whole(self, cell, notebook, assignment, student)

    with monkeypatch.context() as patch:
        patch.setattr(Gradebook, "find_comment", breaks)
        with pytest.raises(KeyboardInterrupt):
            read_back(course, NAME, "why", path)
    assert [in_gradebook(student) for student in TEXTS] == [(None, None, True)] * 3
    assert read_back(course, NAME, "why", path).written == 3


def test_nobody_is_named_unless_it_is_asked_for(course, hand_in, fill):
    fill({"ann": {"names": ("Ant", "Annabel", "a@example.org")}})
    hand_in(ann="I like it", bob="No", cyd="Yes")
    found = answers(course, NAME, "why")
    hidden = answers_page(found, False, "x.csv") + answers_csv(found, False)
    assert not re.search(r"\b(ann|bob|cyd|Ant|Annabel)\b", hidden)
    shown = answers_page(found, True, "x.csv") + answers_csv(found, True)
    assert all(re.search(rf"\b{name}\b", shown) for name in ("ann", "Ant", "Annabel"))
    # The order tells nothing either, and another secret has other letters.
    keys = [answer.key for answer in found.answers]
    assert keys == sorted(keys) and all(key.isalpha() for key in keys)
    (course.root / ".autograder" / "secret").write_text("another secret, long enough")
    assert secret(course.root) and not {answer.key for answer in answers(course, NAME, "why").answers} & set(keys)


def test_the_page_shows_each_answer_as_it_was_written_and_runs_no_code_of_theirs(course, hand_in):
    hand_in(**TEXTS, dan=None)
    page = answers_page(answers(course, NAME, "why", ["Have a look at <b>"]), False, "x.csv")
    assert page.count("<script>") == 1 and "&lt;script&gt;alert(1)&lt;/script&gt; $\\beta$" in page
    assert (
        page.count("Nothing was written.") == 1 and "The model answer." in page and "Have a look at &lt;b&gt;" in page
    )
    assert "http" not in page.replace("http-equiv", "")


def test_the_command_makes_both_and_a_table_with_marks_is_not_overwritten(course, hand_in, table, in_gradebook, capsys):
    hand_in(**TEXTS)
    assert cli.main(["answers", NAME]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"reports/{NAME}-why.html",
        f"reports/{NAME}-why.csv",
        "3 answers, 3 of 3 not read yet.",
    ]
    path = Path("reports") / f"{NAME}-why.csv"
    table({"ann": {"points": "2", "comment": "Again."}}, path)
    filled = path.read_bytes()
    assert cli.main(["answers", NAME, "why"]) == 1 and path.read_bytes() == filled
    assert "holds marks that are not in the gradebook" in capsys.readouterr().err
    assert cli.main(["answers", NAME, "why", "--read", str(path)]) == 0
    assert capsys.readouterr().out == "1 written, 2 as they were, 2 not read yet.\n3 pages written anew.\n"
    assert cli.main(["answers", NAME, "why", "--unread"]) == 0
    page = (Path("reports") / f"{NAME}-why.html").read_text()
    assert page.count("<article") == 2 and ">Again.</button>" in page
    assert not has_marks(path, answers(course, NAME, "why"))


def test_what_cannot_be_asked_is_told(course, hand_in, capsys):
    assert cli.main(["answers", NAME, "why"]) == 1
    assert "is graded yet" in capsys.readouterr().err
    hand_in(ann="x")
    assert cli.main(["answers", NAME, "check_sgd"]) == 1
    assert "has no question 'check_sgd': there are why" in capsys.readouterr().err
    (course.autograded("ann", NAME) / f"{NAME}.ipynb").write_text(json.dumps([1]))
    assert "grade it again" in answers(course, NAME, "").answers[0].text
