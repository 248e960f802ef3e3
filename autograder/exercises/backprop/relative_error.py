"""relative_error: the largest difference of two arrays, relative to their size.

max |a - b| / max(1e-8, |a| + |b|): the measure by which an analytic gradient is held against a numerical one (lecture
001 lists gradient checking; the form is that of the course CS231n). Reference: the formula in torch.
"""

import numpy as np

from autograder.judge import Case, Function, Slip, alternative, slips, torch


def draw(rng, case):
    """Two arrays or numbers.

    Options: `shape`; `size` multiplies both; `apart`: the size of b - a relative to a; `side`: 1 or -1 where b is the
    larger or the smaller one everywhere; `zeros`: "both" or "one" begin with zeros; `turned`: so many entries of b have
    the other sign; `kind` "numbers" or "ints".
    """
    shape, size = case.get("shape", (6,)), case.get("size", 1.0)
    side = case.get("side") or rng.choice([-1.0, 1.0], shape)
    a = np.asarray(size * rng.standard_normal(shape))
    b = np.asarray(a + abs(a) * case.get("apart", 0.5) * side * rng.uniform(0.5, 1.0, shape))
    if case.get("turned"):
        b[: case.get("turned")] *= -1
    if case.get("zeros"):
        a[: len(a) // 2] = 0
        b[: len(b) // 2] = 0 if case.get("zeros") == "both" else b[: len(b) // 2]
    if case.get("kind") == "ints":
        # Of one sign, so that the error is not simply 1.
        a, b = rng.integers(1, 9, shape), rng.integers(11, 19, shape)
    if case.get("kind") == "numbers":
        a, b = float(a), float(b)
    return {"a": a, "b": b}, {}


def reference(a, b):
    a, b = (torch.as_tensor(value, dtype=torch.float64) for value in (a, b))
    return ((a - b).abs() / torch.clamp(a.abs() + b.abs(), min=1e-8)).max()


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("error",),
    section="1 · Slopes by trial",
    typical={"shape": (6,), "apart": 0.3},
    forms=[{"shape": shape} for shape in ((4, 4), (2, 3, 2, 2), (1, 5), (3, 1), (1,), ())],
    cases=[
        Case("a few numbers that nearly agree", shape=(6,), apart=1e-3, side=1.0),
        Case("numbers further apart", shape=(6,), apart=0.8, side=-1.0),
        Case("all signs wrong: 1", shape=(4,), apart=0.2, turned=4, weight=3),
        Case("one sign wrong: 1", shape=(5,), apart=1e-3, turned=1, weight=4),
        Case("matrices", shape=(4, 5), apart=0.1, side=1.0),
        Case("two numbers", shape=(), kind="numbers", side=-1.0),
        Case("whole numbers", shape=(5,), kind="ints"),
        Case("equal arrays: exactly 0", shape=(3, 3), apart=0.0),
        Case("zeros in both: 0, not nan", shape=(6,), apart=0.1, zeros="both", weight=3),
        Case("a zero in one of them: 1", shape=(6,), apart=0.1, zeros="one"),
        Case("numbers near the floor, 1e-8", shape=(6,), size=1e-9, apart=0.4, side=-1.0, weight=3),
        Case("numbers far below it", shape=(6,), size=1e-12, apart=0.4, side=1.0),
        Case("large numbers", shape=(6,), size=1e6, apart=0.4),
    ],
)


def right(a, b):
    size = np.maximum(1e-8, np.abs(a) + np.abs(b))
    return np.max(np.abs(a - b) / size)


def _norm(array):
    return np.linalg.norm(np.ravel(array))


MISTAKES = slips("""
mean_not_max: np.max(np.abs(a - b) / size) -> np.mean(np.abs(a - b) / size)
    The mean over the entries is taken. One wrong entry must show: the largest.
sum_not_max: np.max(np.abs(a - b) / size) -> np.sum(np.abs(a - b) / size)
    The entries are added up. Asked for is the largest of them.
relative_to_one: np.abs(a) + np.abs(b) -> np.abs(a)
    The difference is divided by |a| alone. Neither of the two is the truth: |a| + |b|.
relative_to_one: np.abs(a) + np.abs(b) -> np.abs(b)
    The difference is divided by |b| alone. Neither of the two is the truth: |a| + |b|.

relative_to_larger: np.abs(a) + np.abs(b) -> np.maximum(np.abs(a), np.abs(b))
    The difference is divided by the larger of |a| and |b|, another custom that gives up to twice as much. Here it is
    their sum.

relative_to_mean: np.abs(a) + np.abs(b) -> (np.abs(a) + np.abs(b)) / 2
    The difference is divided by the mean of |a| and |b|, which gives twice as much. Here it is their sum.
size_of_the_sum: np.abs(a) + np.abs(b) -> np.abs(a + b)
    The difference is divided by |a + b|, which is 0 where the signs differ. Take |a| + |b|.

signed_difference: np.abs(a - b) -> a - b
    or np.abs(a - b) -> b - a
    The difference keeps its sign, and where it is negative it does not count: |a - b|.

sizes_subtracted: np.abs(a - b) -> np.abs(np.abs(a) - np.abs(b))
    The sizes are subtracted, ||a| - |b||: a wrong sign does not show. Subtract first: |a - b|.
floor_missing: np.maximum(1e-8, np.abs(a) + np.abs(b)) -> np.abs(a) + np.abs(b)
    0 / 0 is nan where both are 0: divide by the larger of 1e-8 and |a| + |b|.
floor_added (detail): np.maximum(1e-8, np.abs(a) + np.abs(b)) -> np.abs(a) + np.abs(b) + 1e-8
    1e-8 is added to |a| + |b|. It is a floor: the larger of the two, np.maximum.
absolute_error (core): np.abs(a - b) / size -> np.abs(a - b)
    This is the absolute difference. Divide by the size, |a| + |b|.
squared: np.abs(a - b) / size -> (a - b) ** 2 / size
    The difference is squared. Asked for is its size: |a - b|.

of_norms:
    np.abs(a - b) / size -> _norm(a - b) / max(1e-8, _norm(a) + _norm(b))
    Norms of whole arrays are compared: large entries hide what is wrong in small ones. Divide entry by entry, then take
    the largest.

largest_over_largest: np.max(np.abs(a - b) / size) -> np.max(np.abs(a - b)) / np.max(size)
    The largest difference is divided by the largest size: they belong to different entries. Divide first, then take the
    largest.

not_reduced: np.max(np.abs(a - b) / size) -> np.abs(a - b) / size
    One number for each entry comes back. Asked for is the largest, np.max.
""")
MISTAKES += [
    Slip("other_floor", {"1e-8": str(tiny)}, "The floor is another one than 1e-8.", degree="detail")
    for tiny in (1e-4, 1e-5, 1e-6, 1e-7, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, 1e-300)
]


@alternative
def with_loops(a, b):
    worst = 0.0
    for p, q in zip(np.ravel(a).tolist(), np.ravel(b).tolist(), strict=True):
        worst = max(worst, abs(p - q) / max(abs(p) + abs(q), 1e-8))
    return worst


@alternative
def through_sums(a, b):
    """|a| + |b| is the larger of |a + b| and |a - b|."""
    a, b = np.asarray(a), np.asarray(b)
    size = np.maximum(np.abs(a + b), np.abs(a - b))
    return np.sort(np.abs(a - b) / size.clip(min=1e-8), axis=None)[-1]


HINTS = [
    "For one pair of numbers first: how far are they apart, and relative to what? What if both are 0?",
    "np.abs and np.maximum work entry by entry, np.max takes the largest of all. The floor goes into the denominator.",
    "`np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))`.",
]
