"""minibatches: the index arrays of one epoch, shuffled, each sample once.

Judged by what any right implementation gives, never by one sequence of draws (lectures 001, 002: sampling a batch;
without replacement within an epoch, as torch.utils.data.DataLoader(shuffle=True) does).
"""

import numpy as np

from autograder.exercises.sgd._epochs import ask
from autograder.judge import Case, Procedure, alternative, remembering, slips

EXERCISE = Procedure(
    ask=ask,
    section="4 · Mini-batches: a cheap, noisy slope",
    cases=[
        Case("every sample once, in full batches", sizes=[(12, 4), (30, 5), (8, 1)]),
        Case("the last batch may be short", sizes=[(10, 4), (13, 5), (7, 3)], weight=2),
        Case("one batch, and a batch larger than the data", sizes=[(6, 6), (5, 8), (1, 4)]),
        Case("shuffled by rng, anew in each epoch", property="order", weight=4),
        Case("every order is as likely", property="uniform", weight=3),
    ],
)


def right(n, batch_size, rng):
    order = rng.permutation(n)
    for start in range(0, n, batch_size):
        end = start + batch_size
        yield order[start:end]


MISTAKES = slips("""
drops_last_batch: range(0, n, batch_size) -> range(0, n - batch_size + 1, batch_size)
    The samples that do not fill a batch are dropped. The last batch may be short: every sample belongs to the epoch.
fills_last_batch: order[start:end] -> np.take(order, range(start, end), mode="wrap")
    The last batch is filled up with samples that were shown already. It may be short: each comes exactly once.

last_batch_first (detail):
    range(0, n, batch_size) -> range(-(-n % batch_size), n, batch_size)
    order[start:end] -> order[max(start, 0) : end]
    The short batch is not the last one.

wrong_batch_size: -> batch_size = -(-n // batch_size)
    A batch has another size than `batch_size`, the number of samples in it; only the last one may be shorter.
no_shuffle (core): rng.permutation(n) -> np.arange(n)
    The indices come in order. Shuffle them first: neighbours in a file are rarely independent.

same_order_each_epoch: rng.permutation(n) -> np.random.default_rng(0).permutation(n)
    A second epoch with the same generator comes in the same order. Draw from `rng` itself at each call (no new
    generator, no copy, no fixed seed).

global_generator: rng.permutation(n) -> np.random.permutation(n)
    or rng.permutation(n) -> np.random.default_rng().permutation(n)
    Two generators with the same seed give different batches: the order does not come from `rng` alone
    (np.random.shuffle and its kind draw from a global state; an order kept from an earlier call has a say too).

with_replacement: rng.permutation(n) -> rng.integers(0, n, n)
    or order[start:end] -> rng.choice(n, min(batch_size, n - start), replace=False)
    Some samples come twice in one epoch and others never: draw a permutation, not random indices.

shuffles_batches_only:
    rng.permutation(n) -> np.arange(n)
    range(0, n, batch_size) -> sorted(range(0, n, batch_size), key=lambda k: rng.random() + (k + batch_size > n))
    The same samples always share a batch: whole batches are shuffled, not the samples. Shuffle first, then cut.

shuffles_within_batches:
    rng.permutation(n) -> np.arange(n)
    order[start:end] -> rng.permutation(order[start:end])
    The same samples always share a batch: each batch is shuffled by itself. Shuffle all indices first, then cut.

not_uniform: rng.permutation(n) -> np.roll(np.arange(n), rng.integers(1, n) if n > 1 else 0)
    Some orders come far more often than others: shuffle all indices, each order equally likely.

reuses_buffer:
    order = rng.permutation(n) -> order, batch = rng.permutation(n), np.empty(n, int)
    yield order[start:end] -> size = min(end, n) - start; batch[:size] = order[start:end]; yield batch[:size]
    All batches of an epoch, kept in a list, are the same in the end: one array is filled again for each. Yield a new
    array each time (a slice of the order is enough).
""")


@remembering(
    "The batches of an earlier epoch change when the next one is drawn, or one that was written into comes back: they "
    "are slices of an order that is kept and shuffled again. Make a new order at each call.",
    degree="detail",
)
def overwrites_earlier_result():
    kept = {}

    def minibatches(n, batch_size, rng):
        order = kept.setdefault(n, np.arange(n))
        rng.shuffle(order)
        return np.split(order, range(batch_size, n, batch_size))

    return minibatches


@alternative
def shuffled_list(n, batch_size, rng):
    order = list(range(n))
    rng.shuffle(order)
    return [np.array(order[start : start + batch_size]) for start in range(0, n, batch_size)]


@alternative
def sorted_random_keys(n, batch_size, rng):
    order = np.argsort(rng.random(n))
    while len(order):
        batch, order = order[:batch_size], order[batch_size:]
        yield batch


HINTS = [
    "An epoch is a random order of all n indices, cut into pieces. Which comes first, shuffling or cutting?",
    "`rng.permutation(n)` is the order. A `range` with step `batch_size` gives where the pieces start, and a slice "
    "that runs past the end is just shorter.",
    "`order = rng.permutation(n)`, then `for start in range(0, n, batch_size): yield order[start:start + batch_size]`.",
]
