"""magnitude_prune: the smallest weights go.

The int(sparsity * w.size) entries that are smallest in size, over the whole array, become 0 (Han et al. 2015; lecture
004's sparsification). Reference: torch.nn.utils.prune.l1_unstructured with that number as its amount.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, mistake, slips, torch


def draw(rng, case):
    """Weights of different sizes, no two alike but zeros, of which `zeros` says the share."""
    shape = case.get("shape", (5, 8))
    w = np.asarray(rng.standard_normal(shape))
    n = w.size
    # Sizes that lie apart: no rounding decides which is the smaller one.
    w = np.sign(w) * (rng.permutation(n).reshape(shape) + 1.0 + rng.uniform(-0.3, 0.3, shape)) / max(n, 1)
    w = np.asarray(w)
    if case.get("zeros"):
        w.flat[rng.permutation(n)[: int(case.get("zeros") * n)]] = 0.0
    return {"w": w, "sparsity": case.get("sparsity", 0.5)}, {}


def reference(w, sparsity):
    from torch.nn.utils import prune

    count = int(sparsity * w.numel())
    if count == 0:
        return w
    module = torch.nn.Module()
    module.register_parameter("weight", torch.nn.Parameter(w.reshape(-1).clone()))
    prune.l1_unstructured(module, "weight", amount=count)
    return module.weight.detach().reshape(w.shape)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("w",),
    section="11 · Fewer weights",
    typical={"shape": (5, 8), "sparsity": 0.5},
    forms=[{"shape": s} for s in ((4, 4), (1, 8), (4, 1), (2,), (2, 3, 2, 2))],
    # Ties would make the choice arbitrary, and numbers of any size reach below rounding.
    standard=("float32", "shapes", "layout", "inputs", "again"),
    cases=[
        Case("half of them", shape=(5, 8), sparsity=0.5, weight=2),
        Case("a quarter", shape=(4, 8), sparsity=0.25, weight=2),
        Case("three quarters of a vector", shape=(16,), sparsity=0.75),
        Case("a number that is not whole is cut off", shape=(5, 7), sparsity=0.3, weight=2),
        Case("0.29 of 100: int(28.999...) is 28", shape=(10, 10), sparsity=0.29, weight=0.5),
        Case("kernels: over the whole array", shape=(3, 2, 4, 4), sparsity=0.5, weight=2),
        Case("zeros that are there already count", shape=(6, 8), sparsity=0.5, zeros=0.25),
        Case("sparsity = 0: none", shape=(3, 4), sparsity=0.0, weight=0.5),
        Case("sparsity = 1: all", shape=(3, 4), sparsity=1.0, weight=0.5),
    ],
)


def right(w, sparsity):
    count = int(sparsity * w.size)
    order = np.argsort(np.abs(w).ravel(), kind="stable")
    pruned = w.copy().ravel()
    pruned[order[:count]] = 0
    return pruned.reshape(w.shape)


MISTAKES = slips("""
smallest_in_value (core): np.abs(w).ravel() -> w.ravel()
    The smallest in value go: the most negative weights, which are large. It is their size that counts.
largest_go (core): order[:count] -> order[len(order) - count:]
    The largest weights go. The smallest ones matter least.
sparsity_stays: order[:count] -> order[: w.size - count]
    `sparsity` is taken as the share that stays. It is the share that becomes 0.
one_fewer: order[:count] -> order[: max(count - 1, 0)]
    One weight fewer than asked for becomes 0.
one_more: order[:count] -> order[: count + 1]
    One weight more than asked for becomes 0.
as_a_threshold: pruned[order[:count]] = 0 -> pruned[np.abs(pruned) < sparsity] = 0
    `sparsity` is taken as a threshold for the sizes. It is a share of the weights.
rounded (detail): int(sparsity * w.size) -> int(round(sparsity * w.size))
    or int(sparsity * w.size) -> int(np.ceil(sparsity * w.size))
    The number of weights is rounded, or rounded up. It is int(sparsity * w.size), cut off.
mask_alone (core): return pruned.reshape(w.shape) -> return (pruned != 0).reshape(w.shape).astype(w.dtype)
    The mask comes back, not the weights.
zeros_not_counted (detail): order[:count] -> order[np.abs(w).ravel()[order] > 0][:count]
    Weights that are 0 already are passed over, so that too many go. They count: they are the smallest.
small_to_the_mean: pruned[order[:count]] = 0 -> pruned[order[:count]] = w.mean()
    The small weights become their mean. They become 0.
flattened (detail): return pruned.reshape(w.shape) -> return pruned
    What comes back is flat. It has the shape of w.
in_place (detail): -> given = w; w = w.copy(); given *= 0.5
    The caller's weights are overwritten. Make a copy first.
""")


@mistake("The smallest weights of each row go. They are chosen over the whole array.")
def row_by_row(w, sparsity):
    if w.ndim < 2:
        return w * 1.0 if not int(sparsity * w.size) else _of_a_row(w, sparsity)
    rows = w.reshape(len(w), -1)
    return np.array([_of_a_row(row, sparsity) for row in rows], dtype=w.dtype).reshape(w.shape)


@mistake("The smallest weights of each row go. They are chosen over the whole array.", name="row_by_row")
def along_the_last_axis(w, sparsity):
    return np.apply_along_axis(_of_a_row, -1, w, sparsity) if w.size else w.copy()


def _of_a_row(row, sparsity):
    kept = row.copy()
    kept[np.argsort(np.abs(row), kind="stable")[: int(sparsity * row.size)]] = 0
    return kept


@alternative
def by_partition(w, sparsity):
    count = int(sparsity * w.size)
    if count == 0:
        return np.array(w)
    cut = np.sort(np.abs(w), axis=None)[count - 1]
    return np.where(np.abs(w) <= cut, 0, w).astype(w.dtype)


@alternative
def with_a_loop(w, sparsity):
    places = sorted(np.ndindex(w.shape), key=lambda place: abs(w[place]))
    out = w.copy()
    for place in places[: int(sparsity * w.size)]:
        out[place] = 0.0
    return out


HINTS = [
    "Rank the weights by size. How many of them go?",
    "`np.argsort(np.abs(w).ravel())` has the smallest first; the first int(sparsity * w.size) of a flat copy become 0.",
    "`order = np.argsort(np.abs(w).ravel())`, `flat = w.copy().ravel()`, `flat[order[:count]] = 0`, "
    "`flat.reshape(w.shape)`.",
]
