"""Networks of 08_normalization: the whole family in training, its pitfalls, and lecture 004's results table on digits.

The networks are `helpers.training.MLP` on the bundled digits. A layer is handed over as its two functions, by the name
of its exercises: ``{"layernorm": (layernorm_forward, layernorm_backward), ...}``.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache

import numpy as np

from helpers import data
from helpers.plots.batchnorm import ask_backward, ask_forward, band
from helpers.plots.normalization import ask_out, ask_parts
from helpers.plots.pieces import final_accuracy, progress_bar, seed_std
from helpers.plots.ready import NotReady, as_array, picture
from helpers.plots.style import COLORS
from helpers.training import (
    MLP,
    BatchNorm,
    History,
    Params,
    WeightNorm,
    grouped,
    mean_only,
    shuffled_minibatches,
    train,
)

BLUE, ORANGE, GREEN, RED, PINK, SKY, BLACK = COLORS
Family = Mapping[str, tuple[Callable, Callable]]
_SMALL = (64, 32, 32, 10)
_GROUPS = 4
_LOOKS = {
    "none": (ORANGE, "s", "--"),
    "batchnorm": (BLUE, "o", "-"),
    "mean_only_batchnorm": (GREEN, "^", "-."),
    "decorrelated_batchnorm": (RED, "v", ":"),
    "layernorm": (BLUE, "o", "-"),
    "groupnorm": (GREEN, "^", "-."),
    "weightnorm": (RED, "v", ":"),
}


# ---------------------------------------------------------------------------- the student's layers in a network


def _inference(x, gamma, beta, running_mean, running_var, *, eps):
    return gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta


def _update_running(running_mean, running_var, x, *, momentum):
    mean, var = x.mean(axis=0), x.var(axis=0, ddof=1)
    return (1 - momentum) * running_mean + momentum * mean, (1 - momentum) * running_var + momentum * var


def layer_options(name: str, functions: tuple[Callable, Callable]) -> dict:
    """Return what `MLP` takes for a layer of the family, its functions tried once; raise NotReady if they fail."""
    forward, backward = functions
    x = np.random.default_rng(0).normal(size=(12, 4))
    ones, zeros = np.ones(4), np.zeros(4)
    if name == "weightnorm":
        _, cache = ask_out(forward, x, np.ones(12))
        dv, dg = ask_parts(backward, x, cache, parts=2)
        as_array(backward, dv, x.shape), as_array(backward, dg, (12,))
        return {"weightnorm": WeightNorm(forward, backward)}
    if name == "mean_only_batchnorm":
        _, cache = ask_out(forward, x, zeros)
        dx, dbeta = ask_parts(backward, x, cache, parts=2)
        as_array(backward, dx, x.shape), as_array(backward, dbeta, (4,))
        return {"batchnorm": mean_only(forward, backward)}
    if name == "groupnorm":
        images = x.reshape(12, 4, 1, 1)
        _, cache = ask_out(forward, images, ones, zeros, 2)
        ask_backward(backward, images, cache, 4)
        return {"batchnorm": grouped(forward, backward, _GROUPS)}
    _, cache = ask_forward(forward, x, ones, zeros)
    ask_backward(backward, x, cache, 4)
    if name == "batchnorm":
        return {"batchnorm": BatchNorm(forward, backward, _inference, _update_running)}
    # Decorrelated BatchNorm too: it keeps no running statistics, and is judged with those of the images it is given.
    return {"batchnorm": BatchNorm(forward, backward)}


def _options(family: Family, *names: str) -> dict:
    options: dict = {}
    for name in names:
        options |= layer_options(name, family[name])
    return options


@cache
def _digits() -> data.Dataset:
    return data.digits(seed=0)


@cache
def _divided(seed: int, samples: int) -> data.Dataset:
    """Return the digits as the results table wants them: some to learn from, 300 to choose by, 497 to test."""
    whole = _digits()
    x = np.concatenate([whole.x_train, whole.x_val, whole.x_test])
    y = np.concatenate([whole.y_train, whole.y_val, whole.y_test])
    parts = data.split(x, y, validation=300 / len(y), test=497 / len(y), seed=seed)
    return replace(parts, x_train=parts.x_train[:samples], y_train=parts.y_train[:samples])


class _Flat:
    """A network whose parameters are one vector: the optimizer takes one large step in place of many small ones."""

    def __init__(self, network: MLP) -> None:
        self.network = network
        self.shapes = {name: w.shape for name, w in network.params.items()}
        self.ends = np.cumsum([w.size for w in network.params.values()])[:-1]

    @property
    def params(self) -> Params:
        return {"all": self._joined(self.network.params)}

    @params.setter
    def params(self, params: Params) -> None:
        parts = np.split(params["all"], self.ends)
        shapes = self.shapes.items()
        self.network.params = {name: part.reshape(shape) for (name, shape), part in zip(shapes, parts, strict=True)}

    def _joined(self, arrays: Params) -> np.ndarray:
        return np.concatenate([np.asarray(arrays[name]).reshape(-1) for name in self.shapes])

    def loss(self, x: np.ndarray, y: np.ndarray) -> tuple[float, Params]:
        loss, grads = self.network.loss(x, y)
        return loss, {"all": self._joined(grads)}

    def scores(self, x: np.ndarray) -> np.ndarray:
        return self.network.scores(x)


def _trained(network: MLP, digits: data.Dataset, batches: Callable, seed: int, **options) -> History:
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(1), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            rng = np.random.default_rng(1000 + seed)
            return train(_Flat(network), digits, epochs=1, rng=rng, minibatches=batches, progress=False, **options)
    except NotReady:
        raise
    except Exception as error:
        raise NotReady("the network with your functions", f"stopped with {type(error).__name__}: {error}") from error


def _sgd(w, grad, state, *, lr):
    return w - lr * grad, state


def _adam(w, grad, state, *, lr):
    t = state.get("t", 0) + 1
    m, v = (state["m"], state["v"]) if state else np.zeros((2, *w.shape))
    # In place: it is what takes the time of these small networks.
    m *= 0.9
    m += 0.1 * grad
    v *= 0.999
    v += 0.001 * (grad * grad)
    root = np.sqrt(v / (1 - 0.999**t))
    root += 1e-8
    step = np.divide(m, root, out=root)
    step *= lr / (1 - 0.9**t)
    return w - step, {"t": t, "m": m, "v": v}


def _error(network: MLP, history: History, x: np.ndarray, y: np.ndarray) -> float:
    """Return the error in percent; a diverged run counts as guessing."""
    return 100 * (1 - final_accuracy(network, history, x, y))


# ---------------------------------------------------------------------------- pitfalls


def _mixtures(y: np.ndarray, classes: int, size: int, count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield batches that hold so many of the ten classes, others in each."""
    for _ in range(count):
        some = rng.choice(10, classes, replace=False)
        yield rng.choice(np.flatnonzero(np.isin(y, some)), size)


@picture(
    "Test error by how many classes a batch holds: at test time by statistics of the batch, and in training.",
    waits="most",
)
def norm_composition(notes, family: Family, *, steps: int = 120, seeds: int = 3):
    """Show what batches of few classes do to BatchNorm, when they come at test time and when they come in training."""
    digits, counts = _digits(), (1, 2, 5, 10)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(11, 3.8), sharey=True)
    left.set(title="trained on mixed batches,\ntested on batches of 32", ylabel="error, %")
    right.set(title=f"trained for {steps} steps on batches of 32,\ntested one by one", ylim=(0, 100))
    for ax, when in ((left, "at test time"), (right, "in training")):
        ax.set(xlabel=f"classes in a batch {when}", xscale="log")
        ax.minorticks_off()
        ax.set_xticks(counts, [str(n) for n in counts])

    def run(options, classes, seed) -> tuple[MLP, float]:
        network = MLP(_SMALL, np.random.default_rng(seed), **options)
        batches = lambda n, size, rng: _mixtures(digits.y_train, classes, 32, steps, rng)  # noqa: E731
        history = _trained(network, digits, batches, seed, step=_sgd, lr=0.1)
        return network, _error(network, history, digits.x_test, digits.y_test)

    def by_batches(network) -> list[float]:
        if network.batchnorm is not None:
            network.batchnorm = replace(network.batchnorm, inference=None, update_running=None)
        errors = []
        for classes in counts:
            rng = np.random.default_rng(classes)
            shown = list(_mixtures(digits.y_test, classes, 32, 40, rng))
            with np.errstate(all="ignore"):
                errors.append(100 * np.mean([network.predict(digits.x_test[i]) != digits.y_test[i] for i in shown]))
        return errors

    with progress_bar(3 * len(counts) * seeds, True) as tick:
        for name in ("none", "batchnorm", "layernorm"):
            with notes.collect():
                options = {} if name == "none" else layer_options(name, family[name])
                tested, learned = [], []
                for classes in counts:
                    runs = []
                    for seed in range(seeds):
                        network, error = run(options, classes, seed)
                        runs.append(error)
                        if classes == counts[-1]:
                            tested.append(by_batches(network))
                        tick()
                    learned.append(runs)
                color, marker, ls = {"layernorm": (GREEN, "^", "-.")}.get(name, _LOOKS[name])
                style = {"color": color, "marker": marker, "ls": ls, "label": name}
                band(left, counts, np.array(tested).T, **style)
                band(right, counts, np.array(learned), **style)
    left.legend(fontsize=9, title="statistics of the batch at hand", title_fontsize=9)
    return fig


@picture(
    "Validation error by batch size for the whole family: those that look at the batch, and those that do not.",
    waits="most",
)
def norm_batch_sizes(notes, family: Family, *, steps: int = 100, seeds: int = 3, long: bool = False):
    """Show the error after as many steps with batches of 2 to 64, for every layer of the family.

    `long` takes six sizes, 600 steps and 5 seeds.
    """
    sizes = (2, 4, 8, 16, 32, 64) if long else (2, 4, 16, 64)
    steps, seeds = (600, 5) if long else (steps, seeds)
    digits = _digits()
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(11, 4.0), sharey=True)
    left.set(title="those that look at the batch", ylabel="validation error, %", ylim=(0, 90))
    right.set(title="those that do not")
    fig.suptitle(f"{steps} steps of SGD, lr = 0.1; mean, best and worst of {seeds} seeds", fontsize=11)
    for ax in (left, right):
        ax.set(xlabel="batch size")
        ax.set_xscale("log", base=2)
        ax.set_xticks(sizes, [str(n) for n in sizes])

    def error(options, size, seed) -> float:
        network = MLP(_SMALL, np.random.default_rng(seed), **options)
        batches = lambda n, _, rng: (rng.choice(n, size, replace=False) for _ in range(steps))  # noqa: E731
        history = _trained(network, digits, batches, seed, step=_sgd, lr=0.1)
        return _error(network, history, digits.x_val, digits.y_val)

    with progress_bar(len(_LOOKS) * len(sizes) * seeds, True) as tick:
        for name, (color, marker, ls) in _LOOKS.items():
            with notes.collect():
                options = {} if name == "none" else layer_options(name, family[name])
                errors = np.empty((len(sizes), seeds))
                for i, j in np.ndindex(errors.shape):
                    errors[i, j] = error(options, sizes[i], j)
                    tick()
                label = f"{name}, {_GROUPS} groups" if name == "groupnorm" else name
                for ax in (left, right) if name == "none" else (left,) if "batch" in name else (right,):
                    band(ax, sizes, errors, label, color=color, marker=marker, ls=ls, ms=5)
    for ax in (left, right):
        ax.legend(fontsize=9)
    return fig


# ---------------------------------------------------------------------------- the results table

WAYS = {
    "normal": (),
    "weight norm": ("weightnorm",),
    "batch norm": ("batchnorm",),
    "mean-only BN": ("mean_only_batchnorm",),
    "WN + mean-only BN": ("weightnorm", "mean_only_batchnorm"),
}
# Salimans and Kingma (2016), table 1: test error on CIFAR-10 in %.
PUBLISHED = {
    "normal": 8.43,
    "weight norm": 8.46,
    "batch norm": 8.05,
    "mean-only BN": 8.52,
    "WN + mean-only BN": 7.31,
}
RATES = (1e-3, 3e-3, 1e-2)
_SIZES, _EPOCHS, _BATCH = (64, 100, 100, 10), 40, 50


@lru_cache(maxsize=2000)
def _table_run(functions: tuple, way: str, samples: int, lr: float, seed: int, epochs: int) -> np.ndarray:
    """Return validation and test error in %; the same digits, first weights and batches for every way."""
    digits = _divided(seed, samples)
    network = MLP(_SIZES, np.random.default_rng(seed), **_options(dict(functions), *WAYS[way]))
    total = epochs * -(-samples // _BATCH)

    def batches(n, size, rng) -> Iterator[np.ndarray]:
        for _ in range(epochs):
            yield from shuffled_minibatches(n, size, rng)

    history = _trained(
        network,
        digits,
        batches,
        seed,
        step=_adam,
        schedule=lambda t: lr * min(1.0, 2 * (1 - t / total)),
        batch_size=_BATCH,
    )
    network.calibrate(digits.x_train)
    parts = ((digits.x_val, digits.y_val), (digits.x_test, digits.y_test))
    return np.array([_error(network, history, x, y) for x, y in parts])


def _training_loss(network: MLP, digits: data.Dataset) -> float:
    """Return the mean cross-entropy of the training set, by the statistics of the training set."""
    network.calibrate(digits.x_train)
    scores = network.scores(digits.x_train)
    top = scores.max(axis=1, keepdims=True)
    log_total = top[:, 0] + np.log(np.exp(scores - top).sum(axis=1))
    return float(np.mean(log_total - scores[np.arange(len(scores)), digits.y_train]))


def _runs(family: Family, way: str, samples: int, lr: float, seeds: int, tick: Callable, epochs: int) -> np.ndarray:
    """Return the numbers of `_table_run` for each seed, (seeds, 2)."""
    functions = tuple((name, tuple(family[name])) for name in WAYS[way])
    rows = []
    for seed in range(seeds):
        rows.append(_table_run(functions, way, samples, lr, seed, epochs))
        tick()
    return np.array(rows)


@picture("Validation error by learning rate for five ways to parametrise a network, on 200 digits.", waits="most")
def norm_rates(notes, family: Family, *, samples: int = 200, seeds: int = 2, epochs: int = _EPOCHS):
    """Show which learning rate the validation digits choose for each way."""
    fig, ax = notes.plt.subplots(figsize=(8, 3.8))
    ax.set(xscale="log", xlabel="lr of Adam", ylabel="validation error, %")
    ax.set_title(f"{samples} training digits, {epochs} epochs; mean of {seeds} seeds, the chosen rate ringed")
    ax.set_xticks(RATES, [f"{lr:g}" for lr in RATES])
    ax.minorticks_off()
    with progress_bar(len(WAYS) * len(RATES) * seeds, True) as tick:
        for k, way in enumerate(WAYS):
            with notes.collect():
                _options(family, *WAYS[way])
                errors = [_runs(family, way, samples, lr, seeds, tick, epochs)[:, 0].mean() for lr in RATES]
                (line,) = ax.plot(RATES, errors, marker="os^vD"[k], ms=5, label=way)
                best = int(np.argmin(errors))
                ax.plot(RATES[best], errors[best], "o", ms=13, mfc="none", mec=line.get_color(), ls="none")
    ax.legend(fontsize=9)
    return fig


@picture(
    "Training loss after three epochs and test error of five ways, with spread, beside the published errors.",
    waits="most",
)
def norm_table(
    notes,
    family: Family,
    *,
    samples: int = 200,
    seeds: int = 5,
    choose_by: int = 2,
    epochs: int = _EPOCHS,
    long: bool = False,
):
    """Show lecture 004's five ways on the digits: test error, and the training loss after 3 epochs at lr = 0.01.

    The rate of each is chosen by the validation error of the first `choose_by` seeds. `long` takes 10 seeds, chooses by
    all of them, and draws a second row for 1,000 training digits.
    """
    rows = (samples, 1000) if long else (samples,)
    seeds = 10 if long else seeds
    choose_by = seeds if long else min(choose_by, seeds)
    fig, axes = notes.plt.subplots(len(rows), 3, figsize=(12, 0.4 + 3.0 * len(rows)), squeeze=False, sharey=True)
    place = np.arange(len(WAYS))
    # Those of the first seeds are kept, and count twice.
    total = len(rows) * len(WAYS) * (len(RATES) * choose_by + seeds)
    with progress_bar(total, True) as tick:
        for (published, error, loss), n in zip(axes, rows, strict=True):
            published.set_yticks(place, list(WAYS))
            published.set(xlabel="test error on CIFAR-10, %\n(lecture 004)", xlim=(7, 9), ylim=(len(WAYS) - 0.5, -0.7))
            published.plot(list(PUBLISHED.values()), place, "D", color=BLACK, ls="none")
            error.set(xlabel=f"test error on digits, %\n({n} to learn from, {seeds} seeds)")
            loss.set(xlabel="training loss after 3 epochs\n(lr = 0.01 for all)")
            plain = None
            for k, way in enumerate(WAYS):
                with notes.collect():
                    _options(family, *WAYS[way])
                    by_rate = {lr: _runs(family, way, n, lr, choose_by, tick, epochs) for lr in RATES}
                    best = min(RATES, key=lambda lr: by_rate[lr][:, 0].mean())
                    chosen = _runs(family, way, n, best, seeds, tick, epochs)
                    fast = _early_losses(family, way, n, seeds)
                    plain = chosen[:, 1] if way == "normal" else plain
                    words = f"{way} ({n}): {chosen[:, 1].mean():.2f} ± {seed_std(chosen[:, 1]):.2f} at lr = {best:g}"
                    if way != "normal" and plain is not None:
                        apart = chosen[:, 1] - plain
                        words += f", to normal {apart.mean():+.2f} ± {seed_std(apart) / np.sqrt(seeds):.2f}"
                    notes.add(f"{words}; loss {np.mean(fast):.3f} ± {seed_std(fast):.3f}")
                    for ax, values in ((error, chosen[:, 1]), (loss, fast)):
                        ax.plot(values, np.full(seeds, k), "o", color=SKY, ms=5, ls="none")
                        ax.errorbar(values.mean(), k, xerr=seed_std(values), fmt="s", color=BLUE, capsize=4, ms=5)
            loss.set_xlim(left=0)
    return fig


def _early_losses(family: Family, way: str, samples: int, seeds: int) -> np.ndarray:
    functions = tuple((name, tuple(family[name])) for name in WAYS[way])
    return np.array([_early_loss(functions, way, samples, seed) for seed in range(seeds)])


@lru_cache(maxsize=500)
def _early_loss(functions: tuple, way: str, samples: int, seed: int) -> float:
    """Return the training loss after 3 epochs at lr = 0.01."""
    digits = _divided(seed, samples)
    network = MLP(_SIZES, np.random.default_rng(seed), **_options(dict(functions), *WAYS[way]))

    def batches(n, size, rng) -> Iterator[np.ndarray]:
        for _ in range(3):
            yield from shuffled_minibatches(n, size, rng)

    history = _trained(network, digits, batches, seed, step=_adam, lr=1e-2, batch_size=_BATCH)
    return np.nan if history.diverged else _training_loss(network, digits)
