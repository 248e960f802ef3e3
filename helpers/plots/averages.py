"""The pictures of 12_training about averages: of weights along a run, of checkpoints, of models."""

import functools
from collections.abc import Callable, Iterable

import numpy as np

from helpers import data
from helpers.plots import stacks
from helpers.plots.diagnosis import spread
from helpers.plots.penalised_digits import one_thread
from helpers.plots.penalties import BLUE, GREEN, ORANGE, PINK, ask_numbers
from helpers.plots.pieces import legend, seed_std
from helpers.plots.ready import Notes, NotReady, as_array, ask, describe, name_of, picture

_LARGEST = 1e30
_SIZES, _RATE, _BATCH = (256, 32, 10), 0.1, 20
Params = stacks.Params


@functools.cache
def script(seed: int = 32, train: int = 800, test: int = 1500) -> data.Dataset:
    """Return an alphabet, its images as rows."""
    d = data.script(seed, train=train, test=test)
    flat = [part.reshape(len(part), 256) if part.ndim > 1 else part for part in vars(d).values()]
    return data.Dataset(*flat)


# --------------------------------------------------------------------------- 7: a running average


_MINIMUM = np.array([6.0, 4.0])


def noisy_path(steps: int = 600, seed: int = 0) -> np.ndarray:
    """Return the path of SGD from (9, 1) towards a bowl's minimum, with noise on every gradient."""
    rng, w, path = np.random.default_rng(seed), np.array([9.0, 1.0]), []
    for _ in range(steps):
        path.append(w)
        w = w - 0.1 * (np.array([0.3, 1.0]) * (w - _MINIMUM) + 2.0 * rng.standard_normal(2))
    return np.array(path)


def _distance(path: np.ndarray) -> np.ndarray:
    return np.linalg.norm(path - _MINIMUM, axis=1)


def ask_average(ema_update: Callable, path: np.ndarray, decay: float, start: np.ndarray) -> np.ndarray:
    """Return the running averages along a path, the first after its first point."""
    avg, found = start, []
    for w in path:
        avg = ask_numbers(ema_update, avg, w, decay=decay, shape=np.shape(w))
        found.append(avg)
    return np.array(found)


def averaged_training(
    ema_update: Callable, decay: float, seeds: list[int], steps: int, every: int = 25
) -> tuple[np.ndarray, np.ndarray]:
    """Return the test accuracy (%) of the weights and of their average, a row for each record."""
    d, kept = script(), []
    avg: dict = {}

    def on_step(t, params):
        for name, w in params.items():
            avg[name] = w if t == 0 else ask_numbers(ema_update, avg[name], w, decay=decay, shape=w.shape)
        if (t + 1) % every == 0:
            kept.append([stacks.accuracy(each, d.x_test, d.y_test) for each in (params, avg)])

    how = {"lr": _RATE, "steps": steps, "batch": _BATCH, "rng": np.random.default_rng(0), "on_step": on_step}
    stacks.learn(stacks.stacked(_SIZES, seeds), d.x_train, d.y_train, **how)
    plain, smooth = 100 * np.array(kept).transpose(1, 0, 2)
    return plain, smooth


@picture("A noisy path in a bowl with its running average; distances from the minimum; test accuracy of both.")
@one_thread
def training_average(
    notes: Notes,
    ema_update: Callable,
    ema_debiased: Callable,
    *,
    decay: float = 0.99,
    seeds: Iterable[int] = range(5),
    steps: int = 500,
):
    """Show the running average of a noisy path, from three starts, and what it does to a network."""
    seeds = list(seeds)
    fig, (plane, far, ax) = notes.plt.subplots(1, 3, figsize=(13, 4.0))
    plane.set(xlabel="$w_1$", ylabel="$w_2$", title=f"decay = {decay:g}")
    far.set(xlabel="step", ylabel="distance from the minimum", yscale="log", ylim=(0.02, 20))
    ax.set(xlabel="step", ylabel="test accuracy (%)", ylim=(40, 90))
    path = noisy_path()
    plane.plot(*path.T, color="0.75", ls="-", lw=0.8, label="SGD")
    plane.plot(*_MINIMUM, "*", color="black", ms=12, ls="none")
    far.plot(_distance(path), color="0.75", ls="-", lw=0.8, label="SGD")
    with notes.collect():
        copied = ask_average(ema_update, path, decay, path[0])
        plane.plot(*copied.T, color=BLUE, ls="-", label="from a copy")
        far.plot(_distance(copied), color=BLUE, ls="-", label="from a copy")
        zeros = ask_average(ema_update, path, decay, np.zeros(2))
        plane.plot(*zeros.T, color=ORANGE, ls="--", label="from 0")
        far.plot(_distance(zeros), color=ORANGE, ls="--", label="from 0")
        with notes.collect():
            mended = np.array(
                [ask_numbers(ema_debiased, avg, decay, t, shape=(2,)) for t, avg in enumerate(zeros, start=1)]
            )
            plane.plot(*mended.T, color=GREEN, ls="-.", label="from 0, debiased")
            far.plot(_distance(mended), color=GREEN, ls="-.", label="from 0, debiased")
        plain, smooth = averaged_training(ema_update, decay, seeds, steps)
        places = 25 * np.arange(1, len(plain) + 1)
        for values, color, ls, label in ((plain, "0.55", "-", "weights"), (smooth, BLUE, "-", "their average")):
            ax.plot(places, values.mean(axis=1), color=color, ls=ls, label=label)
            ax.fill_between(places, values.min(axis=1), values.max(axis=1), color=color, alpha=0.2, lw=0)
        ax.set_title(f"{spread(plain[-1])} and {spread(smooth[-1])} %, {len(seeds)} seeds", fontsize="medium")
    for part, where in ((plane, "lower right"), (far, "upper right"), (ax, "lower right")):
        legend(part, loc=where)
    return fig


# --------------------------------------------------------------------------- 7: between two checkpoints


@functools.cache
def checkpoints(models: int, steps: int = 500) -> tuple[Params, ...]:
    """Return five checkpoints of so many models, the last 160 steps of a run at a constant rate, 40 apart."""
    d, kept = script(), []

    def on_step(t, params):
        if t >= steps - 200 and (t + 1) % 40 == steps % 40:
            kept.append(params)

    how = {"lr": _RATE, "steps": steps, "batch": _BATCH, "rng": np.random.default_rng(0), "on_step": on_step}
    stacks.learn(stacks.stacked(_SIZES, range(models)), d.x_train, d.y_train, **how)
    return tuple(kept)


def ask_mean(average_checkpoints: Callable, given: list[Params]) -> Params:
    """Return the averaged parameters, arrays of the shapes that were given."""
    name = name_of(average_checkpoints)
    result = ask(average_checkpoints, [{key: w.copy() for key, w in params.items()} for params in given])
    if not isinstance(result, dict) or set(result) != set(given[0]):
        raise NotReady(name, f"gave {describe(result)} where a dict of {', '.join(given[0])} was expected")
    made = {key: as_array(average_checkpoints, result[key], w.shape) for key, w in given[0].items()}
    if not all((np.abs(w) < _LARGEST).all() for w in made.values()):
        raise NotReady(name, "gave nan, or numbers too large for any picture")
    return {key: w.astype(np.float32) for key, w in made.items()}


@picture("Test accuracy on the straight line between two checkpoints: of one run, and of two runs; your mean.")
@one_thread
def training_between(notes: Notes, average_checkpoints: Callable, *, models: int = 6, points: int = 13):
    """Show what lies between two sets of weights, of one run and of two, and where your average is."""
    fig, ax = notes.plt.subplots(figsize=(8.2, 3.9))
    ax.set(xlabel="share of the second network", ylabel="test accuracy (%)", ylim=(0, 92))
    with notes.collect():
        ask_mean(average_checkpoints, [stacks.stacked((2, 2), [0]), stacks.stacked((2, 2), [1])])
        d = script()
        early, *_, late = checkpoints(models)
        half = models // 2
        pairs = {
            "two checkpoints of one run": (early, late),
            "two runs": tuple({k: w[part] for k, w in late.items()} for part in (slice(half), slice(half, 2 * half))),
        }
        shares = np.linspace(0, 1, points)
        for (label, (one, two)), color, ls in zip(pairs.items(), (BLUE, ORANGE), ("-", "--"), strict=True):
            rows = np.array([_mixed_accuracy(one, two, share, d) for share in shares])
            ax.plot(shares, rows.mean(axis=1), color=color, ls=ls, label=label)
            ax.fill_between(shares, rows.min(axis=1), rows.max(axis=1), color=color, alpha=0.18, lw=0)
            mean = 100 * stacks.accuracy(ask_mean(average_checkpoints, [one, two]), d.x_test, d.y_test)
            words = f"your mean: {spread(mean)} %"
            ax.plot(0.5, mean.mean(), "o", color=color, mec="black", ms=9, ls="none", label=words)
        ax.set_title(f"mean and range, {models} runs and {half} pairs of runs", fontsize="medium")
    legend(ax, loc="lower left")
    return fig


def _mixed_accuracy(one: Params, two: Params, share: float, d: data.Dataset) -> np.ndarray:
    share = np.float32(share)
    return 100 * stacks.accuracy({k: (1 - share) * one[k] + share * two[k] for k in one}, d.x_test, d.y_test)


# --------------------------------------------------------------------------- 8: ensembles


def ask_labels(ensemble_predict: Callable, probs: np.ndarray) -> np.ndarray:
    """Return a label for each sample, integers from 0 to classes - 1."""
    labels = as_array(ensemble_predict, ask(ensemble_predict, probs), probs.shape[1:2])
    if not np.isin(labels, np.arange(probs.shape[2])).all():
        raise NotReady(name_of(ensemble_predict), f"gave labels that are none of 0 to {probs.shape[2] - 1}")
    return labels.astype(int)


def majority(probs: np.ndarray) -> np.ndarray:
    """Return the label that most models would choose, the lowest of equally frequent ones."""
    votes = probs.argmax(axis=2)
    return np.array([np.bincount(column, minlength=probs.shape[2]).argmax() for column in votes.T])


@picture("Test accuracy of single models, averaged checkpoints and ensembles; one sample where vote and mean differ.")
@one_thread
def training_ensemble(
    notes: Notes, average_checkpoints: Callable, ensemble_predict: Callable, *, seeds: int = 5, models: int = 5
):
    """Show what five checkpoints and five models are worth together, and a sample where vote and mean differ."""
    fig, (ax, one) = notes.plt.subplots(1, 2, figsize=(11.6, 4.0), width_ratios=(1.25, 1))
    ax.set(ylabel="test accuracy (%)")
    one.set(xlabel="class", ylabel="probability")
    with notes.collect():
        ask_labels(ensemble_predict, np.full((3, 2, 4), 0.25))
        d, rows = script(), {}
        kept = checkpoints(seeds * models)
        probs = stacks.softmax(stacks.scores(kept[-1], d.x_test).astype(float)).reshape(
            seeds, models, len(d.y_test), 10
        )
        rows["one model"] = 100 * np.mean(probs.argmax(axis=3) == d.y_test, axis=2).mean(axis=1)
        with notes.collect():
            mean = ask_mean(average_checkpoints, list(kept))
            right = stacks.accuracy(mean, d.x_test, d.y_test)
            rows["five checkpoints,\nweights averaged"] = 100 * right.reshape(seeds, models).mean(axis=1)
        rows["five models,\nmajority"] = 100 * np.array([np.mean(majority(p) == d.y_test) for p in probs])
        together = [ask_labels(ensemble_predict, p) for p in probs]
        rows["five models,\nensemble_predict"] = 100 * np.array([np.mean(found == d.y_test) for found in together])
        for place, values in enumerate(rows.values()):
            ax.bar(place, values.mean(), 0.6, color=(BLUE, GREEN, ORANGE, PINK)[place % 4], alpha=0.75)
            ax.plot(np.full(seeds, place), values, "o", color="black", ms=4, ls="none")
            gain = values - rows["one model"]
            more = f"\n{gain.mean():+.1f} ± {seed_std(gain):.1f}" if place else ""
            ax.annotate(
                f"{values.mean():.1f}{more}", (place, values.max()), (0, 5), textcoords="offset points", ha="center"
            )
        ax.set_xticks(range(len(rows)), rows, fontsize=9)
        ax.set_ylim(60, 90)
        ax.set_title(f"{seeds} ensembles; below: against one model, seed by seed", fontsize="medium")
        _disagreement(one, probs[0][:3], d.y_test, ensemble_predict)
    return fig


def _disagreement(ax, probs: np.ndarray, y: np.ndarray, ensemble_predict: Callable) -> None:
    """Draw a sample that the mean of three models has right and their vote has not."""
    mean, vote = probs.mean(axis=0), majority(probs)
    wanted = np.flatnonzero((mean.argmax(axis=1) == y) & (vote != y))
    if not len(wanted):
        return
    lead = mean[wanted].max(axis=1)
    sample = wanted[int(np.argmax(lead))]
    yours = ask_labels(ensemble_predict, probs[:, sample : sample + 1])[0]
    places = np.arange(10)
    for k, color in enumerate((BLUE, ORANGE, GREEN)):
        ax.bar(places + 0.26 * (k - 1), probs[k, sample], 0.24, color=color, label=f"model {k + 1}")
    ax.plot(places, mean[sample], "_", color="black", ms=20, mew=2.5, ls="none", label="mean")
    ax.set_xticks(places)
    ax.set_title(f"label {y[sample]}; majority {vote[sample]}, ensemble_predict {yours}", fontsize="medium")
    legend(ax)
