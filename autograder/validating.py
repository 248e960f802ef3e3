"""nbgrader's Validate, button and command, in words: what is doubled, lost or turned into text, and what to do.

nbgrader has no setting for it, and ends with a traceback where an id stands twice. `in_words()`, called where its
settings are read (nbgrader_config.py), puts what is here in the place of two of its methods.
"""

import html
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.nbgraderformat import MetadataValidator, ValidationError

from autograder import lean

if TYPE_CHECKING:
    from nbgrader.validator import Validator

_CHECK = re.compile(r"\b(?:check|own_tests)\(\s*[\"'](\w+)[\"'].*?points=([\d.]+)", re.DOTALL)
_NEEDED = {"grade_id": str, "grade": bool, "solution": bool, "locked": bool, "schema_version": int}
_CHANGED = "This cell of the course was changed. At grading the course's own stands there, and yours is run besides it."
_DAMAGED = "What the course keeps with its cells is damaged. Copy your answers into a fresh notebook of the course."
_COPY = "__copy_{}"


class _Unreadable(Exception):
    """A file that is no notebook; the text is for the student."""


def in_words() -> None:
    """Let nbgrader's Validate end in words a student understands, whatever the notebook looks like."""
    # `autograder` reads the settings too, and validates nothing.
    if lean.is_entered() and "nbgrader.validator" not in sys.modules:
        return
    from nbgrader.validator import Validator

    if getattr(Validator, "_in_words", False):
        return
    if not hasattr(Validator, "_printed"):
        Validator._printed = Validator.validate_and_print

    def validate_and_print(self: Validator, filename: str) -> None:
        results = _validate(self, filename)
        notes = [entry for entry in results.get("failed", []) if entry.get("note")]
        checks = [entry for entry in results.get("failed", []) if not entry.get("note")]
        if not any(entry["note"] == "unreadable" for entry in notes):
            kept = {key: value for key, value in {**results, "failed": checks}.items() if value}
            self.validate = lambda filename: kept
            try:
                Validator._printed(self, filename)
            finally:
                del self.validate
        for entry in notes:
            self.stream.write(f"\n{entry['raw_error']}\n")

    Validator.validate = lambda self, filename: _validate(self, filename)
    Validator.validate_and_print = validate_and_print
    Validator._in_words = True


def _validate(validator: "Validator", filename: str) -> dict[str, list[dict[str, Any]]]:
    """What nbgrader's own method gives; what else there is to say stands first among what failed, marked `note`."""
    path = Path(filename).absolute()
    try:
        notebook, notes = _mended(path)
    except _Unreadable as error:
        return {"failed": [_note(path.name, str(error), "unreadable")]}
    try:
        # Here first: where nbgrader itself finds it, it logs a traceback.
        MetadataValidator().validate_nb(notebook)
    except ValidationError:
        notes.append(("the notebook", _DAMAGED))
        return {"failed": [_note(title, text, "unreadable") for title, text in notes]}
    with utils.chdir(str(path.parent)):
        notebook = validator._preprocess(notebook)
    changed = [] if validator.ignore_checksums else validator._get_changed_cells(notebook)
    passed, failed = validator._get_passed_cells(notebook), validator._get_failed_cells(notebook)
    # Of a check that stands several times, the best counts.
    solved = {_original(cell) for cell in passed}
    failed = [cell for cell in failed if _original(cell) not in solved]
    said = [_note(title, text) for title, text in notes]
    if changed and not said:
        return {"changed": [{"source": cell.source.strip()} for cell in changed]}
    said += [_note(cell.source.strip(), _CHANGED) for cell in changed]
    if validator.invert:
        return {"passed": [{"source": cell.source.strip()} for cell in passed]} if passed else {}
    for cell in failed:
        words = validator._extract_error(cell)
        said.append({"source": cell.source.strip(), "error": _as_html(words), "raw_error": words})
    return {"failed": said} if said else {}


def _note(title: str, text: str, kind: str = "told") -> dict[str, Any]:
    return {"source": title, "error": _as_html(text), "raw_error": text, "note": kind}


def _as_html(text: str) -> str:
    from nbconvert.filters import ansi2html

    return ansi2html(text) if "\x1b" in text else html.escape(text)


def _original(cell: NotebookNode) -> str:
    return re.sub(r"__copy_\d+$", "", cell.metadata.nbgrader["grade_id"])


def _mended(path: Path) -> tuple[NotebookNode, list[tuple[str, str]]]:
    """A notebook in a form that nbgrader runs, and what had to be mended: what it is about, and what to do.

    Raises
    ------
    _Unreadable : it is no notebook
    """
    notebook = _read(path)
    notes = [*_known_again(notebook), *_types_again(notebook), *_told_apart(notebook)]
    return notebook, notes


def _read(path: Path) -> NotebookNode:
    broken = (
        "This is no whole notebook: the file is broken or cut off. Take an earlier copy, or begin with a fresh one."
    )
    try:
        text = path.read_bytes().decode("utf-8-sig")
        content = json.loads(text)
    except OSError as error:
        raise _Unreadable(f"{path.name} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise _Unreadable(broken) from None
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list) or content.get("nbformat") != 4:
        raise _Unreadable("This is no notebook of format 4. Open it in JupyterLab and save it.")
    try:
        notebook = nbformat.reads(text, as_version=nbformat.current_nbformat)
        nbformat.validate(notebook)
    except Exception:
        # nbformat raises of many kinds on what is no notebook.
        raise _Unreadable(broken) from None
    return notebook


def _known_again(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Give checks back what other editors take from them."""
    lost = 0
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader")
        if marks is not None and not (
            isinstance(marks, dict)
            and all(isinstance(marks.get(key), kind) for key, kind in _NEEDED.items())
            and (not marks["grade"] or isinstance(marks.get("points"), int | float))
        ):
            del cell.metadata["nbgrader"]
            lost += 1
    if any("nbgrader" in cell.metadata for cell in notebook.cells) and not lost:
        return
    known = {cell.metadata.nbgrader["grade_id"] for cell in notebook.cells if "nbgrader" in cell.metadata}
    checks = 0
    for cell in notebook.cells:
        found = _CHECK.search(cell.source) if cell.cell_type == "code" and "nbgrader" not in cell.metadata else None
        if found and f"check_{found[1]}" not in known:
            shares = [float(points) for _, points in _CHECK.findall(cell.source)]
            cell.metadata["nbgrader"] = {
                "schema_version": 3,
                "grade_id": f"check_{found[1]}",
                "grade": True,
                "solution": False,
                "locked": True,
                "task": False,
                "points": sum(shares),
            }
            checks += 1
    what = f"{checks} check(s) found by their text" if checks else "no check was found in it"
    yield (
        "the notebook",
        f"The names that the course gives its cells are lost, as other editors than Jupyter leave them; {what}. "
        "Grading knows your functions by their names, too. To be sure, copy your answers into a fresh notebook of the "
        "course.",
    )


def _types_again(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Turn the course's cells back into what they were."""
    for number, cell in enumerate(notebook.cells, 1):
        marks = cell.metadata.get("nbgrader", {})
        kind = marks.get("cell_type")
        if kind not in ("code", "markdown") or kind == cell.cell_type:
            continue
        name, key = marks["grade_id"], {"code": "Y", "markdown": "M"}[kind]
        cell.cell_type = kind
        if kind == "code":
            cell.update(outputs=[], execution_count=None)
            cell.pop("attachments", None)
        else:
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
        yield (
            name,
            f"The cell of `{name}` (cell {number}) was turned into another type. Grading takes it as "
            f"{'code' if kind == 'code' else 'text'}. To turn it back, click to the left of it and press {key}.",
        )


def _told_apart(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Give cells with the same name names of their own."""
    places: dict[str, list[int]] = {}
    for number, cell in enumerate(notebook.cells, 1):
        if "nbgrader" in cell.metadata:
            places.setdefault(cell.metadata.nbgrader["grade_id"], []).append(number)
    taken: Counter[str] = Counter()
    for name, numbers in places.items():
        if len(numbers) < 2:
            continue
        for number in numbers:
            marks = notebook.cells[number - 1].metadata.nbgrader
            taken[name] += 1
            if taken[name] > 1:
                marks["grade_id"] += _COPY.format(taken[name])
                # Its name is part of what the checksum is of.
                marks.pop("checksum", None)
        first = notebook.cells[numbers[0] - 1].metadata.nbgrader
        listed = f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
        if first["grade"] and not first["solution"]:
            meaning = "Grading looks at each of them, and the best counts."
        elif first["grade"]:
            meaning = "Whoever reads your answer reads all of them."
        else:
            meaning = (
                "Grading runs all of them in this order, as your notebook does: what the check finds there counts."
            )
        yield (
            name,
            f"The cell of `{name}` stands {len(numbers)} times in the notebook: cells {listed}, counted from the top. "
            f"{meaning} To be sure, keep your work in one and empty the other: the course's cells cannot be deleted.",
        )
