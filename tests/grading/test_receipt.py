"""What stands beside a feedback page lets nbgrader release it, and only to whom it belongs."""

import re
from datetime import datetime

import pytest

from autograder.grading.receipt import leave_receipt

SECRET = "0123456789abcdef" * 8
CAME = datetime(2026, 10, 5, 17, 30, 1, 250)


@pytest.fixture
def folders(tmp_path):
    """(submitted, autograded)"""
    submitted, autograded = tmp_path / "submitted", tmp_path / "autograded"
    submitted.mkdir()
    return submitted, autograded


def files(folder):
    return (folder / "timestamp.txt").read_text(), (folder / "submission_secret.txt").read_text()


def test_a_submission_by_the_exchange_keeps_its_time_and_its_secret(folders):
    submitted, autograded = folders
    (submitted / "submission_secret.txt").write_text(SECRET)
    leave_receipt(submitted, CAME, [autograded])
    assert files(autograded) == ("2026-10-05 17:30:01.000250 UTC", SECRET)


@pytest.mark.parametrize("secret", [None, "", "guessable", SECRET + "0", "../" + SECRET[3:], "ÿ"])
def test_any_other_gets_a_secret_that_nobody_knows(folders, secret):
    submitted, autograded = folders
    if secret is not None:
        (submitted / "submission_secret.txt").write_text(secret, encoding="latin-1")
    leave_receipt(submitted, None, [autograded])
    time, given = files(autograded)
    assert time == "" and re.fullmatch("[0-9a-f]{128}", given) and given != SECRET
    leave_receipt(submitted, None, [autograded])
    assert files(autograded) == (time, given)


def test_a_link_is_not_followed_and_not_written_through(folders, tmp_path):
    submitted, autograded = folders
    autograded.mkdir()
    mine = tmp_path / "mine"
    mine.write_text(SECRET)
    for folder in folders:
        (folder / "submission_secret.txt").symlink_to(mine)
    (autograded / "timestamp.txt").symlink_to(mine)
    leave_receipt(submitted, None, [autograded])
    assert SECRET not in files(autograded)
    assert mine.read_text() == SECRET
