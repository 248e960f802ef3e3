"""quadratic_model: the value that a bowl through f0, with slope grad and curvature H, has at a distance d.

f0 + grad . d + d . H d / 2: the Taylor expansion to second order of lecture 001. Reference: the sum in torch; the tests
hold it against the value, gradient and Hessian that autograd gives.
"""

import numpy as np

from autograder.exercises.second_order._curvature import symmetric
from autograder.judge import Case, Function, alternative, slips


def draw(rng, case):
    n = case.get("n")
    low, high = case.get("curvatures", (0.5, 4.0))
    H = symmetric(rng, rng.uniform(low, high, n)) * case.get("bent", 1.0)
    grad, d = (rng.standard_normal(n) + 0.3) * case.get("steep", 1.0), rng.standard_normal(n) * case.get("far", 1.0)
    return {"f0": float(rng.uniform(1, 3)) * case.get("high", 1.0), "grad": grad, "H": H, "d": d}, {}


def reference(f0, grad, H, d):
    return f0 + grad @ d + d @ H @ d / 2


def scale(f0, grad, H, d):
    size = np.abs(d)
    return {"value": abs(f0) + np.abs(grad) @ size + size @ np.abs(H) @ size / 2}


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("value",),
    scale=scale,
    section="1 · A bowl under your feet",
    sizes={"n": "parameters"},
    tied=("grad", "d"),
    typical={"n": 4},
    cases=[
        Case("two parameters", n=2),
        Case("one parameter", n=1),
        Case("below zero", n=3, high=-6.0),
        Case("five parameters, some directions curve down", n=5, curvatures=(-3.0, 3.0)),
        Case("a hill: all directions curve down", n=3, curvatures=(-3.0, -0.5)),
        Case("on flat ground: a plane", n=3, bent=0.0, weight=0.5),
        Case("where the slope is zero: curvature alone", n=3, steep=0.0),
        Case("a long step: mostly curvature", n=3, far=30.0),
    ],
)


def right(f0, grad, H, d):
    linear = grad @ d
    bend = d @ (H @ d) / 2
    return f0 + linear + bend


MISTAKES = slips("""
half_missing: d @ (H @ d) / 2 -> d @ (H @ d)
    The 1/2 before d . H d is missing: a slope that grows by H d on the way is H d / 2 on average.
half_of_everything: f0 + linear + bend -> f0 + linear / 2 + bend
    or f0 + linear + bend -> (f0 + linear + 2 * bend) / 2
    The 1/2 belongs to the curvature alone, not to the slope's part.
quarter: d @ (H @ d) / 2 -> d @ (H @ d) / 4
    or d @ (H @ d) / 2 -> d @ (H @ d) / 6
    The curvature's part is too small: its factor is 1/2, that of the second term of Taylor's series.

H_twice: H @ d -> H @ H @ d
    `H` is multiplied twice: the curvature's part is d . (H d) / 2, with one H.
f0_missing: f0 + linear + bend -> linear + bend
    `f0` is missing: what comes out is the change, and the value was asked for.
slope_missing (core): f0 + linear + bend -> f0 + bend
    The slope's part, grad . d, is missing.
curvature_missing (core): f0 + linear + bend -> f0 + linear
    The curvature's part, d . H d / 2, is missing: this is the plane, the expansion to first order.
slope_sign (core): f0 + linear + bend -> f0 - linear + bend
    The slope's part has the wrong sign: along d the value changes by + grad . d.
curvature_sign (core): f0 + linear + bend -> f0 + linear - bend
    The curvature's part has the wrong sign: a bowl that curves up lies above its tangent.

diagonal_only: d @ (H @ d) -> np.sum(np.diag(H) * d**2)
    Only the diagonal of H counts here. The entries beside it say how one direction's slope changes along another.
H_ignored: d @ (H @ d) -> d @ d
    `H` is not used: d . d has the same curvature in every direction.
elementwise: d @ (H @ d) -> np.sum(H * d * d)
    or d @ (H @ d) -> np.sum(H @ d)
    or d @ (H @ d) -> np.sum(d * np.sum(H, axis=0) * d)
    `H * d` multiplies columns by numbers and adds nothing up. The product is H @ d, and d @ (H @ d) one number.
gradient_in_the_curvature: d @ (H @ d) -> grad @ (H @ d)
    or d @ (H @ d) -> grad @ (H @ grad)
    The curvature's part has `grad` in it. It is made of `d` on both sides: d . H d / 2.
d_not_squared: d @ (H @ d) -> np.linalg.norm(H @ d)
    or d @ (H @ d) -> np.sqrt(abs(d @ (H @ d)))
    The curvature's part grows with the square of d: d . H d / 2, no length and no root.

slope_of_the_model (core): f0 + linear + bend -> np.sum(grad + H @ d)
    or f0 + linear + bend -> grad + H @ d
    grad + H d is the *slope* of the bowl at d. Asked for is its value.
one_for_each_entry: grad @ d -> grad * d
    One number for each parameter comes out. A dot product, grad @ d, adds them up.
""")


@alternative
def sums(f0, grad, H, d):
    total = f0
    for i in range(len(d)):
        total += grad[i] * d[i] + sum(d[i] * H[i, j] * d[j] for j in range(len(d))) / 2
    return total


@alternative
def mean_slope(f0, grad, H, d):
    """The slope half way, times the way."""
    return f0 + np.dot(grad + 0.5 * H.dot(d), d)


@alternative
def einsum(f0, grad, H, d):
    return float(f0 + np.einsum("i,i", grad, d) + 0.5 * np.einsum("i,ij,j->", d, H, d))


HINTS = [
    "What would the value be if the ground were a plane? And by how much does the slope itself change along d?",
    "Three parts: `f0`, the slope's `grad @ d`, and the curvature's, half of `d @ H @ d`.",
    "`f0 + grad @ d + d @ H @ d / 2`.",
]
