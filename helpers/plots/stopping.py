"""The pictures of 09_penalties about time: when to stop, and the penalty that stopping is."""

from collections.abc import Callable

import numpy as np

from helpers.plots.penalties import BLUE, GREEN, ORANGE, RED, ask_numbers, ask_pair
from helpers.plots.pieces import legend
from helpers.plots.ready import Notes, NotReady, name_of, picture

# ----------------------------------------------------------------------------------- 7: patience

_EPOCHS, _AHEAD = 120, 50


def noisy_curve(seed: int, noise: float = 0.03, epochs: int = _EPOCHS) -> tuple[np.ndarray, np.ndarray]:
    """Return a validation loss that falls and rises again, as measured and without its noise."""
    rng = np.random.default_rng([seed, 7])
    epoch = np.arange(epochs)
    fall, rise = rng.uniform(12, 20), rng.uniform(0.001, 0.003)
    smooth = 0.3 + 0.7 * np.exp(-epoch / fall) + rise * epoch
    return smooth + noise * rng.standard_normal(epochs), smooth


def ask_stop(early_stopping: Callable, losses: np.ndarray, **options) -> tuple[int, int]:
    """Return stop epoch and best epoch, where they are epochs of this curve."""
    what = "the pair (stop_epoch, best_epoch)"
    pair = ask_pair(early_stopping, losses.tolist(), what=what, shapes=((), ()), **options)
    if not all(0 <= epoch < len(losses) and float(epoch).is_integer() for epoch in pair):
        raise NotReady(name_of(early_stopping), f"gave {pair[0]:g} and {pair[1]:g}, which are no epochs of the curve")
    return int(pair[0]), int(pair[1])


_PATIENCES = (1, 2, 3, 5, 8, 12, 20, 30)


@picture("A noisy validation curve with the epochs where it stops and is best; how often patience ran out too soon.")
def penalties_patience(
    notes: Notes,
    early_stopping: Callable,
    *,
    patience: int = 5,
    min_delta: float = 0.0,
    noise: float = 0.03,
    curve: int = 0,
    curves: int = 100,
):
    """Show where your function stops on one noisy curve, and over many what a patience misses and what it costs."""
    losses, smooth = noisy_curve(curve, noise)
    fig, (one, many) = notes.plt.subplots(1, 2, figsize=(11.4, 3.9), width_ratios=(1.3, 1))
    one.set(xlabel="epoch", ylabel="validation loss", xlim=(0, _EPOCHS))
    one.plot(losses, color="0.55", ls="-", lw=1.1, label="measured")
    one.plot(smooth, color="black", ls=":", lw=1.4, label="without noise")
    many.set(xlabel="patience", xscale="log", ylim=(-3, 103))
    many.set_title(f"{curves} curves, min_delta = {min_delta:g}", fontsize="medium")
    many.set_xticks(_PATIENCES, [str(p) for p in _PATIENCES])
    many.minorticks_off()
    with notes.collect():
        stop, best = ask_stop(early_stopping, losses, patience=patience, min_delta=min_delta)
        one.axvline(stop, color=RED, ls="--", lw=1.5, label=f"stop_epoch {stop}")
        one.plot(best, losses[best], "o", color=BLUE, ms=9, mfc="none", mew=2, label=f"best_epoch {best}", ls="none")
        lowest = int(np.argmin(losses))
        one.plot(lowest, losses[lowest], "*", color=GREEN, ms=12, label=f"lowest of all: {lowest}", ls="none")
        one.set_title(f"patience = {patience}, min_delta = {min_delta:g}", fontsize="medium")
        missed, spent = [], []
        drawn = [noisy_curve(k, noise)[0] for k in range(curves)]
        for p in _PATIENCES:
            ends = [ask_stop(early_stopping, c, patience=p, min_delta=min_delta) for c in drawn]
            later = [c[s + 1 : s + 1 + _AHEAD].min(initial=np.inf) for c, (s, _) in zip(drawn, ends, strict=True)]
            missed.append(100 * np.mean([low < c[b] for low, c, (_, b) in zip(later, drawn, ends, strict=True)]))
            spent.append(np.mean([s + 1 for s, _ in ends]))
        label = f"a better one came in the next {_AHEAD} epochs (%)"
        many.plot(_PATIENCES, missed, color=ORANGE, marker="s", ls="--", label=label)
        many.plot(_PATIENCES, spent, color=BLUE, marker="o", ls="-", label="epochs run, on average")
        many.axvline(patience, color="0.5", ls=":", lw=1.2)
    legend(one, loc="upper right")
    many.set_ylabel("per cent, and epochs")
    legend(many, loc="lower left", bbox_to_anchor=(0, 1.08))
    return fig


# ------------------------------------------------------------------------- 8: stopping is a penalty


@picture("Shares reached by descent and left by ridge, over the curvature; both paths in a plane, and points linked.")
def penalties_stopping(
    notes: Notes,
    gd_shrinkage: Callable,
    ridge_shrinkage: Callable,
    matching_lam: Callable,
    *,
    steps: int = 10,
    lr: float = 0.1,
):
    """Show stopping after some steps beside an L2 penalty, as filters of the curvature and as walks in a plane."""
    fig, (filters, plane) = notes.plt.subplots(1, 2, figsize=(11.4, 4.1), width_ratios=(1.15, 1))
    h = np.geomspace(0.01, 9.5, 90)
    rule = 1 / (lr * steps)
    filters.set(xlabel="curvature $h$", ylabel="share of $w^*$", xscale="log", ylim=(-0.03, 1.05))
    filters.set_title(f"{steps} steps, lr = {lr:g}: 1 / (lr steps) = {rule:.3g}", fontsize="medium")
    with notes.collect():
        filters.plot(h, _shares(gd_shrinkage, h, lr, steps), color=BLUE, ls="-", label="gd_shrinkage")
    with notes.collect():
        label = f"ridge_shrinkage, lam = {rule:.3g} for all"
        filters.plot(h, _shares(ridge_shrinkage, h, rule), color=ORANGE, ls="--", label=label)
    with notes.collect():
        lams = _shares(matching_lam, h, lr, steps)
        same = np.array([_shares(ridge_shrinkage, h[k : k + 1], float(lams[k]))[0] for k in range(0, len(h), 6)])
        filters.plot(h[::6], same, ".", color=RED, ls="none", ms=7, label="ridge_shrinkage, lam of matching_lam")
    two, best = np.array([4.0, 0.4]), np.array([1.0, 1.0])
    plane.set(xlabel="$w_1$, curvature 4", ylabel="$w_2$, curvature 0.4", xlim=(-0.05, 1.1), ylim=(-0.05, 1.1))
    plane.set_aspect("equal")
    plane.set_title("from 0 to $w^*$ = (1, 1)", fontsize="medium")
    a, b = np.meshgrid(np.linspace(-0.05, 1.1, 60), np.linspace(-0.05, 1.1, 60))
    plane.contour(a, b, two[0] * (a - 1) ** 2 + two[1] * (b - 1) ** 2, 9, colors="0.8", linewidths=0.7)
    plane.plot(*best, "*", color="black", ms=12, ls="none")
    with notes.collect():
        walk = np.array([_shares(gd_shrinkage, two, lr, k) for k in range(201)])
        plane.plot(*walk.T, ".-", color=BLUE, lw=1.1, ms=4, label="descent, step by step")
        plane.plot(*walk[min(steps, 200)], "o", color=BLUE, ms=9, mec="black", label=f"after {steps} steps")
    with notes.collect():
        ridge = np.array([_shares(ridge_shrinkage, two, lam) for lam in np.geomspace(1e-2, 1e3, 80).tolist()])
        plane.plot(*ridge.T, color=ORANGE, ls="--", label="ridge, lam from 1000 to 0.01")
        here = _shares(ridge_shrinkage, two, rule)
        plane.plot(*here, "s", color=ORANGE, ms=8, mec="black", label=f"ridge, lam = {rule:.3g}")
    with notes.collect():
        own = _shares(matching_lam, two, lr, steps)
        linked = np.array([_shares(ridge_shrinkage, two[k : k + 1], float(own[k]))[0] for k in range(2)])
        label = f"ridge, lam = {own[0]:.2g} and {own[1]:.2g}"
        plane.plot(*linked, "x", color=RED, ms=10, mew=2.5, label=label, ls="none")
    legend(filters, loc="upper left")
    legend(plane, loc="upper left")
    return fig


def _shares(function: Callable, h: np.ndarray, *rest) -> np.ndarray:
    return ask_numbers(function, h, *rest, shape=h.shape)
