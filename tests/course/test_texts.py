"""What the texts of the notebooks promise: answers, a path, references, code in PyTorch that says the same."""

import ast
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from autograder.course.build import texts, topics
from autograder.course.source import parse, worked

ROOT = Path(__file__).parents[2]
SECTION = re.compile(r"^## (\d+) · ", re.MULTILINE)
ANSWER = "<details><summary>Answer</summary>"
FOLD = re.compile(r"<details><summary>The same in PyTorch</summary>\n(.*?)</details>", re.DOTALL)
# Exercises that PyTorch has nothing to put beside, or has within what another section shows.
NOT_IN_PYTORCH = {"04_beyond_adam": {4, 5, 6, 7, 8, 9, 11}, "05_second_order": {3, 4, 5}, "12_training": {2}}
SNIPPET = re.compile(r"```python\n(.*?)```", re.DOTALL)


@cache
def cells_of(topic):
    return parse(ROOT / "solutions" / f"{topic}.py", ROOT).cells


@cache
def sections(topic):
    """The cells of each numbered section, by its number."""
    found = {}
    number = None
    for cell in cells_of(topic):
        if cell.kind == "text" and re.search("^## ", cell.source, re.MULTILINE):
            heading = SECTION.search(cell.source)
            number = int(heading[1]) if heading else None
        if number is not None:
            found.setdefault(number, []).append(cell)
    return found


def folds(topic):
    """The code of each fold in PyTorch, by its section."""
    for number, cells in sections(topic).items():
        for cell in cells:
            for fold in FOLD.findall(cell.source) if cell.kind == "text" else ():
                (code,) = SNIPPET.findall(fold)
                yield number, code


ASSIGNMENTS = topics(ROOT)
# Minutes that an exercise takes, by its difficulty.
EXERCISE_MINUTES = {1: 6, 2: 12, 3: 25}


@pytest.mark.parametrize("topic", texts(ROOT))
def test_every_question_has_a_folded_answer_or_is_graded(topic):
    cells = cells_of(topic)
    for number, cell in enumerate(cells):
        if cell.kind != "text" or "### Question" not in cell.source:
            continue
        following = []
        for later in cells[number + 1 :]:
            if later.kind == "text" and re.search("^##+ ", later.source, re.MULTILINE):
                break
            following.append(later)
        asked = cell.source[cell.source.index("### Question") :]
        answered = ANSWER in asked or any(ANSWER in later.source for later in following)
        graded = any(later.kind == "answer" for later in following)
        assert answered or graded, f"{topic}.py:{cell.line}"


@pytest.mark.parametrize("topic", ASSIGNMENTS)
def test_the_same_in_pytorch_is_the_same(topic):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    names = worked(topic, ROOT, also=lambda cell: "SEED" in cell.source and cell.kind == "setup")
    exercises = {cell.id: names[cell.id] for cell in cells_of(topic) if cell.kind == "exercise"}
    for number, code in folds(topic):
        *before, last = ast.parse(code).body
        try:
            exec(compile(ast.Module(before, []), f"<{topic}, {number}>", "exec"), names)
            pair = eval(compile(ast.Expression(last.value), f"<{topic}, {number}>", "eval"), names)
        except Exception as error:
            raise AssertionError(f"section {number} of {topic}: {code}") from error
        assert isinstance(pair, tuple) and len(pair) == 2, number
        assert all(names[name] is function for name, function in exercises.items()), number
        random = "few percent" in fold_of(topic, number)
        agree(*pair, {"rtol": 0.05} if random else {"rtol": 2e-4, "atol": 2e-5}, f"section {number}")


def fold_of(topic, number):
    return "".join(fold for cell in sections(topic)[number] for fold in FOLD.findall(cell.source))


def agree(theirs, ours, tolerance, where):
    if isinstance(theirs, (tuple, list)):
        assert len(theirs) == len(ours), where
        for one, other in zip(theirs, ours, strict=True):
            agree(one, other, tolerance, where)
        return
    theirs = theirs.detach().numpy() if hasattr(theirs, "detach") else np.asarray(theirs)
    ours = ours.detach().numpy() if hasattr(ours, "detach") else np.asarray(ours)
    assert theirs.size == ours.size > 0, where
    np.testing.assert_allclose(theirs, ours, **tolerance, err_msg=where)


@pytest.mark.parametrize("topic", ASSIGNMENTS)
def test_every_section_with_an_exercise_shows_the_same_in_pytorch(topic):
    shown = [number for number, _ in folds(topic)]
    assert len(shown) == len(set(shown))
    with_exercise = {n for n, cells in sections(topic).items() if any(cell.kind == "exercise" for cell in cells)}
    assert with_exercise - NOT_IN_PYTORCH.get(topic, set()) <= set(shown)


@pytest.mark.parametrize("topic", ASSIGNMENTS)
def test_code_in_a_fold_is_as_narrow_as_a_cell(topic):
    assert [line for _, code in folds(topic) for line in code.splitlines() if len(line) > 79] == []


@pytest.mark.parametrize("topic", ASSIGNMENTS)
def test_the_core_path_is_where_the_header_says(topic):
    exercises = [cell for cell in cells_of(topic) if cell.kind == "exercise"]
    assert all(cell.path for cell in exercises)
    told = re.search(r"\*\*Core path:\*\* .*?sections? ([\d, and\nto]+)", cells_of(topic)[0].source)
    spans = [re.findall(r"\d+", span) for span in re.split(r",|and", told[1])]
    path = {n for span in spans if span for n in range(int(span[0]), int(span[-1]) + 1)}
    assert path <= set(sections(topic))
    for number, cells in sections(topic).items():
        marks = [cell.path for cell in cells if cell.kind == "exercise"]
        assert not marks or ("core" in marks) == (number in path), f"section {number}"


@pytest.mark.parametrize("topic", ASSIGNMENTS)
def test_core_exercises_call_none_that_is_extra(topic):
    exercises = [cell for cell in cells_of(topic) if cell.kind == "exercise"]
    extra = {cell.id for cell in exercises if cell.path == "extra"}
    for cell in exercises:
        if cell.path == "core":
            called = {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}
            assert not called & extra, cell.id


@pytest.mark.parametrize("topic", ASSIGNMENTS)
def test_the_header_tells_the_minutes_that_its_cells_take(topic):
    """By 215 words a minute; answers read, pictures looked at and exercises written take longer than their words."""
    header = cells_of(topic)[0].source.replace("\n", " ")
    everything, core = (
        int(re.search(rf"\*\*{name}:\*\*.*?about (\d+) minutes", header)[1]) for name in ("Time", "Core path")
    )
    assert core < everything
    spent = 0.0
    for cell in cells_of(topic):
        if cell.kind in ("text", "exercise"):
            said = cell.source if cell.kind == "text" else cell.source.partition("### BEGIN SOLUTION")[0]
            spent += len(re.findall(r"\w+", re.sub(r"\]\(\S+\)|```.*?```", "", said, flags=re.DOTALL))) / 215
        spent += 2 * cell.source.count("### Question") + EXERCISE_MINUTES.get(cell.difficulty, 0)
        spent += {"demo": 2, "answer": 12}.get(cell.kind, 0)
    assert everything > 0.65 * spent, f"{everything} minutes for what takes about {spent:.0f}"


@pytest.mark.parametrize("topic", ASSIGNMENTS)
def test_the_end_leads_on(topic):
    """To something open, and to a paper, PyTorch's own pages and another course that explains it."""
    told = "\n".join(cell.source for cell in cells_of(topic) if cell.kind == "text")
    assert "Go further" in told
    read_on = told[told.index("<details><summary>Read on</summary>") :]
    for places in (
        r"arxiv\.org/abs|doi\.org|jmlr\.org|proceedings\.",
        r"docs\.pytorch\.org",
        r"cs231n\.github\.io|d2l\.ai|deeplearningbook\.org",
    ):
        assert re.search(rf"\]\(https://\S*({places})", read_on), places
