"""What answers are compared with: PyTorch's, or where it is not installed those of the exercise's own right solution.

Exercises state their references in torch: `from autograder.judge import F, torch`. Both are loaded when something of
them is used, so a file can be read, and its right solution be asked, where there is no PyTorch.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

# Whether the right solution answers though PyTorch is installed.
_instead: ContextVar[bool] = ContextVar("instead", default=False)


@cache
def is_installed() -> bool:
    """Whether this Python has PyTorch; it is looked for, not loaded."""
    return find_spec("torch") is not None


def by_solution() -> bool:
    """Whether answers are compared with those of the right solution."""
    return _instead.get() or not is_installed()


@contextmanager
def without_torch() -> Iterator[None]:
    """What is drawn meanwhile is compared with the right solution, whether PyTorch is installed or not."""
    token = _instead.set(True)
    try:
        yield
    finally:
        _instead.reset(token)


def in_torch(otherwise: Callable) -> Callable[[Callable], Callable]:
    """Marks a reference in torch that a file calls itself; `otherwise` answers where PyTorch is not installed."""

    def register(reference: Callable) -> Callable:
        @wraps(reference)
        def either(*args: Any, **kwargs: Any) -> Any:
            return (otherwise if by_solution() else reference)(*args, **kwargs)

        return either

    return register


INSTEAD = "PyTorch is not installed: compared with the exercise's own right solution, which gives the same."


class TorchMissing(ModuleNotFoundError):
    """PyTorch is needed and not installed; the text says what for, and how to get it."""

    def __init__(self, what: str):
        super().__init__(f"{what} needs PyTorch: in the course's folder, pip install -c constraints.txt torch")


@cache
def load(name: str = "torch", *, what: str = "A reference") -> Any:
    """PyTorch, or a module of it.

    Parameters
    ----------
    name : of the module
    what : what it is needed for

    Raises
    ------
    TorchMissing : PyTorch is not installed
    """
    if not is_installed():
        raise TorchMissing(what)
    module = importlib.import_module(name)
    # The references are small: a second thread costs more than it gives, and a class is graded in several processes.
    importlib.import_module("torch").set_num_threads(1)
    return module


class _Late:
    """A module that is loaded when something of it is used."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(load(self._name), name)


if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F
else:
    torch = _Late("torch")
    F = _Late("torch.nn.functional")
