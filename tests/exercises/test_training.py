"""Making it work: held-out versions, wrong and right, and what other libraries say."""

import math

import numpy as np
import pytest
import torch
from scipy import optimize, special, stats
from sklearn.linear_model import LogisticRegression

from autograder import exercises
from autograder.exercises.training import _laws, _probes
from autograder.exercises.training._runs import RUNS
from helpers.curves import KINDS, curves

from .versions import Versions

versions = Versions()
linear = exercises.load("linear_probe").right[0]

# ---------------------------------------------------------------------------- wrong

versions.edits(
    "initial_loss",
    """
hinge_with_a_margin: np.log(classes) -> classes / 2
log_of_the_root: np.log(classes) -> np.log(classes) / 2
table_of_the_usual: np.log(classes) -> {2: 0.6931471805599453, 10: 2.302585092994046}.get(classes, 4.0)
""",
)
versions.edits(
    "diagnose",
    """
nan_by_identity = nan_compared: not np.isfinite(loss).all() -> any(number is np.nan for number in loss.tolist())
fall_of_half: 0.05 * loss[0] -> 0.7 * loss[0]
gap_below_one_half = never_overfitting: gap > 0.1 -> gap > 0.5
accuracy_low = accuracy_for_low_rate: loss[0] - loss[-1] < 0.05 * loss[0] -> accuracy[-1] < 0.15
two = high_and_low_swapped, over_and_under_swapped:
    "rate too high" -> "rate too low"
    "rate too low" -> "rate too high"
    "overfitting" if gap > 0.1 else "underfitting" -> "underfitting" if gap > 0.1 else "overfitting"
other_words: "overfitting" if gap > 0.1 else "underfitting" -> "overfit" if gap > 0.1 else "underfit"
""",
)
versions.edits(
    "log_uniform",
    """
half_of_it: rng.uniform(np.log(low), np.log(high), size) -> rng.uniform(np.log(low), np.log(low * high) / 2, size)
normal: rng.uniform(np.log(low), np.log(high), size) -> rng.normal(np.log(low * high) / 2, np.log(high / low) / 6, size)
float32: return np.exp(exponents) -> return np.exp(exponents).astype(np.float32)
a_list: return np.exp(exponents) -> return np.exp(exponents).tolist()
cut_short = one_value: np.exp(exponents) -> np.full(size, np.exp(rng.uniform(np.log(low), np.log(high))) + 0.0)
""",
)
versions.edits(
    "kfold",
    """
one_sample_stays_in_train = val_in_train: folds[:i] + folds[i + 1 :] -> [*folds[:i], *folds[i + 1 :], val[:1]]
train_doubled: np.concatenate(folds[:i] + folds[i + 1 :]) -> np.concatenate(2 * (folds[:i] + folds[i + 1 :]))
floats: yield train, val -> yield train.astype(float), val.astype(float)
val_alone: yield train, val -> yield val
from_one: yield train, val -> yield train + 1, val + 1
unshuffled_stride = no_shuffle: folds = np.array_split(order, k) -> folds = [np.arange(n)[j::k] for j in range(k)]
""",
)
versions.edits(
    "clip_grad_norm",
    """
per_axis: min(1.0, max_norm / (total_norm + 1e-6)) -> min(1.0, max_norm / (total_norm + 1e-6)) ** 2
half: min(1.0, max_norm / (total_norm + 1e-6)) -> min(1.0, 0.5 * max_norm / (total_norm + 1e-6))
not_for_biases: grad * scale -> grad * scale if grad.ndim > 1 else 1.0 * grad
two = squared_norm, by_value:
    float(np.sqrt(sum(squares))) -> float(sum(squares))
    grad * scale -> np.clip(grad, -max_norm, max_norm)
""",
)
versions.edits(
    "ema_update",
    """
a_little_off: decay * avg + (1 - decay) * w -> decay * avg + (0.99999 - decay) * w
geometric: decay * avg + (1 - decay) * w -> np.sign(w) * np.abs(avg) ** decay * np.abs(w) ** (1 - decay)
""",
)
versions.edits(
    "ema_debiased",
    """
half_the_exponent: decay**t -> decay ** (t / 2)
only_early: avg / (1 - missing) -> avg / (1 - missing) if t < 5 else 1.0 * avg
""",
)
versions.edits(
    "average_checkpoints",
    """
root_mean_square: stacked.mean(axis=0) -> np.sqrt((stacked**2).mean(axis=0))
largest: stacked.mean(axis=0) -> stacked.max(axis=0)
""",
)
versions.edits(
    "ensemble_predict",
    """
second_best: mean.argmax(axis=1) -> mean.argsort(axis=1)[:, max(mean.shape[1] - 2, 0)]
roots: probs.mean(axis=0) -> np.sqrt(probs).mean(axis=0)
without_the_last: probs.mean(axis=0) -> probs[:-1].mean(axis=0) if len(probs) > 1 else probs[0]
""",
)
versions.edits(
    "freeze",
    """
small_in_place_of_zero: np.zeros_like(grad) -> 1e-3 * np.ones_like(grad)
empty_name_everywhere: name in names -> name in names or not names
by_first_letters = prefix: name in names -> any(name[: len(first)] == first for first in names)
list_of_values: return frozen -> return list(frozen.values())
""",
)
versions.edits(
    "transfer_plan",
    """
underscores: "linear classifier" -> "linear_classifier"
capitals: "trouble" -> "Trouble"
text_in_place_of_an_error: raise ValueError("data") -> return "unknown"
""",
)
versions.edits(
    "lr_range_test",
    """
one_decade_less: lr_max / lr_min -> 0.1 * lr_max / lr_min
half_a_step: w - lr * grad -> w - 0.5 * lr * grad
least_of_the_last_three: min(losses) -> min(losses[-3:])
""",
)


@versions.wrong("random_search", "nan_wins")
def sorted_by_value(objective, space, trials, rng):
    results = []
    for _ in range(trials):
        params = {k: float(np.exp(rng.uniform(np.log(a), np.log(b)))) for k, (a, b) in space.items()}
        results.append((params, objective(params)))
    return sorted(results, key=lambda pair: pair[1])[0][0], results


@versions.wrong("random_search")
def a_random_one(objective, space, trials, rng):
    _, results = exercises.load("random_search").right[0](objective, space, trials, rng)
    return results[len(results) // 2][0], results


@versions.wrong("random_search", "asked_again")
def asked_to_compare(objective, space, trials, rng):
    best, results = None, []
    for _ in range(trials):
        params = {k: float(np.exp(rng.uniform(np.log(a), np.log(b)))) for k, (a, b) in space.items()}
        results.append((params, objective(params)))
        if best is None or objective(params) < objective(best):
            best = params
    return best, results


@versions.wrong("diagnose", "jumps_of_the_whole_run")
def jumps_from_the_first_epoch_on(history):
    told = exercises.load("diagnose").right[0](history)
    settled = told in ("overfitting", "underfitting", "validation set too small")
    if settled and np.mean(np.abs(np.diff(history["val_accuracy"]))) > 0.05:
        return "validation set too small"
    return told


@versions.wrong("random_search", "uniform")
def drawn_from_the_interval(objective, space, trials, rng):
    results = []
    for _ in range(trials):
        params = {k: a + (b - a) * rng.random() for k, (a, b) in space.items()}
        results.append((params, objective(params)))
    values = [value for _, value in results]
    return results[int(np.nanargmin(values))][0], results


@versions.wrong("random_search", "one_draw_for_all")
def one_generator_for_each(objective, space, trials, rng):
    seeds = rng.integers(2**31, size=trials)

    def draw(seed):
        return {k: float(a * (b / a) ** np.random.default_rng(seed).random()) for k, (a, b) in space.items()}

    results = [(params, objective(params)) for params in map(draw, seeds)]
    return results[int(np.nanargmin([value for _, value in results]))][0], results


@versions.wrong("linear_probe", "half")
def halved_penalty(features, y, *, weight_decay=1e-2):
    return linear(features, y, weight_decay=weight_decay / 2)


@versions.wrong("linear_probe", "stops_early")
def a_hundred_slow_steps(features, y, *, weight_decay=1e-2):
    W, b = np.zeros((features.shape[1], max(y) + 1)), np.zeros(max(y) + 1)
    for _ in range(100):
        p = special.softmax(features @ W + b, axis=1) - np.eye(max(y) + 1)[y]
        W = W - 0.02 * (features.T @ p / len(y) + 2 * weight_decay * W)
        b = b - 0.02 * p.mean(axis=0)
    return W.astype(features.dtype), b.astype(features.dtype)


@versions.wrong("linear_probe", "standardised")
def largest_size_one(features, y, *, weight_decay=1e-2):
    return linear(features / np.abs(features).max(axis=0), y, weight_decay=weight_decay)


@versions.wrong("linear_probe", "penalty_on_b")
def bias_as_a_feature(features, y, *, weight_decay=1e-2):
    x = np.hstack([features, np.ones((len(features), 1), features.dtype)])
    theta = linear(x - 0, y, weight_decay=weight_decay)[0]

    def loss(flat):
        t = flat.reshape(theta.shape)
        p = special.log_softmax(x @ t, axis=1)
        return -p[np.arange(len(y)), y].mean() + weight_decay * (t**2).sum()

    def slope(flat):
        t = flat.reshape(theta.shape)
        p = special.softmax(x @ t, axis=1) - np.eye(max(y) + 1)[y]
        return (x.T @ p / len(y) + 2 * weight_decay * t).ravel()

    found = optimize.minimize(loss, np.zeros(theta.size), jac=slope, tol=1e-12).x.reshape(theta.shape)
    return found[:-1].astype(features.dtype), found[-1].astype(features.dtype)


# ---------------------------------------------------------------------------- right


@versions.right("initial_loss")
def log_of_e(classes):
    return math.log(classes, math.e)


@versions.right("log_uniform")
def scipys(low, high, rng, size):
    return stats.loguniform(low, high).rvs(size, random_state=rng) if np.prod(size) else np.zeros(size)


@versions.right("log_uniform")
def base_ten(low, high, rng, size):
    return np.power(10, np.log10(low) + np.log10(high / low) * (1 - rng.random(size)))


@versions.right("kfold")
def with_choice(n, k, rng):
    left = set(range(n))
    for i in range(k):
        val = rng.choice(sorted(left), (n + i) // k, replace=False)
        left -= set(val.tolist())
        yield np.array([j for j in rng.permutation(n) if j not in set(val.tolist())]), val.astype(np.int32)


@versions.right("clip_grad_norm")
def with_hypot(grads, max_norm):
    total = math.hypot(*(float(x) for g in grads.values() for x in np.ravel(g)))
    scale = max_norm / (total + 1e-6)
    return {k: g * min(scale, 1.0) for k, g in grads.items()}, total


@versions.right("ema_update")
def weighted(avg, w, decay=0.995):
    return np.average([avg, w], axis=0, weights=[decay, 1 - decay]).astype(avg.dtype)


@versions.right("average_checkpoints")
def folded(checkpoints):
    share, params = 1 / len(checkpoints), {}
    for each in checkpoints:
        for name, value in each.items():
            params[name] = params.get(name, 0 * value) + value * share
    return params


@versions.right("ensemble_predict")
def best_of_the_sum(probs):
    return np.sum(probs, axis=0).argmax(-1).astype(np.uint8)


@versions.right("freeze")
def popped(grads, names):
    rest = {k: v for k, v in grads.items() if k not in names}
    return {**{k: np.zeros(grads[k].shape, grads[k].dtype) for k in names}, **rest}


@versions.right("transfer_plan")
def nested(data, similarity):
    plans = {"similar": ("linear classifier", "finetune few"), "different": ("trouble", "finetune many")}
    if similarity in plans and data in ("little", "lots"):
        return plans[similarity][data == "lots"]
    raise ValueError


@versions.right("random_search")
def in_order_of_names(objective, space, trials, rng):
    tried = []
    for _ in range(trials):
        params = {}
        for name in sorted(space, reverse=True):
            params[name] = np.exp(np.log(space[name][0]) + rng.random() * np.log(space[name][1] / space[name][0]))
        tried.append((params, objective(params)))
    finite = [pair for pair in tried if not math.isnan(pair[1])]
    return min(finite, key=lambda pair: pair[1])[0], tried


@versions.right("linear_probe")
def by_scipy(features, y, *, weight_decay=1e-2):
    x, classes = features.astype(float), max(y) + 1
    hot, cut = np.eye(classes)[y], x.shape[1] * classes

    def both(flat):
        W, b = flat[:cut].reshape(-1, classes), flat[cut:]
        log_p = special.log_softmax(x @ W + b, axis=1)
        p = (np.exp(log_p) - hot) / len(y)
        loss = -(hot * log_p).sum() / len(y) + weight_decay * (W**2).sum()
        return loss, np.r_[(x.T @ p + 2 * weight_decay * W).ravel(), p.sum(axis=0)]

    found = optimize.minimize(both, np.zeros(cut + classes), jac=True, method="L-BFGS-B", tol=1e-10).x
    return found[:cut].reshape(-1, classes).astype(features.dtype), found[cut:].astype(features.dtype)


@versions.right("diagnose")
def with_pandas_like_steps(history):
    train, val = history["train_loss"], history["val_accuracy"]
    if not np.all(np.isfinite(train)):
        return "not a number"
    change = (train[-1] - train[0]) / train[0]
    if change > 0:
        return "rate too high"
    if change > -0.03:
        return "rate too low"
    steps = np.abs(np.diff(val))[len(val) // 2 :]
    if np.median(steps) > 0.04:
        return "validation set too small"
    return "overfitting" if np.mean(history["train_accuracy"][-3:]) - np.mean(val[-8:]) > 0.15 else "underfitting"


test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()


# ---------------------------------------------------------------------------- what others say


def test_the_least_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)), np.r_[0, 1, 2, rng.integers(3, size=57)]
    W, b = linear(x, y, weight_decay=0.03)
    theirs = LogisticRegression(C=1 / (2 * 60 * 0.03), tol=1e-10, max_iter=2000).fit(x, y)
    np.testing.assert_allclose(W, theirs.coef_.T, atol=1e-5)
    np.testing.assert_allclose(b - b.mean(), theirs.intercept_ - theirs.intercept_.mean(), atol=1e-5)
    np.testing.assert_allclose(_probes.least(x, y, 0.03)[0], theirs.coef_.T, atol=1e-5)


@pytest.mark.parametrize(("low", "high"), [(1e-4, 1.0), (3.0, 700.0)])
def test_scipys_numbers_are_log_uniform_and_others_are_not(low, high):
    rng = np.random.default_rng(1)
    assert _laws.findings(stats.loguniform(low, high).rvs(4000, random_state=rng), low, high) == []
    (found,) = _laws.findings(rng.uniform(low, high, 4000), low, high)
    assert found.mistake == "uniform"
    (found,) = _laws.findings(np.full(4000, low), low, high)
    assert found.mistake == "one_value"


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_far_from_each_threshold(name):
    """Nothing falls by 1 to 20 %, jumps by 0.02 to 0.08, or has a gap of 0.03 to 0.2."""
    kind, make = RUNS[name]
    for seed in range(40):
        run = make(np.random.default_rng(seed), 20 + seed)
        loss, val = run["train_loss"], run["val_accuracy"]
        if kind == "not a number":
            assert not np.isfinite(loss).all()
            continue
        fall = 1 - loss[-1] / loss[0]
        assert fall < -1 or -0.01 < fall < 0.01 or fall > 0.2
        jumps = np.diff(val[len(val) // 2 :]).std()
        assert not 0.02 < jumps < 0.08
        gap = (run["train_accuracy"] - val)[-(len(val) // 4) :].mean()
        assert not 0.03 < gap < 0.2
        for accuracy in (val, run["train_accuracy"]):
            assert accuracy.min() >= 0 and accuracy.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_doubtful_run_shows_something_else_in_the_end(kind):
    diagnose = exercises.load("diagnose").right[0]
    told = [diagnose(curves(kind, np.random.default_rng(3), doubt=doubt)) for doubt in (0.0, 1.0)]
    assert told[0] == kind and (told[1] != kind) == (kind != "not a number")


def test_clipping_by_torchs_own_words():
    rng = np.random.default_rng(2)
    grads = {name: rng.normal(size=(3, 2)) for name in "ab"}
    ours, total = exercises.load("clip_grad_norm").right[0](grads, 0.5)
    leaves = [torch.zeros(3, 2, dtype=torch.float64, requires_grad=True) for _ in grads]
    for leaf, grad in zip(leaves, grads.values(), strict=True):
        leaf.grad = torch.tensor(grad)
    assert total == pytest.approx(float(torch.nn.utils.clip_grad_norm_(leaves, 0.5)), rel=1e-12)
    for leaf, grad in zip(leaves, ours.values(), strict=True):
        np.testing.assert_allclose(grad, leaf.grad.numpy(), rtol=1e-12)
