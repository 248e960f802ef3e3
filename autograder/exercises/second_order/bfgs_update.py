"""bfgs_update: the inverse Hessian as it is known after one more step, s, and change of the gradient, y.

(I - rho s y') H (I - rho y s') + rho s s', rho = 1 / s.y: Nocedal and Wright (2006), (6.17). A pair with s.y at most
1e-10 |s||y| is refused, and H stays: with s.y <= 0 it would no longer be positive definite. Reference: the formula in
torch. torch.optim.LBFGS refuses by s.y <= 1e-10 alone, which refuses every pair of short steps.
"""

import numpy as np

from autograder.exercises.second_order._curvature import symmetric
from autograder.exercises.second_order._pairs import curvature_pair, pair_along_axes, updated
from autograder.judge import Case, Function, alternative, mistake, slips


def draw(rng, case):
    """Options: `cosines`, s.y over |s||y| of each call's pair; `s_size`, `y_size`; `zero`: "s" and "y" that are 0."""
    n, calls = case.get("n"), []
    for cosine in case.get("cosines", (None,)):
        H = np.diag(rng.uniform(0.3, 3.0, n)) if case.get("diagonal") else symmetric(rng, rng.uniform(0.3, 3.0, n))
        if cosine is None:
            s, y = curvature_pair(rng, n, short=case.get("s_size", 1.0))
        else:
            s, y = pair_along_axes(rng, n, cosine, s_size=case.get("s_size", 1.0), y_size=case.get("y_size", 1.0))
        calls.append(({"H_inv": H, "s": s, "y": y}, {}))
    for zero in case.get("zero", ()):
        H, (s, y) = symmetric(rng, rng.uniform(0.3, 3.0, n)), curvature_pair(rng, n)
        calls.append(({"H_inv": H, "s": 0 * s if "s" in zero else s, "y": 0 * y if "y" in zero else y}, {}))
    return calls


EXERCISE = Function(
    draw=draw,
    reference=updated,
    returns=("H_inv",),
    section="3 · BFGS: learn the curvature on the way",
    sizes={"n": "parameters"},
    # A symmetric matrix with other numbers in it is none; the pairs' sizes and zeros are cases of their own.
    standard=("float32", "shapes", "layout", "inputs", "again"),
    typical={"n": 4},
    cases=[
        Case("two parameters", n=2, weight=4),
        Case("five parameters", n=5, weight=8),
        Case("one parameter: H_inv is s / y", n=1, weight=0.5),
        Case("a diagonal H_inv", n=3, diagonal=True, weight=4),
        Case("a hundred parameters", n=100),
        Case("short steps, 1e-7: nothing depends on the units", n=4, s_size=1e-7, weight=6),
        Case("s.y negative or 0: H_inv stays as it is", n=4, cosines=(-0.9, -0.2, -1e-6, 0.0), weight=14),
        Case("s.y at most 1e-10 |s||y|: H_inv stays", n=3, cosines=(1e-12, 8e-11), s_size=5.0, y_size=40.0, weight=2),
        Case("no step, or no change of slope: H_inv stays", n=3, cosines=(), zero=("s", "y", "sy")),
        Case(
            "s.y above that is taken, if s and y are small",
            n=3,
            cosines=(1e-6, 0.5),
            s_size=1e-5,
            y_size=1e-4,
            weight=3,
        ),
        Case("y much smaller than s: taken", n=4, cosines=(1e-6, 0.8), y_size=1e-5, weight=0.5),
        Case("y much larger than s: taken", n=4, cosines=(1e-6, 0.8), y_size=1e5, weight=0.5),
        Case("just above 1e-10: taken", n=2, cosines=(1.25e-10, 1e-8), weight=0.5),
    ],
)


def right(H_inv, s, y):
    curvature = s @ y
    least = 1e-10 * np.linalg.norm(s) * np.linalg.norm(y)
    if curvature <= least:
        return H_inv
    rho = 1 / curvature
    identity = np.eye(len(s), dtype=s.dtype)
    left = identity - rho * np.outer(s, y)
    middle = left @ H_inv @ left.T
    return middle + rho * np.outer(s, s)


MISTAKES = slips("""
no_condition: if curvature <= least: return H_inv ->
    or curvature <= least -> curvature == 0
    The curvature condition is not asked: with s.y <= 0 the update makes an H_inv that points uphill, and near 0 one of
    huge numbers. Where s.y <= 1e-10 |s||y|, return H_inv as it is.
only_positive (detail): curvature <= least -> curvature <= 0
    A pair is refused for s.y <= 0 alone. Just above 0 it is mostly rounding: the bound is 1e-10 |s||y|.
size_of_the_curvature: curvature <= least -> abs(curvature) <= least
    The *size* of s.y is compared, so that a negative one passes. Negative curvature is just what has to be refused.
absolute_threshold (detail): least = 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> least = 1e-10
    or least = 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> least = 1e-12
    or least = 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> least = 1e-8
    s.y is held against a fixed number (as PyTorch does): near the minimum every step is short, and all pairs
    are refused. Compare with 1e-10 |s||y|, which has the same unit.
other_threshold (detail): 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-10 * (s @ s)
    or 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-10 * (y @ y)
    or 1e-10 * np.linalg.norm(s) -> 1e-8 * np.linalg.norm(s)
    or 1e-10 * np.linalg.norm(s) -> 1e-6 * np.linalg.norm(s)
    or 1e-10 * np.linalg.norm(s) -> 1e-12 * np.linalg.norm(s)
    or 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-10 * np.linalg.norm(s)
    or 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-10 * np.linalg.norm(y)
    or 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-10 * (np.linalg.norm(s) + np.linalg.norm(y))
    The bound is another one than 1e-10 |s||y|: the lengths of both, s and y, belong to it, each once.
zero_slips_through (detail): curvature <= least -> curvature < least
    s = 0 or y = 0 is not refused: 0 < 0 is false, and 1 / s.y divides by 0. Ask for `<=`.

identity_where_refused: return H_inv -> return np.eye(len(s), dtype=s.dtype)
    or return H_inv -> return np.zeros_like(H_inv)
    Where the pair is refused all that was learned is thrown away. Return H_inv as it is.
none_where_refused: return H_inv -> return None
    Where the pair is refused, None comes back. Return H_inv as it is.

swapped (core):
    np.outer(s, y) -> np.outer(y, s)
    np.outer(s, s) -> np.outer(y, y)
    s and y have changed places: that is the update of the Hessian itself (DFP's formula for it). The *inverse* has to
    give s back for y.
transposed: left @ H_inv @ left.T -> left.T @ H_inv @ left
    The factors stand the wrong way round. On the left belongs (I - rho s y'), on the right (I - rho y s'). Test it: the
    new H_inv times y must be s.
one_sided: left @ H_inv @ left.T -> left @ H_inv
    or left @ H_inv @ left.T -> H_inv @ left.T
    or left @ H_inv @ left.T -> left @ H_inv @ left
    H_inv has one factor where it needs two: (I - rho s y') on the left, (I - rho y s') on the right.
rank_one_missing (core): middle + rho * np.outer(s, s) -> middle
    rho s s' is missing: what the pair says, that y becomes s, is put nowhere.
rank_one_without_rho: rho * np.outer(s, s) -> np.outer(s, s)
    or rho * np.outer(s, s) -> np.outer(s, s) * curvature
    or rho * np.outer(s, s) -> rho**2 * np.outer(s, s)
    s s' is not multiplied by rho: rho s s'.
rank_one_of_y: rho * np.outer(s, s) -> rho * np.outer(y, y)
    or rho * np.outer(s, s) -> rho * np.outer(s, y)
    or rho * np.outer(s, s) -> rho * np.outer(y, s)
    The part that is added is rho s s'. With y in it, it belongs to the Hessian, not to its inverse.
rank_one_subtracted: middle + rho * np.outer(s, s) -> middle - rho * np.outer(s, s)
    rho s s' is subtracted. It is added: the inverse Hessian has to be positive along s.
dot_for_outer (core): np.outer(s, s) -> s @ s
    or np.outer(s, y) -> s @ y
    or rho * np.outer(s, s) -> rho * s * s
    A product gives one number, or one for each entry, where a matrix belongs: s s' is np.outer(s, s).
rho_sign: identity - rho * np.outer(s, y) -> identity + rho * np.outer(s, y)
    The factors are I - rho s y' and I - rho y s', with a minus.

rho_of_y: 1 / curvature -> 1 / (y @ y)
    or 1 / curvature -> 1 / (s @ s)
    or 1 / curvature -> curvature / (y @ y)
    rho is 1 / s.y: the product of both, not of y, or s, with itself.
rho_upside_down: 1 / curvature -> curvature
    rho is 1 / s.y, not s.y.

rescaled: left @ H_inv @ left.T -> left @ (curvature / (y @ y) * H_inv) @ left.T
    or left @ H_inv @ left.T -> left @ (curvature / (y @ y) * identity) @ left.T
    H_inv is scaled, or begun anew, with s.y / y.y. That is L-BFGS's start; BFGS keeps what it has learned.

changes_dtype (detail): np.eye(len(s), dtype=s.dtype) -> np.eye(len(s))
    Float32 goes in and float64 comes out: np.eye(n) is of float64. Make it in the dtype of s, np.eye(n, dtype=s.dtype).
""")


@mistake("This is DFP's formula, BFGS's elder sibling: s and y satisfy it too, but H_inv is another one.", name="dfp")
def davidon_fletcher_powell(H_inv, s, y):
    if s @ y <= 1e-10 * np.linalg.norm(s) * np.linalg.norm(y):
        return H_inv
    Hy = H_inv @ y
    return H_inv - np.outer(Hy, Hy) / (y @ Hy) + np.outer(s, s) / (s @ y)


DIRECT = (
    "This updates the Hessian, B + y y' / s.y - B s s' B / s.B s. H_inv is its *inverse*, and needs the other formula."
)


@mistake(DIRECT, name="hessian_itself", degree="core")
def update_of_the_hessian(H_inv, s, y):
    if s @ y <= 1e-10 * np.linalg.norm(s) * np.linalg.norm(y):
        return H_inv
    Bs = H_inv @ s
    return H_inv - np.outer(Bs, Bs) / (s @ Bs) + np.outer(y, y) / (s @ y)


@mistake(
    "H_inv comes back changed: `H_inv += ...` writes into what the caller still has. Make a new array.", degree="detail"
)
def in_place(H_inv, s, y):
    H_inv[...] = right(H_inv, s, y)
    return H_inv


@mistake(
    "This is the symmetric update of rank one (SR1): one outer product, of s - H_inv y. It gives s back for y too, and "
    "need not stay positive definite. BFGS corrects with two factors, and has rank two.",
    degree="core",
)
def symmetric_rank_one(H_inv, s, y):
    missing = s - H_inv @ y
    if s @ y <= 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) or not missing @ y:
        return H_inv
    return H_inv + np.outer(missing, missing) / (missing @ y)


@alternative
def multiplied_out(H_inv, s, y):
    sy, Hy = s.dot(y), H_inv.dot(y)
    if sy > 1e-10 * np.sqrt(s.dot(s)) * np.sqrt(y.dot(y)):
        cross = np.outer(Hy, s)
        return H_inv + (1 + y.dot(Hy) / sy) / sy * np.outer(s, s) - (cross + cross.T) / sy
    return H_inv.copy()


@alternative
def with_columns(H_inv, s, y):
    s, y = s[:, None], y[:, None]
    sy = (s.T @ y).item()
    if sy <= 1e-10 * (np.linalg.norm(s) * np.linalg.norm(y)):
        return H_inv
    V = np.identity(len(s), dtype=s.dtype) - y @ s.T / sy
    return V.T @ H_inv @ V + s @ s.T / sy


HINTS = [
    "Ask first whether the pair can be trusted: s.y against 1e-10 |s||y|. If not, nothing changes.",
    "With rho = 1 / s.y and V = I - rho y s', the update is V' H_inv V + rho s s'. np.outer(y, s) is the matrix y s'. "
    "Multiply the result with y: it must give s.",
    "`left = np.eye(len(s), dtype=s.dtype) - rho * np.outer(s, y)`, then "
    "`left @ H_inv @ left.T + rho * np.outer(s, s)`.",
]
