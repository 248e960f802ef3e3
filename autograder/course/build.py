"""From text to notebooks: nbgrader's source notebook, and from it the release for students."""

import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.converters import GenerateAssignment, NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

from autograder.course.plan import out_of_order, told, with_syllabus
from autograder.course.source import TOPIC, Cell, Source, SourceError, SourceErrors, dead_references, parse
from autograder.course.stamp import is_as_built, stamp
from autograder.files import write_atomically
from autograder.progress import CONTENTS

SOLUTIONS = "solutions"
NOTEBOOKS = "notebooks"
# Where the syllabuses stand.
_FOR_INSTRUCTORS = Path("docs", "instructors.md")
# What everybody opens first: a notebook of its own, directly in notebooks/, and no assignment of nbgrader's.
START = "00_start"

Hints = Callable[[str], Sequence[str]]

_HINTS = 3
_KEPT = re.compile(r".+\.kept-\d+\.ipynb")
_NEVER_STRAY = {".ipynb_checkpoints", "__pycache__", ".gitkeep", ".DS_Store", "README.md"}
# The same on every machine: the full version of Python is Jupyter's to fill in.
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# The end of every assignment; its name as an author's own demo is taken.
_END = "where_you_stand"
_END_TEXT = """\
## Where you stand

Your best points so far in the checks above, kept on this machine for you alone: they are not handed in, and grading
draws other inputs. Run the cell again whenever you like; `progress()` shows all assignments.

**Worked solution:** if you learn by yourself and have the whole course, it is the notebook
`solutions/{topic}/{topic}.ipynb`. Look afterwards: what you have found yourself stays."""
_END_CODE = 'from autograder import progress\n\nprogress("{topic}")'
# What stands under an exercise, above its hints.
_PATHS = {"core": "*Core path · difficulty {} of 3*", "extra": "*Optional · difficulty {} of 3*"}
_TITLE = re.compile(r"^# +(?:\d\d\s*·\s*)?(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class BuildResult:
    """What building one topic did.

    Parameters
    ----------
    topic : "02_sgd"
    root : the course's directory
    written : notebooks that were new or have changed; the others were left untouched
    kept : pairs of a notebook that somebody had worked in, and where its old content now lies
    """

    topic: str
    root: Path
    written: tuple[Path, ...]
    kept: tuple[tuple[Path, Path], ...]

    def __str__(self) -> str:
        def name(path: Path) -> str:
            return path.relative_to(self.root).as_posix()

        written = ", ".join(map(name, self.written))
        lines = [f"{self.topic}: " + (f"wrote {written}" if written else "nothing to do")]
        lines += [f"  {name(old)} had been worked in: its old content is kept as {name(new)}" for old, new in self.kept]
        return "\n".join(lines)


class BuildErrors(SourceErrors):
    """The mistakes of all topics that could not be built; `results` tells of the others."""

    results: tuple[BuildResult, ...] = ()


def exercise_hints(exercise: str) -> Sequence[str]:
    """The hints in an exercise's file; LookupError for an unknown exercise."""
    # Late, because exercises load torch, which tests of the build can do without.
    from autograder import exercises

    return exercises.load(exercise).hints


def topics(root: Path) -> list[str]:
    """The course's topics in order, one for each source file: what is handed in and graded."""
    return [topic for topic in texts(root) if topic != START]


def texts(root: Path) -> list[str]:
    """All that is built: the start notebook, where there is one, and the topics in order."""
    return sorted(p.stem for p in (root / SOLUTIONS).glob("*.py") if TOPIC.fullmatch(p.stem))


def build(root: Path, topics: Iterable[str] | None = None, *, hints: Hints = exercise_hints) -> list[BuildResult]:
    """Results of building the notebooks of each topic.

    The same text gives the same bytes. A notebook that somebody has worked in is kept aside, and
    a topic that cannot be built keeps its old notebooks, while the others are built.

    Parameters
    ----------
    root : the course's directory, with nbgrader_config.py and solutions/
    topics : such as ["02_sgd"]; all, and the start notebook, when None
    hints : the three hints of an exercise, from its id; LookupError for an unknown one

    Raises
    ------
    BuildErrors
        After the other topics are built, with all mistakes in the source files.
    ValueError
        When a topic has no source file.
    """
    root = root.absolute()
    results = []
    errors: list[SourceError] = []
    for topic in _chosen(root, topics):
        try:
            notebooks = render(root, topic, hints=hints)
        except SourceErrors as group:
            errors += group.exceptions
            continue
        written, kept = [], []
        table = _contents(root, topic)
        for path, content in {**notebooks, **table}.items():
            old = path.read_bytes() if path.exists() else None
            if old == content:
                continue
            if old is not None and path in notebooks and not is_as_built(old):
                kept.append((path, _keep_aside(path)))
            write_atomically(path, content)
            written.append(path)
        results.append(BuildResult(topic, root, tuple(written), tuple(kept)))
    if errors:
        failure = BuildErrors(errors)
        failure.results = tuple(results)
        raise failure
    return results


def stale(root: Path, topics: Iterable[str] | None = None, *, hints: Hints = exercise_hints) -> list[Path]:
    """Generated notebooks that are missing, or differ from what a build would write.

    Raises
    ------
    SourceErrors
        With all mistakes in the source files.
    """
    root = root.absolute()
    found = []
    errors: list[SourceError] = []
    for topic in _chosen(root, topics):
        try:
            notebooks = render(root, topic, hints=hints)
        except SourceErrors as group:
            errors += group.exceptions
            continue
        wanted = {**notebooks, **_contents(root, topic)}
        found += [p for p, new in wanted.items() if not p.exists() or p.read_bytes() != new]
    if errors:
        raise SourceErrors(errors)
    return list(dict.fromkeys(found))


def strays(root: Path) -> list[Path]:
    """What lies in solutions/ and notebooks/ and belongs to no source file.

    Notebooks that a build kept aside are not strays, and neither are Jupyter's checkpoints.
    """
    root = root.absolute()
    known = topics(root)
    found = []
    for folder in (root / SOLUTIONS, root / NOTEBOOKS):
        expected = set(known)
        if folder.name == SOLUTIONS:
            expected |= {f"{text}.py" for text in texts(root)}
        else:
            expected |= {f"{START}.ipynb"} & {f"{text}.ipynb" for text in texts(root)}
        found += [p for p in _entries(folder) if p.name not in expected and not _is_kept(p)]
        for topic in known:
            inside = _entries(folder / topic)
            found += [p for p in inside if p.name != f"{topic}.ipynb"]
    return sorted(found)


def render(root: Path, topic: str, *, hints: Hints = exercise_hints) -> dict[Path, bytes]:
    """The topic's two notebooks, by the paths where they belong; nothing is written.

    The start notebook is the release alone: in solutions/, nbgrader would take it for an assignment.

    Raises
    ------
    SourceErrors
        With all mistakes in the source file.
    """
    source = parse(root / SOLUTIONS / f"{topic}.py", root)
    if wrong := [*dead_references(source, texts(root)), *out_of_order(source, texts(root))]:
        raise SourceErrors(wrong)
    text = _source_notebook(source, hints)
    solved = {} if topic == START else {root / SOLUTIONS / topic / f"{topic}.ipynb": text.encode()}
    return {**solved, released(root, topic): _release(root, source, text)}


def released(root: Path, topic: str) -> Path:
    """Where the notebook lies that students open."""
    return root / NOTEBOOKS / (f"{START}.ipynb" if topic == START else f"{topic}/{topic}.ipynb")


def solved(root: Path, topic: str, *, hints: Hints = exercise_hints) -> str:
    """The text of the notebook with its solutions: from its file, or as it would be, where there is none."""
    if topic == START:
        return _source_notebook(parse(root / SOLUTIONS / f"{topic}.py", root), hints)
    return (root / SOLUTIONS / topic / f"{topic}.ipynb").read_text(encoding="utf-8")


def contents_entry(source: Source) -> dict:
    """What `progress` and the map have to know of an assignment: its title, its points, what its header tells."""
    opening = next((cell.source for cell in source.cells if cell.kind == "text"), "")
    title = _TITLE.search(opening)
    return {
        "title": title[1] if title else source.topic,
        # A check of bare assertions tells nobody what it gave.
        "exercises": {
            cell.id: cell.points for cell in source.cells if cell.kind == "check" and cell.reports and cell.counts
        },
        "answers": {cell.id: cell.points for cell in source.cells if cell.kind == "answer" and cell.counts},
        **told(source),
    }


def _contents(root: Path, topic: str) -> dict[Path, bytes]:
    """The table of what there is, brought up to date for one topic, and the syllabuses that follow from it.

    Nothing where the course has no package of its own: that carries it, because a student's notebooks may lie anywhere.
    """
    path = root / "autograder" / CONTENTS
    if not path.parent.is_dir():
        return {}
    try:
        table = json.loads(path.read_bytes())
    except (OSError, ValueError):
        table = None
    table = table if isinstance(table, dict) else {}
    table[topic] = contents_entry(parse(root / SOLUTIONS / f"{topic}.py", root))
    table = {name: table[name] for name in texts(root) if name in table}
    document = root / _FOR_INSTRUCTORS
    if not document.exists() or any("minutes" not in about for about in table.values()):
        return {path: contents_bytes(table)}
    syllabus = with_syllabus(document.read_text(encoding="utf-8"), table)
    return {path: contents_bytes(table), document: syllabus.encode()}


def contents_bytes(table: Mapping[str, dict]) -> bytes:
    """The file of the table."""
    return (json.dumps(table, ensure_ascii=False, indent=1) + "\n").encode()


def _source_notebook(source: Source, hints: Hints) -> str:
    return nbformat.writes(_notebook(source, _folded_hints(source, hints))) + "\n"


def _chosen(root: Path, wanted: Iterable[str] | None) -> list[str]:
    known = texts(root)
    if wanted is None:
        return known
    wanted = list(wanted)
    for topic in wanted:
        if topic not in known:
            there = ", ".join(known) or "none"
            raise ValueError(f"topic {topic!r} has no file in {SOLUTIONS}/; there are: {there}")
    return wanted


def _folded_hints(source: Source, hints: Hints) -> dict[str, str]:
    """Markdown of what stands under each exercise; nothing under one that only the instructor's own tests ask for."""
    folded = {}
    errors = []
    asked = {cell.id for cell in source.cells if cell.asks}
    for cell in source.cells:
        if cell.kind != "exercise":
            continue
        try:
            steps = [hint.strip() for hint in hints(str(cell.id))]
        except LookupError as error:
            if cell.id not in asked:
                continue
            message = f"unknown exercise {cell.id!r}: {error}"
            errors.append(SourceError(source.file, cell.line, message))
            continue
        if len(steps) != _HINTS or not all(steps):
            message = f"the exercise {cell.id!r} must have {_HINTS} hints, none of them empty"
            errors.append(SourceError(source.file, cell.line, message))
            continue
        # JupyterLab reads markdown inside HTML only where blank lines part the two.
        below = [_PATHS[cell.path].format(cell.difficulty)] if cell.path else []
        below += [
            f"<details>\n<summary>Hint {number}</summary>\n\n{step}\n\n</details>"
            for number, step in enumerate(steps, 1)
        ]
        folded[str(cell.id)] = "\n\n".join(below)
    if errors:
        raise SourceErrors(errors)
    return folded


def _notebook(source: Source, hints: Mapping[str, str]) -> nbformat.NotebookNode:
    """nbgrader's source notebook, stamped."""
    cells = []
    for cell in source.cells:
        if cell.name in (_END, f"demo_{_END}"):
            message = f"the id {_END!r} is that of the section which the build puts at the end"
            raise SourceErrors([SourceError(source.file, cell.line, message)])
        new = new_markdown_cell if cell.is_markdown else new_code_cell
        cells.append(new(cell.source, id=cell.name, metadata=_cell_metadata(cell)))
        if cell.kind == "exercise" and cell.id in hints:
            cells.append(new_markdown_cell(hints[str(cell.id)], id=f"hints_{cell.id}"))
    if source.topic != START:
        end = Cell("demo", _END, _END_CODE.format(topic=source.topic), 0)
        cells.append(new_markdown_cell(_END_TEXT.format(topic=source.topic), id=_END))
        cells.append(new_code_cell(end.source, id=end.name, metadata=_cell_metadata(end)))
    notebook = new_notebook(cells=cells, metadata=_METADATA, nbformat=4, nbformat_minor=5)
    stamp(notebook)
    nbformat.validate(notebook)
    return notebook


def _cell_metadata(cell: Cell) -> dict:
    if cell.kind == "text":
        return {}
    nbgrader = {
        "schema_version": 3,
        "grade_id": cell.name,
        "grade": cell.kind in ("check", "answer"),
        "solution": cell.kind in ("exercise", "answer"),
        "locked": cell.kind in ("check", "demo", "setup"),
        "task": False,
    }
    if cell.points is not None:
        nbgrader["points"] = cell.points if cell.counts else 0
    void = {"void": cell.void} if cell.void else {}
    return {"nbgrader": nbgrader, "downhill": {cell.kind: cell.id, **void}}


class _Complaints(logging.Handler):
    """Collects what nbgrader would print."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def _release(root: Path, source: Source, text: str) -> bytes:
    """The release that stock `nbgrader generate_assignment` makes of a source notebook.

    It is made in a temporary course, without a database, so that neither the instructor's
    gradebook nor the course's folders are touched.
    """
    config: Config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    log = logging.Logger("downhill.build")
    complaints = _Complaints()
    log.addHandler(complaints)
    with tempfile.TemporaryDirectory() as course:
        config.CourseDirectory.root = os.path.realpath(course)
        config.CourseDirectory.assignment_id = source.topic
        directory = CourseDirectory(config=config, log=log)
        steps = (directory.source_directory, directory.release_directory)
        paths = [Path(directory.format_path(step, ".", source.topic)) for step in steps]
        before, after = (path / f"{source.topic}.ipynb" for path in paths)
        before.parent.mkdir(parents=True)
        before.write_bytes(text.encode())
        try:
            GenerateAssignment(coursedir=directory, config=config, log=log).start()
        except NbGraderException:
            said = "\n".join(complaints.messages)
            message = f"nbgrader cannot release the notebook:\n{said}"
            raise SourceErrors([SourceError(source.file, 1, message)]) from None
        return after.read_bytes()


def _keep_aside(path: Path) -> Path:
    """Copies a topic's notebook beside its folder, whose content nbgrader may remove."""
    beside = path if path.stem == START else path.parent
    number = 1
    while True:
        kept = beside.with_name(f"{path.stem}.kept-{number}{path.suffix}")
        try:
            # "x", because an existing file is somebody's work as well.
            with path.open("rb") as old, kept.open("xb") as new:
                shutil.copyfileobj(old, new)
        except FileExistsError:
            number += 1
        else:
            shutil.copystat(path, kept)
            return kept


def _entries(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.name not in _NEVER_STRAY]


def _is_kept(path: Path) -> bool:
    return _KEPT.fullmatch(path.name) is not None
