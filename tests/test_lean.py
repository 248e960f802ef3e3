"""A command loads what it uses, and what it does not load is there all the same for who asks."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys, zipfile
from pathlib import Path

from autograder import lean

lean.enter()
import autograder.cli, autograder.grading.classroom, autograder.report.table

autograder.cli._need_torch("Grading")
heavy = "bleach bs4 jinja2 jupyter_server nbclient nbconvert.filters numpy requests scipy setuptools torch zmq"
print(*(name for name in heavy.split() if name in sys.modules), sep=",")

# Names that a package takes from its modules, a module, and what only the whole package has.
from nbgrader.preprocessors import Execute, SaveCells
from nbconvert import exporters
import nbconvert, nbgrader, nbgrader.utils

assert SaveCells.__module__ == "nbgrader.preprocessors.savecells" and Execute.__name__ == "Execute"
assert nbconvert.__version__ and exporters.HTMLExporter is nbconvert.HTMLExporter
assert nbgrader.load_formgrader and "nbgrader.server_extensions.formgrader" in sys.modules
assert not hasattr(nbgrader, "no_such_name")

with zipfile.ZipFile("some.zip", "w") as file:
    file.writestr("inside.txt", "text")
Path("there").mkdir()
nbgrader.utils.unzip("some.zip", "there")
print(Path("there/inside.txt").read_text())
"""


def test_a_command_loads_what_it_uses_and_the_rest_when_it_is_asked_for(tmp_path):
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["", "text"], done.stderr


def test_nothing_to_do_is_told_without_loading_what_grades():
    code = "import sys\nfrom autograder.cli import main\nfrom autograder.grading.unchanged import Watch\n"
    code += (
        "print(*(name for name in ('nbformat', 'nbgrader', 'numpy', 'sqlalchemy', 'traitlets') if name in sys.modules))"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout == "\n", done.stderr
