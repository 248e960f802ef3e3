"""numerical_gradient: central differences, one entry at a time.

(f(x + h e_i) - f(x - h e_i)) / (2 h); the error is h^2 f'''/6 and what rounding leaves, about 1e-16 |f| / h. Lecture
001 lists gradient checking. Reference: autograd where h is small, and, where it is large, the quotient itself of the
same function in torch, whose distance from autograd falls by four when h is halved.

The functions mix all entries, so that an entry that was not put back is seen in the next one's slope. The judge
answers their calls.
"""

import numpy as np
import torch

from autograder.judge import Case, Mistake, Probe, Procedure, Script, Want
from autograder.judge.exercise import in_words

DEFAULT_H = 1e-5


def mixed(x):
    return torch.exp(0.3 * x).sum() + torch.sin(x).sum() + (x.sum() - 1.0) ** 2 / 4


def cubic(x):
    return (x**3).sum() / 2 + x.sum() ** 2 + x.sum() ** 3 / 10


def quartic(x):
    return (x**4).sum() / 4 - x.sum() ** 3 / 5


def squares(x):
    return (x**2).sum() / 2 + x.sum() ** 2


def rippled(x):
    """A parabola with ripples as long as the default h: what comes out tells the h that was used."""
    return (x**2).sum() / 2 + DEFAULT_H * torch.sin(x / DEFAULT_H).sum()


FUNCTIONS = {f.__name__: f for f in (mixed, cubic, quartic, squares, rippled)}


def gradient(function, x):
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(function(leaf), leaf)[0].numpy()


def quotients(function, x, h):
    """Central differences of a function of tensors."""
    point, out = torch.tensor(x, dtype=torch.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        step = torch.zeros_like(point)
        step[index] = h
        out[index] = (function(point + step) - function(point - step)) / (2 * h)
    return out


def f_of(function, shape, as_array):
    """What the student's function is given: it refuses what is no point."""

    def f(*args):
        point = args[0] if len(args) == 1 else None
        is_point = isinstance(point, np.ndarray | np.generic | float | int) and np.asarray(point).dtype.kind in "fiu"
        if not is_point or np.shape(point) != shape:
            raise ValueError(f"f takes one array of real numbers, of shape {shape} like x")
        value = float(function(torch.tensor(np.asarray(point), dtype=torch.float64)))
        return np.array(value) if as_array else value

    return f


def ask(case, rng):
    """Calls of numerical_gradient.

    Options: `function`; `shape`; `kind`, the dtype of x; `h` (several: a call with each; left out: not passed);
    `exact`: compared with the quotients, else with autograd; `as_array`: f returns arrays of shape (); `mode`.
    """
    shape, kind, mode = case.get("shape", (5,)), case.get("kind", "float64"), case.get("mode", "plain")
    steps = case.get("h")
    steps = steps if isinstance(steps, tuple) else (steps,)
    function = FUNCTIONS[case.get("function", "mixed")]
    script = Script()
    f = script.callback(f_of(function, shape, case.get("as_array", False)))

    def drawn():
        if np.dtype(kind).kind == "i":
            # Not 0, and of both signs: a fraction is cut off towards 0.
            return np.asarray(rng.integers(1, 4, shape) * rng.choice([-1, 1], shape), kind)
        return np.asarray(rng.uniform(0.3, 1.5, shape) * rng.choice([-1.0, 1.0], shape), kind)

    def call(x, h, role="value"):
        sent = script.put(x)
        keywords = {} if h is None else {"h": h}
        note = f"h={h}" if len(steps) > 1 else ""
        result = script.call(0, f, sent, note=note, **keywords)
        report(result, x, h, role)
        return sent, result

    def report(result, x, h, role):
        exact = case.get("exact", False)
        value = quotients(function, x, DEFAULT_H if h is None else h) if exact else gradient(function, x)
        label = f"with h={h}, grad" if len(steps) > 1 else "grad"
        script.get(result, Want(label, value, role=role))

    first = drawn()
    sent, result = [call(first, h) for h in steps][-1]
    if mode == "inputs":
        script.get(sent, Want("x", first, rtol=0.0, atol=0.0, role="input"))
    if mode == "again":
        call(drawn(), steps[-1], "other")
        report(result, first, steps[-1], "kept")
        call(first, steps[-1], "again")
    called = in_words("numerical_gradient", ["f", "x"], {} if steps == (None,) else {"h": steps[0]})
    return Probe(script, called, {"x": first})


def along(f, x, difference, *, dtype=np.float64, out=None):
    """An entry at a time: difference(f_at, middle), where f_at(v) is f with this entry set to v."""
    point = np.array(x, dtype=dtype)
    grad = np.zeros(point.shape) if out is None else out
    for index in np.ndindex(point.shape):
        middle = point[index]

        def f_at(value, index=index):
            point[index] = value
            return f(point.copy())

        grad[index] = difference(f_at, middle)
        point[index] = middle
    return grad


def right(f, x, h=1e-5):
    return along(f, x, lambda f_at, v: (f_at(v + h) - f_at(v - h)) / (2 * h))


def forward_difference(f, x, h=1e-5):
    return along(f, x, lambda f_at, v: (f_at(v + h) - f_at(v)) / h)


def backward_difference(f, x, h=1e-5):
    return along(f, x, lambda f_at, v: (f_at(v) - f_at(v - h)) / h)


def divided_by_h(f, x, h=1e-5):
    return along(f, x, lambda f_at, v: (f_at(v + h) - f_at(v - h)) / h)


def divided_by_two(f, x, h=1e-5):
    return along(f, x, lambda f_at, v: (f_at(v + h) - f_at(v - h)) / 2)


def times_h(f, x, h=1e-5):
    return along(f, x, lambda f_at, v: (f_at(v + h) - f_at(v - h)) / 2 * h)


def one_sided_by_two(f, x, h=1e-5):
    return along(f, x, lambda f_at, v: (f_at(v + h) - f_at(v)) / (2 * h))


def half_steps(f, x, h=1e-5):
    return along(f, x, lambda f_at, v: (f_at(v + h / 2) - f_at(v - h / 2)) / h)


def turned(f, x, h=1e-5):
    return along(f, x, lambda f_at, v: (f_at(v - h) - f_at(v + h)) / (2 * h))


def h_ignored(f, x, h=1e-5):
    return right(f, x)


def relative_h(f, x, h=1e-5):
    def difference(f_at, v):
        step = h * max(1.0, abs(v))
        return (f_at(v + step) - f_at(v - step)) / (2 * step)

    return along(f, x, difference)


def left_below(f, x, h=1e-5):
    point = np.array(x, dtype=np.float64)
    grad = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        point[index] += h
        above = f(point.copy())
        point[index] -= 2 * h
        grad[index] = (above - f(point.copy())) / (2 * h)
    return grad


def put_back_too_far(f, x, h=1e-5):
    point = np.array(x, dtype=np.float64)
    grad = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        point[index] += h
        above = f(point.copy())
        point[index] -= 2 * h
        grad[index] = (above - f(point.copy())) / (2 * h)
        point[index] += 2 * h
    return grad


def never_put_back_above(f, x, h=1e-5):
    """Only the second step starts from the old value."""
    point = np.array(x, dtype=np.float64)
    grad = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        middle = point[index]
        point[index] = middle - h
        below = f(point.copy())
        point[index] = middle + h
        grad[index] = (f(point.copy()) - below) / (2 * h)
    return grad


def minus_h_from_there(f, x, h=1e-5):
    """x + h, then back by h only: the second point is x itself."""
    return along(f, x, lambda f_at, v: (f_at(v + h) - f_at((v + h) - h)) / (2 * h))


def all_at_once(f, x, h=1e-5):
    point = np.array(x, dtype=np.float64)
    slope = (f(point + h) - f(point - h)) / (2 * h)
    return np.full(point.shape, slope)


def dtype_of_x(f, x, h=1e-5):
    return along(f, x, lambda f_at, v: (f_at(v + h) - f_at(v - h)) / (2 * h), dtype=x.dtype)


def both_of_x(f, x, h=1e-5):
    return along(f, x, lambda f_at, v: (f_at(v + h) - f_at(v - h)) / (2 * h), dtype=x.dtype, out=np.zeros_like(x))


def result_of_x(f, x, h=1e-5):
    return along(f, x, lambda f_at, v: (f_at(v + h) - f_at(v - h)) / (2 * h), out=np.zeros_like(x))


def point_of_float32(f, x, h=1e-5):
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    return along(f, x, lambda f_at, v: (f_at(v + h) - f_at(v - h)) / (2 * h), dtype=kind)


def rounded_on_return(f, x, h=1e-5):
    return right(f, x, h).astype(x.dtype if x.dtype.kind == "f" else np.float64)


def flattened(f, x, h=1e-5):
    return right(f, x, h).ravel()


def not_quite_put_back(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    if x.dtype != np.float64:
        return right(f, x, h)
    for index in np.ndindex(x.shape):
        x[index] += h
        above = f(x)
        x[index] -= 2 * h
        grad[index] = (above - f(x)) / (2 * h)
        x[index] += h
    return grad


def with_copies(f, x, h=1e-5):
    grad = np.zeros(x.size)
    for i in range(x.size):
        above, below = (np.asarray(x, float).ravel().copy() for _ in range(2))
        above[i] += h
        below[i] -= h
        grad[i] = f(above.reshape(x.shape)) - f(below.reshape(x.shape))
    return (grad / (2 * h)).reshape(x.shape)


def with_unit_arrays(f, x, h=1e-5):
    basis = np.eye(x.size).reshape(x.size, *x.shape)
    slopes = [(f(x + h * e) - f(x - h * e)) / h / 2 for e in basis]
    return np.array(slopes).reshape(x.shape)


def two_halves(f, x, h=1e-5):
    """The mean of the slopes to both sides."""
    here = f(np.array(x, np.float64))
    return along(f, x, lambda f_at, v: ((f_at(v + h) - here) / h + (here - f_at(v - h)) / h) / 2)


def on_x_itself(f, x, h=1e-5):
    """Changes x, and puts the old values back."""
    if x.dtype != np.float64:
        return on_x_itself(f, x.astype(np.float64), h)
    grad = np.empty_like(x)
    steps = np.nditer(x, flags=["multi_index"])
    for _ in steps:
        i = steps.multi_index
        old = float(x[i])
        x[i] = old + h
        above = f(x)
        x[i] = old - h
        below = f(x)
        x[i] = old
        grad[i] = (above - below) / (2 * h)
    return grad


LEFT = (
    "An entry is not put back before the next one is moved, so the slopes are taken beside x. Keep the old value and "
    "write it back, or start from a fresh copy each time."
)
ONE_SIDED = (
    "The difference is taken to one side, f(x + h) - f(x), and its error is of order h. Step to both sides: "
    "(f(x + h) - f(x - h)) / (2 h), error of order h^2."
)

EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case("a few numbers", function="mixed", shape=(5,)),
        Case("a matrix", function="mixed", shape=(3, 4)),
        Case("three axes", function="cubic", shape=(2, 3, 2)),
        Case("a single number, shape ()", function="mixed", shape=()),
        Case("whole numbers in x", function="cubic", shape=(4,), kind="int64", weight=2.0),
        Case("a matrix of whole numbers", function="squares", shape=(2, 3), kind="int32"),
        Case("x in float32: the work is done in float64", function="mixed", shape=(4,), kind="float32"),
        Case("f returns arrays of shape ()", function="cubic", shape=(3,), as_array=True),
        Case("a parabola, h = 0.5: exact", function="squares", shape=(4,), h=0.5),
        Case("a quartic, h = 0.1", function="quartic", shape=(2, 3), h=0.1, exact=True),
        Case(
            "half of h, a quarter of the error",
            function="cubic",
            shape=(4,),
            h=(0.2, 0.1, 0.05),
            exact=True,
            weight=2.0,
        ),
        Case("the default h is 1e-5", function="rippled", shape=(3,), exact=True),
        Case("leaves x as it was", function="mixed", shape=(2, 3), mode="inputs"),
        Case("leaves x as it was, with a larger h", function="cubic", shape=(4,), h=0.01, exact=True, mode="inputs"),
        Case("gives the same answer when it is called again", function="cubic", shape=(3,), mode="again"),
    ],
    mistakes=[
        Mistake("one_sided", forward_difference, ONE_SIDED),
        Mistake("one_sided", backward_difference, ONE_SIDED),
        Mistake(
            "h_for_2h",
            divided_by_h,
            "Twice too large: the two points are 2 h apart, and the difference is divided by h.",
        ),
        Mistake(
            "h_for_2h",
            one_sided_by_two,
            "Half too small: f(x + h) - f(x) is divided by 2 h, but the two points are h apart. Step to both sides.",
        ),
        Mistake(
            "h_for_2h",
            minus_h_from_there,
            "The second point is x itself: from x + h, a step of h leads back there and no further. Go down by 2 h, or start "
            "from the old value.",
        ),
        Mistake(
            "not_divided_by_h",
            divided_by_two,
            "The difference is divided by 2 alone. A slope is a difference by a distance, and that is 2 h.",
        ),
        Mistake(
            "not_divided_by_h",
            times_h,
            "`/ 2 * h` divides by 2 and then multiplies by h. Brackets: / (2 * h).",
        ),
        Mistake(
            "half_steps",
            half_steps,
            "The steps are h / 2 to each side. Asked for is h to each side, divided by 2 h.",
        ),
        Mistake("sign", turned, "The sign is turned: f above minus f below, f(x + h) - f(x - h)."),
        Mistake("h_ignored", h_ignored, "`h` makes no difference: use the argument, not a number of your own."),
        Mistake(
            "relative_step",
            relative_h,
            "The step grows with the size of the entry. Here it is h for every entry.",
        ),
        Mistake("x_left_perturbed", left_below, LEFT),
        Mistake("x_left_perturbed", put_back_too_far, LEFT),
        Mistake("x_left_perturbed", never_put_back_above, LEFT),
        Mistake(
            "all_entries_at_once",
            all_at_once,
            "All entries are moved at once, which gives the sum of their slopes. Move one entry at a time.",
        ),
        Mistake(
            "integer_x",
            dtype_of_x,
            "The steps are made in the dtype of x: whole numbers lose the h, float32 most of it. Work on a copy in float64, "
            "np.array(x, dtype=np.float64).",
        ),
        Mistake(
            "integer_x",
            both_of_x,
            "The steps are made in the dtype of x: whole numbers lose the h, float32 most of it. Work on a copy in float64, "
            "and make the gradient with its dtype.",
        ),
        Mistake(
            "integer_gradient",
            result_of_x,
            "The gradient has the dtype of x, which cuts its fractions off: np.zeros_like(x) of whole numbers holds whole "
            "numbers. It is float64 whatever x is.",
        ),
        Mistake(
            "float32_steps",
            point_of_float32,
            "The steps are made in float32, which has 7 digits: most of h = 1e-5 is rounded away. Work on a copy in float64.",
        ),
        Mistake(
            "float32_gradient",
            rounded_on_return,
            "The gradient comes back in float32. It is float64 whatever x is: that is what it is for.",
        ),
        Mistake("flattened", flattened, "The gradient is flat. It has the shape of x."),
        Mistake(
            "in_place",
            not_quite_put_back,
            "x comes back changed, if only in its last digit: + h, - 2 h, + h do not cancel exactly. Keep the old value and "
            "write it back, or work on a copy.",
        ),
    ],
    alternatives=[right, with_copies, with_unit_arrays, two_halves, on_x_itself],
    hints=[
        "One entry at a time: move it up by h, ask f; move it down by h from where it was, ask f. What has to be true of x "
        "before the next entry?",
        "Work on a float64 copy of x: whole numbers have no room for h. np.ndindex(x.shape) gives the index of every entry, "
        "in any number of axes. Put the old value back.",
        "`middle = point[index]`; `point[index] = middle + h`; `above = f(point)`; the same with - h; "
        "`point[index] = middle`; `(above - below) / (2 * h)`.",
    ],
)
