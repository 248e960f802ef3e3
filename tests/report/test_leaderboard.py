"""The leaderboard: places by accuracy, nobody named unless asked for, the same on text, page and table."""

import csv
import io

import pytest

from autograder import cli
from autograder.report.class_report import class_report
from autograder.report.leaderboard import leaderboard, leaderboard_csv, leaderboard_page, leaderboard_text
from autograder.report.output import ReportError
from autograder.report.table import class_table

from ..grading.conftest import NAME
from .conftest import FULL, known
from .test_class_report import Page

OTHERS = {"softmax regression": [0.8, 0.3], "two layers, SGD": [0.82, 0.2]}


def trained(accuracy, **more):
    numbers = {"accuracy": accuracy, "shifted": accuracy - 0.1, "noisy": accuracy - 0.2, "ece": 0.02}
    measured = {**numbers, "train_seconds": 9.5, "neighbours": OTHERS, **more}
    return {**known(), "train": {"note": "", "known": [], "points": 71.0, "measured": measured}}


@pytest.fixture
def filled(course, fill):
    verdicts = {"ann": trained(0.9), "bob": trained(0.97), "cem": trained(0.9), "dan": known(sgd="sign")}
    rows = {who: {"points": FULL, "verdicts": told, "names": ("Last", who.title())} for who, told in verdicts.items()}
    rows["eve"] = {"names": ("=SUM(1)", "<b>Eve")}
    fill(rows)
    return course


def test_places_go_by_accuracy_and_equals_share_one(filled):
    found = leaderboard(filled, NAME, names=True)
    assert [(one.place, one.who, one.accuracy) for one in found if one.place == 1] == [(1, "bob (Bob Last)", 0.97)]
    assert {one.who for one in found if one.place == 2} == {"ann (Ann Last)", "cem (Cem Last)"}
    assert [(one.place, one.who) for one in found[-2:]] == [(None, "two layers, SGD"), (None, "softmax regression")]
    assert len(found) == 5


def test_nobody_is_named_unless_asked_for(filled):
    standings = leaderboard(filled, NAME)
    for text in (leaderboard_text(standings), leaderboard_csv(standings), leaderboard_page(standings, NAME)):
        assert not any(word in text for word in ("ann", "Ann", "bob", "cem", "Last"))
        assert "softmax regression" in text


def test_text_page_and_table_say_the_same(filled):
    standings = leaderboard(filled, NAME, names=True)
    rows = list(csv.DictReader(io.StringIO(leaderboard_csv(standings))))
    assert [float(row["accuracy"]) for row in rows] == [0.97, 0.9, 0.9, 0.82, 0.8]
    page, text = Page(leaderboard_page(standings, NAME)), leaderboard_text(standings)
    for shown in ("bob (Bob Last)", "97.0%", "87.0%", "77.0%", "0.020", "9.5", "71"):
        assert shown in page.text and shown in text
    assert not page.all("script")


def test_the_command_writes_the_page_and_the_table(filled, capsys):
    assert cli.main(["leaderboard", NAME, "--csv", "board.csv"]) == 0
    assert "97.0%" in capsys.readouterr().out
    assert "97.0%" in (filled.root / "reports" / f"{NAME}-leaderboard.html").read_text()
    assert (filled.root / "board.csv").read_text().startswith("place,who,accuracy")


def test_where_nothing_is_measured_there_is_no_leaderboard(course, fill):
    fill({"dan": {"points": FULL, "verdicts": known(sgd="sign")}})
    with pytest.raises(ReportError, match="no graded submission has a measured accuracy"):
        leaderboard(course, NAME)


def test_class_table_and_report_say_the_accuracy(filled):
    assert "train: 97.0% right" in class_table(filled, NAME)
    (bob,) = [one for one in class_report(filled, NAME).students if one.id == "bob"]
    assert bob.accuracy == {"train": 0.97} and "train: 97.0% right" in bob.remarks
