"""clip_grad_norm: all gradients together no longer than max_norm.

total = sqrt of the sum of squares over all arrays; each array times min(1, max_norm / (total + 1e-6)), the same factor
for all, so that the direction stays; total is that before clipping (Pascanu, Mikolov and Bengio 2013, algorithm 1).
Reference: torch.nn.utils.clip_grad_norm_, whose 1e-6 it is.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    """Gradients of total norm `total`, and max_norm. Options: `shapes`, by name; `spread`: sizes differ; `zero`."""
    shapes = case.get("shapes", {"W1": (4, 3), "b1": (3,)})
    grads = {name: np.asarray(rng.standard_normal(shape)) for name, shape in shapes.items()}
    for k, name in enumerate(grads):
        grads[name] = np.asarray(grads[name] * case.get("spread", 3.0) ** k)
    total = np.sqrt(sum((grad**2).sum() for grad in grads.values()))
    size = 0.0 if case.get("zero") else case.get("total", 300.0) / total
    grads = {name: np.asarray(grad * size) for name, grad in grads.items()}
    return {"grads": grads, "max_norm": case.get("max_norm", 40.0)}, {}


def reference(grads, max_norm):
    leaves = {name: torch.zeros_like(grad, requires_grad=True) for name, grad in grads.items()}
    for name, leaf in leaves.items():
        leaf.grad = grads[name].clone()
    total = torch.nn.utils.clip_grad_norm_(list(leaves.values()), max_norm)
    return {name: leaf.grad for name, leaf in leaves.items()}, float(total)


THREE = {"W1": (3, 5), "b1": (5,), "W2": (5, 2)}
EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("grads", "total_norm"),
    section="6 · A step that is too long",
    typical={"total": 300.0, "max_norm": 40.0},
    wide=("grads",),
    forms=[
        {"shapes": {"W": (4, 4), "V": (4, 4)}},
        {"shapes": {"W": (1, 5), "b": (1,)}},
        {"shapes": {"b": (3,)}},
        {"shapes": {"scale": (), "b": (2,)}},
        {"shapes": {"kernel": (2, 3, 2, 2), "b": (2,)}},
    ],
    # Totals of some hundreds: the 1e-6 shows in its own case alone.
    cases=[
        Case("long gradients are made shorter", shapes=THREE, total=300.0, max_norm=40.0, weight=3),
        Case("short ones stay as they are", shapes=THREE, total=40.0, max_norm=300.0, weight=4),
        Case("one array", shapes={"w": (6,)}, total=500.0, max_norm=70.0),
        Case("a long array beside short ones: one factor for all", shapes=THREE, spread=30.0, total=900.0, weight=3),
        Case("short ones, total 200, max_norm 1000", shapes=THREE, total=200.0, max_norm=1000.0),
        Case("1e-6 is added to the total that max_norm is divided by", shapes=THREE, total=2e-4, max_norm=3e-5),
        Case("no gradient at all stays 0", shapes=THREE, zero=True, max_norm=1.0, weight=0.5),
        Case("float32: squares of 1e30 are too large for it", total=1e30, max_norm=5.0, dtype="float32", weight=0.5),
    ],
)


def right(grads, max_norm):
    squares = [np.sum(grad.astype(np.float64) ** 2) for grad in grads.values()]
    total_norm = float(np.sqrt(sum(squares)))
    scale = min(1.0, max_norm / (total_norm + 1e-6))
    clipped = {name: grad * scale for name, grad in grads.items()}
    return clipped, total_norm


MISTAKES = slips("""
per_tensor (core): grad * scale -> grad * min(1.0, max_norm / (float(np.sqrt((grad.astype(float) ** 2).sum())) + 1e-6))
    Each array is clipped by a norm of its own, which turns the whole gradient. There is one norm, over all of them, and
    one factor.
by_value (core): grad * scale -> np.clip(grad, -max_norm, max_norm)
    Each number is clipped by itself, which turns the gradient. Multiply all by one factor.
always_scaled: min(1.0, max_norm / (total_norm + 1e-6)) -> max_norm / (total_norm + 1e-6)
    Short gradients are made longer: all come to length max_norm. The factor is at most 1.
never_clipped (core): grad * scale -> 1.0 * grad
    Nothing is clipped.
eps_elsewhere (detail): max_norm / (total_norm + 1e-6) -> max_norm / total_norm if total_norm else 1.0
    or max_norm / (total_norm + 1e-6) -> max_norm / max(total_norm, 1e-6)
    or max_norm / (total_norm + 1e-6) -> max_norm / total_norm + 1e-6 if total_norm else 1.0
    or max_norm / (total_norm + 1e-6) -> (max_norm + 1e-6) / (total_norm + 1e-6)
    or max_norm / (total_norm + 1e-6) -> max_norm / (total_norm + 1e-8)
    or max_norm / (total_norm + 1e-6) -> max_norm / (total_norm + 1e-12)
    or max_norm / (total_norm + 1e-6) -> max_norm / float(np.sqrt(total_norm**2 + 1e-6))
    or max_norm / (total_norm + 1e-6) -> max_norm / (total_norm + max_norm * 1e-6)
    or max_norm / (total_norm + 1e-6) -> max_norm / (total_norm + 1e-5)
    or total_norm + 1e-6 -> total_norm
    or max_norm / (total_norm + 1e-6) -> max_norm / float(np.sqrt(total_norm**2 + 1e-12))
    The 1e-6 is missing, or is another, or stands in another place: it is added to the total norm that max_norm is
    divided by.
eps_in_the_total (detail): float(np.sqrt(sum(squares))) -> float(np.sqrt(sum(squares))) + 1e-6
    or float(np.sqrt(sum(squares))) -> float(np.sqrt(sum(squares))) + 1e-6
    max_norm / (total_norm + 1e-6) -> max_norm / total_norm
    or float(np.sqrt(sum(squares))) -> float(np.sqrt(sum(squares) + 1e-6))
    or float(np.sqrt(sum(squares))) -> float(np.sqrt(sum(squares) + 1e-6))
    max_norm / (total_norm + 1e-6) -> max_norm / total_norm
    The 1e-6 is in the total that comes back. It is added where max_norm is divided by it, and nowhere else.
norm_after_clipping: return clipped, total_norm -> return clipped, total_norm * scale
    The norm that comes back is that after clipping. It is the one before: how long the step would have
    been.
squared_norm: float(np.sqrt(sum(squares))) -> float(sum(squares))
    or return clipped, total_norm -> return clipped, total_norm**2
    The total is a sum of squares, without its root.
sum_of_norms: sum(squares) -> sum(np.sqrt(squares)) ** 2
    The norms of the arrays are added up. Their squares are, and then the root is taken.
largest_norm: sum(squares) -> max(squares)
    The norm is that of the longest array. It is that of all numbers together.
largest_entry: np.sqrt(sum(squares)) -> max(np.abs(grad).max() for grad in grads.values())
    The norm is the largest entry. It is the root of the sum of all squares.
sum_of_sizes: np.sum(grad.astype(np.float64) ** 2) -> np.abs(grad.astype(np.float64)).sum()
    np.sqrt(sum(squares)) -> sum(squares)
    The sizes are added up. Their squares are, and then the root is taken.
mean_of_squares: np.sqrt(sum(squares)) -> np.sqrt(sum(squares) / sum(grad.size for grad in grads.values()))
    or np.sum(grad.astype(np.float64) ** 2) -> np.mean(grad.astype(np.float64) ** 2)
    The squares are averaged. The norm has their sum.
float32_overflow (detail): grad.astype(np.float64) ** 2 -> grad**2
    The squares are made in float32, which ends at 3e38: 1e30 squared is infinite. Square in float64, or divide by the
    largest entry first.
order_swapped: return clipped, total_norm -> return total_norm, clipped
    The results come back in another order than asked for: grads, total_norm.
in_place (detail): return clipped, total_norm -> grads |= clipped; return grads, total_norm
    The caller's gradients are overwritten: `grads[name] *= ...`, or `grads[name] = ...`. Make a new dict of new arrays.
""")


@alternative
def flattened(grads, max_norm):
    flat = np.concatenate([grad.ravel().astype(float) for grad in grads.values()])
    total = np.linalg.norm(flat)
    factor = max_norm / (total + 1e-6)
    if factor > 1:
        return {name: grad.copy() for name, grad in grads.items()}, total
    return {name: (factor * grad).astype(grad.dtype) for name, grad in grads.items()}, total


@alternative
def by_the_largest_entry(grads, max_norm):
    """Scaled by the largest entry, so that no square overflows; clipped only where it is too long."""
    largest = max(float(np.max(np.abs(grad))) for grad in grads.values()) or 1.0
    norms = [float(np.linalg.norm(grad / grad.dtype.type(largest))) for grad in grads.values()]
    total = largest * sum(norm**2 for norm in norms) ** 0.5
    factor = max_norm / (total + 1e-6) if total > max_norm else 1.0
    return [{name: grad * factor for name, grad in grads.items()}, total]


HINTS = [
    "How long is the gradient of the whole network, as one long vector? And may each array have a factor of its own?",
    "Add up the squares over all arrays (in float64), take the root. The factor is max_norm / (total + 1e-6), and at "
    "most 1.",
    "`total = np.sqrt(sum(np.sum(g.astype(float) ** 2) for g in grads.values()))`, `scale = min(1.0, max_norm / "
    "(total + 1e-6))`; with `float(total)` the arrays keep their dtype.",
]
