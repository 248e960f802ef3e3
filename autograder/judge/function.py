"""The kinds Function and Layer: plain calls against a reference in torch; backward passes against autograd."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.judge.exercise import Case, Words, in_words
from autograder.judge.references import by_solution, torch
from autograder.judge.script import Probe, Script
from autograder.judge.variants import (
    Arguments,
    DrawnExercise,
    Named,
    cast,
    exact_values,
    tensors,
    vjp,
    want,
    watch_inputs,
)
from autograder.worker.wire import Handle


@dataclass(frozen=True, kw_only=True, eq=False)
class Function(DrawnExercise):
    """An exercise whose function is called once a case.

    Options of its cases that the kind knows: `dtype`, `rtol` (with its reason beside it), `mode` (set by the standard
    cases); all others are for `draw`.

    Parameters
    ----------
    draw : as for `DrawnExercise`; a list of such pairs where a case makes several calls
    reference : the same arguments as float64 tensors; the results, tensors, numbers or dicts of tensors, a tuple where
        there are several
    returns : names of the results; None for one that is the student's own, such as a cache
    sweep : the argument that tells the calls of a case apart in messages ("t"); they are made in random order
    drawn : keywords whose numbers are drawn: no message may show them
    """

    reference: Callable[..., Any]
    returns: tuple[str | None, ...]
    sweep: str = ""
    drawn: tuple[str, ...] = ()

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        script, mode = Script(), case.get("mode", "plain")
        variants = self.variants(case, rng)
        positional, keywords = variants[0][0]
        if self.sweep:
            variants = [variants[k] for k in rng.permutation(len(variants))]
        calls = [arguments for arguments, _ in variants]
        if mode == "again":
            self._again(script, calls, [arguments for arguments, _ in self.variants(case, rng)], case)
        else:
            for number, (drawn, layout) in enumerate(variants):
                which = f"call {number + 1}" if len(variants) > 1 and not self.sweep else ""
                self._ask(script, drawn, case, "value", layout=layout, watch=mode == "inputs", which=which)
            for drawn in self.watched(case, rng) if mode == "inputs" else ():
                self._watch(script, drawn)
        called = in_words(self.names[0], list(positional), shown(keywords, self.drawn))
        return Probe(script, called, {**positional, **keywords} if len(calls) == 1 else {})

    def _again(self, script: Script, calls: list[Arguments], others: list[Arguments], case: Case) -> None:
        first = [self._ask(script, drawn, case, "value") for drawn in calls]
        for drawn in others:
            self._ask(script, drawn, case, "other")
        # Before the repeated calls: those would write the same answer into an array that is used again.
        for drawn, results in zip(calls, first, strict=True):
            self._report(script, results, drawn, case, "kept")
        for drawn in calls:
            for result, name in zip(self._ask(script, drawn, case, "again"), self.returns, strict=True):
                if name is not None:
                    script.scribble(result)
        # What came back is the caller's: written over, it changes neither an earlier answer nor the next one.
        for drawn, results in zip(calls, first, strict=True):
            self._report(script, results, drawn, case, "kept")
            self._ask(script, drawn, case, "again")

    def _ask(
        self,
        script: Script,
        drawn: Arguments,
        case: Case,
        role: str,
        *,
        layout: str = "",
        watch: bool = False,
        which: str = "",
    ) -> list[Handle]:
        """One call, its results reported; with `watch` its arguments too."""
        arguments = {**drawn[0], **drawn[1]}
        sent = _put(script, arguments, layout) if watch or layout else arguments
        which = f"{self.sweep}={arguments[self.sweep]!r}" if self.sweep else which
        results = self._call(script, drawn, sent, which)
        self._report(script, results, drawn, case, role, which)
        if watch:
            watch_inputs(script, sent, arguments)
        return results

    def _watch(self, script: Script, drawn: Arguments) -> None:
        """One call of which the arguments alone are looked at afterwards."""
        arguments = {**drawn[0], **drawn[1]}
        sent = _put(script, arguments)
        self._call(script, drawn, sent, "")
        watch_inputs(script, sent, arguments)

    def _call(self, script: Script, drawn: Arguments, sent: Named, which: str) -> list[Handle]:
        positional, keywords = drawn
        several = len(self.returns) > 1
        results = script.call(
            0,
            *(sent[name] for name in positional),
            unpack=len(self.returns) if several else None,
            note=which,
            **{name: sent[name] for name in keywords},
        )
        return results if several else [results]

    def _report(
        self, script: Script, results: list[Handle], drawn: Arguments, case: Case, role: str, which: str = ""
    ) -> None:
        """Report the results, with what the reference says of them."""
        arguments = {**drawn[0], **drawn[1]}
        values = self.exact(drawn)
        scales = self.scale(**arguments) if self.scale else {}
        for slot, name, value in zip(results, self.returns, values, strict=True):
            if name is not None:
                label = (f"{name} for {which}" if self.sweep else f"{name} ({which})") if which else name
                script.get(slot, want(label, value, case, scales.get(name), role, name))

    def exact(self, drawn: Arguments) -> Sequence[Any]:
        """The results of a call, of float64."""
        positional, keywords = drawn
        if by_solution():
            result = self.solution[0](*cast(positional, "float64").values(), **cast(keywords, "float64"))
        else:
            result = self.reference(**tensors({**positional, **keywords}))
        return exact_values(result, len(self.returns))


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer(DrawnExercise):
    """An exercise on a backward pass: check(id, forward, backward), every gradient against autograd.

    The student's forward is called first: its cache is their own. Options as for `Function`.

    Parameters
    ----------
    draw : draw(rng, case) -> (positional, keywords) of the forward
    reference : the forward, on float64 tensors
    gradients : names of the arguments whose gradients are returned, in order
    scale : as for `DrawnExercise`, with `dout` among the arguments; by the gradient's name, "dx"
    """

    reference: Callable[..., torch.Tensor]
    gradients: tuple[str, ...]

    again_title = "forward, forward, backward, backward: each backward belongs to its forward"

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        script, mode = Script(), case.get("mode", "plain")
        variants = [(self._with_dout(arguments, case, rng), layout) for arguments, layout in self.variants(case, rng)]
        first = variants[0][0]
        if mode == "again":
            self._again(script, first, self._with_dout(self.variants(case, rng)[-1][0], case, rng), case)
        else:
            for number, (drawn, layout) in enumerate(variants):
                self._pass(script, drawn, case, layout, mode == "inputs", f"call {number + 1}" * (len(variants) > 1))
            for arguments in self.watched(case, rng) if mode == "inputs" else ():
                self._watch(script, self._with_dout(arguments, case, rng))
        called = f"{in_words(self.names[0], list(first[0]), shown(first[1]))}, then {self.names[1]}(dout, cache)"
        return Probe(script, called, {**first[0], **first[1], "dout": first[2]})

    def _with_dout(self, arguments: Arguments, case: Case, rng: np.random.Generator) -> tuple[Named, Named, np.ndarray]:
        shape = np.shape(self._exact_forward(arguments)[0])
        return *arguments, rng.standard_normal(shape).astype(case.get("dtype", "float64"))

    def _pass(self, script: Script, drawn: tuple, case: Case, layout: str, watch: bool, which: str) -> None:
        """A forward, its backward, and the gradients reported; with `watch` the arguments too."""
        arguments = {**drawn[0], **drawn[1], "dout": drawn[2]}
        sent = _put(script, arguments, layout)
        results = self._backward(script, self._forward(script, drawn, sent), sent["dout"], which)
        self._report(script, results, drawn, case, "value", which)
        if watch:
            watch_inputs(script, sent, arguments)

    def _watch(self, script: Script, drawn: tuple) -> None:
        """A forward and its backward of which the arguments alone are looked at afterwards."""
        arguments = {**drawn[0], **drawn[1], "dout": drawn[2]}
        sent = _put(script, arguments)
        self._backward(script, self._forward(script, drawn, sent), sent["dout"], "")
        watch_inputs(script, sent, arguments)

    def _again(self, script: Script, first: tuple, second: tuple, case: Case) -> None:
        results = self._backward(script, self._forward(script, first, {}), first[2], "")
        self._report(script, results, first, case, "value")
        # Another answer from here on comes of the calls in between: a cache in a global variable, say.
        caches = [self._forward(script, drawn, {}) for drawn in (first, second)]
        self._report(script, self._backward(script, caches[0], first[2], ""), first, case, "again")
        self._report(script, self._backward(script, caches[1], second[2], ""), second, case, "other")
        self._report(script, results, first, case, "kept")
        again = self._backward(script, caches[0], first[2], "")
        self._report(script, again, first, case, "again")
        # What came back is the caller's: written over, it changes neither an earlier answer nor the next one.
        for result in again:
            script.scribble(result)
        self._report(script, results, first, case, "kept")
        self._report(script, self._backward(script, caches[0], first[2], ""), first, case, "again")

    def _forward(self, script: Script, drawn: tuple, sent: Named) -> Handle:
        """Call the forward; the handle of its cache."""
        positional, keywords, _ = drawn
        return script.call(
            0,
            *(sent.get(name, value) for name, value in positional.items()),
            unpack=2,
            note=f"in {self.names[0]}",
            **{name: sent.get(name, value) for name, value in keywords.items()},
        )[1]

    def _backward(self, script: Script, cache: Handle, dout: Any, which: str) -> list[Handle]:
        several = len(self.gradients) > 1
        results = script.call(1, dout, cache, unpack=len(self.gradients) if several else None, note=which)
        return results if several else [results]

    def _report(self, script: Script, results: list, drawn: tuple, case: Case, role: str, which: str = "") -> None:
        """Report the gradients, with what autograd says of them."""
        scales = self.scale(**drawn[0], **drawn[1], dout=drawn[2]) if self.scale else {}
        for slot, name, value in zip(results, self.gradients, self.exact(drawn), strict=True):
            label = f"d{name} ({which})" if which else f"d{name}"
            script.get(slot, want(label, value, case, scales.get(f"d{name}"), role, f"d{name}"))

    def exact(self, drawn: tuple[Named, Named, np.ndarray]) -> Sequence[Any]:
        """The gradients of a pass, of float64."""
        positional, keywords, dout = drawn
        if by_solution():
            _, cache = self._exact_forward((positional, keywords))
            return exact_values(self.solution[1](dout.astype(np.float64), cache), len(self.gradients))
        leaves = tensors({**positional, **keywords})
        wanted = [leaves[name].requires_grad_() for name in self.gradients]
        grads = vjp(self.reference(**leaves), wanted, torch.tensor(dout, dtype=torch.float64))
        return [grad.numpy() for grad in grads]

    def _exact_forward(self, arguments: Arguments) -> tuple[Any, Any]:
        """What comes out, of float64, and the right solution's cache where that answers."""
        positional, keywords = arguments
        if by_solution():
            return self.solution[0](*cast(positional, "float64").values(), **cast(keywords, "float64"))
        return self.reference(**tensors({**positional, **keywords})), None


def _put(script: Script, arguments: Mapping[str, Any], layout: str = "") -> Named:
    """The arguments with their arrays kept in the worker, so that they can be looked at afterwards."""
    return {
        name: script.put(value, layout) if isinstance(value, np.ndarray | dict | list) else value
        for name, value in arguments.items()
    }


def shown(keywords: Mapping[str, Any], drawn: Sequence[str] = ()) -> dict[str, Any]:
    """Keywords as they are shown: numbers themselves, arrays and what is drawn by their name."""
    return {
        name: Words(name) if name in drawn or isinstance(value, np.ndarray | dict) else value
        for name, value in keywords.items()
    }
