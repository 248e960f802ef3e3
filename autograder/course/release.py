"""What students get: the notebooks, the helpers and the checks, in a folder of their own and without solutions.

A check needs its exercise's file: the reference in torch, and the mistakes, which are edits of a right solution in
NumPy. So the right solutions go along, packed with the rest, and nobody meets an answer by searching or by following a
name. Packed is not secret: who wants to read it can. What only the course's own proofs need stays out: right versions
in other words, and the hints (they are in the notebook). It needs PyTorch, too: a class is never judged by the
solutions.
"""

import ast
import base64
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from shlex import quote

import nbformat

from autograder.course.build import SOLUTIONS, START, contents_bytes, contents_entry, released, stale, texts, topics
from autograder.course.source import asks, parse
from autograder.course.stamp import is_as_built
from autograder.files import write_atomically
from autograder.progress import CONTENTS

MARK = ".downhill-release"

_BADGE = re.compile(r"^\[!\[Open in Binder\].*\n\n", re.MULTILINE)

_EXERCISES = "autograder.exercises"
_COPIED = ("LICENSE", "constraints.txt", "environment.yml", "environment-windows.yml", "postBuild")
_TABLES = ("build-system", "project", "tool.setuptools.packages.find", "tool.setuptools.package-data")
_DATA = {".py", ".npz", ".html", ".css", ".json"}
_OURS = ("autograder", "helpers", "notebooks", "solutions", "docs", "tests", "bench")

_MAKEFILE = """\
# The environment in .venv is made at the first call, and again when what it is made of changes.
PYTHON ?= python3
PIP_FLAGS ?=
# On Linux, PyPI's PyTorch brings 2.7 GB for NVIDIA's processors; this one, 0.2 GB, does without.
CPU_TORCH ?= https://download.pytorch.org/whl/cpu

BIN := .venv/bin

.PHONY: lab clean

lab: .venv/installed
\t$(BIN)/python -m helpers.lab

clean:
\trm -rf .venv

PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.venv/installed: pyproject.toml constraints.txt
\t@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make lab PYTHON=python3.12")'
\t@echo "Installing what the course needs into .venv, once: some minutes."
\t$(PYTHON) -m venv .venv
ifeq ($(shell uname -s),Linux)
\t@$(PIP) --index-url $(CPU_TORCH) --no-deps --retries 0 --timeout 20 torch || echo "$(CPU_TORCH) cannot be reached: PyTorch comes from PyPI."
endif
\t$(PIP) $(PIP_FLAGS) -e .
\t@touch $@
"""  # noqa: E501

_PACKED = '''\
"""Packed by the release, so that nobody meets an answer here by accident: solve first, then read what you like."""

import base64
import linecache

RELEASED = True
_TEXT = base64.b64decode(
    """
{text}
"""
).decode()
# Mistakes are edits of what stands here.
linecache.cache["<{name}>"] = (len(_TEXT), None, _TEXT.splitlines(True), "<{name}>")
exec(compile(_TEXT, "<{name}>", "exec"))
'''


class ReleaseError(Exception):
    """A release that cannot be made; the text says what to do."""


@dataclass(frozen=True)
class Release:
    """What was made.

    Parameters
    ----------
    folder : where
    topics : the assignments in it
    files : how many
    notes : what the instructor should know
    """

    folder: Path
    topics: tuple[str, ...]
    files: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = self.folder
        return "\n".join(
            [
                f"{where}: {', '.join(self.topics)}. {self.files} files; what the checks know is packed.",
                *(f"  {note}" for note in self.notes),
                "Hand it out as it is: as a repository of its own, or as a zip,",
                f"  cd {quote(str(where.parent))} && python -m zipfile -c {quote(where.name)}.zip {quote(where.name)}/",
                "Students run `make lab` in it and open 00_start.ipynb.",
            ]
        )


def release(root: Path, to: Path, wanted: Sequence[str] = ()) -> Release:
    """Make the folder that students get, or bring an earlier one up to date.

    The same course gives the same bytes. In an earlier release, only the files that it was made of are replaced or
    removed: a `.git` or `.venv` in it stays.

    Parameters
    ----------
    root : the course's directory
    to : the folder; new, empty, or an earlier release
    wanted : assignments; all where it is empty

    Raises
    ------
    ReleaseError
        Before anything is written.
    """
    root, to = root.resolve(), to.resolve()
    chosen = _chosen(root, wanted)
    files = _files(root, chosen)
    _refuse(root, to, files)
    # Before anything is written: it stops at a text with mistakes.
    outdated = [path for path in stale(root, chosen) if path in {released(root, topic) for topic in chosen}]
    if (to / MARK).exists():
        _update(to, files)
    else:
        _create(to, files)
    notes = [
        f"{path.relative_to(root)} is not what a build makes of the text: was `autograder build` forgotten?"
        for path in outdated
    ]
    return Release(to, tuple(chosen), len(files), tuple(notes))


def _chosen(root: Path, wanted: Sequence[str]) -> list[str]:
    known = topics(root)
    if not known or not (root / "autograder").is_dir():
        raise ReleaseError(f"{root} holds no course: run this in the course's directory")
    for topic in wanted:
        if topic not in texts(root):
            raise ReleaseError(f"no assignment is called {topic!r}; there are {', '.join(known)}")
    start = [START] if START in texts(root) else []
    return start + [topic for topic in known if topic in wanted or not wanted]


def _files(root: Path, chosen: Sequence[str]) -> dict[str, bytes]:
    """Content by path within the release."""
    files = {}
    asked = []
    for topic in chosen:
        path = released(root, topic)
        name = path.relative_to(root).as_posix()
        files[name] = _notebook(path, name, topic)
        cells = nbformat.reads(files[name].decode(), as_version=4).cells
        checks = [cell for cell in cells if "check" in cell.metadata.get("downhill", {})]
        asked += [cell.metadata.downhill.check for cell in checks if asks(cell.source)]
    files |= _package(root, asked)
    entries = {topic: contents_entry(parse(root / SOLUTIONS / f"{topic}.py", root)) for topic in chosen}
    files[f"autograder/{CONTENTS}"] = contents_bytes(entries)
    for path in sorted((root / "helpers").rglob("*")):
        if (
            path.suffix in _DATA
            and path.is_file()
            and not any(part.startswith(".") for part in path.parts[len(root.parts) :])
        ):
            files[path.relative_to(root).as_posix()] = path.read_bytes()
    for name in _COPIED:
        files[name] = (root / name).read_bytes()
    # The badge opens the course's repository, solutions and all.
    text = (root / "docs" / "students.md").read_text(encoding="utf-8")
    files["README.md"] = _BADGE.sub("", text).encode()
    files["pyproject.toml"] = _project((root / "pyproject.toml").read_text(encoding="utf-8")).encode()
    files["Makefile"] = _MAKEFILE.encode()
    # For `nbgrader validate` in the folder itself; JupyterLab finds it in helpers/lab.
    files["nbgrader_config.py"] = (root / "helpers" / "lab" / "nbgrader_config.py").read_bytes()
    files = dict(sorted(files.items()))
    files[MARK] = (json.dumps({name: _digest(data) for name, data in files.items()}, indent=1) + "\n").encode()
    return files


def _notebook(path: Path, name: str, topic: str) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ReleaseError(f"there is no {name}: run `autograder build {topic}`") from None
    if not is_as_built(content):
        # It may hold the instructor's own answers.
        raise ReleaseError(
            f"{name} has been worked in: `autograder build {topic}` makes it anew, and keeps its old content aside"
        )
    for marker in (b"BEGIN SOLUTION", b"BEGIN HIDDEN TESTS", b"BEGIN MARK SCHEME"):
        if marker in content:
            raise ReleaseError(f"{name} is the instructor's, with {marker.decode()!r}: run `autograder build {topic}`")
    return content


def _project(text: str) -> str:
    """The project's file with the tables that an installation needs, and PyTorch: a class is judged against it."""
    tables = re.split(r"(?m)^(?=\[)", text.replace("\ndependencies = [\n", '\ndependencies = [\n    "torch",\n'))
    return "".join(table for table in tables if table.partition("]")[0].lstrip("[") in _TABLES)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# ---------------------------------------------------------------------------- where it goes


def _refuse(root: Path, to: Path, files: Mapping[str, bytes]) -> None:
    """Stop before something of somebody else's is lost."""
    for name in _OURS:
        if to.is_relative_to(root / name):
            raise ReleaseError(f"{to} lies in the course's own {name}/: name a folder elsewhere with --to")
    if to.exists() and not to.is_dir():
        raise ReleaseError(f"{to} is a file: name a folder with --to")
    if not to.exists() or not any(to.iterdir()):
        return
    if not (to / MARK).is_file():
        raise ReleaseError(f"{to} holds something else than an earlier release: name another folder with --to")
    made = _made(to)
    strange = []
    for name in sorted({*files, *made} - {MARK}):
        with suppress(FileNotFoundError, NotADirectoryError):
            # Equal to the new content: left by a release that was stopped half way.
            if _digest((to / name).read_bytes()) not in (made.get(name), _digest(files.get(name, b""))):
                strange.append(name)
    if strange:
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        raise ReleaseError(f"in {to}, somebody has changed {', '.join(strange[:3])}{more}: move that away first")


def _made(to: Path) -> dict[str, str]:
    """The files that an earlier release was made of, and their digests."""
    try:
        made = json.loads((to / MARK).read_bytes())
        made = dict(made)
    except (ValueError, TypeError):
        raise ReleaseError(f"{to / MARK} is broken: name another folder with --to") from None
    # The list decides what is removed, so it may name nothing outside.
    return {name: digest for name, digest in made.items() if (to / name).resolve().is_relative_to(to)}


def _create(to: Path, files: Mapping[str, bytes]) -> None:
    """Write aside, then move: the folder is whole, or not there."""
    to.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=to.parent, prefix=f".{to.name}-"))
    try:
        # mkdtemp lets only the owner in, but a release is for others.
        aside.chmod(0o755)
        for name, content in files.items():
            write_atomically(aside / name, content)
        if to.exists():
            to.rmdir()
        os.replace(aside, to)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _update(to: Path, files: Mapping[str, bytes]) -> None:
    """Replace what has changed, file by file, and remove what is no longer part of it; the list of files comes last."""
    gone = [name for name in _made(to) if name not in files]
    for name, content in files.items():
        path = to / name
        if not path.is_file() or path.read_bytes() != content:
            write_atomically(path, content)
    for name in gone:
        (to / name).unlink(missing_ok=True)
        with suppress(OSError):
            (to / name).parent.rmdir()


# ---------------------------------------------------------------------------- the package


def _package(root: Path, asked: Iterable[str]) -> dict[str, bytes]:
    """What `check` and `progress` need, exercises packed."""
    places = {}
    for exercise in asked:
        found = sorted((root / "autograder" / "exercises").glob(f"*/{exercise}.py"))
        if not found:
            raise ReleaseError(f"the check {exercise!r} has no file autograder/exercises/TOPIC/{exercise}.py")
        places[_name(root, found[0])] = exercise
    kept = _reduced(root, places)
    files = {}
    needed = [name for tree in kept.values() for name in _imports(tree, "")]
    for name in _closure(
        root, ["autograder", "autograder.validating", *(name for name in needed if not _is_exercise(root, name))]
    ):
        path = _file(root, name)
        files[path.relative_to(root).as_posix()] = path.read_bytes()
    for name, tree in kept.items():
        source = ast.unparse(tree)
        text = base64.encodebytes(source.encode()).decode().strip()
        path = _file(root, name)
        files[path.relative_to(root).as_posix()] = _PACKED.format(text=text, name=name).encode()
        package = path.with_name("__init__.py")
        files.setdefault(package.relative_to(root).as_posix(), package.read_bytes())
    return files


def _closure(root: Path, names: Iterable[str]) -> list[str]:
    """Modules of the package that these import, wherever in their code, themselves included."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen or not name.startswith("autograder") or not _file(root, name).exists():
            continue
        seen.add(name)
        path = _file(root, name)
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting += [name.rpartition(".")[0], *_imported(path.read_bytes(), package)]
    return sorted(seen)


@cache
def _imported(source: bytes, package: str) -> tuple[str, ...]:
    """What a module's text imports, relative to its package."""
    return tuple(_imports(ast.parse(source), package))


def _imports(tree: ast.Module, package: str) -> Iterator[str]:
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements within, of functions and branches too: a tenth of what `ast.walk` visits."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, part, ()):
            yield child
            yield from _statements(child)


def _name(root: Path, path: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts)


def _file(root: Path, name: str) -> Path:
    path = root.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _is_exercise(root: Path, name: str) -> bool:
    """Whether a module holds an exercise, or what exercises share."""
    file = _file(root, name)
    return name.startswith(f"{_EXERCISES}.") and file.is_file() and file.name != "__init__.py"


@dataclass
class _Module:
    """The top level of a module: what binds a name, and what has to run in any case."""

    body: list[ast.stmt]
    wanted: set[str] = field(default_factory=set)
    reached: bool = False

    @cached_property
    def alternatives(self) -> set[str]:
        """Names of right solutions in other words."""
        return {name for node in self.body if _decorated(node, "alternative") for name in _bound(node)}

    @cached_property
    def binding(self) -> dict[str, list[ast.stmt]]:
        """The statements that bind a name, for each that is bound."""
        binding: dict[str, list[ast.stmt]] = {}
        for node in self.body:
            for name in _bound(node):
                binding.setdefault(name, []).append(node)
        return binding

    def reduced(self) -> ast.Module:
        """The statements that are wanted, imports name by name."""
        body: list[ast.stmt] = []
        for node in self.body:
            names = _bound(node)
            if isinstance(node, ast.Import | ast.ImportFrom):
                aliases = [alias for alias in node.names if _of(alias) in self.wanted]
                if aliases and isinstance(node, ast.ImportFrom):
                    body.append(ast.ImportFrom(node.module, aliases, node.level))
                elif aliases:
                    body.append(ast.Import(aliases))
            elif not names or names & self.wanted:
                body.append(node)
        return ast.fix_missing_locations(ast.Module(body, []))


def _reduced(root: Path, exercises: Mapping[str, str]) -> dict[str, ast.Module]:
    """Exercise modules, and those they share, with what judging needs and no more."""
    modules: dict[str, _Module] = {}

    def module(name: str) -> _Module:
        if name not in modules:
            tree = ast.parse(_file(root, name).read_bytes())
            modules[name] = _Module([node for node in tree.body if not _is_text(node)])
        return modules[name]

    waiting = []
    for name in exercises:
        wrong = [node for node in module(name).body if _decorated(node, "mistake", "remembering")]
        registered = sorted(bound for node in wrong for bound in _bound(node))
        waiting += [(name, wanted) for wanted in ("EXERCISE", "right", "MISTAKES", *registered)]
    while waiting:
        name, wanted = waiting.pop()
        place = module(name)
        nodes = [] if place.reached else [node for node in place.body if not _bound(node)]
        place.reached = True
        if wanted not in place.wanted:
            place.wanted.add(wanted)
            nodes += place.binding.get(wanted, [])
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    if _of(alias) in place.wanted:
                        waiting += _behind(root, node, alias, module)
            else:
                used = _names(node) | _words(node) - place.alternatives
                waiting += [(name, other) for other in used & place.binding.keys()]
    return {name: place.reduced() for name, place in sorted(modules.items())}


def _behind(
    root: Path, node: ast.Import | ast.ImportFrom, alias: ast.alias, module: Callable[[str], _Module]
) -> list[tuple[str, str]]:
    """What an import wants from other exercise modules: one name, or all of a module that is imported whole."""
    base = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
    whole = base + alias.name
    if _is_exercise(root, whole):
        behind = module(whole)
        return [(whole, name) for name in behind.binding.keys() - behind.alternatives - {"HINTS"}]
    if _is_exercise(root, base.rstrip(".")):
        return [(base.rstrip("."), alias.name)]
    return []


def _names(node: ast.stmt) -> set[str]:
    return {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}


def _words(node: ast.stmt) -> set[str]:
    """The words in a statement's texts: mistakes are edits written as text, and use names too."""
    texts = [item.value for item in ast.walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return {word for text in texts for word in re.findall(r"[A-Za-z_]\w*", text)}


def _decorated(node: ast.stmt, *by: str) -> bool:
    """Whether a function is registered by one of these decorators."""
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    names = [decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in decorators]
    return any(isinstance(name, ast.Name) and name.id in by for name in names)


def _bound(node: ast.stmt) -> set[str]:
    """The names that a statement does nothing but bind; empty for one that has to run."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {_of(alias) for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names: set[str] = set()
    for target in targets:
        for item in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
            if not isinstance(item, ast.Name):
                return set()
            names.add(item.id)
    return names


def _of(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
