"""Intake: whatever is submitted becomes the instructor's notebook with the student's answers, or is refused."""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from autograder.grading import intake
from autograder.grading.assignment import grade_id
from autograder.grading.intake import Refused, Submission, read, rebuild, refused

from .conftest import NAME, as_bytes


def take(assignment, notebook) -> Submission:
    return rebuild(assignment, notebook if isinstance(notebook, bytes) else as_bytes(notebook))


def sources(submission):
    return [cell.source for cell in submission.notebook.cells]


def source_of(submission, name):
    return next(cell.source for cell in submission.notebook.cells if grade_id(cell) == name)


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if grade_id(cell) == name)


def place_of(notebook, name):
    return [grade_id(cell) for cell in notebook.cells].index(name)


class TestRead:
    @pytest.fixture
    def path(self, tmp_path):
        path = tmp_path / "submitted" / "ann" / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        return path

    @pytest.fixture
    def within(self, tmp_path):
        return tmp_path / "submitted"

    def test_a_file_is_read(self, path, within):
        path.write_bytes(b"{}")
        assert read(path, within) == b"{}"

    def test_a_missing_file_is_refused(self, path, within):
        with pytest.raises(Refused, match=f"there is no {NAME}.ipynb"):
            read(path, within)

    @pytest.mark.parametrize("level", range(3))
    def test_a_link_at_any_level_is_refused(self, path, within, tmp_path, level):
        path.write_text("{}")
        place = [path, path.parent, path.parent.parent][level]
        place.rename(tmp_path / "elsewhere")
        place.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(Refused, match="is a link"):
            read(path, within)

    def test_a_dangling_link_is_refused(self, path, within):
        path.symlink_to("/nowhere")
        with pytest.raises(Refused, match="is a link"):
            read(path, within)

    def test_a_pipe_is_refused_without_waiting_for_it(self, path, within):
        os.mkfifo(path)
        with pytest.raises(Refused, match="no ordinary file"):
            read(path, within)

    def test_a_folder_is_refused(self, path, within):
        path.mkdir()
        with pytest.raises(Refused, match="no ordinary file"):
            read(path, within)

    def test_a_file_in_the_place_of_the_folder_is_refused(self, path, within):
        path.parent.rmdir()
        path.parent.write_text("")
        with pytest.raises(Refused, match="cannot be opened"):
            read(path, within)

    def test_a_file_of_the_largest_size_is_read_and_a_larger_one_refused(self, path, within, monkeypatch):
        monkeypatch.setattr(intake, "MAX_BYTES", 2**20)
        path.write_bytes(b"x" * 2**20)
        assert len(read(path, within)) == 2**20
        path.write_bytes(b"x" * (2**20 + 1))
        with pytest.raises(Refused, match="larger than 1 MB: clear its outputs"):
            read(path, within)

    def test_a_sparse_giant_takes_no_memory(self, path, within):
        with path.open("wb") as file:
            file.truncate(2**40)
        with pytest.raises(Refused, match="larger than 20 MB"):
            read(path, within)

    def test_descriptors_are_closed(self, path, within):
        path.mkdir()
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with pytest.raises(Refused):
                read(path, within)
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "broken or cut off"),
        (b"{", "broken or cut off"),
        (b'{"cells": [\n{"cell_type"', r"cut off \(line 2\)"),
        (b"\xff\xfe{}", "no text in UTF-8"),
        (b"[" * 100_000, "broken or cut off"),
        (b'{"cells":' + b"[" * 50_000 + b"]" * 50_000 + b', "nbformat": 4}', "broken or cut off"),
        (b'{"nbformat": ' + b"1" * 5000 + b', "cells": []}', "broken or cut off"),
        (b"null", "no notebook of format 4"),
        (b"[]", "no notebook of format 4"),
        (b'"cells"', "no notebook of format 4"),
        (b'{"cells": []}', "no notebook of format 4"),
        (b'{"cells": {}, "nbformat": 4}', "no notebook of format 4"),
        (b'{"cells": [], "nbformat": 3}', "no notebook of format 4"),
        (b'{"cells": [], "nbformat": NaN}', "no notebook of format 4"),
        (b'{"worksheets": [], "nbformat": 3}', "no notebook of format 4"),
        (b'{"cells": [], "nbformat": 4}', "none of its cells"),
        (b'{"cells": [1, null, "x", []], "nbformat": 4}', "none of its cells"),
        (b'{"cells": [' + b"{}," * 2000 + b'{}], "nbformat": 4}', "more than 2000 cells"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_notebook_is_refused_with_a_reason(assignment, data, reason):
    with pytest.raises(Refused, match=reason):
        rebuild(assignment, data)


def test_another_assignments_notebook_is_refused(assignment):
    cells = [{"cell_type": "code", "source": "1", "id": "other", "metadata": {"nbgrader": {"grade_id": "adam"}}}]
    with pytest.raises(Refused, match="was another notebook submitted"):
        rebuild(assignment, json.dumps({"cells": cells, "nbformat": 4}).encode())


def test_a_refused_file_leaves_the_instructors_notebook_and_the_reason(assignment):
    submission = refused(assignment, "it is a link")
    assert set(submission.missing) == set(assignment.solutions)
    assert submission.notes == ("The file was not graded: it is a link.",)
    assert submission.notebook == assignment.notebook and submission.notebook is not assignment.notebook


def test_answers_are_taken_and_all_else_is_the_instructors(assignment, write):
    submission = take(assignment, write(sgd="mine = 1", why="Because."))
    assert source_of(submission, "sgd") == "mine = 1" and source_of(submission, "why") == "Because."
    for mine, theirs in zip(submission.notebook.cells, assignment.notebook.cells, strict=True):
        if grade_id(mine) not in assignment.solutions:
            assert mine == theirs
        assert mine.metadata == theirs.metadata and mine.cell_type == theirs.cell_type and mine["id"] == theirs["id"]
    assert submission.missing == {} and submission.notes == () and not submission.untouched


def test_hidden_tests_come_back(assignment, write):
    assert "hidden_constant" not in str(write())
    assert "hidden_constant" in source_of(take(assignment, write()), "check_double")


def test_changed_text_cells_are_ignored(assignment, released):
    for cell in released.cells:
        if cell.cell_type == "markdown" and not grade_id(cell):
            cell.source = "Changed: true."
    submission = take(assignment, released)
    assert not any("Changed" in source for source in sources(submission))


def test_changed_read_only_code_runs_as_the_students_and_the_courses_stays(assignment, released):
    for cell in released.cells:
        if cell.cell_type == "code" and grade_id(cell) not in assignment.solutions:
            cell.source = "changed = True"
    submission = take(assignment, released)
    theirs = [cell for cell in submission.notebook.cells if cell.source == "changed = True"]
    assert len(theirs) == 6 and all(cell.metadata == {"downhill": {"extra": True}} for cell in theirs)
    rest = [cell for cell in submission.notebook.cells if cell not in theirs]
    assert rest == assignment.notebook.cells
    assert len(submission.notes) == 6 and "`setup_1` (cell 2) is not as it was handed out" in submission.notes[0]


def test_a_check_that_was_deleted_is_where_it_was_and_one_that_was_moved_where_it_stands(assignment, write):
    notebook = write()
    check = notebook.cells.pop(place_of(notebook, "check_sgd"))
    notebook.cells.append(check)
    notebook.cells.pop(place_of(notebook, "check_momentum"))
    names = [grade_id(cell) for cell in take(assignment, notebook).notebook.cells]
    wanted = [grade_id(cell) for cell in assignment.notebook.cells]
    wanted.remove("check_sgd")
    assert names == [*wanted, "check_sgd"]


def test_tags_outputs_and_metadata_of_the_student_do_not_survive(assignment, write):
    notebook = write()
    notebook.metadata.update(kernelspec={"name": "evil"}, nbgrader_evil=True)
    for cell in notebook.cells:
        cell.metadata.update(tags=["skip-execution"], evil=True)
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(points=1000, locked=False, checksum="0", grade=True)
        if cell.cell_type == "code":
            cell.outputs = [new_output("stream", text="evil")]
    text = str(take(assignment, notebook).notebook)
    assert "evil" not in text and "skip-execution" not in text and "1000" not in text


def test_stripped_metadata_is_made_up_for_by_the_cells_own_ids(assignment, write):
    notebook = write(sgd="mine = 1", after={"sgd": ["extra = 1"]})
    for cell in notebook.cells:
        cell.metadata.clear()
    submission = take(assignment, notebook)
    assert source_of(submission, "sgd") == "mine = 1" and source_of(submission, "why") != ""
    assert [s for s in sources(submission) if s == "extra = 1"] == ["extra = 1"]
    assert submission.missing == {}


def test_stripped_ids_are_made_up_for_by_the_metadata(assignment, write):
    content = json.loads(as_bytes(write(sgd="mine = 1")))
    for cell in content["cells"]:
        del cell["id"]
    assert source_of(take(assignment, json.dumps(content).encode()), "sgd") == "mine = 1"


def test_a_source_may_be_a_list_of_lines(assignment, write):
    content = json.loads(as_bytes(write(sgd="a = 1\nb = 2")))
    assert isinstance(next(c for c in content["cells"] if c["id"] == "sgd")["source"], list)
    assert source_of(take(assignment, json.dumps(content).encode()), "sgd") == "a = 1\nb = 2"


def test_of_a_doubled_id_all_stand_where_they_stood_and_the_last_is_recorded_as_the_exercises(assignment, write):
    notebook = write()
    place = place_of(notebook, "sgd")
    copies = []
    for source in ("  \n", "first = 1", "second = 2"):
        cell = new_code_cell(source, metadata=notebook.cells[place].metadata)
        copies.append(cell)
    notebook.cells[place : place + 1] = copies
    submission = take(assignment, notebook)
    steps = [step if isinstance(step, str) else step.source for step in submission.steps]
    assert steps[1:5] == ["  \n", "first = 1", "second = 2", "check_sgd"]
    assert source_of(submission, "sgd") == "second = 2"
    assert submission.notes[0].startswith("The cell of `sgd` stands 3 times in the notebook (cells 3, 4 and 5)")
    assert submission.missing == {}


def test_a_doubled_check_is_still_one_check(assignment, write):
    notebook = write()
    place = place_of(notebook, "check_sgd")
    notebook.cells.insert(place, notebook.cells[place])
    names = [grade_id(cell) for cell in take(assignment, notebook).notebook.cells]
    assert names.count("check_sgd") == 1


def test_a_missing_cell_is_told_and_the_stub_stands_there(assignment, write):
    notebook = write()
    del notebook.cells[place_of(notebook, "sgd")]
    submission = take(assignment, notebook)
    assert submission.missing == {"sgd": "The cell of `sgd` is missing from the notebook."}
    assert submission.notes == tuple(submission.missing.values())
    assert "NotImplementedError" in source_of(submission, "sgd")
    assert not submission.untouched


def test_a_code_cell_that_was_turned_into_text_is_code_again_and_told(assignment, write):
    notebook = write(sgd="mine = 1")
    place = place_of(notebook, "sgd")
    notebook.cells[place] = new_markdown_cell(notebook.cells[place].source, metadata=notebook.cells[place].metadata)
    submission = take(assignment, notebook)
    cell = cell_of(submission.notebook, "sgd")
    assert cell.cell_type == "code" and cell.source == "mine = 1" and cell in submission.steps
    assert submission.notes == ("The cell of `sgd` (cell 3) was turned into text: it was run as code.",)


def test_a_copy_that_was_turned_into_text_does_not_hide_the_code(assignment, write):
    notebook = write(sgd="mine = 1")
    place = place_of(notebook, "sgd")
    notebook.cells.insert(place, new_markdown_cell("My notes", metadata=notebook.cells[place].metadata))
    submission = take(assignment, notebook)
    assert submission.missing == {} and source_of(submission, "sgd") == "mine = 1"


def test_an_answer_that_was_turned_into_code_is_still_an_answer(assignment, write):
    notebook = write()
    place = place_of(notebook, "why")
    notebook.cells[place] = new_code_cell("Because.", metadata=notebook.cells[place].metadata)
    submission = take(assignment, notebook)
    cell = cell_of(submission.notebook, "why")
    assert (cell.cell_type, cell.source) == ("markdown", "Because.")


def test_an_enormous_source_is_missing_and_the_rest_is_kept(assignment, write):
    submission = take(assignment, write(sgd="#" * (intake.MAX_SOURCE + 1)))
    assert list(submission.missing) == ["sgd"] and "double" not in submission.missing


def test_a_text_answer_has_an_end_that_is_told(assignment, write):
    submission = take(assignment, write(why=r"\begin{a}" * 22_222))
    (answer,) = (cell.source for cell in submission.notebook.cells if grade_id(cell) == "why")
    assert answer.startswith(r"\begin{a}") and answer.endswith(
        "(cut off here: a text answer has 20,000 characters at most)"
    )
    assert len(answer) < intake.MAX_TEXT + 100
    assert submission.notes == ("The answer `why` is longer than 20,000 characters: the rest was cut off.",)


def test_extra_cells_stand_where_they_stood(assignment, write):
    notebook = write(
        after={
            "sgd": ["a = 1", "b = 2"],
            "check_sgd": ["c = 3"],
            "demo_race": ["d = 4"],
            "demo_where_you_stand": ["z = 9"],
        }
    )
    notebook.cells.insert(0, new_code_cell("start = 0"))
    submission = take(assignment, notebook)
    order = sources(submission)
    assert order[0] == "start = 0" and order[-1] == "z = 9"
    place = order.index(source_of(submission, "sgd"))
    assert order[place + 1 : place + 3] == ["a = 1", "b = 2"]
    assert order[place + 3].startswith("<details>")
    assert order[place + 4] == source_of(submission, "check_sgd") and order[place + 5] == "c = 3"
    ids = [cell["id"] for cell in submission.notebook.cells]
    assert len(set(ids)) == len(ids)
    extra = [cell for cell in submission.notebook.cells if cell.metadata.get("downhill", {}).get("extra")]
    assert [cell.source for cell in extra] == ["start = 0", "a = 1", "b = 2", "c = 3", "d = 4", "z = 9"]


def test_an_extra_cell_after_a_text_cell_stands_after_it(assignment, write):
    notebook = write()
    place = next(k for k, cell in enumerate(notebook.cells) if cell.source == "More.")
    notebook.cells.insert(place + 1, new_code_cell("extra = 1"))
    order = sources(take(assignment, notebook))
    assert order[order.index("More.") + 1] == "extra = 1"


def test_extra_text_and_empty_cells_are_left_out(assignment, write):
    notebook = write(after={"sgd": ["  "]})
    notebook.cells += [new_markdown_cell("note"), new_code_cell("#" * (intake.MAX_SOURCE + 1))]
    assert len(sources(take(assignment, notebook))) == len(assignment.notebook.cells)


def test_an_extra_cell_cannot_name_itself_a_check(assignment, write):
    notebook = write(after={"sgd": ["x = 1"]})
    extra = next(cell for cell in notebook.cells if cell.source == "x = 1")
    extra.metadata = {"nbgrader": {"grade_id": "check_new", "grade": True, "points": 99, "solution": False}}
    cell = next(cell for cell in take(assignment, notebook).notebook.cells if cell.source == "x = 1")
    assert cell.metadata == {"downhill": {"extra": True}}


def test_the_release_as_it_came_is_untouched(assignment, released):
    assert take(assignment, released).untouched
    cell_of(released, "sgd").source += "\n\n"
    assert take(assignment, released).untouched
    cell_of(released, "why").source = "Because."
    assert not take(assignment, released).untouched


def test_an_extra_cell_touches_the_release(assignment, released):
    released.cells.append(new_code_cell("x = 1"))
    assert not take(assignment, released).untouched


def test_nulls_and_lone_surrogates_become_a_text_that_can_be_written(assignment, write):
    content = json.loads(as_bytes(write()))
    next(cell for cell in content["cells"] if cell["id"] == "sgd")["source"] = ["a\0b", "\ud800c"]
    source = source_of(take(assignment, json.dumps(content).encode()), "sgd")
    assert source == "a\0b?c"
    source.encode()


def test_the_assignment_itself_is_never_changed(assignment, write):
    before = str(assignment.notebook)
    submission = take(assignment, write(sgd="mine"))
    submission.notebook.cells[0].source = "changed"
    assert str(assignment.notebook) == before


def test_a_file_of_a_windows_editor_is_read(assignment, write):
    data = b"\xef\xbb\xbf" + as_bytes(write(sgd="mine = 1")).replace(b"\n", b"\r\n")
    assert source_of(take(assignment, data), "sgd") == "mine = 1"


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
IDS = st.sampled_from(
    ["sgd", "check_sgd", "momentum", "why", "text_1", "text_2", "setup_1", "hints_sgd", "extra_0", ""]
)
METADATA = st.one_of(
    st.just({}),
    JSON,
    st.fixed_dictionaries({"nbgrader": st.one_of(JSON, st.fixed_dictionaries({"grade_id": st.one_of(IDS, JSON)}))}),
)
CELLS = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {},
        optional={
            "cell_type": st.one_of(st.sampled_from(["code", "markdown", "raw"]), JSON),
            "id": st.one_of(IDS, JSON),
            "metadata": METADATA,
            "source": st.one_of(st.text(max_size=20), st.lists(st.one_of(st.text(max_size=5), JSON), max_size=3), JSON),
            "outputs": JSON,
        },
    ),
)
NOTEBOOKS = st.one_of(
    JSON,
    st.fixed_dictionaries({"cells": st.one_of(st.lists(CELLS, max_size=8), JSON), "nbformat": st.just(4)}),
)


@settings(max_examples=300)
@given(NOTEBOOKS)
def test_any_json_is_a_submission_or_refused(assignment, content):
    try:
        submission = rebuild(assignment, json.dumps(content).encode())
    except Refused as error:
        assert str(error)
        return
    names = [grade_id(cell) for cell in submission.notebook.cells if grade_id(cell)]
    assert sorted(names) == sorted(grade_id(cell) for cell in assignment.notebook.cells if grade_id(cell))
    assert set(assignment.checks) <= {step for step in submission.steps if isinstance(step, str)}
    as_bytes(submission.notebook)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_submission_or_refused(assignment, data):
    with pytest.raises(Refused):
        rebuild(assignment, data)
