"""A submission that takes the grader down is graded last and alone, then set aside; the class goes on."""

import os
import signal
import subprocess
import sys

import pytest

from autograder.grading.flights import Flights

KILLED = """
import os, signal, sys
from pathlib import Path
from autograder.grading.flights import Flights

flights = Flights(Path(sys.argv[1]), "steps")
for student in sys.argv[3:]:
    flights.begin(student, "key", alone=sys.argv[2] == "alone")
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(root, how, *students):
    """A grader that was killed while it graded these."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(root), how, *students], check=False)
    assert done.returncode == -signal.SIGKILL


def test_what_flew_when_the_grader_was_killed_is_known(tmp_path):
    killed(tmp_path, "together", "ada", "bob")
    flights = Flights(tmp_path, "steps")
    assert [flights.deaths(student, "key") for student in ("ada", "bob", "eve")] == [1, 1, 0]
    assert flights.deaths("ada", "another submission") == 0
    assert not flights.is_set_aside("ada", "key")


def test_who_ends_it_alone_too_is_set_aside_and_nobody_else(tmp_path):
    killed(tmp_path, "together", "ada", "eve")
    killed(tmp_path, "alone", "eve")
    flights = Flights(tmp_path, "steps")
    assert flights.is_set_aside("eve", "key")
    assert not flights.is_set_aside("ada", "key")


def test_company_alone_sets_nobody_aside(tmp_path):
    for _ in range(4):
        killed(tmp_path, "together", "ada", "bob")
    assert not Flights(tmp_path, "steps").is_set_aside("ada", "key")


def test_what_ended_in_an_orderly_way_leaves_no_note(tmp_path):
    flights = Flights(tmp_path, "steps")
    for student in ("ada", "bob"):
        flights.begin(student, "key", alone=True)
    flights.end("ada")
    flights.close()
    assert not list(flights.folder.iterdir())


def test_a_grader_that_lives_is_no_death(tmp_path):
    Flights(tmp_path, "steps").begin("ada", "key", alone=True)
    assert Flights(tmp_path, "steps").deaths("ada", "key") == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": "key"}', "null"])
def test_a_broken_note_is_none(tmp_path, content):
    flights = Flights(tmp_path, "steps")
    flights.begin("ada", "key", alone=True)
    (flights.folder / "ada").write_text(content)
    assert flights.deaths("ada", "key") == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_where_nothing_can_be_written_grading_goes_on(tmp_path):
    tmp_path.chmod(0o500)
    Flights(tmp_path, "steps").begin("ada", "key", alone=True)
