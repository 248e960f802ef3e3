"""The kinds Function and Layer: plain calls against a reference in torch; backward passes against autograd."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from autograder.judge.exercise import Case, Exercise, Words, in_words
from autograder.judge.script import Probe, Script, Want

Arguments = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Function(Exercise):
    """An exercise whose function is called once a case.

    Options of its cases that the kind knows: `dtype`, `rtol` (with its reason beside it), `mode` ("plain", "inputs",
    "again"); all others are for `draw`.

    Parameters
    ----------
    draw : draw(rng, case) -> (positional, keywords), each a dict from names to values, which may be dicts of arrays;
        a list of such pairs where a case makes several calls
    reference : the same arguments as float64 tensors; the results, tensors, numbers or dicts of tensors, a tuple where
        there are several
    returns : names of the results; None for one that is the student's own, such as a cache
    scale : scale(**arguments) -> what a result's absolute tolerance is relative to, by the result's name
    sweep : the argument that tells the calls of a case apart in messages ("t")
    drawn : keywords whose numbers are drawn: no message may show them
    standard : which of the cases that all functions have are asked of this one
    typical : the options of a typical case, which the standard cases use
    """

    draw: Callable[[np.random.Generator, Case], Arguments]
    reference: Callable[..., Any]
    returns: tuple[str | None, ...]
    scale: Callable[..., Mapping[str, Any]] | None = None
    sweep: str = ""
    drawn: tuple[str, ...] = ()
    standard: tuple[str, ...] = ("float32", "inputs", "again")
    typical: Mapping[str, Any] | None = None

    def standard_cases(self) -> tuple[Case, ...]:
        typical = dict(self.typical if self.typical is not None else self.cases[0].options)
        cases = {
            "float32": Case("float32 in, float32 out", **typical, dtype="float32"),
            "inputs": Case("leaves its arguments as they were", **typical, mode="inputs"),
            "again": Case("gives the same answer when it is called again", **typical, mode="again"),
        }
        return tuple(cases[name] for name in self.standard)

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        script, mode = Script(), case.get("mode", "plain")
        calls = self.arguments(case, rng)
        if mode == "again":
            first = [self.ask(script, drawn, case, "value") for drawn in calls]
            for drawn in self.arguments(case, rng):
                self.ask(script, drawn, case, "other")
            # Before the repeated calls: those would write the same answer into an array that is used again.
            for drawn, results in zip(calls, first, strict=True):
                self.report(script, results, drawn, case, "kept")
            for drawn in calls:
                self.ask(script, drawn, case, "again")
        else:
            for drawn in calls:
                self.ask(script, drawn, case, "value", watch=mode == "inputs")
        positional, keywords = calls[0]
        called = in_words(self.names[0], list(positional), shown(keywords, self.drawn))
        return Probe(script, called, {**positional, **keywords} if len(calls) == 1 else {})

    def arguments(self, case: Case, rng: np.random.Generator) -> list[Arguments]:
        """Draw the arguments of each call, in the case's precision."""
        calls = self.draw(rng, case)
        calls = calls if isinstance(calls, list) else [calls]
        dtype = case.get("dtype", "float64")
        return [(cast(positional, dtype), cast(keywords, dtype)) for positional, keywords in calls]

    def ask(self, script: Script, drawn: Arguments, case: Case, role: str, watch: bool = False) -> list:
        """One call, its results reported; with `watch` its arguments too."""
        positional, keywords = drawn
        arguments = {**positional, **keywords}
        sent = {k: script.put(v) if watch and isinstance(v, np.ndarray | dict) else v for k, v in arguments.items()}
        several = len(self.returns) > 1
        results = script.call(
            0,
            *(sent[name] for name in positional),
            unpack=len(self.returns) if several else None,
            note=self.which(arguments),
            **{name: sent[name] for name in keywords},
        )
        results = results if several else [results]
        self.report(script, results, drawn, case, role)
        if watch:
            watch_inputs(script, sent, arguments)
        return results

    def which(self, arguments: Mapping[str, Any]) -> str:
        """What tells this call from the case's others: "t=3"."""
        return f"{self.sweep}={arguments[self.sweep]!r}" if self.sweep else ""

    def report(self, script: Script, results: list, drawn: Arguments, case: Case, role: str) -> None:
        """Report the results, with what the reference says of them."""
        positional, keywords = drawn
        arguments = {**positional, **keywords}
        values = exact_values(self.reference(**tensors(arguments)), len(self.returns))
        scales = self.scale(**arguments) if self.scale else {}
        which = self.which(arguments)
        for slot, name, value in zip(results, self.returns, values, strict=True):
            if name is not None:
                label = f"{name} for {which}" if which else name
                script.get(slot, want(label, value, case, scales.get(name), role))


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer(Exercise):
    """An exercise on a backward pass: check(id, forward, backward), every gradient against autograd.

    The student's forward is called first: its cache is their own. Options as for `Function`.

    Parameters
    ----------
    draw : draw(rng, case) -> (positional, keywords) of the forward
    reference : the forward, on float64 tensors
    gradients : names of the arguments whose gradients are returned, in order
    scale : as for `Function`, with `dout` among the arguments; by the gradient's name, "dx"
    """

    draw: Callable[[np.random.Generator, Case], Arguments]
    reference: Callable[..., torch.Tensor]
    gradients: tuple[str, ...]
    scale: Callable[..., Mapping[str, Any]] | None = None
    typical: Mapping[str, Any] | None = None

    def standard_cases(self) -> tuple[Case, ...]:
        typical = dict(self.typical if self.typical is not None else self.cases[0].options)
        return (
            Case("float32 in, float32 out", **typical, dtype="float32"),
            Case("leaves its arguments as they were", **typical, mode="inputs"),
            Case("forward, forward, backward, backward: each backward belongs to its forward", **typical, mode="again"),
        )

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        script, mode = Script(), case.get("mode", "plain")
        first = self.arguments(case, rng)
        if mode == "again":
            second = self.arguments(case, rng)
            caches = [self.forward(script, first, {}), self.forward(script, second, {})]
            results = self.backward(script, first, caches[0], first[2], case, "value")
            self.backward(script, second, caches[1], second[2], case, "other")
            self.report(script, results, first, case, "kept")
            self.backward(script, first, caches[0], first[2], case, "again")
        else:
            sent = {k: script.put(v) for k, v in {**first[0], **first[1]}.items() if isinstance(v, np.ndarray)}
            dout = script.put(first[2])
            self.backward(script, first, self.forward(script, first, sent), dout, case, "value")
            if mode == "inputs":
                watch_inputs(script, {**sent, "dout": dout}, {**first[0], **first[1], "dout": first[2]})
        called = f"{in_words(self.names[0], list(first[0]), shown(first[1]))}, then {self.names[1]}(dout, cache)"
        return Probe(script, called, {**first[0], **first[1], "dout": first[2]})

    def arguments(self, case: Case, rng: np.random.Generator) -> tuple[dict, dict, np.ndarray]:
        """Draw the forward's arguments and dout."""
        dtype = case.get("dtype", "float64")
        positional, keywords = self.draw(rng, case)
        positional, keywords = cast(positional, dtype), cast(keywords, dtype)
        out = self.reference(**tensors({**positional, **keywords}))
        return positional, keywords, rng.standard_normal(tuple(out.shape)).astype(dtype)

    def forward(self, script: Script, drawn: tuple, sent: dict) -> Any:
        """Call the forward; the handle of its cache."""
        positional, keywords, _ = drawn
        return script.call(
            0,
            *(sent.get(name, value) for name, value in positional.items()),
            unpack=2,
            note=f"in {self.names[0]}",
            **{name: sent.get(name, value) for name, value in keywords.items()},
        )[1]

    def backward(self, script: Script, drawn: tuple, cache: Any, dout: Any, case: Case, role: str) -> list:
        """Call the backward and report its gradients."""
        several = len(self.gradients) > 1
        results = script.call(1, dout, cache, unpack=len(self.gradients) if several else None)
        results = results if several else [results]
        self.report(script, results, drawn, case, role)
        return results

    def report(self, script: Script, results: list, drawn: tuple, case: Case, role: str) -> None:
        """Report the gradients, with what autograd says of them."""
        positional, keywords, dout = drawn
        arguments = {**positional, **keywords}
        scales = self.scale(**arguments, dout=dout) if self.scale else {}
        leaves = tensors(arguments)
        wanted = [leaves[name].requires_grad_() for name in self.gradients]
        out = self.reference(**leaves)
        exact = torch.autograd.grad(out, wanted, torch.tensor(dout, dtype=torch.float64))
        for slot, name, value in zip(results, self.gradients, exact, strict=True):
            script.get(slot, want(f"d{name}", value.numpy(), case, scales.get(f"d{name}"), role))


def cast(arguments: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """Float arrays in the given precision, those in a dict too; all else as it is."""

    def one(value: Any) -> Any:
        if isinstance(value, dict):
            return cast(value, dtype)
        return value.astype(dtype) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value

    return {name: one(value) for name, value in arguments.items()}


def tensors(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Float arrays as float64 tensors, integer arrays as they are: the reference knows no rounding of float32."""

    def one(value: Any) -> Any:
        if isinstance(value, dict):
            return tensors(value)
        if isinstance(value, np.ndarray):
            return torch.tensor(value, dtype=torch.float64 if value.dtype.kind == "f" else None)
        return value

    return {name: one(value) for name, value in arguments.items()}


def exact_values(result: Any, parts: int) -> Sequence[Any]:
    """The reference's results as arrays and numbers, and dicts of them."""

    def one(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: one(value) for key, value in item.items()}
        return item.detach().numpy() if isinstance(item, torch.Tensor) else item

    return [one(item) for item in (result if parts > 1 else (result,))]


def want(label: str, value: Any, case: Case, scale: Any, role: str) -> Want:
    """What a result has to be, in the case's precision."""
    dtype = case.get("dtype", "float64")
    if isinstance(value, np.ndarray):
        value = value.astype(dtype)
    elif isinstance(value, dict):
        value = {key: array.astype(dtype) for key, array in value.items()}
    return Want(label, value, case.get("rtol"), None, scale, role)


def watch_inputs(script: Script, sent: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Report the arguments after the calls: they must be as they were."""
    for name, value in arguments.items():
        if isinstance(value, np.ndarray | dict) and name in sent:
            script.get(sent[name], Want(name, value, rtol=0.0, atol=0.0, role="input"))


def shown(keywords: Mapping[str, Any], drawn: Sequence[str] = ()) -> dict[str, Any]:
    """Keywords as they are shown: numbers themselves, arrays and what is drawn by their name."""
    return {
        name: Words(name) if name in drawn or isinstance(value, np.ndarray | dict) else value
        for name, value in keywords.items()
    }
