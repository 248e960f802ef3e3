"""newton_step: the jump to the lowest, or flattest, point of the bowl that slope and curvature describe.

w - d with (H + damping I) d = grad: lecture 001's update, damped as Levenberg (1944) has it. Reference:
torch.linalg.solve. On an ill-conditioned H even right code errs by 1e-7 in d, as an explicit inverse does; what tells
them apart is what is left over, |H d - grad|: 4e-15 |H| |d| at most for every way to solve, 6e-11 and more for the
inverse (Higham 2002, section 14.1).
"""

import numpy as np

from autograder.exercises.second_order._curvature import symmetric
from autograder.judge import Case, Finding, Function, Probe, Script, Want, alternative, mistake, slips, torch

LEFT_OVER = 1e-12


def draw(rng, case):
    n = case.get("n")
    sizes = rng.uniform(0.5, 4.0, n) * case.get("bent", 1.0)
    if case.get("saddle"):
        sizes *= np.where(np.arange(n) % 2, -1, 1)
    H = np.diag(sizes) if case.get("diagonal") else symmetric(rng, sizes)
    keywords = {} if case.get("damping") is None else {"damping": case.get("damping")}
    return {"w": rng.standard_normal(n) + 1.0, "grad": rng.standard_normal(n) + 0.5, "H": H}, keywords


def reference(w, grad, H, damping=0.0):
    return w - torch.linalg.solve(H + damping * torch.eye(len(w), dtype=H.dtype), grad)


def scale(w, grad, H, damping=0.0):
    d = np.linalg.solve(H.astype(float) + damping * np.eye(len(w)), grad.astype(float))
    return {"w": np.abs(w).max() + np.abs(d).max()}


class Newton(Function):
    """A Function, one case of which is judged by what a step leaves over."""

    def probe(self, case, rng):
        return ill_conditioned(case, rng) if case.get("residual") else super().probe(case, rng)


def ill_conditioned(case, rng):
    """Steps from w = 0 with a condition of 1e10: the residual decides, and the values only whether it can be asked."""
    script, drawn = Script(), []
    for n in case.get("residual"):
        H, d = symmetric(rng, np.geomspace(1e-10, 1.0, n) * rng.uniform(1, 2)), rng.standard_normal(n)
        # Of a grad that H makes of an ordinary d: another one has a d so long that nothing is left over of any error.
        grad = H @ d
        drawn.append((H, grad, np.linalg.norm(H, 2), d))
        script.get(script.call(0, np.zeros(n), grad, H, damping=0.0, note=f"n = {n}"), Want("w", None))

    def findings(values):
        for value, (H, grad, size, exact) in zip(values, drawn, strict=True):
            d = -np.asarray(value, float) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else None
            if d is None or d.shape != grad.shape or not np.isfinite(d).all():
                return [Finding("no solution of H d = grad comes back", hides=True)]
            if np.linalg.norm(d - exact) > 1e-3 * np.linalg.norm(exact):
                return [Finding("the step is no solution of H d = grad", hides=True)]
            if np.linalg.norm(H @ d - grad) > LEFT_OVER * size * np.linalg.norm(d):
                return [Finding(mistake="explicit_inverse")]
        return []

    return Probe(script, "newton_step(w, grad, H, damping=0.0)", findings=findings)


EXERCISE = Newton(
    draw=draw,
    reference=reference,
    returns=("w",),
    scale=scale,
    section="2 · Newton: jump to the bottom",
    sizes={"n": "parameters"},
    tied=("w", "grad"),
    wide=("grad",),
    typical={"n": 4, "damping": 0.7},
    cases=[
        Case("a bowl along the axes", n=3, diagonal=True, damping=0.0),
        Case("a turned bowl", n=3, damping=0.0, weight=2),
        Case("one parameter", n=1, damping=0.0, weight=0.5),
        Case("a saddle attracts: that is where the slope is zero", n=4, saddle=True, damping=0.0, weight=3),
        Case("damping on the diagonal", n=3, damping=0.5, weight=3),
        Case("strong damping: a short step downhill", n=5, damping=20.0, weight=3),
        Case("damping smaller than the curvature down", n=4, saddle=True, damping=0.1, weight=4),
        Case("the default damping is 0", n=3, bent=1e-3, weight=0.5),
        Case("solved, not inverted: H d = grad holds at a condition of 1e10", n=3, residual=(8, 12, 20), weight=2),
        Case("float32 with the default damping", about="dtype", n=3, dtype="float32", weight=0.5),
    ],
)


def right(w, grad, H, *, damping=0.0):
    A = H + damping * np.eye(len(w), dtype=H.dtype)
    d = np.linalg.solve(A, grad)
    return w - d


MISTAKES = slips("""
explicit_inverse (detail): np.linalg.solve(A, grad) -> np.linalg.inv(A) @ grad
    or np.linalg.solve(A, grad) -> np.linalg.pinv(A, rcond=1e-15) @ grad
    H is inverted and the inverse multiplied: where H is ill-conditioned, H d is then not grad, by thousands of
    times more than it has to be. Solve the equations in place of that: np.linalg.solve(H, grad).

added (core): w - d -> w + d
    The step goes the wrong way: the solution of H d = grad is *subtracted* from w.
returns_step: w - d -> d
    or w - d -> -d
    The step comes back. Asked for is the new w, w - d.
gradient_descent (core): np.linalg.solve(A, grad) -> grad
    `H` is not used: this is gradient descent with a rate of 1.
multiplies (core): np.linalg.solve(A, grad) -> A @ grad
    grad is multiplied by H. The step solves H d = grad: steep directions are made shorter, not longer.
diagonal_only (core): np.linalg.solve(A, grad) -> grad / np.diag(A)
    grad is divided by the diagonal of H alone. In a turned bowl the other entries count: solve the equations.
elementwise (core): np.linalg.solve(A, grad) -> np.sum(grad / A, axis=1)
    or np.linalg.solve(A, grad) -> grad / A
    Dividing by a matrix goes entry by entry. The step is the solution of H d = grad: np.linalg.solve(H, grad).

damping_on_every_entry: damping * np.eye(len(w), dtype=H.dtype) -> damping
    `H + damping` adds to every entry of the matrix. The damping stands on the diagonal: H + damping * I.
damping_scales_diagonal: damping * np.eye(len(w), dtype=H.dtype) -> damping * np.diag(np.diag(H))
    The damping is multiplied by the diagonal of H. That is Marquardt's; asked for is Levenberg's, damping * I.
damping_subtracted: H + damping * np.eye(len(w), dtype=H.dtype) -> H - damping * np.eye(len(w), dtype=H.dtype)
    The damping is subtracted, which makes curvature smaller and the step longer. It is added: H + damping * I.
damping_on_step:
    H + damping * np.eye(len(w), dtype=H.dtype) -> H
    w - d -> w - d / (1 + damping)
    or H + damping * np.eye(len(w), dtype=H.dtype) -> H
    w - d -> w - (1 - damping) * d
    or H + damping * np.eye(len(w), dtype=H.dtype) -> H
    w - d -> w - damping * d
    The damping shortens the whole step, all directions alike. On the diagonal it shortens the flat ones most.
damping_on_slope:
    H + damping * np.eye(len(w), dtype=H.dtype) -> H
    np.linalg.solve(A, grad) -> np.linalg.solve(A, grad + damping * w)
    The slope has damping * w in it: that is weight decay, which moves the minimum. Damping is in the curvature alone.
damping_ignored: H + damping * np.eye(len(w), dtype=H.dtype) -> H
    `damping` is not used: solve with H + damping * I.
damping_other: H + damping * np.eye(len(w), dtype=H.dtype) -> H + damping**2 * np.eye(len(w), dtype=H.dtype)
    or H + damping * np.eye(len(w), dtype=H.dtype) -> H + 2 * damping * np.eye(len(w), dtype=H.dtype)
    or H + damping * np.eye(len(w), dtype=H.dtype) -> H + damping / 2 * np.eye(len(w), dtype=H.dtype)
    or H + damping * np.eye(len(w), dtype=H.dtype) -> (1 - damping) * H + damping * np.eye(len(w), dtype=H.dtype)
    The matrix is not H + damping * I: damping as it is given goes onto the diagonal, and H stays whole.
default_damping (detail): damping=0.0 -> damping=1e-3
    or damping=0.0 -> damping=1.0
    or damping=0.0 -> damping=1e-4
    or damping=0.0 -> damping=1e-6
    or damping=0.0 -> damping=0.1
    The default of `damping` is another one than 0.0: without it the step is Newton's own.

minimum_of_the_bowl: w - d -> np.linalg.solve(A, H @ w - grad)
    The new w is solved for, (H + damping I) w_new = H w - grad: right only without damping, which then pulls w to 0.
    Solve for the step, and take it from w.
normal_equations:
    H + damping * np.eye(len(w), dtype=H.dtype) -> H @ H + damping * np.eye(len(w), dtype=H.dtype)
    np.linalg.solve(A, grad) -> np.linalg.solve(A, H @ grad)
    The equations are those of least squares, H H d = H grad, so that the damping acts on squared curvatures, and the
    condition too is squared. Solve (H + damping I) d = grad.

column: np.linalg.solve(A, grad) -> np.linalg.solve(A, grad[:, None])
    grad is made a column, and `w - d` then spreads to a matrix, (n, n). np.linalg.solve takes a vector as it is.

in_place (detail):
    A = H + damping * np.eye(len(w), dtype=H.dtype) -> A = H; A[np.diag_indices(len(w))] += damping
    or w - d -> np.subtract(w, d, out=w)
    An argument comes back changed: `H[...] += damping` and `w -= d` write into what the caller still needs. Make a new
    array, H + damping * I, w - d.
changes_dtype (detail): np.eye(len(w), dtype=H.dtype) -> np.eye(len(w))
    Float32 goes in and float64 comes out: np.eye(n) is of float64, even times 0. Make it in the dtype of H,
    np.eye(n, dtype=H.dtype).
""")

SIZES_OF_CURVATURES = (
    "The eigenvalues' signs are lost, so that the step flees the saddle. That is another method (Dauphin et al. 2014, "
    "saddle-free Newton); Newton's step goes wherever the bowl's slope is zero."
)


@mistake(SIZES_OF_CURVATURES, name="no_saddle")
def sizes_of_eigenvalues(w, grad, H, *, damping=0.0):
    values, axes = np.linalg.eigh(H + damping * np.eye(len(w), dtype=H.dtype))
    return w - axes @ ((axes.T @ grad) / np.abs(values))


@mistake(SIZES_OF_CURVATURES, name="no_saddle")
def sizes_before_damping(w, grad, H, *, damping=0.0):
    values, axes = np.linalg.eigh(H)
    return w - axes @ ((axes.T @ grad) / (np.abs(values) + damping)).astype(w.dtype)


@alternative
def by_eigenvectors(w, grad, H, *, damping=0.0):
    values, axes = np.linalg.eigh(H)
    return w - axes @ ((grad @ axes) / (values + damping))


@alternative
def by_qr(w, grad, H, *, damping=0.0):
    A = H.copy()
    A.flat[:: len(w) + 1] += damping
    q, r = np.linalg.qr(A)
    return w - np.linalg.solve(r, q.T @ grad)


@alternative
def refined_inverse(w, grad, H, *, damping=0.0):
    """An inverse whose error is solved for too, until what is left over is rounding."""
    A = H + np.diag(np.full(len(w), damping, H.dtype))
    inverse = np.linalg.inv(A)
    d = inverse @ grad
    for _ in range(3):
        d = d + inverse @ (grad - A @ d)
    return w - d


HINTS = [
    "The bowl's slope at a distance p from w is grad + H p. Where is it zero?",
    "With p = -d: H d = grad, n equations for n numbers. Damping adds to the diagonal of H. There is no need for an "
    "inverse: NumPy solves equations, np.linalg.solve(A, b).",
    "`A = H + damping * np.eye(len(w), dtype=H.dtype)`, and `w - np.linalg.solve(A, grad)`.",
]
