"""The pictures of 09_penalties about weights: their price, their zeros, their fence, their decay."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from helpers import data
from helpers.plots.pieces import legend
from helpers.plots.ready import Notes, NotReady, as_array, ask, describe, name_of, picture
from helpers.plots.style import COLORS

BLUE, ORANGE, GREEN, RED, PINK = COLORS[:5]
_LARGEST = 1e30


# ----------------------------------------------------------------------- asking the student's functions


def _showable(function: Callable, values: np.ndarray) -> np.ndarray:
    if not (np.abs(values) < _LARGEST).all():
        raise NotReady(name_of(function), "gave nan, or numbers too large for any picture")
    return values


def ask_numbers(function: Callable, *args, shape: tuple[int, ...], **kwargs) -> np.ndarray:
    """Return what the function gives, an array of this shape that a picture can show.

    Asking copies and looks closely, at a price: only what has failed is asked again, to hear why.
    """
    try:
        result = function(*args, **kwargs)
        if isinstance(result, np.ndarray) and result.shape == shape and np.abs(result).max(initial=0) < _LARGEST:
            return result
    except Exception:
        pass
    return _showable(function, as_array(function, ask(function, *args, **kwargs), shape))


def ask_pair(function: Callable, *args, what: str, shapes: tuple[tuple, tuple], **kwargs) -> tuple:
    """Return the two arrays that the function gives, of these shapes."""
    try:
        first, second = function(*args, **kwargs)
        if np.shape(first) == shapes[0] and np.shape(second) == shapes[1]:
            pair = np.asarray(first, float), np.asarray(second, float)
            if all(np.abs(part).max(initial=0) < _LARGEST for part in pair):
                return pair
    except Exception:
        pass
    result = ask(function, *args, **kwargs)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise NotReady(name_of(function), f"gave {describe(result)} where {what} was expected")
    return tuple(
        _showable(function, as_array(function, part, shape)) for part, shape in zip(result, shapes, strict=True)
    )


def ask_penalty(penalty: Callable, w: np.ndarray, *strengths: float) -> tuple[float, np.ndarray]:
    """Return value and gradient of a penalty on w."""
    value, grad = ask_pair(penalty, w, *strengths, what="the pair (value, grad)", shapes=((), w.shape))
    return float(value), grad


def as_penalty(penalty: Callable, *strengths: float) -> Callable:
    """Return the student's penalty as `helpers.training.MLP` takes it."""
    return lambda w: ask_penalty(penalty, w, *strengths)


# --------------------------------------------------------------------- 1: size and strength, two moons

_MIDDLE = np.array([0.5, 0.25])
_WIDE, _HIGH, _FINE = 2.4, 1.9, 100
_STEPS, _RATE, _MOMENTUM = 500, 0.3, 0.9


@cache
def _moons(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 60 points to learn."""
    x, y = data.two_moons(60, noise=0.35, seed=100 + seed)
    return x - _MIDDLE, y


@cache
def _new_moons() -> tuple[np.ndarray, np.ndarray]:
    x, y = data.two_moons(2000, noise=0.35, seed=99)
    return x - _MIDDLE, y


def _moon_scores(params: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Return how much class 1 leads, of one network or of a stack of them."""
    W1, b1, W2, b2 = params
    return (np.maximum(x @ W1 + b1[..., None, :], 0) @ W2)[..., 0] + b2


def train_on_moons(l2_penalty: Callable, hidden: int, lam: float, seeds: Iterable[int]) -> list[np.ndarray]:
    """Return the weights of one network for each seed, each with 60 points of its own, trained side by side."""
    seeds = list(seeds)
    x, y = (np.stack(parts) for parts in zip(*(_moons(seed) for seed in seeds), strict=True))
    rngs = [np.random.default_rng([seed, hidden]) for seed in seeds]
    W1 = np.stack([rng.standard_normal((2, hidden)) for rng in rngs])
    W2 = np.stack([rng.standard_normal((hidden, 1)) * np.sqrt(2 / hidden) for rng in rngs])
    params = [W1, np.zeros((len(seeds), hidden)), W2, np.zeros((len(seeds), 1))]
    speeds = [np.zeros_like(p) for p in params]
    for _ in range(_STEPS):
        pre = x @ params[0] + params[1][:, None, :]
        h = np.maximum(pre, 0)
        lead = (h @ params[2])[..., 0] + params[3]
        dlead = (1 / (1 + np.exp(-lead)) - y)[..., None] / y.shape[1]
        dpre = dlead * params[2].swapaxes(1, 2) * (pre > 0)
        grads = [x.swapaxes(1, 2) @ dpre, dpre.sum(1), h.swapaxes(1, 2) @ dlead, dlead.sum(1)]
        if lam:
            for k in (0, 2):
                grads[k] = grads[k] + ask_penalty(l2_penalty, params[k], lam)[1]
        for k, grad in enumerate(grads):
            speeds[k] = _MOMENTUM * speeds[k] - _RATE * grad
            params[k] = params[k] + speeds[k]
    return params


class MoonRuns:
    """Networks on the moons, each size and strength trained once."""

    def __init__(self, l2_penalty: Callable, seeds: Iterable[int] = range(12)) -> None:
        self.l2_penalty, self.seeds = l2_penalty, list(seeds)
        self._known: dict = {}

    def params(self, hidden: int, lam: float) -> list[np.ndarray]:
        if (hidden, lam) not in self._known:
            self._known[hidden, lam] = train_on_moons(self.l2_penalty, hidden, lam, self.seeds)
        return self._known[hidden, lam]

    def accuracies(self, hidden: int, lam: float) -> np.ndarray:
        """Return the share of 2000 new points that is right, for each seed."""
        x, y = _new_moons()
        return np.mean((_moon_scores(self.params(hidden, lam), x) > 0) == y, axis=1)


def _moon_border(ax, runs: MoonRuns, hidden: int, lam: float, place: int) -> None:
    x, y = _moons(runs.seeds[place])
    for label, marker in zip(range(2), "os", strict=True):
        of_class = x[y == label]
        ax.plot(*of_class.T, marker, color=COLORS[label], ms=4, ls="none", mec="white", mew=0.5)
    ax.set(xlim=(-_WIDE, _WIDE), ylim=(-_HIGH, _HIGH), xticks=[], yticks=[], xlabel="$x_1$", ylabel="$x_2$")
    ax.grid(False)
    across, up = np.linspace(-_WIDE, _WIDE, _FINE), np.linspace(-_HIGH, _HIGH, _FINE)
    plane = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    lead = _moon_scores([p[place] for p in runs.params(hidden, lam)], plane).reshape(_FINE, _FINE)
    if lead.min() < 0 < lead.max():
        ax.contourf(across, up, lead, [-np.inf, 0, np.inf], colors=["#d7ebf7", "#fcefd6"], zorder=0)
        ax.contour(across, up, lead, [0.0], colors="black", linewidths=1.4)


_SIZES, _LAMS = (3, 6, 20), (0.001, 0.01, 0.1)
_SHAPES = "osD"


@picture("Borders of three networks among two moons, without and with a penalty; share of new points right, by lam.")
def penalties_boundary(
    notes: Notes,
    l2_penalty: Callable,
    *,
    lam: float = 0.001,
    place: int = 0,
    sizes: tuple[int, ...] = _SIZES,
    lams: tuple[float, ...] = (0.0, *_LAMS),
    runs: MoonRuns | None = None,
):
    """Show two ways to keep a network simple, its size and a penalty, and what new points say of both."""
    runs = runs or MoonRuns(l2_penalty)
    fig = notes.plt.figure(figsize=(12.4, 4.6))
    left, right = fig.subfigures(1, 2, width_ratios=(1.5, 1))
    axes, ax = left.subplots(2, len(sizes), squeeze=False), right.subplots()
    for row, strength in enumerate((0.0, lam)):
        for k, hidden in enumerate(sizes):
            axes[row, k].set_title(rf"{hidden} units, $\lambda$ = {strength:g}", fontsize="medium")
            with notes.collect():
                _moon_border(axes[row, k], runs, hidden, strength, place)
    _moon_curves(ax, notes, runs, sizes, sorted({*lams, lam}))
    ax.axvline(sorted({*lams, lam}).index(lam), color="0.5", ls=":", lw=1.2)
    return fig


def _moon_curves(ax, notes: Notes, runs: MoonRuns, sizes, lams) -> None:
    """Draw accuracy on new points by lam, a line for each size; a bar from the worst seed to the best."""
    places = np.arange(len(lams))
    with notes.collect():
        for k, hidden in enumerate(sizes):
            share = 100 * np.array([runs.accuracies(hidden, lam) for lam in lams])
            mean = share.mean(axis=1)
            bars = np.abs(np.array([share.min(axis=1), share.max(axis=1)]) - mean)
            style = {"color": COLORS[k], "marker": _SHAPES[k % 3], "ms": 5, "capsize": 3, "label": f"{hidden} units"}
            ax.errorbar(places + 0.08 * (k - 1), mean, bars, **style)
    ax.set_xticks(places, [f"{lam:g}" for lam in lams])
    ax.set(xlabel=r"$\lambda$", ylabel="new points right (%)")
    ax.set_title(f"mean, worst and best of {len(runs.seeds)} seeds", fontsize="medium")
    legend(ax, loc="lower left")


# ------------------------------------------------------------------------------------ 1: curvature


def bowl_steps(l2_penalty: Callable, h: np.ndarray, best: np.ndarray, lam: float, lr: float, steps: int) -> np.ndarray:
    """Return the path of descent on (w - best) h (w - best) / 2 + the penalty, from 0."""
    w = np.zeros(2)
    path = [w]
    for _ in range(steps):
        w = w - lr * (h * (w - best) + ask_penalty(l2_penalty, w, lam)[1])
        path.append(w)
    return np.array(path)


@picture("Descent in a long valley with an L2 penalty; condition number, steps needed, and the minimum's shift by lam.")
def penalties_curvature(notes: Notes, l2_penalty: Callable, *, lam: float = 0.1, steps: int = 30):
    """Show what your penalty does to a valley 100 times as steep across as along, and at what price."""
    h, best = np.array([0.1, 10.0]), np.array([-3.0, 1.0])
    fig, (plane, curve) = notes.plt.subplots(1, 2, figsize=(11, 3.9), width_ratios=(1.35, 1))
    plane.set(xlabel="$w_1$", ylabel="$w_2$", xlim=(-3.6, 0.6), ylim=(-1.2, 2.2), aspect="equal")
    a, b = np.meshgrid(np.linspace(-3.6, 0.6, 60), np.linspace(-1.2, 2.2, 50))
    with notes.collect():
        grid = zip(a.flat, b.flat, strict=True)
        value = np.array([ask_penalty(l2_penalty, np.array([p, q]), lam)[0] for p, q in grid])
        height = (h[0] * (a - best[0]) ** 2 + h[1] * (b - best[1]) ** 2) / 2 + value.reshape(a.shape)
        plane.contour(a, b, height, height.min() + np.geomspace(0.01, 12, 9), colors="0.7", linewidths=0.7)
        slopes = h + 2 * lam
        lr = 0.95 * 2 / slopes.max()
        path = bowl_steps(l2_penalty, h, best, lam, lr, steps)
        plane.plot(*path.T, ".-", color=BLUE, lw=1.2, ms=5, label=f"{steps} steps at 0.95 × the largest stable lr")
        plane.set_title(rf"$\lambda$ = {lam:g}: condition {slopes.max() / slopes.min():.3g}", fontsize="medium")
    plane.plot(*best, "*", color="black", ms=12, label="minimum without a penalty", ls="none")
    plane.plot(*(h * best / (h + 2 * lam)), "P", color=RED, ms=8, label="minimum with it", ls="none")
    lams = np.geomspace(1e-3, 10, 60)
    both = h[:, None] + 2 * lams
    rate = 0.95 * 2 / both.max(axis=0)
    factor = np.abs(1 - rate * both).max(axis=0)
    curve.plot(lams, both.max(axis=0) / both.min(axis=0), color=BLUE, ls="-", label="condition number")
    curve.plot(lams, np.log(100) / -np.log(factor), color=ORANGE, ls="--", label="steps to 1 % of the way")
    shift = np.linalg.norm(best[:, None] * 2 * lams / both, axis=0) / np.linalg.norm(best)
    curve.plot(lams, 100 * shift, color=RED, ls="-.", label="shift of the minimum, % of |w*|")
    curve.axvline(max(lam, lams[0]), color="0.5", ls=":", lw=1.2)
    curve.set(xscale="log", yscale="log", xlabel=r"$\lambda$", ylabel="number", ylim=(0.5, 300))
    curve.set_title("what the curvature buys, and costs", fontsize="medium")
    legend(curve, loc="lower left")
    legend(plane, loc="lower left")
    return fig


# ------------------------------------------------------------------------------------ 2: two weights


@picture("The three penalties of the weights (t, 1 - t), all of which give the same output.")
def penalties_line(
    notes: Notes, l2_penalty: Callable, l1_penalty: Callable, elastic_net: Callable, *, beta: float = 0.5
):
    """Show what each penalty charges for weights that give the same output, from peaky to spread out."""
    t = np.linspace(-0.4, 1.4, 181)
    fig, ax = notes.plt.subplots(figsize=(7.4, 3.8))
    ax.set(xlabel="$t$, with $w = (t, 1 - t)$ and $w \\cdot (1, 1) = 1$", ylabel="penalty, $\\lambda$ = 1")
    ax.set(ylim=(0, 2.2), title="all of these weights give the same output")
    penalties = (
        (l2_penalty, (1.0,), "L2", BLUE, "-"),
        (l1_penalty, (1.0,), "L1", ORANGE, "--"),
        (elastic_net, (1.0, beta), rf"elastic net, $\beta$ = {beta:g}", GREEN, "-."),
    )
    for penalty, strengths, label, color, ls in penalties:
        with notes.collect():
            values = [ask_penalty(penalty, np.array([s, 1 - s]), *strengths)[0] for s in t]
            ax.plot(t, values, color=color, ls=ls, label=label)
    ax.axvline(0.5, color="0.6", ls=":", lw=1)
    ax.annotate("spread out", (0.5, 0.08), (4, 0), textcoords="offset points", color="0.3")
    for place, text in ((0.0, "peaky"), (1.0, "peaky")):
        ax.axvline(place, color="0.6", ls=":", lw=1)
        ax.annotate(text, (place, 0.08), (4, 0), textcoords="offset points", color="0.3")
    legend(ax, loc="upper center")
    return fig


# ------------------------------------------------------------------------------------ 3: zeros

_H, _BEST = np.array([[1.0, 0.35], [0.35, 0.6]]), np.array([1.2, 0.5])
_PROX_RATE, _PROX_STEPS = 0.8, 80


def ball_minimum(l2_penalty: Callable, soft_threshold: Callable, lam: float, beta: float, l1: float) -> np.ndarray:
    """Return where the quadratic + lam (beta w^2 + l1 |w|) is lowest, by the student's proximal steps."""
    w, lr = _BEST, _PROX_RATE / (1 + 2 * lam * beta)
    for _ in range(_PROX_STEPS):
        slope = _H @ (w - _BEST)
        if beta:
            slope = slope + ask_penalty(l2_penalty, w, lam * beta)[1]
        w = w - lr * slope
        if l1:
            w = ask_numbers(soft_threshold, w, lr * lam * l1, shape=(2,))
    return w


@picture("Contours of a quadratic, the ball of a penalty around 0, and how its minimum moves as lam grows.")
def penalties_ball(
    notes: Notes, l2_penalty: Callable, soft_threshold: Callable, *, lam: float = 0.5, beta: float = 0.5
):
    """Show where three penalties pull the minimum of a quadratic, and at which lam a weight is exactly 0."""
    fig, (plane, paths) = notes.plt.subplots(1, 2, figsize=(11.2, 4.3), width_ratios=(1, 1.15))
    plane.set(xlabel="$w_1$", ylabel="$w_2$", xlim=(-0.75, 1.6), ylim=(-0.75, 1.15), aspect="equal")
    a, b = np.meshgrid(np.linspace(-0.75, 1.6, 120), np.linspace(-0.75, 1.15, 120))
    away = np.stack([a - _BEST[0], b - _BEST[1]])
    height = np.einsum("iab,ij,jab->ab", away, _H, away) / 2
    plane.contour(a, b, height, np.geomspace(0.01, 2, 8), colors="0.75", linewidths=0.7)
    plane.plot(*_BEST, "*", color="black", ms=12, ls="none")
    paths.set(xlabel=r"$\lambda$", ylabel="$w_1$ (thick) and $w_2$ (thin)", title="the minimum, weight by weight")
    paths.set(xscale="log")
    lams = np.unique(np.append(np.geomspace(0.03, 3, 60), lam))
    kinds = (
        ("L1", 0.0, 1.0, ORANGE, "--"),
        (rf"elastic net, $\beta$ = {beta:g}", beta, 1.0, GREEN, "-."),
        ("L2", 1.0, 0.0, BLUE, "-"),
    )
    zeros = []
    for label, square, size, color, ls in kinds:
        with notes.collect():
            walk = np.array([ball_minimum(l2_penalty, soft_threshold, s, square, size) for s in lams])
            here = walk[np.searchsorted(lams, lam)]
            price = square * (a**2 + b**2) + size * (np.abs(a) + np.abs(b))
            level = square * (here**2).sum() + size * np.abs(here).sum()
            if level > 0:
                plane.contour(a, b, price, [level], colors=color, linestyles=[ls], linewidths=1.4)
            plane.plot(*np.vstack([_BEST, walk]).T, color=color, ls=":", lw=1.2)
            plane.plot(*here, "o", color=color, ms=7, mec="black", label=label)
            paths.plot(lams, walk[:, 0], color=color, ls=ls, lw=2.6, label=label)
            paths.plot(lams, walk[:, 1], color=color, ls=ls, lw=1.2)
            gone = lams[walk[:, 1] == 0]
            zeros.append(rf"{label.split(',')[0]}: " + (f"{gone.min():.2g}" if len(gone) else "never"))
    if zeros:
        paths.set_title(f"$w_2$ is exactly 0 from $\\lambda$ = … on — {'; '.join(zeros)}", fontsize="small")
    paths.axvline(lam, color="0.5", ls=":", lw=1.2)
    plane.set_title(rf"$\lambda$ = {lam:g}", fontsize="medium")
    legend(plane, loc="lower right")
    legend(paths, loc="upper right")
    return fig


@picture("How many weights are exactly 0 with the L1 subgradient and with the soft threshold; the weights at the end.")
def penalties_sparsity(
    notes: Notes,
    l1_penalty: Callable,
    soft_threshold: Callable,
    *,
    lam: float = 0.05,
    lr: float = 0.1,
    steps: int = 300,
    seed: int = 0,
):
    """Show a regression with 30 features of which 5 matter, by subgradient steps and by proximal steps."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((60, 30))
    true = np.zeros(30)
    true[:5] = (1.0, -0.8, 0.6, 0.5, -0.4)
    y = x @ true + 0.3 * rng.standard_normal(60)
    fig, (count, end) = notes.plt.subplots(1, 2, figsize=(11, 3.7))
    count.set(xlabel="step", ylabel="weights that are exactly 0", ylim=(-1, 30), title="of 30, 25 do not matter")
    end.set(
        xlabel="weight", ylabel="size", yscale="log", ylim=(1e-5, 2), title=f"after {steps} steps (0 is at the foot)"
    )
    end.plot(range(30), np.maximum(np.abs(true), 1e-5), "_", color="black", ms=9, label="true")

    def subgradient(w):
        return w - lr * (x.T @ (x @ w - y) / len(y) + ask_penalty(l1_penalty, w, lam)[1])

    def proximal(w):
        return ask_numbers(soft_threshold, w - lr * (x.T @ (x @ w - y) / len(y)), lr * lam, shape=(30,))

    ways = (("l1_penalty: subgradient", subgradient, ORANGE, "s", "--"), ("soft_threshold", proximal, BLUE, "o", "-"))
    for label, step, color, marker, ls in ways:
        with notes.collect():
            w, zeros = 0.1 * rng.standard_normal(30), []
            for _ in range(steps):
                w = step(w)
                zeros.append(int(np.sum(w == 0)))
            count.plot(range(1, steps + 1), zeros, color=color, ls=ls, label=f"{label}: {zeros[-1]}")
            end.plot(range(30), np.maximum(np.abs(w), 1e-5), marker, color=color, mfc="none", ms=6, label=label)
    legend(count, loc="center right")
    legend(end, loc="upper right")
    return fig


# ------------------------------------------------------------------------------------ 4: the fence


@picture("Weight vectors before and after max_norm, beside what decay by a factor does to them.")
def penalties_fence(notes: Notes, max_norm: Callable, *, c: float = 1.0, seed: int = 3):
    """Show weight vectors of units before and after your fence, and beside it a step of decay."""
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((2, 12))
    w = w / np.linalg.norm(w, axis=0) * rng.uniform(0.2, 2.2, 12)
    fig, axes = notes.plt.subplots(1, 2, figsize=(9.6, 4.3))
    circle = np.stack([np.cos(np.linspace(0, 7, 200)), np.sin(np.linspace(0, 7, 200))])
    for ax, title in zip(axes, (f"max_norm, c = {c:g}", "decay: all shrink by 30 %"), strict=True):
        ax.set(xlabel="$w_1$", ylabel="$w_2$", title=title, aspect="equal", xlim=(-2.4, 2.4), ylim=(-2.4, 2.4))
        ax.plot(*(c * circle), color="0.5", ls=":", lw=1.3)
        ax.plot(*w, "o", color=ORANGE, mfc="none", ms=6, label="before", ls="none")
    with notes.collect():
        for ax, after in zip(axes, (ask_numbers(max_norm, w, c, 0, shape=w.shape), 0.7 * w), strict=True):
            ax.plot(*after, "o", color=BLUE, ms=6, label="after", ls="none")
            for old, new in zip(w.T, after.T, strict=True):
                ax.plot(*np.array([old, new]).T, color="0.6", ls="-", lw=0.8)
    legend(axes[0], loc="upper left")
    return fig


# ------------------------------------------------------------------------------------ 5: decay


@dataclass(frozen=True)
class _Plain:
    """The steps that decay is compared with, as this picture has them."""

    momentum: float = 0.9

    def sgd(self, w, grad, state, *, lr):
        return w - lr * grad, state

    def with_momentum(self, w, grad, state, *, lr):
        v = self.momentum * state.get("v", 0.0) + grad
        return w - lr * v, {"v": v}


@picture("Distance between training with an L2 penalty and with decoupled decay, for SGD, momentum and Adam.")
def penalties_decay(
    notes: Notes,
    decayed_sgd: Callable,
    l2_penalty: Callable,
    equivalent_l2: Callable,
    adam: Callable,
    *,
    weight_decay: float = 0.1,
    steps: int = 200,
    seed: int = 0,
):
    """Show how far a penalty of the equivalent strength and a decay of the weights drift apart, step by step."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((80, 20)) * np.geomspace(0.1, 3, 20)
    y = (x @ rng.standard_normal(20) + 2 * rng.standard_normal(80) > 0).astype(float)
    start = rng.standard_normal(20)

    def slope(w):
        return x.T @ (1 / (1 + np.exp(-np.clip(x @ w, -500, 500))) - y) / len(y)

    fig, (apart, size) = notes.plt.subplots(1, 2, figsize=(11, 3.9))
    apart.set(xlabel="step", ylabel="largest difference of a weight", yscale="log", ylim=(1e-17, 10))
    apart.set_title(f"L2 with lam = equivalent_l2({weight_decay:g}, lr), against decay", fontsize="medium")
    size.set(xlabel="step", ylabel="$|w|$", title="the weights' length: L2 thick, decay thin")
    plain = _Plain()
    kinds = (
        ("SGD", plain.sgd, 0.1, BLUE, "-"),
        ("SGD with momentum", plain.with_momentum, 0.02, ORANGE, "--"),
        ("Adam", adam, 0.02, RED, "-."),
    )
    for label, step, lr, color, ls in kinds:
        with notes.collect():
            lam = float(as_array(equivalent_l2, ask(equivalent_l2, weight_decay, lr), ()))
            a, b, state_a, state_b, gaps, lengths = start, start, {}, {}, [], []
            for _ in range(steps):
                a, state_a = ask(step, a, slope(a) + ask_penalty(l2_penalty, a, lam)[1], state_a, lr=lr)
                if step == plain.sgd:
                    b, state_b = _stepped(decayed_sgd, b, slope(b), state_b, lr, weight_decay)
                else:
                    moved, state_b = ask(step, b, slope(b), state_b, lr=lr)
                    b = moved - lr * weight_decay * b
                gaps.append(np.abs(_showable(step, np.asarray(a)) - b).max())
                lengths.append([np.linalg.norm(a), np.linalg.norm(b)])
            apart.plot(range(1, steps + 1), np.maximum(gaps, 1e-17), color=color, ls=ls, label=f"{label}, lr = {lr:g}")
            for values, width, name in zip(np.transpose(lengths), (3, 1.2), (label, None), strict=True):
                size.plot(range(1, steps + 1), values, color=color, ls=ls, lw=width, label=name)
    legend(apart, loc="center right")
    legend(size, loc="center right", bbox_to_anchor=(1, 0.27))
    return fig


def _stepped(decayed_sgd: Callable, w, grad, state, lr: float, weight_decay: float):
    result = ask(decayed_sgd, w, grad, state, lr=lr, weight_decay=weight_decay)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise NotReady(name_of(decayed_sgd), f"gave {describe(result)} where the pair (w, state) was expected")
    return _showable(decayed_sgd, as_array(decayed_sgd, result[0], w.shape)), result[1]
