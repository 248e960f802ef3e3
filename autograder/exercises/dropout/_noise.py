"""What the random layers share: asking a layer that multiplies by random numbers, and judging these.

The numbers are read off the answer, factor = out / x, and have to be what any right layer gives, never one sequence of
draws. A property is judged for itself: where another one's fault hides it, it is "not judged yet". One exercise asks
fewer than 60 of the questions whose chance of a false alarm autograder.judge.chance bounds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from autograder.exercises.dropout._draws import RATE, SAME, at_test, dependent, distinct, idle, own, tied
from autograder.judge import Case, Finding, Probe, Script, Want
from autograder.judge.chance import generator_probe
from autograder.judge.compare import RTOL
from autograder.judge.variants import LAYOUT_TITLE, with_ties
from autograder.judge.wording import GENERAL
from autograder.worker.calls import LAYOUTS

# So few draws may be the same twice.
FEW = 20
# How often a layer is asked where every pair of units is compared.
OFTEN = 150


@dataclass(frozen=True)
class Call:
    """A call: the arrays it is given and how they lie in memory, p, and the mode."""

    arrays: tuple[np.ndarray, ...]
    p: float
    train: bool = True
    layout: str = ""

    def columns(self, layer: "Asked", values: Sequence, columns: slice) -> tuple["Call", list]:
        """The call and its answer in some of the columns, of what may be 0 there and all that belongs to it."""
        arrays = [array if k < layer.zeroed else array[..., columns] for k, array in enumerate(self.arrays)]
        answer = [value[..., columns] if isinstance(value, np.ndarray) and value.ndim else value for value in values]
        return replace(self, arrays=tuple(arrays)), answer


@dataclass(frozen=True)
class Seen:
    """What came of a call: the reported values, and the factors that were read off them."""

    call: Call
    values: Sequence[Any]
    factors: np.ndarray

    @property
    def rtol(self) -> float:
        return RTOL[self.call.arrays[0].dtype.name]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked again and again: a layer, or a layer and its backward.

    Parameters
    ----------
    name : the exercise's id
    draw : draw(rng, shape, dtype) -> the arrays that it takes, without zeros where a factor is to be read
    arguments : names of these arrays
    zeroed : the number of the one that holds zeros in "zeros and equal numbers"
    reports : how many values of each call are looked at
    modes : whether it takes `train`
    by_shape : mistakes that may show in some shapes alone
    """

    name: str
    draw: Callable
    arguments: tuple[str, ...] = ("x",)
    zeroed: int = 0
    reports: int = 1
    modes: bool = True
    by_shape: tuple[str, ...] = ()

    def called(self, call: Call) -> str:
        """A call in the student's words."""
        mode = f", train={call.train}" if self.modes else ""
        return f"{self.name}({', '.join(self.arguments)}, {call.p:g}, rng{mode})"

    def ask(self, script: Script, arrays: Sequence, call: Call, rng: Any) -> list:
        """Call it; the handles of what is looked at."""
        mode = {"train": call.train} if self.modes else {}
        return script.call(0, *arrays, call.p, rng, unpack=2, **mode)[: self.reports]

    def judge(self, call: Call, values: Sequence, asks: Sequence[str] | None) -> list[Finding]:
        """What is wrong with one call, in what is asked; everything where that is None."""
        raise NotImplementedError

    def judge_zeros(self, call: Call, values: Sequence, asks: Sequence[str] | None) -> list[Finding]:
        """The same where every second column is 0: nothing can be read off there, nor mistaken for dropping."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Noisy(Asked):
    """A layer that multiplies by random numbers: how these are read and judged.

    Parameters
    ----------
    read : read(call, values) -> the factors, an array of float64, or a Finding
    looks : by name, look(layer, seen) -> findings of one kind; the first says whether it is this layer at all
    coin : coin(factors, p) -> a yes or no for each factor, and the chance of a yes: what must be independent
    ties : the mistake's name, by the axes along which the coins are all the same (and the number of axes)
    at_zeros : at_zeros(call, values) -> findings about those columns where the input is 0
    """

    read: Callable
    looks: Mapping[str, Callable]
    coin: Callable
    ties: Callable
    at_zeros: Callable | None = None

    def see(self, call: Call, values: Sequence) -> Seen | Finding:
        factors = self.read(call, values)
        return factors if isinstance(factors, Finding) else Seen(call, values, factors)

    def has_many_draws(self, seen: Seen) -> bool:
        """Whether so many that are not shared that two calls never agree by luck."""
        coins, chance = self.coin(seen.factors, seen.call.p)
        return distinct(coins, tied(coins, chance)).size >= FEW

    def judge(self, call: Call, values: Sequence, asks: Sequence[str] | None) -> list[Finding]:
        asks = tuple(self.looks) if asks is None else asks
        if call.train and not asks:
            return []
        seen = self.see(call, values)
        if isinstance(seen, Finding):
            return [replace(seen, hides=call.train and next(iter(self.looks)) not in asks)]
        if not call.train:
            return at_test(seen)
        return [finding for name in asks for finding in self.looks[name](self, seen)]

    def judge_zeros(self, call: Call, values: Sequence, asks: Sequence[str] | None) -> list[Finding]:
        if found := self.judge(*call.columns(self, values, slice(1, None, 2)), asks):
            return found
        call, values = call.columns(self, values, slice(None, None, 2))
        if self.at_zeros:
            return self.at_zeros(call, values)
        return [Finding("where x is 0, out is not 0")] if np.any(values[0]) else []


def manners(typical: tuple, shapes: Sequence[tuple], title: str, asks: Sequence[str] | None = None) -> list[Case]:
    """What every layer is asked besides its numbers; `title` says which shapes, `asks` when a call is right."""
    usual = {"typical": typical, "calls": [typical], "asks": asks}
    return [
        Case(title, about="shapes", weight=1.5, typical=typical, calls=shapes, asks=asks),
        Case("float32 in, float32 out", about="dtype", dtype="float32", **usual),
        Case(LAYOUT_TITLE, about="layout", mode="layout", weight=0.5, **usual),
        Case("zeros and equal numbers", about="ties", mode="zeros", **usual),
        Case("leaves its arguments as they were", about="inputs", mode="inputs", **{**usual, "calls": shapes}),
        Case("earlier answers stay, and what came back is yours to write into", about="again", mode="again", **usual),
    ]


# ---------------------------------------------------------------------------- scripts


def asking(layer: Asked, **more: Callable) -> Callable:
    """The `ask` of a Procedure.

    A case says `calls`, (shape, p) or (shape, p, train) each, and what it `asks` of them; or its `mode`. One that is
    `about` manners makes a `typical` call first, in both modes: where that is wrong already, it is not judged yet.
    """
    modes = {"rng": ask_rng, "often": ask_often, **more}
    return lambda case, rng: modes.get(case.get("mode"), ask_each)(layer, case, rng)


def drawn(layer, case, rng):
    """The calls that show whether the layer is right at all, and those that the case is about."""
    mode, dtype, kept = case.get("mode"), case.get("dtype", "float64"), {}
    both = (True, False) if layer.modes and case.about else (True,)
    trains = both if case.about in ("shapes", "dtype", "inputs") else (True,)

    def call(shape, p, train, dtype, layout=""):
        arrays = layer.draw(rng, shape, dtype)
        return Call(kept.setdefault(shape, arrays) if mode == "turns" else arrays, p, train, layout)

    usual = [call(*case.get("typical"), train, "float64") for train in both] if case.about else []
    wanted = [spec if len(spec) > 2 else (*spec, train) for spec in case.get("calls") for train in trains]
    special = [call(*spec, dtype, layout) for layout in (LAYOUTS if mode == "layout" else [""]) for spec in wanted]
    return usual, [with_zeros(layer, each, rng) for each in special] if mode == "zeros" else special


def with_zeros(layer, call, rng):
    """Every second column of one argument is 0, as behind a ReLU, and many other numbers are equal."""
    ties = with_ties(zeroed := call.arrays[layer.zeroed].copy(), rng)
    zeroed[...] = np.where(ties == 0, zeroed, ties)
    zeroed[..., ::2] = 0
    return replace(call, arrays=tuple(zeroed if k == layer.zeroed else a for k, a in enumerate(call.arrays)))


def ask_each(layer, case, rng):
    """One call after the other, of one generator."""
    script, mode = Script(), case.get("mode", "")
    asks = case.get("asks", [] if mode == "turns" else None)
    shared = generator(script, rng)
    usual, special = drawn(layer, case, rng)
    calls, sent, results = [*usual, *special], [], []
    for call in calls:
        sent.append([script.put(array, call.layout) for array in call.arrays])
        results.append(layer.ask(script, sent[-1], call, shared))
        report(script, results[-1])
    if mode == "inputs":
        report(script, chain(*sent))
    if mode == "again":
        report(script, chain(*results))
        for handle in chain(*results):
            script.scribble(handle)
        report(script, layer.ask(script, calls[0].arrays, calls[0], shared))

    def findings(values):
        def judged(k):
            judge = layer.judge_zeros if mode == "zeros" and k >= len(usual) else layer.judge
            return judge(calls[k], values[k * layer.reports :][: layer.reports], asks)

        found = first_wrong(layer, case, calls, len(usual), judged)
        own = OWN[mode](layer, calls, values, bool(found)) if mode in OWN else []
        return sorted([*own, *found], key=lambda finding: finding.hides)

    return Probe(script, layer.called(special[0]), findings=findings)


def first_wrong(layer, case, calls, usual, judged):
    """The findings about the first call that is wrong; where a usual one is, the property is not judged yet."""
    for k, call in enumerate(calls[:usual] if case.about in ("inputs", "again") else calls):
        if found := judged(k):
            if k >= usual and case.about in ("shapes", "layout"):
                # The usual call is right: what makes this one wrong is no mistake that shows there too.
                found = [f if f.mistake in layer.by_shape else replace(f, mistake=None) for f in found]
            shape, name = call.arrays[layer.zeroed].shape, layer.arguments[layer.zeroed]
            where = f" ({call.layout or f'{name} of shape {shape}'})" if k else ""
            called = layer.called(call)
            return [replace(f, message=f.message + where, hides=f.hides or k < usual, called=called) for f in found]
    return []


def arguments_kept(layer, calls, values, wrong):
    """Every argument is as it was."""
    after = values[len(calls) * layer.reports :]
    given = [(name, array) for call in calls for name, array in zip(layer.arguments, call.arrays, strict=True)]
    changed = [name for (name, array), value in zip(given, after, strict=True) if not unchanged(value, array)]
    return [Finding(f"the argument {changed[0]} is changed by the call", "in_place")] if changed else []


def answers_kept(layer, calls, values, wrong):
    """An earlier answer stays, and the next one is right, whatever the caller writes into what came back."""
    number = len(calls) * layer.reports
    before, after, again = values[:number], values[number : 2 * number], values[2 * number :]
    if wrong:
        return []
    if not all(unchanged(b, a) for a, b in zip(before, after, strict=True)):
        return [Finding("a later call writes over what came back before", "overwrites_earlier_result")]
    if layer.judge(calls[0], again, None):
        return [Finding("after the caller wrote into what came back, the next answer is wrong")]
    return []


def modes_kept(layer, calls, values, wrong):
    """In training there is noise, each time anew, whatever came before; who does nothing at all is right at test."""
    seen = [layer.see(c, values[k * layer.reports :][: layer.reports]) for k, c in enumerate(calls) if c.train]
    first, last = seen[0], seen[-1]
    if isinstance(first, Finding):
        return [replace(first, hides=True)] if len(seen) > 1 or not first.mistake else []
    if np.ptp(first.factors) < SAME:
        return [replace(idle(first), hides=True)]
    if isinstance(last, Finding):
        return [replace(last, hides=True)]
    if idle(last).mistake:
        name, sentence = GENERAL["again"]
        return [Finding(sentence.format(f=layer.name), name)]
    same = first is not last and layer.has_many_draws(first) and np.array_equal(first.factors, last.factors)
    return [Finding("both calls in training draw the same", "same_draw_each_call")] if same else []


OWN = {"inputs": arguments_kept, "again": answers_kept, "turns": modes_kept}


def ask_rng(layer, case, rng):
    """All randomness comes from rng, which is passed on, not rewound."""
    ((shape, p),) = case.get("calls")
    call = Call(layer.draw(rng, shape, "float64"), p)
    probe = generator_probe(
        layer.called(call),
        lambda script, rng: layer.ask(script, call.arrays, call, rng),
        rng,
        global_generator="two generators with the same seed give different results",
        same_draw_each_call="a second call, or one with another generator, gives the same draw",
    )

    def findings(values):
        seen = layer.see(call, values[: layer.reports])
        if isinstance(seen, Finding):
            return probe.findings(values) if seen.mistake else [replace(seen, hides=True)]
        # Of what is no noise at all nobody needs to hear that it is always the same.
        if np.ptp(seen.factors) < SAME:
            return [replace(idle(seen), hides=True)]
        return probe.findings(values) if layer.has_many_draws(seen) else [replace(RATE, message="few draws are made")]

    return replace(probe, findings=findings)


def ask_often(layer, case, rng):
    """Many calls of one generator on one small input, where every pair of units is compared; and a large one."""
    script = Script()
    shared = generator(script, rng)
    small, large = (Call(layer.draw(rng, shape, "float64"), p) for shape, p in case.get("calls"))
    calls = [*[small] * OFTEN, large]
    for call in calls:
        report(script, layer.ask(script, call.arrays, call, shared))

    def findings(values):
        parts = [values[k : k + layer.reports] for k in range(0, len(values), layer.reports)]
        seen = [layer.see(call, part) for call, part in zip(calls, parts, strict=True)]
        if unread := [one for one in seen if isinstance(one, Finding)]:
            return [replace(unread[0], hides=True)]
        *many, last = seen
        factors = np.array([one.factors for one in many])
        if np.ptp(factors) > SAME > np.ptp(factors, axis=0).max():
            return [Finding("every call draws the same", "same_draw_each_call")]
        return dependent(layer, factors, small.p, 1) or own(layer, last)

    return Probe(script, f"{layer.called(small)}, {OFTEN} times", findings=findings)


def report(script, handles):
    for handle in handles:
        script.get(handle, Want("out", None))


def generator(script, rng):
    return script.rng(int(rng.integers(2**31)))


def unchanged(value, array):
    return (
        isinstance(value, np.ndarray)
        and isinstance(array, np.ndarray)
        and value.dtype == array.dtype
        and np.array_equal(value, array)
    )
