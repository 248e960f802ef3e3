"""What the documents show works as they say."""

import linecache
import re
import runpy
from pathlib import Path

import pytest

from autograder.course.build import topics
from autograder.course.proofs import trials, unfair
from autograder.course.source import parse, parse_text
from autograder.exercises import ids
from autograder.judge import assembled

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture(scope="module")
def blocks():
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "authors.md").read_text(), re.DOTALL)


def test_the_authors_example_holds_what_autograder_check_asks(blocks, tmp_path):
    file = tmp_path / "polynomial_decay.py"
    file.write_text(blocks[0])
    linecache.checkcache()
    exercise = assembled(runpy.run_path(str(file), run_name="polynomial_decay"), "polynomial_decay")
    assert len(exercise.mistakes) == 4 and len(exercise.alternatives) == 1 and len(exercise.hints) == 3
    assert [complaint for trial in trials(exercise) for complaint in trial.complaints] == []
    assert list(unfair(exercise)) == []


def test_the_authors_cells_are_what_the_build_reads(blocks):
    cells = parse_text(blocks[1], "02_sgd", "example.py").cells
    assert [(cell.kind, cell.id) for cell in cells] == [("exercise", "polynomial_decay"), ("check", "polynomial_decay")]


def test_the_authors_example_is_no_exercise_yet():
    assert "polynomial_decay" not in ids()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_pictures_within_the_repository_are_there(document):
    text = document.read_text()
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text) + re.findall(r'<img\b[^>]*\bsrc="([^"]+)"', text)
    for target in targets:
        if not target.startswith(("http", "mailto:")):
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_a_heading_lead_to_one(document):
    for target, heading in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", document.read_text()):
        if not target.startswith("http"):
            assert heading in headings(document.parent / target if target else document), f"{target}#{heading}"


def headings(document):
    """The anchors that GitHub makes of a document's headings."""
    lines = re.findall(r"^#+ +(.+?)\s*$", re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


def test_the_readme_lists_every_assignment():
    text = (ROOT / "README.md").read_text()
    assert "notebooks/00_start.ipynb" in text
    for topic in topics(ROOT):
        assert f"notebooks/{topic}/{topic}.ipynb" in text


@pytest.mark.parametrize("topic", topics(ROOT))
def test_the_readme_says_what_an_assignment_holds(topic):
    row = next(line for line in (ROOT / "README.md").read_text().splitlines() if f"({'notebooks/' + topic}/" in line)
    cells = parse(ROOT / "solutions" / f"{topic}.py", ROOT).cells
    told = [int(cell) for cell in row.split("|")[4:7]]
    minutes = re.search(r"\*\*Time:\*\* about (\d+) minutes", cells[0].source)
    counted = sum(cell.kind == "exercise" for cell in cells)
    assert told == [counted, int(minutes[1]), sum(cell.points or 0 for cell in cells)]
    assert (ROOT / "docs" / "pictures" / f"{topic}.png").exists()
