"""Where PyTorch is not installed, checks compare with the right solution, say so, and are the same in all else."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import exercises

ROOT = Path(__file__).parents[1]

# One process for all exercises: each one's right solution, and of every third one its first mistake.
JUDGED = """
import gc, importlib, json, pkgutil, sys
from autograder.worker.absent import hide
hide(["torch"])
import helpers
from autograder import check, exercises, lean
gc.disable()
lean.enter()
for module in pkgutil.walk_packages(helpers.__path__, "helpers."):
    if "__main__" not in module.name:
        importlib.import_module(module.name)
told = {}
for number, name in enumerate(sys.argv[1:]):
    exercise = exercises.load(name)
    right = check(name, *exercise.right)
    told[name] = {"right": right.to_text(), "passed": right.passed}
    if number % 3 == 0:
        wrong = next(mistake for mistake in exercise.mistakes if mistake.degree != "elsewhere")
        mistaken = check(name, *wrong.functions)
        told[name]["mistaken"] = {"passed": mistaken.passed, "named": mistaken.mistakes, "name": wrong.name}
        told[name]["mistaken"]["said"] = mistaken.to_text()
assert "torch" not in sys.modules
print(json.dumps(told))
"""
SAYS = "PyTorch is not installed: compared with the exercise's own right solution"
# Judged by how many unseen letters it reads: there is no reference.
WITHOUT_REFERENCE = "train"


def without_torch(code, *arguments, cwd=ROOT):
    environment = {"PATH": "", "DOWNHILL_PROGRESS": "", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(cwd)}
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def judged():
    done = without_torch(JUDGED, *(name for name in exercises.ids() if name != WITHOUT_REFERENCE))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_right_solution_passes_and_the_report_says_what_it_is_compared_with(judged):
    assert len(judged) == len(exercises.ids()) - 1
    for name, told in judged.items():
        assert told["passed"], told["right"]
        assert told["right"].count(SAYS) == 1, name


def test_mistakes_are_refused_and_named_as_ever(judged):
    mistaken = [told["mistaken"] for told in judged.values() if "mistaken" in told]
    assert len(mistaken) > 50
    for told in mistaken:
        assert not told["passed"] and told["named"] == [told["name"]] and told["said"].count(SAYS) == 1, told["said"]


def imports_of_torch(tree):
    """Those that run as the file is loaded."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name.partition(".")[0] == "torch" for name in names):
            yield node.lineno
        waiting += ast.iter_child_nodes(node)


@pytest.mark.parametrize("package", ["autograder", "helpers"])
def test_no_file_loads_torch_at_its_top(package):
    files = sorted((ROOT / package).rglob("*.py"))
    assert len(files) > 10
    for file in files:
        assert not list(imports_of_torch(ast.parse(file.read_text()))), file


@pytest.mark.parametrize("command", ["grade 02_sgd", "check 02_sgd"])
def test_grading_and_proving_say_that_they_need_it(command):
    code = "from autograder.worker.absent import hide; hide(['torch']); from autograder.cli import main; import sys; "
    done = without_torch(f"{code}sys.exit(main({command.split()!r}))")
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1 and "needs PyTorch: in the course's folder, pip install" in done.stderr


def test_an_exercise_without_a_right_solution_needs_it():
    code = """
from autograder.worker.absent import hide
hide(["torch"])
from dataclasses import replace
from autograder import exercises
from autograder.judge.judging import PUBLIC_SEED, draw
draw(replace(exercises.load("sgd"), right=(), _cache={}), PUBLIC_SEED)
"""
    done = without_torch(code)
    assert done.returncode == 1 and "The check of sgd, whose file has no right solution, needs PyTorch" in done.stderr
