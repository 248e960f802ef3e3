"""The capstone's arc, step by step, of nothing but the functions that the course's exercises ask for.

`python -m bench.ladder --arc` measures each step on several practice alphabets and writes `helpers/arc.json`, which
`helpers.plots.capstone_arc` draws. The functions are read from the solved notebooks, as `pieces` brings them into a
student's.
"""

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from autograder.pieces import pieces
from helpers.practice import ARC, FEW, MANY, practice

Array = np.ndarray
Predict = Callable[[Array], Array]

ROOT = Path(__file__).resolve().parents[1]
# What the steps call, by the notebook that asks for it.
PIECES = {
    "01_backprop": ("softmax_cross_entropy", "linear_forward", "linear_backward"),
    "02_sgd": ("minibatches", "momentum", "cosine_decay", "linear_warmup"),
    "03_adam": ("adam",),
    "06_initialization": ("kaiming_normal",),
    "07_batchnorm": ("batchnorm_forward", "batchnorm_backward", "update_running", "batchnorm_inference"),
    "10_dropout": ("dropout_forward", "dropout_backward"),
    "11_augmentation": ("elastic_distort",),
    "12_training": ("diagnose", "clip_grad_norm", "ema_update", "kfold"),
}
WIDTHS = (256, 256, 256, 10)
# BatchNorm takes a bias away.
NO_BIAS = np.zeros(256, np.float32)
BATCH, LONGEST, DECAY = 50, 5.0, 0.99


@cache
def solved() -> Mapping[str, Any]:
    """The functions, by name, as the solved notebooks define them."""
    names: dict[str, Any] = {}
    found = pieces(*(name for group in PIECES.values() for name in group), folder=ROOT / "notebooks")
    exec(compile(found.source, "<pieces>", "exec"), names)
    return names


def softmax(scores: Array) -> Array:
    """Probabilities of scores, row by row."""
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def nearest_mean(x: Array, y: Array, rng: np.random.Generator) -> Predict:
    """The mean image of each letter, and how near it is."""
    means = np.stack([x[y == k].mean(axis=0).ravel() for k in range(10)])

    def predict(images: Array) -> Array:
        return softmax(1.5 * (images.reshape(len(images), -1) @ means.T - (means**2).sum(axis=1) / 2))

    return predict


def softmax_regression(x: Array, y: Array, rng: np.random.Generator, *, of: Mapping[str, Any]) -> Predict:
    """Ten scores from one linear layer, by momentum on mini-batches."""
    rows = x.reshape(len(x), -1).astype(np.float32)
    w, b = np.zeros((256, 10), np.float32), np.zeros(10, np.float32)
    w_state: dict = {}
    b_state: dict = {}
    for _ in range(30):
        for batch in of["minibatches"](len(x), BATCH, rng):
            scores, cache = of["linear_forward"](rows[batch], w, b)
            _, dscores = of["softmax_cross_entropy"](scores, y[batch])
            _, dw, db = of["linear_backward"](dscores, cache)
            w, w_state = of["momentum"](w, dw, w_state, lr=0.05, momentum=0.9)
            b, b_state = of["momentum"](b, db, b_state, lr=0.05, momentum=0.9)
    return lambda images: softmax(images.reshape(len(images), -1) @ w + b)


def warped(x: Array, rng: np.random.Generator, *, of: Mapping[str, Any]) -> Array:
    """Each image turned, slanted, scaled, bent and moved anew: one flow for each, and `elastic_distort`."""
    n, size = len(x), x.shape[-1]
    angle, slant = 0.2 * rng.standard_normal((2, n, 1, 1))
    wide, high = np.exp(0.12 * rng.standard_normal((2, n, 1, 1)))
    u = np.arange(size) - (size - 1) / 2
    v = u[:, None]
    flow = np.stack(
        [
            wide * np.cos(angle) * u + (slant - np.sin(angle)) * v - u,
            np.sin(angle) * u + high * np.cos(angle) * v - v,
        ],
        axis=1,
    )
    knots = np.linspace(0, size - 1, 4)[:, None]
    hats = np.maximum(0, 1 - np.abs(np.arange(size) - knots) / 5)
    bend = 0.7 * rng.standard_normal((n, 2, 4, 4))
    flow += np.swapaxes(hats, 0, 1) @ bend @ hats
    flow += rng.uniform(-2, 2, (n, 2, 1, 1))
    return of["elastic_distort"](x, flow.astype(np.float32))


def noisy(x: Array, rng: np.random.Generator) -> Array:
    """Noise of a random strength, on half of the images none."""
    strength = 0.4 * np.maximum(0, rng.uniform(-1, 1, (len(x), 1, 1, 1))).astype(np.float32)
    return np.clip(x + strength * rng.standard_normal(x.shape, dtype=np.float32), 0, 1)


class Network:
    """Two hidden layers of 256 with BatchNorm, ReLU and dropout."""

    def __init__(self, rng: np.random.Generator, drop: float, of: Mapping[str, Any]):
        self.rng, self.drop, self.of = rng, drop, of
        self.w: dict[str, Array] = {}
        for k, (n, m) in enumerate(itertools.pairwise(WIDTHS)):
            # `kaiming_normal` is in PyTorch's layout, (out, in).
            self.w[f"W{k}"] = of["kaiming_normal"]((m, n), rng).T.astype(np.float32)
        for k, m in enumerate(WIDTHS[1:-1]):
            self.w[f"gamma{k}"], self.w[f"beta{k}"] = np.ones(m, np.float32), np.zeros(m, np.float32)
        self.w["b"] = np.zeros(WIDTHS[-1], np.float32)
        self.running = [(np.zeros(m, np.float32), np.ones(m, np.float32)) for m in WIDTHS[1:-1]]

    def gradients(self, x: Array, y: Array) -> dict[str, Array]:
        """Of the loss on a batch in all parameters."""
        of, w = self.of, self.w
        a, caches = x, []
        for k in range(2):
            z, linear = of["linear_forward"](a, w[f"W{k}"], NO_BIAS)
            self.running[k] = of["update_running"](*self.running[k], z)
            u, norm = of["batchnorm_forward"](z, w[f"gamma{k}"], w[f"beta{k}"])
            a, drop = of["dropout_forward"](np.maximum(u, 0), self.drop, self.rng, train=True)
            caches.append((linear, norm, u > 0, drop))
        scores, linear = of["linear_forward"](a, w["W2"], w["b"])
        _, d = of["softmax_cross_entropy"](scores, y)
        grads: dict[str, Array] = {}
        d, grads["W2"], grads["b"] = of["linear_backward"](d, linear)
        for k in (1, 0):
            linear, norm, lit, drop = caches[k]
            d = of["dropout_backward"](d, drop) * lit
            d, grads[f"gamma{k}"], grads[f"beta{k}"] = of["batchnorm_backward"](d, norm)
            d, grads[f"W{k}"], _ = of["linear_backward"](d, linear)
        return grads

    def step(self, x: Array, y: Array, states: dict[str, dict], rate: float, longest: float | None) -> None:
        """One step of Adam on a batch, the gradients clipped to `longest`."""
        grads = self.gradients(x, y)
        if longest is not None:
            grads, _ = self.of["clip_grad_norm"](grads, longest)
        for name, grad in grads.items():
            self.w[name], states[name] = self.of["adam"](self.w[name], grad, states.get(name, {}), lr=rate)

    def scores(self, images: Array, w: Mapping[str, Array]) -> Array:
        """Of images, with weights `w`, each image on its own."""
        a = images.reshape(len(images), -1).astype(np.float32)
        for k in range(2):
            z, _ = self.of["linear_forward"](a, w[f"W{k}"], NO_BIAS)
            u = self.of["batchnorm_inference"](z, w[f"gamma{k}"], w[f"beta{k}"], *self.running[k])
            a = np.maximum(u, 0)
        return a @ w["W2"] + w["b"]


def fitted(
    x: Array,
    y: Array,
    rng: np.random.Generator,
    *,
    of: Mapping[str, Any],
    epochs: int = 100,
    drop: float = 0.1,
    lr: float = 2e-3,
    warp: bool = True,
    smooth: bool = True,
    noise: bool = False,
    watch: Callable[[Callable[[Array], Array]], object] = lambda scores: None,
) -> Callable[[Array], Array]:
    """A trained network's scores; `watch` is shown them after each epoch.

    `smooth`: clipped gradients, a rate that falls along half a cosine, and the running average of the weights predicts.
    """
    net = Network(rng, drop, of)
    averages: dict[str, Array] = dict(net.w)
    states: dict[str, dict] = {}
    total, t = epochs * -(-len(x) // BATCH), 0
    x = x.astype(np.float32)
    for _ in range(epochs):
        images = warped(x, rng, of=of) if warp else x
        images = noisy(images, rng) if noise else images
        rows = images.reshape(len(x), -1)
        for batch in of["minibatches"](len(x), BATCH, rng):
            rate = schedule(t, total, lr, of) if smooth else lr
            net.step(rows[batch], y[batch], states, rate, LONGEST if smooth else None)
            for name, w in net.w.items():
                averages[name] = of["ema_update"](averages[name], w, DECAY) if smooth else w
            t += 1
        watch(lambda images: net.scores(images, averages))
    return lambda images: net.scores(images, averages)


def schedule(t: int, total: int, lr: float, of: Mapping[str, Any]) -> float:
    """The rate of a step: a short ramp, then half a cosine down to zero."""
    return of["cosine_decay"](of["linear_warmup"](lr, t, warmup=20), t, t_max=total)


def verdict_on_the_gap(x: Array, y: Array, rng: np.random.Generator, *, of: Mapping[str, Any], epochs: int = 25) -> str:
    """What `diagnose` says of the network without samples of its own making."""
    train, held = next(iter(of["kfold"](len(x), 5, rng)))
    history: dict[str, list[float]] = {}

    def watch(scores: Callable[[Array], Array]) -> None:
        for name, rows in (("train", train), ("val", held)):
            loss, _ = of["softmax_cross_entropy"](found := scores(x[rows]), y[rows])
            history.setdefault(f"{name}_loss", []).append(loss)
            history.setdefault(f"{name}_accuracy", []).append((found.argmax(axis=1) == y[rows]).mean())

    fitted(x[train], y[train], rng, of=of, epochs=epochs, drop=0.2, lr=1e-3, warp=False, smooth=False, watch=watch)
    return of["diagnose"]({name: np.array(values) for name, values in history.items()})


def temperature(scores: Array, y: Array, of: Mapping[str, Any]) -> float:
    """That which has the least cross-entropy on samples that were held out."""
    tried = np.exp(np.linspace(np.log(0.3), np.log(3), 50))
    return float(tried[np.argmin([of["softmax_cross_entropy"](scores / t, y)[0] for t in tried])])


def network(
    x: Array,
    y: Array,
    rng: np.random.Generator,
    *,
    of: Mapping[str, Any],
    fold: bool = False,
    again: bool = False,
    **options: Any,
) -> Predict:
    """A network whose scores are divided by a temperature, if `fold`; trained `again` on all samples."""
    if not fold:
        scores = fitted(x, y, rng, of=of, **options)
        return lambda images: softmax(scores(images))
    train, held = next(iter(of["kfold"](len(x), 5, rng)))
    scores = fitted(x[train], y[train], rng, of=of, **options)
    by = temperature(scores(x[held]), y[held], of)
    if again:
        scores = fitted(x, y, rng, of=of, **options)
    return lambda images: softmax(scores(images) / by)


def steps(of: Mapping[str, Any], *, epochs: int = 100) -> dict[str, Callable[..., Predict]]:
    """A `train` for each step of the arc, by its name.

    Parameters
    ----------
    of : the pieces, by name
    epochs : of the networks that see samples of their own making
    """
    whole = partial(network, of=of, epochs=epochs)
    return {
        "nearest mean": nearest_mean,
        "one layer": partial(softmax_regression, of=of),
        "two hidden layers": partial(network, of=of, epochs=40, drop=0.5, lr=1e-3, warp=False, smooth=False),
        "warped samples": partial(whole, lr=1e-3, smooth=False),
        "schedule, average": whole,
        "temperature": partial(whole, fold=True),
        "noise": partial(whole, fold=True, noise=True),
        "all samples": partial(whole, fold=True, noise=True, again=True),
    }


def measure(alphabets: Sequence[int] = (1, 2, 3, 4, 5), test: int = 2000) -> None:
    """Measure all steps on practice alphabets, with many samples and with few, and write `helpers/arc.json`."""
    samples: dict[str, dict[str, list]] = {}
    for number in (MANY, FEW):
        for name, train in steps(solved()).items():
            found = practice(train, alphabets=alphabets, samples=number, test=test)
            samples.setdefault(str(number), {})[name] = found.rows.round(4).tolist()
            print(number, name, found, sep="\n", flush=True)
    write({"alphabets": list(alphabets), "test": test, "samples": samples})


def write(told: Mapping[str, Any]) -> None:
    """Write the table that ships."""
    text = json.dumps(told, indent=1)
    rows = re.sub(r"\[\s+([-\d.,\se]+?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)
    ARC.write_text(rows + "\n", encoding="utf-8")
