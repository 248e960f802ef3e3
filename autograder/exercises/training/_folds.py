"""What `kfold` is asked: properties of folds that any right implementation has, never one sequence of draws."""

from functools import partial

import numpy as np

from autograder.judge import Finding, Script, Want
from autograder.judge.chance import counts_are_off
from autograder.judge.parts import probe, reported

_INCOMPLETE = Finding("not every sample validates exactly once", hides=True)
_MOST = 10_000
_draw = partial(reported, label="folds")


def ask(case, rng):
    """`sizes`: the folds for each (n, k); or a `property` of its own."""
    if case.get("sizes"):
        return _ask_coverage(case.get("sizes"), rng)
    return {"order": _ask_order, "uniform": _ask_uniform}[case.get("property")](rng)


def _ask_coverage(sizes, rng):
    script = Script()
    for n, k in sizes:
        _draw(script, script.rng(int(rng.integers(2**31))), n, k)

    def judge(*calls):
        return next(filter(None, (_coverage(folds, *size) for folds, size in zip(calls, sizes, strict=True))), None)

    return probe(script, "kfold({}, {}, rng)".format(*sizes[0]), _read, judge)


def _ask_order(rng):
    """Two calls with one generator, one with its twin, one with another, and the first one again, written over."""
    script, (n, k), seed = Script(), (60, 5), int(rng.integers(2**31))
    first, twin, other, late = script.rng(seed), script.rng(seed), script.rng(seed + 1), script.rng(seed)
    folds, *_ = [_draw(script, generator, n, k) for generator in (first, first, twin, other)]
    script.get(folds, Want("folds", None))
    script.scribble(folds)
    _draw(script, late, n, k)

    def judge(*calls):
        if any(_coverage(folds, n, k) for folds in calls[:4]):
            return _INCOMPLETE
        parts = [[np.sort(val).tolist() for _, val in folds] for folds in calls]
        one, again, same_seed, other_seed, one_later, one_late = parts
        if _is_unshuffled(one, n):
            return Finding(mistake="no_shuffle")
        if one != one_later:
            return Finding(mistake="overwrites_earlier_result")
        if sorted(one) in (sorted(again), sorted(other_seed)):
            # The parts are fixed; where their order is drawn, that is no shuffling of the samples.
            blocks = all(np.ptp(part) == len(part) - 1 for part in one)
            return Finding(mistake="not_uniform" if blocks else "same_draw_each_call")
        if one != same_seed:
            return Finding(mistake="global_generator")
        return None if one == one_late else Finding(mistake="overwrites_earlier_result")

    return probe(script, f"kfold({n}, {k}, rng)", _read, judge)


def _is_unshuffled(parts, n):
    """Whether the parts lie in the order of the samples, in blocks or every k-th one."""
    k = len(parts)
    blocks = [part.tolist() for part in np.array_split(np.arange(n), k)] if k else []
    return bool(k) and parts in (blocks, [list(range(i, n, k)) for i in range(k)])


def _ask_uniform(rng):
    script, (n, k, calls) = Script(), (14, 4, 300)
    generator = script.rng(int(rng.integers(2**31)))
    for _ in range(calls):
        _draw(script, generator, n, k)

    def judge(*all_folds):
        fold = np.full((calls, n), -1)
        for row, folds in zip(fold, all_folds, strict=True):
            if _coverage(folds, n, k):
                return _INCOMPLETE
            for number, (_, val) in enumerate(folds):
                row[val] = number
        if (fold == fold[0]).all():
            return Finding("the folds are the same in every call", hides=True)
        together = (fold[:, :, None] == fold[:, None, :]).sum(axis=0)[np.triu_indices(n, 1)]
        sizes = np.bincount(fold[0])
        chance = (sizes * (sizes - 1)).sum() / (n * (n - 1))
        return Finding(mistake="not_uniform") if counts_are_off(together, calls, chance) else None

    return probe(script, f"kfold({n}, {k}, rng), {calls} times", _read, judge)


def _read(value):
    """The pairs of a call as integer arrays, or the finding that says what else came."""
    if not isinstance(value, list):
        return Finding("kfold must yield pairs (train, val)")
    pairs = []
    for pair in value:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            return Finding("kfold must yield pairs (train, val)", got=type(pair).__name__)
        arrays = [_array(part) for part in pair]
        if any(array is None or array.ndim != 1 or array.dtype.kind not in "iub" for array in arrays):
            return Finding("train and val must be one-dimensional arrays of integers")
        if any(array.dtype.kind == "b" for array in arrays):
            return Finding(mistake="masks")
        if any(array.size > _MOST for array in arrays):
            return Finding("a fold is far larger than the data")
        pairs.append(tuple(array.astype(np.int64) for array in arrays))
    return pairs


def _array(part):
    """An index array, a list of indices too; None for anything else."""
    if isinstance(part, list) and part and all(type(index) is int for index in part):
        return np.array(part)
    return part if isinstance(part, np.ndarray) else None


def _coverage(folds, n, k):
    """What is wrong with the folds of one call."""
    everything = np.arange(n)
    if any(array.size and (array.min() < 0 or array.max() >= n) for pair in folds for array in pair):
        return Finding(f"an index outside 0..{n - 1}")
    vals = [val for _, val in folds]
    together = np.sort(np.concatenate(vals)) if vals else np.zeros(0, np.int64)
    if len(folds) != k:
        if len(folds) == max(2, n // k) and np.array_equal(together, everything):
            return Finding(mistake="k_is_the_size")
        few = {1: "one_fold_alone", k - 1: "one_fold_less"}
        return Finding("there are not k folds", few.get(len(folds)))
    trains = np.sort(np.concatenate([train for train, _ in folds]))
    complements = all(np.array_equal(np.sort(np.r_[train, val]), everything) for train, val in folds)
    if complements and k > 2 and np.array_equal(trains, everything):
        return Finding(mistake="swapped")
    if any(np.isin(val, train).any() for train, val in folds):
        return Finding(mistake="val_in_train")
    missing = n - len(np.unique(together))
    if len(together) > n - missing:
        return Finding("some samples validate more than once", "folds_overlap" if len(together) <= n else None)
    sizes = sorted(map(len, vals))
    if missing:
        left_over = missing == n % k and sizes[0] == sizes[-1] == n // k
        return Finding("some samples never validate", "remainder_left_out" if left_over else None)
    if any(len(np.unique(np.r_[train, val])) < n for train, val in folds):
        return Finding(mistake="train_incomplete")
    if not complements:
        return Finding("some samples are in train more than once")
    if sizes[-1] - sizes[0] > 1:
        last = sizes == [n // k] * (k - 1) + [n // k + n % k]
        return Finding("the sizes of the folds differ by more than one", "remainder_in_the_last" if last else None)
    return None
