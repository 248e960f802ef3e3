"""Where a student's text answers stand: in their cells, beside them, or elsewhere. It runs nothing."""

import ast
import re
import textwrap
from collections.abc import Iterator, Sequence

from autograder.grading.assignment import Assignment
from autograder.grading.matching import Given, key_of, plain

# Where Markdown passes raw HTML on, and where it makes a link or a picture of a target that is no web page.
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_TARGET = re.compile(r"\](?=\(|:)(?![(:]\s*https?://)", re.IGNORECASE)
# Characters of a text answer, some 3,000 words: Markdown takes time by the square of what looks like its marks.
MAX_TEXT = 20_000
# A note of fewer words is no reflection.
_LEAST_WORDS = 3
_ELSEWHERE = "(The cell of this answer is empty. These are the student's own texts, from elsewhere in the notebook.)"


def inert(text: str) -> str:
    """A text answer whose HTML, scripts' links and pictures are words to read, in nbgrader's pages as in ours.

    A space in the right place does it, in whatever way a page reads Markdown; mathematics and code stay as they are to
    the eye. What is beyond MAX_TEXT characters is cut off.
    """
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}\n\n… (cut off here: a text answer has {MAX_TEXT:,} characters at most)"
    return _TARGET.sub("] ", _TAG.sub("< ", text)).replace("![", "! [")


def answers(assignment: Assignment, given: Sequence[Given]) -> dict[str, tuple[str, str]]:
    """What was answered to each question, and a note on where it stood where that was not its cell.

    Empty where the cell is as it was released, and nothing is written elsewhere either; absent where it is missing.
    """
    found: dict[str, tuple[str, str]] = {}
    used: set[int] = set()
    questions = [name for name, cell in assignment.solutions.items() if cell.cell_type == "markdown"]
    for name in questions:
        prompt = plain(assignment.solutions[name].source)
        around = _beside(assignment, given, name)
        # A prompt that has lost its name is known by the cells around it.
        own = [cell for cell in given if cell.key == name or (cell in around and plain(cell.source) == prompt)]
        beside = [cell for cell in around if cell not in own]
        texts = [c for c in given if (c in own and plain(c.source) not in ("", prompt)) or (c in beside and _text(c))]
        if texts:
            pieces, note = [cell.source for cell in texts], ""
            if not own:
                note = f"The cell of `{name}` has lost its name: the text in its place was taken as the answer."
            elif not set(texts) <= set(own):
                note = f"Your own text beside the cell of `{name}` was read as part of the answer."
            elif len(texts) > 1:
                note = f"The cell of `{name}` stands several times in the notebook: all its texts were read."
        else:
            texts = [cell for cell in beside if _is_prose(cell)]
            pieces = [textwrap.indent(cell.source, "    ") for cell in texts]
            pieces = pieces or [text for text in [_added(assignment, given, name)] if text]
            note = f"The cell of `{name}` is empty: what you wrote beside it was taken as the answer."
        used.update(cell.number for cell in texts)
        if pieces:
            found[name] = "\n\n".join(dict.fromkeys(pieces)), note
        elif own:
            found[name] = "", ""
        used.update(cell.number for cell in own)
    loose = [c.source for c in given if _text(c) and c.number not in used and len(c.source.split()) >= _LEAST_WORDS]
    for name in questions:
        if not found.get(name, ("", ""))[0] and loose:
            note = f"The cell of `{name}` is empty: your own texts are shown to the person who reads the answers."
            found[name] = "\n\n".join([_ELSEWHERE, *loose]), note
    return found


def _text(cell: Given) -> bool:
    """Whether a cell is a text of the student's own."""
    return not cell.key and not cell.is_code and bool(cell.source.strip())


def _beside(assignment: Assignment, given: Sequence[Given], name: str) -> list[Given]:
    """The student's own cells between a question's cell, or its place, and the nearest cells of the course."""
    places = [k for k, cell in enumerate(given) if cell.key == name]
    if not places:
        before, after = _neighbours(assignment, given, name)
        return [cell for cell in given[before + 1 : after] if not cell.key]
    beside = []
    for place in places:
        for way in (range(place - 1, -1, -1), range(place + 1, len(given))):
            for k in way:
                if given[k].key:
                    break
                beside.append(given[k])
    return sorted(set(beside), key=lambda cell: cell.number)


def _neighbours(assignment: Assignment, given: Sequence[Given], name: str) -> tuple[int, int]:
    """The places of the course's cells before and after a question whose own cell is not there."""
    order = [key_of(cell) for cell in assignment.notebook.cells]
    place = order.index(name)
    first = {cell.key: k for k, cell in reversed(list(enumerate(given))) if cell.key}
    before = next((first[key] for key in reversed(order[:place]) if key in first), -1)
    after = next((first[key] for key in order[place + 1 :] if first.get(key, -1) > before), len(given))
    return before, after


def _is_prose(cell: Given) -> bool:
    """Whether a cell of code holds words: no Python, or nothing but comments and texts."""
    if not cell.is_code or len(cell.source.split()) < _LEAST_WORDS:
        return False
    try:
        body = ast.parse(cell.source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return not cell.source.lstrip().startswith(("%", "!"))
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)


def _added(assignment: Assignment, given: Sequence[Given], name: str) -> str:
    """What was written into the course's own text above a question, such as under its heading."""
    cells = list(assignment.notebook.cells)
    place = next(k for k, cell in enumerate(cells) if key_of(cell) == name)
    above = cells[place - 1] if place else None
    if above is None or above.cell_type != "markdown":
        return ""
    known = set(plain(above.source + "\n" + assignment.solutions[name].source).splitlines())
    return "\n".join(_lines(given, key_of(above), known)).strip()


def _lines(given: Sequence[Given], key: str, known: set[str]) -> Iterator[str]:
    for cell in given:
        if cell.key == key:
            yield from (line for line in cell.source.splitlines() if line.rstrip() not in known)
