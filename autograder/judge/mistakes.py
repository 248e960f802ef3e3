"""Mistakes, as an exercise file writes them: edits of its right solution, or functions of their own.

Most of what goes wrong in a student's function is one line of a right one written otherwise. So a mistake is an edit:

    MISTAKES = slips('''
    ddof_one (detail): x.var(axis=0) -> x.var(axis=0, ddof=1)
        The variance is divided by N - 1. In training BatchNorm divides by N (`ddof=0`).

    not_averaged: beta1 * m + (1 - beta1) * grad -> beta1 * m + grad
        or beta2 * v + (1 - beta2) * grad**2 -> beta2 * v + grad**2
        The new gradient goes in with its full weight. An average gives it 1 - beta.
    ''')

What is no edit (memory outside the state, another algorithm) is a function, registered where it stands by `@mistake`;
right solutions in other words are registered by `@alternative`.
"""

import ast
import copy
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

# Part of the points that a detail costs at most, where details are all that is wrong.
DETAIL_COSTS = 0.25
DEGREES = ("core", "", "detail", "elsewhere")

_MARK = "__downhill__"
_KINDS = {"expression": "part of a line", "keyword": "an argument of a call", "default": "a default of the signature"}
_HEADER = re.compile(r"(?P<name>\w+)(?: \((?P<degree>\w+)\))?:(?P<edit> .*)?")


class EditError(ValueError):
    """An edit that does not fit the right solution; the text says which, and what to do."""


@dataclass(frozen=True)
class Slip:
    """A mistake as an edit of the right solution.

    Parameters
    ----------
    name : its id, reported by `check(...).mistakes`
    edits : fragments of the right solution, and what students write there. A fragment is an expression, one or more
        statements, or a default of the signature ("eps=1e-8"); it is found by its structure, so spacing and brackets do
        not matter, and it must occur exactly once. "" on the right deletes statements; "" on the left stands for the
        beginning of the function.
    sentence : what the student reads
    section : where in the notebook to look; the exercise's own where it is empty
    degree : "detail" for what a right idea survives (a default, the place of eps, ddof), "core" where the idea itself
        is missing; "elsewhere", set by the loader, for a mistake of the forward in its backward's check: it costs
        nothing there
    """

    name: str
    edits: Mapping[str, str]
    sentence: str
    section: str = ""
    degree: str = ""

    def __post_init__(self) -> None:
        if self.degree not in DEGREES:
            raise EditError(f"{self.name}: a mistake is (core), (detail) or neither, not ({self.degree})")


@dataclass(frozen=True, eq=False)
class Mistake:
    """A wrong solution that students write, and the sentence that helps them.

    Parameters
    ----------
    name, sentence, section, degree : as for `Slip`
    wrong : the wrong function; several where the check takes several
    remembers : whether `wrong` makes the function instead, anew for each judging: it keeps something between calls
    """

    name: str
    wrong: Callable | tuple[Callable, ...]
    sentence: str
    section: str = ""
    degree: str = ""
    remembers: bool = False

    def __post_init__(self) -> None:
        if self.degree not in DEGREES:
            raise EditError(f"{self.name}: a mistake is (core), (detail) or neither, not ({self.degree})")

    @property
    def functions(self) -> tuple[Callable, ...]:
        """The wrong functions, in the order of the check's."""
        wrong = self.wrong
        if self.remembers:
            assert not isinstance(wrong, tuple)
            wrong = wrong()
        return wrong if isinstance(wrong, tuple) else (wrong,)


@dataclass(frozen=True, eq=False)
class Edited(Mistake):
    """A slip, made in the right solution of one exercise.

    Parameters
    ----------
    solution : the right solution
    places : what is changed in it
    """

    solution: "Solution | None" = None
    places: tuple["_Change", ...] = ()
    edits: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _functions(self) -> tuple[Callable, ...]:
        assert self.solution is not None
        return self.solution.changed(self.places)

    @property
    def functions(self) -> tuple[Callable, ...]:
        return self._functions

    @property
    def source(self) -> str:
        """The changed functions as text: they have no file in which `inspect` could look."""
        return "\n\n\n".join(
            ast.unparse(tree)
            for tree, before in zip(self._applied.trees, self.solution.trees if self.solution else (), strict=True)
            if tree is not before
        )

    def with_too(self, other: "Edited") -> tuple[Callable, ...] | None:
        """The functions with both slips made; None where one leaves nothing of the other's place."""
        assert self.solution is not None
        if not any(a.meets(b) for a in self.places for b in other.places):
            return self.solution.changed(self.places + other.places)
        for first, second in ((self, other), (other, self)):
            # One place lies in the other: what is left of it may still hold the second fragment.
            with suppress(EditError):
                found = first._applied.bound(second)
                if all(_stays(first, *pair) for pair in zip(second.places, found.places, strict=True)):
                    return found.functions
        return None

    @cached_property
    def _applied(self) -> "Solution":
        """The solution with this slip in it."""
        assert self.solution is not None
        return Solution(self.solution.functions, self.solution.changed_trees(self.places))


def _stays(first: Edited, before: "_Change", after: "_Change") -> bool:
    """Whether a fragment that an edit covered is found again in what that edit wrote there, not in another place."""
    covering = [place for place in first.places if place.meets(before)]
    return not covering or any(after.path[: len(place.path)] == place.path for place in covering)


def slips(text: str, *, section: str = "") -> list[Slip]:
    """Slips from a block of text.

    A block is `name: fragment -> what students write`, or `name:` and such lines below it, then the sentence, indented.
    A line that begins with "or " begins another edit of the same name. `name (detail):` and `name (core):` say how
    much it matters; a last line `see: heading` names another section of the notebook.

    Raises
    ------
    EditError : a block without an edit or without a sentence
    """
    found = []
    lines = [line.rstrip() for line in textwrap.dedent(text).splitlines() if line.strip()]
    starts = [number for number, line in enumerate(lines) if not line[0].isspace()]
    if starts[:1] != [0] and lines:
        raise EditError(f"slips: {lines[0].strip()!r} stands under no name")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        found += _block(lines[start:end], section)
    return found


def _block(lines: Sequence[str], section: str) -> list[Slip]:
    head = _HEADER.fullmatch(lines[0])
    if not head:
        raise EditError(f"slips: {lines[0]!r} is no `name: fragment -> what students write`")
    variants: list[dict[str, str]] = [{}]
    words: list[str] = []
    for line in [*([head["edit"]] if head["edit"] else []), *lines[1:]]:
        text = line.strip()
        if text.startswith("see: "):
            section = text.removeprefix("see: ")
        elif "->" in text and not words:
            if text.startswith("or "):
                variants.append({})
                text = text.removeprefix("or ")
            before, _, after = text.partition("->")
            variants[-1][before.strip()] = after.strip()
        else:
            words.append(text)
    if not words or not all(variants):
        raise EditError(f"slips: {head['name']} has no {'edit' if words else 'sentence'}")
    return [Slip(head["name"], edits, " ".join(words), section, head["degree"] or "") for edits in variants]


# ---------------------------------------------------------------------------- registered where they stand


def mistake(sentence: str, *, name: str = "", section: str = "", degree: str = "") -> Callable[[Callable], Callable]:
    """Registers a wrong function of its exercise's file; its name is the mistake's, unless `name` says another.

    Where the check takes several functions it stands for the right one that has the same arguments.
    """
    return _registers(sentence, name, section, degree, remembers=False)


def remembering(
    sentence: str, *, name: str = "", section: str = "", degree: str = ""
) -> Callable[[Callable], Callable]:
    """Registers what makes a wrong function that keeps something between calls; it is made anew for each judging."""
    return _registers(sentence, name, section, degree, remembers=True)


def alternative(function: Callable) -> Callable:
    """Registers a right solution in other words, that must pass; like `mistake` where the check takes several."""
    setattr(function, _MARK, "alternative")
    return function


def _registers(sentence: str, name: str, section: str, degree: str, *, remembers: bool) -> Callable:
    def register(function: Callable) -> Callable:
        found = Mistake(name or function.__name__, function, sentence, section, degree, remembers)
        setattr(function, _MARK, found)
        return function

    return register


@dataclass(frozen=True)
class Bank:
    """The mistakes and alternatives of an exercise, ready to be judged."""

    mistakes: tuple[Mistake, ...]
    alternatives: tuple[tuple[Callable, ...], ...]


def bank(namespace: Mapping[str, Any], *, names: Sequence[str], section: str = "") -> Bank:
    """The bank of an exercise file.

    Parameters
    ----------
    namespace : the file's names: `right`, `MISTAKES`, and what `mistake`, `remembering` and `alternative` registered
    names : of the functions that the check takes
    section : where in the notebook to look for what a mistake says nothing else of

    Raises
    ------
    EditError : an edit does not fit `right`, or a function stands for none of those that the check takes
    """
    right = namespace.get("right", ())
    rights = right if isinstance(right, tuple) else (right,)
    if right and len(rights) != len(names):
        raise EditError(f"right has {len(rights)} functions, the check takes {', '.join(names)}")
    solution = Solution(rights)
    mistakes = [
        solution.bound(entry) if isinstance(entry, Slip) else _standing(entry, rights)
        for entry in namespace.get("MISTAKES", ())
    ]
    mistakes += [_standing(mark, rights) for mark, _ in _registered(namespace) if mark != "alternative"]
    alternatives = [in_place(function, rights) for mark, function in _registered(namespace) if mark == "alternative"]
    mistakes += _of_the_forward(namespace, solution, names)
    return Bank(
        tuple(replace(m, section=m.section or section) for m in mistakes),
        (*alternatives, *(a if isinstance(a, tuple) else (a,) for a in namespace.get("ALTERNATIVES", ()))),
    )


def _registered(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, Callable]]:
    """What the file itself registered, with the functions, in the order in which they stand."""
    for value in list(namespace.values()):
        mark = getattr(value, _MARK, None) if inspect.isfunction(value) else None
        if mark is not None and value.__module__ == namespace.get("__name__"):
            yield mark, value


def _of_the_forward(namespace: Mapping[str, Any], solution: "Solution", names: Sequence[str]) -> Iterator[Mistake]:
    """The mistakes of the exercise whose right solution is this one's forward: a backward is judged with its own."""
    forward, *others = solution.functions or (None,)
    if not others or forward is None or forward.__module__ == namespace.get("__name__"):
        return
    theirs = vars(sys.modules[forward.__module__])
    alone = Solution((forward,))
    entries = [*theirs.get("MISTAKES", ()), *(mark for mark, _ in _registered(theirs) if mark != "alternative")]
    for entry in entries:
        sentence = f"In `{names[0]}`: {entry.sentence}"
        section = entry.section or getattr(theirs.get("EXERCISE"), "section", "")
        if isinstance(entry, Slip):
            edited = alone.bound(entry)
            yield replace(edited, sentence=sentence, degree="elsewhere", section=section, solution=solution)
        elif not entry.remembers:
            wrong = (*entry.functions, *others)
            yield replace(entry, sentence=sentence, degree="elsewhere", section=section, wrong=wrong)


def _standing(entry: Mistake, rights: tuple[Callable, ...]) -> Mistake:
    """A mistake that is one function stands beside the right others."""
    if len(rights) < 2 or entry.remembers or isinstance(entry.wrong, tuple):
        return entry
    return replace(entry, wrong=in_place(entry.wrong, rights))


def in_place(function: Callable, rights: tuple[Callable, ...]) -> tuple[Callable, ...]:
    """The right functions with one in the place of that which has the same arguments.

    Raises
    ------
    EditError : none has, or several have
    """
    if len(rights) < 2:
        return (function,)
    arguments = list(inspect.signature(function).parameters)
    places = [k for k, right in enumerate(rights) if list(inspect.signature(right).parameters) == arguments]
    if len(places) != 1:
        raise EditError(
            f"{function.__name__}({', '.join(arguments)}) has the arguments of {len(places)} right functions: give it "
            "those of the one it stands for, or list a Mistake with all functions in MISTAKES"
        )
    return tuple(function if k == places[0] else right for k, right in enumerate(rights))


# ---------------------------------------------------------------------------- edits


# Where a node lies: the names of fields and places in their lists, from the function down.
_Path = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class _Change:
    """One place of one right function, and what stands there instead.

    Parameters
    ----------
    function : which of them
    path : the node; of statements, the first
    length : how many statements; 0 inserts before the first
    new : what stands there instead
    """

    function: int
    path: _Path
    length: int
    new: tuple[ast.AST, ...] = field(compare=False)

    def meets(self, other: "_Change") -> bool:
        if self.function != other.function:
            return False
        mine, theirs = self._covers(), other._covers()
        return any(a[: len(b)] == b or b[: len(a)] == a for a in mine for b in theirs)

    def _covers(self) -> list[_Path]:
        *above, (name, place) = self.path
        return [(*above, (name, place + k)) for k in range(self.length)]


class Solution:
    """The right functions of an exercise, as trees to edit."""

    def __init__(self, functions: Sequence[Callable], trees: Sequence[ast.FunctionDef] = ()):
        self.functions = tuple(functions)
        self._given = tuple(trees)

    @cached_property
    def trees(self) -> tuple[ast.FunctionDef, ...]:
        """Their syntax trees, without decorators."""
        if self._given:
            return self._given
        found = []
        for function in self.functions:
            (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
            if not isinstance(tree, ast.FunctionDef) or function.__closure__:
                raise EditError(f"{function.__name__}: a right solution is a plain function at the top of its file")
            tree.decorator_list = []
            found.append(tree)
        return tuple(found)

    def bound(self, slip: "Slip | Edited") -> Edited:
        """The slip, made in this solution (when it is first asked for).

        Raises
        ------
        EditError : a fragment occurs not at all, or more than once
        """
        places = tuple(self._place(slip.name, before, after) for before, after in slip.edits.items())
        if any(a.meets(b) for k, a in enumerate(places) for b in places[:k]):
            raise EditError(f"{slip.name}: its edits meet in one place: make them one")
        # The functions are made when they are first asked for.
        return Edited(slip.name, (), slip.sentence, slip.section, slip.degree, False, self, places, slip.edits)

    def changed(self, changes: Iterable[_Change]) -> tuple[Callable, ...]:
        """The functions with these changes made."""
        trees = self.changed_trees(changes)
        return tuple(
            function if tree is before and not self._given else _compiled(function, tree)
            for function, tree, before in zip(self.functions, trees, self.trees, strict=True)
        )

    def changed_trees(self, changes: Iterable[_Change]) -> tuple[ast.FunctionDef, ...]:
        """The functions' trees with these changes made; those that are not changed are the same objects."""
        made = []
        changes = list(changes)
        for number, tree in enumerate(self.trees):
            mine = [change for change in changes if change.function == number]
            made.append(copy.copy(tree) if mine else tree)
            # From the end, so that other places stay; what is inserted before a statement after the statement's change.
            for change in sorted(mine, key=lambda change: (change.path, change.length), reverse=True):
                _make(made[-1], change)
        return tuple(made)

    @cached_property
    def _index(self) -> dict[int, list[tuple[int, _Path, str]]]:
        """By structure, where it stands: the function, the path and the kind of place."""
        found: dict[int, list[tuple[int, _Path, str]]] = {}
        for number, tree in enumerate(self.trees):
            for key, path, kind in _places(tree):
                found.setdefault(key, []).append((number, path, kind))
        return found

    def _place(self, name: str, before: str, after: str) -> _Change:
        if not before:
            number = len(self.trees) - 1
            body = self.trees[number].body
            first = int(isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant))
            return _Change(number, (("body", first),), 0, tuple(_statements(name, after)))
        keys = [_structure(node, {}) for node in _statements(name, before)]
        found = [place for place in self._index.get(keys[0], []) if self._follow(place, keys)]
        if len(found) != 1:
            where = ", ".join(f"{f.__module__}.{f.__name__}" for f in self.functions)
            raise EditError(
                f"{name}: {before!r} occurs {len(found)} times in {where}: "
                + ("take a larger fragment" if found else "an edit names a piece of the right solution as it stands")
            )
        number, path, kind = found[0]
        return _Change(number, path, len(keys), _new(name, before, after, kind))

    def _follow(self, place: tuple[int, _Path, str], keys: Sequence[int]) -> bool:
        """Whether the other statements of a fragment stand below its first."""
        number, (*above, (name, k)), _ = place
        below = [(number, (*above, (name, k + more)), "statements") for more in range(1, len(keys))]
        return all(there in self._index.get(key, []) for there, key in zip(below, keys[1:], strict=True))


def _statements(name: str, text: str) -> list[ast.stmt]:
    try:
        # In a function, so that `return` may stand there.
        tree = ast.parse("def f():\n" + textwrap.indent(text or "pass", "    ")).body[0]
    except SyntaxError as error:
        raise EditError(f"{name}: {text!r} is no Python: {error.msg}") from None
    assert isinstance(tree, ast.FunctionDef)
    return tree.body


def _places(tree: ast.FunctionDef) -> Iterator[tuple[int, _Path, str]]:
    """All that an edit may name: its structure as that of a statement, its path, and what kind of place it is."""
    known: dict[int, int] = {}
    for path, node in _walk(tree, ()):
        if isinstance(node, ast.stmt) and path:
            yield _structure(node, known), path, "statements"
        elif isinstance(node, ast.expr):
            yield _number((ast.Expr, _structure(node, known))), path, "expression"
        elif isinstance(node, ast.keyword) and node.arg:
            yield _assigned(node.arg, node.value, known), path, "keyword"
    for place, (argument, value) in _defaults(tree.args).items():
        yield _assigned(argument, value, known), (("args", -1), place), "default"


def _assigned(name: str, value: ast.expr, known: dict[int, int]) -> int:
    target = _structure(ast.Name(name, ast.Store()), {})
    return _number((ast.Assign, _number((list, target)), _structure(value, known), _structure(None, {})))


# A number for every structure that has been met.
_NUMBERS: dict[tuple, int] = {}


def _number(parts: tuple) -> int:
    return _NUMBERS.setdefault(parts, len(_NUMBERS))


def _structure(node: object, known: dict[int, int]) -> int:
    """A number that nodes of one structure share, wherever they stand; `known` are those of nodes that stay alive."""
    if isinstance(node, ast.AST):
        if id(node) not in known:
            known[id(node)] = _number((type(node), *(_structure(getattr(node, f, None), known) for f in node._fields)))
        return known[id(node)]
    if isinstance(node, list):
        return _number((list, *(_structure(item, known) for item in node)))
    return _number((type(node), repr(node)))


def _walk(node: ast.AST, path: _Path) -> Iterator[tuple[_Path, ast.AST]]:
    """All nodes with their paths; not the value of a statement that is nothing else, which the statement stands for."""
    yield path, node
    if isinstance(node, ast.Expr):
        node, path = node.value, (*path, ("value", -1))
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield from _walk(value, (*path, (name, -1)))
        elif isinstance(value, list):
            for k, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield from _walk(item, (*path, (name, k)))


def _defaults(arguments: ast.arguments) -> dict[tuple[str, int], tuple[str, ast.expr]]:
    """The signature's defaults by their place."""
    positional = [*arguments.posonlyargs, *arguments.args][-len(arguments.defaults) or None :]
    found = {("defaults", k): (a.arg, d) for k, (a, d) in enumerate(zip(positional, arguments.defaults, strict=False))}
    for k, (argument, default) in enumerate(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)):
        if default is not None:
            found["kw_defaults", k] = argument.arg, default
    return found


def _new(name: str, before: str, after: str, kind: str) -> tuple[ast.AST, ...]:
    if not after and kind != "expression":
        return ()
    statements = _statements(name, after)
    only = statements[0] if len(statements) == 1 else None
    if kind == "statements":
        return tuple(statements)
    if kind == "expression" and isinstance(only, ast.Expr):
        return (only.value,)
    if kind in ("keyword", "default") and isinstance(only, ast.Assign) and isinstance(only.targets[0], ast.Name):
        keyword = ast.copy_location(ast.keyword(only.targets[0].id, only.value), only)
        return (keyword if kind == "keyword" else only.value,)
    raise EditError(f"{name}: {before!r} is {_KINDS[kind]}, and {after!r} cannot stand there")


def _compiled(function: Callable, tree: ast.FunctionDef) -> Callable:
    module = ast.Module([tree], [])
    namespace: dict[str, Any] = {}
    exec(compile(module, f"<{function.__name__} with another line>", "exec"), {**function.__globals__}, namespace)
    made = namespace[tree.name]
    made.__module__ = function.__module__
    return made


def _make(tree: ast.FunctionDef, change: _Change) -> None:
    """Make a change; what lies above it is copied, and all else shared with the other trees."""
    *above, (name, place) = change.path
    parent: Any = tree
    for field_name, k in above:
        value = getattr(parent, field_name)
        part = copy.copy(value if k < 0 else value[k])
        setattr(parent, field_name, part if k < 0 else [*value[:k], part, *value[k + 1 :]])
        parent = part
    if place < 0:
        setattr(parent, name, change.new[0])
    elif name == "kw_defaults":
        defaults = [*parent.kw_defaults]
        defaults[place] = change.new[0] if change.new else None
        parent.kw_defaults = defaults
    else:
        items = getattr(parent, name)
        nothing: list[ast.AST] = [ast.Pass(lineno=1, col_offset=0)] if items and isinstance(items[0], ast.stmt) else []
        setattr(parent, name, [*items[:place], *(change.new or nothing), *items[place + change.length :]])
