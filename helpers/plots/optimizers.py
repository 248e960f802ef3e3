"""The pictures of 02_sgd: walks over landscapes, step sizes, noise, schedules, and the digits learnt at the end."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from helpers import data, landscapes, training
from helpers.landscapes import Landscape
from helpers.plots import stacks
from helpers.plots.pieces import (
    TINY,
    above_floor,
    error_bars,
    legend,
    progress_bar,
    seed_std,
    stacked,
    takes,
    terrain,
    trail,
)
from helpers.plots.ready import (
    Notes,
    NotReady,
    as_array,
    ask,
    ask_array,
    ask_many,
    ask_step,
    describe,
    name_of,
    picture,
)

# Beyond this a walk counts as lost: it ends, so that no picture is scaled to infinity.
_LOST = 1e6


# ---------------------------------------------------------------------------------------- walks


def walk(step: Callable, gradient: Callable, start: np.ndarray, steps: int, *, lr, **hyper) -> np.ndarray:
    """Return the places (T + 1, ...) that an optimizer visits, its start first; T < steps if it is lost on the way.

    Parameters
    ----------
    step : the student's optimizer, with `grad` or, for a look-ahead, with `grad_fn` as its second parameter
    gradient : function w -> gradient
    start : ndarray
    steps : int
    lr : float, or function t -> lr
    hyper : passed on where the optimizer takes it (`momentum`)
    """
    rate = lr if callable(lr) else lambda t: lr
    looks_ahead = takes(step, "grad_fn")
    hyper = {name: value for name, value in hyper.items() if takes(step, name)}
    w, state, places = np.array(start, dtype=float), {}, [np.array(start, dtype=float)]
    for t in range(steps):
        slope = gradient if looks_ahead else gradient(w)
        w, state = ask_step(step, w, slope, state, lr=rate(t), **hyper)
        if not (np.abs(w) < _LOST).all():
            break
        places.append(w)
    return np.array(places)


def _positive(function: Callable, value: object) -> float:
    """Return a number a student's function gave; raise NotReady if it is no finite positive one."""
    number = as_array(function, value)
    if number.shape != () or not np.isfinite(number) or number <= 0:
        said = f"{float(number):g}" if number.shape == () else describe(number)
        raise NotReady(name_of(function), f"gave {said} where a positive number was expected")
    return float(number)


# -------------------------------------------------------------------------------------- drawing


# ------------------------------------------------------------------------------- 1 and 2: steps


@picture("Walks of gradient descent in a long narrow valley, a panel for each step size, and their losses.")
def step_sizes(notes: Notes, sgd: Callable, *, lrs: Iterable[float] = (0.005, 0.06, 0.0795), steps: int = 40):
    """Show gradient descent in a valley of condition 25 for several step sizes, and the loss on the way."""
    lrs, valley = list(lrs), landscapes.bowl(25.0)
    fig, grounds, loss = stacked(notes.plt, len(lrs), figsize=(9.5, 1.85 * len(lrs) + 0.2))
    loss.set(yscale="log", xlabel="step", ylabel="loss $L$", title="loss")
    for i, (ax, lr) in enumerate(zip(grounds, lrs, strict=True)):
        terrain(ax, valley)
        ax.set(title=f"lr = {lr:g}, {steps} steps")
        with notes.collect():
            path = walk(sgd, valley.gradient, valley.start, steps, lr=lr)
            trail(ax, path, color=f"C{i}", linestyle="-")
            loss.plot(above_floor(valley, path), color=f"C{i}", label=f"lr = {lr:g}")
    legend(loss)
    return fig


@picture("Loss over steps just below, at and above the threshold; and the number of steps needed for each step size.")
def stability_threshold(notes: Notes, sgd: Callable, largest_stable_lr: Callable, *, steps: int = 150):
    """Show what happens on either side of the student's threshold, and the speed for every step size below it."""
    valley = landscapes.bowl(25.0)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(10, 3.6))
    left.set(yscale="log", xlabel="step", ylabel="loss $L$", title="around your threshold")
    right.set(yscale="log", xlabel="lr", ylabel="steps needed", title="steps to come 1000 times closer")
    with notes.collect():
        edge = _positive(largest_stable_lr, ask(largest_stable_lr, valley.hessian(valley.start)))
        if edge > 100:
            raise NotReady(
                name_of(largest_stable_lr), f"gave {edge:g} for curvatures of 1 and 25, far too much to draw"
            )
        right.axvline(edge, color="0.4", linestyle=":", label=f"your threshold, {edge:.4g}")
        for i, factor in enumerate((0.98, 1.0, 1.02)):
            path = walk(sgd, valley.gradient, valley.start, steps, lr=factor * edge)
            left.plot(above_floor(valley, path), color=f"C{i}", label=f"{factor:.2f} of it, lr = {factor * edge:.4f}")
    with notes.collect():
        rates = np.concatenate([np.linspace(0.004, 0.07, 30), np.linspace(0.071, 0.0798, 28)])
        needed = np.array([_steps_to_shrink(sgd, valley, lr, 1000.0) for lr in rates])
        right.plot(rates, needed, color="C0", linestyle="-", marker=".")
        if np.isfinite(needed).any():
            best = int(np.nanargmin(needed))
            right.plot(rates[best], needed[best], "o", color="C3", label=f"fastest, lr = {rates[best]:.4f}")
    legend(left)
    legend(right)
    return fig


def _steps_to_shrink(sgd: Callable, ground: Landscape, lr: float, factor: float, most: int = 2000) -> float:
    """Return the steps until the distance to the origin has shrunk by a factor, nan if that takes too many."""
    w, state = ground.start, {}
    target = np.linalg.norm(w) / factor
    for t in range(1, most + 1):
        w, state = ask_step(sgd, w, ground.gradient(w), state, lr=lr)
        size = np.linalg.norm(w)
        if not size < _LOST:
            return np.nan
        if size <= target:
            return t
    return np.nan


# --------------------------------------------------------------------------- 3: critical points

_FLAT = (
    ("$w_1^2 + w_2^2$", lambda a, b: a**2 + b**2, (2.0, 2.0)),
    ("$-w_1^2 - w_2^2$", lambda a, b: -(a**2) - b**2, (-2.0, -2.0)),
    ("$w_1^2 - w_2^2$", lambda a, b: a**2 - b**2, (2.0, -2.0)),
    ("$w_1^2 + w_2^3$", lambda a, b: a**2 + b**3, (2.0, 0.0)),
)


@picture("Four surfaces that are flat at the centre, each with a verdict; and how long leaving a saddle takes.")
def critical_points(notes: Notes, sgd: Callable, classify_critical_point: Callable, *, lr: float = 0.1):
    """Show four flat points with the student's verdicts, and the steps that leaving a saddle takes."""
    fig = notes.plt.figure(figsize=(11, 4.4))
    surfaces, escape = fig.subfigures(1, 2, width_ratios=(1.25, 1))
    a, b = np.meshgrid(*[np.linspace(-1, 1, 25)] * 2)
    for i, (formula, f, curvatures) in enumerate(_FLAT, start=1):
        ax = surfaces.add_subplot(2, 2, i, projection="3d")
        ax.plot_surface(a, b, f(a, b), cmap="cividis", linewidth=0, antialiased=True, rcount=25, ccount=25)
        ax.set(xticks=[], yticks=[], zticks=[], xlabel="$w_1$", ylabel="$w_2$")
        ax.xaxis.labelpad = ax.yaxis.labelpad = -14
        ax.set_box_aspect(None, zoom=1.0)
        verdict = "?"
        with notes.collect():
            verdict = _verdict(classify_critical_point, np.diag(curvatures))
        ax.set_title(f"{formula}: {verdict}", fontsize="medium")
    ax = escape.subplots()
    ax.set(xscale="log", xlabel="distance of the start from the line", ylabel="steps to leave")
    ax.set_title(f"leaving the saddle, lr = {lr:g}")
    with notes.collect():
        offsets = 10.0 ** np.arange(-15, 0)
        ax.plot(offsets, [_steps_to_leave(sgd, d, lr) for d in offsets], "o-", color="C0", label="your sgd")
        on_it = _steps_to_leave(sgd, 0.0, lr)
        said = "has not left after 2000 steps" if np.isnan(on_it) else f"leaves after {on_it:.0f} steps"
        ax.text(0.97, 0.95, f"exactly on the line:\n{said}", transform=ax.transAxes, ha="right", va="top")
    return fig


def _verdict(classify: Callable, hessian: np.ndarray) -> str:
    verdict = ask(classify, hessian)
    if not isinstance(verdict, str):
        raise NotReady(name_of(classify), f"gave {describe(verdict)} where a word was expected")
    return f'"{verdict[:20]}"'


def _steps_to_leave(sgd: Callable, offset: float, lr: float, most: int = 2000) -> float:
    ground = landscapes.saddle()
    w, state = np.array([ground.start[0], offset]), {}
    for t in range(1, most + 1):
        w, state = ask_step(sgd, w, ground.gradient(w), state, lr=lr)
        if not abs(w[1]) < 0.5:
            return t
    return np.nan


# ------------------------------------------------------------------------------ 4: mini-batches


class _Regression:
    """A least-squares problem in two weights, with the student's functions to walk on it."""

    def __init__(self, gradient: Callable | None = None, minibatches: Callable | None = None):
        self.x, self.y, _ = data.linear_regression(256, 2, noise=1.0, condition=3.0, seed=3)
        self.best = np.linalg.lstsq(self.x, self.y)[0]
        self.start = self.best + np.array([-2.6, 1.9])
        self.student_gradient, self.minibatches = gradient, minibatches

    def excess(self, w: np.ndarray) -> np.ndarray:
        """Return L(w) - L(best) for w of shape (..., 2); exact, since L is quadratic."""
        return np.sum(((w - self.best) @ self.x.T) ** 2, axis=-1) / (2 * len(self.y))

    def gradient(self, w: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        return ask_array(self.student_gradient, w, self.x[rows], self.y[rows], shape=(2,))

    def epoch(self, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
        """Return the batches of one epoch, each an index array that can be used as one."""
        return _ask_batches(self.minibatches, len(self.y), batch_size, rng)

    def walk(self, sgd: Callable, batch_size: int, epochs: int, rng: np.random.Generator, *, lr) -> np.ndarray:
        """Return the places that mini-batch SGD visits; lr is a number or a function of the step."""
        w, state, places = self.start, {}, [self.start]
        rate = lr if callable(lr) else lambda t: lr
        for _ in range(epochs):
            for batch in self.epoch(batch_size, rng):
                w, state = ask_step(sgd, w, self.gradient(w, batch), state, lr=rate(len(places) - 1))
                if not (np.abs(w) < _LOST).all():
                    return np.array(places)
                places.append(w)
        return np.array(places)

    def landscape(self) -> Landscape:
        H = self.x.T @ self.x / len(self.y)
        middle = (self.start + self.best) / 2 + (0.25, -0.15)
        return Landscape(
            name="linear regression",
            value=self.excess,
            gradient=lambda w: (w - self.best) @ H,
            hessian=lambda w: H,
            minima=self.best[None],
            floor=0.0,
            start=self.start,
            xlim=(middle[0] - 2.2, middle[0] + 2.2),
            ylim=(middle[1] - 2.2, middle[1] + 1.8),
            lr=0.1,
            log_levels=False,
        )


def _ask_batches(minibatches: Callable, n: int, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    batches = ask_many(minibatches, n, batch_size, rng)
    if not batches:
        raise NotReady(name_of(minibatches), "gave no batch at all")
    indices = set(range(n))
    for batch in batches:
        rows = as_array(minibatches, batch)
        if rows.ndim != 1 or not len(rows) or not indices.issuperset(rows.tolist()):
            raise NotReady(name_of(minibatches), f"gave {describe(batch)} where indices from 0 to n - 1 were expected")
    return [np.asarray(batch, dtype=int) for batch in batches]


@picture("Walks with mini-batches of 1, 16 and all samples, and the gradient noise for each batch size.")
def minibatch_jitter(
    notes: Notes,
    sgd: Callable,
    minibatches: Callable,
    linear_regression_gradient: Callable,
    *,
    seed: int = 0,
    lr: float = 0.15,
    epochs: int = 20,
    draws: int = 400,
):
    """Show walks with three batch sizes, and how far mini-batch gradients lie from the full one."""
    problem = _Regression(linear_regression_gradient, minibatches)
    n, ground = len(problem.y), problem.landscape()
    fig, axes = notes.plt.subplots(1, 4, figsize=(12.6, 3.2))
    for i, (ax, size) in enumerate(zip(axes, (1, 16, n), strict=False)):
        terrain(ax, ground)
        ax.set(title=f"batch_size = {size}", aspect="equal")
        with notes.collect():
            path = problem.walk(sgd, size, epochs, np.random.default_rng(seed), lr=lr)
            ax.set_title(f"batch_size = {size}, {len(path) - 1} steps")
            trail(ax, path, dots=size > 1, color=f"C{i}", linestyle="-", linewidth=0.7 if size == 1 else 1.3)
    for ax in axes[1:3]:
        ax.set_ylabel("")
    noise = axes[3]
    noise.set(
        xscale="log", yscale="log", xlabel="batch_size $B$", ylabel="gradient noise (rms)", title="noise at the minimum"
    )
    with notes.collect():
        sizes = 2 ** np.arange(8)
        rms = np.array([_gradient_noise(problem, size, np.random.default_rng(seed), draws) for size in sizes])
        rms = np.maximum(rms, TINY)
        noise.plot(sizes, rms, "o", color="C0", label="measured")
        line = rms[0] / np.sqrt(sizes)
        noise.plot(sizes, line, color="0.4", linestyle="--", linewidth=1.2, label=r"$\propto 1/\sqrt{B}$")
        # No sample is drawn twice in an epoch, so a large batch is nearer to the whole than a sum of independent draws.
        left = np.sqrt((n - sizes) / (n - 1))
        noise.plot(sizes, line * left, color="0.4", linestyle="-", linewidth=1.2, label="... none drawn twice")
    legend(noise)
    return fig


def _gradient_noise(problem: _Regression, size: int, rng: np.random.Generator, draws: int) -> float:
    """Return the root mean square distance of mini-batch gradients from the full one, at the minimum."""
    full, squares = problem.gradient(problem.best), []
    while len(squares) < draws:
        epoch = [rows for rows in problem.epoch(size, rng) if len(rows) == size]
        if not epoch:
            raise NotReady(name_of(problem.minibatches), f"gave no batch of {size} when asked for batches of {size}")
        squares += [np.sum((problem.gradient(problem.best, rows) - full) ** 2) for rows in epoch]
    return float(np.sqrt(np.mean(squares)))


# ---------------------------------------------------------------------------------- 5: momentum


@picture("Walks of gradient descent and of momentum in a narrow valley, and the loss for several values of momentum.")
def momentum_paths(
    notes: Notes,
    sgd: Callable,
    momentum: Callable,
    *,
    values: Iterable[float] = (0.5, 0.8, 0.9, 0.98),
    steps: int = 150,
):
    """Show SGD at its best step size against momentum, and the loss for several values of momentum."""
    valley = landscapes.bowl(100.0)
    lr = 2 / 101
    fig, (ground_sgd, ground_momentum), loss = stacked(notes.plt, 2, figsize=(11.5, 3.9))
    for ax, title in ((ground_sgd, "sgd"), (ground_momentum, "momentum, $\\mu$ = 0.9")):
        terrain(ax, valley)
        ax.set_title(f"{title}, lr = {lr:.4f}")
    loss.set(yscale="log", xlabel="step", ylabel="loss $L$", title=f"all with lr = {lr:.4f}")
    with notes.collect():
        path = walk(sgd, valley.gradient, valley.start, steps, lr=lr)
        trail(ground_sgd, path[:61], color="C0", linestyle="-")
        loss.plot(above_floor(valley, path), color="C0", label="sgd")
    with notes.collect():
        path = walk(momentum, valley.gradient, valley.start, 60, lr=lr, momentum=0.9)
        trail(ground_momentum, path, color="C1", linestyle="-")
        for i, value in enumerate(values, start=1):
            path = walk(momentum, valley.gradient, valley.start, steps, lr=lr, momentum=value)
            loss.plot(above_floor(valley, path), color=f"C{i}", label=rf"$\mu$ = {value:g}")
    legend(loss, ncols=2)
    return fig


@picture("Walks into a shallow well and over its rim into a deep one, and where walks from every start end.")
def momentum_wells(notes: Notes, sgd: Callable, momentum: Callable, *, lr: float = 0.02, steps: int = 300):
    """Show both in a landscape with a local minimum: one walk each, and how low those from many starts end."""
    wells = landscapes.two_wells()
    fig, (ground, ends) = notes.plt.subplots(1, 2, figsize=(11, 3.7), width_ratios=(1.2, 1))
    terrain(ground, wells)
    ground.set(title=rf"lr = {lr:g}, $\mu$ = 0.9; the star is the deeper minimum", aspect="equal")
    ends.set(xlabel="start $w_1$", ylabel="$L$ at the end, above its minimum", title=f"after {steps} steps")
    # No start on the ridge itself, where both stand still.
    starts = np.linspace(-2.0, 2.0, 41)
    for i, (step, marker) in enumerate(((sgd, "o"), (momentum, "x"))):
        with notes.collect():
            path = walk(step, wells.gradient, wells.start, steps, lr=lr, momentum=0.9)
            trail(ground, path, color=f"C{i}", linestyle="-", label=name_of(step))
            low = []
            for start in starts:
                there = walk(step, wells.gradient, np.array([start, 0.8]), steps, lr=lr, momentum=0.9)
                low.append(above_floor(wells, there)[-1])
            ends.plot(starts, low, marker, color=f"C{i}", label=name_of(step), markersize=5)
    legend(ground, loc="lower right")
    legend(ends, loc="center left")
    return fig


@picture("Loss in two valleys for three constant values of momentum and for one that rises from 0.5 to 0.99.")
def momentum_annealed(notes: Notes, momentum: Callable, *, steps: int = 400):
    """Show momentum that rises from 0.5 to 0.99 beside constant ones, in two valleys."""
    fig, axes = notes.plt.subplots(1, 2, figsize=(11, 3.7), sharey=True)

    def rising(t):
        # What is forgotten, 1 - mu, falls by the same share at every step.
        return 1 - 0.5 * (0.01 / 0.5) ** (t / (steps - 1))

    kinds = [(lambda t, mu=mu: mu, rf"$\mu$ = {mu:g}") for mu in (0.5, 0.9, 0.99)]
    kinds.append((rising, r"$\mu$ from 0.5 to 0.99"))
    for ax, condition in zip(axes, (100.0, 1000.0), strict=True):
        valley = landscapes.bowl(condition)
        ax.set(yscale="log", xlabel="step", title=f"{condition:g} times as steep across, lr = {valley.lr:g}")
        for i, (mu, label) in enumerate(kinds):
            with notes.collect():
                w, state, path = valley.start, {}, [valley.start]
                for t in range(steps):
                    w, state = ask_step(momentum, w, valley.gradient(w), state, lr=valley.lr, momentum=mu(t))
                    if not (np.abs(w) < _LOST).all():
                        break
                    path.append(w)
                ax.plot(above_floor(valley, np.array(path)), color=f"C{i}", label=label)
    axes[0].set_ylabel("loss $L$")
    for ax in axes:
        legend(ax, loc="lower left")
    return fig


@picture("Step lengths of two forms of momentum while the learning rate is cut, and the distance between them.")
def momentum_forms(notes: Notes, momentum: Callable, velocity_momentum: Callable, *, cut: int = 40, steps: int = 100):
    """Show both forms of momentum while lr is cut to a tenth, and how far they part with and without the cut."""
    fig, (ramp, gap) = notes.plt.subplots(1, 2, figsize=(10, 3.5))
    ramp.set(yscale="log", xlabel="step", ylabel="length of the step", title="on an even slope, lr 0.1, then 0.01")
    gap.set(yscale="log", xlabel="step", ylabel="distance between the two", title="in the valley")
    for ax in (ramp, gap):
        ax.axvline(cut, color="0.4", linestyle=":", linewidth=1.2)
    for i, (form, lr_is) in enumerate(((momentum, "outside"), (velocity_momentum, "inside"))):
        with notes.collect():
            path = walk(form, np.ones_like, np.zeros(1), steps, lr=lambda t: 0.1 if t < cut else 0.01, momentum=0.9)
            lengths = np.maximum(np.abs(np.diff(path[:, 0])), TINY)
            ramp.plot(lengths, color=f"C{i}", label=f"{name_of(form)}: lr {lr_is}")
    valley = landscapes.bowl(25.0)
    with notes.collect():
        for i, (rate, label) in enumerate(
            ((lambda t: 0.02 if t < cut else 0.002, "lr cut at the dotted line"), (0.02, "lr constant")), start=3
        ):
            first, second = (
                walk(form, valley.gradient, valley.start, steps, lr=rate, momentum=0.9)
                for form in (momentum, velocity_momentum)
            )
            gap.plot(_distance(first, second), color=f"C{i}", label=label)
    legend(ramp)
    legend(gap)
    return fig


def _distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return how far two walks are apart, as long as both go on; no less than can be drawn on a log scale."""
    n = min(len(first), len(second))
    return np.maximum(np.linalg.norm(first[:n] - second[:n], axis=-1), TINY)


# ---------------------------------------------------------------------------------- 6: Nesterov


@picture("Walks and losses with the gradient taken ahead, on the spot, and behind.")
def lookahead_signs(notes: Notes, nesterov_lookahead: Callable, *, lr: float = 0.002, steps: int = 150):
    """Show the look-ahead with its right sign, with none, and with the wrong sign.

    The student's own function is used for all three: `grad_fn` is asked at w + momentum v, and answers with the
    gradient at w + sign * (momentum v).
    """
    valley = landscapes.bowl(100.0)
    fig, (ground, loss) = notes.plt.subplots(1, 2, figsize=(11, 3.7), width_ratios=(1.25, 1))
    terrain(ground, valley)
    ground.set_title(rf"lr = {lr:g}, $\mu$ = 0.9, 60 steps")
    loss.set(yscale="log", xlabel="step", ylabel="loss $L$", title="loss")
    with notes.collect():
        for i, (sign, label) in enumerate(((1, "ahead"), (0, "on the spot"), (-1, "behind"))):
            path = _walk_asking(nesterov_lookahead, valley, sign, steps, lr)
            trail(ground, path[:61], color=f"C{i}", label=label, zorder=3 - i / 10)
            loss.plot(above_floor(valley, path), color=f"C{i}", label=label)
    legend(loss)
    return fig


def _walk_asking(lookahead: Callable, ground: Landscape, sign: int, steps: int, lr: float) -> np.ndarray:
    w, state, places = ground.start, {}, [ground.start]
    for _ in range(steps):

        def grad_fn(asked, here=w):
            return ground.gradient(here + sign * (np.asarray(asked) - here))

        w, state = ask_step(lookahead, w, grad_fn, state, lr=lr, momentum=0.9)
        if not (np.abs(w) < _LOST).all():
            break
        places.append(w)
    return np.array(places)


@picture("The walk of one Nesterov over the look-ahead points of the other, and the distance between the two.")
def nesterov_twins(notes: Notes, nesterov_lookahead: Callable, nesterov: Callable, *, steps: int = 150):
    """Show the rearranged Nesterov on the look-ahead points of the first, on Rosenbrock's function."""
    canyon, mu = landscapes.rosenbrock(), 0.9
    fig, (ground, gap) = notes.plt.subplots(1, 2, figsize=(11, 3.9), width_ratios=(1.1, 1))
    terrain(ground, canyon)
    ground.set_title(rf"Rosenbrock, lr = {canyon.lr:g}, $\mu$ = {mu:g}, {steps} steps")
    gap.set(yscale="log", xlabel="step", ylabel="distance from nesterov's w", title="the same walk?")
    second = ahead = None
    with notes.collect():
        second = walk(nesterov, canyon.gradient, canyon.start, steps, lr=canyon.lr, momentum=mu)
        trail(ground, second, dots=False, color="C0", linestyle="-", label="nesterov: w")
    with notes.collect():
        first = walk(nesterov_lookahead, canyon.gradient, canyon.start, steps, lr=canyon.lr, momentum=mu)
        # The velocity is the step just taken, so the state and its keys can stay the student's own.
        velocity = np.diff(first, axis=0, prepend=first[:1])
        ahead = first + mu * velocity
        ground.plot(*ahead[::4].T, "x", color="C3", markersize=6, label=r"nesterov_lookahead: $w + \mu v$")
    if second is not None and ahead is not None:
        gap.plot(_distance(first, second), color="C1", label="nesterov_lookahead: $w$")
        gap.plot(_distance(ahead, second), color="C3", label=r"nesterov_lookahead: $w + \mu v$")
    legend(ground, loc="lower left")
    legend(gap)
    return fig


# --------------------------------------------------------------------------------- 7: schedules


@picture("Five learning rate schedules over 100 steps, and warm-up followed by a cosine.")
def schedules(
    notes: Notes,
    step_decay: Callable,
    exponential_decay: Callable,
    inverse_time_decay: Callable,
    cosine_decay: Callable,
    linear_warmup: Callable,
    *,
    lr0: float = 0.1,
    steps: int = 100,
):
    """Show the student's schedules, and two of them put together."""
    fig, ax = notes.plt.subplots(figsize=(8.5, 3.8))
    ax.set(xlabel="step $t$", ylabel="lr", title=f"lr0 = {lr0:g}")
    drawn = (
        (step_decay, {"step_size": 25, "gamma": 0.5}),
        (exponential_decay, {"k": 0.03}),
        (inverse_time_decay, {"k": 0.03}),
        (cosine_decay, {"t_max": 80}),
        (linear_warmup, {"warmup": 15}),
    )
    t = np.arange(steps)
    for i, (schedule, hyper) in enumerate(drawn):
        with notes.collect():
            rates = [ask_array(schedule, lr0, int(s), shape=(), **hyper) for s in t]
            said = ", ".join(f"{key}={value:g}" for key, value in hyper.items())
            style = {"drawstyle": "steps-post"} if schedule is step_decay else {}
            ax.plot(t, rates, color=f"C{i}", label=f"{name_of(schedule)}, {said}", **style)
    with notes.collect():
        falling = [float(ask_array(cosine_decay, lr0, int(s), shape=(), t_max=80)) for s in t]
        both = [ask_array(linear_warmup, r, int(s), shape=(), warmup=15) for s, r in zip(t, falling, strict=True)]
        ax.plot(t, both, color="black", linestyle="-", linewidth=1, label="warm-up times cosine")
    legend(ax, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


@picture("Loss above its minimum over epochs, for a large rate, a small one, and a cosine schedule.")
def schedule_floor(
    notes: Notes,
    sgd: Callable,
    minibatches: Callable,
    linear_regression_gradient: Callable,
    cosine_decay: Callable,
    *,
    seed: int = 0,
    epochs: int = 80,
    runs: int = 5,
):
    """Show the loss above its minimum for two constant rates and one that falls from the one to the other."""
    large, small, size = 0.2, 0.02, 16
    shuffled = _Regression(linear_regression_gradient, minibatches)
    drawn = _Regression(linear_regression_gradient, _drawn_with_replacement)
    per_epoch = len(shuffled.y) // size
    epoch = np.arange(1, epochs + 1)
    fig, ax = notes.plt.subplots(figsize=(9, 4))
    ax.set(yscale="log", xlabel="epoch", ylabel="$L(w)$ above its minimum")
    ax.set_title(f"linear regression, batch_size = {size}: mean of {runs} runs (band: lowest to highest)")

    def cosine(t):
        return float(ask_array(cosine_decay, large, t, shape=(), t_max=epochs * per_epoch))

    def heights(problem, lr, label):
        """Return the loss above the minimum, (runs, epochs), averaged over each epoch."""
        result = np.full((runs, epochs * per_epoch), np.nan)
        for run in range(runs):
            path = problem.walk(sgd, size, epochs, np.random.default_rng([seed, run]), lr=lr)[1:]
            taken = np.maximum(problem.excess(path), TINY)[: result.shape[1]]
            result[run, : len(taken)] = taken
        result = result.reshape(runs, epochs, per_epoch).mean(axis=-1)
        if np.isnan(result).any():
            raise NotReady(name_of(sgd), f"did not come through {epochs} epochs with {label}")
        return result

    kinds = ((large, f"lr = {large:g}"), (small, f"lr = {small:g}"), (cosine, f"cosine from {large:g} to 0"))
    for i, (lr, label) in enumerate(kinds):
        with notes.collect():
            above = heights(shuffled, lr, label)
            ax.plot(epoch, above.mean(axis=0), color=f"C{i}", label=label)
            ax.fill_between(epoch, above.min(axis=0), above.max(axis=0), color=f"C{i}", alpha=0.15, linewidth=0)
    with notes.collect():
        for lr in (large, small):
            label = "batches drawn with replacement" if lr == small else None
            mean = heights(drawn, lr, f"lr = {lr:g}").mean(axis=0)
            ax.plot(epoch, mean, color="black", linestyle="-", linewidth=0.8, label=label)
    legend(ax, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def _drawn_with_replacement(n: int, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return as many batches as an epoch has, each drawn independently of the others."""
    return [rng.integers(0, n, batch_size) for _ in range(n // batch_size)]


# ---------------------------------------------------------------------------------- 8: the race


def race_figure(
    notes: Notes, optimizers: Mapping[str, Callable], tracks: list[Landscape], *, lr=None, momentum=None, steps=200
):
    """Return the figure of a race: one column a landscape, the walks above, the loss below."""
    width = 3.1 * len(tracks) if len(tracks) > 1 else 10
    rows = (2, len(tracks)) if len(tracks) > 1 else (1, 2)
    fig, axes = notes.plt.subplots(*rows, figsize=(width, 5.8 if len(tracks) > 1 else 4.2), squeeze=False)
    pairs = axes.T if len(tracks) > 1 else axes
    for track, (ground, loss) in zip(tracks, pairs, strict=True):
        rate = track.lr if lr is None else lr
        mu = track.momentum if momentum is None else momentum
        terrain(ground, track)
        ground.set_title(f"{track.name}\nlr = {rate:.3g}, $\\mu$ = {mu:.2g}")
        loss.set(yscale="log", xlabel="step", ylabel="$L$ above its minimum")
        for i, (name, step) in enumerate(optimizers.items()):
            with notes.collect():
                path = walk(step, track.gradient, track.start, steps, lr=rate, momentum=mu)
                lost = "" if len(path) > steps else f" (lost at {len(path)})"
                # Two that coincide stay visible: every other one is broad.
                look = {"color": f"C{i}", "linewidth": 3.2 if i % 2 else 1.4}
                trail(ground, path, dots=False, **look)
                loss.plot(above_floor(track, path), label=name + (lost if len(tracks) == 1 else ""), **look)
        loss.set_ylim(bottom=max(loss.get_ylim()[0], 1e-11))
    for ground, loss in pairs[1:]:
        ground.set_ylabel("")
        loss.set_ylabel("")
    handles, labels = pairs[0][1].get_legend_handles_labels()
    if handles:
        fig.legend(handles, labels, loc="outside lower center", ncols=min(len(handles), 5))
    return fig


@picture("Walks of all the optimizers on a bowl, a saddle, Rosenbrock's and Beale's function, with their losses.")
def race(notes: Notes, optimizers: Mapping[str, Callable], *, steps: int = 300):
    """Show all optimizers on four landscapes, each with the landscape's own lr and momentum."""
    return race_figure(notes, optimizers, list(landscapes.racetracks().values())[:4], steps=steps)


# ------------------------------------------------------------------------------- 9: the digits


@picture(
    "Training loss on digits for SGD and Nesterov, with and without a schedule, and the validation error for each lr."
)
def digits_before_and_after(
    notes: Notes,
    training_loop: Callable,
    sgd: Callable,
    nesterov: Callable,
    minibatches: Callable,
    schedule: Callable,
    *,
    seeds: Iterable[int] = range(5),
    lrs: Iterable[float] = (0.03, 0.1, 0.3, 1.0),
    epochs: int = 8,
    progress: bool = True,
):
    """Show a network learn the digits with SGD and Nesterov, at a constant rate and on a schedule, several seeds each.

    The student's loop trains it. Each is given all the `lrs`. The one with the best validation accuracy counts, and is
    judged on the test digits.
    """
    from threadpoolctl import threadpool_limits

    seeds, lrs = list(seeds), list(lrs)
    digits = data.digits()
    fig, (loss, error) = notes.plt.subplots(1, 2, figsize=(11, 3.9))
    loss.set(yscale="log", xlabel="epoch", ylabel="training loss")
    loss.set_title(f"at the best lr of each, mean of {len(seeds)} seeds")
    error.set(xscale="log", yscale="log", xlabel="lr", ylabel="validation error")
    error.set_title("at every lr (bar: lowest to highest)")
    kinds = (
        ("sgd", sgd, None),
        ("sgd, schedule", sgd, schedule),
        ("nesterov", nesterov, None),
        ("nesterov, schedule", nesterov, schedule),
    )
    # Matrices this small are several times as fast on one thread, above all where others use the cores too.
    with threadpool_limits(1), progress_bar(len(kinds) * len(lrs) * len(seeds), progress) as tick:
        for i, (label, step, plan) in enumerate(kinds):
            with notes.collect():
                runs = [
                    [
                        _learn_by(training_loop, digits, step, plan, minibatches, lr, seed, epochs, tick)
                        for seed in seeds
                    ]
                    for lr in lrs
                ]
                valid = np.array([[run.val_accuracy for run in at_lr] for at_lr in runs])
                error_bars(error, lrs, 1 - valid, f"C{i}", label)
                best = int(np.argmax(valid.mean(axis=1)))
                test = 100 * np.array([run.test_accuracy for run in runs[best]])
                said = f"{label}, lr = {lrs[best]:g}: test {test.mean():.1f} ± {seed_std(test):.1f} %"
                curves = np.maximum([run.train_loss for run in runs[best]], TINY)
                epoch = np.arange(1, epochs + 1)
                loss.plot(epoch, curves.mean(axis=0), color=f"C{i}", label=said)
                loss.fill_between(epoch, curves.min(axis=0), curves.max(axis=0), color=f"C{i}", alpha=0.15, linewidth=0)
    legend(loss)
    legend(error, loc="upper center")
    return fig


@dataclass(frozen=True)
class _Run:
    train_loss: np.ndarray
    val_accuracy: float
    test_accuracy: float


_BATCH = 32


def _guarded(step: Callable) -> Callable:
    def guarded(w, grad, state, *, lr):
        # `ask_step` copies and looks closely, at a price: only what has failed is asked again, to hear why.
        try:
            result = step(w, grad, state, lr=lr)
            if len(result) == 2 and np.shape(result[0]) == w.shape:
                return result
        except Exception:
            pass
        return ask_step(step, w, grad, state, lr=lr)

    return guarded


def _learn_by(training_loop, digits, step, plan, minibatches, lr, seed, epochs, tick) -> _Run:
    """Return what one run of the student's loop gives; nan is counted as accuracy 0."""
    rng = np.random.default_rng(seed)
    network = training.MLP([64, 32, 10], rng)
    n = len(digits.x_train)
    per_epoch = -(-n // _BATCH)
    first = dict(network.params)

    def batches():
        for _ in range(epochs):
            yield from _ask_batches(minibatches, n, _BATCH, rng)

    def loss_and_grads(params, batch):
        network.params = _checked(training_loop, params, first)
        return network.loss(digits.x_train[batch], digits.y_train[batch])

    def rate(t):
        return lr if plan is None else float(ask_array(plan, t, shape=(), lr0=lr, steps=epochs * per_epoch))

    result = ask(training_loop, dict(first), loss_and_grads, _guarded(step), batches(), rate)
    if not (isinstance(result, (tuple, list)) and len(result) == 2):
        raise NotReady(name_of(training_loop), f"gave {describe(result)} where the pair (params, losses) was expected")
    network.params = _checked(training_loop, result[0], first)
    losses = as_array(training_loop, result[1])
    if losses.shape != (epochs * per_epoch,):
        raise NotReady(name_of(training_loop), f"gave {describe(result[1])} where a loss for each batch was expected")
    tick()
    with np.errstate(all="ignore"):
        accuracies = [network.accuracy(digits.x_val, digits.y_val), network.accuracy(digits.x_test, digits.y_test)]
    return _Run(losses.reshape(epochs, per_epoch).mean(axis=1), *map(float, np.nan_to_num(accuracies)))


def _checked(training_loop: Callable, params: object, first: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the parameters that the student's loop hands over; raise NotReady if they are none."""
    if not (isinstance(params, dict) and params.keys() == first.keys()):
        raise NotReady(name_of(training_loop), f"has {describe(params)} where the parameters' dict was expected")
    for name, w in params.items():
        if np.shape(w) != first[name].shape:
            raise NotReady(name_of(training_loop), f"has a {name} of shape {np.shape(w)}, not {first[name].shape}")
    return params


def learn_digits(digits, step, plan, minibatches, lr, seed, epochs, tick) -> _Run:
    """Return what one training run gives; nan is counted as accuracy 0."""
    rng = np.random.default_rng(seed)
    network = training.MLP([64, 32, 10], rng)
    steps = epochs * -(-len(digits.x_train) // _BATCH)

    def batches(n, batch_size, rng):
        return _ask_batches(minibatches, n, batch_size, rng)

    def rate(t):
        return lr if plan is None else float(ask_array(plan, t, shape=(), lr0=lr, steps=steps))

    history = ask(
        training.train,
        network,
        digits,
        step=_guarded(step),
        schedule=rate,
        epochs=epochs,
        batch_size=_BATCH,
        rng=rng,
        minibatches=batches,
        progress=False,
    )
    tick()
    return _Run(
        history.train_loss,
        float(np.nan_to_num(history.val_accuracy[-1])),
        float(np.nan_to_num(network.accuracy(digits.x_test, digits.y_test))),
    )


def learn_digits_of_seeds(digits, step, lr, seeds, epochs, tick) -> list[_Run]:
    """Return what `learn_digits` gives for each seed, side by side where the optimizer treats each weight by itself.

    A run that diverges, or an optimizer that gives anything else for several networks at once, sends all seeds to
    `learn_digits`, one by one.
    """
    with np.errstate(all="ignore"):
        accuracies = _side_by_side(digits, step, lr, seeds, epochs)
    if accuracies is None:
        return [
            learn_digits(digits, step, None, training.shuffled_minibatches, lr, seed, epochs, tick) for seed in seeds
        ]
    for _ in seeds:
        tick()
    return [_Run(np.array([]), float(val), float(test)) for val, test in zip(*accuracies, strict=True)]


def _side_by_side(digits, step, lr, seeds, epochs) -> list[np.ndarray] | None:
    """Return each seed's accuracy on the validation and the test digits; None where that does not work."""
    rngs = [np.random.default_rng(seed) for seed in seeds]
    made = [training.MLP([64, 32, 10], rng).params for rng in rngs]
    params = {name: np.stack([each[name] for each in made]) for name in made[0]}
    states: dict = {name: {} for name in params}
    ask_stacked = _guarded(step)
    asked = False
    for _ in range(epochs):
        orders = [list(training.shuffled_minibatches(len(digits.x_train), _BATCH, rng)) for rng in rngs]
        for batches in zip(*orders, strict=True):
            chosen = np.stack(batches)
            grads = stacks.gradients(params, digits.x_train[chosen], digits.y_train[chosen])
            if not asked and not all(_works_on_each(step, params[name], grads[name], lr) for name in params):
                return None
            asked = True
            for name, w in params.items():
                params[name], states[name] = ask_stacked(w, grads[name], states[name], lr=lr)
            if not all(np.isfinite(w).all() for w in params.values()):
                return None
    pairs = (digits.x_val, digits.y_val), (digits.x_test, digits.y_test)
    return [stacks.accuracy(params, x, y) for x, y in pairs]


def _works_on_each(step: Callable, w: np.ndarray, grad: np.ndarray, lr: float) -> bool:
    """Tell whether three steps of all networks at once are, to the last bit, those of each network."""
    factors = (1.0, -0.5, 2.0)
    alone = []
    for own, slope in zip(w, grad, strict=True):
        state: dict = {}
        for factor in factors:
            own, state = ask_step(step, own, factor * slope, state, lr=lr)
        alone.append(own)
    together, state = w, {}
    try:
        for factor in factors:
            together, state = ask_step(step, together, factor * grad, state, lr=lr)
    except NotReady:  # it works on one network's arrays only
        return False
    return np.array_equal(together, np.stack(alone), equal_nan=True)
