"""The feedback page and the class table: whole, without scripts, and with nothing that only the instructor may see."""

import json
from datetime import datetime, timedelta
from html.parser import HTMLParser

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.grading.feedback import Record, feedback_html
from autograder.grading.scores import Entry, Mark
from autograder.report.table import points_table
from autograder.verdict import CaseResult, KnownMistake, Verdict

MARKUP = "<b>x</b><script>alert(1)</script>\"'&"


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.text, self.loads = [], [], set(), set(), "", []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)
        self.ids.add(attrs.get("id"))
        if "href" in attrs:
            self.links.add(attrs["href"])
        self.loads += [value for name, value in attrs.items() if name in ("src", "srcset", "data")]
        assert not any(name.startswith("on") for name in attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def graded_cell(name, points, source="", outputs=(), *, solution=False, check=None, markdown=False):
    new = new_markdown_cell if markdown else new_code_cell
    cell = new(source, **({} if markdown else {"outputs": list(outputs)}))
    cell.metadata["nbgrader"] = {
        "grade_id": name, "grade": True, "solution": solution, "points": points, "locked": not solution,
        "schema_version": 3, "task": False,
    }  # fmt: skip
    if check:
        cell.metadata["downhill"] = {"check": check}
    return cell


def solution_cell(name, source):
    cell = new_code_cell(source)
    cell.metadata["nbgrader"] = {
        "grade_id": name, "grade": False, "solution": True, "locked": False, "schema_version": 3, "task": False
    }  # fmt: skip
    return cell


@pytest.fixture
def record():
    """record(name=(by grader, by person, extra, waits), ...): what a page is made of, in parts as graded by hand."""
    cells = [
        solution_cell("sgd", f"print('{MARKUP}')"),
        graded_cell("check_sgd", 4, "check('sgd', sgd, points=4)", check="sgd"),
        solution_cell("double", "def double(x): return x"),
        graded_cell(
            "test_double",
            2.5,
            "assert hidden_test_of_the_instructor",
            [new_output("error", ename="AssertionError", evalue=MARKUP, traceback=["hidden_test_of_the_instructor"])],
        ),
        graded_cell("why", 3, MARKUP, solution=True, markdown=True),
    ]
    cells[0].outputs = [new_output("stream", text="an output of the student's own")]
    verdict = Verdict(
        "sgd",
        2.67,
        4.0,
        (CaseResult("one step", 1, True), CaseResult("two steps", 1, False, f"w {MARKUP} differs")),
        (KnownMistake("adds_gradient", "The gradient `g` points uphill.", "1. One step"),),
        secret=True,
    )
    worth = {"check_sgd": 4.0, "test_double": 2.5, "why": 3.0}

    def record(student="ann", comments=(), penalty=0.0, late=0.0, voided=(), worth=worth, judged=worth, **marks):
        marks = {"check_sgd": (2.67,), "test_double": (0.0,), "why": (None,)} | marks
        made = {}
        for name, given in marks.items():
            auto, person, extra, waits = (*given, None, None, None)[:4]
            points = auto if person is None else person
            points = None if points is None else points + (extra or 0.0)
            made[name] = Mark(points, bool(waits) or points is None, auto, person, extra)
        due = datetime(2026, 10, 5, 18)
        entry = Entry(due + timedelta(seconds=late), late, penalty, made, dict(comments), due)
        details = {
            "verdicts": {"sgd": json.loads(verdict.to_json())},
            "notes": [f"The cell {MARKUP} occurs twice."],
            "isolation": "weak: for a test",
            "worth": judged,
        }
        return Record(
            "02_sgd", student, entry, details, nbformat.writes(new_notebook(cells=cells)), worth, dict(voided)
        )

    return record


@pytest.fixture
def page(record):
    """page(...): the text of the page of such a record."""
    return lambda *args, **options: " ".join(Page(feedback_html(record(*args, **options))).text.split())


def test_the_page_is_whole_and_tells_points_mistakes_notes_and_isolation(record):
    page = Page(feedback_html(record()))
    told = ("2.67 of 9.5 points", "for ann", "3 more wait for a person to read why", "adds gradient", "a test failed")
    told += ("waits for a person", "occurs twice", "weak: for a test", "… / 3", "0 / 2.5")
    assert [words for words in told if words not in page.text] == []
    assert {f"#{name}" for name in page.ids if name} == page.links


def test_the_students_markup_is_text_and_nothing_is_loaded(record):
    text = feedback_html(record(MARKUP, comments={"why": MARKUP, "sgd": MARKUP}))
    page = Page(text)
    assert not {"script", "img", "iframe", "link", "object"} & set(page.tags) and page.loads == []
    assert text.count("<b>x</b>") == 0 and page.text.count(MARKUP) >= 7
    assert "default-src 'none'" in text


def test_the_instructors_own_tests_stay_hidden(record):
    assert "hidden_test_of_the_instructor" not in feedback_html(record())


def test_the_students_code_is_shown_under_its_exercise_and_none_of_its_outputs(record):
    page = Page(feedback_html(record()))
    assert f"print('{MARKUP}')" in page.text and "an output of the student's own" not in page.text


def test_what_a_person_gave_stands_on_the_page(page):
    text = page(
        comments={"why": "Well said,\nbut `w` is missing.", "sgd": "See line 3."},
        why=(None, 2.5),
        check_sgd=(2.67, 3.5, 0.5),
    )
    assert "6.5 of 9.5 points for ann" in text and "so far" not in text and "2.5 / 3" in text and "4 / 4" in text
    assert "A person gave 3.5 points, in place of the check's." in text and "0.5 points of these are extra" in text
    assert "Comment Well said, but w is missing." in text.replace("Comment", "Comment ").replace(
        "said,but", "said, but"
    )
    assert "See line 3." in text


def test_a_late_penalty_and_what_is_looked_at_again_are_told(page):
    text = page(late=2 * 86_400.0, penalty=1.5, why=(None, 2.0, None, True))
    assert "3.17 of 9.5 points so far" in text and "A person looks once more at why" in text
    assert (
        "2026-10-07 18:00 UTC, 2 days after the deadline (2026-10-05 18:00 UTC): 1.5 of 4.67 points are taken" in text
    )
    assert "nothing is taken off" in page(late=60.0)


def test_a_voided_exercise_says_how(page):
    text = page(voided={"check_sgd": "out"}, worth={"check_sgd": 0.0, "test_double": 2.5, "why": 3.0}, check_sgd=(0.0,))
    assert "0 of 5.5 points" in text and "was taken out of the total" in text and "was worth" not in text
    assert "Everybody gets the 4 points" in page(voided={"check_sgd": "full"}, check_sgd=(4.0,))


def test_old_points_do_not_stand_at_a_new_out_of_without_a_word(page):
    new = {"check_sgd": 8.0, "test_double": 2.5, "why": 3.0}
    assert "It was worth 4 points when it was judged, and is worth 8 now" in page(worth=new)


def test_an_exercise_that_was_removed_or_added_since_is_counted_as_the_gradebook_has_it(page):
    text = page(worth={"check_sgd": 4.0, "check_new": 5.0})
    assert "of 9 points" in text and "double" not in text and "… / 5" in text


def test_the_table_has_a_line_for_each_student_and_dots_for_what_waits():
    recorded = {
        "zoe": Entry(None, 0, 0, {"check_sgd": Mark(2.67, False), "why": Mark(None, True)}),
        "ann": Entry(None, 0, 0, {"check_sgd": Mark(4.0, False), "why": Mark(0.0, False)}),
    }
    lines = points_table({"check_sgd": 4.0, "why": 3.0}, recorded).splitlines()
    rows = [line.split() for line in lines[-3:]]
    assert rows == [["out", "of", "7", "4", "3"], ["ann", "4", "4", "0"], ["zoe", "2.67", "2.67", "…"]]
    assert "1  sgd" in lines[0] and len({len(line) for line in lines[-3:]}) == 1


def test_the_table_takes_penalties_off():
    recorded = {
        "ann": Entry(None, 9, 1.5, {"check_sgd": Mark(4.0, False)}),
        "bob": Entry(None, 0, 0, {"check_sgd": Mark(4.0, False)}),
    }
    lines = points_table({"check_sgd": 4.0}, recorded).splitlines()
    assert [line.split() for line in lines[-2:]] == [["ann", "2.5", "4", "−1.5"], ["bob", "4", "4"]]
    assert any("penalty for handing in late" in line for line in lines)


def test_a_class_without_students_is_a_table_without_lines():
    assert points_table({"check_sgd": 4.0}, {}).splitlines()[-1].split() == ["out", "of", "4", "4"]
