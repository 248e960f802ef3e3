"""The page of all answers, in a browser: marks are typed, kept, filtered and saved as the table that is read back."""

import csv
import io

import pytest
from playwright.sync_api import expect

from autograder.grading.marks import ByHand
from autograder.report.answers import Answer, Answers, Question, _rows, answers_page

from .conftest import PATIENCE_MS

TEXTS = {
    "quaaaaaa": "First </textarea><script>document.title = 'run'</script>",
    "rbbbbbbb": "Second",
    "scccccccc": "Third",
}


@pytest.fixture
def page(browser, tmp_path):
    found = [
        Answer(f"s{key}", key, text, ByHand(None, "", False) if key[0] != "s" else ByHand(1.0, "Fine.", True), False)
        for key, text in TEXTS.items()
    ]
    question = Question("02_sgd", "why", 3.0, "Why?", "Because.")
    path = tmp_path / "answers.html"
    path.write_text(
        answers_page(Answers(question, tuple(found), {}, ("Say why.",)), False, "marks.csv"), encoding="utf-8"
    )
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(path.as_uri())
    yield page
    page.close()


def article(page, key):
    return page.locator(f"article[data-answer={key}]")


def test_marks_are_typed_kept_and_saved_as_a_table(page, tmp_path):
    expect(page.locator("#count")).to_have_text("1 of 3 read, 0 not saved in the gradebook yet")
    first, second, third = (article(page, key) for key in TEXTS)
    first.get_by_label("Points").fill("2.5")
    expect(first.get_by_label("read")).to_be_checked()
    page.get_by_role("button", name="Say why.").click()
    first.get_by_label("Comment").press("End")
    first.get_by_label("Comment").type('\n=so, "then"')
    # What was typed can be used again, and stays when the page is opened anew.
    first.get_by_label("Points").focus()
    expect(page.locator("#comments button")).to_have_count(2)
    page.reload()
    expect(first.get_by_label("Points")).to_have_value("2.5")
    first.get_by_label("Points").press("Enter")
    expect(second.get_by_label("Points")).to_be_focused()
    page.locator("#unread").check()
    expect(third).to_be_hidden()
    expect(second).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the marks").click()
    assert download.value.suggested_filename == "marks.csv"
    download.value.save_as(tmp_path / "marks.csv")
    rows = {row.key: row for row, problem in _rows(tmp_path / "marks.csv") if not problem}
    assert rows["quaaaaaa"].mark == ByHand(2.5, 'Say why.\n=so, "then"', True)
    assert [row.is_filled for row in rows.values()] == [True, False, False]
    assert page.title() == "02_sgd: why" and page.errors == []
    head = next(csv.reader(io.StringIO((tmp_path / "marks.csv").read_text("utf-8-sig"))))
    assert head == ["answer", "read", "points", "comment", "version"]
