"""Which cells can run before the checks above them are asked, for nothing in those can tell that they did.

Most cells of a notebook define the function that the next check is about. One process can answer all their checks, as
long as no later cell changes what an earlier one does. Where that is not plain to see, the state is kept.
"""

import ast
import builtins
from collections.abc import Iterator
from functools import lru_cache

# By these a function can look at names that stand nowhere in it.
_LOOKING = {"globals", "locals", "vars", "dir", "eval", "exec", "getattr", "get_ipython", "inspect", "modules"}
_LOOKING |= {"__main__", "__dict__", "__globals__", "import_module", "__import__", "user_ns", "gc", "_getframe"}
# Longer ones are not worth the time.
_LONGEST = 20_000


class Story:
    """The cells of a notebook so far: which names they mention."""

    def __init__(self) -> None:
        self._mentioned: set[str] = set()
        self._looks = False

    def add(self, source: str) -> None:
        """Go on with a cell: one that runs, or a check's."""
        words = _mentioned_in(source)
        self._mentioned |= words
        self._looks |= bool(words & _LOOKING)

    def hides(self, source: str) -> bool:
        """Whether this cell's running changes nothing for the cells so far.

        It only defines functions, whose names are new and no builtins'.
        """
        tree = _tree(source)
        if tree is None or self._looks:
            return False
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        rest = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
        names = {function.name for function in functions}
        return (
            all(isinstance(node, ast.Pass) or _is_constant(node) for node in rest)
            and all(_only_defines(function) for function in functions)
            and not any(hasattr(builtins, name) or name.startswith("_") for name in names)
            and not names & self._mentioned
        )


# Half of a notebook's cells are the instructor's: the same in every submission.
@lru_cache(maxsize=256)
def _mentioned_in(source: str) -> frozenset[str]:
    tree = _tree(source)
    return frozenset(_words(tree)) if tree else frozenset(_LOOKING)


def _tree(source: str) -> ast.Module | None:
    """The syntax tree; None for what is no Python, such as a magic, or too long to look at."""
    if len(source) > _LONGEST:
        return None
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _words(tree: ast.AST) -> Iterator[str]:
    """All that could be a name, in texts too, but for docstrings."""
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.body:
            docstrings.add(id(node.body[0]))
        if isinstance(node, ast.Expr) and id(node) in docstrings and _is_constant(node):
            docstrings.add(id(node.value))
        for value in vars(node).values():
            if isinstance(value, str) and id(node) not in docstrings:
                yield from value.replace(".", " ").split()
            elif isinstance(value, list):
                yield from (item for item in value if isinstance(item, str))


def _is_constant(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _only_defines(function: ast.FunctionDef) -> bool:
    """Whether a definition runs no code of its own: no decorator, and defaults and annotations are plain."""
    arguments = function.args
    defaults = [*arguments.defaults, *(value for value in arguments.kw_defaults if value)]
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    notes = [argument.annotation for argument in every if argument and argument.annotation]
    notes += [function.returns] if function.returns else []
    return not function.decorator_list and all(map(_is_plain, [*defaults, *notes]))


_PLAIN = (ast.Constant, ast.Name, ast.Attribute, ast.Tuple, ast.UnaryOp, ast.Subscript, ast.BinOp)
_PLAIN += (ast.expr_context, ast.unaryop, ast.operator)  # type: ignore[assignment]


def _is_plain(value: ast.expr) -> bool:
    return all(isinstance(node, _PLAIN) for node in ast.walk(value))
