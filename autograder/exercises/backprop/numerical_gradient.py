"""numerical_gradient: central differences, one entry at a time.

(f(x + h e_i) - f(x - h e_i)) / (2 h); the error is h^2 f'''/6 and what rounding leaves, about 1e-16 |f| / h. Lecture
001 lists gradient checking. Reference: autograd where h is small, and, where it is large, the quotient itself, whose
distance from autograd falls by four when h is halved. The judge answers the calls of f.
"""

import numpy as np

from autograder.exercises.backprop import _differences
from autograder.judge import Case, Procedure, alternative, mistake, slips

EXERCISE = Procedure(
    ask=lambda case, rng: _differences.ask(case, rng, EXERCISE.cases),
    section="1 · Slopes by trial",
    cases=[
        Case("a few numbers", shape=(5,)),
        Case("a matrix", shape=(3, 4)),
        Case("three axes", function="cubic", shape=(2, 1, 3)),
        Case("whole numbers in x", function="cubic", shape=(4,), kind="int64", weight=2),
        Case("a matrix of whole numbers", function="squares", shape=(2, 3), kind="int32"),
        Case("x in float32: the work is done in float64", shape=(4,), kind="float32"),
        Case("f returns arrays of shape ()", function="cubic", shape=(3,), as_array=True),
        Case("a parabola, h = 0.5: exact", function="squares", shape=(4,), h=0.5),
        Case("a quartic, h = 0.1", function="quartic", shape=(2, 3), h=0.1, exact=True, weight=2),
        Case("half of h, a quarter of the error", function="cubic", h=(0.2, 0.1, 0.05), exact=True, weight=3),
        Case("the default h is 1e-5", function="rippled", shape=(3,), h=None, exact=True),
        Case("any shape: square, one row, one number", about="shapes", mode="shapes"),
        Case("arrays that lie otherwise in memory: transposed, sliced", about="layout", mode="layout"),
        Case("zeros and equal numbers", about="ties", ties=True, weight=0.5),
        Case("numbers from 1e-3 to 1e3", about="range", function="squares", h=0.5, shape=(12,), wide=True, weight=0.5),
        Case("leaves x as it was", about="inputs", mode="inputs"),
        Case("gives the same answer when it is called again", about="again", function="cubic", mode="again"),
    ],
)


def right(f, x, h=1e-5):
    point = np.array(x, dtype=np.float64)
    grad = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        middle = point[index]
        point[index] = middle + h
        above = f(point)
        point[index] = middle - h
        below = f(point)
        point[index] = middle
        grad[index] = (above - below) / (2 * h)
    return grad


MISTAKES = slips("""
one_sided:
    middle - h -> middle
    2 * h -> h
    or middle + h -> middle
    2 * h -> h
    The difference is taken to one side, f(x + h) - f(x), and its error is of order h. Step to both sides: (f(x + h) -
    f(x - h)) / (2 h), error of order h^2.

h_for_2h: 2 * h -> h
    Twice too large: the two points are 2 h apart, and the difference is divided by h.

h_for_2h: middle - h -> middle
    or middle - h -> point[index] - h
    or middle + h -> middle
    Half too small: one of the two points is x itself, so that they are h apart, not 2 h. (From x + h a step of h leads
    back to x and no further.) Step to both sides, from the old value.

not_divided_by_h: (above - below) / (2 * h) -> (above - below) / 2
    The difference is divided by 2 alone. A slope is a difference by a distance, and that is 2 h.
not_divided_by_h: (above - below) / (2 * h) -> (above - below) / 2 * h
    `/ 2 * h` divides by 2 and then multiplies by h. Brackets: / (2 * h).

half_steps:
    middle + h -> middle + h / 2
    middle - h -> middle - h / 2
    2 * h -> h
    The steps are h / 2 to each side. Asked for is h to each side, divided by 2 h.

sign: above - below -> below - above
    The sign is turned: f above minus f below, f(x + h) - f(x - h).
sum_for_difference (core): above - below -> above + below
    The two values are added. The slope is their difference, f(x + h) - f(x - h), over 2 h.

h_ignored: -> h = 1e-5
    or -> h = 1e-4
    or -> h = 1e-6
    `h` makes no difference: use the argument, not a number of your own.

default_h (detail): h=1e-5 -> h=1e-4
    or h=1e-5 -> h=1e-3
    or h=1e-5 -> h=1e-6
    or h=1e-5 -> h=1e-7
    The default of `h` is another one than 1e-5.

relative_step:
    middle + h -> middle + h * max(1.0, abs(middle))
    middle - h -> middle - h * max(1.0, abs(middle))
    2 * h -> 2 * h * max(1.0, abs(middle))
    The step grows with the size of the entry. Here it is h for every entry.

x_left_perturbed: point[index] = middle ->
    or point[index] = middle -> point[index] = middle + h
    An entry is not put back before the next one is moved, so the slopes are taken beside x. Keep the old value and
    write it back, or start from a fresh copy each time.

rows_at_once: np.ndindex(point.shape) -> range(len(point))
    or np.ndindex(point.shape) -> range(len(point))
    middle = point[index] -> middle = point[index].copy()
    `range(len(x))` counts the rows: of a matrix a whole row is moved at once. np.ndindex(x.shape) gives each entry.

integer_x (detail): dtype=np.float64 -> dtype=x.dtype
    or dtype=np.float64 -> dtype=x.dtype
    np.zeros(point.shape) -> np.zeros_like(point)
    The steps are made in the dtype of x: whole numbers lose the h, float32 most of it. Work on a copy in float64,
    np.array(x, dtype=np.float64), and make the gradient with its dtype.

integer_gradient (detail): np.zeros(point.shape) -> np.zeros_like(x)
    The gradient has the dtype of x, which cuts its fractions off: np.zeros_like(x) of whole numbers holds whole
    numbers. It is float64 whatever x is.

float32_steps (detail): dtype=np.float64 -> dtype=x.dtype if x.dtype.kind == "f" else np.float64
    The steps are made in float32, which has 7 digits: most of h = 1e-5 is rounded away. Work on a copy in float64.
float32_gradient (detail): return grad -> return grad.astype(x.dtype if x.dtype.kind == "f" else np.float64)
    The gradient comes back in float32. It is float64 whatever x is: that is what it is for.
flattened: return grad -> return grad.ravel()
    The gradient is flat. It has the shape of x.

in_place (detail): np.array(x, dtype=np.float64) -> x if x.dtype == np.float64 else np.array(x, dtype=np.float64)
    point[index] = middle -> point[index] += h
    x comes back changed, if only in its last digit: + h, - 2 h, + h do not cancel exactly. Keep the old value and write
    it back, or work on a copy.
""")


@mistake("All entries are moved at once, which gives the sum of their slopes. Move one entry at a time.", degree="core")
def all_entries_at_once(f, x, h=1e-5):
    point = np.array(x, dtype=np.float64)
    return np.full(point.shape, (f(point + h) - f(point - h)) / (2 * h))


FLAT = (
    "Steps into a flat copy: `ravel()`, `flatten()` and `reshape(-1)` give a view of some arrays, and a copy of others "
    "(transposed ones, slices), of which f sees nothing. Index x itself, with np.ndindex(x.shape)."
)


@mistake(FLAT, degree="detail")
def steps_into_a_copy(f, x, h=1e-5):
    return _by_a_flat_view(f, np.array(x, dtype=np.float64), h)


@mistake(FLAT, name="steps_into_a_copy", degree="detail")
def steps_into_a_copy_of_x(f, x, h=1e-5):
    return _by_a_flat_view(f, x.astype(np.float64, copy=False), h)


def _by_a_flat_view(f, point, h):
    flat = point.ravel()
    slopes = np.zeros(flat.size)
    for k, middle in enumerate(flat.tolist()):
        flat[k] = middle + h
        above = f(point)
        flat[k] = middle - h
        slopes[k] = (above - f(point)) / (2 * h)
        flat[k] = middle
    return slopes.reshape(point.shape)


@alternative
def with_unit_arrays(f, x, h=1e-5):
    basis = np.eye(x.size).reshape(x.size, *x.shape)
    slopes = [(f(x + h * e) - f(x - h * e)) / h / 2 for e in basis]
    return np.array(slopes).reshape(x.shape)


@alternative
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


HINTS = [
    "One entry at a time: move it up by h, ask f; move it down by h from where it was, ask f. What has to be true of "
    "x before the next entry?",
    "Work on a float64 copy of x: whole numbers have no room for h. np.ndindex(x.shape) gives the index of every "
    "entry, in any number of axes. Put the old value back.",
    "`middle = point[index]`; `point[index] = middle + h`; `above = f(point)`; the same with - h; `point[index] = "
    "middle`; `(above - below) / (2 * h)`.",
]
