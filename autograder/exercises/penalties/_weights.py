"""What the penalties share: weights of any shape, what is asked of a value and its gradient."""

import numpy as np

from autograder.judge import Case, slips


def draw(rng, case):
    """Weights and a strength.

    Options: `shape`; `lam`, a number; `names`, further arguments with their values; `zeros` puts zeros among the
    weights, `sizes` multiplies them, `small` makes a third of them 1e-4 in size.
    """
    shape = case.get("shape", (4, 3))
    w = np.asarray(rng.standard_normal(shape) * case.get("sizes", 1.0))
    if case.get("zeros") and w.size > 2:
        w.flat[rng.permutation(w.size)[: max(1, w.size // 4)]] = 0.0
    if case.get("small") and w.size:
        w = np.where(rng.random(shape) < 0.4, np.sign(w) * 1e-4, w)
    return {"w": w, "lam": case.get("lam", 0.3), **case.get("others", {})}, {}


FORMS = [{"shape": shape} for shape in ((4, 4), (1, 5), (3, 1), (1,), (), (2, 3, 2))]


def cases(**others):
    """The cases of a penalty; `others` are further arguments with their values."""
    given = {"others": others} if others else {}
    return [
        Case("a vector", shape=(6,), lam=0.3, **given, weight=2),
        Case("a matrix", shape=(4, 5), lam=0.7, **given, weight=3),
        Case("a square matrix", shape=(4, 4), lam=1.5, **given),
        Case("kernels, (out, in, rows, columns)", shape=(3, 2, 4, 5), lam=0.02, **given),
        Case("weights that are 0", shape=(5, 4), lam=0.5, zeros=True, **given, weight=6),
        Case("weights of 1e-4", shape=(5, 4), lam=0.5, small=True, **given),
        Case("large weights", shape=(3, 4), lam=0.1, sizes=1e3, **given),
        Case("lam = 0: nothing", shape=(3, 4), lam=0.0, **given, weight=0.5),
    ]


MANNERS = slips("""
lam_missing: return value, grad -> return value / lam if lam else value, grad / lam if lam else grad
    `lam` is not used: it multiplies the value and the gradient.
lam_missing: return value, grad -> return value / lam if lam else value, grad
    `lam` is missing in the value.
lam_missing: return value, grad -> return value, grad / lam if lam else grad
    `lam` is missing in the gradient.
mean: return value, grad -> return value / max(w.size, 1), grad / max(w.size, 1)
    or return value, grad -> return value / max(w.size, 1), grad
    The penalty is averaged over the weights. It is their sum.
negative_gradient: return value, grad -> return value, -grad
    The gradient has the wrong sign: it points uphill.
summed_gradient: return value, grad -> return value, np.full_like(w, grad.sum())
    The gradient is summed up. Each weight has its own.
order_swapped: return value, grad -> return grad, value
    The results come back in another order than asked for: value, grad.
in_place (detail): -> given = w; w = w.copy(); given *= lam
    The caller's weights are overwritten: `w *= ...`. Make a new array.
""")
