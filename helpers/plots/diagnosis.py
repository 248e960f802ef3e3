"""The pictures of 12_training about what a run tells: its first loss, its curves, and the cure."""

import functools
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from helpers import data
from helpers.curves import KINDS, curves
from helpers.plots import stacks
from helpers.plots.penalised_digits import one_thread
from helpers.plots.penalties import BLUE, GREEN, ORANGE, RED
from helpers.plots.pieces import legend, seed_std
from helpers.plots.ready import Notes, NotReady, as_array, ask, describe, name_of, picture

_SHOWN = 60


def ask_word(function: Callable, words: Sequence[str], *args) -> str:
    """Return the word that the function gives; raise NotReady if it is none of these."""
    word = ask(function, *args)
    if not isinstance(word, str):
        raise NotReady(name_of(function), f"gave {describe(word)} where a word was expected")
    if word not in words:
        raise NotReady(name_of(function), f"gave {word[:_SHOWN]!r}, which is none of: {', '.join(words)}")
    return word


def as_history(rows: Iterable) -> dict[str, np.ndarray]:
    """Return what `diagnose` reads, of one row an epoch: losses and accuracies, training first."""
    names = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")
    return dict(zip(names, np.array(list(rows), float).T, strict=True))


def spread(values) -> str:
    return f"{np.mean(values):.1f} ± {seed_std(np.asarray(values)):.1f}"


# --------------------------------------------------------------------------- 1: the first loss


@functools.cache
def digits() -> data.Dataset:
    """Return the digits in float32."""
    d = data.digits()
    parts = [part.astype(np.float32) if part.dtype == float else part for part in vars(d).values()]
    return data.Dataset(*parts)


def first_losses(seeds: Sequence[int]) -> dict[str, np.ndarray]:
    """Return the loss before any step, a number for each seed, of a sound program and of broken ones."""
    d = digits()
    x, y = d.x_train, d.y_train
    start = stacks.stacked([64, 32, 10], seeds)
    sound = {**start, "W2": 0.05 * start["W2"]}
    z = stacks.scores(sound, x)
    return {
        "all is well": stacks.cross_entropy(z, y),
        "last layer 200 times as large": stacks.cross_entropy(stacks.scores({**start, "W2": 10 * start["W2"]}, x), y),
        "pixels from 0 to 255": stacks.cross_entropy(stacks.scores(sound, 255 * x), y),
        "a class too many: 11 scores": _with_an_idle_class(z, y),
        "softmax applied twice": stacks.cross_entropy(stacks.softmax(z), y),
        "labels shuffled": stacks.cross_entropy(z, np.random.default_rng(0).permutation(y)),
        "all weights 0": stacks.cross_entropy(0 * z, y),
    }


def _with_an_idle_class(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    return stacks.cross_entropy(np.concatenate([z, np.zeros_like(z[..., :1])], axis=-1), y)


@picture("The loss before the first step, of a sound program and six broken ones, beside your number for ten classes.")
def training_first_loss(notes: Notes, initial_loss: Callable, *, seeds: Iterable[int] = range(10)):
    """Show which broken programs your number gives away before the first step."""
    fig, ax = notes.plt.subplots(figsize=(8.4, 3.7))
    ax.set(xlabel="loss before the first step", xscale="log", xlim=(1.7, 40))
    with notes.collect():
        expected = float(as_array(initial_loss, ask(initial_loss, 10), ()))
        if not 0 < expected < 1e6:
            raise NotReady(name_of(initial_loss), f"gave {expected:g} for ten classes, which this axis cannot show")
        found = first_losses(list(seeds))
        for place, values in enumerate(found.values()):
            off = abs(values.mean() - expected) > 0.05
            color = ORANGE if off else BLUE
            ax.plot(values, np.full(len(values), place), "o", color=color, ms=5, alpha=0.6, ls="none")
            ax.annotate(f"{values.mean():.3f}", (values.max(), place), (9, -4), textcoords="offset points", fontsize=9)
        ax.set_yticks(range(len(found)), found)
        ax.set_ylim(len(found) - 0.4, -0.6)
        ax.axvline(expected, color="black", ls="--", lw=1.2, label=f"initial_loss(10) = {expected:.4f}")
        ax.set_title("digits, a network of 32 units; a dot for each first weights", fontsize="medium")
    ax.set_xticks([2, 3, 5, 10, 20], ["2", "3", "5", "10", "20"])
    ax.minorticks_off()
    legend(ax, loc="lower right")
    return fig


# --------------------------------------------------------------------------- 2: guess the run


def guessed(number: int) -> str:
    """Return what is to be seen in a run: of six that follow each other, every kind once."""
    order = np.random.default_rng([number // 6, 12]).permutation(6)
    return KINDS[int(order[number % 6])]


def features(run: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the numbers that the rules ask about."""
    loss, train, val = run["train_loss"], run["train_accuracy"], run["val_accuracy"]
    half, quarter = len(loss) // 2, len(loss) // 4
    return {
        "losses that are no number": float(np.sum(~np.isfinite(loss))),
        "last loss / first": float(loss[-1] / loss[0]),
        "fall of the loss (%)": float(100 * (1 - loss[-1] / loss[0])),
        "validation jumps by": float(np.diff(val[half:]).std()),
        "gap at the end": float(np.mean((train - val)[-quarter:])),
    }


_RULES = {
    "not a number": ("losses that are no number", "any"),
    "rate too high": ("last loss / first", "above 1"),
    "rate too low": ("fall of the loss (%)", "below 5"),
    "validation set too small": ("validation jumps by", "above 0.05"),
    "overfitting": ("gap at the end", "above 0.1"),
    "underfitting": ("gap at the end", "not above 0.1"),
}


def draw_run(axes, run: dict[str, np.ndarray]) -> None:
    """Draw losses on one axis, accuracies on the other."""
    for ax, kind, label in ((axes[0], "loss", "cross-entropy"), (axes[1], "accuracy", "accuracy")):
        ax.plot(run[f"train_{kind}"], color=BLUE, ls="-", label="training")
        ax.plot(run[f"val_{kind}"], color=ORANGE, ls="--", label="validation")
        ax.set(xlabel="epoch", ylabel=label, xlim=(-1, len(run["train_loss"])))
    axes[0].set_ylim(bottom=0)
    axes[1].set_ylim(-0.02, 1.02)
    legend(axes[0])


@picture("Losses and accuracies of one run by epoch, and a table: which rule your verdict comes from.")
def training_guess(notes: Notes, diagnose: Callable, *, number: int = 0, guess: str = "?", doubt: float = 0.0):
    """Show a run to be guessed; after the guess your function's verdict, and the rule that goes with it."""
    fig = notes.plt.figure(figsize=(12, 3.7))
    left, table = fig.subfigures(1, 2, width_ratios=(2, 1.15))
    axes = left.subplots(1, 2)
    run = curves(guessed(number), np.random.default_rng([number, 3]), doubt=doubt)
    with notes.collect():
        draw_run(axes, run)
        verdict = ask_word(diagnose, KINDS, {name: values.copy() for name, values in run.items()})
        axes[0].set_title(f"run {number}", fontsize="medium")
        if guess == "?":
            table.text(0.02, 0.9, "What is wrong with it?\n\nChoose a guess.", va="top", fontsize=12)
            return fig
        told = "as you guessed" if verdict == guess else f"your guess: {guess}"
        table.text(0.02, 0.97, f"diagnose: {verdict}", va="top", fontsize=12, color=GREEN if verdict == guess else RED)
        table.text(0.02, 0.87, told, va="top")
        asked = features(run)
        for row, (kind, (name, limit)) in enumerate(_RULES.items()):
            mark = "→ " if kind == verdict else "   "
            words = f"{mark}{kind}\n      {name}: {asked[name]:.3g} ({limit}?)"
            table.text(0.02, 0.78 - 0.135 * row, words, va="top", fontsize=9, weight="bold" if mark[0] == "→" else None)
    return fig


# --------------------------------------------------------------------------- 2: real runs


def _epochs(params, d, x, y, *, epochs: int, val: int, **how) -> dict[str, np.ndarray]:
    """Return the history of one network, an entry for each epoch."""
    rows = []
    per_epoch = max(1, len(x) // how["batch"])

    def on_step(t, now):
        if (t + 1) % per_epoch:
            return
        train, held = stacks.scores(now, x), stacks.scores(now, d.x_val[:val])
        pairs = (train, y), (held, d.y_val[:val])
        losses = [stacks.cross_entropy(z, labels)[0] for z, labels in pairs]
        rows.append([*losses, *(np.mean(z.argmax(-1)[0] == labels) for z, labels in pairs)])

    stacks.learn(params, x, y, steps=epochs * per_epoch, rng=np.random.default_rng(1), on_step=on_step, **how)
    return as_history(rows)


def real_runs(epochs: int = 30) -> dict[str, dict[str, np.ndarray]]:
    """Return six runs on the digits, by what was done to them."""
    d = digits()
    everything = {"x": d.x_train, "y": d.y_train, "val": 359, "lr": 0.05, "units": 32}
    made = {
        "rate 1e-6, as in lecture 001": {"lr": 1e-6},
        "rate 1.5": {"lr": 1.5},
        "rate 30, falling to 0": {"lr": 30.0, "schedule": lambda t: 1 - t / (epochs * 53)},
        "40 images": {"x": d.x_train[:40], "y": d.y_train[:40]},
        "one hidden unit": {"units": 1, "lr": 0.02},
        "rate 0.12, 8 units, 10 validation images": {"val": 10, "lr": 0.12, "units": 8},
    }
    runs = {}
    for name, changed in made.items():
        how = everything | changed
        params = stacks.stacked([64, how.pop("units"), 10], [0])
        with np.errstate(all="ignore"):
            runs[name] = _epochs(params, d, how.pop("x"), how.pop("y"), epochs=epochs, batch=20, momentum=0.9, **how)
    return runs


@picture("Accuracy on training and validation images in six runs, each with what was done to it, and your verdict.")
@one_thread
def training_runs(notes: Notes, diagnose: Callable, *, epochs: int = 30):
    """Show six real runs on the digits, and what your function says of each."""
    fig, axes = notes.plt.subplots(2, 3, figsize=(11.6, 5.4), sharex=True, sharey=True)
    with notes.collect():
        # Asked before anything is trained.
        ask_word(diagnose, KINDS, curves("underfitting", np.random.default_rng(0)))
        for ax, (name, run) in zip(axes.flat, real_runs(epochs).items(), strict=True):
            ax.plot(run["train_accuracy"], color=BLUE, ls="-", label="training")
            ax.plot(run["val_accuracy"], color=ORANGE, ls="--", label="validation")
            first, last = run["train_loss"][[0, -1]]
            ax.set_title(f"{name}\nloss {first:.4g} → {last:.4g}", fontsize="small")
            with notes.collect():
                verdict = ask_word(diagnose, KINDS, {key: values.copy() for key, values in run.items()})
                ax.text(0.5, 0.45, verdict, transform=ax.transAxes, ha="center", weight="bold")
    for ax in axes[:, 0]:
        ax.set(ylabel="accuracy", ylim=(-0.03, 1.03))
    for ax in axes[1]:
        ax.set_xlabel("epoch")
    legend(axes[0, 0], loc="upper right")
    return fig
