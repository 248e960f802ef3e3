"""Functions that are not written yet."""

import dis
from types import FunctionType


def is_unwritten(function: object) -> bool:
    """Tell whether a function is a stub, which does nothing but raise NotImplementedError, without calling it.

    >>> def adam(w, grad, state):
    ...     raise NotImplementedError("adam: write it")
    >>> is_unwritten(adam), is_unwritten(is_unwritten)
    (True, False)
    """
    # A function that always raises has no instruction that returns.
    return (
        isinstance(function, FunctionType)
        and function.__code__.co_names == ("NotImplementedError",)
        and not any(step.opname.startswith("RETURN_") for step in dis.get_instructions(function))
    )
