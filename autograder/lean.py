"""Takes single modules of large packages without all that the packages load as they are imported.

nbgrader's package loads its server extensions and nbconvert's every exporter, which takes longer than all else that
`autograder grade` does besides judging. Here such a package is entered without running its `__init__`. A name that this
would have bound is looked for where it comes from, and where that does not tell, the `__init__` is run after all.
"""

import ast
import importlib
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_MODULES = {
    "nbconvert",
    "nbconvert.exporters",
    "nbconvert.preprocessors",
    "nbgrader",
    "nbgrader.auth",
    "nbgrader.plugins",
    "nbgrader.preprocessors",
}
# What is asked of a module as another one is loaded, and called seldom or never.
_CALLED_LATE = {
    "setuptools.archive_util": ("unpack_archive", "unpack_tarfile", "unpack_zipfile"),
}


def enter() -> None:
    """From now on, in this process and its forks: for a program that is not nbgrader's own, nor Jupyter's."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
        for name, functions in _CALLED_LATE.items():
            if name not in sys.modules:
                sys.modules[name] = _late(name, functions)


def is_entered() -> bool:
    """Whether this process loads no more than it uses."""
    return _Finder in sys.meta_path


class _Finder:
    """Finds the modules that do not run as they are imported; those that are loaded already stay as they are."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in _MODULES else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Entered(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing yet."""

    def run(self, module: ModuleType) -> None:
        """Run the module's code after all."""
        super().exec_module(module)


class _Entered(ModuleType):
    """A module, most often a package, whose code has not run."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        assert spec is not None and isinstance(spec.loader, _Loader)
        below = _imported(spec.loader.get_source(spec.name) or "").get(name)
        if below is not None:
            value = getattr(importlib.import_module(f"{spec.name}.{below}"), name)
        elif name.startswith("__"):
            # The import system asks for some of these.
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        elif spec.submodule_search_locations and find_spec(f"{spec.name}.{name}"):
            value = importlib.import_module(f"{spec.name}.{name}")
        else:
            self.__class__ = ModuleType  # type: ignore[assignment]
            spec.loader.run(self)
            return getattr(self, name)
        setattr(self, name, value)
        return value


def _imported(source: str) -> dict[str, str]:
    """The module below it that a package's `__init__` takes each name from."""
    return {
        alias.asname or alias.name: node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module
        for alias in node.names
        if alias.asname in (None, alias.name)
    }


def _late(name: str, functions: tuple[str, ...]) -> ModuleType:
    """A module that is loaded when one of its functions is called."""
    module = ModuleType(name)

    def loaded() -> ModuleType:
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return importlib.import_module(name)

    def calling(function: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: getattr(loaded(), function)(*args, **kwargs)

    def other(attribute: str) -> Any:
        # The import system asks for some of these.
        if attribute.startswith("__"):
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        return getattr(loaded(), attribute)

    vars(module).update({function: calling(function) for function in functions}, __getattr__=other)
    return module
