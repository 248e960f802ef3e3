"""The feedback page and the class table: whole, without scripts, and with nothing that only the instructor may see."""

from html.parser import HTMLParser

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.grading.feedback import feedback_html
from autograder.grading.graded import Graded
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
def graded():
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
    verdict = Verdict(
        "sgd",
        2.67,
        4.0,
        (CaseResult("one step", 1, True), CaseResult("two steps", 1, False, f"w {MARKUP} differs")),
        (KnownMistake("adds_gradient", "The gradient `g` points uphill.", "1. One step"),),
        secret=True,
    )
    return Graded(
        nbformat.writes(new_notebook(cells=cells)),
        {"check_sgd": 2.67, "test_double": 0.0, "why": None},
        {"sgd": verdict},
        (f"The cell {MARKUP} occurs twice.",),
        "weak: for a test",
        1.0,
        "key",
    )


def test_the_page_is_whole_and_tells_points_mistakes_notes_and_isolation(graded):
    page = Page(feedback_html("02_sgd", "ann", graded))
    told = ("2.67 of 9.5 points", "for ann", "3 more wait for a person to read why", "adds gradient", "a test failed")
    told += ("waits for a person", "occurs twice", "weak: for a test", "… / 3", "0 / 2.5")
    assert [words for words in told if words not in page.text] == []
    assert {f"#{name}" for name in page.ids if name} == page.links


def test_the_students_markup_is_text_and_nothing_is_loaded(graded):
    text = feedback_html("02_sgd", MARKUP, graded)
    page = Page(text)
    assert not {"script", "img", "iframe", "link", "object"} & set(page.tags) and page.loads == []
    assert text.count("<b>x</b>") == 0 and page.text.count(MARKUP) >= 5
    assert "default-src 'none'" in text


def test_the_instructors_own_tests_stay_hidden(graded):
    assert "hidden_test_of_the_instructor" not in feedback_html("02_sgd", "ann", graded)


def test_the_students_code_is_shown_under_its_exercise(graded):
    assert f"print('{MARKUP}')" in Page(feedback_html("02_sgd", "ann", graded)).text


def test_the_table_has_a_line_for_each_student_and_dots_for_what_waits():
    details = {
        "zoe": {"scores": {"check_sgd": 2.67, "why": None}},
        "ann": {"scores": {"check_sgd": 4.0, "why": 0.0}},
    }
    lines = points_table({"check_sgd": 4.0, "why": 3.0}, details).splitlines()
    rows = [line.split() for line in lines[-3:]]
    assert rows == [["out", "of", "7", "4", "3"], ["ann", "4", "4", "0"], ["zoe", "2.67", "2.67", "…"]]
    assert "1  sgd" in lines[0] and len({len(line) for line in lines[-3:]}) == 1


def test_a_class_without_students_is_a_table_without_lines():
    assert points_table({"check_sgd": 4.0}, {}).splitlines()[-1].split() == ["out", "of", "4", "4"]
