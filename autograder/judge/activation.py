"""The kind Activation: a function of single elements and its backward, each with its own share of the points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.judge.exercise import Case, Exercise, in_words
from autograder.judge.references import by_solution, torch
from autograder.judge.script import Probe, Script
from autograder.judge.variants import LAYOUT_TITLE, cast, exact_values, tensors, vjp, want, watch_inputs
from autograder.worker.calls import LAYOUTS

_KNOWN = {"shape", "size", "near", "wide", "only", "relative", "dtype", "rtol", "mode", "rounding"}
_SHAPES = ((4, 4), (1, 5), (3, 1), (1,), (), (0,))


@dataclass(frozen=True, kw_only=True, eq=False)
class Activation(Exercise):
    """An exercise on name(x, ...) -> out and name_backward(dout, x, ...) -> dx, elementwise and without a cache.

    Every case in the file becomes two, one of the forward and one of the backward, which are called alone: who has only
    one of them right keeps its points.

    Options of the cases: `shape`, `size` (standard deviation), `near` (values to draw x around, each times a number in
    [0.9, 1.1]; in the order drawn), `wide` (sizes from 1e-3 to 1e3, and zeros); `only` ("forward" or "backward");
    `relative` (out has to be right relative to each element, however small); `dtype`, `rtol`, `mode` (the standard
    cases'). All others are passed by keyword.

    Parameters
    ----------
    reference : the forward on float64 tensors, with the signature's defaults; dx comes from autograd
    """

    reference: Callable[..., torch.Tensor]

    def all_cases(self) -> tuple[Case, ...]:
        """Each case for both functions: the forward's first."""
        both = (*self.cases, *self.standard_cases())
        return tuple(
            Case(f"{name}: {case.title}", weight=case.weight, about=case.about, **{**case.options, "only": only})
            for only, name in zip(("forward", "backward"), self.names, strict=True)
            for case in both
            if case.get("only", only) == only
        )

    def standard_cases(self) -> tuple[Case, ...]:
        typical = {**self._keywords(self.cases[0]), "shape": (4, 3), "size": 2.0}

        def case(title: str, about: str, weight: float = 1.0, **options: Any) -> Case:
            return Case(title, about=about, weight=weight, **{**typical, "mode": about, **options})

        return (
            case("float32 in, float32 out", "dtype", dtype="float32", mode="plain"),
            case("any shape: square, one row, one number, none", "shapes", 0.5),
            case(LAYOUT_TITLE, "layout", 0.5),
            case("numbers from 1e-3 to 1e3, some hundreds, and zeros", "range", wide=True, shape=(300,)),
            case("leaves its arguments as they were", "inputs"),
            case("gives the same answer when it is called again, in arrays that are yours", "again"),
        )

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        backward = case.get("only") == "backward"
        keywords = self._keywords(case)
        script, mode = Script(), case.get("mode", "plain")
        first = self.arguments(case, rng)
        call = _Calls(self, script, case, int(backward), keywords)
        if mode == "again":
            result = call.ask(first, "value")
            call.ask(self.arguments(case, rng), "other")
            # Before the repeated calls: those would write the same answer into an array that is used again.
            call.report(result, first, "kept")
            # What came back is the caller's: written over, it changes neither an earlier answer nor the next one.
            script.scribble(call.ask(first, "again"))
            call.report(result, first, "kept")
            call.ask(first, "again")
        elif mode == "layout":
            for layout in LAYOUTS:
                call.ask(first, "value", layout=layout)
        elif mode in ("shapes", "inputs"):
            call.ask(first, "value", watch=mode == "inputs")
            own = [other.options for other in self.cases] if mode == "inputs" else []
            for options in (*({"shape": shape} for shape in _SHAPES), *own):
                varied = Case("", **{**typical_of(case), **options, "only": case.get("only")})
                calls = _Calls(self, script, varied, int(backward), self._keywords(varied))
                calls.ask(self.arguments(varied, rng), "value" if mode == "shapes" else "", watch=mode == "inputs")
        else:
            call.ask(first, "value")
        name = self.names[backward]
        return Probe(script, in_words(name, list(first), keywords), first, function=name)

    def _keywords(self, case: Case) -> dict[str, Any]:
        return {name: value for name, value in case.options.items() if name not in _KNOWN}

    def arguments(self, case: Case, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Draw x, and before it dout where the backward is asked."""
        near = case.get("near")
        if near is None:
            x = np.asarray(case.get("size", 1.0) * rng.standard_normal(case.get("shape", (4, 3))))
            if case.get("wide"):
                x = np.sign(x) * 10 ** rng.uniform(-3, 3, x.shape) * (rng.random(x.shape) < 0.9)
        else:
            x = rng.permutation(np.asarray(near, np.float64)) * rng.uniform(0.9, 1.1, len(near))
        dout = np.asarray(rng.standard_normal(x.shape))
        drawn = {"dout": dout, "x": x} if case.get("only") == "backward" else {"x": x}
        return cast(drawn, case.get("dtype", "float64"))


def typical_of(case: Case) -> dict[str, Any]:
    """The options of a standard case that are not about how it is asked."""
    return {name: value for name, value in case.options.items() if name not in ("mode", "shape")}


@dataclass(frozen=True)
class _Calls:
    """Writes calls of one of the two functions into a script."""

    exercise: Activation
    script: Script
    case: Case
    function: int
    keywords: dict[str, Any]

    def ask(self, drawn: dict[str, np.ndarray], role: str, watch: bool = False, layout: str = "") -> Any:
        """One call; its result is reported in that role, if in any."""
        sent = {name: self.script.put(value, layout) for name, value in drawn.items()}
        result = self.script.call(self.function, *sent.values(), **self.keywords)
        if role:
            self.report(result, drawn, role)
        if watch:
            watch_inputs(self.script, sent, drawn)
        return result

    def report(self, result: Any, drawn: dict[str, np.ndarray], role: str) -> None:
        # A derivative near 0 is right to rounding of the 1 that it comes from: 1 - tanh(x)^2.
        scale = np.abs(drawn["dout"]) if "dout" in drawn else None
        label, value = "dx" if "dout" in drawn else "out", self.exact(drawn)
        if self.case.get("relative"):
            scale = np.abs(value)
        self.script.get(result, want(label, value, self.case, scale, role, label))

    def exact(self, drawn: dict[str, np.ndarray]) -> np.ndarray:
        """The output, or where dout is drawn the gradient."""
        if by_solution():
            right = self.exercise.solution[self.function]
            return exact_values(right(*cast(drawn, "float64").values(), **self.keywords), 1)[0]
        x = tensors(drawn)["x"].requires_grad_()
        value = self.exercise.reference(x, **self.keywords)
        if "dout" in drawn:
            (value,) = vjp(value, [x], tensors(drawn)["dout"])
        return value.detach().numpy()
