"""Similar submissions: copies are found under new names and layouts, honest work and given code are not."""

import ast
import builtins
import csv
import io
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import cli
from autograder.grading.assignment import AssignmentError
from autograder.report import similar as module
from autograder.report.output import ReportError
from autograder.report.similar import Similar, similar
from autograder.report.similar_output import similar_page, similar_text

from ..grading.conftest import NAME

SGD = '''def sgd(w, grad, state, *, lr):
    """New w, and the state."""
'''
MOMENTUM = '''def momentum(w, grad, state, *, lr, momentum=0.9):
    """New w, and the state."""
'''

# Three people's own ways, each right.
ANN = {
    "sgd": SGD
    + """    # one step downhill
    step = np.multiply(grad, lr, dtype=w.dtype)
    moved = np.empty_like(w)
    for index in np.ndindex(w.shape):
        moved[index] = w[index] - step[index]
    return moved, dict(state)
""",
    "momentum": MOMENTUM
    + """    if "velocity" not in state:
        state = {"velocity": np.zeros_like(w), "count": 0}
    velocity = state["velocity"] * momentum
    velocity = velocity + grad
    count = state["count"] + 1
    moved = w - np.asarray(lr * velocity, dtype=w.dtype)
    return moved, {"velocity": velocity, "count": count}
""",
}
BOB = {
    "sgd": SGD
    + """    out = w.copy()
    out -= lr * grad
    return out, state
""",
    "momentum": MOMENTUM
    + """    history = list(state.get("history", []))
    history.append(grad.copy())
    total = sum(momentum ** (len(history) - 1 - k) * g for k, g in enumerate(history))
    return np.subtract(w, lr * total), {"history": history}
""",
}
CYD = {
    "sgd": SGD
    + """    return np.add(w, np.negative(grad) * lr), {}
""",
    "momentum": MOMENTUM
    + """    try:
        old = state["v"]
    except KeyError:
        return w - lr * grad, dict(v=grad.astype(w.dtype))
    new = np.stack([old * momentum, grad]).sum(axis=0)
    return w - lr * new, dict(v=new)
""",
}
# ANN's, renamed, reformatted and commented by somebody who has read nothing of it.
COPY = {
    "sgd": """def sgd(w, grad, state, *, lr):
    '''My very own description of what happens here.'''
    delta = (np.multiply(
        grad,
        lr,
        dtype=w.dtype,
    ))
    result = np.empty_like(w); w2 = w

    for place in (np.ndindex(w.shape)): result[place] = (w2[place]) - delta[place]  # minus
    return (result, dict(state))
""",
    "momentum": """def momentum(w, grad, state, *, lr, momentum=0.9):
    if ('speed' not in state):
        state = {'speed': np.zeros_like(w),
                 'n': 0,}

    speed = (state['speed'] * momentum)   # slower and slower
    speed = speed + grad
    n = state['n'] + 1
    result = w - np.asarray((lr * speed), dtype=(w.dtype))
    return result, {'speed': speed, 'n': n}
""",
}


@pytest.fixture
def hand_in(submit):
    def hand_in(**classroom):
        for student, answers in classroom.items():
            submit(student, **answers)

    return hand_in


def names(found):
    return [set(group.members) for group in found.groups]


def passages(found):
    """(left, passage) of the first group."""
    return [(part.left, part.passage) for part in found.groups[0].parts]


def places(found):
    """Cells by student, in the first group."""
    shown = [
        (student, place[0])
        for part in found.groups[0].parts
        for student, place in ((part.left, part.passage.left), (part.right, part.passage.right))
    ]
    return {*shown, *((student, cell) for part in found.groups[0].parts for student, cell, _, _ in part.others)}


def test_a_renamed_and_reformatted_copy_is_found_and_honest_work_is_not(course, hand_in):
    hand_in(ann=ANN, bob=BOB, cyd=CYD, eve=COPY)
    found = similar(course, NAME, 0.5)
    assert names(found) == [{"ann", "eve"}] and found.compared == 4
    assert found.groups[0].shares[0] > 0.75
    assert places(found) == {(student, cell) for student in ("ann", "eve") for cell in ("sgd", "momentum")}


def test_the_copy_stands_on_top_where_less_is_asked_for(course, hand_in):
    hand_in(ann=ANN, bob=BOB, cyd=CYD, eve=COPY)
    pairs = similar(course, NAME, 0.01).groups[0].pairs
    assert {pairs[0].left, pairs[0].right} == {"ann", "eve"}
    assert all(pair.share < pairs[0].share / 2 for pair in pairs[1:])


def test_half_a_copy_is_found_too(course, hand_in):
    hand_in(ann=ANN, bob=BOB, cyd=CYD, eve={"sgd": BOB["sgd"], "momentum": COPY["momentum"]})
    assert names(similar(course, NAME, 0.4))[0] == {"ann", "eve"}


def test_code_moved_to_a_cell_of_ones_own_is_found(course, hand_in, write_with_cells):
    hand_in(ann=ANN, bob=BOB)
    write_with_cells("eve", [COPY["momentum"].replace("def momentum", "def helper")])
    found = similar(course, NAME, 0.4)
    assert names(found) == [{"ann", "eve"}]
    assert ("eve", "own cell 1") in places(found)


@pytest.fixture
def write_with_cells(course, notebooks):
    from nbformat.v4 import new_code_cell

    from ..grading.conftest import as_bytes

    def write_with_cells(student, sources):
        notebook = notebooks[1].copy()
        notebook.cells = [*notebooks[1].cells, *map(new_code_cell, sources)]
        folder = course.submitted / student / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_bytes(as_bytes(notebook))

    return write_with_cells


def test_untouched_notebooks_and_the_given_solution_are_no_copies(course, submit):
    for student in ("ann", "bob"):
        submit(student)
    for student in ("cyd", "dan"):
        submit(student, solved=True)
    found = similar(course, NAME, 0.01)
    assert found.groups == () and found.compared == 4


def test_what_all_have_written_is_no_copy(course, submit):
    for k in range(30):
        submit(f"s{k:02}", **CYD)
    assert similar(course, NAME, 0.01).groups == ()


def test_lines_lead_to_what_is_alike(course, hand_in):
    hand_in(ann=ANN, eve=COPY)
    lines = {"ann": ANN, "eve": COPY}
    for part in similar(course, NAME, 0.5).groups[0].parts:
        passage = part.passage
        for student, (cell, first, last), shown in (
            (part.left, passage.left, passage.left_lines),
            (part.right, passage.right, passage.right_lines),
        ):
            assert list(shown) == lines[student][cell].splitlines()[first - 1 : last]
    told = [p for _, p in passages(similar(course, NAME, 0.5)) if p.left[0] == "momentum"]
    assert any("velocity = velocity + grad" in "\n".join(p.left_lines) for p in told)
    assert any("speed = speed + grad" in "\n".join(p.right_lines) for p in told)


def padded(source, number):
    """The same code, a line further down for each number, under other names."""
    head, _, body = source.partition('"""\n')
    return (
        f'{head}"""\n'
        + "    # one line\n" * number
        + re.sub(r"\b(moved|velocity|count)\b(?!\")", rf"\g<1>{number}", body)
    )


def test_a_group_of_copies_is_one_and_what_it_shares_is_shown_once(course, hand_in):
    copies = {f"copy{k:02}": {cell: padded(source, k) for cell, source in ANN.items()} for k in range(12)}
    others = random.Random(0)
    hand_in(bob=BOB, cyd=CYD, **copies, **{f"s{k:02}": {"double": made_up(others)} for k in range(12)})
    found = similar(course, NAME, 0.5)
    assert names(found) == [set(copies)] and len(found.groups[0].pairs) == 66
    shown = [(part.passage.left, part.left) for part in found.groups[0].parts]
    assert len(shown) == len(set(shown)) == 2
    for part in found.groups[0].parts:
        assert {part.left, part.right} | {place[0] for place in part.others} == set(copies)
        for student, cell, first, last in part.others:
            lines = copies[student][cell].splitlines()[first - 1 : last]
            alike = [re.sub(r"(moved|velocity|count)\d+", r"\1", line) for line in lines if "# one line" not in line]
            left = [re.sub(r"(moved|velocity|count)\d+", r"\1", line) for line in part.passage.left_lines]
            assert alike == [line for line in left if "# one line" not in line]


def chained(hand_in):
    """Ann and Eve have one function in common, Eve and Cyd the other."""
    hand_in(ann=ANN, cyd={"sgd": BOB["sgd"], "momentum": CYD["momentum"]})
    hand_in(eve={"sgd": COPY["sgd"], "momentum": CYD["momentum"], "double": ANN["momentum"]}, bob=BOB)


def test_who_is_alike_by_way_of_another_is_in_the_group_and_all_parts_are_shown(course, hand_in):
    chained(hand_in)
    found = similar(course, NAME, 0.3)
    assert names(found)[0] >= {"ann", "cyd", "eve"}
    by = {frozenset((part.left, part.right)) for part in found.groups[0].parts}
    assert {frozenset(("ann", "eve")), frozenset(("cyd", "eve"))} <= by
    assert found.groups[0].members[0] == "eve"


def test_the_table_has_a_row_for_each_member(course, hand_in, fill, capsys):
    fill({"ann": {"names": ("Ant", "=Ann")}})
    hand_in(ann=ANN, bob=BOB, eve=COPY)
    assert cli.main(["similar", NAME, "--csv", "alike.csv", "--to", "alike.html"]) == 0
    assert capsys.readouterr().out.endswith("\nalike.html\nalike.csv\n")
    rows = list(csv.DictReader(io.StringIO((course.root / "alike.csv").read_text())))
    assert [(row["group"], row["size"], row["student"], row["most_alike_with"]) for row in rows] == [
        ("1", "2", "ann", "eve"),
        ("1", "2", "eve", "ann"),
    ]
    assert rows[0]["first_name"] == "'=Ann" and 0.75 < float(rows[0]["share"]) <= 1
    assert "ann" in (course.root / "alike.html").read_text()


def test_the_page_loads_nothing_and_passes_no_markup_on(course, submit):
    evil = {
        name: source.replace("# one step downhill", "x = '<script>alert(1)</script>'") for name, source in ANN.items()
    }
    for student in ("a<b>\x1b", "eve"):
        submit(student, **evil)
    page = similar_page(similar(course, NAME, 0.1), {})
    assert "<script" not in page and "&lt;script&gt;" in page and "a&lt;b&gt;\N{REPLACEMENT CHARACTER}" in page
    assert "http" not in page.replace("http-equiv", "") and "velocity = velocity + grad" in page


def test_broken_files_and_cells_disturb_nobody(course, hand_in, submit):
    broken = "\n%matplotlib inline\n!ls\nx = 'open\ny = (((\nz = [1,\n   \n  w = 2\n0x\n$$\n"
    hand_in(ann=ANN, bob={**BOB, "double": '"""' + broken}, eve={**COPY, "double": broken})
    submit("cyd", content=b"{")
    submit("dan", content=b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}')
    (course.submitted / "fay" / NAME).mkdir(parents=True)
    found = similar(course, NAME, 0.5)
    assert names(found) == [{"ann", "eve"}]
    assert [student for student, _ in found.skipped] == ["cyd", "dan", "fay"]
    text = similar_text(found, {})
    assert "cyd: passed over: it is no whole notebook" in text


def test_a_cell_is_read_on_behind_a_broken_line():
    code = ANN["momentum"]
    broken = code + "    return w\n  oops\n" + BOB["momentum"]
    tokens = [text for text, _ in module._normalised(broken)]
    assert tokens[: len(list(module._normalised(code)))] == [text for text, _ in module._normalised(code)]
    assert "enumerate" in tokens


def test_nothing_is_run(course, hand_in, monkeypatch):
    def runs(*args, **kwargs):
        raise AssertionError("a student's code was run")

    hand_in(ann=ANN, eve={**COPY, "double": "raise SystemExit"})
    for name in ("exec", "eval"):
        monkeypatch.setattr(builtins, name, runs)
    assert names(similar(course, NAME, 0.5)) == [{"ann", "eve"}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = (a + b)", "y = a2+b2  # sum"),
        ("if x: return y", "if x:\n    return y"),
        ("a = 1; b = 2", "a = 1\n\nb = 2"),
        ("f(a, b,)", "g(\n    a,\n    b,\n)"),
        ("x = 1e-8", "x = 0.00000001"),
        ("x = 'a'", 'x = "bc"'),
        ("x = f'{a!r:>{b}} and more'", 'x = "text"'),
        ('def f():\n    "doc"\n    return 1', "def g():\n    return 1"),
        ("%time\nx = 1\n!ls", "x = 1"),
        ("x = np.mean(y, axis=0)", "z = numpy.mean(w, axis=0)"),
    ],
)
def test_layout_names_and_comments_make_no_difference(one, other):
    def texts(source):
        return [text for text, _ in module._normalised(source) if text != ";"]

    assert texts(one) == texts(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = np.mean(y, axis=0)", "x = np.mean(y, axis=1)"),
        ("x = np.mean(y)", "x = np.median(y)"),
        ("x = np.mean(y, axis=0)", "x = np.mean(y, keepdims=0)"),
        ("x = a + b", "x = a - b"),
        ("x = len(y)", "x = sum(y)"),
    ],
)
def test_what_is_computed_makes_a_difference(one, other):
    assert [t for t, _ in module._normalised(one)] != [t for t, _ in module._normalised(other)]


@given(st.text(alphabet="ab (){}[]:;,.='\"\\\n\t#%!+-0123fx\x00é"))
def test_any_text_is_read(source):
    for _, line in module._normalised(source):
        assert 1 <= line <= source.count("\n") + len(source.splitlines()) + 1


def test_the_text_says_what_it_is_and_shows_both_sides(course, hand_in, capsys):
    hand_in(ann=ANN, bob=BOB, eve=COPY)
    assert cli.main(["similar", NAME, "--least", "50%"]) == 0
    text = capsys.readouterr().out
    assert "1 group, 2 submissions in all, alike in 50% or more" in text.replace("\n", " ") and "not a verdict" in text
    assert re.search(r"^  1  2 submissions, \d+% alike: ann, eve$", text, re.MULTILINE)
    assert re.search(r"velocity = velocity \+ grad +│ +speed = speed \+ grad", text)
    assert max(map(len, text.splitlines())) <= 120


def test_escapes_do_not_reach_the_terminal(course, submit):
    evil = {name: source.replace("moved", "moved\x1b[2J", 1) for name, source in ANN.items()}
    for student in ("a\x1b]0;x", "eve"):
        submit(student, **evil)
    text = similar_text(similar(course, NAME, 0.1), {})
    assert "\x1b" not in text and "a\\x1b]0;x" in text


def test_no_group_is_told_too():
    assert similar_text(Similar(NAME, 0.5, 3, (), ()), {}, 200).endswith("of what is rare in the code of one of them.")


def test_what_cannot_be_compared_is_told(course, submit, capsys):
    with pytest.raises(ReportError, match="no submissions of"):
        similar(course, NAME, 0.5)
    with pytest.raises(AssignmentError):
        similar(course, "09_none", 0.5)
    submit("ann", **ANN)
    assert similar(course, NAME, 0.5).groups == ()
    for wrong in ("0", "120%", "much", "nan"):
        with pytest.raises(SystemExit):
            cli.main(["similar", NAME, "--least", wrong])
        assert "is no share" in capsys.readouterr().err


IDIOMS = ["x.mean(axis=0)", "x.sum(axis=1, keepdims=True)", "np.sqrt(y + 1e-5)", "x * y - z", "len(x)", "x @ y.T"]


def made_up(rng):
    """Somebody's lines, of what everybody uses."""
    lines = [
        f"{rng.choice('abcxyz')} = {rng.choice(IDIOMS)} {rng.choice('+-*/')} {rng.choice(IDIOMS)}" for _ in range(12)
    ]
    return "def work(x, y, z):\n" + "".join(f"    {line}\n" for line in lines) + "    return x\n"


def renamed(source):
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in ("np", "len"):
            node.id += "_2"
    return ast.unparse(tree)


@pytest.mark.parametrize(("copies", "are_found"), [(25, True), (40, False)])
def test_a_large_group_of_copies_is_found_unless_half_of_the_class_has_it(copies, are_found):
    rng = random.Random(0)
    work = made_up(rng) + made_up(rng)
    sources = {f"copy{k:02}": work if k % 2 else renamed(work) for k in range(copies)}
    sources |= {f"s{k:02}": made_up(rng) for k in range(30)}
    given = module._given([])
    found = module._groups({s: [module._cell("work", code, given)] for s, code in sources.items()}, 0.5)
    assert [len(group.members) for group in found] == ([copies] if are_found else [])


def test_one_copy_among_a_thousand_is_found_alone():
    rng = random.Random(0)
    sources = {f"s{k:03}": made_up(rng) for k in range(1000)}
    sources["s700"] = renamed(sources["s123"])
    given = module._given([])
    found = module._groups({s: [module._cell("work", code, given)] for s, code in sources.items()}, 0.5)
    assert set(found[0].members) == {"s123", "s700"} and found[0].shares[0] > 0.9
    assert len(found) == 1
