"""What a learner has reached is kept, shown, and never in the way."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autograder import check, exercises, progress
from autograder.progress import best, contents, path, paused, remember
from autograder.verdict import Verdict

ROOT = Path(__file__).parents[1]
TABLE = {
    "00_start": {"title": "Start here", "exercises": {"warm": 1}, "answers": {}},
    "02_sgd": {"title": "Down <hill>", "exercises": {"sgd": 3, "momentum": 5}, "answers": {"why": 4}},
}


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The file in which progress is kept."""
    file = tmp_path / "folder" / "progress.jsonl"
    monkeypatch.setenv("DOWNHILL_PROGRESS", str(file))
    return file


@pytest.fixture
def table(monkeypatch):
    """A small course; `autograder.progress` itself is the function."""
    monkeypatch.setattr(sys.modules["autograder.progress"], "contents", lambda: TABLE)
    return TABLE


def sgd(w, grad, state, *, lr):
    return w - lr * grad, state


def in_place(w, grad, state, *, lr):
    w -= lr * grad
    return w, state


# --- what is kept ----------------------------------------------------------------------------


def test_a_check_keeps_the_best_points(kept):
    check("sgd", in_place, points=4)
    part = best()["sgd"]
    assert 0 < part < 1
    check("sgd", sgd, points=2)
    check("sgd", in_place, points=4)
    assert best() == {"sgd": 1.0}
    assert len(kept.read_text().splitlines()) == 2


def test_nothing_is_kept_of_nothing_earned(kept):
    check("sgd", lambda *_, **__: None)
    assert not kept.parent.exists() and best() == {}


def test_nothing_is_kept_where_an_instructors_cell_checks(kept):
    with paused():
        check("sgd", sgd)
    assert best() == {}
    check("sgd", sgd)
    assert best() == {"sgd": 1.0}


def test_an_empty_variable_keeps_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("DOWNHILL_PROGRESS", "")
    monkeypatch.chdir(tmp_path)
    check("sgd", sgd)
    assert path() is None and best() == {} and list(tmp_path.iterdir()) == []


def test_without_the_variable_it_is_in_the_users_own_folder(monkeypatch):
    monkeypatch.delenv("DOWNHILL_PROGRESS")
    assert path().name == "progress.jsonl" and path().is_relative_to(Path.home())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"null\n[]\n3\n{}\n",
        b'{"exercise": "sgd", "points": 4, "of": 0}\n',
        b'{"exercise": "sgd", "points": NaN, "of": 1}\n{"exercise": "sgd", "points": 5, "of": 4}',
        b'{"exercise": ["sgd"], "points": 1, "of": 2}\n{"exercise": "sgd", "points": "4", "of": 4}\n',
        b"[" * 100_000,
    ],
)
def test_a_broken_file_is_no_points_and_goes_on(kept, content):
    kept.parent.mkdir()
    kept.write_bytes(content)
    assert best() == {}
    remember("sgd", 1.5, 2)
    assert best() == {"sgd": 0.75}
    assert kept.read_bytes().startswith(content)


def test_a_line_that_broke_off_does_not_swallow_the_next(kept):
    remember("sgd", 1, 2)
    kept.write_bytes(kept.read_bytes() + b'{"exercise": "mom')
    remember("adam", 2, 2)
    assert best() == {"sgd": 0.5, "adam": 1.0}


@pytest.mark.parametrize("obstacle", ["folder", "file above", "read only", "pipe", "long name", "full"])
def test_where_nothing_can_be_kept_a_check_is_the_same(kept, obstacle, monkeypatch, capfd):
    kept.parent.mkdir()
    if obstacle == "folder":
        kept.mkdir()
    elif obstacle == "file above":
        kept.parent.rmdir()
        kept.parent.write_text("a file")
    elif obstacle == "read only":
        kept.write_text("")
        kept.chmod(0o400)
        kept.parent.chmod(0o500)
    elif obstacle == "pipe":
        os.mkfifo(kept)
    elif obstacle == "long name":
        monkeypatch.setenv("DOWNHILL_PROGRESS", "x" * 5000)
    else:
        monkeypatch.setattr(os, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert float(check("sgd", sgd, points=3)) == 3.0
    assert progress().to_text()
    monkeypatch.undo()
    assert capfd.readouterr() == ("", "")
    if obstacle == "read only":
        kept.parent.chmod(0o700)


def test_two_notebooks_at_once_lose_nothing(kept):
    code = (
        "import sys\nfrom autograder.progress import remember\n"
        "for k in range(150): remember(f'{sys.argv[1]}_{k}', 1, 2); remember('both', k + 1, 300)"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, name], cwd=ROOT, stderr=subprocess.PIPE)
        for name in ("one", "two")
    ]
    assert [process.communicate()[1] for process in running] == [b"", b""]
    wanted = {f"{name}_{k}": 0.5 for name in ("one", "two") for k in range(150)}
    assert best() == {**wanted, "both": 0.5}
    assert all(json.loads(line) for line in kept.read_text().splitlines())


# --- what is shown ---------------------------------------------------------------------------


def test_the_overview_adds_up_each_assignment(kept, table):
    remember("warm", 1, 1)
    remember("sgd", 3, 3)
    remember("momentum", 1.23, 5)
    remember("of_another_course", 1, 1)
    shown = progress()
    assert [(i.name, i.earned, i.possible, i.solved, i.exercises) for i in shown.items] == [
        ("00_start", 1, 1, 1, 1),
        ("02_sgd", 4.23, 8, 1, 2),
    ]
    text = shown.to_text().splitlines()
    assert re.split(" {2,}", text[1])[1:] == ["00 · Start here", "█" * 20, "1 of 1 point, 1 of 1 exercise solved"]
    assert "4.23 of 8 points, 1 of 2 exercises solved" in text[2]
    assert "5.23 of 9 points, 2 of 3 exercises solved" in text[3] and "all together" in text[3]
    assert "read by a person: 4 points more" in text[4]
    assert str(kept) in text[5]


def test_one_assignment_tells_what_is_left(kept, table):
    assert progress("02_sgd").remarks[0] == "8 points left. Next: sgd."
    remember("sgd", 3, 3)
    remember("momentum", 4.9, 5)
    text = repr(progress("02_sgd")).splitlines()
    assert text[0] == "Where you stand in 02 · Down <hill>"
    assert text[1].endswith("3 of 3 points, solved") and text[2].endswith("4.9 of 5 points, 0.1 left")
    assert text[2].count("█") == 19
    assert text[4:] == [
        "  0.1 points left. Next: momentum.",
        "  The question you answer in words is read by a person: 4 points more.",
    ]
    remember("momentum", 5, 5)
    assert progress("02_sgd").remarks[0] == "All solved."


def test_points_follow_what_the_course_says_an_exercise_is_worth(kept, table):
    remember("momentum", 2, 4)
    assert progress("02_sgd").items[1].earned == 2.5


@pytest.mark.parametrize("wrong", ["02_sdg", "sgd", 3, None.__class__])
def test_an_unknown_assignment_is_refused_with_those_there_are(table, wrong):
    with pytest.raises(ValueError, match=r"no assignment is called .*02_sgd"):
        progress(wrong)


def test_an_installation_without_a_table_says_nothing_wrong(kept, monkeypatch):
    monkeypatch.setattr(sys.modules["autograder.progress"], "contents", dict)
    assert progress().items == () and progress()._repr_html_() and progress().to_text()


class Page(HTMLParser):
    """Text, links and scopes of a fragment in which every tag is closed in order."""

    def __init__(self, fragment):
        super().__init__(convert_charrefs=True)
        self.open, self.text, self.links, self.scopes = [], [], [], []
        self.feed(fragment)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.links += [value for name, value in attrs if name == "href"]
        self.scopes += [value for name, value in attrs if name == "scope"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)


@pytest.mark.parametrize("place", [".", "02_sgd"])
def test_the_table_is_whole_html_with_headers_and_links(kept, table, tmp_path, monkeypatch, place):
    for file in ("00_start.ipynb", "02_sgd/02_sgd.ipynb"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path / place)
    remember("sgd", 3, 3)
    page = Page(progress()._repr_html_())
    assert [(tmp_path / place / link).resolve().name for link in page.links] == ["00_start.ipynb", "02_sgd.ipynb"]
    assert all((tmp_path / place / link).is_file() for link in page.links)
    assert page.scopes == ["col"] * 3 + ["row"] * 3
    assert {"Where you stand", "02 · Down <hill>", "3 of 8 points"} <= set(page.text)
    one = Page(progress("02_sgd").to_html())
    assert {"solved", "to do", "5 points left. Next: momentum."} <= set(one.text)


def test_the_table_that_is_shipped_tells_of_exercises_that_exist():
    for about in contents().values():
        assert set(about["exercises"]) <= set(exercises.ids())
        assert all(points > 0 for points in about["exercises"].values())


def test_importing_check_and_progress_loads_nothing_heavy():
    code = (
        "import sys\nfrom autograder import check, progress\nprogress()\n"
        "print(*({'torch', 'numpy', 'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_a_verdict_is_the_same_whether_it_is_kept_or_not(kept):
    first = check("sgd", sgd)
    with paused():
        assert check("sgd", sgd) == first and isinstance(first, Verdict)
