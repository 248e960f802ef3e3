"""relative_error: the largest difference of two arrays, relative to their size.

max |a - b| / max(1e-8, |a| + |b|): the measure by which an analytic gradient is held against a numerical one (lecture
001 lists gradient checking; the form is that of the course CS231n). Reference: the formula in torch.
"""

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake

TINY = 1e-8


def draw(rng, case):
    """Two arrays or numbers.

    Options: `shape`; `size` multiplies both; `apart`: the size of b - a relative to a, `side`: 1 or -1 where b is to be
    the larger or the smaller one everywhere; `zeros`: "both" or "one" begin with zeros; `turned`: b is -a; `kind`
    "numbers" or "ints".
    """
    shape, size = case.get("shape", (6,)), case.get("size", 1.0)
    side = case.get("side") or rng.choice([-1.0, 1.0], shape)
    a = size * rng.standard_normal(shape)
    b = a * (1 + case.get("apart", 0.5) * side * rng.uniform(0.5, 1.0, shape))
    if case.get("turned"):
        b = -a
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
    return ((a - b).abs() / torch.clamp(a.abs() + b.abs(), min=TINY)).max()


def quotient(a, b):
    return np.abs(a - b) / np.maximum(TINY, np.abs(a) + np.abs(b))


def averaged(a, b):
    return np.mean(quotient(a, b))


def summed(a, b):
    return np.sum(quotient(a, b))


def of_the_first(a, b):
    return np.max(np.abs(a - b) / np.maximum(TINY, np.abs(a)))


def of_the_second(a, b):
    return np.max(np.abs(a - b) / np.maximum(TINY, np.abs(b)))


def of_the_larger(a, b):
    return np.max(np.abs(a - b) / np.maximum(TINY, np.maximum(np.abs(a), np.abs(b))))


def sum_of_signed(a, b):
    return np.max(np.abs(a - b) / np.maximum(TINY, np.abs(a + b)))


def signed(a, b):
    return np.max((a - b) / np.maximum(TINY, np.abs(a) + np.abs(b)))


def no_floor(a, b):
    return np.max(np.abs(a - b) / (np.abs(a) + np.abs(b)))


def floor_added(a, b):
    return np.max(np.abs(a - b) / (np.abs(a) + np.abs(b) + TINY))


def absolute(a, b):
    return np.max(np.abs(a - b))


def of_norms(a, b):
    norm = np.linalg.norm
    return norm(np.ravel(a - b)) / max(TINY, norm(np.ravel(a)) + norm(np.ravel(b)))


def largest_over_largest(a, b):
    return np.max(np.abs(a - b)) / np.max(np.maximum(TINY, np.abs(a) + np.abs(b)))


def elementwise(a, b):
    return quotient(a, b)


def other_floor(tiny):
    return lambda a, b: np.max(np.abs(a - b) / np.maximum(tiny, np.abs(a) + np.abs(b)))


def with_loops(a, b):
    worst = 0.0
    for p, q in zip(np.ravel(a).tolist(), np.ravel(b).tolist(), strict=True):
        worst = max(worst, abs(p - q) / max(abs(p) + abs(q), 1e-8))
    return worst


def with_where(a, b):
    size = np.abs(a) + np.abs(b)
    return float((abs(a - b) / np.where(size > 1e-8, size, 1e-8)).max())


def through_hypot(a, b):
    """|a| + |b| is the larger of |a + b| and |a - b|."""
    a, b = np.asarray(a), np.asarray(b)
    size = np.maximum(np.abs(a + b), np.abs(a - b))
    return np.sort(np.abs(a - b) / size.clip(min=1e-8), axis=None)[-1]


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("error",),
    typical={"shape": (6,), "apart": 0.3},
    cases=[
        Case("a few numbers that nearly agree", shape=(6,), apart=1e-3, side=1.0),
        Case("numbers of one sign", shape=(6,), apart=0.8, side=-1.0),
        Case("numbers of any sign", shape=(4,), size=2.0, turned=True),
        Case("matrices", shape=(4, 5), apart=0.1),
        Case("a tensor of four axes", shape=(2, 3, 2, 2), apart=0.5),
        Case("two numbers", shape=(), kind="numbers"),
        Case("two arrays of shape ()", shape=(), apart=0.2),
        Case("whole numbers", shape=(5,), kind="ints"),
        Case("equal arrays: exactly 0", shape=(3, 3), apart=0.0),
        Case("zeros in both: 0, not nan", shape=(6,), apart=0.1, zeros="both"),
        Case("a zero in one of them: 1", shape=(6,), apart=0.1, zeros="one"),
        Case("numbers near the floor, 1e-8", shape=(6,), size=1e-9, apart=0.4, weight=2.0),
        Case("numbers far below it", shape=(6,), size=1e-12, apart=0.4),
        Case("large numbers", shape=(6,), size=1e6, apart=0.4),
    ],
    mistakes=[
        Mistake(
            "mean_not_max", averaged, "The mean over the entries is taken. One wrong entry must show: the largest."
        ),
        Mistake("sum_not_max", summed, "The entries are added up. Asked for is the largest of them."),
        Mistake(
            "relative_to_one",
            of_the_first,
            "The difference is divided by |a| alone. Neither of the two is the truth: |a| + |b|.",
        ),
        Mistake(
            "relative_to_one",
            of_the_second,
            "The difference is divided by |b| alone. Neither of the two is the truth: |a| + |b|.",
        ),
        Mistake(
            "relative_to_larger",
            of_the_larger,
            "The difference is divided by the larger of |a| and |b|, another custom that gives up to twice as much. Here it "
            "is their sum.",
        ),
        Mistake(
            "size_of_the_sum",
            sum_of_signed,
            "The difference is divided by |a + b|, which is 0 where the signs differ. Take |a| + |b|.",
        ),
        Mistake(
            "signed_difference",
            signed,
            "The difference keeps its sign, and where b is larger it does not count: |a - b|.",
        ),
        Mistake(
            "floor_missing",
            no_floor,
            "0 / 0 is nan where both are 0: divide by the larger of 1e-8 and |a| + |b|.",
        ),
        Mistake(
            "floor_added",
            floor_added,
            "1e-8 is added to |a| + |b|. It is a floor: the larger of the two, np.maximum.",
        ),
        *[
            Mistake("other_floor", other_floor(tiny), "The floor is another one than 1e-8.")
            for tiny in (1e-6, 1e-7, 1e-9, 1e-10, 1e-12, 1e-15)
        ],
        Mistake("absolute_error", absolute, "This is the absolute difference. Divide by the size, |a| + |b|."),
        Mistake(
            "of_norms",
            of_norms,
            "Norms of whole arrays are compared: large entries hide what is wrong in small ones. Divide entry by entry, then "
            "take the largest.",
        ),
        Mistake(
            "largest_over_largest",
            largest_over_largest,
            "The largest difference is divided by the largest size: they belong to different entries. Divide first, then take "
            "the largest.",
        ),
        Mistake("not_reduced", elementwise, "One number for each entry comes back. Asked for is the largest, np.max."),
    ],
    alternatives=[with_loops, with_where, through_hypot],
    hints=[
        "For one pair of numbers first: how far are they apart, and relative to what? What if both are 0?",
        "np.abs and np.maximum work entry by entry, np.max takes the largest of all. The floor goes into the denominator.",
        "`np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))`.",
    ],
)
