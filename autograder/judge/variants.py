"""What every exercise with drawn arguments is asked besides its own cases: shapes, memory, zeros, ranges, manners.

A right solution works for any valid shape, however its arrays lie in memory, with zeros and ties, for numbers of very
different size side by side; it keeps the precision, leaves its arguments alone, and gives the same answer again in
arrays that are the caller's own. The kinds `Function` and `Layer` ask all of it of all their exercises; a file says
only what is special about its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.judge.exercise import Case, Exercise
from autograder.judge.references import torch
from autograder.judge.script import Script, Want
from autograder.worker.calls import LAYOUTS

Named = dict[str, Any]
Arguments = tuple[Named, Named]

LAYOUT_TITLE = "arrays that lie otherwise in memory: transposed, sliced, read-only"
STANDARD = ("float32", "shapes", "layout", "ties", "range", "inputs", "again")


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnExercise(Exercise):
    """An exercise whose arguments are drawn for each case.

    Parameters
    ----------
    draw : draw(rng, case) -> (positional, keywords), each a dict from names to values, which may be dicts of arrays
    scale : scale(**arguments) -> what a result's absolute tolerance is relative to, by the result's name
    typical : the options of a typical case, which the standard cases use; those of the first case where it is left out
    sizes : the options that are lengths of axes, with what they count: {"n": "samples", "d": "features"}
    least : the smallest valid length, where it is not 1
    forms : the options of each call of "any shape", where `sizes` cannot say it: [{"shape": (4, 4)}, {"shape": ()}]
    standard : which of the cases that all such exercises have are asked of this one (all, in `STANDARD`)
    tied : arguments that may hold zeros and equal numbers; all arrays of floats where it is left out
    wide : arguments whose numbers may be of any size; the first array of floats where it is left out
    many : the option that may be several hundred; the first of `sizes` where it is left out
    """

    draw: Callable[[np.random.Generator, Case], Any]
    scale: Callable[..., Mapping[str, Any]] | None = None
    typical: Mapping[str, Any] | None = None
    sizes: Mapping[str, str] = field(default_factory=dict)
    least: Mapping[str, int] = field(default_factory=dict)
    forms: Sequence[Mapping[str, Any]] = ()
    standard: tuple[str, ...] = STANDARD
    tied: tuple[str, ...] | None = None
    wide: tuple[str, ...] | None = None
    many: str | None = None

    again_title = "gives the same answer when it is called again, in arrays that are yours"

    def standard_cases(self) -> tuple[Case, ...]:
        typical = dict(self.typical if self.typical is not None else self.cases[0].options)

        def case(title: str, about: str, weight: float = 1.0) -> Case:
            return Case(title, about=about, weight=weight, **{**typical, "mode": about})

        cases = {
            "float32": Case("float32 in, float32 out", about="dtype", **{**typical, "dtype": "float32"}),
            "layout": case(LAYOUT_TITLE, "layout", 0.5),
            "ties": case("zeros and equal numbers", "ties", 0.5),
            "range": case("numbers from 1e-3 to 1e3, some hundreds", "range", 0.5),
            "inputs": case("leaves its arguments as they were", "inputs"),
            "again": case(self.again_title, "again"),
        }
        if self.sizes or self.forms:
            smallest = "the smallest" if self.least else "lengths of 1"
            cases["shapes"] = case(f"any shape: all lengths equal, {smallest}", "shapes")
        return tuple(cases[name] for name in STANDARD if name in self.standard and name in cases)

    def sizes_in_words(self) -> dict[str, str]:
        return {name: f"{name.upper()} being the number of {words}" for name, words in self.sizes.items()}

    def variants(self, case: Case, rng: np.random.Generator) -> list[tuple[Arguments, str]]:
        """The arguments of each call of a case, and how their arrays lie in memory."""
        mode = case.get("mode", "plain")
        drawn: list[tuple[Arguments, str]] = []
        if mode == "shapes":
            for lengths in self.shapes():
                drawn += self._drawn(case, rng, **lengths)
        elif mode == "layout":
            for layout in LAYOUTS:
                drawn += [(arguments, layout) for arguments, _ in self._drawn(case, rng)]
        elif mode == "ties":
            drawn = [(self._changed(a, self.tied, with_ties, rng), "") for a, _ in self._drawn(case, rng)]
        elif mode == "range":
            name = self.many or next(iter(self.sizes), None)
            several = self._drawn(case, rng, **({name: 300} if name else {}))
            drawn = [(self._changed(a, self._widened(a), _log_uniform, rng), "") for a, _ in several]
        else:
            drawn = self._drawn(case, rng)
        return drawn

    def shapes(self) -> Iterator[Mapping[str, Any]]:
        """Lengths that are all equal, each the smallest in turn, and all the smallest."""
        if self.forms or not self.sizes:
            yield from self.forms
            return
        least = {name: self.least.get(name, 1) for name in self.sizes}
        yield dict.fromkeys(self.sizes, max(4, *least.values()))
        for name in self.sizes:
            yield {name: least[name]}
        yield least

    def watched(self, case: Case, rng: np.random.Generator) -> list[Arguments]:
        """Further arguments that must be left alone: those of the exercise's own cases, and of other shapes.

        Not of a case about a default, whose option is None: who has no such default loses that case alone.
        """
        own = [c for c in self.cases if c.get("mode", "plain") == "plain" and None not in c.options.values()]
        found = [arguments for other in own for arguments, _ in self._drawn(other, rng)[:1]]
        for lengths in self.shapes():
            found += [arguments for arguments, _ in self._drawn(case, rng, **lengths)[:1]]
        return found

    def _drawn(self, case: Case, rng: np.random.Generator, **options: Any) -> list[tuple[Arguments, str]]:
        """The case's calls, in its precision, some of its options replaced."""
        case = Case(case.title, **{**case.options, **options})
        calls = self.draw(rng, case)
        dtype = case.get("dtype", "float64")
        return [
            ((cast(positional, dtype), cast(keywords, dtype)), "")
            for positional, keywords in (calls if isinstance(calls, list) else [calls])
        ]

    def _widened(self, arguments: Arguments) -> tuple[str, ...]:
        if self.wide is not None:
            return self.wide
        return tuple(name for name, value in arguments[0].items() if _is_floats(value))[:1]

    def _changed(
        self, arguments: Arguments, names: tuple[str, ...] | None, change: Callable, rng: np.random.Generator
    ) -> Arguments:
        def one(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: one(item) for key, item in value.items()}
            return change(value, rng).astype(value.dtype) if _is_floats(value) else value

        positional, keywords = (
            {name: one(value) if names is None or name in names else value for name, value in part.items()}
            for part in arguments
        )
        return positional, keywords


def _is_floats(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 0


def with_ties(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A third of the numbers 0, a third equal to another one."""
    if not array.size:
        return array
    kind = rng.integers(3, size=array.shape)
    other = array.flat[int(rng.integers(array.size))]
    return np.where(kind == 0, 0.0, np.where(kind == 1, other, array))


def _log_uniform(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same signs, sizes from 1e-3 to 1e3."""
    return np.sign(array) * 10 ** rng.uniform(-3, 3, array.shape)


def cast(arguments: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """Float arrays in the given precision, those in a dict or list too; all else as it is."""

    def one(value: Any) -> Any:
        if isinstance(value, dict):
            return cast(value, dtype)
        if isinstance(value, list):
            return [one(item) for item in value]
        return value.astype(dtype) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value

    return {name: one(value) for name, value in arguments.items()}


def tensors(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Float arrays as float64 tensors, integer arrays as they are: the reference knows no rounding of float32."""

    def one(value: Any) -> Any:
        if isinstance(value, dict):
            return tensors(value)
        if isinstance(value, list):
            return [one(item) for item in value]
        if isinstance(value, np.ndarray):
            return torch.tensor(value, dtype=torch.float64 if value.dtype.kind == "f" else None)
        return value

    return {name: one(value) for name, value in arguments.items()}


def vjp(
    out: torch.Tensor, wanted: Sequence[torch.Tensor], dout: torch.Tensor, *, retain_graph: bool = False
) -> tuple[torch.Tensor, ...]:
    """Vector-Jacobian products: the gradients of out's elements weighted by dout, of its shape.

    As `torch.autograd.grad(out, wanted, dout)`, which loads PyTorch's compiler to compare the two shapes.
    """
    if out.shape != dout.shape:
        raise ValueError(f"dout has shape {tuple(dout.shape)}, and the result it is for {tuple(out.shape)}")
    return torch.autograd.grad((out * dout).sum(), wanted, retain_graph=retain_graph)


def exact_values(result: Any, parts: int) -> Sequence[Any]:
    """The reference's or the right solution's results as arrays and numbers, and dicts of them."""

    def one(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: one(value) for key, value in item.items()}
        if isinstance(item, np.generic):
            return np.asarray(item)
        return item.detach().numpy() if hasattr(item, "detach") else item

    return [one(item) for item in (result if parts > 1 else (result,))]


def want(label: str, value: Any, case: Case, scale: Any, role: str, result: str = "") -> Want:
    """What a result has to be, in the case's precision; integers, such as labels, stay integers."""
    dtype = case.get("dtype", "float64")
    if isinstance(value, np.ndarray):
        value = value.astype(dtype) if value.dtype.kind == "f" else value
    elif isinstance(value, dict):
        value = {key: np.asarray(array).astype(dtype) for key, array in value.items()}
    return Want(label, value, case.get("rtol"), None, scale, role, result)


def watch_inputs(script: Script, sent: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Report the arguments after the calls: they must be as they were."""
    for name, value in arguments.items():
        if name in sent and isinstance(value, np.ndarray | dict | list):
            script.get(sent[name], Want(name, value, rtol=0.0, atol=0.0, role="input"))
