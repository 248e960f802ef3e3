"""The text a notebook is built from: cells, their kinds, and every mistake an author can make."""

import ast
import functools
import io
import math
import re
import tokenize
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupytext.cell_reader import DoublePercentScriptCellReader

from autograder.grading.stubs import python_tree

KINDS = ("exercise", "check", "answer", "demo")
VOIDS = ("full", "out")
# Of an exercise: enough to go on, or beside that; the value is the difficulty.
PATHS = ("core", "extra")
DIFFICULTIES = ("1", "2", "3")
_KEYS = (*KINDS, "points", "void", *PATHS)
TOPIC = re.compile(r"\d\d_[a-z0-9_]+")
_REFERENCE = re.compile(r"\b\d\d_[a-z][a-z0-9_]*")

_HEADER = re.compile(r'# %%(?P<markdown> \[markdown\])?(?P<options>(?: [a-z_]+=(?:"[^"]*"|[^\s"]+))*)\s*')
_OPTION = re.compile(r'([a-z_]+)=("[^"]*"|[^\s"]+)')
_JUPYTEXT_HEADER = re.compile(r"\s*#\s*(%%(%*)(\s|$)|<codecell>\s*$|In\[[0-9 ]*\]:?\s*$)")
_MISSPELT_HEADER = re.compile(r"\s*#?\s*%+\s*(\[|(exercise|check|answer|demo|points)\s*=)")
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# nbformat allows 64 characters in a cell id, and "exercise" ids get a prefix of up to six.
_ID_LENGTH = 56
# The regions that nbgrader cuts out, and the kinds of cell in which it may.
_REGIONS = {"SOLUTION": ("exercise", "answer"), "HIDDEN TESTS": ("check",), "MARK SCHEME": ()}


class SourceError(Exception):
    """One mistake in one line of a source file.

    Parameters
    ----------
    file : path as the reader knows it, from the course's root
    line : counted from one
    message : what is wrong and what is allowed
    """

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(file, line, message)
        self.file = file
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class SourceErrors(ExceptionGroup[SourceError]):
    """All the mistakes that were found, in the order of files and lines."""

    exceptions: tuple[SourceError, ...]

    def __new__(cls, errors: Sequence[SourceError]) -> "SourceErrors":
        return super().__new__(cls, "\n".join(map(str, errors)), list(errors))

    def derive(self, excs: Sequence[Any], /) -> Any:
        return SourceErrors(excs)

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Cell:
    """One cell as its author wrote it.

    Parameters
    ----------
    kind : "text", "setup" or one of `KINDS`
    id : the author's id, or the number of a text or setup cell
    source : what stands in the notebook's cell
    line : where its header stands
    points : given for checks and answers only
    void : "full" or "out" where what was asked turned out to be wrong; for checks and answers only
    path : "core" or "extra" where an exercise says so
    difficulty : 1 to 3, given with the path
    """

    kind: str
    id: str | int
    source: str
    line: int
    points: float | None = None
    void: str = ""
    path: str = ""
    difficulty: int = 0

    @property
    def counts(self) -> bool:
        """Whether its points are part of the total."""
        return self.points is not None and self.void != "out"

    @property
    def is_markdown(self) -> bool:
        return self.kind in ("text", "answer")

    @property
    def asks(self) -> bool:
        """Whether a check calls `check`, which needs an exercise's file; its own tests alone need none."""
        return self.kind == "check" and asks(self.source)

    @property
    def reports(self) -> bool:
        """Whether a check tells its points to `progress`."""
        return self.kind == "check" and bool(_asking(python_tree(self.source)))

    @property
    def name(self) -> str:
        """The id of the notebook's cell, which is also nbgrader's grade_id."""
        return str(self.id) if self.kind in ("exercise", "answer") else f"{self.kind}_{self.id}"


@dataclass(frozen=True)
class Source:
    """A source file that has no mistakes; `file` is its name in messages."""

    topic: str
    file: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class _Block:
    """A header and the lines below it; `source` has as many lines, but for blank ones at the end."""

    line: int
    header: str
    lines: tuple[str, ...]
    source: str
    markdown: bool

    def number(self, offset: int) -> int:
        """The line of the file that holds the body's line `offset`, counted from zero."""
        return self.line + 1 + offset


_Problems = Iterator[tuple[int, str]]
_Assignments = Iterator[tuple[str, ast.expr]]


def parse(path: Path, root: Path) -> Source:
    """Source read from the file `path` of the course at `root`.

    Raises
    ------
    SourceErrors
        With every mistake in the file.
    """
    file = path.relative_to(root).as_posix()
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"byte {raw[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        raise SourceErrors([SourceError(file, line, message)]) from None
    return parse_text(text, path.stem, file)


def asks(source: str) -> bool:
    """Whether the source of a check cell calls `check`."""
    return any(_called(call) == "check" for call in _asking(python_tree(source)))


def dead_references(source: Source, texts: Collection[str]) -> list[SourceError]:
    """The places where a text speaks of a notebook, such as 02_sgd, that is not among `texts`."""
    return [
        SourceError(source.file, cell.line + number, f"{name} is no notebook of this course: there is no text of it")
        for cell in source.cells
        if cell.is_markdown
        for number, line in enumerate(cell.source.split("\n"), 1)
        for name in _REFERENCE.findall(line)
        if name not in texts
    ]


def worked(topic: str, root: Path, also: Callable[[Cell], bool] = lambda cell: False, **names: Any) -> dict[str, Any]:
    """What the solution cells of a text define, by name.

    Parameters
    ----------
    topic, root : the text is `root`/solutions/TOPIC.py
    also : which of its other cells to run too
    names : what the cells find there already, besides `np`
    """
    import numpy as np

    names = {"np": np, **names}
    for cell in parse(root / "solutions" / f"{topic}.py", root).cells:
        if cell.kind == "exercise" or also(cell):
            exec(compile(cell.source, f"<{topic}>", "exec"), names)
    return names


@functools.cache
def parse_text(text: str, topic: str, file: str) -> Source:
    """Source with the cells that `text` describes.

    Parameters
    ----------
    text : jupytext's py:percent format, with the course's cell headers
    topic : the notebook's name
    file : the name for messages

    Raises
    ------
    SourceErrors
        With every mistake in the text.

    Examples
    --------
    >>> source = parse_text("# %%\\nimport numpy as np\\n", "02_sgd", "solutions/02_sgd.py")
    >>> source.cells[0].name, source.cells[0].source
    ('setup_1', 'import numpy as np')
    """
    lines = text.replace("\r\n", "\n").split("\n")
    problems: list[tuple[int, str]] = []
    blocks, first = _blocks(lines)
    problems += _before_first_header(lines[:first], blocks)

    cells = []
    counts = {"text": 0, "setup": 0}
    headers_are_sound = True
    for block in blocks:
        problems += _misspelt_headers(block)
        options, markdown, wrong = _options(block)
        if wrong:
            problems += [(block.line, message) for message in wrong]
            headers_are_sound = False
            continue
        kind = next((k for k in KINDS if k in options), "text" if markdown else "setup")
        if kind in counts:
            counts[kind] += 1
        points = float(options["points"]) if "points" in options else None
        if points is not None and points.is_integer():
            points = int(points)
        id_ = options[kind].strip('"') if kind in KINDS else counts[kind]
        void = "out" if points == 0 else options.get("void", "").strip('"')
        path = next((key for key in PATHS if key in options), "")
        cell = Cell(kind, id_, block.source, block.line, points, void, path, int(options.get(path, 0)))
        cells.append(cell)
        problems += _region_problems(cell, block)
        problems += _markdown_problems(block) if markdown else _code_problems(cell, block)
    problems += _doubled(cells)
    if headers_are_sound:
        problems += _unpaired(cells)
        problems += _answers_for_scores(cells)
        problems += _given_away(cells)
    if problems:
        raise SourceErrors([SourceError(file, *problem) for problem in sorted(problems)])
    return Source(topic, file, tuple(cells))


def _blocks(lines: Sequence[str]) -> tuple[list[_Block], int]:
    """The cells as jupytext divides them, and the index of the first header.

    This is the loop of `jupytext.reads`, which forgets at which line a cell starts.
    """
    first = next((i for i, line in enumerate(lines) if _JUPYTEXT_HEADER.match(line)), len(lines))
    blocks = []
    start = first
    while start < len(lines):
        reader = DoublePercentScriptCellReader({"extension": ".py", "format_name": "percent"})
        # Options stay out: jupytext gives a meaning to some, and stops at wrong values of others.
        header = "# %% [markdown]" if "[markdown]" in lines[start] else "# %%"
        cell, length = reader.read([header, *lines[start + 1 :]])
        body = tuple(lines[start + 1 : start + length])
        markdown = cell.cell_type == "markdown"
        text = cell.source if markdown else _with_comments(body, cell.source)
        blocks.append(_Block(start + 1, lines[start], body, text, markdown))
        start += length
    return blocks, first


def _with_comments(lines: Sequence[str], source: str) -> str:
    """The code as jupytext reads it, without taking prose for shell commands.

    Beside `# %magic` and `# !command`, jupytext turns `# cat pictures` into the command `cat`.
    """
    pairs = zip(lines, source.split("\n"), strict=False)
    return "\n".join(new if new.lstrip().startswith(("%", "!")) else old for old, new in pairs)


def _before_first_header(lines: Sequence[str], blocks: Sequence[_Block]) -> _Problems:
    if not blocks:
        yield 1, "no cells: a source file starts with a cell header, such as # %% [markdown]"
        return
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, f"text before the first cell header (line {blocks[0].line})"
            return


def _options(block: _Block) -> tuple[Mapping[str, str], bool, list[str]]:
    """The options of a header, whether the cell is markdown, and what is wrong with the header."""
    match = _HEADER.fullmatch(block.header)
    if match is None:
        return {}, False, [f"malformed cell header {block.header!r}; {_GRAMMAR}"]
    markdown = match["markdown"] is not None
    pairs = _OPTION.findall(match["options"])
    options = dict(pairs)
    wrong = [f"{key!r} stands twice in the header" for key in options if _count(pairs, key) > 1]
    wrong += [
        f"unknown key {key!r} in the header; allowed are {', '.join(_KEYS)}" for key in options if key not in _KEYS
    ]
    kinds = [key for key in KINDS if key in options]
    if len(kinds) > 1:
        wrong.append(f"a cell is of one kind, but the header names {' and '.join(kinds)}")
        return options, markdown, wrong
    for kind in kinds:
        wrong += _wrong_id(kind, options[kind])
        if kind == "answer" and not markdown:
            wrong.append("an answer is a text cell: write # %% [markdown] answer=...")
        if kind != "answer" and markdown:
            wrong.append(f"a cell with {kind}= holds code, but the header says [markdown]")
    wrong += _wrong_points(kinds[0] if kinds else None, options)
    wrong += _wrong_path(kinds[0] if kinds else None, options)
    return options, markdown, wrong


_GRAMMAR = 'write # %%, # %% [markdown], or either with key="id" and points=N, one space between'


def _count(pairs: Sequence[tuple[str, str]], key: str) -> int:
    return sum(name == key for name, _ in pairs)


def _wrong_id(kind: str, value: str) -> list[str]:
    if not (value.startswith('"') and value.endswith('"') and len(value) > 1):
        return [f'the id of {kind} stands in double quotes: {kind}="sgd", not {kind}={value}']
    id_ = value.strip('"')
    if not _ID.fullmatch(id_):
        return [f"the id {id_!r} has characters other than letters, digits and _ (or a digit first)"]
    if len(id_) > _ID_LENGTH:
        return [f"the id {id_!r} is longer than {_ID_LENGTH} characters"]
    return []


def _wrong_points(kind: str | None, options: Mapping[str, str]) -> list[str]:
    if kind not in ("check", "answer"):
        return [f"{key} is for a check or an answer only" for key in ("points", "void") if key in options]
    if "points" not in options:
        return [f"a cell with {kind}= needs points, such as points=4"]
    try:
        points = float(options["points"])
    except ValueError:
        points = math.nan
    if not (math.isfinite(points) and points >= 0):
        return [f"points={options['points']} must be a finite number greater than 0, or 0 for what does not count"]
    void = options.get("void", "").strip('"')
    if "void" in options and (void not in VOIDS or not points):
        allowed = 'write void="full", which gives everybody the points, or void="out", which does not count'
        return [f"void={options['void']}: {allowed if points else 'points=0 says already that it does not count'}"]
    return []


def _wrong_path(kind: str | None, options: Mapping[str, str]) -> list[str]:
    given = [key for key in PATHS if key in options]
    if given and kind != "exercise":
        return [f"{key} is for an exercise only" for key in given]
    if len(given) > 1:
        return ["an exercise is core or extra, not both"]
    allowed = "the difficulty: 1, 2 or 3"
    return [f"{key}={options[key]} must be {allowed}" for key in given if options[key] not in DIFFICULTIES]


def _misspelt_headers(block: _Block) -> _Problems:
    for offset, line in enumerate(block.lines):
        if _MISSPELT_HEADER.match(line):
            message = f"{line.strip()!r} looks like a cell header, but is inside the cell above"
            yield block.number(offset), f"{message}; {_GRAMMAR}"


def _region_problems(cell: Cell, block: _Block) -> _Problems:
    for region, kinds in _REGIONS.items():
        begin = None
        regions = 0
        for offset, line in enumerate(block.lines):
            number = block.number(offset)
            begins, ends = f"BEGIN {region}" in line, f"END {region}" in line
            if not (begins or ends):
                continue
            if cell.kind not in kinds:
                where = f"belongs in a cell with {' or '.join(k + '=' for k in kinds)}"
                where = where if kinds else "is not used in this course"
                yield number, f"### {'BEGIN' if begins else 'END'} {region} {where}"
            elif begins and begin is not None:
                yield number, f"### BEGIN {region} inside the one that begins in line {begin}"
            elif ends and begin is None:
                yield number, f"### END {region} without its ### BEGIN {region}"
            else:
                begin = number if begins else None
                regions += begins
        if begin is not None:
            yield begin, f"### BEGIN {region} without its ### END {region}"
        if region == "SOLUTION" and cell.kind == "exercise" and not regions and begin is None:
            yield cell.line, "the exercise has no ### BEGIN SOLUTION and ### END SOLUTION"


def _markdown_problems(block: _Block) -> _Problems:
    text = [line for line in block.lines if line.strip()]
    if text and text[0].lstrip("r").startswith(('"""', "'''")):
        return
    for offset, line in enumerate(block.lines):
        if line.strip() and not line.startswith("#"):
            yield block.number(offset), "a line of a text cell starts with #; is a header missing?"
            return


def _code_problems(cell: Cell, block: _Block) -> _Problems:
    try:
        tree = python_tree(cell.source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        yield block.number(line - 1), f"not valid Python: {getattr(error, 'msg', error)}"
        return
    if cell.kind == "exercise":
        yield from _exercise_problems(cell, block, tree)
    if cell.kind == "check":
        yield from dict.fromkeys([*_check_problems(cell, block, tree), *_released_problems(cell, block)])


def _exercise_problems(cell: Cell, block: _Block, tree: ast.Module) -> _Problems:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if not any(isinstance(node, definitions) for node in ast.walk(tree)):
        yield cell.line, f"the exercise {cell.id!r} defines no function"
    lines = cell.source.split("\n")
    kept, inside = [], False
    for offset, line in enumerate(lines):
        if "BEGIN SOLUTION" in line:
            inside = True
            indent = _indent(line)
            solution = next((after for after in lines[offset + 1 :] if after.strip()), line)
            if _indent(solution) != indent:
                yield block.number(offset), "### BEGIN SOLUTION is indented unlike the solution"
            kept.append(f"{indent}raise NotImplementedError")
        elif "END SOLUTION" in line:
            inside = False
        elif not inside:
            kept.append(line)
    try:
        python_tree("\n".join(kept))
    except SyntaxError as error:
        yield cell.line, f"without its solution the cell is not valid Python: {error.msg}"


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _check_problems(cell: Cell, block: _Block, tree: ast.Module) -> _Problems:
    asking = _asking(tree)
    for call in asking:
        line = block.number(call.lineno - 1)
        name = _called(call)
        asked = call.args[0] if call.args else None
        if name == "check" and not (isinstance(asked, ast.Constant) and asked.value == cell.id):
            found = ast.unparse(asked) if asked else "nothing"
            yield line, f'the call must be check("{cell.id}", ...), as in the header, not {found}'
        if name == "own_tests" and not (isinstance(asked, ast.Constant) and isinstance(asked.value, str)):
            yield line, f'own_tests needs a name first, such as own_tests("{cell.id}", a_test, points=2)'
    yield from _points_problems(cell, block, asking)
    yield from _score_problems(cell, block, tree, asking)


def _released_problems(cell: Cell, block: _Block) -> _Problems:
    """What is wrong once the hidden tests are cut out, as students get the cell."""
    kept, hidden = [], False
    for line in cell.source.split("\n"):
        hidden = hidden or "BEGIN HIDDEN TESTS" in line
        kept.append("" if hidden else line)
        hidden = hidden and "END HIDDEN TESTS" not in line
    source = "\n".join(kept)
    if source == cell.source:
        return
    try:
        tree = python_tree(source)
    except (SyntaxError, ValueError) as error:
        place = int(getattr(error, "lineno", None) or 1)
        message = f"without its hidden tests the cell is not valid Python: {getattr(error, 'msg', error)}"
        yield block.number(place - 1), f"{message}; a docstring keeps a test whole whose lines are all hidden"
        return
    if tree.body and _asking(python_tree(cell.source)):
        yield from _check_problems(replace(cell, source=source), block, tree)


def _points_problems(cell: Cell, block: _Block, asking: Sequence[ast.Call]) -> _Problems:
    """The shares of `check` and `own_tests` have to be the cell's points."""
    shares = []
    for call in asking:
        given = next((k.value for k in call.keywords if k.arg == "points"), None)
        number = given.value if isinstance(given, ast.Constant) else None
        if cell.void and isinstance(given, ast.Constant):
            if not given.value:
                told = f"points=0 in the call of {_called(call)}"
                line = block.number(call.lineno - 1)
                yield line, f"{told}: only the header says it, the students' call stays as it was"
            continue
        if isinstance(number, bool) or not isinstance(number, int | float):
            found = f"points={ast.unparse(given)}" if given else "no points="
            yield block.number(call.lineno - 1), _UNEQUAL.format(found, _called(call), cell.points)
            return
        shares.append(number)
    if shares and not math.isclose(sum(shares), cell.points or 0.0):
        found = f"points={'+'.join(f'{share:g}' for share in shares)}"
        yield block.number(asking[-1].lineno - 1), _UNEQUAL.format(found, _called(asking[-1]), cell.points)


_UNEQUAL = "{} in the call of {}, but points={} in the header"
_ENDS = (
    "the cell must end in its score, since nbgrader gives full points for everything else: {}; end it with "
    'check("{}", ...), with own_tests(...), with their sum, or with a number of points; see authors.md'
)


def _score_problems(cell: Cell, block: _Block, tree: ast.Module, asking: Sequence[ast.Call]) -> _Problems:
    """What would throw a verdict away, or give points for a value that is no score."""
    if not tree.body:
        yield cell.line, "the check is empty: there is nothing that could earn its points"
        return
    last = tree.body[-1]
    line = block.number(last.lineno - 1)
    ends_in_semicolon = isinstance(last, ast.Expr) and _hides_its_value(cell.source)
    if ends_in_semicolon and (asking or _may_be_a_score(last)):
        yield line, _ENDS.format("the semicolon at its end hides the value", cell.id)
        return
    if not asking:
        # Assertions alone give all or nothing, as in nbgrader's own courses: only what looks like a test and is
        # none is refused.
        if isinstance(last, ast.Expr) and isinstance(last.value, ast.Compare | ast.BoolOp):
            yield line, _ENDS.format(f"`{_short(last)}` is no test; was `assert` forgotten?", cell.id)
        elif isinstance(last, ast.Expr) and isinstance(last.value, ast.UnaryOp | ast.Constant) and not _is_number(last):
            yield line, _ENDS.format(f"`{_short(last)}` is no number of points", cell.id)
        elif not _tests_something(tree):
            yield cell.line, f'no call of check("{cell.id}", ..., points={cell.points}) or own_tests, and no assertion'
        return
    if not isinstance(last, ast.Expr):
        yield line, _ENDS.format(f"`{_short(last)}` comes last", cell.id)
        return
    scores = _scores(tree)
    used = {node.id for node in ast.walk(last) if isinstance(node, ast.Name)}
    while more := {name for score in used & scores.keys() for name in scores[score]} - used:
        used |= more
    if not _is_score(last.value, used & scores.keys()):
        yield line, _ENDS.format(f"`{_short(last)}` is none", cell.id)
        return
    for statement in tree.body[:-1]:
        for call in _asking(statement):
            kept = {name for name in used & scores.keys() if call in _asking_in_assignments(tree, name)}
            if not kept and not isinstance(statement, ast.FunctionDef):
                thrown = f"what `{_short(call)}` gives is thrown away"
                yield block.number(call.lineno - 1), _ENDS.format(thrown, cell.id)


_TESTING = re.compile(r"assert|test|check|verify|validate", re.IGNORECASE)


def _tests_something(tree: ast.Module) -> bool:
    """Whether a cell asserts, calls what by its name does, or ends in a number of points that it has counted."""
    last = tree.body[-1]
    counted = isinstance(last, ast.Expr) and not isinstance(last.value, ast.Call)
    return counted or any(
        isinstance(node, ast.Assert | ast.Raise) or (isinstance(node, ast.Call) and _TESTING.search(_called(node)))
        for node in ast.walk(tree)
    )


def _asking(tree: ast.AST) -> list[ast.Call]:
    """Calls of `check` and `own_tests`, in the order of lines."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) in ("check", "own_tests")]
    return sorted(calls, key=lambda call: (call.lineno, call.col_offset))


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _assignments(tree: ast.Module) -> _Assignments:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign) or (isinstance(node, ast.AnnAssign) and node.value):
            targets = [node.target]
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name) and node.value:
                yield target.id, node.value


def _scores(tree: ast.Module) -> dict[str, set[str]]:
    """Names that hold a score, by assignment, and the names that each is made of."""
    scores: dict[str, set[str]] = {}
    for name, value in _assignments(tree):
        if name in scores or _is_score(value, scores.keys()):
            parts = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
            scores.setdefault(name, set()).update(parts)
    return scores


def _asking_in_assignments(tree: ast.Module, name: str) -> list[ast.Call]:
    return [call for target, value in _assignments(tree) if target == name for call in _asking(value)]


def _is_score(node: ast.expr, scores: Collection[str]) -> bool:
    """Whether an expression is a verdict, a sum or share of verdicts, or a number made of one."""
    if isinstance(node, ast.Call):
        if _called(node) in ("check", "own_tests"):
            return True
        known = isinstance(node.func, ast.Name) and node.func.id in ("float", "round", "min", "max", "sum", "abs")
        return known and any(_is_score(argument, scores) for argument in node.args)
    if isinstance(node, ast.BinOp):
        sides = node.left, node.right
        return any(_is_score(s, scores) for s in sides) and all(_is_score(s, scores) or _number(s) for s in sides)
    if isinstance(node, ast.List | ast.Tuple):
        return bool(node.elts) and all(_is_score(item, scores) for item in node.elts)
    if isinstance(node, ast.IfExp):
        branches = node.body, node.orelse
        return any(_is_score(b, scores) for b in branches) and all(_is_score(b, scores) or _number(b) for b in branches)
    if isinstance(node, ast.Attribute):
        return node.attr == "points" and _is_score(node.value, scores)
    return isinstance(node, ast.Name) and node.id in scores


def _number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _number(node.operand)
    if isinstance(node, ast.BinOp):
        return _number(node.left) and _number(node.right)
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _is_number(statement: ast.Expr) -> bool:
    return _number(statement.value)


def _may_be_a_score(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Call)


def _hides_its_value(source: str) -> bool:
    """Whether the last line of code ends in a semicolon, by which a notebook shows no value."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return False
    empty = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.DEDENT)
    said = [token.string for token in tokens if token.type not in empty]
    return said[-1:] == [";"]


def _short(node: ast.AST) -> str:
    text = ast.unparse(node).splitlines()[0]
    return text if len(text) <= 60 else f"{text[:57]}..."


def _doubled(cells: Sequence[Cell]) -> _Problems:
    first: dict[str, Cell] = {}
    for cell in cells:
        names = [cell.name] + ([f"hints_{cell.id}"] if cell.kind == "exercise" else [])
        taken = next((name for name in names if name in first), None)
        if taken:
            line = first[taken].line
            yield cell.line, f"the id {taken!r} of this cell is that of the cell in line {line}"
        for name in names:
            first.setdefault(name, cell)


def _unpaired(cells: Sequence[Cell]) -> _Problems:
    # Backwards, so that of two cells with one id the first counts.
    exercises = {cell.id: cell.line for cell in reversed(cells) if cell.kind == "exercise"}
    checks = {cell.id: cell.line for cell in reversed(cells) if cell.kind == "check"}
    for id_, line in exercises.items():
        if id_ not in checks:
            yield line, f'the exercise {id_!r} has no cell with check="{id_}"'
    for id_, line in checks.items():
        if id_ not in exercises:
            yield line, f'the check {id_!r} has no cell with exercise="{id_}"'
        elif exercises[id_] > line:
            yield line, f"the check {id_!r} stands before its exercise (line {exercises[id_]})"


def _answers_for_scores(cells: Sequence[Cell]) -> _Problems:
    """Checks of assertions alone that end in what the student's function returns."""
    functions = {name for cell in cells if cell.kind == "exercise" for name in _defined(cell.source)}
    for cell in cells:
        if cell.kind != "check":
            continue
        try:
            body = python_tree(cell.source).body
        except (SyntaxError, ValueError):
            continue
        last = body[-1] if body else None
        if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) and _called(last.value) in functions:
            yield cell.line + last.lineno, _ENDS.format(f"`{_short(last)}` is the student's own value", cell.id)


def _defined(source: str) -> list[str]:
    try:
        body = python_tree(source).body
    except (SyntaxError, ValueError):
        return []
    return [node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]


def _given_away(cells: Sequence[Cell]) -> _Problems:
    """Functions that a check asks for and the release would hold solved: one of two in a cell is easily forgotten."""
    checks = {cell.id: set(re.findall(r"\w+", cell.source)) for cell in cells if cell.kind == "check"}
    for cell in cells:
        if cell.kind != "exercise" or "BEGIN SOLUTION" not in cell.source:
            continue
        try:
            body = python_tree(cell.source).body
        except (SyntaxError, ValueError):
            continue
        lines = cell.source.split("\n")
        for node in body:
            if not isinstance(node, ast.FunctionDef) or node.name not in checks.get(cell.id, ()):
                continue
            if not any("BEGIN SOLUTION" in line for line in lines[node.lineno - 1 : node.end_lineno]):
                yield cell.line + node.lineno, f"{node.name!r} is checked, but has no ### BEGIN SOLUTION"
