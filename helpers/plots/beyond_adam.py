"""The pictures of 04_beyond_adam: trust, overshoot, surprise, lengths, a learnt rate and rule, a table replicated."""

import functools
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

import numpy as np

from helpers import data, landscapes, training
from helpers.learned import learned_optimizer
from helpers.plots.adam import responses
from helpers.plots.optimizers import walk
from helpers.plots.pieces import above_floor, final_accuracy, legend, progress_bar, seed_std
from helpers.plots.ready import Notes, NotReady, as_array, ask, ask_array, ask_step, describe, name_of, picture
from helpers.plots.style import COLORS

BLUE, ORANGE, GREEN, RED = COLORS[:4]
_TINY = 1e-12


def _sizes(values: np.ndarray) -> np.ndarray:
    """Return what a log axis can show of the sizes of some values."""
    return np.clip(np.abs(values), _TINY, 1 / _TINY)


# ------------------------------------------------------------------------------------- 1: RAdam


@picture("The factor r by step for three memories, and the length of the first steps of Adam and RAdam on even slopes.")
def beyond_rectification(notes: Notes, rectification: Callable, radam: Callable, *, steps: int = 2000):
    """Show how the factor r grows, and how long RAdam's first steps are on slopes of three sizes."""
    fig, (factor, length) = notes.plt.subplots(1, 2, figsize=(11.5, 3.9))
    factor.set(xscale="log", xlabel="step $t$", ylabel="$r_t$ (0: no root yet)", ylim=(-0.05, 1.1), title="your factor")
    length.set(yscale="log", xlabel="step $t$", ylabel="length of the step / lr", title="radam on an even slope")
    shown = np.unique(np.geomspace(1, steps, 90).astype(int))
    with notes.collect():
        for i, beta2 in enumerate((0.9, 0.99, 0.999)):
            values = [float(ask_array(rectification, int(t), beta2, shape=())) for t in shown]
            factor.plot(shown, values, color=f"C{i}", marker=".", ms=4, label=rf"$\beta_2$ = {beta2:g}")
    first = np.arange(1, 31)
    with notes.collect():
        for i, size in enumerate((10.0, 1.0, 0.1)):
            moves = responses(radam, np.full((30, 1), size), lr=0.1)[:, 0] / 0.1
            length.plot(first, _sizes(moves), color=f"C{i}", marker=".", label=f"slope {size:g}")
        length.axhline(1.0, color="0.4", ls=":", lw=1.5, label="adam, whatever the slope")
    legend(factor, loc="lower right")
    legend(length, loc="upper right")
    return fig


# --------------------------------------------------------------------- 2, 3 and 7: overshoot


@picture(
    "Walks into a parabola from 1, and how far beyond the minimum each optimizer comes, by the rate.", waits="most"
)
def beyond_overshoot(notes: Notes, optimizers: Mapping[str, Callable], *, lr: float = 0.1, steps: int = 80):
    """Show how far optimizers run beyond the minimum of w^2 / 2 from w = 1, with one lr, and for a range of them.

    The first of the optimizers is drawn with half the rate too: what merely takes shorter steps overshoots less.
    """
    fig, (walks, measured) = notes.plt.subplots(1, 2, figsize=(11.5, 4))
    walks.set(xlabel="step", ylabel="$w$", title=f"on $L = w^2/2$, from 1, lr = {lr:g}")
    measured.set(xscale="log", xlabel="lr", ylabel="furthest beyond the minimum", title="overshoot")
    rates = np.geomspace(0.01, 0.3, 13)
    first = next(iter(optimizers.items()))
    drawn = [(name, step, 1.0, f"C{i}") for i, (name, step) in enumerate(optimizers.items())]
    drawn.append((f"{first[0]}, half the lr", first[1], 0.5, "0.45"))
    for name, step, share, color in drawn:
        look = {"color": color, "ls": ":" if share < 1 else "-", "lw": 3 if share < 1 else 1.6}
        with notes.collect():
            path = _on_parabola(step, share * lr, steps)
            walks.plot(path, label=name, **look)
            beyond = [max(0.0, -_on_parabola(step, float(share * rate), 5 * steps).min()) for rate in rates]
            measured.plot(rates, beyond, marker="." if share == 1 else "", label=name, **look)
    if walks.has_data():
        walks.axhline(0, color="0.6", lw=0.8, zorder=0)
    legend(walks)
    legend(measured)
    return fig


def _on_parabola(step: Callable, lr: float, steps: int, steepness: float = 1.0) -> np.ndarray:
    """Return the places of a walk into steepness w^2 / 2 from 1."""
    return walk(step, lambda w: steepness * w, np.ones(1), steps, lr=lr)[:, 0]


@picture(
    "The friction of diffGrad for slopes of three sizes, and its overshoot by the steepness of the parabola.",
    waits="any",
)
def beyond_friction(notes: Notes, adam: Callable, diffgrad: Callable, *, steps: int = 60):
    """Show xi, which is diffGrad's step over Adam's, and how the overshoot depends on the unit of the loss."""
    fig, (friction, overshoot) = notes.plt.subplots(1, 2, figsize=(11.5, 3.9))
    friction.set(xlabel="step $t$", ylabel=r"friction $\xi$: diffgrad's step / adam's", ylim=(0.45, 1.12))
    friction.set(title="slopes of noise")
    overshoot.set(xscale="log", xlabel="factor on the loss $w^2/2$", ylabel="furthest beyond the minimum")
    overshoot.set(title="the same walk, the loss in other units, lr = 0.1")
    noise = np.random.default_rng(0).standard_normal((steps, 1))
    with notes.collect():
        for i, size in enumerate((0.01, 1.0, 10.0)):
            ratio = responses(diffgrad, size * noise, lr=1.0) / responses(adam, size * noise, lr=1.0)
            friction.plot(np.arange(1, steps + 1), ratio[:, 0], color=f"C{i}", label=f"slopes of size {size:g}")
    factors = 10.0 ** np.arange(-3, 4.1, 0.5)
    for step, label, lr, look in (
        (adam, "adam", 0.1, {"color": BLUE, "ls": "-"}),
        (adam, "adam, half the lr", 0.05, {"color": "0.45", "ls": ":", "lw": 3}),
        (diffgrad, "diffgrad", 0.1, {"color": ORANGE, "ls": "--", "marker": "."}),
    ):
        with notes.collect():
            beyond = [max(0.0, -_on_parabola(step, lr, 200, float(factor)).min()) for factor in factors]
            overshoot.plot(factors, beyond, label=label, **look)
    legend(friction, loc="upper left", ncols=3, fontsize="x-small")
    legend(overshoot)
    return fig


# --------------------------------------------------------------------------------- 4: AdaBelief


@picture(
    "Length of the steps of Adam and AdaBelief by the noise of a slope, and over time on slopes without noise.",
    waits="any",
)
def beyond_belief(notes: Notes, adam: Callable, adabelief: Callable, *, steps: int = 400):
    """Show the step along a slope of 1 with more and more noise, and over time with none at all."""
    fig, (noisy, even) = notes.plt.subplots(1, 2, figsize=(11.5, 3.9))
    noisy.set(xscale="log", yscale="log", xlabel="noise of a slope of 1 (standard deviation)")
    noisy.set(ylabel="mean step downhill / lr", title=f"steps {steps // 2} to {steps}")
    even.set(xscale="log", yscale="log", xlabel="step $t$", ylabel="length of the step / lr", title="no noise at all")
    noise = np.random.default_rng(0).standard_normal((steps, 60))
    sizes = np.geomspace(0.01, 10, 13)
    for step, color, line, marker in ((adam, BLUE, "-", "o"), (adabelief, ORANGE, "--", "s")):
        with notes.collect():
            means = [-responses(step, 1 + size * noise, lr=1.0)[steps // 2 :].mean() for size in sizes]
            noisy.plot(
                sizes, np.clip(means, 1e-3, 1e12), color=color, ls=line, marker=marker, ms=4, label=name_of(step)
            )
            length = _sizes(responses(step, np.ones((steps, 1)), lr=1.0)[:, 0])
            even.plot(np.arange(1, steps + 1), length, color=color, ls=line, label=name_of(step))
    for ax in (noisy, even):
        legend(ax)
    return fig


# ----------------------------------------------------------------------------------- 5: AdaNorm


@picture("Norms of a layer's gradients while the digits are learnt, their history, and which steps are lengthened.")
def beyond_norms(notes: Notes, adanorm: Callable, *, steps: int = 120):
    """Show the norms of the gradients of the first layer, those that come back, and the share that is lengthened."""
    grads = _digit_gradients(steps)
    norms = np.array([np.linalg.norm(grad) for grad in grads])
    times = np.arange(1, len(norms) + 1)
    fig, (history, share) = notes.plt.subplots(1, 2, figsize=(11.8, 4), width_ratios=(1.7, 1))
    history.set(yscale="log", xlabel="step", ylabel="norm of the gradient", title="first layer, adam at lr = 0.01")
    share.set(xlabel=r"$\gamma$", ylabel="share of the steps lengthened", ylim=(-0.05, 1.05), title="by the memory")
    with notes.collect():
        given = _lengthened(adanorm, grads, 0.95)
        changed = given > norms * (1 + 1e-9)
        history.plot(times, norms, color=BLUE, lw=1.2, marker=".", label="$n$: as it came")
        average = _average(norms, 0.95)
        history.plot(times, average, color="0.35", ls="--", label=r"$e$: its history, $\gamma$ = 0.95")
        history.plot(times[changed], given[changed], "^", color=ORANGE, ms=5, label="yours, where it is longer")
        gammas = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
        shares = [np.mean(_lengthened(adanorm, grads, gamma) > norms * (1 + 1e-9)) for gamma in gammas]
        share.plot(gammas, shares, color=ORANGE, marker="^", ls="-")
    legend(history)
    return fig


def _average(norms: np.ndarray, gamma: float) -> np.ndarray:
    """Return the running average that starts at 0."""
    e, found = 0.0, []
    for n in norms:
        e = gamma * e + (1 - gamma) * n
        found.append(e)
    return np.array(found)


def _lengthened(adanorm: Callable, grads: list[np.ndarray], gamma: float) -> np.ndarray:
    """Return the norms of what the student's function makes of the gradients."""
    state, found = {}, []
    for grad in grads:
        result = ask(adanorm, grad, state, gamma=gamma)
        if not (isinstance(result, (tuple, list)) and len(result) == 2):
            raise NotReady(name_of(adanorm), f"gave {describe(result)} where (corrected_grad, state) was expected")
        found.append(np.linalg.norm(as_array(adanorm, result[0], grad.shape)))
        state = result[1]
    return np.array(found)


@functools.cache
def _digit_gradients(steps: int) -> list[np.ndarray]:
    """Return the gradients of the first layer in the first steps of Adam on the digits."""
    seen: list[np.ndarray] = []

    def adam(w, grad, state, *, lr):
        if w.shape == (64, 32):
            seen.append(grad)
        return _adam(w, grad, state, lr=lr)

    rng = np.random.default_rng(0)
    network, digits = training.MLP([64, 32, 10], rng), data.digits()
    epochs = -(-steps // 17)
    training.train(network, digits, step=adam, lr=0.01, epochs=epochs, batch_size=64, rng=rng, progress=False)
    return seen[:steps]


def _adam(w, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8):
    t = state.get("t", 0) + 1
    m = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * grad
    v = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * grad**2
    step = lr * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return w - step, {"t": t, "m": m, "v": v}


# ------------------------------------------------------------------------ 9: moment centralization


@picture("How far the means of the weights of each row move in training, with momentum and with its centred step.")
def beyond_centred(notes: Notes, momentum: Callable, moment_centralized_sgd: Callable, *, epochs: int = 8):
    """Show the row means of a layer while it learns, and the validation accuracy, with and without centring."""
    digits = data.digits()
    fig, (means, accuracy) = notes.plt.subplots(1, 2, figsize=(11.5, 3.9))
    means.set(yscale="log", xlabel="step", ylabel="largest move of a row's mean", title="first layer, 64 rows of 32")
    accuracy.set(xlabel="epoch", ylabel="validation accuracy", title="64-32-10, batch 64, lr = 0.03")
    for step, color, line, marker in (
        (momentum, BLUE, "-", "o"),
        (moment_centralized_sgd, ORANGE, "--", "s"),
    ):
        with notes.collect():
            rng = np.random.default_rng(0)
            network = training.MLP([64, 32, 10], rng)
            start, moved = network.params["W1"].mean(axis=1), []
            history = ask(
                training.train,
                network,
                digits,
                step=_guarded(step),
                lr=0.03,
                epochs=epochs,
                batch_size=64,
                rng=rng,
                on_step=lambda t, net, start=start, moved=moved: moved.append(
                    float(np.abs(net.params["W1"].mean(axis=1) - start).max())
                ),
                progress=False,
            )
            label = name_of(step)
            means.plot(np.clip(moved, 1e-17, 1e12), color=color, ls=line, label=label)
            epochs_done = np.arange(1, epochs + 1)
            accuracy.plot(epochs_done, history.val_accuracy, color=color, ls=line, marker=marker, ms=4, label=label)
    for ax in (means, accuracy):
        legend(ax)
    return fig


def _guarded(step: Callable) -> Callable:
    """Return an optimizer that is asked closely only where it has failed: that is slow."""

    @functools.wraps(step, assigned=("__name__",), updated=())
    def guarded(w, grad, state, *, lr):
        try:
            result = step(w, grad, state, lr=lr)
            if len(result) == 2 and np.shape(result[0]) == w.shape:
                return result
        except Exception:
            pass
        return ask_step(step, w, grad, state, lr=lr)

    return guarded


# ----------------------------------------------------------------------------- 11: a learnt rate


@picture(
    "The learnt rate over time from four starts in one valley, the losses, and the end for a range of hyper-rates."
)
def beyond_learned_rate(notes: Notes, learned_sgd_lr: Callable, *, steps: int = 200):
    """Show how the rate of SGD learns in a valley, from starts that are too small, and for several hyper-rates."""
    valley = landscapes.bowl(25.0)
    fig, (rate, loss, ends) = notes.plt.subplots(1, 3, figsize=(12.6, 3.9))
    rate.set(xlabel="step", ylabel="rate", yscale="log", title="hyper_lr = 1e-5")
    loss.set(yscale="log", xlabel="step", ylabel="loss $L$", title="hyper_lr = 1e-5")
    ends.set(
        xscale="log", yscale="log", xlabel="hyper_lr", ylabel=f"loss after {steps} steps", title="start: lr = 0.001"
    )
    starts = (1e-4, 1e-3, 1e-2, 0.06)
    with notes.collect():
        for i, lr in enumerate(starts):
            path = walk(learned_sgd_lr, valley.gradient, valley.start, steps, lr=lr, hyper_lr=1e-5)
            rates = -np.diff(path[:, 0]) / path[:-1, 0]
            rate.plot(np.arange(1, len(path)), _sizes(rates), color=f"C{i}", label=f"start {lr:g}")
            loss.plot(above_floor(valley, path), color=f"C{i}", label=f"start {lr:g}")
        plain = walk(learned_sgd_lr, valley.gradient, valley.start, steps, lr=2 / 26, hyper_lr=0.0)
        loss.plot(above_floor(valley, plain), color="0.45", ls=":", lw=2.5, label="SGD at its best, 0.077")
        hypers = 10.0 ** np.arange(-8, -2.9, 0.25)
        values = [_end_of(learned_sgd_lr, valley, 1e-3, steps, float(hyper)) for hyper in hypers]
        ends.plot(hypers, values, color=BLUE, marker=".", label="yours")
        still = _end_of(learned_sgd_lr, valley, 1e-3, steps, 0.0)
        ends.axhline(still, color="0.45", ls=":", label="hyper_lr = 0")
    if rate.has_data():
        rate.axhline(2 / 25, color="0.45", ls=":", label="largest stable: 0.08")
    for ax in (rate, loss, ends):
        legend(ax)
    return fig


def _end_of(step: Callable, valley, lr: float, steps: int, hyper_lr: float) -> float:
    """Return the loss at the end of a walk, nan where it is lost."""
    path = walk(step, valley.gradient, valley.start, steps, lr=lr, hyper_lr=hyper_lr)
    return float(above_floor(valley, path)[-1]) if len(path) > steps else np.nan


# ----------------------------------------------------------------------------- 12: a learnt rule


@picture(
    "Losses of a learnt rule and of Adam at three rates: on the digits, for ten times as long, and in other units."
)
def beyond_learned_rule(notes: Notes, adam: Callable, *, seeds: Iterable[int] = range(3), epochs: int = 6):
    """Race the learnt rule against the student's Adam where it should work, and where it should not.

    Left: the digits, a network that it has not seen. Middle: a bowl, for many more steps than it was trained with.
    Right: the same bowl with its minimum 1000 units away.
    """
    from threadpoolctl import threadpool_limits

    digits, seeds = data.digits(), list(seeds)
    fig, (learns, long, far) = notes.plt.subplots(1, 3, figsize=(12.8, 4.4))
    learns.set(yscale="log", xlabel="step", ylabel="loss of a batch (mean of 17)", title="digits, a network unseen")
    long.set(yscale="log", xlabel="step", ylabel="loss $L$", title="a bowl, 600 steps (60 were learnt)")
    far.set(yscale="log", xlabel="step", ylabel="loss $L$", title="the bowl 1000 times as wide")
    looks = [(adam, lr, f"adam, lr = {lr:g}", color, "--") for lr, color in ((3e-3, GREEN), (0.03, BLUE), (0.3, RED))]
    bowl = landscapes.bowl(25.0)
    with threadpool_limits(1):
        for step, lr, label, color, line in [(learned_optimizer, None, "the learnt rule", ORANGE, "-"), *looks]:
            with notes.collect():
                losses = [_batch_losses(step, digits, lr, seed, epochs) for seed in seeds]
                shortest = min(map(len, losses))
                smooth = np.mean([loss[:shortest] for loss in losses], axis=0)
                smooth = np.convolve(smooth, np.full(17, 1 / 17), mode="valid")
                learns.plot(np.arange(17, 17 + len(smooth)), smooth, color=color, ls=line, label=label)
                for ax, ground, width in ((long, bowl, 1.0), (far, bowl, 1000.0)):
                    # A bowl that is wider, with slopes of the same size: w^2 / width has them.
                    slopes = functools.partial(_widened, ground, width)
                    given = _without_rate(step) if lr is None else step
                    path = walk(given, slopes, width * ground.start / 9, 600, lr=lr)
                    ax.plot(above_floor(ground, path / width), color=color, ls=line, label=label)
    legend(learns, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
    return fig


def _widened(ground, width: float, w: np.ndarray) -> np.ndarray:
    return ground.gradient(w / width)


def _without_rate(step: Callable) -> Callable:
    return lambda w, grad, state, **hyper: step(w, grad, state)


def _batch_losses(step: Callable, digits: data.Dataset, lr: float | None, seed: int, epochs: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    network = training.MLP([64, 32, 10], rng)
    guarded = _without_rate(step) if lr is None else _guarded(step)
    rate = 1.0 if lr is None else lr
    history = ask(
        training.train, network, digits, step=guarded, lr=rate, epochs=epochs, batch_size=64, rng=rng, progress=False
    )
    return history.loss


# ------------------------------------------------------------------------------ 13: the table


NETWORKS = {"64-32-10": [64, 32, 10], "64-64-64-10": [64, 64, 64, 10]}
RATES = (1e-3, 3e-3, 1e-2, 3e-2)


@picture(
    "Differences in test accuracy that AdaNorm makes to four optimizers on the digits, with their standard errors."
)
def beyond_table(
    notes: Notes,
    optimizers: Mapping[str, Callable],
    *,
    long: bool = False,
    one_rate: bool = False,
    seeds: int | None = None,
    epochs: int | None = None,
    progress: bool = True,
):
    """Replicate lecture 003's Table 1 on the digits: pairs of optimizers without and with AdaNorm.

    Each optimizer gets the rate that is best on the validation part, for the first seed (in the long form two); both of
    a pair start from the same weights and see the same batches. The last row is the third pair's first one against
    itself, with other seeds.

    Parameters
    ----------
    optimizers : name -> function, in pairs: without and with
    long : the whole table, two networks, 25 epochs and 10 seeds, about a minute; else one network, 6 epochs, 3 seeds
    one_rate : 1e-3 for all, as a hasty comparison has it
    """
    from threadpoolctl import threadpool_limits

    seeds, epochs = seeds or (10 if long else 3), epochs or (25 if long else 6)
    networks = NETWORKS if long else {"64-32-10": NETWORKS["64-32-10"]}
    pairs = list(pairwise(optimizers))[::2]
    rates = (1e-3,) if one_rate else RATES
    tried = (2 if long else 1) if len(rates) > 1 else 0
    runs = len(networks) * (len(optimizers) * (len(rates) * tried + seeds) + seeds)
    fig, axes = notes.plt.subplots(1, len(networks), figsize=(6.2 * len(networks) + 1.5, 4.1), squeeze=False)
    with threadpool_limits(1), progress_bar(runs, progress) as tick:
        for ax, (title, sizes) in zip(axes[0], networks.items(), strict=True):
            rows = []
            ax.set(xlabel="difference in test accuracy (points)", ylabel="pair", title=f"{title}, {epochs} epochs")
            for number, (name, other) in enumerate(pairs):
                with notes.collect():
                    measured = []
                    for each in (name, other):
                        lr = _best_rate(optimizers[each], sizes, rates, tried, epochs, tick)
                        results = [_tested(optimizers[each], sizes, lr, seed, epochs, tick) for seed in range(seeds)]
                        measured.append((lr, 100 * np.array(results)))
                    (lr, without), (lr_other, with_it) = measured
                    rows.append((f"{other}\nagainst {name}", with_it - without))
                    if number == 2:
                        again = range(100, 100 + seeds)
                        others = [100 * _tested(optimizers[name], sizes, lr, seed, epochs, tick) for seed in again]
                        itself = f"{name}\nagainst itself", np.array(others) - without
                    notes.add(_row(title, name, lr, without, other, lr_other, with_it))
            if len(pairs) > 2 and len(rows) == len(pairs):
                rows.append(itself)
                notes.add(f"{title:>12}  {itself[0].replace(chr(10), ' ') + ', other seeds':<75} {_said(itself[1])}")
            _differences(ax, rows)
    return fig


def _row(title, name, lr, without, other, lr_other, with_it) -> str:
    first = f"{name} {without.mean():.2f} ± {seed_std(without):.2f} (lr {lr:g})"
    second = f"{other} {with_it.mean():.2f} ± {seed_std(with_it):.2f} (lr {lr_other:g})"
    return f"{title:>12}  {first:<34} {second:<40} {_said(with_it - without)}"


def _said(differences: np.ndarray) -> str:
    return f"{differences.mean():+.2f} ± {seed_std(differences) / len(differences) ** 0.5:.2f}"


def _differences(ax, rows: list) -> None:
    """Draw each difference with its standard error, and the seeds' own as pale dots."""
    for place, (label, differences) in enumerate(rows):
        color = "0.35" if "itself" in label else BLUE
        error = seed_std(differences) / len(differences) ** 0.5
        ax.plot(differences, np.full(len(differences), place), "o", color=color, alpha=0.25, ms=4, ls="none")
        ax.errorbar(differences.mean(), place, xerr=error, color=color, marker="o", ms=7, capsize=5)
    if rows:
        ax.axvline(0, color="0.4", ls=":", lw=1.2)
        ax.set_yticks(range(len(rows)), [label for label, _ in rows])
        ax.set_ylim(len(rows) - 0.5, -0.5)


def _best_rate(step: Callable, sizes: list[int], rates: Iterable[float], tried: int, epochs: int, tick) -> float:
    rates = list(rates)
    if not tried:
        return rates[0]
    scores = [np.mean([_trained(step, sizes, lr, seed, epochs, tick)[0] for seed in range(tried)]) for lr in rates]
    return rates[int(np.argmax(scores))]


def _tested(step: Callable, sizes: list[int], lr: float, seed: int, epochs: int, tick) -> float:
    return _trained(step, sizes, lr, seed, epochs, tick)[1]


def _trained(step: Callable, sizes: list[int], lr: float, seed: int, epochs: int, tick) -> tuple[float, float]:
    """Return validation and test accuracy of one run: its start and its batches are the seed's alone."""
    rng, digits = np.random.default_rng(seed), data.digits()
    network = training.MLP(sizes, rng)
    history = ask(
        training.train,
        network,
        digits,
        step=_guarded(step),
        lr=lr,
        epochs=epochs,
        batch_size=64,
        rng=rng,
        progress=False,
    )
    tick()
    parts = ((digits.x_val, digits.y_val), (digits.x_test, digits.y_test))
    return tuple(final_accuracy(network, history, x, y) for x, y in parts)


@picture("The lecture's table drawn: differences in points that AdaNorm made, three networks on three data sets each.")
def beyond_lecture_table(notes: Notes):
    """Draw lecture 003's Table 1 as differences in points, beside the relative changes that its arrows print."""
    fig, (points, arrows) = notes.plt.subplots(1, 2, figsize=(11.5, 3.9), sharey=True)
    points.set(xlabel="difference in points", ylabel="pair", title="what AdaNorm changed")
    arrows.set(xlabel="relative change (%)", title="what the arrows print")
    for place, name in enumerate(LECTURE):
        without, with_it = (np.array(column) for column in zip(*LECTURE[name], strict=True))
        for ax, values in ((points, with_it - without), (arrows, 100 * (with_it - without) / without)):
            ax.plot(values, np.full(9, place), "o", color=BLUE, alpha=0.35, ls="none")
            ax.plot(values.mean(), place, "D", color=ORANGE, ms=8, mec="black", ls="none")
    for ax in (points, arrows):
        ax.axvline(0, color="0.4", ls=":", lw=1.2)
        ax.set_yticks(range(len(LECTURE)), [f"{name}Norm\nagainst {name}" for name in LECTURE])
        ax.set_ylim(len(LECTURE) - 0.5, -0.5)
    points.plot([], [], "o", color=BLUE, alpha=0.35, ls="none", label="a network on a data set")
    points.plot([], [], "D", color=ORANGE, mec="black", ls="none", label="mean of the nine")
    legend(points, loc="lower right")
    return fig


# Lecture 003, Table 1 (Dubey et al. 2023): accuracy in %, without and with; VGG16, ResNet18 and ResNet50 on CIFAR10,
# CIFAR100 and TinyImageNet, in that order; means of three runs, their spread is not printed.
LECTURE = {
    "Adam": (
        *((92.55, 92.83), (93.54, 93.78), (93.83, 94.01)),
        *((67.29, 69.15), (71.09, 73.11), (71.88, 75.53)),
        *((41.93, 44.67), (47.73, 49.57), (48.98, 54.44)),
    ),
    "diffGrad": (
        *((92.76, 92.87), (93.49, 93.98), (93.81, 94.23)),
        *((68.19, 68.31), (73.50, 73.64), (75.06, 75.49)),
        *((42.91, 43.49), (49.34, 49.80), (51.32, 53.75)),
    ),
    "Radam": (
        *((92.94, 93.14), (93.82, 93.89), (94.14, 94.21)),
        *((70.69, 70.77), (73.22, 73.34), (74.95, 75.39)),
        *((43.84, 45.02), (48.73, 50.50), (51.63, 52.87)),
    ),
    "AdaBelief": (
        *((92.71, 92.81), (93.63, 93.66), (94.10, 94.16)),
        *((68.92, 69.24), (72.72, 73.31), (75.53, 75.49)),
        *((44.23, 44.79), (49.25, 49.99), (53.57, 54.44)),
    ),
}
