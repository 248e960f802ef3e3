"""The pictures of 12_training about choosing: a rate, a place in a range, samples to validate by, a step's length."""

import functools
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np

from helpers import data, training
from helpers.curves import KINDS
from helpers.plots import stacks
from helpers.plots.diagnosis import as_history, ask_word, digits, spread
from helpers.plots.penalised_digits import one_thread
from helpers.plots.penalties import BLUE, GREEN, ORANGE, RED
from helpers.plots.pieces import legend, seed_std
from helpers.plots.ready import Notes, NotReady, as_array, ask, ask_array, ask_many, describe, name_of, picture

_LARGEST = 1e30

# --------------------------------------------------------------------------- 3: the range test


class FlatNetwork:
    """A network on the digits, its weights one vector: what `lr_range_test` is given."""

    sizes = (64, 32, 10)

    def __init__(self, seed: int = 0, batch: int = 32) -> None:
        self.params = training.init_mlp(self.sizes, np.random.default_rng(seed))
        d = digits()
        self.x, self.y = d.x_train.astype(float), d.y_train
        self.batch, self.rng = batch, np.random.default_rng([seed, 1])
        self.order = self.rng.permutation(len(self.y))

    @property
    def start(self) -> np.ndarray:
        return np.concatenate([w.ravel() for w in self.params.values()])

    def loss_and_grad(self, w: np.ndarray) -> tuple[float, np.ndarray]:
        """Return loss and gradient of the next batch."""
        if len(self.order) < self.batch:
            self.order = self.rng.permutation(len(self.y))
        chosen, self.order = self.order[: self.batch], self.order[self.batch :]
        sizes = [part.size for part in self.params.values()]
        parts = np.split(np.asarray(w, float), np.cumsum(sizes)[:-1])
        shaped = {name: v.reshape(old.shape) for (name, old), v in zip(self.params.items(), parts, strict=True)}
        loss, grads = training.mlp_loss(shaped, self.x[chosen], self.y[chosen])
        return loss, np.concatenate([grad.ravel() for grad in grads.values()])


def ask_range(lr_range_test: Callable, seed: int, *, lr_min: float, lr_max: float, steps: int) -> tuple:
    """Return rates and losses of the student's test, two arrays of one length."""
    network = FlatNetwork(seed)
    result = ask(lr_range_test, network.loss_and_grad, network.start, lr_min=lr_min, lr_max=lr_max, steps=steps)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise NotReady(name_of(lr_range_test), f"gave {describe(result)} where the pair (lrs, losses) was expected")
    lrs, losses = (as_array(lr_range_test, part) for part in result)
    if lrs.ndim != 1 or lrs.shape != losses.shape or not len(lrs):
        raise NotReady(name_of(lr_range_test), f"gave rates of shape {lrs.shape} and losses of shape {losses.shape}")
    if not (np.isfinite(lrs).all() and (lrs > 0).all() and (lrs < _LARGEST).all()):
        raise NotReady(name_of(lr_range_test), "gave rates that no logarithmic axis can show")
    return lrs, np.where(np.abs(losses) < _LARGEST, losses, np.nan)


def suggested(lrs: np.ndarray, losses: np.ndarray) -> float:
    """Return a tenth of the rate at which the loss, averaged over five steps, is least."""
    if np.isnan(losses).all():
        return float(lrs[0])
    kept = np.where(np.isnan(losses), np.nanmax(losses), losses)
    wide = np.pad(kept, 2, mode="edge")
    smooth = np.mean([wide[k : k + len(kept)] for k in range(5)], axis=0)
    return float(lrs[int(np.argmin(smooth))] / 10)


@picture("The loss while the learning rate grows, with marks; the loss of short runs at one chosen rate.")
@one_thread
def training_range(notes: Notes, lr_range_test: Callable, *, lr: float = 0.01, seeds: Iterable[int] = range(5)):
    """Show your range test on the digits, and what three epochs at a chosen rate come to."""
    seeds = list(seeds)
    fig, (test, runs) = notes.plt.subplots(1, 2, figsize=(11.2, 3.9))
    test.set(xscale="log", xlabel="lr", ylabel="loss before the step", xlim=(1e-4, 10), ylim=(0, 5))
    runs.set(xlabel="step", ylabel="loss of 200 training images", ylim=(0, 5))
    with notes.collect():
        marks = []
        for seed in seeds:
            lrs, losses = ask_range(lr_range_test, seed, lr_min=1e-4, lr_max=10.0, steps=100)
            test.plot(lrs, losses, color=BLUE, ls="-", lw=1, alpha=0.7, label="your test" if seed == seeds[0] else None)
            marks.append(suggested(lrs, losses))
        middle = float(np.exp(np.mean(np.log(marks))))
        test.axvline(middle, color=GREEN, ls="--", label=f"a tenth of the rate at the least: {middle:.2g}")
        test.axvline(lr, color=RED, ls=":", label=f"the chosen rate: {lr:g}")
        test.set_title(f"100 steps, {len(seeds)} first weights", fontsize="medium")
        d, kept = digits(), []
        steps = 3 * (len(d.y_train) // 32)

        def on_step(t, params):
            kept.append(stacks.cross_entropy(stacks.scores(params, d.x_train[:200]), d.y_train[:200]))

        start = stacks.stacked(FlatNetwork.sizes, seeds)
        how = {"steps": steps, "momentum": 0.0, "rng": np.random.default_rng(2), "on_step": on_step}
        end = stacks.learn(start, d.x_train, d.y_train, lr=lr, **how)
        with np.errstate(all="ignore"):
            right = 100 * stacks.accuracy(end, d.x_val, d.y_val)
        shown = np.array(kept)
        runs.plot(np.where(shown < _LARGEST, shown, np.nan), color=RED, ls="-", lw=1, alpha=0.7)
        runs.set_title(f"3 epochs at {lr:g}: validation accuracy {spread(right)} %", fontsize="medium")
    legend(test, loc="upper left", frameon=True, framealpha=0.85, edgecolor="none")
    return fig


# --------------------------------------------------------------------------- 4: where points land


@picture("400 numbers between 0.0001 and 1, yours and uniform ones, on a logarithmic axis, with a count a decade.")
def training_draws(notes: Notes, log_uniform: Callable, *, numbers: int = 400, seed: int = 0):
    """Show where your draws land on a logarithmic axis, beside uniform ones."""
    fig, ax = notes.plt.subplots(figsize=(8.6, 2.9))
    low, high = 1e-4, 1.0
    ax.set(xscale="log", xlim=(low / 1.5, high * 1.5), ylim=(-0.6, 1.8), xlabel="learning rate")
    ax.set_yticks([0, 1], ["uniform", "log_uniform"])
    ax.grid(False)
    edges = np.geomspace(low, high, 5)
    with notes.collect():
        yours = ask_array(log_uniform, low, high, np.random.default_rng(seed), numbers, shape=(numbers,))
        if not (np.isfinite(yours).all() and (yours > 0).all() and yours.max() < _LARGEST):
            raise NotReady(name_of(log_uniform), "gave numbers that no logarithmic axis can show")
        plain = np.random.default_rng(seed).uniform(low, high, numbers)
        for place, values, color in ((0, plain, ORANGE), (1, yours, BLUE)):
            height = place + np.random.default_rng(1).uniform(-0.16, 0.16, numbers)
            ax.plot(values, height, ".", color=color, ms=4, alpha=0.6, ls="none")
            for left, right in pairwise(edges):
                count = np.sum((values >= left) & (values < right))
                ax.text(np.sqrt(left * right), place + 0.28, f"{count}", ha="center")
        for edge in edges:
            ax.axvline(edge, color="0.8", lw=0.8, ls="-")
        ax.set_title(f"{numbers} draws each, and how many fall into each decade", fontsize="medium")
    return fig


# --------------------------------------------------------------------------- 4: grid and random

_LRS, _DECAYS = np.geomspace(1e-3, 10, 41), np.geomspace(1e-6, 1e-2, 7)


@functools.cache
def landscape() -> np.ndarray:
    """Return the validation error (%) of 287 networks, a row for each rate, a column for each weight decay.

    300 digits, 16 hidden units, 150 steps of plain SGD, all from the same first weights.
    """
    d = digits()
    lr, decay = (grid.ravel() for grid in np.meshgrid(_LRS, _DECAYS, indexing="ij"))
    one = stacks.stacked([64, 16, 10], [0])
    many = {name: np.repeat(w, len(lr), axis=0) for name, w in one.items()}
    how = {"steps": 150, "batch": 30, "momentum": 0.0, "rng": np.random.default_rng(0)}
    many = stacks.learn(many, d.x_train[:300], d.y_train[:300], lr=lr, weight_decay=decay, **how)
    with np.errstate(all="ignore"):
        return 100 * (1 - stacks.accuracy(many, d.x_val, d.y_val)).reshape(len(_LRS), len(_DECAYS))


def error_at(lr: float, weight_decay: float) -> float:
    """Return the error that lies between those of the nearest networks; beyond the outermost it stays as there."""
    table = landscape()
    by_decay = [np.interp(np.log(lr), np.log(_LRS), column) for column in table.T]
    return float(np.interp(np.log(weight_decay), np.log(_DECAYS), by_decay))


def grid_points(space: dict, side: int) -> list[dict]:
    """Return the middles of side x side equal cells, on logarithmic scales."""
    middles = (np.arange(side) + 0.5) / side
    axes = [low * (high / low) ** middles for low, high in space.values()]
    return [dict(zip(space, map(float, pair), strict=True)) for pair in np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)]


def ask_search(random_search: Callable, space: dict, trials: int, seed: int) -> list[tuple[dict, float]]:
    """Return the points that the student's search tried, with their errors."""
    name = name_of(random_search)

    def objective(params):
        if not isinstance(params, dict) or set(params) != set(space):
            raise NotReady(name, f"asked the objective for {describe(params)}, not for a dict of {', '.join(space)}")
        values = [float(value) for value in params.values()]
        if not all(1e-30 < value < _LARGEST for value in values):
            raise NotReady(name, "asked the objective for a point that no logarithmic axis can show")
        return error_at(**params)

    result = ask(random_search, objective, dict(space), trials, np.random.default_rng([seed, 4]))
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not isinstance(result[1], (tuple, list)):
        raise NotReady(name, f"gave {describe(result)} where the pair (best, results) was expected")
    pairs = [pair for pair in result[1] if isinstance(pair, (tuple, list)) and len(pair) == 2]
    if len(pairs) != trials or not all(isinstance(p, dict) and set(p) == set(space) for p, _ in pairs):
        raise NotReady(name, f"gave results that are no {trials} pairs (params, value)")
    points = [{key: float(as_array(random_search, p[key], ())) for key in space} for p, _ in pairs]
    if not all(1e-30 < value < _LARGEST for point in points for value in point.values()):
        raise NotReady(name, "tried a point that no logarithmic axis can show")
    return [(point, float(as_array(random_search, value, ()))) for point, (_, value) in zip(points, pairs, strict=True)]


def _draw_points(ax, points: Sequence[dict], color: str, title: str) -> None:
    lr, decay = np.array([[p["lr"], p["weight_decay"]] for p in points]).T
    ax.contourf(_LRS, _DECAYS, landscape().T, [0, 8, 10, 15, 30, 60, 100], cmap="Greys", alpha=0.7)
    ax.plot(lr, decay, "o", color=color, mec="white", ms=7, ls="none")
    ax.plot(lr, np.full(len(lr), 1.3e-6), "|", color=color, ms=13, mew=2, ls="none", clip_on=False)
    ax.plot(np.full(len(lr), 1.25e-3), decay, "_", color=color, ms=13, mew=2, ls="none", clip_on=False)
    ax.set(xscale="log", yscale="log", xlabel="lr", ylabel="weight decay", xlim=(1e-3, 10), ylim=(1e-6, 1e-2))
    ax.set_title(f"{title}: {len(np.unique(lr.round(9)))} different rates", fontsize="medium")
    ax.grid(False)


@picture("Points of a grid and of your search over rate and weight decay; the least error so far, by trials.")
@one_thread
def training_search(
    notes: Notes, random_search: Callable, *, trials: int = 9, seed: int = 0, seeds: Iterable[int] = range(100)
):
    """Show a grid and your random search of the same cost, where one of two parameters matters."""
    fig, (grid, yours, best) = notes.plt.subplots(1, 3, figsize=(12.8, 4.0))
    best.set(xlabel="trials", ylabel="least validation error so far (%)", ylim=(0, 95))
    space, side = {"lr": (1e-3, 10.0), "weight_decay": (1e-6, 1e-2)}, round(trials**0.5)
    with notes.collect():
        found = ask_search(random_search, space, trials, seed)
        _draw_points(yours, [point for point, _ in found], BLUE, "random_search")
        _draw_points(grid, grid_points(space, side), ORANGE, "grid")
        ways: dict[str, list] = {"grid": [], "random_search": [], "the same, uniform": []}
        for s in seeds:
            rng = np.random.default_rng([s, 5])
            # Nobody knows where the good rates are: the four decades lie elsewhere for each seed.
            low = 10 ** rng.uniform(-4, -2)
            moved = {"lr": (low, 1e4 * low), "weight_decay": (1e-6, 1e-2)}
            tried = rng.permutation(np.array(grid_points(moved, side), object))
            ways["grid"].append([error_at(**point) for point in tried])
            ways["random_search"].append([value for _, value in ask_search(random_search, moved, trials, s)])
            uniform = [{name: rng.uniform(*ends) for name, ends in moved.items()} for _ in range(trials)]
            ways["the same, uniform"].append([error_at(**point) for point in uniform])
        for (label, rows), color, mark in zip(ways.items(), (ORANGE, BLUE, GREEN), "s^o", strict=True):
            so_far = np.minimum.accumulate(np.array(rows), axis=1)
            mean, places = so_far.mean(axis=0), np.arange(1, so_far.shape[1] + 1)
            best.plot(places, mean, color=color, marker=mark, ms=4, label=label)
            best.fill_between(places, *np.percentile(so_far, [25, 75], axis=0), color=color, alpha=0.15, lw=0)
            end = so_far[:, -1]
            near = np.mean(end < landscape().min() + 1)
            notes.add(f"{label:18} error {spread(end)} % after {len(places)} trials, {near:.0%} within 1 of the best")
        best.set_title(f"mean and quartiles, {len(so_far)} places of the range", fontsize="medium")
    legend(best)
    return fig


# --------------------------------------------------------------------------- 5: how sure a number is


@functools.cache
def flickering_run(epochs: int = 40) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the history of one run at a high rate, and which of 4,000 samples it has right after every 40 steps."""
    d = data.script(33, train=3000)
    x, x_test = (part.reshape(len(part), -1) for part in (d.x_train, d.x_test))
    rows, right, per_epoch = [], [], 40

    def on_step(t, params):
        if (t + 1) % per_epoch == 0:
            z, held = stacks.scores(params, x), stacks.scores(params, x_test)
            right.append(held.argmax(-1)[0] == d.y_test)
            losses = stacks.cross_entropy(z, d.y_train)[0], stacks.cross_entropy(held, d.y_test)[0]
            rows.append([*losses, np.mean(z.argmax(-1)[0] == d.y_train), right[-1].mean()])

    how = {"lr": 0.1, "steps": per_epoch * epochs, "batch": 20, "rng": np.random.default_rng(0)}
    stacks.learn(stacks.stacked([256, 32, 10], [0]), x, d.y_train, on_step=on_step, **how)
    return as_history(rows), np.array(right)


SIZES = (10, 20, 50, 100, 200, 500, 1000)


def _jumps(curve: np.ndarray) -> float:
    return float(np.diff(curve[len(curve) // 2 :]).std())


@picture("Validation accuracy by epoch, measured with few samples, in its binomial band; jumps by number of samples.")
@one_thread
def training_validation_size(notes: Notes, diagnose: Callable, *, n: int = 20, part: int = 0):
    """Show one run scored with n samples, its verdict, and how the jumps depend on n."""
    fig, (curve, by) = notes.plt.subplots(1, 2, figsize=(11.4, 3.9), width_ratios=(1.25, 1))
    curve.set(xlabel="epoch (40 steps)", ylabel="validation accuracy")
    by.set(xscale="log", yscale="log", xlabel="validation samples", ylabel="jumps (standard deviation)")
    with notes.collect():
        stand_in = as_history(np.tile([1.0, 1.0, 0.5, 0.5], (30, 1)))
        ask_word(diagnose, KINDS, stand_in)
        history, right = flickering_run()
        truth = right.mean(axis=1)
        few = right[:, n * part : n * (part + 1)].mean(axis=1)
        verdict = ask_word(diagnose, KINDS, {name: v.copy() for name, v in history.items()} | {"val_accuracy": few})
        band = np.sqrt(truth * (1 - truth) / n)
        epochs = np.arange(len(truth))
        curve.fill_between(epochs, truth - band, truth + band, color="0.85", label=r"$\pm\sqrt{p(1-p)/n}$")
        curve.plot(epochs, truth, color="black", ls="--", lw=1.2, label="4,000 samples")
        curve.plot(epochs, few, color=ORANGE, ls="-", label=f"n = {n}")
        curve.set_title(f"your verdict with n = {n}: {verdict}", fontsize="medium")
        rng = np.random.default_rng(0)
        same = [[_jumps(right[:, rng.permutation(4000)[:m]].mean(1)) for _ in range(20)] for m in SIZES]
        fresh = [[_jumps(_fresh(right, m, rng)) for _ in range(20)] for m in SIZES]
        late = truth[len(truth) // 2 :].mean()
        law = np.sqrt(2 * late * (1 - late) / np.array(SIZES))
        by.plot(SIZES, np.mean(same, axis=1), color=BLUE, marker="o", ls="-", label="the same samples every epoch")
        by.plot(SIZES, np.mean(fresh, axis=1), color=ORANGE, marker="s", ls="--", label="other ones every epoch")
        by.plot(SIZES, law, color="black", ls=":", label=r"$\sqrt{2 p (1 - p) / n}$")
        by.axhline(_jumps(truth), color=GREEN, ls="-.", label="4,000 samples: the network's own")
        by.axvline(n, color="0.5", ls=":", lw=1)
        by.set_xticks(SIZES, [f"{m:,}" for m in SIZES])
        by.minorticks_off()
    legend(curve, loc="lower right")
    legend(by, loc="upper right")
    return fig


def _fresh(right: np.ndarray, m: int, rng: np.random.Generator) -> np.ndarray:
    return np.array([row[rng.integers(len(row), size=m)].mean() for row in right])


def ask_folds(kfold: Callable, n: int, k: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return k pairs (train, val) of indices below n, as the student's function gives them."""
    pairs = ask_many(kfold, n, k, np.random.default_rng(seed), limit=k + 1)
    name = name_of(kfold)
    if len(pairs) != k or not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
        raise NotReady(name, f"did not give {k} pairs (train, val)")
    folds = []
    for pair in pairs:
        parts = [as_array(kfold, part) for part in pair]
        if any(p.ndim != 1 or not len(p) or p.min() < 0 or p.max() >= n for p in parts):
            raise NotReady(name, f"gave train or val that are no indices from 0 to {n - 1}")
        folds.append(tuple(part.astype(int) for part in parts))
    return folds


@picture(
    "How far estimates lie from the test accuracy, by one split and by five folds; accuracy after training on all."
)
@one_thread
def training_folds(notes: Notes, kfold: Callable, *, n: int = 200, k: int = 5, seeds: Iterable[int] = range(12)):
    """Show what five folds know about a network that one split does not, and what training on all samples adds."""
    seeds = list(seeds)
    fig, (off, ax) = notes.plt.subplots(1, 2, figsize=(10.6, 3.9), width_ratios=(1.3, 1))
    off.set(xlabel="estimate − accuracy on 718 new images (points)", xlim=(-16, 16), ylim=(-0.6, 1.6))
    off.set_yticks([0, 1], [f"{k} folds, mean", "one split"])
    ax.set(ylabel="accuracy on new images (%)", xlim=(-0.4, 1.4))
    with notes.collect():
        d, cuts, picked = digits(), [], []
        for seed in seeds:
            cuts.append(ask_folds(kfold, n, k, seed))
            picked.append(np.random.default_rng([seed, 2]).permutation(len(d.y_train))[:n])
        shortest = min(len(train) for folds in cuts for train, _ in folds)
        rows = np.array([p[train[:shortest]] for p, folds in zip(picked, cuts, strict=True) for train, _ in folds])
        how = {"lr": 0.05, "batch": 20, "rng": np.random.default_rng(3)}
        start = stacks.stacked([64, 32, 10], [s for s in seeds for _ in range(k)])
        nets = stacks.learn(start, d.x_train[rows], d.y_train[rows], steps=200, **how)
        x_new, y_new = np.concatenate([d.x_val, d.x_test]), np.concatenate([d.y_val, d.y_test])
        test = 100 * stacks.accuracy(nets, x_new, y_new).reshape(len(seeds), k)
        val = np.empty_like(test)
        for s, (p, folds) in enumerate(zip(picked, cuts, strict=True)):
            for j, (_, held) in enumerate(folds):
                one = {name: w[s * k + j] for name, w in nets.items()}
                val[s, j] = 100 * np.mean(stacks.scores(one, d.x_train[p[held]]).argmax(-1) == d.y_train[p[held]])
        every = np.array(picked)
        whole = stacks.learn(stacks.stacked([64, 32, 10], seeds), d.x_train[every], d.y_train[every], steps=250, **how)
        anew = 100 * stacks.accuracy(whole, x_new, y_new)
        single, mean = val[:, 0] - test[:, 0], val.mean(axis=1) - test.mean(axis=1)
        for place, values, color in ((1, single, ORANGE), (0, mean, BLUE)):
            off.plot(values, np.full(len(values), place), "o", color=color, ms=6, alpha=0.7, ls="none")
            off.text(15.5, place + 0.15, f"spread {seed_std(values):.1f}", ha="right")
        off.axvline(0, color="black", lw=1, ls="--")
        off.set_title(f"{n} digits, {len(seeds)} seeds", fontsize="medium")
        ax.plot([0, 1], np.stack([test.mean(axis=1), anew]), color="0.6", ls="-", lw=0.9, marker="o", ms=4)
        ax.plot([0, 1], [test.mean(), anew.mean()], color=BLUE, ls="none", marker="_", ms=24, mew=2.5)
        ax.set_xticks([0, 1], [f"trained on {k - 1} of {k} folds", "anew, on all"])
        gain = anew - test.mean(axis=1)
        ax.set_title(f"gain {np.mean(gain):+.1f} ± {seed_std(gain):.1f} points", fontsize="medium")
    return fig


# --------------------------------------------------------------------------- 6: clipping


def cliff(w: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
    """Return loss and gradient on a plain that falls gently to a wall: 40 per unit, from w1 = 0 to the left."""
    steep = 1 / (1 + np.exp(np.clip(w[0] / 0.01, -60, 60)))
    loss = 0.5 * w[0] + 0.4 * np.logaddexp(0, -w[0] / 0.01) + 0.1 * (w[1] - 1) ** 2
    return float(loss), {"w1": np.array([0.5 - 40.0 * steep]), "w2": np.array([0.2 * (w[1] - 1)])}


def ask_clipped(clip_grad_norm: Callable, grads: dict[str, np.ndarray], max_norm: float) -> dict[str, np.ndarray]:
    """Return the clipped gradients, arrays of the same shapes."""
    name = name_of(clip_grad_norm)
    try:
        clipped, _ = clip_grad_norm(grads, max_norm)
        if all(clipped[key].shape == g.shape and np.abs(clipped[key]).max() < _LARGEST for key, g in grads.items()):
            return clipped
    except Exception:
        pass
    result = ask(clip_grad_norm, {key: g.copy() for key, g in grads.items()}, max_norm)
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not isinstance(result[0], dict):
        raise NotReady(name, f"gave {describe(result)} where the pair (grads, total_norm) was expected")
    if missing := [key for key in grads if key not in result[0]]:
        raise NotReady(name, f"gave no gradient for {', '.join(missing)}")
    clipped = {key: as_array(clip_grad_norm, result[0][key], g.shape) for key, g in grads.items()}
    if not all(np.isfinite(g).all() for g in grads.values()):
        return clipped
    if not all((np.abs(g) < _LARGEST).all() for g in clipped.values()):
        raise NotReady(name, "gave nan, or numbers too large for any picture")
    return clipped


def _cliff_path(steps: int, lr: float, clip: Callable | None) -> np.ndarray:
    w, path = np.array([1.6, -1.0]), []
    for _ in range(steps):
        path.append(w)
        _, grads = cliff(w)
        grads = grads if clip is None else clip(grads)
        w = w - lr * np.concatenate([grads["w1"], grads["w2"]])
    return np.array(path)


def _angle(grads: dict, others: dict) -> float:
    a, b = (np.concatenate([g.ravel() for g in each.values()]) for each in (grads, others))
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))


_HIGH_RATES = (0.1, 0.2, 0.4, 0.8)


@picture("Descent at a cliff with and without clipping; a gradient clipped as a whole and array by array; accuracy.")
@one_thread
def training_clip(notes: Notes, clip_grad_norm: Callable, *, seeds: Iterable[int] = range(4)):
    """Show a step off a cliff, why all arrays have one factor, and what clipping does at high rates."""
    seeds = list(seeds)
    fig, (plane, bars, ax) = notes.plt.subplots(1, 3, figsize=(13, 3.9))
    plane.set(xlabel="$w_1$", ylabel="$w_2$", xlim=(-0.6, 4.6), ylim=(-1.4, 1.4))
    bars.set(ylabel="length of the gradient")
    ax.set(xscale="log", xlabel="lr, momentum 0.9", ylabel="validation accuracy (%)", ylim=(0, 103))
    with notes.collect():
        kept = _cliff_path(60, 0.2, lambda grads: ask_clipped(clip_grad_norm, grads, 1.0))
        thrown = _cliff_path(60, 0.2, None)
        plane.axvspan(-0.6, 0, color="0.85", lw=0)
        plane.plot(*thrown.T, ".-", color=ORANGE, lw=1, ms=4, label="without")
        plane.plot(*kept.T, ".-", color=BLUE, lw=1, ms=4, label="clipped at 1")
        plane.set_title("60 steps beside a wall (grey)", fontsize="medium")
        rng = np.random.default_rng(0)
        grads = {"W1": 3.0 * rng.standard_normal(50), "b1": 0.1 * rng.standard_normal(8), "W2": rng.standard_normal(9)}
        whole = ask_clipped(clip_grad_norm, grads, 2.0)
        each = {key: ask_clipped(clip_grad_norm, {key: g}, 2.0)[key] for key, g in grads.items()}
        places, ways = np.arange(3), (("before", grads, "0.6"), ("as a whole", whole, BLUE), ("each alone", each, RED))
        for k, (label, value, color) in enumerate(ways):
            angle = "" if value is grads else f": {_angle(grads, value):.0f}° off"
            heights = [np.linalg.norm(g) for g in value.values()]
            bars.bar(places + 0.27 * (k - 1), heights, 0.25, color=color, label=label + angle)
        bars.set_xticks(places, list(grads))
        bars.set(yscale="log", ylim=(0.01, 300))
        bars.set_title("max_norm = 2", fontsize="medium")
        _clipped_rates(ax, clip_grad_norm, seeds)
    for part in (plane, bars, ax):
        legend(part, loc="upper right" if part is not ax else "lower left")
    return fig


def _clipped_rates(ax, clip_grad_norm: Callable, seeds: list[int]) -> None:
    d, rates = digits(), np.repeat(_HIGH_RATES, len(seeds))
    start = stacks.stacked([64, 32, 32, 10], seeds * len(_HIGH_RATES))

    def clip(grads):
        each = [ask_clipped(clip_grad_norm, {k: g[i] for k, g in grads.items()}, 1.0) for i in range(len(rates))]
        return {name: np.stack([one[name] for one in each]) for name in grads}

    for label, change, color, mark, ls in (
        ("without", None, ORANGE, "s", "--"),
        ("clipped at 1", clip, BLUE, "o", "-"),
    ):
        how = {"lr": rates, "steps": 200, "rng": np.random.default_rng(1), "change": change}
        end = stacks.learn(start, d.x_train, d.y_train, **how)
        with np.errstate(all="ignore"):
            right = 100 * stacks.accuracy(end, d.x_val, d.y_val).reshape(len(_HIGH_RATES), len(seeds))
        bars = np.abs([right.min(axis=1), right.max(axis=1)] - right.mean(axis=1))
        ax.errorbar(_HIGH_RATES, right.mean(axis=1), bars, color=color, marker=mark, ls=ls, capsize=3, label=label)
    ax.set_xticks(_HIGH_RATES, [f"{rate:g}" for rate in _HIGH_RATES])
    ax.minorticks_off()
    ax.set_title(f"digits, 200 steps, mean and range of {len(seeds)} seeds", fontsize="medium")
