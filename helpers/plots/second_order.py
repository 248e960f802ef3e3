"""The pictures of 05_second_order: bowls, jumps, curvature learned on the way, its price, noise, and the digits."""

import functools
import time
from collections.abc import Callable, Iterable

import numpy as np

from helpers import data, landscapes
from helpers.landscapes import Landscape
from helpers.plots.pieces import TINY, legend, terrain, trail
from helpers.plots.ready import Notes, NotReady, as_array, ask, ask_array, picture
from helpers.training import MLP, mlp_loss, shuffled_minibatches

_LOST = 1e6


def on_one_thread(draw: Callable) -> Callable:
    """Draw with BLAS on one thread: these matrices are small, and a second thread costs more than it gives."""

    @functools.wraps(draw)
    def alone(*args, **kwargs):
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            return draw(*args, **kwargs)

    return alone


def _number(function: Callable, value: object) -> float:
    return float(as_array(function, value, ()))


# ------------------------------------------------------------------------------------- 1: the bowl


@picture("A slice through a landscape with its plane and its bowl at one point, and their errors over the distance.")
def second_order_model(notes: Notes, quadratic_model: Callable):
    """Show a slice of Himmelblau's function, what slope alone and your bowl say of it, and how fast each goes wrong."""
    ground, w = landscapes.himmelblau(), np.array([4.4, 3.4])
    f0, grad, H = float(ground.value(w)), ground.gradient(w), ground.hessian(w)
    along = -grad / np.linalg.norm(grad)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(10.5, 3.7))
    way = np.linspace(-0.6, 3.2, 200)
    left.set(xlabel="distance along $-g$", ylabel="$L$", title="a slice, downhill to the right", ylim=(-120, 420))
    left.plot(way, ground.value(w + way[:, None] * along), color="black", linestyle="-", label="the landscape")
    left.plot(way, f0 + way * (grad @ along), color="C1", label="plane: the slope alone")
    left.plot([0], [f0], "o", color="black")
    sizes = np.geomspace(1e-3, 1, 25)
    true = ground.value(w + sizes[:, None] * along)
    right.set(xscale="log", yscale="log", xlabel="distance", ylabel="error", title="how wrong they are")
    right.plot(sizes, np.abs(f0 + sizes * (grad @ along) - true), color="C1", marker=".", label="plane")
    with notes.collect():
        right.plot(
            sizes,
            np.maximum(np.abs([_model(quadratic_model, f0, grad, H, t * along) for t in sizes] - true), TINY),
            color="C0",
            marker=".",
            label="your bowl",
        )
        bowl = [_model(quadratic_model, f0, grad, H, t * along) for t in way]
        left.plot(way, bowl, color="C0", label="your bowl: slope and curvature")
    legend(left)
    legend(right)
    return fig


def _model(quadratic_model: Callable, f0: float, grad: np.ndarray, H: np.ndarray, d: np.ndarray) -> float:
    return _number(quadratic_model, ask(quadratic_model, f0, grad, H, d))


# --------------------------------------------------------------------------------------- 2: Newton


def newton_walk(newton_step: Callable, ground: Landscape, start: np.ndarray, steps: int, damping: float) -> np.ndarray:
    """Return the places (T + 1, 2) that Newton's steps visit; T < steps if they leave the map for good."""
    places = [np.array(start, float)]
    for _ in range(steps):
        w = places[-1]
        w = ask_array(newton_step, w, ground.gradient(w), ground.hessian(w), damping=damping, shape=(2,))
        if not (np.abs(w) < _LOST).all():
            break
        places.append(w)
    return np.array(places)


@picture("Newton's walks in a valley, over Rosenbrock's canyon, and near a saddle without and with damping.")
def second_order_newton(notes: Notes, newton_step: Callable, *, damping: float = 2.0):
    """Show Newton's steps where they shine, where they are lucky, and where they are drawn to a saddle."""
    fig, axes = notes.plt.subplots(1, 4, figsize=(15, 3.9))
    tracks = (landscapes.bowl(100.0), landscapes.rosenbrock(), landscapes.saddle(), landscapes.saddle())
    titles = ("a valley, condition 100", "Rosenbrock's canyon", "a saddle, damping 0", f"a saddle, damping {damping:g}")
    near = ((-0.8, 0.35), (1.0, -0.4), (1.3, 0.9))
    for ax, ground, title, used in zip(axes, tracks, titles, (0.0, 0.0, 0.0, damping), strict=True):
        terrain(ax, ground)
        starts = near if ground.name == "saddle" else (ground.start,)
        with notes.collect():
            for i, start in enumerate(starts):
                path = newton_walk(newton_step, ground, np.array(start), 12, used)
                trail(ax, path, color=f"C{i}", linestyle="-")
                title = title if ground.name == "saddle" else f"{title}: {_steps_until(ground, path)}"
        ax.set(title=title)
    for ax in axes[1:]:
        ax.set_ylabel("")
    return fig


def _steps_until(ground: Landscape, path: np.ndarray, close: float = 1e-6) -> str:
    """Say how many steps a walk needs to come so close to a minimum."""
    distance = np.abs(path[:, None] - ground.minima[None]).max(axis=-1).min(axis=-1)
    steps = int(np.argmax(distance < close))
    return f"{steps} step{'s' * (steps != 1)}" if (distance < close).any() else "never there"


@picture("What solving and inverting leave of H d = g, and how far both are from the true d, over the condition.")
def second_order_inverse(notes: Notes, newton_step: Callable, *, n: int = 20, seed: int = 0):
    """Show the residual |H d - g| and the error of d over the condition of H, for your step and for an inverse."""
    rng = np.random.default_rng(seed)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(10.5, 3.6), sharex=True)
    conditions = 10.0 ** np.arange(0, 13)
    systems = []
    for condition in conditions:
        axes = np.linalg.qr(rng.standard_normal((n, n)))[0]
        H = (axes * np.geomspace(1, 1 / condition, n)) @ axes.T
        systems.append(((H + H.T) / 2, rng.standard_normal(n)))

    def shown(step: Callable, label: str, **style) -> None:
        found = [_left_over(step, H, d) for H, d in systems]
        for ax, values in zip((left, right), zip(*found, strict=True), strict=True):
            ax.plot(conditions, np.maximum(values, 1e-18), label=label, **style)

    left.set(xscale="log", yscale="log", xlabel="condition of H", ylabel=r"$|Hd - g|\,/\,(|H||d|)$", title="left over")
    right.set(yscale="log", xlabel="condition of H", ylabel="relative error of $d$", title="distance from the true $d$")
    shown(lambda w, g, H, damping: w - np.linalg.inv(H) @ g, "inverse, then product", color="C1", marker="s", ms=4)
    with notes.collect():
        shown(newton_step, "yours", color="C0", marker="o", ms=4)
    legend(left)
    return fig


def _left_over(step: Callable, H: np.ndarray, exact: np.ndarray) -> tuple[float, float]:
    grad = H @ exact
    d = -ask_array(step, np.zeros(len(exact)), grad, H, damping=0.0, shape=exact.shape)
    size = np.linalg.norm(H, 2) * np.linalg.norm(d)
    return np.linalg.norm(H @ d - grad) / size, np.linalg.norm(d - exact) / np.linalg.norm(exact)


# ----------------------------------------------------------------------------------------- 3: BFGS


@picture("BFGS and steepest descent in a valley with exact steps; and how far H_inv is from the true inverse.")
def second_order_bfgs(notes: Notes, bfgs_update: Callable, *, sizes: Iterable[int] = (2, 5, 10, 20), seed: int = 0):
    """Show your BFGS in a bowl with exact steps, and the error of its H_inv after every update, for several sizes."""
    fig, (ground_ax, error) = notes.plt.subplots(1, 2, figsize=(11, 3.7), width_ratios=(1.2, 1))
    valley = landscapes.bowl(25.0)
    H = valley.hessian(valley.start)
    terrain(ground_ax, valley)
    ground_ax.set(title="exact steps in a valley", aspect="equal")
    steepest = _exact_walk(lambda H_inv, s, y: H_inv, H, valley.start, 30)[0]
    trail(ground_ax, steepest, color="C1", linestyle="-", label="steepest descent")
    error.set(yscale="log", xlabel="updates", ylabel="relative error of $H^{-1}$", title="curvature learned")
    error.set_ylim(1e-14, 100)
    rng = np.random.default_rng(seed)
    with notes.collect():
        path, _ = _exact_walk(bfgs_update, H, valley.start, 2)
        trail(ground_ax, path, color="C0", linestyle="-", linewidth=2.2, label="your BFGS")
        for i, n in enumerate(sizes):
            axes = np.linalg.qr(rng.standard_normal((n, n)))[0]
            H = (axes * np.linspace(1, 10, n)) @ axes.T
            _, errors = _exact_walk(bfgs_update, H, rng.standard_normal(n), n)
            error.plot(range(len(errors)), np.maximum(errors, 1e-16), color=f"C{i}", marker=".", label=f"n = {n}")
    legend(ground_ax, loc="lower right")
    legend(error, loc="center", bbox_to_anchor=(0.72, 0.4))
    return fig


def _exact_walk(update: Callable, H: np.ndarray, start: np.ndarray, steps: int) -> tuple[np.ndarray, list[float]]:
    """Return the places that exact steps along -H_inv g visit in the bowl w'Hw/2, and the error of each H_inv."""
    w, H_inv, exact = np.array(start, float), np.eye(len(start)), np.linalg.inv(H)
    places, errors = [w], [np.linalg.norm(H_inv - exact) / np.linalg.norm(exact)]
    for _ in range(steps):
        grad = H @ w
        d = -H_inv @ grad
        bend = d @ H @ d
        if not bend > 0:
            break
        s = -(grad @ d) / bend * d
        H_inv = ask_array(update, H_inv, s, H @ s, shape=H.shape)
        w = w + s
        if not (np.abs(w) < _LOST).all() or not np.isfinite(H_inv).all():
            break
        places.append(w)
        errors.append(np.linalg.norm(H_inv - exact) / np.linalg.norm(exact))
    return np.array(places), errors


# --------------------------------------------------------------------------------------- 4: memory


@picture(
    "Memory of a full matrix and of ten pairs, and the time for one direction, over the number of weights.", waits="any"
)
@on_one_thread
def second_order_memory(notes: Notes, lbfgs_direction: Callable, *, pairs: int = 10, seed: int = 0):
    """Show what an inverse Hessian and the pairs of L-BFGS take, in bytes, and the time one direction takes here."""
    fig, (memory, clock) = notes.plt.subplots(1, 2, figsize=(10.5, 3.8))
    weights = np.geomspace(10, 1e9, 50)
    memory.set(xscale="log", yscale="log", xlabel="weights $n$", ylabel="bytes", title="memory, 8 bytes a number")
    memory.plot(weights, 8 * weights**2, color="C1", label="matrix, $n^2$")
    memory.plot(weights, 8 * 2 * pairs * weights, color="C0", label=f"{pairs} pairs, $2mn$")
    memory.plot(weights, 8 * 2 * weights, color="C2", label="Adam, $2n$")
    memory.axhline(16e9, color="0.4", linestyle=":", linewidth=1)
    memory.text(12, 24e9, "16 GB", color="0.3", fontsize="small")
    for name, n in (("64-32-10", 2410), ("784-100-10", 79510), ("ResNet-50", 25.6e6)):
        memory.axvline(n, color="0.75", linewidth=1, linestyle="-")
        # Where no curve passes.
        foot = 1e12 if n < 1e6 else 1e2
        label = memory.text(n, foot, f" {name}", rotation=90, va="bottom", ha="right", fontsize="small", color="0.3")
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    clock.set(xscale="log", yscale="log", xlabel="weights $n$", ylabel="ms", title="time for one direction, here")
    rng = np.random.default_rng(seed)
    sizes = (100, 300, 1000, 3000)
    clock.plot(
        sizes, [_matrix_time(rng, n) for n in sizes], color="C1", marker="s", ms=4, label="matrix times gradient"
    )
    with notes.collect():
        sizes = (100, 300, 1000, 3000, 10_000, 100_000)
        times = [_direction_time(lbfgs_direction, rng, n, pairs) for n in sizes]
        clock.plot(sizes, times, color="C0", marker="o", ms=4, label=f"your two loops, {pairs} pairs")
    legend(memory)
    legend(clock)
    return fig


def _matrix_time(rng: np.random.Generator, n: int) -> float:
    matrix, grad = np.full((n, n), 0.5), rng.standard_normal(n)
    return _milliseconds(lambda: matrix @ grad)


def _direction_time(lbfgs_direction: Callable, rng: np.random.Generator, n: int, pairs: int) -> float:
    s_list = list(rng.standard_normal((pairs, n)))
    y_list = [2 * s for s in s_list]
    grad = rng.standard_normal(n)
    as_array(lbfgs_direction, ask(lbfgs_direction, grad, list(s_list), list(y_list)), (n,))
    return _milliseconds(lambda: ask(lbfgs_direction, grad, list(s_list), list(y_list)))


def _milliseconds(call: Callable[[], object], times: int = 5) -> float:
    """Return the shortest of a few runs."""
    shortest = np.inf
    for _ in range(times):
        begun = time.perf_counter()
        call()
        shortest = min(shortest, time.perf_counter() - begun)
    return 1000 * shortest


# --------------------------------------------------------------------------------- 5: backtracking


@picture("A function along a direction with the steps that were tried, for three values of c1; it ends at a wall.")
def second_order_backtracking(notes: Notes, backtracking: Callable, *, c1s: Iterable[float] = (1e-4, 0.5, 0.8)):
    """Show every step that your backtracking tries on w - log w, and the line under which f has to fall."""
    c1s = list(c1s)
    fig, axes = notes.plt.subplots(1, len(c1s), figsize=(3.8 * len(c1s), 3.6), sharey=True, squeeze=False)
    w, d = np.array([2.0]), np.array([-3.5])

    def value(point: np.ndarray) -> float:
        x = float(np.asarray(point).ravel()[0])
        return 3 * (x - np.log(x)) if x > 0 else np.nan

    f0, slope = value(w), float(3 * (1 - 1 / w[0]) * d[0])
    way = np.linspace(0, 0.571, 300)
    for ax, c1 in zip(axes[0], c1s, strict=True):
        ax.plot(way, [value(w + t * d) for t in way], color="black", linestyle="-", label="$f(w + t\\,d)$")
        ax.axvspan(0.5714, 1.05, color="0.9")
        ax.text(0.81, f0 + 1.2, "no value here", ha="center", color="0.35")
        ends = np.array([0.0, 1.05])
        ax.plot(ends, f0 + c1 * ends * slope, color="C1", label="$f_0 + c_1\\, t\\, slope$")
        ax.set(xlabel="step $t$", ylim=(1.5, f0 + 2.2), title=f"$c_1$ = {c1:g}")
        with notes.collect():
            tried: list[float] = []

            def watched(point, tried=tried):
                tried.append(float((point - w) @ d / (d @ d)))
                return value(point)

            step = _number(backtracking, ask(backtracking, watched, w, d, f0, slope, c1=c1))
            for t in tried[:40]:
                seen = value(w + t * d)
                good = abs(t - step) < 1e-12
                ax.plot(
                    [t], [seen if np.isfinite(seen) else f0], "o" if good else "x", color="C0" if good else "C3", ms=8
                )
            ax.set_title(f"$c_1$ = {c1:g}: step {step:g} after {len(tried)} tries")
    axes[0, 0].set_ylabel("$f$")
    legend(axes[0, 0], loc="lower left")
    return fig


# ---------------------------------------------------------------------------------- 6: all together


class Counted:
    """A function to minimise that keeps the value of every evaluation."""

    def __init__(self, f_and_grad: Callable[[np.ndarray], tuple[float, np.ndarray]], most: int = 20_000):
        self.f_and_grad, self.values, self.most = f_and_grad, [], most

    def __call__(self, w: np.ndarray) -> tuple[float, np.ndarray]:
        if len(self.values) >= self.most:
            raise NotReady("f_and_grad", f"was asked more than {self.most} times")
        with np.errstate(all="ignore"):
            value, grad = self.f_and_grad(w)
        self.values.append(float(value))
        return float(value), grad

    @property
    def best(self) -> np.ndarray:
        """The lowest value seen up to each evaluation."""
        return np.fmin.accumulate(np.array(self.values)) if self.values else np.zeros(0)


def of_landscape(ground: Landscape) -> Counted:
    return Counted(lambda w: (float(ground.value(w)), ground.gradient(w)))


def descend(counted: Counted, w: np.ndarray, direction: Callable, backtracking: Callable, steps: int) -> np.ndarray:
    """Return the places visited by steps along `direction(w, grad, s, y)` that the student's backtracking shortens."""
    w, places = np.array(w, float), [np.array(w, float)]
    f, grad = counted(w)
    s = y = None
    for _ in range(steps):
        d = direction(w, grad, s, y)
        if np.abs(grad).max() <= 1e-8 or not grad @ d < 0:
            break
        seen: dict[bytes, tuple[float, np.ndarray]] = {}

        def value(point, seen=seen):
            seen[point.tobytes()] = counted(point)
            return seen[point.tobytes()][0]

        step = _number(backtracking, ask(backtracking, value, w, d, f, float(grad @ d)))
        if step == 0 or not np.isfinite(step):
            break
        new = w + step * d
        f, fresh = seen.get(new.tobytes()) or counted(new)
        s, y, w, grad = new - w, fresh - grad, new, fresh
        places.append(w)
    return np.array(places)


@picture("The value reached after so many evaluations by gradient descent, Newton, BFGS and L-BFGS in two valleys.")
def second_order_valleys(
    notes: Notes,
    newton_step: Callable,
    bfgs_update: Callable,
    backtracking: Callable,
    lbfgs_minimize: Callable,
    *,
    steps: int = 400,
):
    """Show four methods in a straight valley and in a bent one, their evaluations of f and its gradient counted."""
    fig, axes = notes.plt.subplots(1, 4, figsize=(15, 4.3), width_ratios=(1, 1.1, 1, 1.1))
    for k, ground in enumerate((landscapes.bowl(100.0), landscapes.rosenbrock())):
        place, curve = axes[2 * k : 2 * k + 2]
        terrain(place, ground)
        place.set_title(ground.name)
        curve.set(xscale="log", yscale="log", xlabel="evaluations of $f$ and $g$", ylabel="lowest $f$ so far")
        curve.set_ylim(1e-17, 300)
        for i, (label, direction) in enumerate(_directions(ground, newton_step, bfgs_update).items()):
            with notes.collect():
                counted = of_landscape(ground)
                path = descend(counted, ground.start, direction, backtracking, steps)
                trail(place, path, color=f"C{i}", dots=False, linestyle="-", linewidth=1.2)
                _curve(curve, counted, f"C{i}", label)
        with notes.collect():
            counted = of_landscape(ground)
            ask_array(lbfgs_minimize, counted, ground.start, history=5, max_iter=steps, shape=(2,))
            _curve(curve, counted, "C3", "L-BFGS")
        legend(curve, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
    return fig


def _curve(ax, counted: Counted, color: str, label: str) -> None:
    best = np.maximum(counted.best, TINY)
    arrived = np.argmax(best <= 1e-10) + 1 if (best <= 1e-10).any() else None
    label = f"{label}: {arrived}" if arrived else f"{label}: more than {len(best)}"
    ax.plot(range(1, len(best) + 1), best, color=color, label=label)


def _directions(ground: Landscape, newton_step: Callable, bfgs_update: Callable) -> dict[str, Callable]:
    matrix = {"H_inv": np.eye(2)}

    def newton(w, grad, s, y):
        new = ask_array(newton_step, w, grad, ground.hessian(w), damping=0.0, shape=(2,))
        return new - w

    def bfgs(w, grad, s, y):
        if s is not None:
            matrix["H_inv"] = ask_array(bfgs_update, matrix["H_inv"], s, y, shape=(2, 2))
        return -matrix["H_inv"] @ grad

    return {"gradient descent": lambda w, grad, s, y: -grad, "Newton": newton, "BFGS": bfgs}


@picture("Rosenbrock from its classic start: the value after each iteration if refused pairs are left out, and yours.")
def second_order_stall(notes: Notes, lbfgs_direction: Callable, backtracking: Callable, lbfgs_minimize: Callable):
    """Show what becomes of L-BFGS if a refused pair is left out and the old ones stay, and what if all are dropped."""
    fig, (ax, share) = notes.plt.subplots(1, 2, figsize=(11, 3.7), width_ratios=(1.3, 1))
    ground = landscapes.rosenbrock()
    ax.set(xscale="log", yscale="log", xlabel="iterations", ylabel="$f$", title="Rosenbrock from (-1.2, 1)")
    ax.set_ylim(1e-16, 100)
    share.set(xlabel="iteration", ylabel=r"$s \cdot y\,/\,(|s||y|)$", title="the pairs of the run that leaves them out")
    with notes.collect():
        cosines: list[float] = []
        pairs: list[tuple[np.ndarray, np.ndarray]] = []
        visited: list[float] = []

        def leaves_out(w, grad, s, y):
            visited.append(float(ground.value(w)))
            if s is not None:
                cosine = float(s @ y / (np.linalg.norm(s) * np.linalg.norm(y) + 1e-300))
                cosines.append(cosine)
                if cosine > 1e-10:
                    pairs.append((s, y))
                    del pairs[:-5]
            lists = [s for s, _ in pairs], [y for _, y in pairs]
            return ask_array(lbfgs_direction, grad, *lists, shape=(2,))

        descend(of_landscape(ground), ground.start, leaves_out, backtracking, 500)
        ax.plot(range(1, len(visited) + 1), visited, color="C1", label="refused pairs left out")
        share.plot(range(1, min(61, len(cosines) + 1)), cosines[:60], color="C1", marker=".", linestyle="none")
        share.axhline(0, color="0.3", linewidth=1, linestyle="-")
    with notes.collect():
        values = []
        for iterations in range(61):
            w = ask_array(
                lbfgs_minimize, of_landscape(ground), ground.start, history=5, max_iter=iterations, shape=(2,)
            )
            values.append(max(float(ground.value(w)), TINY))
        ax.plot(range(1, 62), values, color="C0", label="yours: the memory is emptied")
    legend(ax)
    return fig


# ------------------------------------------------------------------------------- 7 and 8: the digits


class DigitsNetwork:
    """A small network on the digits whose weights lie in one long vector, as L-BFGS wants them."""

    def __init__(self, hidden: int = 32, seed: int = 0):
        self.data = data.digits()
        self.network = MLP([64, hidden, 10], np.random.default_rng(seed))
        self.shapes = {name: value.shape for name, value in self.network.params.items()}
        self.start = np.concatenate([value.ravel() for value in self.network.params.values()])

    def params(self, w: np.ndarray) -> dict[str, np.ndarray]:
        parts = np.split(w, np.cumsum([int(np.prod(shape)) for shape in self.shapes.values()])[:-1])
        return {name: part.reshape(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}

    def f_and_grad(self, w: np.ndarray, batch: np.ndarray | slice = slice(None)) -> tuple[float, np.ndarray]:
        """Return the loss on a batch, all training data by default, and its gradient as a vector."""
        loss, grads = mlp_loss(self.params(w), self.data.x_train[batch], self.data.y_train[batch])
        return loss, np.concatenate([grads[name].ravel() for name in self.shapes])

    def accuracy(self, w: np.ndarray) -> float:
        self.network.params = self.params(w)
        return float(self.network.accuracy(self.data.x_test, self.data.y_test))


@picture(
    "Pairs that are refused over the batch size; and the training loss of L-BFGS with noise and without.", waits="any"
)
@on_one_thread
def second_order_noise(notes: Notes, lbfgs_minimize: Callable, *, seed: int = 0, draws: int = 60):
    """Show how often two batches' gradients give a pair without curvature, and what your L-BFGS makes of noise."""
    rng, digits = np.random.default_rng(seed), DigitsNetwork(seed=seed)
    n = len(digits.data.x_train)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(11, 3.8))
    left.set(
        xscale="log", xlabel="batch size", ylabel="refused (%)", title=r"pairs with $s \cdot y \leq 0$", ylim=(-3, 60)
    )
    # Somewhere on the way, not at the start: there the network is nearly linear.
    w = digits.start
    for _ in range(60):
        w = w - 0.3 * digits.f_and_grad(w)[1]
    sizes = (8, 16, 32, 64, 128, 256, 512)
    downhill = digits.f_and_grad(w)[1]
    downhill = -downhill / np.linalg.norm(downhill)
    for i, length in enumerate((0.3, 0.03)):
        for same, line in ((False, "-"), (True, ":")):
            shares = [_refused(digits, w, length * downhill, size, same, rng, draws) for size in sizes]
            label = f"|s| = {length:g}, " + ("one batch for both" if same else "another batch each")
            left.plot(sizes, 100 * np.array(shares), color=f"C{i}", linestyle=line, marker="o", ms=4, label=label)
    right.set(yscale="log", xlabel="evaluations", ylabel="training loss, all data", title="your L-BFGS on the digits")
    for i, size in enumerate((n, 256, 32)):
        with notes.collect():
            ask_w: list[float] = []
            batches = np.random.default_rng(seed)

            def noisy(w, size=size, batches=batches, seen=ask_w):
                seen.append(digits.f_and_grad(w)[0])
                if size == n:
                    return digits.f_and_grad(w)
                return digits.f_and_grad(w, batches.choice(n, size, replace=False))

            end = ask_array(lbfgs_minimize, noisy, digits.start, history=10, max_iter=60, shape=digits.start.shape)
            label = f"all {n}" if size == n else f"a new batch of {size} each time"
            loss = digits.f_and_grad(end)[0]
            right.plot(np.fmin.accumulate(ask_w), color=f"C{i}", label=f"{label}: ends at {loss:.2g}")
    legend(left)
    legend(right)
    return fig


def _refused(digits: DigitsNetwork, w, s, size: int, same: bool, rng: np.random.Generator, draws: int) -> float:
    """Return the share of pairs without curvature when gradients come from mini-batches."""
    refused = 0
    for _ in range(draws):
        first, second = (rng.choice(len(digits.data.x_train), size, replace=False) for _ in range(2))
        y = digits.f_and_grad(w + s, first if same else second)[1] - digits.f_and_grad(w, first)[1]
        refused += s @ y <= 1e-10 * np.linalg.norm(s) * np.linalg.norm(y)
    return refused / draws


@picture(
    "Training loss of L-BFGS and of Adam on the digits, over passes through the data and over seconds.", waits="any"
)
@on_one_thread
def second_order_digits(
    notes: Notes,
    lbfgs_minimize: Callable,
    adam: Callable,
    *,
    passes: int = 100,
    lrs: Iterable[float] = (0.003, 0.01, 0.03),
    seed: int = 0,
):
    """Show the loss of a small network with your L-BFGS, with Adam on all data, and with Adam on batches of 64.

    Both Adams run at the best of a few rates, by the training loss at the end.
    """
    digits, lrs = DigitsNetwork(seed=seed), list(lrs)
    fig, (by_pass, by_second) = notes.plt.subplots(1, 2, figsize=(11, 3.9), sharey=True)
    by_pass.set(yscale="log", xlabel="passes through the data", ylabel="training loss", title="per evaluation")
    by_second.set(xlabel="seconds, here", title="per second")

    def drawn(run: list[tuple[float, float, float]], color: str, label: str, w: np.ndarray) -> None:
        counts, seconds, losses = np.array(run).T
        label = f"{label}: test {100 * digits.accuracy(w):.1f} %"
        by_pass.plot(counts, np.maximum(losses, 1e-9), color=color, label=label)
        by_second.plot(seconds, np.maximum(losses, 1e-9), color=color, label=label)

    with notes.collect():
        run: list[tuple[float, float, float]] = []
        begun = time.perf_counter()

        def watched(w):
            value, grad = digits.f_and_grad(w)
            low = min(value, run[-1][2]) if run else value
            run.append((len(run) + 1.0, time.perf_counter() - begun, low))
            return value, grad

        w = ask_array(lbfgs_minimize, watched, digits.start, history=10, max_iter=passes, shape=digits.start.shape)
        drawn(run[:passes], "C0", "your L-BFGS, all data", w)
    n = len(digits.data.x_train)
    for color, size in (("C1", n), ("C2", 64)):
        with notes.collect():
            runs = [_adam_run(adam, digits, lr, size, passes, seed) for lr in lrs]
            best = min(range(len(lrs)), key=lambda k: runs[k][0][-1][2])
            label = f"Adam, {'all data' if size == n else f'batches of {size}'}, lr = {lrs[best]:g}"
            drawn(runs[best][0], color, label, runs[best][1])
    legend(by_pass)
    return fig


def _adam_run(adam: Callable, digits: DigitsNetwork, lr: float, size: int, passes: int, seed: int):
    """Return (passes, seconds, loss on all data) after each pass and the weights at the end."""
    rng, n = np.random.default_rng(seed), len(digits.data.x_train)
    w, state, run, spent = digits.start, {}, [], 0.0
    for done in range(1, passes + 1):
        begun = time.perf_counter()
        batches = [slice(None)] if size == n else shuffled_minibatches(n, size, rng)
        for batch in batches:
            w, state = ask(adam, w, digits.f_and_grad(w, batch)[1], state, lr=lr)
            w = as_array(adam, w, digits.start.shape)
        spent += time.perf_counter() - begun
        run.append((float(done), spent, digits.f_and_grad(w)[0]))
    return run, w
