"""The text of a notebook: what its cells become, and which mistakes an author is told of."""

import pickle

import jupytext
import pytest

from autograder.course.source import SourceError, SourceErrors, parse, parse_text

FILE = "solutions/02_sgd.py"

GOOD = '''\
# %% [markdown]
# # Why does it go *downhill*?
#
# Größe and $\\\\gamma$.

# %%
import numpy as np

# %% exercise="sgd"
def sgd(w, grad, lr):
    """New w."""
    ### BEGIN SOLUTION
    return w - lr * grad
    ### END SOLUTION


# %% check="sgd" points=4
check("sgd", sgd, points=4)

# %% demo="race"
sgd(np.ones(2), np.ones(2), 0.1)

# %% [markdown] answer="why" points=2.5
# Why?
#
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION
'''

EXERCISE = """\
# %% exercise="a"
def a():
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION
"""
CHECK = """\
# %% check="a" points=4
check("a", a, points=4)
"""


def errors_in(text: str) -> list[SourceError]:
    with pytest.raises(SourceErrors) as raised:
        parse_text(text, "02_sgd", FILE)
    return list(raised.value.exceptions)


def test_each_header_gives_its_kind_of_cell():
    source = parse_text(GOOD, "02_sgd", FILE)
    assert (source.topic, source.file) == ("02_sgd", FILE)
    assert [(c.kind, c.id, c.name, c.line, c.points, c.is_markdown) for c in source.cells] == [
        ("text", 1, "text_1", 1, None, True),
        ("setup", 1, "setup_1", 6, None, False),
        ("exercise", "sgd", "sgd", 9, None, False),
        ("check", "sgd", "check_sgd", 17, 4, False),
        ("demo", "race", "demo_race", 20, None, False),
        ("answer", "why", "why", 23, 2.5, True),
    ]


def test_cells_are_those_of_jupytext():
    theirs = jupytext.reads(GOOD, fmt="py:percent").cells
    ours = parse_text(GOOD, "02_sgd", FILE).cells
    assert [c.source for c in ours] == [c.source for c in theirs]
    assert [c.is_markdown for c in ours] == [c.cell_type == "markdown" for c in theirs]


def test_a_header_inside_a_string_is_not_a_header():
    text = '# %%\nx = """\n# %%\n"""\n# %%\ny = 1\n'
    cells = parse_text(text, "02_sgd", FILE).cells
    assert [(c.line, c.source) for c in cells] == [(1, 'x = """\n# %%\n"""'), (5, "y = 1")]


def test_magics_are_uncommented_and_prose_is_not():
    text = "# %%\n# cat pictures\n# ls is short\n# %matplotlib inline\n# !ls\nx = 1\n"
    (cell,) = parse_text(text, "02_sgd", FILE).cells
    assert cell.source == "# cat pictures\n# ls is short\n%matplotlib inline\n!ls\nx = 1"


def test_an_operator_at_the_start_of_a_line_is_not_a_magic():
    for last in ("", "\nif x:\n    %time"):
        code = "x = (7\n     % 4)" + last
        (cell,) = parse_text("# %%\n" + code, "02_sgd", FILE).cells
        assert cell.source == code


def test_whole_points_are_whole_numbers_in_the_notebook():
    check = parse_text(EXERCISE + CHECK.replace("=4\n", "=4.0\n"), "02_sgd", FILE).cells[1]
    assert repr(check.points) == "4"


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path):
    path = tmp_path / "solutions" / "02_sgd.py"
    path.parent.mkdir()
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert parse(path, tmp_path) == parse_text(GOOD, "02_sgd", FILE)


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path):
    path = tmp_path / "solutions" / "02_sgd.py"
    path.parent.mkdir()
    path.write_bytes(GOOD.encode("latin-1"))
    with pytest.raises(SourceErrors) as raised:
        parse(path, tmp_path)
    assert str(raised.value) == f"{FILE}:4: byte 0xf6 is not UTF-8; save the file as UTF-8"


MISTAKES = {
    "empty file": ("", 1, "no cells"),
    "options with a meaning to jupytext": ('# %% active="md" language="R"\n', (1, 1), "unknown key"),
    "only blank lines": ("\n\n", 1, "no cells"),
    "text before the first header": ("\nimport os\n# %%\n", 2, "before the first cell header"),
    "yaml header": ("# ---\n# a: b\n# ---\n# %%\n", 1, "before the first cell header (line 4)"),
    "title in a header": ("# %% Title\n", 1, "malformed cell header '# %% Title'"),
    "no space in a header": ("#%%\n", 1, "malformed cell header"),
    "indented header": ("# %%\nif 1:\n    pass\n    # %%\n", 4, "malformed cell header"),
    "raw cell": ("# %% [raw]\n# a\n", 1, "malformed cell header"),
    "comma in a header": ('# %% exercise="a", points=1\n', 1, "malformed cell header"),
    "unclosed quote": ('# %% demo="a\n', 1, "malformed cell header"),
    "header without space": ('# %%\n1\n# %%demo="a"\n', 3, "looks like a cell header"),
    "unknown key": ('# %% tags="a"\n', 1, "unknown key 'tags'"),
    "misspelt kind": ('# %% excercise="a"\n', 1, "unknown key 'excercise'"),
    "key twice": ('# %% demo="a" demo="b"\n', 1, "'demo' stands twice"),
    "two kinds": ('# %% demo="a" exercise="a"\n', 1, "names exercise and demo"),
    "id without quotes": ("# %% demo=race\n", 1, 'demo="sgd", not demo=race'),
    "empty id": ('# %% demo=""\n', 1, "the id ''"),
    "hyphen in an id": ('# %% demo="a-b"\n', 1, "the id 'a-b'"),
    "space in an id": ('# %% demo="a b"\n', 1, "the id 'a b'"),
    "digit first": ('# %% demo="1a"\n', 1, "the id '1a'"),
    "long id": (f'# %% demo="{"a" * 57}"\n', 1, "longer than 56"),
    "check without points": ('# %% check="a"\n', 1, "needs points"),
    "answer without points": ('# %% [markdown] answer="a"\n', 1, "needs points"),
    "points of an exercise": ('# %% exercise="a" points=2\n', 1, "check or an answer only"),
    "points of a setup cell": ("# %% points=2\n", 1, "check or an answer only"),
    "a path of a check": ('# %% check="a" points=1 core=1\n', 1, "core is for an exercise only"),
    "both paths": ('# %% exercise="a" core=1 extra=1\n', 1, "core or extra, not both"),
    "no such difficulty": ('# %% exercise="a" extra=4\n', 1, "extra=4 must be the difficulty: 1, 2 or 3"),
    "answer in a code cell": ('# %% answer="a" points=1\n', 1, "an answer is a text cell"),
    "exercise in a text cell": ('# %% [markdown] exercise="a"\n', 1, "holds code"),
    "check in a text cell": ('# %% [markdown] check="a" points=1\n', 1, "holds code"),
    "not Python": ("# %%\n\nx = = 1\n", 3, "not valid Python: invalid syntax"),
    "doubtful escape": ('# %%\n1\ny = "\\m"\n', 3, "not valid Python: invalid escape"),
    "NUL": ("# %%\nx = '\0'\n", 2, "not valid Python: source code"),
    "code in a text cell": ("# %% [markdown]\n# a\nx = 1\n", 3, "starts with #"),
    "solution in a setup cell": (
        "# %%\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n",
        (2, 4),
        "SOLUTION belongs in a cell with exercise= or answer=",
    ),
    "hidden tests in a demo": (
        '# %% demo="a"\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n',
        (2, 3),
        "HIDDEN TESTS belongs in a cell with check=",
    ),
    "mark scheme": (
        '# %% [markdown] answer="a" points=1\n# ### BEGIN MARK SCHEME\n# ### END MARK SCHEME\n',
        (2, 3),
        "is not used",
    ),
    "no markers": (
        EXERCISE.replace("    ### BEGIN SOLUTION\n", "").replace("    ### END SOLUTION\n", "") + CHECK,
        1,
        "has no ### BEGIN SOLUTION",
    ),
    "one of two functions without markers": (
        EXERCISE.replace("def a():", "def b():\n    return 2\n\n\ndef a():") + CHECK.replace(", a,", ", a, b,"),
        2,
        "'b' is checked, but has no ### BEGIN SOLUTION",
    ),
    "no END": (EXERCISE.replace("    ### END SOLUTION\n", "") + CHECK, 3, "without its ### END"),
    "no BEGIN": (
        EXERCISE.replace("    ### BEGIN SOLUTION\n", "") + CHECK,
        (1, 4),
        "### BEGIN SOLUTION",
    ),
    "nested BEGIN": (
        EXERCISE.replace("    return 1\n", "    ### BEGIN SOLUTION\n    return 1\n") + CHECK,
        4,
        "inside the one that begins in line 3",
    ),
    "unclosed answer": (
        '# %% [markdown] answer="a" points=1\n# ### BEGIN SOLUTION\n# b\n',
        2,
        "without its ### END SOLUTION",
    ),
    "unclosed hidden tests": (
        EXERCISE + CHECK + "### BEGIN HIDDEN TESTS\n",
        8,
        "without its ### END HIDDEN TESTS",
    ),
    "marker not indented": (
        EXERCISE.replace("    ### BEGIN", "### BEGIN").replace("a():\n", 'a():\n    "a"\n') + CHECK,
        4,
        "indented unlike the solution",
    ),
    "stub is not Python": (
        EXERCISE.replace("    return 1\n", "    if 1:\n        pass\n") + "    else: 1\n" + CHECK,
        (1,),
        "without its solution the cell is not valid Python",
    ),
    "no function": (
        EXERCISE.replace("def a():", "if True:").replace("return 1", "a = 1") + CHECK,
        1,
        "defines no function",
    ),
    "exercise without check": (EXERCISE, 1, 'no cell with check="a"'),
    "check without exercise": (CHECK, 1, 'no cell with exercise="a"'),
    "check before exercise": (CHECK + EXERCISE, 1, "before its exercise (line 3)"),
    "two exercises": (EXERCISE + EXERCISE + CHECK, 6, "'a' of this cell is that of the cell in"),
    "an exercise again below its check": (
        EXERCISE + CHECK + EXERCISE,
        8,
        "is that of the cell in line 1",
    ),
    "a check above and below its exercise": (CHECK + EXERCISE + CHECK, (1, 8), "line"),
    "two checks": (EXERCISE + CHECK + CHECK, 8, "is that of the cell in line 6"),
    "answer named like an exercise": (
        EXERCISE + CHECK + '# %% [markdown] answer="a" points=1\n',
        8,
        "is that of the cell in line 1",
    ),
    "demo named like a setup cell": (
        '# %%\n1\n# %% [markdown] answer="setup_1" points=1\n',
        3,
        "is that of the cell in line 1",
    ),
    "answer named like hints": (
        EXERCISE + CHECK + '# %% [markdown] answer="hints_a" points=1\n',
        8,
        "is that of the cell in line 1",
    ),
    "other points in the call": (
        EXERCISE + CHECK.replace("points=4)", "points=3)"),
        7,
        "points=3 in the call of check, but points=4 in the header",
    ),
    "no points in the call": (EXERCISE + CHECK.replace(", points=4)", ")"), 7, "no points="),
    "computed points": (
        EXERCISE + CHECK.replace("points=4)", "points=2 + 2)"),
        7,
        "points=2 + 2 in the call",
    ),
    "another exercise in the call": (EXERCISE + CHECK.replace('"a",', '"b",'), 7, "not 'b'"),
    "no call": (EXERCISE + CHECK.replace("check(", "print("), 6, "no call of check"),
    **{
        f"points={points}": (
            f'# %% [markdown] answer="a" points={points}\n',
            1,
            "must be a finite number greater than 0",
        )
        for points in ("-1", "nan", "inf", "1e999", "four", '"4"', "True")
    },
    **{
        f"void={void}": (f'# %% [markdown] answer="a" points={points} void={void}\n', 1, words)
        for points, void, words in (
            (4, '"none"', 'write void="full"'),
            (4, "yes", 'write void="full"'),
            (0, '"full"', "points=0 says already"),
        )
    },
    "void of an exercise": (
        EXERCISE.replace('exercise="a"', 'exercise="a" void="out"') + CHECK,
        1,
        "void is for a check",
    ),
    "points=0 in a voided call": (
        EXERCISE + CHECK.replace("points=4)", "points=0)").replace("points=4", "points=0"),
        7,
        "only the header says it",
    ),
}


@pytest.mark.parametrize(("text", "lines", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_line(text, lines, words):
    found = errors_in(text)
    assert [e.line for e in found] == ([lines] if isinstance(lines, int) else list(lines))
    assert all(words in e.message for e in found)
    assert str(found[0]).startswith(f"{FILE}:{found[0].line}: ")


def test_all_mistakes_are_told_at_once_in_order():
    text = "# %%\nx = = 1\n# %% oops\n# %% check='a'\n# %% points=1\n"
    found = errors_in(text)
    assert [e.line for e in found] == [2, 3, 4, 4, 5]
    with pytest.raises(SourceErrors) as raised:
        parse_text(text, "02_sgd", FILE)
    assert str(raised.value).splitlines() == [str(e) for e in found]


def test_a_broken_header_does_not_accuse_its_partner():
    assert [e.line for e in errors_in(EXERCISE.replace('"a"', "a") + CHECK)] == [1]


def test_an_error_survives_the_way_to_another_process():
    error = SourceError(FILE, 57, "a message")
    assert str(pickle.loads(pickle.dumps(error))) == f"{FILE}:57: a message"
