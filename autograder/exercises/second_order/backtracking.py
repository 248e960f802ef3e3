"""backtracking: the first of the steps 1, 1/2, 1/4, ... after which f has fallen by enough.

f(w + step d) <= f0 + c1 step slope, slope = grad . d < 0: the sufficient decrease of Armijo (1966); Nocedal and Wright
(2006), Algorithm 3.1 and (3.4). Reference: the halves one after the other. The judge answers the calls of f,
whose values along d are a parabola, so that every step's verdict is known.
"""

import numpy as np

from autograder.judge import Case, Probe, Procedure, Script, Want, alternative, mistake, slips
from autograder.judge.exercise import in_words
from autograder.worker.calls import LAYOUTS

HALVINGS = 50


def halves(value, f0, slope, c1):
    """The answer, from the values along d."""
    for step in 0.5 ** np.arange(HALVINGS + 1):
        # Not "above": what is no number is not below anything.
        if np.isfinite(value(step)) and value(step) <= f0 + c1 * step * slope:
            return float(step)
    return 0.0


def parabola(case, f0, slope):
    """f along d: f0 + slope t + bend |slope| t^2; `beyond` a step it is `there` (nan, inf); `uphill`: it only rises;
    `dip`: it is low at places where no step leads.
    """
    bend, beyond, there = case.get("bend", 0.3), case.get("beyond", np.inf), case.get("there", np.nan)
    rises = -slope if case.get("uphill") else slope

    def value(t):
        if case.get("dip") and 1.2 < t < 1.9:
            return f0 - 10 + 0 * t
        return there + 0 * t if t > beyond else f0 + rises * t + bend * abs(slope) * t**2

    return value


def f_of(value, w, d, f0):
    """What the student's function is given: it refuses what is no point, and is large beside the line."""

    def f(*args):
        point = args[0] if len(args) == 1 else None
        if not isinstance(point, np.ndarray | np.generic) or point.shape != w.shape or point.dtype.kind not in "fiu":
            raise ValueError(f"f takes one array of shape {w.shape}, like w")
        way = point.astype(float) - w
        t = float(way @ d / (d @ d))
        aside = way - t * d
        return float(value(t)) + 100 * float(aside @ aside)

    return f


def ask(case, rng):
    """Options: those of `parabola`; `n`; `c1`, several with a call each, None: not passed; `at_0`: w = 0 and f0 = 0."""
    script, mode, n = Script(), case.get("mode", "plain"), case.get("n", 3)
    bends = case.get("bends", (case.get("bend", 0.3),))
    rates = case.get("c1", (1e-4,))

    def drawn(bend, c1):
        w, d = rng.standard_normal(n), rng.standard_normal(n)
        f0, slope = float(rng.uniform(1, 3)), -float(rng.uniform(0.5, 3.0))
        if case.get("at_0"):
            w, f0 = 0 * w, 0.0
        value = parabola(Case("", **{**case.options, "bend": bend}), f0, slope)
        return w, d, f0, slope, c1, value

    def call(item, layout="", note=""):
        w, d, f0, slope, c1, value = item
        sent = script.put(w, layout), script.put(d, layout)
        keywords = {} if c1 is None else {"c1": c1}
        f = script.callback(f_of(value, w, d, f0))
        return sent, script.call(0, f, *sent, f0, slope, note=note or layout, **keywords)

    def report(result, item, role="value", which=""):
        *_, f0, slope, c1, value = item
        exact = halves(value, f0, slope, 1e-4 if c1 is None else c1)
        script.get(result, Want(f"step ({which})" if which else "step", exact, 0.0, 0.0, role=role, result="step"))

    def watch(sent, item):
        for name, handle, value in zip(("w", "d"), sent, item, strict=False):
            script.get(handle, Want(name, value, 0.0, 0.0, role="input"))

    items = [drawn(bend, c1) for bend in bends for c1 in rates]
    if mode == "again":
        first, other = items[0], drawn(bends[-1], rates[-1])
        for item, role in ((first, "value"), (other, "other"), (first, "again"), (first, "again")):
            report(call(item)[1], item, role)
    elif mode == "layout":
        for layout in LAYOUTS:
            report(call(items[0], layout)[1], items[0], which=layout)
    else:
        for number, item in enumerate(items):
            which = f"call {number + 1}" if len(items) > 1 else ""
            sent, result = call(item, note=which)
            if mode == "inputs":
                watch(sent, item)
            else:
                report(result, item, which=which)
    shown = {} if rates == (None,) else {"c1": rates[0]}
    w, d, *_ = items[0]
    return Probe(script, in_words("backtracking", ["f", "w", "d", "f0", "slope"], shown), {"w": w, "d": d})


# A step is accepted up to (1 - c1) / bend.
EXERCISE = Procedure(
    ask=ask,
    section="5 · Backtracking: how far along d",
    cases=[
        Case("the whole step, where it is good enough", bends=(0.1, 0.6)),
        Case("halved until it is good enough", bends=(1.5, 6.0, 40.0), weight=5),
        Case("a decrease has to be worth the step", bends=(1 - 5e-5,), weight=4),
        Case("c1 says how much: 0.3", bends=(0.8, 2.5), c1=(0.3,), weight=5),
        Case("c1 says how much: 0.5, 0.9", bends=(0.6, 1.7), c1=(0.5, 0.9), weight=5),
        Case("a small increase is refused", bends=(1 + 5e-5,), weight=4),
        Case("no other tries than w + d, w + d / 2, w + d / 4", bends=(3.0,), dip=True),
        Case("a value that is nan is refused", bends=(0.2, 9.0), beyond=0.3, weight=11),
        Case("an infinite one too", bends=(0.2,), beyond=0.1, there=np.inf),
        Case("a step of 2^-45 is found", bends=(0.7 * 2.0**45,), at_0=True, weight=0.5),
        Case("0.0 where nothing helps", uphill=True, at_0=True, weight=1.5),
        Case("0.0 where all is nan", beyond=0.0, at_0=True),
        Case("0.0 after 50 halvings", bends=(0.7 * 2.0**57,), at_0=True, weight=0.5),
        Case("the default c1 is 1e-4", bends=(1 - 1.5e-4, 1 - 7e-5), c1=(None,), weight=0.5),
        Case("one parameter", about="shapes", n=1, bends=(0.6, 5.0)),
        Case("hundreds of parameters", about="range", n=300, bends=(5.0,), weight=0.5),
        Case("arrays that lie otherwise in memory: sliced, read-only", about="layout", mode="layout", bends=(5.0,)),
        Case("leaves w and d as they were", about="inputs", mode="inputs", bends=(0.3, 5.0)),
        Case("gives the same answer when it is called again", about="again", mode="again", bends=(5.0, 20.0)),
    ],
)


def right(f, w, d, f0, slope, *, c1=1e-4):
    step = 1.0
    for _ in range(51):
        most = f0 + c1 * step * slope
        if f(w + step * d) <= most:
            return step
        step = step / 2
    return 0.0


MISTAKES = slips("""
any_decrease: f0 + c1 * step * slope -> f0
    or f0 + c1 * step * slope -> f0
    f(w + step * d) <= most -> f(w + step * d) < most
    Any decrease will do here, however small. Asked for is one that is worth the step: at least c1 times what the slope
    promises, f0 + c1 * step * slope.
slope_sign: f0 + c1 * step * slope -> f0 - c1 * step * slope
    or f0 + c1 * step * slope -> f0 + c1 * step * abs(slope)
    `slope` is negative already: minus times minus lets f *rise*. The bound is f0 + c1 * step * slope.
slope_without_step (detail): f0 + c1 * step * slope -> f0 + c1 * slope
    The bound does not shrink with the step: a short step can only promise as much as its length.
c1_missing: f0 + c1 * step * slope -> f0 + step * slope
    `c1` is missing: the whole promise of the slope is asked for, and no bowl that curves up keeps it.
c1_ignored (detail): -> c1 = 1e-4
    or -> c1 = 0.5
    or -> c1 = 1e-3
    or -> c1 = 0.1
    `c1` makes no difference: use the argument, not a number of your own.
default_c1 (detail): c1=1e-4 -> c1=1e-3
    or c1=1e-4 -> c1=1e-2
    or c1=1e-4 -> c1=0.1
    or c1=1e-4 -> c1=0.5
    or c1=1e-4 -> c1=1e-5
    or c1=1e-4 -> c1=1e-8
    or c1=1e-4 -> c1=0.0
    The default of `c1` is another one than 1e-4.
f0_missing: f0 + c1 * step * slope -> c1 * step * slope
    f is compared with the promise alone. The bound is f0 *plus* c1 * step * slope.
step_squared (detail): f0 + c1 * step * slope -> f0 + c1 * step**2 * slope
    or f0 + c1 * step * slope -> f0 + c1 * step * slope * (d @ d)
    or f0 + c1 * step * slope -> f0 + c1 * step * slope * np.linalg.norm(d)
    The promise is c1 * step * slope, each once: `slope` is grad . d, the length of d is in it already.

nan_accepted: if f(w + step * d) <= most: return step -> if not f(w + step * d) > most: return step
    A value that is nan is accepted: nan > bound is False. Ask the other way round: accept where f <= bound is True.
turned_round (core): f(w + step * d) <= most -> f(w + step * d) >= most
    The comparison is turned round: a step is taken where f has *not* fallen by enough.
never_halved (core): if f(w + step * d) <= most: return step -> return step
    or step = step / 2 ->
    The step is never made shorter: where it is refused, halve it and try again.
other_factor: step / 2 -> step / 3
    or step / 2 -> step * 0.9
    or step / 2 -> step * 0.8
    or step / 2 -> step / 10
    or step / 2 -> step / 4
    The step is not halved but multiplied by another number.
subtracted: step / 2 -> step - 0.1
    or step / 2 -> step - 0.01
    The step gets shorter by a fixed amount. Halve it: a step of 2^-45 may be what is needed.
other_start (detail): step = 1.0 -> step = 0.5
    or step = 1.0 -> step = 2.0
    or step = 1.0 -> step = 0.1
    The first step that is tried is not 1.
uphill (core): w + step * d -> w - step * d
    The points tried are w - step * d. `d` is the direction to go, and the sign is in it: w + step * d.

last_step_returned (detail): return 0.0 -> return step
    or return 0.0 -> return 2 * step
    Where no step helps the last one tried comes back. It was refused: return 0.0.
none_returned (detail): return 0.0 ->
    or return 0.0 -> return 1.0
    or return 0.0 -> return -1.0
    Where no step helps something else than 0.0 comes back.
gives_up_early (detail): range(51) -> range(20)
    or range(51) -> range(11)
    or range(51) -> range(31)
    or range(51) -> range(41)
    It gives up too early: 50 halvings are tried before it returns 0.0.
never_gives_up (detail): range(51) -> range(101)
    or range(51) -> range(60)
    or range(51) -> range(1100)
    It goes on for more than 50 halvings. After 50 the answer is 0.0.
returns_point: return step -> return w + step * d
    The new point comes back. Asked for is the step.
one_too_short: return step -> return step / 2
    The step is halved once more after it was accepted.

in_place (detail): w + step * d -> np.add(w, step * d, out=w) if _ == 0 else np.add(w, -step * d, out=w)
    An argument comes back changed: `w += ...` and `d *= 0.5` write into what the caller still needs.
""")


@mistake("Each try starts where the last one ended: `w = w + step * d`. Every try is made from the same w.")
def tries_add_up(f, w, d, f0, slope, *, c1=1e-4):
    step = 1.0
    for _ in range(51):
        w = w + step * d
        if f(w) <= f0 + c1 * step * slope:
            return step
        step = step / 2
    return 0.0


@mistake("d comes back changed.", name="in_place", degree="detail")
def d_is_halved(f, w, d, f0, slope, *, c1=1e-4):
    step = 1.0
    for _ in range(51):
        if f(w + d) <= f0 + c1 * step * slope:
            return step
        step /= 2
        d *= 0.5
    return 0.0


@alternative
def by_powers(f, w, d, f0, slope, *, c1=1e-4):
    return next((0.5**k for k in range(50) if f(w + d / 2**k) - f0 <= c1 * slope * 0.5**k), 0.0)


@alternative
def while_loop(f, w, d, f0, slope, *, c1=1e-4):
    step, halvings = 1, 0
    while not f(w + step * d) <= f0 + c1 * (step * slope):
        step, halvings = step * 0.5, halvings + 1
        if halvings > 50:
            return 0
    return np.float64(step)


@alternative
def recursion(f, w, d, f0, slope, *, c1=1e-4, step=1.0):
    value = f(w + step * d)
    if np.isfinite(value) and value <= f0 + c1 * step * slope:
        return step
    return recursion(f, w, d, f0, slope, c1=c1, step=step / 2) if step > 2.0**-50 else 0.0


HINTS = [
    "After a short step the slope promises step * slope. How much of that is asked for? And is a nan below a number?",
    "Begin with step = 1. Accept where `f(w + step * d) <= f0 + c1 * step * slope`, else halve the step, up to 50 "
    "times; then give up and return 0.0.",
    "`for _ in range(51):` if the comparison holds, `return step`; else `step = step / 2`. At last, `return 0.0`.",
]
