"""How numerical_gradient is asked: functions to take the slope of, what is wanted, and the calls.

The functions, of NumPy's arrays or torch's tensors, mix all entries, so that an entry that was not put back is seen in
the next one's slope.
"""

import numpy as np

from autograder.judge import Case, Probe, Script, Want, in_torch, torch
from autograder.judge.exercise import in_words
from autograder.judge.variants import with_ties

DEFAULT_H = 1e-5
SHAPES = ((3, 3), (1, 3), (2, 1), (1,), ())
# Not read-only: x may be moved, if it is put back.
LAYOUTS = ("fortran", "sliced", "backwards")


def mixed(x, m):
    return m.exp(0.3 * x).sum() + m.sin(x).sum() + (x.sum() - 1.0) ** 2 / 4


def cubic(x, m):
    return (x**3).sum() / 2 + x.sum() ** 2 + x.sum() ** 3 / 10


def quartic(x, m):
    return (x**4).sum() / 4 - x.sum() ** 3 / 5


def squares(x, m):
    return (x**2).sum() / 2 + x.sum() ** 2


def rippled(x, m):
    """A parabola with ripples as long as the default h: what comes out tells the h that was used."""
    return (x**2).sum() / 2 + DEFAULT_H * m.sin(x / DEFAULT_H).sum()


FUNCTIONS = {f.__name__: f for f in (mixed, cubic, quartic, squares, rippled)}


def complex_steps(function, x):
    """The true gradient of a function that has complex values too: no difference of numbers, so no rounding."""
    point, out = np.array(x, np.complex128), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape, np.complex128)
        step[index] = 1e-30j
        out[index] = function(point + step, np).imag / 1e-30
    return out


@in_torch(otherwise=complex_steps)
def gradient(function, x):
    """The true gradient, by autograd."""
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(function(leaf, torch), leaf)[0].numpy()


def quotients(function, x, h):
    """What central differences with this h give, their error of order h^2 included."""
    point, out = np.array(x, np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[index] = h
        out[index] = (function(point + step, np) - function(point - step, np)) / (2 * h)
    return out


def f_of(function, shape, as_array):
    """What the student's function is given: it refuses what is no point."""

    def f(*args):
        point = args[0] if len(args) == 1 else None
        is_point = isinstance(point, np.ndarray | np.generic | float | int) and np.asarray(point).dtype.kind in "fiu"
        if not is_point or np.shape(point) != shape:
            raise ValueError(f"f takes one array of real numbers, of shape {shape} like x")
        value = float(function(np.asarray(point, np.float64), np))
        return np.array(value) if as_array else value

    return f


def draw(case, rng):
    """x. Options: `shape`; `kind`, its dtype; `wide`: sizes from 1e-3 to 1e3; `ties`."""
    shape, kind = case.get("shape", (2, 3)), case.get("kind", "float64")
    if np.dtype(kind).kind == "i":
        # Not 0, and of both signs: a fraction is cut off towards 0.
        return np.asarray(rng.integers(1, 4, shape) * rng.choice([-1, 1], shape), kind)
    size = 10 ** rng.uniform(-3, 3, shape) if case.get("wide") else rng.uniform(0.5, 2.0, shape)
    x = np.asarray(size * rng.choice([-1.0, 1.0], shape), kind)
    return with_ties(x, rng) if case.get("ties") else x


def ask(case, rng, cases):
    """Calls of numerical_gradient; `cases` are those whose x must be left alone.

    Options: those of `draw`; `function`; `h` (several: a call with each; None: not passed); `exact`: compared with the
    quotients, else with autograd; `as_array`: f returns arrays of shape (); `mode`.
    """
    script, mode, first = Script(), case.get("mode", "plain"), draw(case, rng)
    steps = case.get("h", DEFAULT_H)
    steps = steps if isinstance(steps, tuple) else (steps,)

    def call(x, h=steps[0], layout="", case=case, note=""):
        f = f_of(FUNCTIONS[case.get("function", "mixed")], x.shape, case.get("as_array", False))
        sent = script.put(x, layout)
        return sent, script.call(0, script.callback(f), sent, note=note or layout, **({} if h is None else {"h": h}))

    def report(result, x, role="value", which="", h=steps[0]):
        function = FUNCTIONS[case.get("function", "mixed")]
        value = quotients(function, x, h or DEFAULT_H) if case.get("exact") else gradient(function, x)
        script.get(result, Want(f"grad ({which})" if which else "grad", value, role=role, result="grad"))

    if mode == "inputs":
        for other in (case, *(other for other in cases if other.get("mode") is None)):
            h, x = other.get("h", DEFAULT_H), draw(other, rng)
            h = h[0] if isinstance(h, tuple) else h
            watch(script, call(x, h, case=other, note=f"shape {x.shape}, {x.dtype}")[0], x)
        for layout in LAYOUTS:
            watch(script, call(first, layout=layout)[0], first)
    elif mode == "shapes":
        for shape in SHAPES:
            x = draw(Case("", shape=shape), rng)
            report(call(x, note=f"shape {shape}")[1], x, which=f"shape {shape}")
    elif mode == "layout":
        for layout in LAYOUTS:
            report(call(first, layout=layout)[1], first, which=layout)
    elif mode == "again":
        result, second = call(first)[1], draw(case, rng)
        report(result, first)
        report(call(second)[1], second, "other")
        report(result, first, "kept")
        again = call(first)[1]
        report(again, first, "again")
        # What came back is the caller's: written over, it changes neither an earlier answer nor the next one.
        script.scribble(again)
        report(result, first, "kept")
        report(call(first)[1], first, "again")
    else:
        for h in steps:
            which = f"h={h}" if len(steps) > 1 else ""
            report(call(first, h, note=which)[1], first, which=which, h=h)
    called = in_words("numerical_gradient", ["f", "x"], {} if steps == (None,) else {"h": steps[0]})
    return Probe(script, called, {"x": first})


def watch(script, sent, x):
    """x must be as it was."""
    script.get(sent, Want("x", x, rtol=0.0, atol=0.0, role="input"))
