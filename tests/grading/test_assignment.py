"""An assignment on its way to processes that grade."""

import pickle


def test_a_process_that_grades_many_unpacks_their_assignment_once(assignment):
    first, second = (pickle.loads(pickle.dumps(assignment)) for _ in range(2))
    assert first is second and first is not assignment
    assert (first.name, first.digest, first.notebook) == (assignment.name, assignment.digest, assignment.notebook)
    assert first.solutions.keys() == assignment.solutions.keys() and first.imports == assignment.imports


def test_what_one_submission_fills_in_is_not_there_for_the_next(assignment):
    arrived = pickle.loads(pickle.dumps(assignment))
    before = [cell.source for cell in arrived.notebook.cells]
    for cell in arrived.fresh().cells:
        cell.source = "filled in"
    assert [cell.source for cell in arrived.fresh().cells] == before
