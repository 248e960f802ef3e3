"""A command loads what it uses, and what it does not load is there all the same for who asks."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys, zipfile
from pathlib import Path

from autograder import lean

lean.enter()
import autograder.cli, autograder.grading.classroom, autograder.report.table, autograder.sandbox.levels

autograder.cli._need_torch("Grading")
heavy = "bleach bs4 jinja2 jupyter_server nbclient nbconvert.filters numpy requests scipy setuptools torch zmq"
print(*(name for name in heavy.split() if name in sys.modules), sep=",")

import autograder.course.build
from rfc3987_syntax import is_valid_syntax

assert "parsers" not in sys.modules
assert is_valid_syntax("iri", "https://example.org/a")
assert not is_valid_syntax("iri", "not an address") and "parsers" in sys.modules

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

# As a newer jsonschema than this environment's would load it.
ADDRESSES = """
import parsers

def is_valid_syntax(term, value):
    return term == "iri" and value.startswith("https:")
"""

# A package named torch, as PyTorch is and made otherwise: how it ends.
GENERATOR = "class Generator: ready = False\n"
OTHERS = "def __getattr__(name): return importlib.import_module(f'torch.{name}')\n"
ENDS = {
    "as it is": f"{GENERATOR}{OTHERS}from torch import _meta_registrations",
    "bound by nothing": f"{GENERATOR}{OTHERS}import torch._meta_registrations",
    "a name is taken": f"{GENERATOR}{OTHERS}from torch._meta_registrations import name",
    "not loaded at the start": f"{GENERATOR}{OTHERS}",
    "without names of that kind": "from torch import _meta_registrations",
}
MODULES = {
    "_meta_registrations": "import torch._refs\nif hasattr(torch, 'Generator'): torch.Generator.ready = True\nname = 1",
    "_refs": "import torch._decomp",
    "_decomp": "",
    "other": "",
}
USES = [
    "torch.Generator.ready",
    "torch.other.__name__",
    "torch._meta_registrations.name",
    "importlib.import_module('torch._meta_registrations').name",
    "importlib.import_module('torch._decomp').__spec__.loader.__class__.__name__",
    "importlib.import_module('torch.other').__name__",
]
# What has run at the start; by the time that something was used, which says what; and whether all names are back.
USE = """
import builtins, importlib, sys
from autograder import lean

sys.path.insert(0, "")
for enter in (lambda: None, lean.enter):
    enter()
    for use in sys.argv[1:]:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torch"]:
            del sys.modules[name]
        builtins.ran = []
        import torch
        started = list(builtins.ran)
        try:
            said = eval(use)
        except AttributeError as error:
            said = str(error)
        print(started, builtins.ran, said, "Generator" in vars(torch), sep="; ")
"""


def test_a_command_loads_what_it_uses_and_the_rest_when_it_is_asked_for(tmp_path):
    (tmp_path / "rfc3987_syntax.py").write_text(ADDRESSES)
    (tmp_path / "parsers.py").touch()
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["", "text"], done.stderr


@pytest.mark.parametrize("end", ENDS)
def test_what_waits_of_pytorch_comes_once_and_in_its_order(tmp_path, end):
    """Whatever is asked for first, and however PyTorch is made."""
    (tmp_path / "torch").mkdir()
    for name, text in {"__init__": f"import importlib\n{ENDS[end]}", **MODULES}.items():
        (tmp_path / "torch" / f"{name}.py").write_text(f"import builtins; builtins.ran.append(__name__)\n{text}\n")
    program = [sys.executable, "-c", USE, *USES]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = [line.split("; ", 1) for line in done.stdout.splitlines()]
    assert len(lines) == 2 * len(USES), done.stderr
    whole, late = lines[: len(USES)], lines[len(USES) :]
    assert [used for _, used in late] == [used for _, used in whole]
    assert {start for start, _ in late} == ({whole[0][0]} if end == "a name is taken" else {"['torch']"})


def test_nothing_to_do_is_told_without_loading_what_grades():
    code = "import sys\nfrom autograder.cli import main\nfrom autograder.grading.unchanged import Watch\n"
    code += (
        "print(*(name for name in ('nbformat', 'nbgrader', 'numpy', 'sqlalchemy', 'traitlets') if name in sys.modules))"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout == "\n", done.stderr
