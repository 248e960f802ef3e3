"""The class report: right numbers, everybody who needs attention, one page that loads nothing and is read by all."""

import csv
import hashlib
import io
import json
import os
import re
import time
from datetime import datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin
from sqlalchemy import text

from autograder import cli
from autograder.grading.assignment import Assignment, AssignmentError
from autograder.grading.gradebook import Book, GradebookError
from autograder.grading.grader import grade
from autograder.grading.scores import entries
from autograder.report.class_page import class_page, duration, number, percent
from autograder.report.class_report import class_report
from autograder.report.output import ReportError, csv_text
from autograder.report.table import class_table
from autograder.sandbox.levels import Level

from ..grading.conftest import LIMITS, NAME, SECRET
from .conftest import FULL, NOBODY, WORTH, known

FORMULA = ("=", "+", "-", "@", "\t", "\r")
VOID = {"meta", "br", "wbr", "path", "use"}
SCRIPT = "<script>alert(1)</script>"


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text = [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def page_of(course):
    return class_page(class_report(course, NAME), course, course.root / "reports")


def exercise(course, name):
    return next(e for e in class_report(course, NAME).exercises if e.id == name)


def student(course, name):
    return next(s for s in class_report(course, NAME).students if s.id == name)


def points(sgd, momentum, double=0.0, why=0.0):
    return {"check_sgd": sgd, "check_momentum": momentum, "check_double": double, "why": why}


def test_each_exercise_is_counted(course, fill):
    fill(
        {
            "ann": {"points": FULL, "verdicts": known(momentum="a_slip")},
            "bob": {"points": points(4.0, 2.5, why=None), "verdicts": known(sgd="other", momentum="a_slip")},
            "cyd": {"points": points(0.0, 0.0)},
            "dan": {},
        }
    )
    report = class_report(course, NAME)
    assert report.possible == 14 and report.totals == [14, 6.5, 0]
    assert (report.median, report.mean) == (6.5, pytest.approx(20.5 / 3))
    sgd, momentum, double, why = report.exercises
    assert [e.id for e in report.exercises] == ["sgd", "momentum", "double", "why"]
    assert (sgd.judged, sgd.solved, sgd.partly, sgd.nothing, sgd.mean) == (3, 2, 0, 1, pytest.approx(2 / 3))
    assert (momentum.solved, momentum.partly, momentum.nothing, momentum.mean) == (1, 1, 1, 0.5)
    assert (why.judged, why.solved, why.waits, why.by_hand) == (2, 1, 1, True) and not double.by_hand
    assert [(m.exercise, m.name, m.students) for m in report.mistakes] == [
        ("momentum", "a_slip", ("ann", "bob")),
        ("sgd", "other", ("bob",)),
    ]
    assert student(course, "dan").state == "nothing handed in"


def test_discrimination_is_the_correlation_with_the_share_of_the_rest(course, fill):
    rng = np.random.default_rng(0)
    table = rng.uniform(0, 1, (12, 4)) * list(WORTH.values())
    fill({f"s{k}": {"points": dict(zip(WORTH, row, strict=True))} for k, row in enumerate(table.tolist())})
    for column, found in enumerate(class_report(course, NAME).exercises):
        rest = table.sum(1) - table[:, column]
        assert found.discrimination == pytest.approx(np.corrcoef(table[:, column], rest)[0, 1])


def test_what_waits_for_a_person_is_no_lost_point_of_the_rest(course, fill):
    """The first three earn the same share of what they have been given points for."""
    fill(
        {
            "ann": {"points": points(4.0, 5.0, 0.0, None)},
            "bob": {"points": points(2.0, 2.5, 0.0, None)},
            "cyd": {"points": points(1.0, 1.25, 0.0, None)},
        }
    )
    assert exercise(course, "sgd").discrimination == pytest.approx(1.0)
    assert exercise(course, "why").discrimination is None and exercise(course, "why").mean is None


@pytest.mark.parametrize(
    "rows",
    [
        [FULL],
        [FULL, NOBODY],
        [FULL] * 4,
        [points(4.0, 1.0), points(4.0, 2.0), points(4.0, 3.0)],
        [points(1.0, 5.0), points(2.0, 5.0), points(4.0, 5.0)],
    ],
    ids=["one", "two", "all the same", "the same here", "the same elsewhere"],
)
def test_discrimination_is_undefined_without_differences(course, fill, rows):
    fill({f"s{k}": {"points": row} for k, row in enumerate(rows)})
    assert exercise(course, "sgd").discrimination is None
    Page(page_of(course))


def test_an_exercise_that_the_good_ones_lose_discriminates_negatively(course, fill):
    fill({f"s{k}": {"points": points(4.0 - k, 5.0 * k / 4, why=3.0 * k / 4)} for k in range(5)})
    assert exercise(course, "sgd").discrimination == pytest.approx(-1.0)
    assert "−1.00" in page_of(course)


def test_a_persons_points_come_before_the_graders_and_extra_credit_counts(course, fill):
    fill(
        {
            "ann": {
                "points": {**FULL, "check_sgd": (1.0, 3.0), "why": (None, 2.0)},
                "extra": {"check_double": 0.5},
                "waits": ["check_sgd"],
            }
        }
    )
    row = student(course, "ann")
    assert row.points == {"sgd": 3.0, "momentum": 5.0, "double": 2.5, "why": 2.0}
    assert row.total == 12.5 and row.waits == ("sgd",)
    with Gradebook(course.db_url, course.course_id) as book:
        assert book.find_submission(NAME, "ann").score == row.total


@pytest.fixture
def graded(course):
    """graded(student, bytes): by the grader itself, for files in which nothing is to be run."""

    def graded(student, data):
        assignment = Assignment.load(course.source, NAME)
        book = Book(course.db_url, course.course_id)
        try:
            result = grade(assignment, data, "", SECRET, LIMITS, Level("strong"))
            book.record(assignment, student, result, None, LateSubmissionPlugin())
        finally:
            book.close()

    return graded


def test_refused_and_untouched_files_are_known_by_what_grading_records(course, submit, fill, graded):
    submit("ann")
    fill({"zoe": {"points": FULL}})
    graded("ann", (course.submitted / "ann" / NAME / f"{NAME}.ipynb").read_bytes())
    graded("bob", b'{"cells": [')
    ann, bob, zoe = (student(course, name) for name in ("ann", "bob", "zoe"))
    assert ann.untouched and ann.stuck and ann.counts and not ann.refused
    assert bob.refused.startswith("it is no whole notebook") and not bob.counts and not bob.stuck and bob.notes == ()
    assert not zoe.refused and not zoe.stuck
    report = class_report(course, NAME)
    assert report.totals == [0, 14] and exercise(course, "sgd").judged == 2
    text = Page(page_of(course)).text
    assert "File refused: 1" in text and "nothing written: 1" in text and "bob: it is no whole notebook" in text


def test_who_is_late_by_how_much_and_what_it_costs(course, fill, submit):
    due = datetime(2020, 1, 1)
    fill(
        {
            "ann": {"points": FULL, "at": due + timedelta(days=3), "penalty": 4.0},
            "bob": {"points": FULL, "at": due + timedelta(days=3), "extension": timedelta(days=4)},
            "cyd": {"points": FULL, "at": due - timedelta(hours=1)},
            "dan": {"points": FULL},
        },
        due=due,
    )
    submit("eve", at="2020-01-01 05:00:00 UTC")
    late = {s.id: s.seconds_late for s in class_report(course, NAME).students}
    assert late == {"ann": 3 * 86_400, "bob": 0, "cyd": 0, "dan": 0, "eve": 5 * 3_600}
    assert student(course, "ann").total == 10
    text = Page(page_of(course)).text
    assert "ann: 3 days, 4 points taken off" in text and "eve: 5 hours" in text and "Due 2020-01-01 00:00 UTC" in text


def test_what_is_not_graded_and_what_came_again_is_told(course, fill, submit):
    fill(
        {
            "ann": {"points": FULL, "at": datetime(2020, 1, 1)},
            "bob": {"points": FULL, "at": datetime(2020, 1, 1)},
            "cyd": {"points": dict.fromkeys(WORTH)},
        }
    )
    submit("ann", at="2020-01-02 00:00:00 UTC")
    submit("bob", at="2020-01-01 00:00:00 UTC")
    submit("dan")
    (course.submitted / ".hidden" / NAME).mkdir(parents=True)
    report = class_report(course, NAME)
    assert {s.id: (s.state, s.resubmitted) for s in report.students} == {
        "ann": ("graded", True),
        "bob": ("graded", False),
        "cyd": ("not graded yet", False),
        "dan": ("not graded yet", False),
    }
    assert f"not graded yet: 2 → autograder grade {NAME}" in Page(page_of(course)).text


def test_another_file_is_told_where_no_times_are_known(course, fill, submit):
    """As from an LMS's zip file."""
    for name in ("ann", "bob", "cyd"):
        submit(name, content=name.encode())
    digests = {"ann": hashlib.sha256(b"ann").hexdigest(), "bob": hashlib.sha256(b"before").hexdigest()}
    fill({name: {"points": FULL, "file": digests.get(name, "")} for name in ("ann", "bob", "cyd", "dan")})
    again = {s.id: s.resubmitted for s in class_report(course, NAME).students}
    assert again == {"ann": False, "bob": True, "cyd": False, "dan": False}


def test_time_and_isolation_are_told(course, fill):
    fill(
        {
            "ann": {"points": FULL, "seconds": 1.0},
            "bob": {"points": FULL, "seconds": 2.0},
            "cyd": {"points": FULL, "seconds": 60.0, "isolation": "weak: for a test"},
        }
    )
    report = class_report(course, NAME)
    assert report.seconds == (2.0, 60.0)
    assert report.isolation == (("strong (for a test)", 2), ("weak: for a test", 1))
    text = Page(page_of(course)).text
    assert "Isolation of 1: weak: for a test" in text and "2 s in the middle" in text


def test_what_cannot_be_reported_is_told_and_nothing_is_made(course, fill, capsys):
    with pytest.raises(AssignmentError, match=f"there are {NAME}"):
        class_report(course, "09_none")
    with pytest.raises(ReportError, match=rf"nothing of {NAME} is graded yet: `autograder grade {NAME}`"):
        class_report(course, NAME)
    (course.root / "gradebook.db").unlink()
    assert cli.main(["report", NAME]) == 1
    assert capsys.readouterr().err.startswith("autograder report: nothing of")
    assert not (course.root / "gradebook.db").exists() and not (course.root / "reports").exists()


def test_a_gradebook_that_cannot_be_read_is_told(course, fill):
    fill({"ann": {"points": FULL}})
    with Gradebook(course.db_url, course.course_id) as book, pytest.raises(GradebookError, match="cannot be read"):
        book.db.execute(text("drop table grade"))
        book.db.commit()
        entries(book, NAME)


def test_a_target_that_cannot_be_written_is_told(course, fill, capsys):
    fill({"ann": {"points": FULL}})
    os.mkfifo(course.root / "pipe")
    for target, why in (
        (course.root, "is a folder: name a file in it"),
        (course.root / "nbgrader_config.py" / "x.html", "cannot be written: "),
        (course.root / "pipe", "is no ordinary file"),
    ):
        assert cli.main(["report", NAME, "--to", str(target)]) == 1
        assert why in capsys.readouterr().err


def test_the_command_writes_page_csv_and_json_and_says_where(course, fill, capsys):
    fill({"ann": {"points": FULL, "names": ("Ant", "Ann")}, "bob": {"points": points(1.0, 0.5, why=None)}})
    assert cli.main(["report", NAME, "--csv", "a.csv", "--json", "deep/a.json"]) == 0
    assert capsys.readouterr().out.split() == [f"reports/{NAME}.html", "a.csv", "deep/a.json"]
    assert (course.root / "reports" / f"{NAME}.html").read_text().startswith("<!DOCTYPE html>")
    rows = list(csv.DictReader(io.StringIO((course.root / "a.csv").read_text(encoding="utf-8"), newline="")))
    assert [row["student"] for row in rows] == ["ann", "bob"]
    assert [rows[0][k] for k in ("last_name", "sgd", "why", "total", "out_of")] == ["Ant", "4", "3", "14", "14"]
    assert [rows[1][k] for k in ("momentum", "why", "waits_for_a_person")] == ["0.5", "", "why"]
    data = json.loads((course.root / "deep" / "a.json").read_text())
    assert data["students"][1]["points"] == {"sgd": 1.0, "momentum": 0.5, "double": 0.0, "why": None}
    assert data["exercises"][0]["solved"] == 1 and data["exercises"][0]["discrimination"] is None
    assert data["mean"] == 7.75


def test_names_stand_beside_ids_and_the_csv_says_what_the_page_says(course, fill):
    late = {"at": datetime(2020, 1, 3), "penalty": 1.5}
    fill(
        {
            "ann": {"points": FULL, "names": ("Ant", "Ann"), "verdicts": known(momentum="a_slip"), **late},
            "bob": {"points": NOBODY, "names": ("Bee", "Bob"), "notes": ["The file was not graded: it is a link."]},
            "cyd": {"points": points(1.0, 0.5, why=None), "notes": ["The cell `sgd` was passed over: it hung."]},
            "dan": {"names": ("Dee", "Dan")},
        },
        due=datetime(2020, 1, 1),
    )
    report = class_report(course, NAME)
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(report.to_csv(), newline=""))}
    text = page_of(course)
    body = text.partition('<h2 id="students">')[2]
    for row in rows.values():
        shown = body.partition(f"<bdi>{row['student']}</bdi>")[2].partition("</tr>")[0]
        assert Page(shown.rpartition("<td")[2].partition(">")[2].removesuffix("</td>")).text == row["remarks"].replace(
            "`", ""
        )
    assert rows["ann"]["remarks"] == "late: 2 days, 1.5 points taken off; momentum: a slip"
    assert rows["ann"]["mistakes"] == "momentum: a slip"
    assert rows["bob"]["remarks"] == "refused: it is a link"
    assert rows["cyd"]["remarks"] == "waits for a person: why; The cell `sgd` was passed over: it hung"
    assert rows["dan"]["remarks"] == "nothing handed in"
    # In the lists, too.
    assert re.search(r"<li><bdi>bob</bdi> <small[^>]*><bdi>Bob Bee</bdi></small>: it is a link</li>", text)


def test_the_table_has_names_and_only_those_asked_for(course, fill):
    fill({"ann": {"points": FULL, "names": ("Ant", "Ann\x1b[2J")}, "bob": {"points": NOBODY, "notes": ["A note."]}})
    table = class_table(course, NAME)
    assert re.search(r"^ann \(Ann\\x1b\[2J Ant\) +14 ", table, re.MULTILINE)
    assert "bob: A note." in table
    alone = class_table(course, NAME, ["ann"])
    assert "bob" not in alone and "ann (Ann" in alone


def test_feedback_pages_are_linked_where_they_are(course, fill):
    names = ["ann", "b&b", "<i>", "javascript:alert(1)"]
    fill({name: {"points": FULL} for name in [*names, "zoe"]})
    for name in names:
        path = course.feedback(name, NAME) / f"{NAME}.html"
        path.parent.mkdir(parents=True)
        path.touch()
    links = {attrs["href"] for attrs in Page(page_of(course)).all("a")}
    folders = ("ann", "b%26b", "%3Ci%3E", "javascript%3Aalert%281%29")
    assert links == {f"../feedback/{folder}/{NAME}/{NAME}.html" for folder in folders}


def test_ids_and_all_texts_are_text(course, fill, submit):
    evil = f"{SCRIPT}\"'&\u202e"
    fill(
        {
            evil: {
                "points": FULL,
                "names": (SCRIPT, SCRIPT),
                "notes": [SCRIPT],
                "isolation": SCRIPT,
                "verdicts": {SCRIPT: {"known": [{"name": SCRIPT, "sentence": f"`{SCRIPT}`"}]}},
            },
            "bob": {"points": NOBODY, "notes": [f"The file was not graded: {SCRIPT}."]},
        }
    )
    submit(os.fsdecode(b"bro\xffken"))
    text = page_of(course)
    page = Page(text)
    assert SCRIPT not in text and not page.all("script") and page.text.count(SCRIPT) >= 8
    report = class_report(course, NAME)
    for content in (text, report.to_csv(), report.to_json()):
        content.encode()


def test_no_cell_of_the_table_is_a_formula(course, fill):
    evil = ["=1+1", "+1", "-1", "@x", "\t=1", " =1", '"=1', "a\nb", "a,b;c"]
    fill({name: {"points": FULL, "names": (name, name), "notes": [name]} for name in evil})
    rows = list(csv.reader(io.StringIO(class_report(course, NAME).to_csv(), newline="")))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert {row[0] for row in rows[1:]} == {f"'{e}" if e.lstrip(" ")[0] in "=+-@\t" else e for e in evil}


@given(st.lists(st.lists(st.one_of(st.text(), st.integers(-99, 99)), min_size=2, max_size=3), min_size=1))
def test_csv_is_read_back_as_it_was_but_for_formulas(rows):
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    told = [
        [
            cell.removeprefix("'") if str(v).strip(" ").startswith(FORMULA) else cell
            for v, cell in zip(*both, strict=True)
        ]
        for both in zip(rows, read, strict=True)
    ]
    assert told == [[str(value) for value in row] for row in rows]
    for row, back in zip(rows, read, strict=True):
        for value, cell in zip(row, back, strict=True):
            assert isinstance(value, int) or cell.strip(" ") == "-" or not cell.strip(" ").startswith(FORMULA)


def test_the_page_is_whole_loads_nothing_and_is_read_aloud(course, fill):
    fill({f"s{k}": {"points": points(k % 5, 5.0 - k % 3, why=None if k % 2 else 1.0)} for k in range(20)})
    text = page_of(course)
    page = Page(text)
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert not {"script", "link", "img", "iframe", "object", "embed"} & {tag for tag, _ in page.elements}
    assert "default-src 'none'" in text and not re.search(r"url\((?!#)|@import|\bsrc=", text)
    assert all(attrs["xlink:href"].startswith("#") for attrs in page.all("use"))
    used = {attrs["xlink:href"][1:] for attrs in page.all("use")} | set(re.findall(r"url\(#([^)]+)\)", text))
    assert used <= set(ids)
    for chart in page.all("svg"):
        assert chart["role"] == "img" and set(chart["aria-labelledby"].split()) <= set(ids)
    assert len(page.all("svg")) == 2 and all(attrs.get("scope") in ("col", "row") for attrs in page.all("th"))
    assert [attrs["lang"] for attrs in page.all("html")] == ["en"]
    assert "prefers-color-scheme:dark" in text and "@media print" in text
    # Every colour is one of the page's, which change with light and dark.
    assert not re.search(r"#0[1-9]0[1-9]0[1-9]|(?:fill|stroke): ?#", text)


def test_the_page_is_the_same_each_time(course, fill):
    fill({f"s{k}": {"points": points(k % 5, 2.0), "verdicts": known(sgd="slip")} for k in range(9)})
    assert page_of(course) == page_of(course)


def test_a_class_of_one(course, fill):
    fill({"ann": {"points": FULL}})
    page = Page(page_of(course))
    assert "1 of 1" in page.text and "median 14" in page.text


def test_a_class_whose_files_were_all_refused(course, fill):
    fill({"ann": {"points": NOBODY, "notes": ["The file was not graded: there is no file."]}})
    page = Page(page_of(course))
    assert "there is no file" in page.text and not page.all("svg")


def test_a_class_of_a_thousand(course, fill):
    rng = np.random.default_rng(1)
    fill(
        {
            f"student-{k:04}-with-a-name": {
                "points": dict(zip(WORTH, (rng.integers(0, 3, 4) / 2 * list(WORTH.values())).tolist(), strict=True)),
                "verdicts": known(sgd=f"slip_{k % 7}", momentum=f"slip_{k % 5}") if k % 3 else {},
                "notes": ["The cell of `sgd` occurs 2 times: the first that is not empty was graded."],
                "waits": ["why"],
                "at": datetime(2021, 1, 1),
                "penalty": 1.0,
            }
            for k in range(1000)
        },
        due=datetime(2020, 1, 1),
    )
    began = time.process_time()
    text = page_of(course)
    assert time.process_time() - began < 10 and len(text.encode()) < 2 * 2**20
    page = Page(text)
    assert "and 800 more, in the table" in page.text and "student-0999-with-a-name" in page.text


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (number(None), "–"),
        (number(2.0), "2"),
        (number(-0.001), "0"),
        (number(2.666), "2.67"),
        (percent(None), "–"),
        (percent(0.9999), "99\N{NBSP}%"),
        (percent(1.0), "100\N{NBSP}%"),
        (duration(0.5), "less than a second"),
        (duration(119), "119 seconds"),
        (duration(7200), "2 hours"),
        (duration(172_800), "2 days"),
    ],
)
def test_numbers_are_told_in_words_that_are_true(told, words):
    assert told == words
