"""Takes single modules of large packages without all that the packages load as they are imported.

nbgrader's package loads its server extensions and nbconvert's every exporter, which takes longer than all else that
`autograder grade` does besides judging. Here such a package is entered without running its `__init__`. A name that this
would have bound is looked for where it comes from, and where that does not tell, the `__init__` is run after all.

PyTorch's start ends with what its compiler is to know of each operation: a quarter of it. This end waits until another
module of PyTorch is imported, or a name is asked for that it does not have yet.
"""

import ast
import importlib
import sys
from collections.abc import Callable
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
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
# The module that PyTorch's start ends with, and what fails before that.
_LAST, _UNREADY = "torch._meta_registrations", "Generator"
# What is asked of a module as another one is loaded, and called seldom or never.
_CALLED_LATE = {
    # jsonschema from 4.25 on, which nbformat loads: twenty parsers of web addresses are made, for a format that no
    # notebook has.
    "rfc3987_syntax": ("is_valid_syntax",),
    "setuptools.archive_util": ("unpack_archive", "unpack_tarfile", "unpack_zipfile"),
}


def enter() -> None:
    """From now on, in this process and its forks: for a program that is not nbgrader's own, nor Jupyter's."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
        for name, functions in _CALLED_LATE.items():
            if name not in sys.modules and find_spec(name.partition(".")[0]):
                sys.modules[name] = _late(name, functions)


def is_entered() -> bool:
    """Whether this process loads no more than it uses."""
    return _Finder in sys.meta_path


class _Finder:
    """Finds the modules that do not run as they are imported; those that are loaded already stay as they are."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if _Torch.unfinished and name.startswith("torch."):
            _Torch.unfinished.finish()
            if name in sys.modules:
                return _There.spec_of(sys.modules[name])
        last = name == _LAST and _Torch.starts
        kind = _Torch if name == "torch" else _Loader if last or name in _MODULES else None
        if kind is None:
            return None
        others = (finder for finder in sys.meta_path if finder is not _Finder)
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = kind(name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Entered(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing yet."""

    def run(self, module: ModuleType) -> None:
        """Run the module's code after all."""
        module.__class__ = ModuleType
        super().exec_module(module)


class _Entered(ModuleType):
    """A module, most often a package, whose code has not run."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        assert spec is not None and isinstance(spec.loader, _Loader)
        is_package = spec.submodule_search_locations is not None
        below = _imported(spec.loader.get_source(spec.name) or "").get(name) if is_package else None
        if below is not None:
            value = getattr(importlib.import_module(f"{spec.name}.{below}"), name)
        elif name.startswith("__"):
            # The import system asks for some of these.
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        elif is_package and find_spec(f"{spec.name}.{name}"):
            value = importlib.import_module(f"{spec.name}.{name}")
        else:
            spec.loader.run(self)
            return getattr(self, name)
        setattr(self, name, value)
        return value


class _Torch(SourceFileLoader):
    """Loads PyTorch but for the end of its start."""

    starts = False
    unfinished: "_Unfinished | None" = None

    def exec_module(self, module: ModuleType) -> None:
        _Torch.starts = True
        try:
            super().exec_module(module)
        finally:
            _Torch.starts = False
        # In another PyTorch it may have run by now, or not be loaded at all.
        last = sys.modules.get(_LAST)
        if isinstance(last, _Entered):
            _Torch.unfinished = _Unfinished(module, last)


class _Unfinished:
    """PyTorch before the end of its start, which comes as soon as it is asked for a name that it does not have.

    Parameters
    ----------
    torch : the package
    last : the module whose code has not run
    """

    def __init__(self, torch: ModuleType, last: _Entered):
        self.torch, self.last = torch, last
        names = vars(torch)
        self.kept = {name: names.pop(name) for name in (_UNREADY, "__getattr__") if name in names}
        names["__getattr__"] = self._ask

    def _ask(self, name: str) -> Any:
        self.finish()
        return getattr(self.torch, name)

    def finish(self) -> None:
        """Let the start come to its end."""
        _Torch.unfinished = None
        del vars(self.torch)["__getattr__"]
        vars(self.torch).update(self.kept)
        if isinstance(self.last, _Entered):
            assert isinstance(self.last.__loader__, _Loader)
            self.last.__loader__.run(self.last)


class _There:
    """Loads a module that was loaded while it was looked for: not twice."""

    def __init__(self, module: ModuleType, loader: Any):
        self.module, self.loader = module, loader

    @classmethod
    def spec_of(cls, module: ModuleType) -> ModuleSpec | None:
        spec = module.__spec__
        if spec is not None:
            spec.loader = cls(module, spec.loader)  # type: ignore[assignment]
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = self.loader


@cache
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
