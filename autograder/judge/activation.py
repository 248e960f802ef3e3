"""The kind Activation: a function of single elements and its backward, each with its own share of the points."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from autograder.judge.exercise import Case, Exercise, in_words
from autograder.judge.function import cast, tensors, want, watch_inputs
from autograder.judge.script import Probe, Script


def any_function(*args: Any, **kwargs: Any) -> None:
    """Stands in a mistake for the function that it is not about: the cases of that one are not compared."""
    raise NotImplementedError("any_function: this mistake is one of the other function")


@dataclass(frozen=True, kw_only=True, eq=False)
class Activation(Exercise):
    """An exercise on name(x, ...) -> out and name_backward(dout, x, ...) -> dx, elementwise and without a cache.

    Every case in the file becomes two, one of the forward and one of the backward, which are called alone: who has only
    one of them right keeps its points. So a mistake is one of a single function, (wrong, any_function) or
    (any_function, wrong), and is named whatever the other function does.

    Options of the cases: `shape`, `size` (standard deviation), `near` (values to draw x around, each times a number in
    [0.9, 1.1]; in the order drawn); `only` ("forward" or "backward"); `relative` (out has to be right relative to each
    element, however small); `dtype`, `rtol`, `mode` ("plain", "inputs", "again"). All others are passed by keyword.

    Parameters
    ----------
    reference : the forward on float64 tensors, with the signature's defaults; dx comes from autograd
    """

    reference: Callable[..., torch.Tensor]

    def all_cases(self) -> tuple[Case, ...]:
        """Each case for both functions: the forward's first."""
        both = (*self.cases, *self.standard_cases())
        return tuple(
            Case(f"{name}: {case.title}", weight=case.weight, **{**case.options, "only": only})
            for only, name in zip(("forward", "backward"), self.names, strict=True)
            for case in both
            if case.get("only", only) == only
        )

    def standard_cases(self) -> tuple[Case, ...]:
        typical = {"shape": (4, 3), "size": 2.0}
        return (
            Case("float32 in, float32 out", **typical, dtype="float32"),
            Case("leaves its arguments as they were", **typical, mode="inputs"),
            Case("gives the same answer when it is called again", **typical, mode="again"),
        )

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        backward = case.get("only") == "backward"
        known = {"shape", "size", "near", "only", "relative", "dtype", "rtol", "mode"}
        keywords = {name: value for name, value in case.options.items() if name not in known}
        script, mode = Script(), case.get("mode", "plain")
        first = self.arguments(case, rng)
        call = _Calls(self, script, case, int(backward), keywords)
        if mode == "again":
            result = call.ask(first, "value")
            call.ask(self.arguments(case, rng), "other")
            # Before the repeated call: that would write the same answer into an array that is used again.
            call.report(result, first, "kept")
            call.ask(first, "again")
        else:
            call.ask(first, "value", watch=mode == "inputs")
        name = self.names[backward]
        return Probe(script, in_words(name, list(first), keywords), first, function=name)

    def arguments(self, case: Case, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Draw x, and before it dout where the backward is asked."""
        near = case.get("near")
        if near is None:
            x = np.asarray(case.get("size", 1.0) * rng.standard_normal(case.get("shape", (4, 3))))
        else:
            x = rng.permutation(np.asarray(near, np.float64)) * rng.uniform(0.9, 1.1, len(near))
        dout = np.asarray(rng.standard_normal(x.shape))
        drawn = {"dout": dout, "x": x} if case.get("only") == "backward" else {"x": x}
        return cast(drawn, case.get("dtype", "float64"))


@dataclass(frozen=True)
class _Calls:
    """Writes calls of one of the two functions into a script."""

    exercise: Activation
    script: Script
    case: Case
    function: int
    keywords: dict[str, Any]

    def ask(self, drawn: dict[str, np.ndarray], role: str, watch: bool = False) -> Any:
        sent = {name: self.script.put(value) for name, value in drawn.items()}
        result = self.script.call(self.function, *sent.values(), **self.keywords)
        self.report(result, drawn, role)
        if watch:
            watch_inputs(self.script, sent, drawn)
        return result

    def report(self, result: Any, drawn: dict[str, np.ndarray], role: str) -> None:
        x = tensors(drawn)["x"].requires_grad_()
        out = self.exercise.reference(x, **self.keywords)
        scale = None
        if "dout" in drawn:
            (value,) = torch.autograd.grad(out, x, tensors(drawn)["dout"])
            # A derivative near 0 is right to rounding of the 1 that it comes from: 1 - tanh(x)^2.
            scale = np.abs(drawn["dout"])
        else:
            value = out
        label, value = "dx" if "dout" in drawn else "out", value.detach().numpy()
        if self.case.get("relative"):
            scale = np.abs(value)
        self.script.get(result, want(label, value, self.case, scale, role))
