"""The pictures of 09_penalties that train networks on the digits: every regulariser, and what it is worth there."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from helpers import data, training
from helpers.plots.penalties import (
    BLUE,
    GREEN,
    ORANGE,
    RED,
    as_penalty,
    ask_numbers,
    ask_pair,
)
from helpers.plots.pieces import final_accuracy, legend, progress_bar, seed_std
from helpers.plots.ready import Notes, NotReady, as_array, ask, name_of, picture
from helpers.plots.stopping import ask_stop

_WIDTH, _BATCH, _RATE, _EPOCHS = 100, 40, 0.1, 30
_MARKS = "osD^vP"


def one_thread(draw: Callable) -> Callable:
    """Draw with BLAS on one thread: these matrices are small, and a second thread costs more than it gives."""

    @functools.wraps(draw)
    def alone(*args, **kwargs):
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            return draw(*args, **kwargs)

    return alone


# ---------------------------------------------------------------------------------- one run


_digits = functools.cache(data.digits)


def few_digits(seed: int, *, images: int = 200, wrong: int = 0) -> data.Dataset:
    """Return the digits with few training images, others for each seed; the first `wrong` labels are false."""
    digits, rng = _digits(), np.random.default_rng([seed, 9])
    chosen = rng.permutation(len(digits.y_train))[:images]
    labels = digits.y_train[chosen]
    labels[:wrong] = (labels[:wrong] + rng.integers(1, 10, len(labels[:wrong]))) % 10
    held = (digits.x_val, digits.y_val, digits.x_test, digits.y_test)
    return data.Dataset(digits.x_train[chosen], labels, *held)


def momentum(w, grad, state, *, lr):
    v = 0.9 * state.get("v", 0.0) + grad
    return w - lr * v, {"v": v}


def then(change: Callable[[np.ndarray, float], np.ndarray]) -> Callable:
    """Return momentum's step, after which change(w, lr) is made of every weight matrix; biases are left alone."""

    def step(w, grad, state, *, lr):
        w, state = momentum(w, grad, state, lr=lr)
        return (change(w, lr) if w.ndim == 2 else w), state

    return step


def smoothed(label_smoothing_loss: Callable, eps: float) -> training.Layers:
    """Return the built-in layers with the student's loss."""

    def loss(scores, y):
        value, dscores = ask_pair(
            label_smoothing_loss, scores, y, eps, what="the pair (loss, dscores)", shapes=((), scores.shape)
        )
        return float(value), dscores

    built_in = training.BUILT_IN
    return training.Layers(
        built_in.linear_forward, built_in.linear_backward, built_in.activation, built_in.activation_backward, loss
    )


class AttackedMLP(training.MLP):
    """A network that is trained on the student's adversarial_loss, or on images with noise of the same size."""

    def __init__(self, *args, adversarial_loss: Callable | None, eps: float, alpha: float = 0.5, **kwargs) -> None:
        self.adversarial_loss, self.eps, self.alpha = adversarial_loss, eps, alpha
        self.dx = np.zeros(0)
        built_in = training.BUILT_IN

        def linear_backward(dout, cache):
            result = built_in.linear_backward(dout, cache)
            self.dx = result[0]  # of the first layer in the end
            return result

        layers = training.Layers(
            built_in.linear_forward, linear_backward, built_in.activation, built_in.activation_backward, built_in.loss
        )
        super().__init__(*args, layers=layers, **kwargs)
        self.noise = np.random.default_rng(0)

    def loss(self, x, y):
        if self.adversarial_loss is None:
            pushed = np.clip(x + self.eps * self.noise.choice([-1.0, 1.0], x.shape), 0, 1)
            return self._mixed([super().loss(x, y), super().loss(pushed, y)])
        seen = []

        def loss_and_grad(point):
            seen.append(super(AttackedMLP, self).loss(np.asarray(point, float), y))
            return seen[-1][0], self.dx

        value = ask(self.adversarial_loss, loss_and_grad, x, self.eps, alpha=self.alpha)
        if not seen:
            raise NotReady(name_of(self.adversarial_loss), "did not ask loss_and_grad")
        # The gradient of the student's loss: alpha of the first place that was asked, the rest of the last.
        _, grads = self._mixed([seen[0], seen[-1]])
        return float(as_array(self.adversarial_loss, value, ())), grads

    def _mixed(self, both):
        (a, first), (b, last) = both
        share = self.alpha
        return share * a + (1 - share) * b, {k: share * first[k] + (1 - share) * last[k] for k in first}

    def input_gradient(self, x, y) -> np.ndarray:
        """Return the loss's gradient in every pixel, (N, D)."""
        training.MLP.loss(self, x, y)
        return self.dx


@dataclass(frozen=True)
class Way:
    """One way to train: what is given to the network, to `train`, and the step."""

    label: str
    network: dict
    run: dict
    step: Callable = momentum
    kind: type = training.MLP


PLAIN = Way("nothing", {}, {})


def learn(
    digits: data.Dataset,
    seed: int,
    way: Way = PLAIN,
    *,
    width: int = _WIDTH,
    lr: float = _RATE,
    epochs: int = _EPOCHS,
    curves: bool = False,
) -> tuple[training.MLP, training.History]:
    """Return a network after training, and how it went; the same first weights and batches whatever the way.

    Without `curves` it is evaluated once, at the end: after each epoch, that takes as long as the training.
    """
    rng = np.random.default_rng(seed)
    network = way.kind([64, width, 10], rng, **way.network)
    how = {"lr": lr, "batch_size": _BATCH, "rng": rng, "progress": False}
    if curves or "stop" in way.run:
        how["epochs"] = epochs
    else:
        how |= {"epochs": 1, "minibatches": _of_all(epochs)}
    return network, ask(training.train, network, digits, step=way.step, **how, **way.run)


def _of_all(epochs: int) -> Callable:
    def minibatches(n, batch_size, rng):
        for _ in range(epochs):
            yield from training.shuffled_minibatches(n, batch_size, rng)

    return minibatches


def _accuracy(network: training.MLP, history: training.History, digits: data.Dataset) -> float:
    return 100 * final_accuracy(network, history, digits.x_test, digits.y_test)


def _spread(values: np.ndarray) -> str:
    return f"{np.mean(values):.1f} ± {seed_std(np.asarray(values)):.1f}"


# ---------------------------------------------------------------------------------- 4: the fence


@picture("Test accuracy with dropout by learning rate, without a fence and inside fences of two sizes.", waits="any")
@one_thread
def penalties_fence_rates(
    notes: Notes,
    max_norm: Callable,
    *,
    cs: Iterable[float] = (2.0, 1.0),
    lrs: Iterable[float] = (0.1, 0.3, 1.0),
    seeds: Iterable[int] = range(3),
    epochs: int = 20,
    progress: bool = True,
):
    """Show the digits learnt with dropout at growing learning rates, with and without your fence."""
    lrs, seeds, cs = list(lrs), list(seeds), list(cs)
    fig, ax = notes.plt.subplots(figsize=(7.6, 3.9))
    ax.set(xscale="log", xlabel="lr", ylabel="test accuracy (%)", ylim=(0, 103))
    ax.set_title(f"200 digits, dropout 0.5, mean and range of {len(seeds)} seeds", fontsize="medium")
    with progress_bar((len(cs) + 1) * len(lrs) * len(seeds), progress) as tick:
        ways = [(None, "no fence", ORANGE, "--", "s")]
        ways += [(c, f"max_norm, c = {c:g}", (BLUE, GREEN)[k % 2], "-", "oD"[k % 2]) for k, c in enumerate(cs)]
        for c, label, color, ls, marker in ways:
            with notes.collect():
                step = momentum
                if c is not None:
                    step = then(lambda w, lr, c=c: ask_numbers(max_norm, w, c, 0, shape=w.shape))
                way = Way(label, {"dropout": training.Dropout(_drop, _drop_backward)}, {}, step)
                table = []
                for lr in lrs:
                    for seed in seeds:
                        digits = few_digits(seed)
                        table.append(_accuracy(*learn(digits, seed, way, lr=lr, epochs=epochs), digits))
                        tick()
                share = np.reshape(table, (len(lrs), len(seeds)))
                bars = np.abs([share.min(axis=1), share.max(axis=1)] - share.mean(axis=1))
                style = {"color": color, "ls": ls, "marker": marker, "ms": 5, "capsize": 3, "label": label}
                ax.errorbar(lrs, share.mean(axis=1), bars, **style)
                told = (f"{_spread(row)} % at {lr:g}" for lr, row in zip(lrs, share, strict=True))
                notes.add(f"{label:15} {', '.join(told)}")
    ax.set_xticks(lrs, [f"{lr:g}" for lr in lrs])
    ax.minorticks_off()
    legend(ax, loc="lower left")
    return fig


def _drop(x, p, rng, *, train):
    if not train:
        return x, None
    scaled = (rng.random(x.shape) >= p) / (1 - p)
    return x * scaled, scaled


def _drop_backward(dout, cache):
    return dout if cache is None else dout * cache


# ---------------------------------------------------------------------------------- 6: doubt


class SmoothedRuns:
    """A network for each eps, trained once."""

    def __init__(self, label_smoothing_loss: Callable, *, images: int = 400, epochs: int = 60) -> None:
        self.loss, self.epochs = label_smoothing_loss, epochs
        self.digits = few_digits(0, images=images)
        self._known: dict = {}

    def scores(self, eps: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the scores of training and of test images."""
        if eps not in self._known:
            way = Way("smoothed", {"layers": smoothed(self.loss, eps)}, {})
            network, _ = learn(self.digits, 0, way, epochs=self.epochs)
            self._known[eps] = network.scores(self.digits.x_train), network.scores(self.digits.x_test)
        return self._known[eps]


_EPSILONS = (0.0, 0.05, 0.1, 0.2, 0.4)


@picture(
    "How sure a network is with smoothed labels, right and wrong answers apart; its lead in scores; its test loss."
)
@one_thread
def penalties_smoothing(
    notes: Notes, smooth_labels: Callable, label_smoothing_loss: Callable, *, eps: float = 0.1, runs=None
):
    """Show what smoothing does to the winning probability, to the lead of the winner, and to loss and accuracy."""
    runs = runs or SmoothedRuns(label_smoothing_loss)
    fig, (sure, lead, by) = notes.plt.subplots(1, 3, figsize=(12.6, 3.9))
    sure.set(xlabel="probability of the winner", ylabel="test images", yscale="log", ylim=(0.8, 400))
    sure.set_title(rf"$\varepsilon$ = {eps:g}", fontsize="medium")
    lead.set(xlabel="score of the label − mean of the others", ylabel="training images")
    by.set(xlabel=r"$\varepsilon$", ylabel="test loss (hard labels)", ylim=(0, 0.8))
    y, y_test = runs.digits.y_train, runs.digits.y_test
    bins = np.linspace(0.1, 1, 19)
    with notes.collect():
        train, test = runs.scores(eps)
        p = _softmax(test)
        right = p.argmax(axis=1) == y_test
        for mask, label, color in ((right, "right", BLUE), (~right, "wrong", RED)):
            sure.hist(p.max(axis=1)[mask], bins, color=color, alpha=0.65, label=f"{label}: {mask.sum()}")
        own = train[np.arange(len(y)), y]
        others = (train.sum(axis=1) - own) / 9
        lead.hist(own - others, 40, color=BLUE, alpha=0.7)
        target = ask_numbers(smooth_labels, np.array([0]), 10, eps, shape=(1, 10))[0]
        if target[1] > 0:
            tends = float(np.log(target[0] / target[1]))
            lead.axvline(tends, color="black", ls="--", label=rf"log of your targets' ratio: {tends:.1f}")
            lead.set_ylim(top=1.2 * lead.get_ylim()[1])
        lead.set_title(f"mean {np.mean(own - others):.1f}, std {np.std(own - others):.1f}", fontsize="medium")
    with notes.collect():
        losses, marks = [], []
        for e in _EPSILONS:
            scores = runs.scores(e)[1]
            q = _softmax(scores)
            losses.append(-np.log(np.maximum(q[np.arange(len(y_test)), y_test], 1e-30)).mean())
            marks.append(100 * np.mean(scores.argmax(axis=1) == y_test))
        by.plot(_EPSILONS, losses, color=ORANGE, marker="s", ls="--")
        for e, value, mark in zip(_EPSILONS, losses, marks, strict=True):
            by.annotate(f"{mark:.1f} %", (e, value), (0, 9), textcoords="offset points", ha="center", fontsize=8)
        by.set_title("the numbers: test accuracy", fontsize="medium")
        by.axvline(eps, color="0.5", ls=":", lw=1.2)
        by.set_xlim(-0.04, 0.44)
    legend(sure, loc="upper left")
    legend(lead, loc="upper left")
    return fig


def _softmax(scores: np.ndarray) -> np.ndarray:
    exp = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exp / exp.sum(axis=-1, keepdims=True)


# ---------------------------------------------------------------------------------- 7: stop, then train on all


@picture("Test error where training stopped, and after training on training and validation images together.")
@one_thread
def penalties_retrain(
    notes: Notes,
    early_stopping: Callable,
    *,
    patience: int = 5,
    images: int = 150,
    held: int = 50,
    seeds: Iterable[int] = range(6),
    epochs: int = 60,
    progress: bool = True,
):
    """Show what is won by training anew on all images, validation ones too, for best_epoch + 1 epochs."""
    seeds = list(seeds)
    fig, (curve, ax) = notes.plt.subplots(1, 2, figsize=(11, 3.8), width_ratios=(1.3, 1))
    curve.set(xlabel="epoch", ylabel="cross-entropy", ylim=(0, 1.5), title="one seed, 10 % of its labels wrong")
    ax.set(ylabel="test error (%)", title=f"a line for each of {len(seeds)} seeds", xlim=(-0.4, 2.4))
    ax.set_xticks(range(3), ["never stopped", "best_epoch", "anew, on all"])
    errors = []
    with notes.collect(), progress_bar(3 * len(seeds), progress) as tick:
        stop = functools.partial(_stop_of, early_stopping, patience=patience)
        for seed in seeds:
            every = few_digits(seed, images=images + held, wrong=(images + held) // 10)
            order = np.random.default_rng(seed).permutation(images + held)
            x, y = every.x_train[order], every.y_train[order]
            part = data.Dataset(x[held:], y[held:], x[:held], y[:held], every.x_test, every.y_test)
            whole = data.Dataset(x, y, every.x_val, every.y_val, every.x_test, every.y_test)
            stopped, history = learn(part, seed, Way("", {}, {"stop": stop}), epochs=epochs)
            best = history.best_epoch
            longest, full = learn(part, seed, epochs=epochs, curves=True)
            again, anew = learn(whole, seed, epochs=best + 1)
            judged = ((longest, full), (stopped, history), (again, anew))
            errors.append([100 - _accuracy(*run, every) for run in judged])
            for _ in judged:
                tick()
            if seed == seeds[0]:
                curve.plot(full.train_loss, color=BLUE, ls="-", label="training")
                curve.plot(full.val_loss, color=ORANGE, ls="--", label=f"validation, {held} images")
                curve.axvline(best, color=RED, ls=":", label=f"best_epoch {best}")
        table = np.array(errors)
        ax.plot(range(3), table.T, color="0.6", ls="-", lw=0.9, marker="o", ms=4)
        ax.plot(range(3), table.mean(axis=0), color=BLUE, ls="none", marker="_", ms=22, mew=2.5)
        won = table[:, 1] - table[:, 2]
        notes.add(
            f"Test error: {_spread(table[:, 0])} % never stopped, {_spread(table[:, 1])} % at the best epoch, "
            f"{_spread(table[:, 2])} % trained anew on all.\n"
            f"Training anew wins {_spread(won)} points, on {np.sum(won > 0)} of {len(won)} seeds."
        )
    legend(curve, loc="upper right")
    return fig


def _stop_of(early_stopping: Callable, val_losses: list[float], *, patience: int) -> tuple[int, int]:
    return ask_stop(early_stopping, np.array(val_losses), patience=patience)


# ---------------------------------------------------------------------------------- 9: two tasks


def second_task(y: np.ndarray) -> np.ndarray:
    """Return two properties of a digit as +1 or -1: has it a loop, and is it 5 or more."""
    return np.stack([np.isin(y, (0, 6, 8, 9)), y >= 5], axis=1) * 2.0 - 1


@picture("Test accuracy by the weight of a second task: on the same images, and on images whose digit is not known.")
@one_thread
def penalties_two_heads(
    notes: Notes,
    multitask_gradient: Callable,
    two_head_loss: Callable,
    *,
    labelled: int = 100,
    weights: Iterable[float] = (0.0, 0.3, 1.0),
    seeds: Iterable[int] = range(4),
    steps: int = 200,
    progress: bool = True,
):
    """Show 100 labelled digits with a second task, on the same images and on 979 others."""
    weights, seeds = list(weights), list(seeds)
    fig, ax = notes.plt.subplots(figsize=(7.8, 3.9))
    ax.set(xlabel="weight of the second task", ylabel="test accuracy (%)")
    ax.set_title(f"{labelled} labelled digits; a dot for each of {len(seeds)} seeds", fontsize="medium")
    places = np.arange(len(weights))
    ax.set_xticks(places, [f"{w:g}" for w in weights])
    with progress_bar(2 * len(weights) * len(seeds), progress) as tick:
        kinds = (
            (False, "the same images", ORANGE, "s", "--", -0.06),
            (True, "other images, digit unknown", BLUE, "o", "-", 0.06),
        )
        for others, label, color, marker, ls, shift in kinds:
            with notes.collect():
                table = []
                for weight in weights:
                    for seed in seeds:
                        table.append(
                            _two_heads(two_head_loss, multitask_gradient, weight, labelled, others, seed, steps)
                        )
                        tick()
                share = np.reshape(table, (len(weights), len(seeds)))
                ax.plot(np.repeat(places, len(seeds)) + shift, share.ravel(), marker, color=color, ls="none", ms=4)
                ax.plot(places + shift, share.mean(axis=1), color=color, ls=ls, label=label)
                gain = share[-1] - share[0]
                notes.add(
                    f"A second task on {label}: {_spread(share[0])} % without, {_spread(share[-1])} % with weight "
                    f"{weights[-1]:g}; seed by seed {np.mean(gain):+.1f} ± {seed_std(gain):.1f} points."
                )
    legend(ax, loc="lower right")
    return fig


def _two_heads(two_head_loss, multitask_gradient, weight, labelled, others, seed, steps, width=64) -> float:
    """Return the test accuracy (%) of a network whose trunk hears two tasks."""
    digits, pick, rng = _digits(), np.random.default_rng([seed, 10]), np.random.default_rng(seed)
    order = pick.permutation(len(digits.y_train))
    known, unknown = order[:labelled], order[labelled:]
    params = {"W1": training.he((64, width), rng), "b1": np.zeros(width)}
    for name, units in (("a", 10), ("b", 2)):
        params |= {f"W{name}": training.he((width, units), rng), f"b{name}": np.zeros(units)}
    z, speed = second_task(digits.y_train), {name: np.zeros_like(w) for name, w in params.items()}

    def grads_on(rows, share):
        args = params, digits.x_train[rows], digits.y_train[rows], z[rows], share
        return _ask_grads(two_head_loss, *args)

    for _ in range(steps):
        rows = known[rng.choice(labelled, 20, replace=False)]
        if not others:
            grads = grads_on(rows, weight)
        else:
            grads = grads_on(rows, 0.0)
            more = unknown[rng.choice(len(unknown), 40, replace=False)]
            # What weight 1 adds to weight 0 is the second task alone: of these images no digit is known.
            with_it, without = grads_on(more, 1.0), grads_on(more, 0.0)
            second = {name: with_it[name] - without[name] for name in params}
            grads = {
                name: ask_numbers(multitask_gradient, [grads[name], second[name]], [1.0, weight], shape=w.shape)
                for name, w in params.items()
            }
        for name, grad in grads.items():
            speed[name] = 0.9 * speed[name] + grad
            params[name] = params[name] - 0.05 * speed[name]
    hidden = np.maximum(digits.x_test @ params["W1"] + params["b1"], 0)
    return 100 * float(np.mean((hidden @ params["Wa"] + params["ba"]).argmax(axis=1) == digits.y_test))


def _ask_grads(two_head_loss, params, *rest) -> dict:
    try:
        _, grads = two_head_loss(params, *rest)
        if all(grads[name].shape == w.shape and np.isfinite(grads[name]).all() for name, w in params.items()):
            return grads
    except Exception:
        pass
    result = ask(two_head_loss, {name: w.copy() for name, w in params.items()}, *rest)
    if not (isinstance(result, (tuple, list)) and len(result) == 2 and isinstance(result[1], dict)):
        raise NotReady(name_of(two_head_loss), "gave no pair (loss, grads)")
    if missing := [name for name in params if name not in result[1]]:
        raise NotReady(name_of(two_head_loss), f"gave no gradient for {', '.join(missing)}")
    grads = {name: as_array(two_head_loss, result[1][name], w.shape) for name, w in params.items()}
    if not all(np.isfinite(grad).all() for grad in grads.values()):
        raise NotReady(name_of(two_head_loss), "gave nan, or numbers too large for any picture")
    return grads


# ---------------------------------------------------------------------------------- 10: adversaries


class AttackedRuns:
    """Three networks, trained once: on images, on images with noise, on attacked images."""

    def __init__(self, adversarial_loss: Callable, *, eps: float = 0.1, images: int = 1079, epochs: int = 8) -> None:
        self.adversarial_loss, self.eps, self.epochs = adversarial_loss, eps, epochs
        self.digits = few_digits(0, images=images)
        self._known: dict = {}

    def network(self, kind: str) -> AttackedMLP:
        if kind not in self._known:
            loss = self.adversarial_loss if kind == "attacked" else None
            way = Way(kind, {"adversarial_loss": loss, "eps": self.eps * (kind != "plain")}, {}, kind=AttackedMLP)
            self._known[kind] = learn(self.digits, 0, way, epochs=self.epochs)[0]
        return self._known[kind]


_TRAINED = (
    ("plain", "plain", ORANGE, "s", "--"),
    ("noise", "with random ±eps", GREEN, "D", "-."),
    ("attacked", "with adversarial_loss", BLUE, "o", "-"),
)
_PUSHES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2)


@picture(
    "A digit, its push and the pushed digit with the network's probabilities; accuracy by eps of three networks.",
    waits="most",
)
@one_thread
def penalties_adversarial(
    notes: Notes,
    fgsm: Callable,
    adversarial_loss: Callable,
    *,
    eps: float = 0.1,
    digit: int = 3,
    trained: str = "plain",
    runs=None,
):
    """Show an attacked digit, what the network makes of it, and how networks stand such attacks."""
    runs = runs or AttackedRuns(adversarial_loss)
    digits = runs.digits
    fig = notes.plt.figure(figsize=(12.4, 4))
    left, right = fig.subfigures(1, 2, width_ratios=(1.5, 1))
    axes, ax = left.subplots(2, 3, height_ratios=(1.1, 1)), right.subplots()
    axes[1, 1].remove()
    for image in axes[0]:
        image.set(xticks=[], yticks=[])
        image.grid(False)
    with notes.collect():
        network = runs.network(trained)
        candidates = np.flatnonzero((digits.y_test == digit) & (network.predict(digits.x_test) == digit))
        k = candidates[:1] if len(candidates) else np.array([0])
        x, y = digits.x_test[k], digits.y_test[k]
        pushed = ask_numbers(fgsm, x, network.input_gradient(x, y), eps, shape=x.shape)
        shown = ((x, "x", "gray", 0, 1), (pushed - x, f"push, eps = {eps:g}", "RdBu", -0.2, 0.2))
        shown += ((pushed, "pushed", "gray", 0, 1),)
        for image, (pixels, title, shades, low, high) in zip(axes[0], shown, strict=True):
            image.imshow(pixels.reshape(8, 8), cmap=shades, vmin=low, vmax=high)
            image.set_title(title, fontsize="medium")
        for bars, pixels in ((axes[1, 0], x), (axes[1, 2], pushed)):
            p = _softmax(network.scores(pixels))[0]
            bars.bar(range(10), p, color=[BLUE if j == y[0] else RED for j in range(10)])
            bars.set(xticks=range(10), ylim=(0, 1.05), xlabel="class", ylabel="probability")
            bars.set_title(f"{p.argmax()}, {p.max():.0%} sure", fontsize="medium")
    ax.set(xlabel="eps of the attack", ylabel="test accuracy (%)", ylim=(0, 103))
    ax.set_title(f"training pushes: {runs.eps:g}", fontsize="medium")
    for kind, label, color, marker, ls in _TRAINED:
        with notes.collect():
            network = runs.network(kind)
            grad = network.input_gradient(digits.x_test, digits.y_test)
            shares = [
                100 * network.accuracy(ask_numbers(fgsm, digits.x_test, grad, e, shape=grad.shape), digits.y_test)
                for e in _PUSHES
            ]
            ax.plot(_PUSHES, shares, color=color, marker=marker, ls=ls, label=label)
    ax.axvline(eps, color="0.5", ls=":", lw=1.2)
    ax.set_xticks(_PUSHES, [f"{push:g}" for push in _PUSHES], fontsize="small")
    legend(ax, loc="lower left")
    return fig


# ---------------------------------------------------------------------------------- 11: pruning

_SPARSITIES = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95)


class PrunedRuns:
    """Networks with L1, with L2 and without training, and what is left of each after pruning."""

    def __init__(self, magnitude_prune: Callable, soft_threshold: Callable, l2_penalty: Callable, *, epochs=20):
        self.prune, self.digits = magnitude_prune, few_digits(0, images=1079)
        shrink = then(lambda w, lr: ask_numbers(soft_threshold, w, lr * 0.005, shape=w.shape))
        l2 = {"penalty": as_penalty(l2_penalty, 0.0003)}
        self.ways = {"L1": Way("L1", {}, {}, shrink), "L2": Way("L2", l2, {}), "untrained": PLAIN}
        self.epochs = {"L1": epochs, "L2": epochs, "untrained": 0}
        self._known: dict = {}

    def network(self, start: str) -> training.MLP:
        if start not in self._known:
            self._known[start] = learn(self.digits, 0, self.ways[start], epochs=self.epochs[start])[0]
        return self._known[start]

    def pruned(self, start: str, sparsity: float, steps: int) -> tuple[float, float, training.Params]:
        """Return test accuracy (%) after pruning, and after some steps more with the pruned weights held at 0."""
        key = start, sparsity, steps
        if key not in self._known:
            digits, rng = self.digits, np.random.default_rng(1)
            network = training.MLP([64, _WIDTH, 10], np.random.default_rng(0))
            network.params = {
                name: ask_numbers(self.prune, w, sparsity, shape=w.shape) if w.ndim == 2 else w.copy()
                for name, w in self.network(start).params.items()
            }
            pruned = dict(network.params)
            now = 100 * network.accuracy(digits.x_test, digits.y_test)
            states: dict = {name: {} for name in pruned}
            for _ in range(steps):
                rows = rng.choice(len(digits.y_train), _BATCH, replace=False)
                _, grads = network.loss(digits.x_train[rows], digits.y_train[rows])
                for name, w in network.params.items():
                    mask = pruned[name] != 0 if w.ndim == 2 else 1.0
                    w, states[name] = momentum(w, grads[name] * mask, states[name], lr=_RATE)
                    network.params[name] = w
            later = 100 * network.accuracy(digits.x_test, digits.y_test)
            self._known[key] = now, later, pruned
        return self._known[key]


@picture(
    "Histogram of weights and the cut, first-layer masks as images, accuracy by sparsity before and after training on.",
    waits="any",
)
@one_thread
def penalties_pruning(
    notes: Notes,
    magnitude_prune: Callable,
    soft_threshold: Callable,
    l2_penalty: Callable,
    *,
    sparsity: float = 0.8,
    start: str = "L1",
    steps: int = 50,
    runs=None,
):
    """Show which weights go, and how well networks do without them, at once and after some steps more."""
    runs = runs or PrunedRuns(magnitude_prune, soft_threshold, l2_penalty)
    fig = notes.plt.figure(figsize=(12.6, 4.1))
    first, second, third = fig.subfigures(1, 3, width_ratios=(1, 0.8, 1.25))
    hist, masks, ax = first.subplots(), second.subplots(3, 4), third.subplots()
    hist.set(xlabel="weight of the first layer", ylabel="how many", yscale="log")
    for image in masks.flat:
        # Blank at first: no words fit into so small a picture.
        image.imshow(np.zeros((8, 8)), cmap="RdBu", vmin=-0.6, vmax=0.6)
        image.set(xticks=[], yticks=[])
        image.grid(False)
    with notes.collect():
        weights = runs.network(start).params["W1"]
        now, later, pruned = runs.pruned(start, sparsity, steps)
        cut = np.abs(weights[pruned["W1"] == 0]).max(initial=0)
        hist.hist(weights.ravel(), 61, color=BLUE, alpha=0.75)
        for side in (-cut, cut):
            hist.axvline(side, color=RED, ls="--", lw=1.3)
        zeros = 100 * np.mean(weights == 0)
        hist.set_title(f"{start}: {zeros:.0f} % are 0 before the cut", fontsize="medium")
        second.suptitle(f"what is left of 12 units: {now:.0f} %, then {later:.0f} %", fontsize="medium")
        for unit, image in enumerate(masks.flat):
            image.imshow(pruned["W1"][:, unit].reshape(8, 8), cmap="RdBu", vmin=-0.6, vmax=0.6)
    ax.set(xlabel="sparsity", ylabel="test accuracy (%)", ylim=(0, 103))
    ax.set_title(f"thin: at once; thick: after {steps} steps more", fontsize="medium")
    for name, color, marker, ls in (("L1", BLUE, "o", "-"), ("L2", ORANGE, "s", "--"), ("untrained", GREEN, "D", "-.")):
        with notes.collect():
            both = np.array([runs.pruned(name, s, steps)[:2] for s in _SPARSITIES]).T
            ax.plot(_SPARSITIES, both[0], color=color, ls=ls, lw=1)
            ax.plot(_SPARSITIES, both[1], color=color, ls=ls, lw=2.4, marker=marker, ms=5, label=name)
    ax.axvline(sparsity, color="0.5", ls=":", lw=1.2)
    legend(ax, loc="lower left")
    return fig


# ---------------------------------------------------------------------------------- 12: what it is worth


@picture("Training minus test accuracy, and test accuracy, by the number of images and of hidden units.", waits="any")
@one_thread
def penalties_more_data(
    notes: Notes,
    l2_penalty: Callable,
    *,
    counts: Iterable[int] = (50, 200, 1000),
    widths: Iterable[int] = (10, 30, 100),
    lam: float = 0.001,
    seeds: Iterable[int] = range(3),
    steps: int = 150,
    progress: bool = True,
):
    """Show the gap and the test accuracy for more data and smaller models, and for the largest one with a penalty."""
    counts, widths, seeds = list(counts), list(widths), list(seeds)
    fig, (gap, test) = notes.plt.subplots(1, 2, figsize=(11, 3.9))
    gap.set(xlabel="training images", ylabel="training − test accuracy (points)", xscale="log", title="the gap")
    test.set(xlabel="training images", ylabel="test accuracy (%)", xscale="log", title=f"mean of {len(seeds)} seeds")
    kinds = [(width, 0.0, f"{width} hidden units") for width in widths]
    kinds.append((widths[-1], lam, rf"{widths[-1]}, $\lambda$ = {lam:g}"))
    with progress_bar(len(kinds) * len(counts) * len(seeds), progress) as tick:
        for k, (width, strength, label) in enumerate(kinds):
            with notes.collect():
                way = Way(label, {"penalty": as_penalty(l2_penalty, strength)}, {}) if strength else PLAIN
                table = []
                for images in counts:
                    for seed in seeds:
                        digits = few_digits(seed, images=images)
                        epochs = max(1, round(steps / -(-images // _BATCH)))
                        network, history = learn(digits, seed, way, width=width, epochs=epochs)
                        table.append((100 * history.train_accuracy[-1], _accuracy(network, history, digits)))
                        tick()
                both = np.reshape(table, (len(counts), len(seeds), 2)).mean(axis=1)
                style = {"color": (ORANGE, GREEN, BLUE, RED)[k % 4], "marker": _MARKS[k], "label": label}
                gap.plot(counts, both[:, 0] - both[:, 1], **style)
                test.plot(counts, both[:, 1], **style)
    for ax in (gap, test):
        ax.set_xticks(counts, [str(count) for count in counts])
        ax.minorticks_off()
    legend(gap, loc="upper right")
    return fig


def ways_of(table: dict[str, Callable], long: bool) -> dict[str, list[Way]]:
    """Return every regulariser with the strengths that are tried, the short list or the long one."""
    l2, l1, soft = table["l2_penalty"], table["l1_penalty"], table["soft_threshold"]
    fence, smooth, stop, attack = (
        table[name] for name in ("max_norm", "label_smoothing_loss", "early_stopping", "adversarial_loss")
    )

    def some(short, more):
        return more if long else short

    def shrunk(lam):
        return then(lambda w, lr: ask_numbers(soft, w, lr * lam, shape=w.shape))

    def fenced(c):
        return then(lambda w, lr: ask_numbers(fence, w, c, 0, shape=w.shape))

    ways = {
        "L2": [
            Way(f"lam {lam:g}", {"penalty": as_penalty(l2, lam)}, {})
            for lam in some((0.001, 0.01), (0.0003, 0.001, 0.003, 0.01, 0.03))
        ],
        "soft threshold": [
            Way(f"lam {lam:g}", {}, {}, shrunk(lam)) for lam in some((0.002, 0.01), (0.001, 0.002, 0.005, 0.01, 0.02))
        ],
        "max-norm": [Way(f"c {c:g}", {}, {}, fenced(c)) for c in some((2.0, 1.2), (2.0, 1.5, 1.2, 1.0, 0.8))],
        "smoothed labels": [
            Way(f"eps {eps:g}", {"layers": smoothed(smooth, eps)}, {})
            for eps in some((0.1, 0.5), (0.05, 0.1, 0.2, 0.35, 0.5))
        ],
        "early stopping": [
            Way(f"patience {p}", {}, {"stop": functools.partial(_stop_of, stop, patience=p)})
            for p in some((5,), (2, 5, 10))
        ],
        "adversarial": [
            Way(f"eps {eps:g}", {"adversarial_loss": attack, "eps": eps}, {}, kind=AttackedMLP)
            for eps in some((0.05, 0.15), (0.02, 0.05, 0.1, 0.15, 0.2))
        ],
    }
    if long:
        ways["L1"] = [
            Way(f"lam {lam:g}", {"penalty": as_penalty(l1, lam)}, {}) for lam in (0.0003, 0.001, 0.003, 0.005)
        ]
    return ways


@picture(
    "Test accuracy of the digits' network with each regulariser at the strength that validation images chose.",
    waits="most",
)
@one_thread
def penalties_digits(
    notes: Notes,
    l2_penalty: Callable,
    l1_penalty: Callable,
    soft_threshold: Callable,
    max_norm: Callable,
    label_smoothing_loss: Callable,
    early_stopping: Callable,
    adversarial_loss: Callable,
    *,
    wrong: int = 0,
    long: bool = False,
    seeds: int | None = None,
    epochs: int = _EPOCHS,
    progress: bool = True,
):
    """Show 200 digits learnt with each regulariser; strengths by validation images, verdicts by test images.

    Four seeds and two strengths each; with `long`, ten seeds and up to five strengths, behind a progress bar.
    """
    given = locals()
    table = {name: given[name] for name in ("l2_penalty", "l1_penalty", "soft_threshold", "max_norm")}
    table |= {name: given[name] for name in ("label_smoothing_loss", "early_stopping", "adversarial_loss")}
    ways, chosen = ways_of(table, long), range(seeds or (10 if long else 4))
    sets = {seed: few_digits(seed, wrong=wrong) for seed in chosen}
    labels = ["nothing", *ways]
    fig, ax = notes.plt.subplots(figsize=(10.4, 4.2))
    ax.set(ylabel="test accuracy (%)", xlim=(-0.5, len(labels) - 0.5))
    ax.set_title(f"200 images, {wrong or 'no'} labels wrong; a dot for each of {len(chosen)} seeds", fontsize="medium")
    names = list(labels)
    with progress_bar(sum(map(len, ways.values())) * len(chosen) + len(chosen), progress) as tick:

        def judged(way: Way) -> np.ndarray:
            """Return validation and test accuracy (%) for each seed."""
            results = []
            for seed in chosen:
                network, history = learn(sets[seed], seed, way, epochs=epochs)
                val = 100 * final_accuracy(network, history, sets[seed].x_val, sets[seed].y_val)
                results.append((val, _accuracy(network, history, sets[seed])))
                tick()
            return np.array(results).T

        def draw(place: int, accuracy: np.ndarray, color: str) -> None:
            ax.plot(np.full(len(accuracy), place), accuracy, _MARKS[place % 6], color=color, ls="none", ms=5, alpha=0.7)
            ax.plot([place - 0.3, place + 0.3], [accuracy.mean()] * 2, color=color, ls="-", lw=2.5)

        without = judged(PLAIN)[1]
        draw(0, without, ORANGE)
        ax.axhline(without.mean(), color=ORANGE, ls=":", lw=1.2)
        notes.add(f"{'nothing':16} {_spread(without)} %")
        for place, (name, tried) in enumerate(ways.items(), start=1):
            with notes.collect():
                runs = [judged(way) for way in tried]
                best = int(np.argmax([run[0].mean() for run in runs]))
                draw(place, runs[best][1], BLUE)
                names[place] = f"{name}\n{tried[best].label}"
                gain = runs[best][1] - without
                notes.add(
                    f"{name:16} {_spread(runs[best][1])} %, seed by seed {gain.mean():+.1f} ± {seed_std(gain):.1f}, "
                    f"better for {np.sum(gain > 0)} of {len(gain)} ({tried[best].label})"
                )
    ax.set_xticks(range(len(labels)), names, fontsize="small")
    return fig
