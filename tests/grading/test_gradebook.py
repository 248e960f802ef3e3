"""A new gradebook is nbgrader's newest."""

from pathlib import Path

import nbgrader
from alembic.script import ScriptDirectory

from autograder.grading.gradebook import _newest_schema


def test_a_new_gradebook_has_nbgraders_newest_schema():
    scripts = ScriptDirectory(str(Path(nbgrader.__file__).parent / "alembic"))
    assert _newest_schema() == scripts.get_current_head()
