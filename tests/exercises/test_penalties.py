"""Penalties on weights, labels and time: held-out versions, wrong and right, and what other libraries say."""

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder import exercises

from .versions import Versions

versions = Versions()

# ---------------------------------------------------------------------------- wrong

versions.edits(
    "l2_penalty",
    """
frobenius_as_it_is = norm_not_squared: (w**2).sum() -> np.linalg.norm(w)
as_pytorch = half_in_both:
    lam * total -> 0.5 * lam * total
    2 * lam * w -> lam * w
columns_alone: (w**2).sum() -> (w**2).sum(axis=0).max() if w.ndim else w**2
two_in_the_value: lam * total -> 2 * lam * total
squared_lam: 2 * lam * w -> 2 * lam**2 * w
two = mean, negative_gradient:
    value = lam * total -> value = lam * (w**2).mean()
    grad = 2 * lam * w -> grad = -2 * lam * w / max(w.size, 1)
""",
)
versions.edits(
    "l1_penalty",
    """
tanh: np.sign(w) -> np.tanh(1e3 * w)
soft_sign: np.sign(w) -> w / (np.abs(w) + 1e-8)
root_of_squares: np.abs(w).sum() -> np.sqrt((w**2).sum())
ones_where_positive: np.sign(w) -> (w > 0).astype(w.dtype)
""",
)
versions.edits(
    "elastic_net",
    """
beta_on_both:
    (beta * w**2 + np.abs(w)).sum() -> beta * (w**2 + np.abs(w)).sum()
    2 * beta * w + np.sign(w) -> beta * (2 * w + np.sign(w))
beta_squared: 2 * beta * w -> 2 * beta**2 * w
""",
)
versions.edits(
    "soft_threshold",
    """
a_little_more: np.abs(w) - lam -> np.abs(w) - 1.01 * lam
never_zero: np.maximum(np.abs(w) - lam, 0) -> np.maximum(np.abs(w) - lam, 1e-6)
one_sided = negative_to_zero: np.sign(w) * size -> np.where(w > lam, w - lam, 0)
""",
)
versions.edits(
    "max_norm",
    """
last_axis_always: axis=axis -> axis=-1
largest_entry: np.sqrt((w**2).sum(axis=axis, keepdims=True)) -> np.abs(w).max(axis=axis, keepdims=True)
a_little_short: c / np.maximum(norms, c) -> 0.999 * c / np.maximum(norms, 0.999 * c)
mean_square: (w**2).sum(axis=axis, keepdims=True) -> (w**2).mean(axis=axis, keepdims=True)
""",
)
versions.edits(
    "decayed_sgd",
    """
twice_the_rate: lr * weight_decay * w -> lr**2 * weight_decay * w
of_the_gradient: lr * weight_decay * w + lr * grad -> lr * grad * (1 + weight_decay)
only_the_gradient_uphill = gradient_added: return w - step, state -> return w - lr * weight_decay * w + lr * grad, state
""",
)
versions.edits(
    "equivalent_l2",
    """
quarter: weight_decay / 2 -> weight_decay / 4
""",
)
versions.edits(
    "smooth_labels",
    """
half_of_eps: (1 - eps) * hot + eps / classes -> (1 - eps / 2) * hot + eps / 2 / classes
normalised_again: (1 - eps) * hot + eps / classes -> (hot + eps / classes) / (1 + eps)
one_more_class: eps / classes -> eps / (classes + 1)
""",
)
versions.edits(
    "label_smoothing_loss",
    """
two = loss_of_hard_labels, gradient_not_averaged:
    targets * log_p -> np.eye(classes, dtype=scores.dtype)[y] * log_p
    (np.exp(log_p) - targets) / n -> np.exp(log_p) - targets
base_two: loss = -(targets * log_p).sum() / n -> loss = -(targets * log_p).sum() / n / np.log(2)
capped:
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)) -> p = np.exp(shifted); p /= p.sum(1)[:, None]
    targets * log_p -> targets * np.log(p + 1e-10)
    np.exp(log_p) -> p
""",
)
versions.edits(
    "gd_shrinkage",
    """
rounded_steps: (1 - lr * eigenvalues) ** steps -> (1 - lr * eigenvalues) ** (2 * (steps // 2))
mean_rate: lr * eigenvalues -> lr * eigenvalues.mean()
""",
)
versions.edits("ridge_shrinkage", "mean_of_all: eigenvalues + lam -> eigenvalues.mean() + lam")
versions.edits(
    "matching_lam",
    """
without_q: eigenvalues * q / safe -> eigenvalues / safe
flat_below_a_thousandth: eigenvalues * q / safe -> np.where(eigenvalues > 1e-3, eigenvalues * q / safe, limit)
something_below: eigenvalues * q / safe -> eigenvalues * q / (safe + 1e-8)
""",
)
versions.edits(
    "fgsm",
    """
largest_pixel_alone: np.sign(grad_x) -> np.where(np.abs(grad_x) == np.abs(grad_x).max(), np.sign(grad_x), 0)
small_ignored: np.sign(grad_x) -> np.sign(np.where(np.abs(grad_x) < 1e-8, 0, grad_x))
clipped_below_alone: np.clip(x + step, 0, 1) -> np.maximum(x + step, 0)
clipped_to_its_own_range: np.clip(x + step, 0, 1) -> np.clip(x + step, x.min(initial=1), x.max(initial=0))
""",
)
versions.edits(
    "multitask_gradient",
    """
product: sum(terms) -> np.prod(terms, axis=0)
without_the_last: sum(terms) -> sum(terms[:-1], 0 * terms[0])
""",
)
versions.edits(
    "magnitude_prune",
    """
as_a_share_of_the_largest: pruned[order[:count]] = 0 -> pruned[np.abs(pruned) < sparsity * np.abs(pruned).max()] = 0
squares_rounded: np.abs(w).ravel() -> np.round(np.abs(w).ravel(), 1)
by_columns: np.abs(w).ravel() -> np.abs(w).ravel()[::-1]
below_a_quantile: pruned[order[:count]] = 0 -> pruned[np.abs(pruned) < np.quantile(np.abs(pruned), sparsity)] = 0
""",
)
versions.edits(
    "two_head_loss",
    """
second_head_not_trained: derror.sum(axis=0) -> 0 * derror.sum(axis=0)
two = trunk_hears_the_main_task, two_lost:
    dscores @ Wa.T + derror @ Wb.T -> dscores @ Wa.T
    2 * error / n -> error / n
""",
)
versions.edits(
    "adversarial_loss",
    """
half_the_push: fgsm(x, grad_x, eps) -> fgsm(x, grad_x, eps / 2)
largest_of_both: alpha * clean + (1 - alpha) * attacked -> max(clean, attacked)
default_alpha: alpha=0.5 -> alpha=0.9
""",
)


@versions.wrong("early_stopping", "stops_late")
def one_epoch_more(val_losses, *, patience, min_delta=0.0):
    return exercises.load("early_stopping").right[0](val_losses, patience=patience + 1, min_delta=min_delta)


@versions.wrong("early_stopping", "never_stops", "min_delta_ignored")
def smallest_of_all(val_losses, *, patience, min_delta=0.0):
    return len(val_losses) - 1, int(np.nanargmin(val_losses))


@versions.wrong("early_stopping")
def passes_over_nan(val_losses, *, patience, min_delta=0.0):
    best, best_epoch, waited, epoch = math.inf, 0, 0, 0
    for epoch, loss in enumerate(val_losses):
        if not math.isfinite(loss):
            continue
        waited += 1
        if loss < best - min_delta:
            best, best_epoch, waited = loss, epoch, 0
        if waited >= patience:
            break
    return epoch, best_epoch


@versions.wrong("early_stopping")
def raises_at_nan(val_losses, *, patience, min_delta=0.0):
    if any(math.isnan(loss) for loss in val_losses):
        raise ValueError("nan")
    return exercises.load("early_stopping").right[0](val_losses, patience=patience, min_delta=min_delta)


@versions.wrong("early_stopping")
def stops_at_infinity(val_losses, *, patience, min_delta=0.0):
    finite = list(itertools.takewhile(math.isfinite, val_losses))
    return exercises.load("early_stopping").right[0](finite, patience=patience, min_delta=min_delta)


# ---------------------------------------------------------------------------- right


@versions.right("l2_penalty")
def by_a_dot_product(w, lam):
    return float(lam * np.vdot(w, w)), np.multiply(w, 2.0 * lam, dtype=w.dtype)


@versions.right("l1_penalty")
def by_where(w, lam):
    return lam * np.where(w > 0, w, -w).sum(), np.where(w == 0, 0 * w, np.copysign(lam, w)).astype(w.dtype)


@versions.right("elastic_net")
def from_two(w, lam, beta):
    two, one = exercises.load("l2_penalty").right[0], exercises.load("l1_penalty").right[0]
    (a, da), (b, db) = two(w, lam * beta), one(w, lam)
    return a + b, da + db


@versions.right("soft_threshold")
def shrunk(w, lam):
    return np.maximum(w - lam, 0) + np.minimum(w + lam, 0)


@versions.right("label_smoothing_loss")
def by_logaddexp(scores, y, eps):
    n, k = scores.shape
    log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    targets = np.where(np.arange(k) == np.asarray(y)[:, None], 1 - eps + eps / k, eps / k).astype(scores.dtype)
    return float(-(targets * log_p).sum(axis=1).mean()), (np.exp(log_p) - targets) / n


@versions.right("matching_lam")
def without_a_division_by_zero(eigenvalues, lr, steps):
    """1 - q = lr h (1 + r + ... + r^(steps - 1)) with r = 1 - lr h."""
    r = 1 - lr * eigenvalues
    return r**steps / (lr * sum(r**k for k in range(steps)))


@versions.right("max_norm")
def one_vector_after_the_other(w, c, axis):
    return np.apply_along_axis(lambda v: v * min(1.0, c / (np.linalg.norm(v) or c)), axis, w).astype(w.dtype)


@versions.right("smooth_labels")
def by_comparison(y, classes, eps):
    return np.where(np.arange(classes) == np.asarray(y)[:, None], 1 - eps * (classes - 1) / classes, eps / classes)


@versions.right("early_stopping")
def with_numpy(val_losses, *, patience, min_delta=0.0):
    losses, best, best_epoch = np.asarray(val_losses, float), np.inf, np.int64(0)
    for epoch in np.arange(len(losses)):
        if losses[epoch] + min_delta < best:
            best, best_epoch = losses[epoch], epoch
        elif epoch - best_epoch == patience:
            return epoch, best_epoch
    return np.int64(len(losses) - 1), best_epoch


@versions.right("gd_shrinkage")
def by_repeated_products(eigenvalues, lr, steps):
    left = np.ones_like(eigenvalues)
    for _ in range(steps):
        left *= 1 - lr * eigenvalues
    return 1 - left


@versions.right("magnitude_prune")
def by_a_mask(w, sparsity):
    mask = np.ones(w.size, dtype=bool)
    mask[np.argsort(np.square(w), axis=None)[: int(sparsity * w.size)]] = False
    return w * mask.reshape(w.shape)


@versions.right("fgsm")
def as_integers(x, grad_x, eps):
    return (x + eps * np.sign(grad_x)).clip(0.0, 1.0).astype(x.dtype)


test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()


# ---------------------------------------------------------------------------- what others say


def test_renorm_agrees_but_for_its_eps():
    w = np.random.default_rng(0).normal(size=(6, 4))
    ours = exercises.load("max_norm").right[0](w, 1.5, 0)
    theirs = torch.renorm(torch.tensor(w), p=2, dim=1, maxnorm=1.5).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_the_smoothed_labels_are_those_that_torch_mixes():
    rng = np.random.default_rng(1)
    scores, y = torch.tensor(rng.normal(size=(7, 5))), torch.tensor(rng.integers(5, size=7))
    targets = torch.tensor(exercises.load("smooth_labels").right[0](y.numpy(), 5, 0.3))
    expected = F.cross_entropy(scores, y, label_smoothing=0.3)
    assert float(F.cross_entropy(scores, targets)) == pytest.approx(float(expected), rel=1e-12)


def test_stopping_by_brute_force():
    """All curves of five epochs with three heights, by a definition without a running best."""
    right = exercises.load("early_stopping").right[0]
    for curve in itertools.product((1.0, 2.0, 3.0), repeat=5):
        for patience in (1, 2, 3):
            # With min_delta = 0 an epoch is accepted where it is lower than all before.
            accepted = [e for e in range(5) if all(curve[e] < earlier for earlier in curve[:e])]
            last = [max(a for a in accepted if a <= e) for e in range(5)]
            stop = next((e for e in range(5) if e - last[e] >= patience), 4)
            assert right(list(curve), patience=patience) == (stop, last[stop])


def test_the_matching_lam_makes_stopping_and_ridge_the_same():
    gd, ridge, lam = (exercises.load(name).right[0] for name in ("gd_shrinkage", "ridge_shrinkage", "matching_lam"))
    for h in (0.01, 0.5, 3.0):
        strength = lam(np.array([h]), 0.1, 12)[0]
        np.testing.assert_allclose(ridge(np.array([h]), strength), gd(np.array([h]), 0.1, 12), rtol=1e-9)
