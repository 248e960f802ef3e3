"""What `minibatches` is asked: properties of epochs that any right implementation has, never one sequence of draws."""

import itertools
from functools import partial

import numpy as np

from autograder.judge import Finding, Script, Want
from autograder.judge.chance import counts_are_off
from autograder.judge.parts import probe, reported

# Indices in one batch, whose size is at most 120 here: in int64 more would not pass the wire.
_MOST = 10_000
_INCOMPLETE = Finding("not every sample comes exactly once", hides=True)
_draw = partial(reported, label="batches")


def ask(case, rng):
    """`sizes`: one epoch for each (n, batch_size); or a `property` of its own."""
    if case.get("sizes"):
        return _ask_coverage(case.get("sizes"), rng)
    return {"order": _ask_order, "uniform": _ask_uniform}[case.get("property")](rng)


def _ask_coverage(sizes, rng):
    script = Script()
    for n, batch_size in sizes:
        _draw(script, script.rng(int(rng.integers(2**31))), n, batch_size)

    def judge(*epochs):
        found = (_coverage(batches, *size) for batches, size in zip(epochs, sizes, strict=True))
        return next(filter(None, found), None)

    return probe(script, "minibatches({}, {}, rng)".format(*sizes[0]), _read, judge)


def _ask_order(rng):
    """Two epochs of one generator, one epoch of its twin, one of another generator: 60! orders, no luck involved.

    The batches are full: who drops the last one loses points for that, not here. The first epoch is looked at again,
    then written over by its caller, and drawn once more.
    """
    script, (n, size), seed = Script(), (60, 6), int(rng.integers(2**31))
    first, twin, other, late = script.rng(seed), script.rng(seed), script.rng(seed + 1), script.rng(seed)
    epoch, *_ = [_draw(script, generator, n, size) for generator in (first, first, twin, other)]
    script.get(epoch, Want("batches", None))
    script.scribble(epoch)
    _draw(script, late, n, size)

    def judge(*epochs):
        one, again, same_seed, other_seed, one_later, one_late = (_order(epoch).tolist() for epoch in epochs)
        if len(one) > 1 and len({b > a for a, b in itertools.pairwise(one)}) == 1:
            return Finding(mistake="no_shuffle")
        if not _is_whole(one, n):
            return _INCOMPLETE
        if one != one_later:
            return Finding(mistake="overwrites_earlier_result")
        if one != same_seed:
            return Finding(mistake="global_generator")
        if one in (again, other_seed):
            return Finding(mistake="same_order_each_epoch")
        return None if one == one_late else Finding(mistake="overwrites_earlier_result")

    return probe(script, f"minibatches({n}, {size}, rng)", _read, judge)


def _ask_uniform(rng):
    script, (n, size, epochs), (long, third, more) = Script(), (12, 4, 400), (120, 40, 300)
    generator = script.rng(int(rng.integers(2**31)))
    for length, batch_size in [(n, size)] * epochs + [(long, third)] * more:
        _draw(script, generator, length, batch_size)

    def judge(*both):
        orders = [_order(batches) for batches in both]
        if not all(map(_is_whole, orders, [n] * epochs + [long] * more)):
            return _INCOMPLETE
        if all(np.array_equal(order, orders[0]) for order in orders[:epochs]):
            return Finding("every epoch comes in the same order", hides=True)
        return _bias(np.array(orders[:epochs]), size, np.array(orders[epochs:]), third)

    return probe(script, f"minibatches({n}, {size}, rng), {epochs} times", _read, judge)


def _read(epoch):
    """The batches of an epoch as integer arrays, or the finding that says what else came."""
    if not isinstance(epoch, list):
        return Finding("minibatches must yield index arrays")
    batches = []
    for batch in epoch:
        try:
            array = np.asarray(batch) if isinstance(batch, np.ndarray | list | tuple) else None
        except ValueError:  # a list of lists of different lengths
            array = None
        if array is None or array.ndim != 1 or array.dtype.kind not in "iu":
            what = f"an array of shape {array.shape}, {array.dtype}" if array is not None else type(batch).__name__
            return Finding("each batch must be a one-dimensional array of integers", got=what)
        if not 0 < array.size <= _MOST:
            return Finding("a batch is far larger than the data" if array.size else "a batch is empty")
        batches.append(array.astype(np.int64))
    return batches


def _order(batches):
    return np.concatenate(batches) if batches else np.empty(0, np.int64)


def _is_whole(order, n):
    return np.array_equal(np.sort(order), np.arange(n))


def _coverage(batches, n, batch_size):
    """What is wrong with one epoch's indices and sizes."""
    order, sizes = _order(batches), [len(batch) for batch in batches]
    if order.size and (order.min() < 0 or order.max() >= n):
        return Finding(f"an index outside 0..{n - 1}")
    missing, full = n - len(np.unique(order)), all(size == batch_size for size in sizes)
    if order.size > n - missing:
        least = min(sizes)
        if len(batches) > 1 and all(np.array_equal(batch[:least], batches[0][:least]) for batch in batches):
            return Finding(mistake="reuses_buffer")
        if full and n > batch_size and _is_whole(order[:n], n):
            return Finding(mistake="fills_last_batch")
        return Finding(mistake="with_replacement") if missing else Finding("some samples come more than once")
    if missing:
        dropped = full and missing == n % batch_size
        return Finding(mistake="drops_last_batch") if dropped else Finding("some samples are missing from the epoch")
    wanted = [batch_size] * (n // batch_size) + [n % batch_size] * (n % batch_size > 0)
    if sizes == wanted:
        return None
    return Finding(mistake="last_batch_first" if sorted(sizes) == sorted(wanted) else "wrong_batch_size")


def _bias(short, size, long, third):
    """What is wrong with the orders of many epochs, rows of `short` and `long`, cut into batches of these sizes.

    Every sample is as likely at every place, and in one batch with every other one. Short epochs show what is
    impossible (400 are enough to see that no sample ever stays in its place), long ones a bias of some per cent: which
    third of the samples comes in which third of the epoch.
    """
    epochs, n = short.shape
    places = np.argsort(short, axis=1)
    batch = places // size
    together = (batch[:, :, None] == batch[:, None, :]).sum(axis=0)[np.triu_indices(n, 1)]
    if np.isin(together, (0, epochs)).all():
        return Finding(mistake="shuffles_batches_only" if (batch != batch[0]).any() else "shuffles_within_batches")
    at = (places[:, :, None] == np.arange(n)).sum(axis=0)
    parts = long.reshape(len(long), -1, third) // third
    thirds = np.array([(parts == k).sum(axis=(0, 2)) for k in range(parts.shape[1])])
    questions = together.size + at.size + thirds.size
    off = (
        counts_are_off(together, epochs, (size - 1) / (n - 1), questions)
        or counts_are_off(at, epochs, 1 / n, questions)
        or counts_are_off(thirds, len(long) * third, third / long.shape[1], questions)
    )
    return Finding(mistake="not_uniform") if off else None
