"""The pictures of 12_training about borrowed features, about data and size, and the network at the end."""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from helpers import data
from helpers.curves import KINDS, curves
from helpers.plots import stacks
from helpers.plots.averages import ask_labels, script
from helpers.plots.diagnosis import as_history, ask_word, spread
from helpers.plots.penalised_digits import one_thread
from helpers.plots.penalties import BLUE, GREEN, ORANGE, PINK, RED, ask_numbers
from helpers.plots.pieces import legend, seed_std
from helpers.plots.ready import Notes, NotReady, as_array, ask, describe, name_of, picture
from helpers.plots.search import ask_range, suggested

_LARGEST = 1e30
_WIDTHS = (256, 64, 64)
Params = stacks.Params


def falling(steps: int) -> Callable[[int], float]:
    """Return a rate's factor that falls to 0 in a straight line."""
    return lambda t: 1 - t / steps


# --------------------------------------------------------------------------- 2: the two cures, and data


@dataclass(frozen=True)
class Run:
    """A way to train on the script: samples, hidden units, weight decay, steps."""

    label: str
    n: int
    units: int
    weight_decay: float = 0.0
    steps: int = 400


@dataclass(frozen=True)
class Outcome:
    """Accuracy (%) on training and on new samples at the end, for each seed; the history of their mean."""

    train: np.ndarray
    new: np.ndarray
    history: dict[str, np.ndarray]


def _outcome(run: Run, seeds: Sequence[int], records: int = 25, shown: int = 300) -> Outcome:
    d, rows = script(31, train=3200), []
    chosen = np.stack([np.random.default_rng(seed).permutation(len(d.y_train))[: run.n] for seed in seeds])
    x, y = d.x_train[chosen], d.y_train[chosen]
    pairs = (x[:, :shown], y[:, :shown]), (d.x_test[:shown], d.y_test[:shown])

    def on_step(t, params):
        if (t + 1) % (run.steps // records) == 0:
            scores = [(stacks.scores(params, part), labels) for part, labels in pairs]
            losses = [stacks.cross_entropy(z, labels).mean() for z, labels in scores]
            rows.append([*losses, *(np.mean(z.argmax(-1) == labels) for z, labels in scores)])

    how = {"lr": 0.05, "steps": run.steps, "weight_decay": run.weight_decay, "schedule": falling(run.steps)}
    start = stacks.stacked((256, run.units, 10), seeds)
    nets = stacks.learn(start, x, y, rng=np.random.default_rng(0), on_step=on_step, **how)
    ends = (100 * stacks.accuracy(nets, *pair) for pair in ((x, y), (d.x_test, d.y_test)))
    return Outcome(*ends, as_history(rows))


def _try_diagnose(diagnose: Callable) -> None:
    """Ask for something small, before anything is trained."""
    ask_word(diagnose, KINDS, curves("overfitting", np.random.default_rng(0)))


def _told(diagnose: Callable, outcome: Outcome) -> str:
    return ask_word(diagnose, KINDS, {name: values.copy() for name, values in outcome.history.items()})


_SICK = (
    (
        Run("as it is", 200, 64),
        Run("regularised", 200, 64, weight_decay=0.01),
        Run("192 units", 200, 192),
        Run("1,600 samples", 1600, 64),
    ),
    (
        Run("as it is", 3200, 8),
        Run("regularised", 3200, 8, weight_decay=0.01),
        Run("32 units", 3200, 32),
        Run("1,600 steps", 3200, 8, steps=1600),
    ),
)


@picture("Accuracy on training and on new samples in two sick runs, each as it is and after three cures.")
@one_thread
def training_cures(notes: Notes, diagnose: Callable, *, seeds: Iterable[int] = range(6), sick=_SICK):
    """Show two runs with your verdict, one with a gap and one without, and what three cures do to each."""
    seeds = list(seeds)
    fig, axes = notes.plt.subplots(1, 2, figsize=(11.8, 3.9), sharey=True)
    axes[0].set(ylabel="accuracy (%)", ylim=(40, 119))
    with notes.collect():
        _try_diagnose(diagnose)
        for ax, runs in zip(axes, sick, strict=True):
            outcomes = [_outcome(run, seeds) for run in runs]
            for place, each in enumerate(outcomes):
                bars = ((each.train, -0.2, BLUE, "training"), (each.new, 0.2, ORANGE, "new samples"))
                for values, shift, color, label in bars:
                    ax.bar(place + shift, values.mean(), 0.36, color=color, alpha=0.8, label=None if place else label)
                ax.plot(np.full(len(seeds), place + 0.2), each.new, ".", color="black", ms=4, ls="none")
                gain = each.new - outcomes[0].new
                words = f"{gain.mean():+.1f} ± {seed_std(gain):.1f}" if place else f"{each.new.mean():.1f}"
                top = (place, max(each.train.mean(), each.new.max()))
                ax.annotate(words, top, (0, 4), textcoords="offset points", ha="center")
            ax.set_xticks(range(len(runs)), [run.label for run in runs], fontsize=9)
            first = f"{runs[0].n:,} samples, {runs[0].units} units"
            ax.set_title(f"{first}: {_told(diagnose, outcomes[0])}", fontsize="medium")
    legend(axes[0], loc="upper left", ncols=2)
    return fig


@picture("Accuracy on training and on new samples by number of samples, for a small and a large network.")
@one_thread
def training_samples(
    notes: Notes,
    diagnose: Callable,
    *,
    counts: Iterable[int] = (100, 200, 400, 800, 1600, 3200),
    widths: Iterable[int] = (12, 72),
    seeds: Iterable[int] = range(4),
):
    """Show how accuracy grows with data for two widths, and what your function says of each run."""
    counts, widths, seeds = list(counts), list(widths), list(seeds)
    fig, axes = notes.plt.subplots(1, len(widths), figsize=(11.4, 3.9), sharey=True, squeeze=False)
    axes[0, 0].set(ylabel="accuracy (%)")
    with notes.collect():
        _try_diagnose(diagnose)
        for ax, units in zip(axes[0], widths, strict=True):
            outcomes = [_outcome(Run("", n, units), seeds) for n in counts]
            train, new = (np.array([getattr(each, part) for each in outcomes]) for part in ("train", "new"))
            for values, label, color, ls, mark in (
                (train, "training", BLUE, "-", "o"),
                (new, "new", ORANGE, "--", "s"),
            ):
                ax.plot(counts, values.mean(axis=1), color=color, ls=ls, marker=mark, ms=4, label=label)
                ax.fill_between(counts, values.min(axis=1), values.max(axis=1), color=color, alpha=0.2, lw=0)
            for n, values, outcome in zip(counts, new, outcomes, strict=True):
                where = {"textcoords": "offset points", "ha": "center", "fontsize": 7}
                ax.annotate(_told(diagnose, outcome).replace(" ", "\n"), (n, values.min()), (0, -10), **where)
            ax.set(xscale="log", xlabel="training samples", ylim=(50, 102), xlim=(80, 4200))
            ax.set_title(f"{units} units", fontsize="medium")
            ax.set_xticks(counts, [f"{n:,}" for n in counts])
            ax.minorticks_off()
            legend(ax, loc="lower right")
    return fig


# --------------------------------------------------------------------------- 9: borrowed features

ALPHABETS = 10


@functools.cache
def source(
    seeds: tuple[int, ...] = (0, 1, 2), alphabets: int = ALPHABETS, each: int = 800, steps: int = 1500
) -> Params:
    """Return networks that tell the letters of ten alphabets apart, as many classes as letters."""
    parts = [script(100 + k, train=each, test=0) for k in range(alphabets)]
    x = np.concatenate([part.x_train for part in parts])
    y = np.concatenate([part.y_train + 10 * k for k, part in enumerate(parts)])
    start = stacks.stacked((*_WIDTHS, 10 * alphabets), seeds)
    how = {"lr": 0.05, "steps": steps, "batch": 64, "schedule": falling(steps), "rng": np.random.default_rng(0)}
    return stacks.learn(start, x, y, **how)


@functools.cache
def target(similarity: str) -> data.Dataset:
    """Return an alphabet that the source has not seen, or digits of twice their size."""
    if similarity == "similar":
        return script(21, train=1000, test=1000)
    d = data.digits(flat=False)

    def enlarged(images):
        return np.repeat(np.repeat(images, 2, axis=2), 2, axis=3).reshape(len(images), 256).astype(np.float32)

    x, y = np.concatenate([d.x_val, d.x_test]), np.concatenate([d.y_val, d.y_test])
    return data.Dataset(enlarged(d.x_train), d.y_train, enlarged(x[:0]), y[:0], enlarged(x), y)


def few_of_each(y: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return the places of n samples of each class, in random order."""
    return rng.permutation(np.concatenate([rng.permutation(np.flatnonzero(y == k))[:n] for k in range(10)]))


def ask_probe(linear_probe: Callable, features: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return W and b of the student's linear classifier."""
    result = ask(linear_probe, features, y, weight_decay=0.03)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise NotReady(name_of(linear_probe), f"gave {describe(result)} where the pair (W, b) was expected")
    W, b = (
        as_array(linear_probe, part, shape)
        for part, shape in zip(result, ((features.shape[1], 10), (10,)), strict=True)
    )
    if not ((np.abs(W) < _LARGEST).all() and (np.abs(b) < _LARGEST).all()):
        raise NotReady(name_of(linear_probe), "gave nan, or numbers too large for any picture")
    return W, b


def probed(linear_probe: Callable, train: np.ndarray, y: np.ndarray, test: np.ndarray, y_test: np.ndarray) -> float:
    """Return the test accuracy (%) of a linear classifier on features, all divided by one number."""
    size = np.float32(train.std() + 1e-6)
    W, b = ask_probe(linear_probe, (train / size).astype(float), y)
    return 100 * float(np.mean(((test / size) @ W + b).argmax(axis=1) == y_test))


def ask_frozen(freeze: Callable, grads: Params, names: list[str]) -> Params:
    """Return the gradients with some frozen, arrays of the same shapes."""
    try:
        frozen = freeze(grads, names)
        if all(frozen[key].shape == g.shape and np.abs(frozen[key]).max() < _LARGEST for key, g in grads.items()):
            return frozen
    except Exception:
        pass
    result = ask(freeze, {key: g.copy() for key, g in grads.items()}, list(names))
    if not isinstance(result, dict) or set(result) != set(grads):
        raise NotReady(name_of(freeze), f"gave {describe(result)} where a dict of {', '.join(grads)} was expected")
    return {key: as_array(freeze, result[key], g.shape) for key, g in grads.items()}


class Transfer:
    """A source network, samples of a new task, and four ways to use the one for the other."""

    steps = 250

    def __init__(self, similarity: str, n: int, seeds: tuple[int, ...]) -> None:
        d, rng = target(similarity), np.random.default_rng([n, 7])
        rows = np.stack([few_of_each(d.y_train, n, rng) for _ in seeds])
        self.x, self.y, self.d = d.x_train[rows], d.y_train[rows], d
        self.source = source(seeds)
        self.fresh = stacks.stacked((*_WIDTHS, 10), [100 + seed for seed in seeds])

    def trained(self, start: Params, change: Callable | None) -> np.ndarray:
        """Return the test accuracies (%) after training from these weights."""
        how = {"lr": 0.02, "steps": self.steps, "batch": 20, "schedule": falling(self.steps), "change": change}
        end = stacks.learn(start, self.x, self.y, rng=np.random.default_rng(1), **how)
        return 100 * stacks.accuracy(end, self.d.x_test, self.d.y_test)

    def scratch(self) -> np.ndarray:
        return self.trained(self.fresh, None)

    def finetuned(self, freeze: Callable, names: list[str]) -> np.ndarray:
        """Return what comes of the source's layers and a new last one, where these names are frozen."""
        start = {**self.source, "W3": self.fresh["W3"], "b3": self.fresh["b3"]}
        return self.trained(start, lambda grads: ask_frozen(freeze, grads, names))

    def probe(self, linear_probe: Callable, layer: int = 2) -> np.ndarray:
        """Return what comes of a linear classifier on a layer of the source, 0 being the pixels."""
        features, test = self.features(layer)
        jobs = zip(features, self.y, test, strict=True)
        return np.array([probed(linear_probe, train, y, new, self.d.y_test) for train, y, new in jobs])

    def features(self, layer: int) -> tuple[np.ndarray, np.ndarray]:
        if layer == 0:
            return self.x, np.broadcast_to(self.d.x_test, (len(self.x), *self.d.x_test.shape))
        return stacks.hidden(self.source, self.x)[layer - 1], stacks.hidden(self.source, self.d.x_test)[layer - 1]


_PLANS = ("linear classifier", "finetune few", "finetune many", "trouble")


@picture("Accuracy on a new task by samples a class: from scratch, linear classifier, a few layers tuned, all tuned.")
@one_thread
def training_transfer(
    notes: Notes,
    freeze: Callable,
    linear_probe: Callable,
    transfer_plan: Callable,
    *,
    similarity: str = "similar",
    counts: Iterable[int] = (2, 5, 10, 40),
    seeds: tuple[int, ...] = (0, 1, 2),
):
    """Show four ways to learn ten new letters (or digits) from a few samples each, and what your plan says."""
    counts = list(counts)
    fig, ax = notes.plt.subplots(figsize=(8.6, 4.1))
    what = "an alphabet never seen" if similarity == "similar" else "digits of twice their size"
    ax.set(xscale="log", xlabel="training samples of each class", ylabel="test accuracy (%)")
    with notes.collect():
        _try_out(freeze, linear_probe)
        plans = [ask_word(transfer_plan, _PLANS, amount, similarity) for amount in ("little", "lots")]
        runs = [Transfer(similarity, n, seeds) for n in counts]
        ways = {
            "from scratch": [run.scratch() for run in runs],
            "linear classifier": [run.probe(linear_probe) for run in runs],
            "finetune few: first layer frozen": [run.finetuned(freeze, ["W1", "b1"]) for run in runs],
            "finetune many: nothing frozen": [run.finetuned(freeze, []) for run in runs],
        }
        styles = zip(ways.items(), ("0.4", BLUE, GREEN, ORANGE), "xo^s", (":", "-", "-.", "--"), strict=True)
        for k, ((label, rows), color, mark, ls) in enumerate(styles):
            values = np.array(rows)
            places = np.array(counts) * (1 + 0.02 * (k - 1.5))
            bars = np.abs([values.min(axis=1), values.max(axis=1)] - values.mean(axis=1))
            ax.errorbar(
                places, values.mean(axis=1), bars, color=color, marker=mark, ls=ls, ms=5, capsize=2, label=label
            )
            notes.add(
                f"{label:33} {', '.join(f'{spread(row)} % with {n}' for n, row in zip(counts, rows, strict=True))}"
            )
        ax.set_title(f"{what}; your plan: {plans[0]} → {plans[1]}", fontsize="medium")
    ax.set_xticks(counts, [str(n) for n in counts])
    ax.minorticks_off()
    legend(ax, loc="lower right")
    return fig


def _try_out(freeze: Callable, linear_probe: Callable) -> None:
    """Ask both for something small, before anything is trained."""
    grads = {"W1": np.ones((2, 3)), "W2": np.ones((3, 2))}
    ask_frozen(freeze, grads, ["W1"])
    rng = np.random.default_rng(0)
    ask_probe(linear_probe, rng.standard_normal((30, 4)), np.arange(30) % 10)


@picture("Accuracy of a linear classifier on pixels, on each layer and on the scores, for a like and an unlike task.")
@one_thread
def training_layers(notes: Notes, linear_probe: Callable, *, n: int = 10, seeds: tuple[int, ...] = (0, 1, 2)):
    """Show what each layer of the source is worth to a linear classifier, on a similar and a different task."""
    fig, ax = notes.plt.subplots(figsize=(7.6, 3.9))
    ax.set(ylabel="test accuracy (%)", xlim=(-0.3, 3.3))
    names = ["pixels", "layer 1", "layer 2", f"{10 * ALPHABETS} scores"]
    ax.set_xticks(range(4), names)
    with notes.collect():
        _try_out(lambda grads, names: grads, linear_probe)
        for similarity, color, mark, ls in (("similar", BLUE, "o", "-"), ("different", ORANGE, "s", "--")):
            run = Transfer(similarity, n, seeds)
            values = np.array([run.probe(linear_probe, layer) for layer in range(4)])
            bars = np.abs([values.min(axis=1), values.max(axis=1)] - values.mean(axis=1))
            label = "an alphabet never seen" if similarity == "similar" else "digits"
            ax.errorbar(range(4), values.mean(axis=1), bars, color=color, marker=mark, ls=ls, capsize=3, label=label)
        ax.set_title(f"linear_probe, {n} samples of each class, {len(seeds)} source networks", fontsize="medium")
    legend(ax, loc="center left", bbox_to_anchor=(0, 0.55))
    return fig


# --------------------------------------------------------------------------- 10: the network again


@picture("Test accuracy of a network on the script, step by step, as each of your functions is added.")
@one_thread
def training_before_and_after(
    notes: Notes,
    lr_range_test: Callable,
    ema_update: Callable,
    ensemble_predict: Callable,
    linear_probe: Callable,
    *,
    seeds: Iterable[int] = range(4),
    models: int = 5,
    steps: int = 500,
):
    """Show one network on 800 letters become better by what you wrote, one function after the other."""
    seeds = list(seeds)
    fig, ax = notes.plt.subplots(figsize=(9.4, 4.1))
    ax.set(xlabel="test accuracy (%)", xlim=(60, 95))
    with notes.collect():
        rate = suggested(*ask_range(lr_range_test, 0, lr_min=1e-4, lr_max=10.0, steps=100))
        ask_numbers(ema_update, np.zeros(2), np.ones(2), decay=0.9, shape=(2,))
        ask_labels(ensemble_predict, np.full((3, 2, 4), 0.25))
        d, rows = script(34), {}

        def run(lr, *, networks=None, schedule=None, average=False):
            avg: dict = {}

            def on_step(t, params):
                for name, w in params.items() if average else ():
                    avg[name] = w if t == 0 else ask_numbers(ema_update, avg[name], w, decay=0.99, shape=w.shape)

            how = {"lr": lr, "steps": steps, "batch": 20, "schedule": schedule, "rng": np.random.default_rng(0)}
            end = stacks.learn(
                stacks.stacked((256, 64, 10), range(networks or len(seeds))),
                d.x_train,
                d.y_train,
                on_step=on_step,
                **how,
            )
            return avg if average else end

        def right(params):
            return 100 * stacks.accuracy(params, d.x_test, d.y_test)

        rows["rate 0.001, a guess"] = right(run(0.001))
        rows[f"rate {rate:.2g}, from lr_range_test"] = right(run(rate))
        rows["the same, falling to 0"] = right(run(rate, schedule=falling(steps)))
        rows["in its place: ema_update"] = right(run(rate, average=True))
        many = run(rate, networks=len(seeds) * models, average=True)
        probs = stacks.softmax(stacks.scores(many, d.x_test).astype(float))
        groups = np.split(probs, len(seeds))
        rows[f"and {models} of them: ensemble_predict"] = np.array(
            [100 * np.mean(ask_labels(ensemble_predict, group) == d.y_test) for group in groups]
        )
        with notes.collect():
            _try_out(lambda grads, names: grads, linear_probe)
            own, new = (stacks.hidden(source(), x)[1] for x in (d.x_train, d.x_test))
            jobs = zip(own, new, strict=True)
            found = [probed(linear_probe, train, d.y_train, test, d.y_test) for train, test in jobs]
            rows[f"{ALPHABETS} other alphabets: linear_probe"] = np.array(found)
        for place, values in enumerate(rows.values()):
            ax.plot(
                values,
                np.full(len(values), place),
                "o",
                color=(PINK, ORANGE, GREEN, BLUE, RED)[place % 5],
                ms=6,
                ls="none",
            )
            ax.annotate(spread(values), (values.max(), place), (9, -4), textcoords="offset points")
        ax.set_yticks(range(len(rows)), rows)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_title(f"800 letters, 64 units, {steps} steps; {len(seeds)} seeds", fontsize="medium")
    return fig
