"""What the two backward passes share: asking for gradients of a random forward, and judging them.

The student's forward draws. What it multiplied by is read off its answer, and the gradients have to be those of the
same numbers. A mistake is recognised by making it: the bank's wrong backward is given the cache that the bank's right
forward would have made of these numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from autograder import exercises
from autograder.exercises.dropout import _noise
from autograder.exercises.dropout._draws import as_like, close, surely
from autograder.exercises.dropout._noise import Asked, Call, Noisy
from autograder.judge import Case, Finding, Probe, Script
from autograder.judge.compare import RTOL
from autograder.judge.mistakes import Edited

Arrays = Sequence[np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Gradients(Asked):
    """A forward that multiplies by random numbers, and its backward; the last of its arguments is dout.

    Parameters
    ----------
    layer : the forward
    returns : names of the gradients, each that of the argument in the same place
    exact : exact(call, dout, factors) -> the gradients, in float64
    terms : terms(call, dout, factors) -> how large the terms of each are: what rounding is relative to
    masked : the gradient that has the mask's zeros
    unmasked : unmasked(call, dout) -> what that one is for factors of 1
    cache : cache(call, mask, scale) -> what the file's right forward puts into its cache
    from_zeros : the name of taking for dropped what is 0 by itself
    asked_of_forward : looks that the forward has to pass before anything can be said of the gradients
    """

    layer: Noisy
    returns: tuple[str, ...]
    exact: Callable
    terms: Callable
    masked: str
    unmasked: Callable
    cache: Callable
    from_zeros: str
    asked_of_forward: tuple[str, ...] = ()

    def called(self, call: Call) -> str:
        return f"{self.layer.called(call)}, then {self.name}(dout, cache)"

    def ask(self, script: Script, arrays: Sequence, call: Call, rng: Any) -> list:
        out, cache = self.forward(script, arrays, call, rng)
        return [out, *self.backward(script, arrays, cache)]

    def forward(self, script: Script, arrays: Sequence, call: Call, rng: Any) -> list:
        note = f"in {self.layer.name}"
        return script.call(0, *arrays[:-1], call.p, rng, train=call.train, unpack=2, note=note)

    def backward(self, script: Script, arrays: Sequence, cache: Any) -> list:
        if len(self.returns) > 1:
            return script.call(1, arrays[-1], cache, unpack=len(self.returns))
        return [script.call(1, arrays[-1], cache)]

    def judge(self, call: Call, values: Sequence, asks: Sequence[str] | None) -> list[Finding]:
        """What is wrong with the gradients of one call, in what is asked: some of them, or the "mask"."""
        out, *gradients = values
        call, dout = replace(call, arrays=call.arrays[:-1]), call.arrays[-1]
        asks, allowed = asks or self.returns, self.factors(call, out)
        if not allowed:
            return [Finding(f"{self.layer.name} is not right yet: see its own check", hides="mask" in asks)]
        found = [self.judge_factors(call, dout, gradients, factors, asks) for factors in allowed]
        return found[0] if all(found) else []

    def judge_zeros(self, call: Call, values: Sequence, asks: Sequence[str] | None) -> list[Finding]:
        """There the forward tells nothing, and the gradient itself must."""
        out, *gradients = values
        call, dout = replace(call, arrays=call.arrays[:-1]), call.arrays[-1]
        part, odd = call.columns(self.layer, [out], slice(1, None, 2))
        allowed, unread = self.factors(part, *odd), self.unread(call, gradients)
        if unread or not allowed:
            return unread or [Finding("the forward is not right yet", hides=True)]
        found = [self.zeros_of_factors(call, dout, gradients, factors) for factors in allowed]
        return found[0] if all(found) else []

    def zeros_of_factors(self, call, dout, gradients, read) -> list[Finding]:
        """What is wrong with the gradients, where the forward multiplied the other columns by these factors."""
        factors = gradients[self.returns.index(self.masked)] / self.unmasked(call, dout)
        factors[..., 1::2] = read
        zeros, scale = factors[..., ::2], read.max()
        if not zeros.any():
            return [Finding("where there is a 0, no gradient passes", self.from_zeros)]
        if not (np.isclose(zeros, 0) | np.isclose(zeros, scale)).all():
            return [Finding("where there is a 0, the gradient is neither dropped nor scaled")]
        if zeros.all() and surely(zeros.size, 1 - call.p):
            return [Finding("where there is a 0, no gradient is dropped")]
        return Answer(self, call, dout, factors, gradients).findings(self.returns)

    def judge_factors(self, call, dout, gradients, factors, asks) -> list[Finding]:
        """What is wrong with the gradients, where the forward multiplied by these factors."""
        found = self.unread(call, gradients) or Answer(self, call, dout, factors, gradients).findings(asks)
        swapped = [*gradients[1::-1], *gradients[2:]]
        readable = found and len(swapped) > 1 and not self.unread(call, swapped)
        if readable and not Answer(self, call, dout, factors, swapped).wrong:
            return [Finding("the gradients come in another order", "order_swapped")]
        return found

    def unread(self, call: Call, gradients: Sequence) -> list[Finding]:
        """What is wrong with the gradients' types and shapes."""
        read = [as_like(g, a, name, name[1:]) for g, a, name in zip(gradients, call.arrays, self.returns, strict=True)]
        return [finding for finding in read if isinstance(finding, Finding)]

    def factors(self, call: Call, out: object) -> list[np.ndarray]:
        """What the student's forward multiplied by, and what it should have, as far as they differ.

        Nothing where it drops nothing, or cannot be read: what a forward does wrong is its own check's business.
        """
        seen = self.layer.see(call, [out])
        looks = [self.layer.looks[name] for name in self.asked_of_forward if call.train]
        if isinstance(seen, Finding) or any(look(self.layer, seen) for look in looks):
            return []
        kept, p = seen.factors != 0, call.p if call.train else 0.0
        if p and ((kept.all() and surely(kept.size, 1 - p)) or (not kept.any() and surely(kept.size, p))):
            return []
        should = kept / (1 - p) if call.train else np.ones(kept.shape)
        return [should] if close(seen.factors, should, 1e-4) else [seen.factors, should]


@dataclass(frozen=True)
class Answer:
    """Gradients that came for a call, and the factors of which they should be."""

    of: Gradients
    call: Call
    dout: np.ndarray
    factors: np.ndarray
    got: Arrays

    def findings(self, asks: Sequence[str]) -> list[Finding]:
        after, found = "" if self.call.train else "after a test pass ", []
        if "mask" in asks and not np.array_equal(self.implied != 0, self.factors != 0):
            found = [Finding("the mask is not the forward's", self.mistakes.get(self.of.masked))]
        return found + [
            Finding(f"{after}{name} is not the gradient of what the forward did", self.mistakes.get(name))
            for name in self.of.returns
            if name in self.wrong and name in asks
        ]

    @cached_property
    def exact(self) -> Arrays:
        return self.of.exact(self.call, self.dout, self.factors)

    @cached_property
    def wrong(self) -> set[str]:
        return self.apart(self.got, self.exact)

    @cached_property
    def implied(self) -> np.ndarray:
        """The factors that the gradients speak of."""
        return self.got[self.of.returns.index(self.of.masked)] / self.of.unmasked(self.call, self.dout)

    def apart(self, some: Arrays, others: Arrays) -> set[str]:
        """Names of the gradients in which two answers differ."""
        rtol, terms = RTOL[self.dout.dtype.name], self.of.terms(self.call, self.dout, self.factors)
        return {
            name
            for name, a, b, size in zip(self.of.returns, some, others, terms, strict=True)
            if np.shape(a) != np.shape(b) or not (np.abs(a - b) <= rtol * size).all()
        }

    @cached_property
    def mistakes(self) -> dict[str, str]:
        """By a wrong gradient's name, the mistake that makes it so."""
        found: dict[frozenset, set[str]] = {}
        for name, made in self.made():
            changed = self.apart(made, self.exact)
            if changed and not changed & self.apart(made, self.got):
                found.setdefault(frozenset(changed), set()).add(name)
        # What explains more counts more; what two mistakes explain alike is not told.
        ordered = sorted(found.items(), key=lambda item: len(item[0]))
        made = {part: name for parts, names in ordered if len(names) == 1 for name in names for part in parts}
        return made | self.of_another_mask()

    def of_another_mask(self) -> dict[str, str]:
        """The gradients that are right for another mask than the forward's, with the mistake that makes them so."""
        kept, forward = self.implied != 0, self.factors != 0
        factors = kept * np.median(self.implied[kept]) if kept.any() else self.factors
        exact = self.of.exact(self.call, self.dout, factors)
        changed = self.apart(exact, self.exact)
        if kept.size < 100 or factors.max() <= 0 or not changed or changed & self.apart(self.got, exact):
            return {}
        if not self.call.train:
            return dict.fromkeys(changed, "scales_at_test" if kept.all() else "active_at_test")
        taken = kept.all() or (kept == forward).all() or (kept != forward).all()
        return {} if taken else dict.fromkeys(changed, "new_mask")

    def made(self) -> Iterator[tuple[str, Arrays]]:
        """What the bank's wrong backward passes make of this, each with its name."""
        exercise, scale = exercises.load(self.of.name), self.factors.max() or 1.0
        for mistake in exercise.mistakes if self.call.train and self.call.p else ():
            if isinstance(mistake, Edited) and mistake.functions[0] is exercise.right[0]:
                mask = (self.factors != 0).astype(self.dout.dtype)
                with np.errstate(all="ignore"):
                    result = mistake.functions[1](self.dout.copy(), self.of.cache(self.call, mask, scale))
                yield mistake.name, result if isinstance(result, tuple) else (result,)


def in_turns(shape: tuple[int, ...], p: float) -> Case:
    """Train, test and train, then their backwards in another order."""
    calls = [(shape, p, train) for train in (True, False, True)]
    title = "forward, forward, forward, then each backward with its own cache"
    return Case(title, mode="caches", calls=calls, weight=5.5)


def ask_caches(of: Gradients, case: Case, rng: np.random.Generator) -> Probe:
    """A forward and its backward, two more forwards, then all backwards, the first one's a second time."""
    script, (_, calls), order = Script(), _noise.drawn(of, case, rng), (0, 1, 0, 2)
    shared, caches = _noise.generator(script, rng), {}
    for turn, k in enumerate(order):
        for number in [0] if turn == 0 else [1, 2] if turn == 1 else []:
            caches[number] = of.forward(script, calls[number].arrays, calls[number], shared)
        _noise.report(script, [caches[k][0], *of.backward(script, calls[k].arrays, caches[k][1])])

    def findings(values):
        size = 1 + len(of.returns)
        parts = [values[n * size : n * size + size] for n in range(len(order))]
        # Of a formula that is wrong, or another mask, the mask alone tells which forward it belongs to.
        asks = ["mask"] if of.judge(calls[0], parts[0], None) else None
        for k, part in zip(order[1:], parts[1:], strict=True):
            if found := of.judge(calls[k], part, asks):
                name = "changes_cache" if k == 0 and asks is None else None
                name = "last_forward" if k < 2 and of_last(k, part, parts[3]) else name
                called = of.called(calls[k])
                return [replace(finding, mistake=name or finding.mistake, called=called) for finding in found]
        return []

    def of_last(k, part, last):
        """Whether the gradients are those of the latest forward, which had another cache."""
        call, dout, gradients = replace(calls[2], arrays=calls[2].arrays[:-1]), calls[k].arrays[-1], part[1:]
        allowed = [] if of.unread(call, gradients) else of.factors(call, last[0])
        return any(not Answer(of, call, dout, factors, gradients).wrong for factors in allowed)

    return Probe(script, of.called(calls[0]), findings=findings)


def asking(of: Gradients) -> Callable:
    """The `ask` of a Procedure; cases as for the forward's."""
    return _noise.asking(of, caches=ask_caches)
