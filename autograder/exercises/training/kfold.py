"""kfold: every sample validates once, and trains in all other folds.

Yields k pairs (train, val) of index arrays for 2 <= k <= n: shuffled by rng, sizes of val differ by at most one, train
is all the rest (lecture 001). Reference: sklearn.model_selection.KFold(shuffle=True); the order inside an array is
free, and so is which folds have one more. Judged by properties, never by one sequence of draws.
"""

import numpy as np

from autograder.exercises.training._folds import ask
from autograder.judge import Case, Procedure, alternative, mistake, remembering, slips

EXERCISE = Procedure(
    ask=ask,
    section="5 · How well it does",
    cases=[
        Case("every sample validates once", sizes=[(12, 3), (20, 5), (8, 2)], weight=3),
        Case("n that k does not divide: sizes differ by at most one", sizes=[(11, 4), (14, 5), (23, 6)], weight=3),
        Case("each its own fold, k = n", sizes=[(5, 5), (2, 2), (3, 3)], weight=0.5),
        Case("shuffled by rng, anew at each call", property="order", weight=6),
        Case("any two samples may share a fold", property="uniform", weight=4.5),
    ],
)


def right(n, k, rng):
    order = rng.permutation(n)
    folds = np.array_split(order, k)
    for i in range(k):
        val = folds[i]
        train = np.concatenate(folds[:i] + folds[i + 1 :])
        yield train, val


MISTAKES = slips("""
val_in_train (core): np.concatenate(folds[:i] + folds[i + 1 :]) -> order
    or np.concatenate(folds[:i] + folds[i + 1 :]) -> np.arange(n)
    or folds[i + 1 :] -> folds[i:]
    Samples that validate are trained on too, so they say nothing about new ones. train is all the rest.
folds_overlap: folds[i] -> rng.permutation(n)[: n // k]
    train = np.concatenate(folds[:i] + folds[i + 1 :]) -> train = np.setdiff1d(order, val)
    or np.array_split(order, k) -> [np.array_split(rng.permutation(n), k)[j] for j in range(k)]
    np.concatenate(folds[:i] + folds[i + 1 :]) -> np.setdiff1d(order, val)
    The folds overlap: some samples validate more than once, others never. Shuffle once, not anew for each fold, then
    cut into k parts.
remainder_left_out: np.array_split(order, k) -> [order[j * (n // k) : (j + 1) * (n // k)] for j in range(k)]
    or np.array_split(order, k) -> [order[j * (n // k) : (j + 1) * (n // k)] for j in range(k)]
    np.concatenate(folds[:i] + folds[i + 1 :]) -> np.setdiff1d(order, val)
    What n / k leaves over never validates. Every sample does, once.
remainder_in_the_last: np.array_split(order, k) -> np.split(order, [j * (n // k) for j in range(1, k)])
    All that n / k leaves over is in one fold. The sizes differ by at most one: `np.array_split`.
no_shuffle (core): rng.permutation(n) -> np.arange(n)
    The samples are not shuffled. In a file that is sorted by class a fold is then one class.
swapped (core): yield train, val -> yield val, train
    train and val are swapped: one part validates, and all others are trained on.
same_draw_each_call: rng.permutation(n) -> np.random.default_rng(0).permutation(n)
    or rng.permutation(n) -> __import__("copy").deepcopy(rng).permutation(n)
    The folds are the same in every call. Draw from `rng` itself: no new generator with a fixed seed, no copy.
global_generator: rng.permutation(n) -> np.random.permutation(n)
    or rng.permutation(n) -> np.random.default_rng().permutation(n)
    Two generators with the same seed give different folds: the order does not come from `rng` alone.
one_fold_less: range(k) -> range(k - 1)
    or range(k) -> range(1, k)
    A fold is missing. There are k of them.
one_fold_alone: range(k) -> range(1)
    Only one pair comes back. There are k.
k_is_the_size: -> k = max(2, n // k)
    k is taken for the size of a fold. It is their number.
train_incomplete: np.concatenate(folds[:i] + folds[i + 1 :]) -> folds[(i + 1) % k]
    Samples are missing in train: it is all that does not validate.
masks: yield train, val -> yield ~np.isin(np.arange(n), val), np.isin(np.arange(n), val)
    Masks come back. Index arrays are asked for: `np.flatnonzero(mask)`.
not_uniform: rng.permutation(n) -> np.roll(np.arange(n), rng.integers(n))
    Neighbours stay together: the order is only moved round. Shuffle it.
""")


@mistake(
    "The folds are the same samples in each call, and only their order is drawn. Shuffle the samples.",
    name="not_uniform",
)
def folds_in_random_order(n, k, rng):
    folds = np.array_split(np.arange(n), k)
    for i in rng.permutation(k):
        yield np.setdiff1d(np.arange(n), folds[i]), folds[i]


@remembering(
    "The folds of an earlier call change when the next one is made: they are slices of an order that is kept and "
    "shuffled again. Make a new order at each call.",
    degree="detail",
)
def overwrites_earlier_result():
    kept = {}

    def kfold(n, k, rng):
        order = kept.setdefault(n, np.arange(n))
        rng.shuffle(order)
        folds = np.array_split(order, k)
        return [(np.setdiff1d(np.arange(n), fold), fold) for fold in folds]

    return kfold


@alternative
def by_remainders(n, k, rng):
    """Fold i has every k-th sample of the order, as a list of pairs."""
    order = np.argsort(rng.random(n))
    return [[np.delete(order, np.s_[i::k]), order[i::k]] for i in range(k)]


@alternative
def by_labels(n, k, rng):
    """Each sample draws the number of its fold, and train is a mask's indices."""
    fold = np.arange(n) % k
    rng.shuffle(fold)
    for i in reversed(range(k)):
        yield np.flatnonzero(fold != i), np.flatnonzero(fold == i)


HINTS = [
    "One random order of all samples, cut into k parts. What validates in the i-th round, and what trains?",
    "`np.array_split(rng.permutation(n), k)` gives k parts whose sizes differ by at most one. The i-th validates; all "
    "others, put together with `np.concatenate`, train.",
    "`for i in range(k): yield np.concatenate(folds[:i] + folds[i + 1:]), folds[i]`.",
]
