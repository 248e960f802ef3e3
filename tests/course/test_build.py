"""From text to notebooks: the same bytes each time, nothing leaked, no work lost."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from autograder.course import build as building
from autograder.course.build import BuildErrors, build, render, solved, stale, strays, texts, topics
from autograder.course.source import SourceErrors
from autograder.grading.stubs import name_stubs

REPOSITORY = Path(__file__).parents[2]

TEXT = '''\
# %% [markdown]
# # Why does it go *downhill*? Größe, $\\\\gamma$

# %%
import numpy as np

# %% exercise="sgd"
def sgd(w, grad, lr):
    """New w."""
    ### BEGIN SOLUTION
    secret_step = lr * grad
    return w - secret_step
    ### END SOLUTION


# %% check="sgd" points=4
### BEGIN HIDDEN TESTS
assert sgd(1, 1, 1) == "hidden"
### END HIDDEN TESTS
check("sgd", sgd, points=4)

# %% demo="race"
sgd(np.ones(2), np.ones(2), 0.1)

# %% [markdown]
# More.

# %% [markdown] answer="why" points=2.5
# Why?
#
# ### BEGIN SOLUTION
# The model answer.
# ### END SOLUTION
'''


def hints(exercise: str) -> tuple[str, ...]:
    return {"sgd": ("*Look* at $w$.", "Sub\n\ntract.", "`w - lr * grad`")}[exercise]


@pytest.fixture
def root(tmp_path):
    """A course with one topic, and the settings of this repository."""
    shutil.copy(REPOSITORY / "nbgrader_config.py", tmp_path)
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "02_sgd.py").write_text(TEXT, encoding="utf-8")
    return tmp_path


def source_of(root):
    return root / "solutions" / "02_sgd" / "02_sgd.ipynb"


def release_of(root):
    return root / "notebooks" / "02_sgd" / "02_sgd.ipynb"


def cells_of(path):
    return {cell["id"]: cell for cell in nbformat.read(path, as_version=4).cells}


def edit(path, cell_id="sgd", **fields):
    """Changes a notebook as a student would, and returns the new content."""
    notebook = nbformat.read(path, as_version=4)
    next(cell for cell in notebook.cells if cell.id == cell_id).update(fields)
    nbformat.write(notebook, path)
    return path.read_bytes()


def change_text(root, old="More.", new="Even more."):
    path = root / "solutions" / "02_sgd.py"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


# --- what is written -------------------------------------------------------------------------


def test_the_source_notebook_has_nbgraders_metadata(root):
    build(root, hints=hints)
    cells = cells_of(source_of(root))
    assert list(cells) == [
        "text_1",
        "setup_1",
        "sgd",
        "hints_sgd",
        "check_sgd",
        "demo_race",
        "text_2",
        "why",
        "where_you_stand",
        "demo_where_you_stand",
    ]
    flags = {
        name: tuple(cell.metadata.nbgrader[key] for key in ("grade", "solution", "locked"))
        for name, cell in cells.items()
        if "nbgrader" in cell.metadata
    }
    assert flags == {
        "setup_1": (False, False, True),
        "sgd": (False, True, False),
        "check_sgd": (True, False, True),
        "demo_race": (False, False, True),
        "why": (True, True, False),
        "demo_where_you_stand": (False, False, True),
    }
    assert all(cells[name].metadata.nbgrader.grade_id == name for name in flags)
    assert all(cells[name].metadata.nbgrader.schema_version == 3 for name in flags)
    assert {name: cells[name].metadata.downhill for name in flags} == {
        "setup_1": {"setup": 1},
        "sgd": {"exercise": "sgd"},
        "check_sgd": {"check": "sgd"},
        "demo_race": {"demo": "race"},
        "why": {"answer": "why"},
        "demo_where_you_stand": {"demo": "where_you_stand"},
    }
    points = {n: c.metadata.nbgrader.points for n, c in cells.items() if n in ("check_sgd", "why")}
    assert points == {"check_sgd": 4, "why": 2.5}


def test_both_notebooks_are_plain_files_without_outputs(root):
    build(root, hints=hints)
    for path in (source_of(root), release_of(root)):
        content = path.read_bytes()
        assert content.endswith(b"}\n")
        assert b"\r" not in content
        assert "Größe" in content.decode("utf-8")
        notebook = json.loads(content)
        assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
        assert notebook["metadata"]["kernelspec"]["name"] == "python3"
        assert notebook["metadata"]["language_info"] == {"name": "python"}
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_the_release_has_named_stubs_and_no_secrets(root):
    build(root, hints=hints)
    cells = cells_of(release_of(root))
    assert cells["sgd"].source == (
        'def sgd(w, grad, lr):\n    """New w."""\n    # YOUR CODE HERE\n'
        '    raise NotImplementedError("sgd: write this function")'
    )
    assert cells["check_sgd"].source == 'check("sgd", sgd, points=4)'
    assert cells["why"].source == "Why?\n\nYOUR ANSWER HERE"
    release = release_of(root).read_text(encoding="utf-8")
    for secret in ("secret_step", "hidden", "model answer", "SOLUTION", "HIDDEN"):
        assert secret not in release
        assert secret in source_of(root).read_text(encoding="utf-8")


def test_the_checksums_are_those_of_the_released_cells(root):
    build(root, hints=hints)
    for cell in cells_of(release_of(root)).values():
        if "nbgrader" in cell.metadata:
            assert cell.metadata.nbgrader.checksum == compute_checksum(cell), cell.id


def test_hints_are_folded_below_their_exercise(root):
    build(root, hints=hints)
    for path in (source_of(root), release_of(root)):
        text = cells_of(path)["hints_sgd"].source
        assert text.startswith("<details>\n<summary>Hint 1</summary>\n\n*Look* at $w$.\n\n</detai")
        assert text.count("<details>") == text.count("</details>") == 3
        assert "<summary>Hint 3</summary>\n\n`w - lr * grad`\n\n</details>" in text


@pytest.mark.parametrize(
    ("mark", "words"), [("core=1", "*Core path · difficulty 1 of 3*"), ("extra=3", "*Optional · difficulty 3 of 3*")]
)
def test_path_and_difficulty_stand_above_the_hints(root, mark, words):
    change_text(root, '# %% exercise="sgd"', f'# %% exercise="sgd" {mark}')
    build(root, hints=hints)
    for path in (source_of(root), release_of(root)):
        assert cells_of(path)["hints_sgd"].source.startswith(f"{words}\n\n<details>\n<summary>Hint 1</summary>")


@pytest.mark.parametrize("old", ["More.", "Why?", "The model answer."])
def test_a_reference_to_a_notebook_that_is_not_there_is_told_with_its_line(root, old):
    change_text(root, old, "As 02_sgd said,\n# in 10_000 steps (see 03_adam).")
    with pytest.raises(SourceErrors) as raised:
        build(root, hints=hints)
    line = (root / "solutions" / "02_sgd.py").read_text().split("\n").index("# in 10_000 steps (see 03_adam).") + 1
    told = f"solutions/02_sgd.py:{line}: 03_adam is no notebook of this course: there is no text of it"
    assert [str(error) for error in raised.value.exceptions] == [told]
    (root / "solutions" / "03_adam.py").write_text("# %% [markdown]\n# Faster.\n")
    assert build(root, ["02_sgd"], hints=hints)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def a():\n{0}\n\ndef b():\n{0}", ["a", "b"]),
        ("def outer():\n    def inner():\n    {0}\n    return inner", ["outer"]),
        ("class Layer:\n    def forward(self):\n    {0}", ["Layer.forward"]),
        ("%time\ndef a():\n{0}", ["a"]),
        ("x =\ndef a():\n{0}", ["the_id"]),
        ("    # YOUR CODE HERE\nraise NotImplementedError()", ["the_id"]),
    ],
)
def test_a_stub_names_the_function_around_it(source, names):
    stub = "    # YOUR CODE HERE\n{}    raise NotImplementedError()"
    deep = "    " if "    {0}" in source else ""
    named = name_stubs(source.format(stub.format(deep)), "the_id")
    found = [line.strip() for line in named.splitlines() if "raise" in line]
    assert found == [f'raise NotImplementedError("{name}: write this function")' for name in names]


def test_only_nbgraders_stub_is_renamed():
    source = "def a():\n    raise NotImplementedError()"
    assert name_stubs(source, "a") == source


def test_every_assignment_ends_with_where_the_learner_stands(root):
    build(root, hints=hints)
    for path in (source_of(root), release_of(root)):
        text, demo = list(cells_of(path).values())[-2:]
        assert text.source.startswith("## Where you stand\n") and "nbgrader" not in text.metadata
        assert demo.source == 'from autograder import progress\n\nprogress("02_sgd")'


def test_the_ids_of_the_last_section_are_taken(root):
    change_text(root, 'demo="race"', 'demo="where_you_stand"')
    line = TEXT.split("\n").index('# %% demo="race"') + 1
    with pytest.raises(SourceErrors, match=f"02_sgd.py:{line}: the id 'where_you_stand' is that of the section"):
        build(root, hints=hints)


# --- the start notebook and the table of contents --------------------------------------------


@pytest.fixture
def started(root):
    """The course with a start notebook and a package of its own."""
    text = TEXT.split('# %% [markdown] answer="why"')[0].replace("# # Why does", "# # 00 · Why does")
    (root / "solutions" / "00_start.py").write_text(text, encoding="utf-8")
    (root / "autograder").mkdir()
    return root


def test_the_start_notebook_lies_beside_the_assignments_and_is_none(started):
    build(started, hints=hints)
    start = started / "notebooks" / "00_start.ipynb"
    assert list(cells_of(start))[-1] == "text_2"
    assert "secret_step" not in start.read_text(encoding="utf-8")
    assert not (started / "solutions" / "00_start").exists()
    assert (topics(started), texts(started)) == (["02_sgd"], ["00_start", "02_sgd"])
    assert (strays(started), stale(started, hints=hints)) == ([], [])
    assert "secret_step" in solved(started, "00_start", hints=hints)


def test_work_in_the_start_notebook_is_kept_beside_it(started):
    build(started, hints=hints)
    mine = edit(started / "notebooks" / "00_start.ipynb", source="def sgd(): return 1")
    build(started, ["00_start"], hints=hints)
    assert (started / "notebooks" / "00_start.kept-1.ipynb").read_bytes() == mine
    assert strays(started) == []


def test_a_start_notebook_without_its_text_is_a_stray(started):
    build(started, hints=hints)
    (started / "solutions" / "00_start.py").unlink()
    assert strays(started) == [started / "notebooks" / "00_start.ipynb"]


def test_the_table_of_contents_tells_titles_and_points(started):
    build(started, hints=hints)
    table = json.loads((started / "autograder" / "contents.json").read_bytes())
    title = "Why does it go *downhill*? Größe, $\\\\gamma$"
    start = {"title": title, "exercises": {"sgd": 4}, "answers": {}}
    assert table == {"00_start": start, "02_sgd": {**start, "answers": {"why": 2.5}}}


def test_the_table_of_contents_is_brought_up_to_date_topic_by_topic(started):
    build(started, ["00_start"], hints=hints)
    path = started / "autograder" / "contents.json"
    assert list(json.loads(path.read_bytes())) == ["00_start"]
    assert stale(started, ["00_start"], hints=hints) == []
    assert path in stale(started, ["02_sgd"], hints=hints)
    build(started, ["02_sgd"], hints=hints)
    both = path.read_bytes()
    for broken in (b"", b"[]", b"\xff"):
        path.write_bytes(broken)
        build(started, hints=hints)
        assert path.read_bytes() == both
    (started / "solutions" / "00_start.py").unlink()
    build(started, ["02_sgd"], hints=hints)
    assert list(json.loads(path.read_bytes())) == ["02_sgd"]


# --- the same bytes --------------------------------------------------------------------------


def test_the_same_text_gives_the_same_bytes_in_another_place(root, tmp_path_factory):
    other = tmp_path_factory.mktemp("elsewhere") / "a course"
    shutil.copytree(root, other)
    build(root, hints=hints)
    build(other, hints=hints)
    assert source_of(root).read_bytes() == source_of(other).read_bytes()
    assert release_of(root).read_bytes() == release_of(other).read_bytes()


def test_stock_nbgrader_makes_the_same_release(root):
    build(root, hints=hints)
    ours = release_of(root).read_bytes()
    shutil.rmtree(root / "notebooks")
    home = root / "home"
    home.mkdir()
    environment = os.environ | {
        # A developer's own Jupyter settings must not decide this test.
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home),
        # nbgrader calls alembic by its bare name.
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
    }
    run = subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", "02_sgd"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert release_of(root).read_bytes() == ours


def test_a_second_build_touches_nothing(root):
    first = build(root, hints=hints)
    assert first[0].written == (source_of(root), release_of(root))
    before = [path.stat().st_mtime_ns for path in first[0].written]
    (second,) = build(root, hints=hints)
    assert (second.written, second.kept) == ((), ())
    assert str(second) == "02_sgd: nothing to do"
    assert [path.stat().st_mtime_ns for path in first[0].written] == before


def test_a_build_leaves_only_the_notebooks_behind(root):
    here = Path.cwd()
    before = set(root.rglob("*"))
    build(root, hints=hints)
    assert {p for p in set(root.rglob("*")) - before if p.is_file()} == {
        source_of(root),
        release_of(root),
    }
    assert Path.cwd() == here


def test_notebooks_are_never_read_back(root):
    build(root, hints=hints)
    right = release_of(root).read_bytes()
    edit(source_of(root), source="def sgd(): pass")
    build(root, hints=hints)
    assert release_of(root).read_bytes() == right
    assert "secret_step" in cells_of(source_of(root))["sgd"].source


# --- no work is lost -------------------------------------------------------------------------

OUTPUT = nbformat.v4.new_output("stream", text="1\n")


@pytest.mark.parametrize(
    "work", [{"source": "def sgd(): return 1"}, {"outputs": [OUTPUT]}], ids=["edited", "has outputs"]
)
@pytest.mark.parametrize("which", [source_of, release_of])
def test_a_notebook_that_was_worked_in_is_kept_aside(root, which, work):
    build(root, hints=hints)
    path = which(root)
    built = path.read_bytes()
    mine = edit(path, **work)
    (result,) = build(root, hints=hints)
    kept = path.parent.parent / "02_sgd.kept-1.ipynb"
    assert kept.read_bytes() == mine
    assert path.read_bytes() == built
    assert result.kept == ((path, kept),)
    folder = path.parent.parent.name
    assert (
        f"{folder}/02_sgd/02_sgd.ipynb had been worked in: its old content is kept as {folder}/02_sgd.kept-1.ipynb"
    ) in str(result)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"cells": []}', b"null"])
def test_a_file_that_no_build_wrote_is_kept_aside(root, content):
    release_of(root).parent.mkdir(parents=True)
    release_of(root).write_bytes(content)
    (result,) = build(root, hints=hints)
    assert result.kept[0][1].read_bytes() == content


def test_a_notebook_without_a_stamp_is_kept_aside(root):
    build(root, hints=hints)
    notebook = json.loads(release_of(root).read_bytes())
    del notebook["metadata"]["downhill"]
    release_of(root).write_text(json.dumps(notebook))
    assert len(build(root, hints=hints)[0].kept) == 1


def test_kept_notebooks_are_never_overwritten(root):
    build(root, hints=hints)
    versions = []
    for number in range(3):
        versions.append(edit(release_of(root), source=f"attempt = {number}"))
        build(root, hints=hints)
    names = [root / "notebooks" / f"02_sgd.kept-{n}.ipynb" for n in (1, 2, 3)]
    assert [name.read_bytes() for name in names] == versions


def test_a_notebook_that_jupyter_only_saved_again_is_not_work(root):
    build(root, hints=hints)
    right = release_of(root).read_bytes()
    notebook = json.loads(right)
    notebook["metadata"]["language_info"]["version"] = "3.99"
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        cell["metadata"]["trusted"] = True
        if cell["cell_type"] == "code":
            cell["execution_count"] = 7
    release_of(root).write_text(json.dumps(notebook, sort_keys=False, indent=4), encoding="utf-8")
    (result,) = build(root, hints=hints)
    assert (result.written, result.kept) == ((release_of(root),), ())
    assert release_of(root).read_bytes() == right


def test_an_outdated_notebook_that_nobody_worked_in_is_replaced(root):
    build(root, hints=hints)
    change_text(root)
    (result,) = build(root, hints=hints)
    assert result.written == (source_of(root), release_of(root))
    assert result.kept == ()
    assert cells_of(release_of(root))["text_2"].source == "Even more."


def test_a_failed_build_leaves_old_notebooks_and_builds_other_topics(root):
    build(root, hints=hints)
    old = release_of(root).read_bytes()
    other = root / "solutions" / "03_momentum.py"
    other.write_text("# %% [markdown]\n# Faster.\n")
    change_text(root, "# %% demo", "# %% points=1\n# %% dmo")
    with pytest.raises(BuildErrors) as raised:
        build(root, hints=hints)
    line = TEXT.split("\n").index('# %% demo="race"') + 1
    assert [(e.file, e.line) for e in raised.value.exceptions] == [
        ("solutions/02_sgd.py", line),
        ("solutions/02_sgd.py", line + 1),
    ]
    assert [result.topic for result in raised.value.results] == ["03_momentum"]
    assert (root / "notebooks" / "03_momentum" / "03_momentum.ipynb").exists()
    assert release_of(root).read_bytes() == old


def test_what_nbgrader_says_is_told(root):
    config = root / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.IncludeHeaderFooter.header = 'no_such_header.ipynb'\n")
    with pytest.raises(BuildErrors, match=r"solutions/02_sgd.py:1: nbgrader .*\n(.*\n)*.*no_such"):
        build(root, hints=hints)
    assert not release_of(root).exists()
    assert not source_of(root).exists()


def test_an_interrupted_write_leaves_the_old_file(root, monkeypatch):
    build(root, hints=hints)
    old = source_of(root).read_bytes()
    change_text(root)

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(building.os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build(root, hints=hints)
    assert source_of(root).read_bytes() == old
    assert [p.name for p in source_of(root).parent.iterdir()] == ["02_sgd.ipynb"]


# --- hints and topics ------------------------------------------------------------------------


def test_an_exercise_without_a_file_is_told_with_its_line(root):
    change_text(root, '"sgd"', '"adam"')
    with pytest.raises(SourceErrors) as raised:
        build(root, hints=hints)
    line = TEXT.split("\n").index('# %% exercise="sgd"') + 1
    assert str(raised.value) == (f"solutions/02_sgd.py:{line}: unknown exercise 'adam': 'adam'")


@pytest.mark.parametrize("given", [(), ("a", "b"), ("a", " ", "c"), ("a", "b", "c", "d")])
def test_an_exercise_needs_three_hints(root, given):
    with pytest.raises(SourceErrors, match="'sgd' must have 3 hints"):
        build(root, hints=lambda _: given)


def test_only_the_chosen_topics_are_built(root):
    (root / "solutions" / "03_momentum.py").write_text("# %% oops\n")
    assert topics(root) == ["02_sgd", "03_momentum"]
    assert [result.topic for result in build(root, ["02_sgd"], hints=hints)] == ["02_sgd"]
    with pytest.raises(ValueError, match=r"'04_adam' has no file .* 02_sgd, 03_momentum"):
        build(root, ["04_adam"], hints=hints)


# --- what a check of the course asks ---------------------------------------------------------


def test_stale_names_what_a_build_would_change_and_writes_nothing(root):
    assert stale(root, hints=hints) == [source_of(root), release_of(root)]
    assert not source_of(root).exists()
    build(root, hints=hints)
    assert stale(root, hints=hints) == []
    edit(release_of(root), source="x = 1")
    assert stale(root, hints=hints) == [release_of(root)]
    change_text(root)
    assert stale(root, hints=hints) == [source_of(root), release_of(root)]


def test_stale_tells_mistakes_in_the_text(root):
    change_text(root, "# %% demo", "# %% dmo")
    with pytest.raises(SourceErrors, match="unknown key 'dmo'"):
        stale(root, hints=hints)


def test_strays_belong_to_no_source_file(root):
    build(root, hints=hints)
    assert strays(root) == []
    allowed = [
        "notebooks/02_sgd.kept-1.ipynb",
        "notebooks/02_sgd/.ipynb_checkpoints/02_sgd-checkpoint.ipynb",
        "solutions/02_sgd.kept-2.ipynb",
        "notebooks/README.md",
    ]
    stray = [
        "notebooks/01_old/01_old.ipynb",
        "notebooks/02_sgd.ipynb",
        "notebooks/02_sgd/answers.py",
        "notebooks/03_momentum.py",
        "solutions/01_old/01_old.ipynb",
        "solutions/02_sgd/notes.ipynb",
        "solutions/sgd.py",
    ]
    for name in (*allowed, *stray):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).touch()
    expected = [name.replace("/01_old.ipynb", "") for name in stray]
    assert {path.relative_to(root).as_posix() for path in strays(root)} == set(expected)


def test_rendering_writes_nothing(root):
    before = set(root.rglob("*"))
    assert list(render(root, "02_sgd", hints=hints)) == [source_of(root), release_of(root)]
    assert set(root.rglob("*")) == before
