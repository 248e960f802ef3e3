"""Groups of submissions whose code is alike when names, comments and layout are taken away: where to look, no verdict.

Winnowing (Schleimer, Wilkerson and Aiken, 2003) over normalised tokens. What everybody was given, and what the
instructor's solution says too, does not count; what is left counts by how rare it is in the class, for short NumPy
functions come out alike by themselves. Nothing is run.
"""

import builtins
import io
import keyword
import math
import tokenize
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

import nbformat
import numpy as np
from nbformat import NotebookNode
from nbgrader.utils import is_solution
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from tqdm import tqdm

from autograder.grading import intake
from autograder.grading.assignment import Assignment, grade_id
from autograder.grading.course import Course
from autograder.report.output import ReportError

# Tokens of a fragment, and fragments of which the least is kept: a common run of GRAM + WINDOW - 1 tokens, about two
# lines, is always found.
GRAM, WINDOW = 14, 4
# Fewer common fragments, about three lines, are no pattern.
FEWEST = 6
# Fragments that more submissions than this share of the class (at least COMMON of them) have are idioms. Copies count
# once, so that a large group of them makes no idioms: those of at least WHOLE fragments that have SAME of all theirs in
# common, unless half of the class has written it.
SHARED, COMMON = 0.1, 10
WHOLE, SAME = 18, 0.9
# So many groups are shown with what they share.
_SHOWN = 30
# A passage is shown once where so much of it lies in another that is shown.
_COVERED = 0.8
# Two of a group are looked at side by side so often: among hundreds that are a little alike there are too many.
_LOOKS = 500
_TRIES = 20
# Characters of one submission that are compared: solutions of an assignment have a tenth of it.
_MOST = 100_000

_NAMES = frozenset(dir(builtins)) | frozenset(keyword.kwlist)
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
# Odd, so that powers of it do not run out of 64 bits.
_BASE = np.uint64(0x9E3779B97F4A7C15)
_POWERS = np.multiply.accumulate(np.full(GRAM, _BASE))


@dataclass(frozen=True)
class Passage:
    """Lines that are alike, on both sides.

    Parameters
    ----------
    left, right : cell, first line, last line
    left_lines, right_lines : their text
    rows : which stand beside each other, by number; None beside a line that has no like
    """

    left: tuple[str, int, int]
    right: tuple[str, int, int]
    left_lines: tuple[str, ...]
    right_lines: tuple[str, ...]
    rows: tuple[tuple[int | None, int | None], ...]


@dataclass(frozen=True)
class Part:
    """What a group shares, shown once: as two of it have it, and where others do.

    Parameters
    ----------
    left, right : the two
    others : (student, cell, first line, last line) of each further one that has it, or most of it
    """

    left: str
    right: str
    passage: Passage
    others: tuple[tuple[str, str, int, int], ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two submissions that are alike.

    Parameters
    ----------
    common : how many of the fragments that count both have
    left_share, right_share : of what either wrote, weighed by rarity, as much is in the other's
    """

    left: str
    right: str
    common: int
    left_share: float
    right_share: float

    @property
    def share(self) -> float:
        """The larger of the two: who copies and goes on writing hides nothing."""
        return max(self.left_share, self.right_share)


@dataclass(frozen=True)
class Group:
    """Submissions that are connected by pairs with at least the share that was asked for.

    Parameters
    ----------
    members : first the one that has most in common with the others
    pairs : those pairs; not each two of a group need be one
    parts : what they share, once
    more : whether they share more than that
    """

    members: tuple[str, ...]
    pairs: tuple[Pair, ...]
    parts: tuple[Part, ...] = ()
    more: bool = False

    @property
    def shares(self) -> tuple[float, float]:
        """Of its pairs: the least and the largest."""
        shares = [pair.share for pair in self.pairs]
        return min(shares), max(shares)

    def nearest(self, student: str) -> Pair:
        """The pair in which a member has most in common."""
        theirs = [pair for pair in self.pairs if student in (pair.left, pair.right)]
        return max(theirs, key=lambda pair: (pair.share, pair.common))


@dataclass(frozen=True)
class Similar:
    """What was found in an assignment.

    Parameters
    ----------
    compared : how many submissions
    skipped : (student, why) of files that could not be read
    groups : first those that have much in common, and little else
    """

    assignment: str
    least: float
    compared: int
    skipped: tuple[tuple[str, str], ...]
    groups: tuple[Group, ...]


# Lines of the left and the right that stand beside each other.
_Run = list[tuple[int, int]]


@dataclass(frozen=True)
class _Cell:
    """A cell: its tokens as numbers, the line of each, the hash of the fragment that begins at each, and its own ones.

    `own` says of each fragment whether at most half of it was given.
    """

    name: str
    source: str
    tokens: np.ndarray
    lines: np.ndarray
    hashes: np.ndarray
    own: np.ndarray


def similar(course: Course, name: str, least: float) -> Similar:
    """Compare the submissions of an assignment, all with all.

    Parameters
    ----------
    least : share, in (0, 1], that makes two of them worth a look

    Raises
    ------
    AssignmentError : no such assignment
    ReportError : nobody has handed in
    """
    assignment = Assignment.load(course.source, name)
    paths = sorted(path for path in course.submitted.glob(f"*/{name}") if path.parent.name[0] != ".")
    if not paths:
        raise ReportError(f"no submissions of {name} in {course.submitted}")
    solved = nbformat.read(course.source / name / f"{name}.ipynb", as_version=4)
    given = _given([assignment.notebook, solved])
    submissions: dict[str, list[_Cell]] = {}
    skipped = []
    for path in tqdm(paths, desc=name, unit="submission", disable=None, leave=False):
        student = path.parent.name
        try:
            data = intake.read(path / f"{name}.ipynb", course.submitted)
            notebook = intake.rebuild(assignment, data).notebook
        except intake.Refused as error:
            skipped.append((student, str(error)))
        else:
            submissions[student] = [_cell(label, source, given) for label, source in _sources(notebook)]
    return Similar(name, least, len(submissions), tuple(skipped), tuple(_groups(submissions, least)))


def _sources(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """The student's code: (cell, source)."""
    extras = length = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        extra = cell.metadata.get("downhill", {}).get("extra", False)
        extras += extra
        if extra or is_solution(cell):
            length += len(cell.source)
            if length > _MOST:
                return
            yield f"own cell {extras}" if extra else grade_id(cell), cell.source


def _given(notebooks: Iterable[NotebookNode]) -> np.ndarray:
    """The fragments of what everybody was given, and of the solution, sorted."""
    sources = [cell.source for notebook in notebooks for cell in notebook.cells if cell.cell_type == "code"]
    hashes = [_hashes(_tokens(source)[0]) for source in sources]
    return np.unique(np.concatenate(hashes)) if hashes else np.array([], np.uint64)


def _cell(name: str, source: str, given: np.ndarray) -> _Cell:
    tokens, lines = _tokens(source)
    hashes = _hashes(tokens)
    covered = np.zeros(len(tokens) + 1, int)
    for start in np.flatnonzero(np.isin(hashes, given)).tolist():
        covered[start] += 1
        covered[min(start + GRAM, len(tokens))] -= 1
    is_given = np.cumsum(covered)[:-1] > 0
    before = np.concatenate([[0], np.cumsum(is_given)])
    own = before[GRAM:] - before[:-GRAM] <= GRAM // 2 if len(hashes) else np.zeros(0, bool)
    return _Cell(name, source, tokens, lines, hashes, own)


def _hashes(tokens: np.ndarray) -> np.ndarray:
    """A number for each run of GRAM tokens; arithmetic in 64 bits wraps around, the same on every machine."""
    if len(tokens) < GRAM:
        return np.zeros(0, np.uint64)
    return (np.lib.stride_tricks.sliding_window_view(tokens, GRAM) * _POWERS).sum(1, dtype=np.uint64)


@lru_cache(maxsize=20_000)
def _tokens(source: str) -> tuple[np.ndarray, np.ndarray]:
    """A source's tokens as numbers, and the line of each."""
    found = list(_normalised(source))
    tokens = np.array([zlib.crc32(text.encode(errors="replace")) for text, _ in found], np.uint64)
    return tokens, np.array([line for _, line in found], int)


def _normalised(source: str) -> Iterator[tuple[str, int]]:
    """Tokens and their lines, without what an editor changes: names, comments, docstrings, layout, round brackets.

    Attributes, keyword arguments and built-in functions keep their names, for those cannot be chosen.
    """
    tokens = list(_read(source))
    last, depth, statement = ";", 0, True
    for number, token in enumerate(tokens):
        following = tokens[number + 1].string if number + 1 < len(tokens) else ""
        text = token.string
        if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER) or text == ";":
            # "if x: return" and its long form are one.
            text, statement = ";" if last not in (";", ":") else "", True
        elif token.type in (tokenize.INDENT, tokenize.DEDENT):
            continue
        else:
            depth += (text in _OPEN) - (text in _CLOSE)
            if token.type == tokenize.STRING:
                text = "" if statement else "text"
            elif token.type == tokenize.NUMBER:
                text = _written(text)
            elif token.type == tokenize.NAME:
                is_fixed = text in _NAMES or last == "." or (depth > 0 and following == "=")
                text = text if is_fixed else "name"
            elif text in "()" or (text == "," and following in _CLOSE):
                text = ""
            statement = False
        if text:
            last = text
            yield text, token.start[0]


def _written(text: str) -> str:
    """One way to write a number."""
    try:
        return repr(complex(text.replace("_", "")))
    except ValueError:
        return text


def _read(source: str) -> Iterator[tokenize.TokenInfo]:
    """Python's tokens, on behind a line that is none; comments, blank lines and Jupyter's commands left out."""
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()]
    start = 0
    for _ in range(_TRIES):
        rest = io.StringIO("\n".join(lines[start:]) + "\n")
        end, inside = 1, 0
        try:
            for token in tokenize.generate_tokens(rest.readline):
                end = token.end[0]
                kind = tokenize.tok_name[token.type]
                if kind.startswith(("FSTRING", "TSTRING")):
                    # From Python 3.12 on they come in parts.
                    inside += kind.endswith("START") - kind.endswith("END")
                    if not kind.endswith("START") or inside > 1:
                        continue
                    token = token._replace(type=tokenize.STRING)
                elif inside or token.type in (tokenize.COMMENT, tokenize.NL):
                    continue
                row, column = token.start
                yield token._replace(start=(row + start, column))
            return
        except (SyntaxError, ValueError, tokenize.TokenError):
            start += end
            if start >= len(lines):
                return


def _chosen(cell: _Cell) -> np.ndarray:
    """The fragments that stand for a cell: of each window the least, whatever lies around it."""
    hashes = cell.hashes
    if not len(hashes):
        return hashes
    windows = np.lib.stride_tricks.sliding_window_view(hashes, min(WINDOW, len(hashes)))
    places = np.unique(windows.argmin(1) + np.arange(len(windows)))
    return hashes[places[cell.own[places]]]


def _groups(submissions: dict[str, list[_Cell]], least: float) -> list[Group]:
    """The submissions that pairs connect, with what they share."""
    students = list(submissions)
    chosen = [
        np.unique(np.concatenate([np.zeros(0, np.uint64), *map(_chosen, cells)])) for cells in submissions.values()
    ]
    weights = _weights(chosen)
    kept = [[h for h in fragments.tolist() if weights[h]] for fragments in chosen]
    pairs, strength = _pairs(students, kept, weights, least)
    place = {student: number for number, student in enumerate(students)}
    ends = [place[pair.left] for pair in pairs], [place[pair.right] for pair in pairs]
    _, label = connected_components(csr_matrix((np.ones(len(pairs)), ends), (len(students),) * 2), directed=False)
    connected: dict[int, list[Pair]] = defaultdict(list)
    # Pairs come in order, and so do the groups that they begin.
    for pair in pairs:
        connected[label[place[pair.left]]].append(pair)
    groups: list[Group] = []
    for found in connected.values():
        together: dict[str, float] = defaultdict(float)
        for pair in found:
            together[pair.left] += strength[pair]
            together[pair.right] += strength[pair]
        members = sorted(together, key=lambda student: (-round(together[student], 6), student))
        is_shown = len(groups) < _SHOWN
        fragments = {student: set(kept[place[student]]) for student in members}
        parts, more = _parts(submissions, members, fragments) if is_shown else ([], True)
        groups.append(Group(tuple(members), tuple(found), tuple(parts), more))
    return groups


def _pairs(
    students: Sequence[str], kept: Sequence[Sequence[int]], weights: dict[int, float], least: float
) -> tuple[list[Pair], dict[Pair, float]]:
    """The pairs with at least a share, the most in common first, and the weight of what each has in common."""
    places = {h: number for number, h in enumerate(sorted(h for h in weights if weights[h]))}
    columns = np.array([places[h] for fragments in kept for h in fragments], int)
    rows = np.repeat(np.arange(len(kept)), list(map(len, kept)))
    shape = len(kept), len(places)
    has = csr_matrix((np.ones(len(rows)), (rows, columns)), shape)
    value = csr_matrix(([weights[h] for fragments in kept for h in fragments], (rows, columns)), shape)
    total = np.asarray(value.sum(1)).ravel()
    # One entry for each two that have anything in common; both products have it in the same place.
    common, often = (value @ has.T).tocsr(), (has @ has.T).tocsr()
    common.sort_indices()
    often.sort_indices()
    common = common.tocoo()
    left, right, weight = common.row, common.col, common.data
    shares = weight / np.minimum(total[left], total[right]) if len(weight) else weight
    found = np.flatnonzero((left < right) & (often.data >= FEWEST) & (shares >= least - 1e-9))
    order = found[np.lexsort((right[found], left[found], -(weight * shares)[found].round(6)))]
    strength = {}
    for place in order:
        i, j, both = left[place], right[place], float(weight[place])
        pair = Pair(students[i], students[j], int(often.data[place]), both / total[i], both / total[j])
        strength[pair] = both
    return list(strength), strength


def _parts(
    submissions: dict[str, list[_Cell]], members: Sequence[str], fragments: dict[str, set[int]]
) -> tuple[list[Part], bool]:
    """What the members share, each passage once: as one has it, beside another, with the places of the others.

    Also whether there is more.
    """
    parts: list[Part] = []
    shown: set[int] = set()
    looks = 0
    for number, one in enumerate(members):
        found = []
        for other in members[number + 1 :]:
            shared = (fragments[one] & fragments[other]) - shown
            if shared and looks < _LOOKS:
                looks += 1
                found += [(other, p) for p in _passages(submissions[one], submissions[other], shared)]
        # What the first has in common with anybody is shown now; what others share beyond it comes next.
        shown |= fragments[one]
        found.sort(key=lambda item: (-len(item[1].rows), members.index(item[0]), item[1].left))
        kept: list[tuple[str, Passage, list[tuple[str, str, int, int]]]] = []
        for other, passage in found:
            around = next((there for there in kept if _covers(there[1], passage)), None)
            if around is None:
                kept.append((other, passage, []))
            elif other != around[0]:
                around[2].append((other, *passage.right))
        kept.sort(key=lambda there: (_number(submissions[one], there[1].left[0]), there[1].left))
        parts += [Part(one, other, passage, tuple(sorted(others))) for other, passage, others in kept]
        if looks >= _LOOKS:
            return parts, True
    return parts, False


def _covers(shown: Passage, passage: Passage) -> bool:
    """Whether most of a passage lies in one that is shown, on the left."""
    (cell, first, last), (other, start, end) = shown.left, passage.left
    return cell == other and min(last, end) - max(first, start) + 1 >= _COVERED * (end - start + 1)


def _number(cells: Sequence[_Cell], name: str) -> int:
    """The place of a cell in its notebook."""
    return next(number for number, cell in enumerate(cells) if cell.name == name)


def _weights(chosen: Sequence[np.ndarray]) -> dict[int, float]:
    """The rarer a fragment is in the class, the more it says; nothing where it is an idiom."""
    works: dict[int, set[int]] = defaultdict(set)
    for label, fragments in zip(_works(chosen), chosen, strict=True):
        works[label].update(fragments.tolist())
    often = Counter(h for fragments in works.values() for h in fragments)
    most = max(COMMON, SHARED * len(works))
    return {h: math.log((len(works) + 1) / count) if count <= most else 0.0 for h, count in often.items()}


def _works(chosen: Sequence[np.ndarray]) -> list[int]:
    """A number for each submission, the same for copies of each other."""
    if not chosen:
        return []
    hashes, columns = np.unique(np.concatenate(chosen), return_inverse=True)
    lengths = np.array(list(map(len, chosen)))
    rows = np.repeat(np.arange(len(chosen)), lengths)
    has = csr_matrix((np.ones(len(rows)), (rows, columns)), (len(chosen), max(1, len(hashes))))
    common = (has @ has.T).tocoo()
    left, right = lengths[common.row], lengths[common.col]
    same = (common.data >= SAME * (left + right - common.data)) & (np.minimum(left, right) >= WHOLE)
    ends = common.row[same], common.col[same]
    _, label = connected_components(csr_matrix((np.ones(same.sum()), ends), common.shape), directed=False)
    count = np.bincount(label)
    # What half of them have written was taught.
    alone = len(chosen) + np.arange(len(chosen))
    return np.where(2 * count[label] >= len(chosen), alone, label).tolist()


def _passages(left: Sequence[_Cell], right: Sequence[_Cell], shared: set[int]) -> list[Passage]:
    """The lines that are alike: runs of equal tokens around shared fragments, the longest for each place."""
    places: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, cell in enumerate(left):
        for start in np.flatnonzero(cell.own).tolist():
            places[int(cell.hashes[start])].append((number, start))
    taken = [np.zeros(len(cell.tokens), bool) for cell in left]
    runs: dict[tuple[int, int], list[_Run]] = defaultdict(list)
    for there, cell in enumerate(right):
        start = 0
        while start < len(cell.hashes):
            options = places.get(int(cell.hashes[start]), []) if cell.own[start] else []
            free = [(here, place) for here, place in options[:_TRIES] if not taken[here][place]]
            lengths = [_run(left[here].tokens[place:], cell.tokens[start:]) for here, place in free]
            best = max(range(len(free)), key=lengths.__getitem__, default=None)
            if best is None:
                start += 1
                continue
            (here, place), length = free[best], lengths[best]
            if length >= GRAM and not shared.isdisjoint(cell.hashes[start : start + length - GRAM + 1].tolist()):
                taken[here][place : place + length] = True
                a, b = left[here].lines[place : place + length], cell.lines[start : start + length]
                runs[here, there].append(list(dict.fromkeys(zip(a.tolist(), b.tolist(), strict=True))))
            start += max(length, 1)
    passages = []
    for (here, there), found in sorted(runs.items()):
        passages += [_passage(left[here], right[there], run) for run in _joined(sorted(found))]
    return passages


def _run(left: np.ndarray, right: np.ndarray) -> int:
    """How many tokens are equal from the beginning on."""
    length = min(len(left), len(right))
    different = np.flatnonzero(left[:length] != right[:length])
    return int(different[0]) if len(different) else length


def _joined(runs: Sequence[_Run]) -> list[_Run]:
    """Runs that follow each other on both sides, within two lines, as one."""
    joined: list[_Run] = []
    for run in runs:
        (a, b), (last_a, last_b) = run[0], joined[-1][-1] if joined else (-9, -9)
        if 0 <= a - last_a <= 2 and 0 <= b - last_b <= 2:
            joined[-1] += run
        else:
            joined.append(list(run))
    return joined


def _passage(left: _Cell, right: _Cell, run: _Run) -> Passage:
    (a, b), (last_a, last_b) = run[0], run[-1]
    here, there = left.source.splitlines(), right.source.splitlines()
    rows: list[tuple[int | None, int | None]] = []
    next_a, next_b = a, b
    for line_a, line_b in run:
        # First what stands above the two and has no like, then the two; a line that stands there already not again.
        rows += zip_longest(range(next_a, line_a), range(next_b, line_b))
        if line_a >= next_a or line_b >= next_b:
            rows.append((line_a if line_a >= next_a else None, line_b if line_b >= next_b else None))
        next_a, next_b = max(next_a, line_a + 1), max(next_b, line_b + 1)
    return Passage(
        (left.name, a, last_a),
        (right.name, b, last_b),
        tuple(here[a - 1 : last_a]),
        tuple(there[b - 1 : last_b]),
        tuple(rows),
    )
