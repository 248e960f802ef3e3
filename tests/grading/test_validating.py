"""nbgrader's Validate on broken notebooks: words, no traceback; what all is well stays said."""

import io
import json
import os
from pathlib import Path
from unittest import mock

import nbformat
import pytest
from nbgrader.apps import NbGrader
from nbgrader.validator import Validator

from autograder import validating

from .test_broken_notebooks import WRONG, Broken

ROOT = Path(__file__).parents[2]


@pytest.fixture
def validator(monkeypatch):
    """nbgrader's own class as the settings change it, for one test; what it prints is in its stream."""
    for name in ("validate", "validate_and_print"):
        monkeypatch.setattr(Validator, name, getattr(Validator, name))
    monkeypatch.setattr(Validator, "_in_words", False, raising=False)
    validating.in_words()
    validator = Validator()
    validator.stream = io.StringIO()
    return validator


@pytest.fixture
def broken(write, notebooks):
    return Broken(write(), notebooks[1])


def saved(broken, folder, name="02.ipynb"):
    path = folder / name
    path.write_bytes(broken if isinstance(broken, bytes) else json.dumps(broken.content).encode())
    return str(path)


def mended(broken, folder):
    return validating._mended(Path(saved(broken, folder)))


def doubled(nb):
    nb.copy("sgd", "sgd", WRONG)


def doubled_check(nb):
    nb.copy("check_sgd", "check_sgd")


def doubled_answer(nb):
    nb.copy("why", "why")


def turned_into_raw(nb):
    nb.turn("sgd", "raw")


def turned_into_code(nb):
    nb.turn("why", "code")


def lost(nb):
    nb.lose_all()


def damaged_marks(nb):
    nb.cell("check_sgd")["metadata"]["nbgrader"] = {"grade_id": 7}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (doubled, "The cell of `sgd` stands 2 times in the notebook: cells 3 and 4, counted from the top."),
        (doubled_check, "Grading looks at each of them, and the best counts."),
        (doubled_answer, "Whoever reads your answer reads all of them."),
        (turned_into_raw, "The cell of `sgd` (cell 3) was turned into another type. Grading takes it as code."),
        (turned_into_code, "press M"),
        (lost, "2 check(s) found by their text"),
        (damaged_marks, "1 check(s) found by their text"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_wrong_is_said_and_mended(broken, tmp_path, change, words):
    change(broken)
    notebook, notes = mended(broken, tmp_path)
    assert len(notes) == 1 and words in notes[0][1]
    names = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert len(set(names)) == len(names) and {"check_sgd", "check_momentum"} <= set(names)
    nbformat.validate(notebook)


def test_a_sound_notebook_is_left_as_it_is(broken, tmp_path):
    notebook, notes = mended(broken, tmp_path)
    assert notes == [] and [cell["id"] for cell in notebook.cells] == [cell["id"] for cell in broken.cells]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"nbformat": 3}', b"\xff\xfe", b'{"nbformat": 4, "cells": [1]}'])
def test_a_file_that_is_no_notebook_is_said_to_be_none(validator, tmp_path, data):
    path = saved(data, tmp_path)
    (entry,) = validator.validate(path)["failed"]
    assert "no whole notebook" in entry["error"] or "no notebook of format 4" in entry["error"]
    validator.validate_and_print(path)
    assert validator.stream.getvalue() == f"\n{entry['raw_error']}\n"
    assert (
        validator.validate(str(tmp_path / "none.ipynb"))["failed"][0]["error"]
        == "none.ipynb cannot be read: No such file or directory."
    )


def test_doubled_and_copied_cells_are_run_told_and_judged(validator, broken, tmp_path):
    right = broken.source("sgd")
    broken.write("sgd", WRONG)
    broken.copy("check_sgd", "demo_race")
    broken.copy("sgd", "check_sgd", right, after=1)
    broken.write("momentum", broken.stub("momentum"))
    broken.drop("demo_race")
    with mock.patch.dict(os.environ, DOWNHILL_PROGRESS=""):
        validator.validate_and_print(saved(broken, tmp_path))
    said = validator.stream.getvalue()
    assert "VALIDATION FAILED ON 1 CELL(S)" in said and "momentum: 0 / 5 points" in said
    assert "sgd: " not in said.split("The cell of `sgd`")[0]
    assert "`sgd` stands 2 times" in said and "`check_sgd` stands 2 times" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("place", ["", "helpers/lab"])
def test_the_settings_here_and_in_a_learners_lab_bring_the_words(monkeypatch, tmp_path, place):
    before = Validator.validate, Validator.validate_and_print
    monkeypatch.setattr(Validator, "_in_words", False, raising=False)
    for name, method in zip(("validate", "validate_and_print"), before, strict=True):
        monkeypatch.setattr(Validator, name, method)
    monkeypatch.chdir(tmp_path if place else ROOT)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(ROOT / place) if place else "")
    # As the button's handler reads them.
    NbGrader().load_config_file()
    assert Validator._in_words and Validator.validate is not before[0]
