"""The capstone's ladder: what plain solutions earn, by the judge that grades; `python -m bench.ladder`.

Eleven solutions, from a constant to three convolutional networks, each on several alphabets that no notebook has: mean
and spread of every measure. The rungs in `autograder/exercises/capstone/train.py` are chosen by this table, and the
cheap rows are held by `tests/exercises/test_capstone.py`. It takes a quarter of an hour; `--only` names rows. `--arc`
measures instead the steps of the notebook, made of the course's own exercises (`bench/arc.py`).
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np

from autograder import exercises
from autograder.exercises.capstone._neighbours import five_neighbours, rows, softmax, softmax_regression, two_layers
from autograder.judge import Verdict, judge
from autograder.judge.script import LocalCaller
from bench import arc
from helpers.letters import LETTERS, SIZE

Array = np.ndarray
Predict = Callable[[Array], Array]


def constant(x: Array, y: Array, rng: np.random.Generator) -> Predict:
    """Every letter as likely as any other."""
    return lambda images: np.full((len(images), LETTERS), 1 / LETTERS)


def class_mean(x: Array, y: Array, rng: np.random.Generator) -> Predict:
    """The nearest mean of a class, surer the nearer."""
    means = np.stack([rows(x[y == k]).mean(0) for k in range(LETTERS)])
    return lambda images: softmax(1.5 * (rows(images) @ means.T - (means**2).sum(1) / 2))


# ------------------------------------------------------------------------------ networks


def warped(x: Array, rng: np.random.Generator, *, move: float = 2.0, bend: float = 0.7) -> Array:
    """Each image turned, slanted, scaled, moved and bent anew (bilinear; paper without noise enters)."""
    n = len(x)
    angle, slant = np.array([[np.radians(12)], [0.2]]) * rng.standard_normal((2, n))
    width, height = np.exp(0.12 * rng.standard_normal((2, n)))
    a = np.array([[np.cos(angle) * width, -np.sin(angle) + slant], [np.sin(angle), np.cos(angle) * height]])
    steps = np.arange(SIZE) - (SIZE - 1) / 2
    grid = np.stack(np.meshgrid(steps, steps)).reshape(2, -1)
    knots = np.maximum(0, 1 - np.abs(np.arange(SIZE) - np.linspace(0, SIZE - 1, 4)[:, None]) / 5)
    field = np.einsum("ai,bj->abij", knots, knots).reshape(16, -1)
    places = np.einsum("abn,bp->nap", a, grid) + (SIZE - 1) / 2 + rng.uniform(-move, move, (n, 2, 1))
    places = np.clip(places + bend * rng.standard_normal((n, 2, 16)) @ field, -1.99, SIZE + 0.99) + 2
    corner = places.astype(int)
    right, down = (places - corner).astype(x.dtype).transpose(1, 0, 2)
    wide = SIZE + 4
    padded = np.pad(x[:, 0], ((0, 0), (2, 2), (2, 2))).reshape(n, -1)
    first = corner[:, 1] * wide + corner[:, 0]
    top, bottom = (
        np.take_along_axis(padded, first + k, 1) * (1 - right) + np.take_along_axis(padded, first + k + 1, 1) * right
        for k in (0, wide)
    )
    return (top * (1 - down) + bottom * down).reshape(x.shape)


def noisy(x: Array, rng: np.random.Generator, most: float) -> Array:
    """Each image with noise of a strength of its own, up to `most`."""
    strength = most * rng.random((len(x), 1, 1, 1), dtype=np.float32)
    return np.clip(x + strength * rng.standard_normal(x.shape, dtype=np.float32), 0, 1)


def patches(images: Array) -> Array:
    """The 3 x 3 neighbourhoods of (N, H, W, C) as rows of 9 C."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return views.reshape(*images.shape[:3], -1)


def gathered(d: Array, channels: int) -> Array:
    """The transpose of `patches`: what each neighbourhood gives back, summed."""
    n, height, width, _ = d.shape
    d = d.reshape(n, height, width, channels, 3, 3)
    out = np.zeros((n, height + 2, width + 2, channels), d.dtype)
    for i in range(3):
        for j in range(3):
            out[:, i : i + height, j : j + width] += d[..., i, j]
    return out[:, 1:-1, 1:-1]


class Network:
    """Layers with BatchNorm and ReLU, convolutional ones first, each of which ends in a 2 x 2 maximum.

    Parameters
    ----------
    channels : of the convolutions
    hidden : units of the dense layers
    drop : probability with which a dense unit is dropped
    """

    def __init__(self, rng: np.random.Generator, channels: Sequence[int], hidden: Sequence[int], drop: float):
        self.rng, self.drop, self.channels = rng, drop, len(channels)
        side = SIZE // 2**self.channels
        ins = [9 * c for c in (1, *channels[:-1])] if channels else []
        ins += [side * side * (channels[-1] if channels else 1), *hidden]
        outs = [*channels, *hidden, LETTERS]
        scale = [np.float32((2 / n) ** 0.5) for n in ins]
        self.w = [k * rng.standard_normal((a, b), dtype=np.float32) for k, a, b in zip(scale, ins, outs, strict=True)]
        self.gamma, self.beta = ([f(n, np.float32) for n in outs[:-1]] for f in (np.ones, np.zeros))
        self.b = np.zeros(LETTERS, np.float32)
        self.mean, self.var = ([f(n, np.float32) for n in outs[:-1]] for f in (np.zeros, np.ones))
        self.seen = 0

    @property
    def parameters(self) -> list[Array]:
        """All arrays that are trained."""
        return [*self.w, *self.gamma, *self.beta, self.b]

    def scores(self, images: Array, caches: list | None = None) -> Array:
        """Scores of ten letters; in training, with the caches of a backward pass."""
        a = np.moveaxis(images, 1, -1) if self.channels else rows(images)
        for k in range(len(self.gamma)):
            if k == self.channels and self.channels:
                a = rows(a)
            inside = patches(a) if k < self.channels else a
            z = inside @ self.w[k]
            axes = tuple(range(z.ndim - 1))
            if caches is not None:
                mean, var = z.mean(axes), z.var(axes)
                share = max(0.02, 1 / (self.seen + 1))
                self.mean[k] += share * (mean - self.mean[k])
                self.var[k] += share * (var - self.var[k])
            else:
                mean, var = self.mean[k], self.var[k]
            scale = 1 / np.sqrt(var + 1e-5)
            normed = (z - mean) * scale
            u = normed * self.gamma[k] + self.beta[k]
            out = np.maximum(u, 0)
            keep: Array | None = None
            if k < self.channels:
                n, h, w, c = out.shape
                cells = out.reshape(n, h // 2, 2, w // 2, 2, c)
                pooled = cells.max((2, 4), keepdims=True)
                keep = (cells == pooled).reshape(out.shape)
                a = pooled.reshape(n, h // 2, w // 2, c)
            else:
                if caches is not None and self.drop:
                    keep = (self.rng.random(out.shape, dtype=np.float32) >= self.drop) / np.float32(1 - self.drop)
                a = out if keep is None else out * keep
            if caches is not None:
                caches.append((inside, normed, scale, u > 0, keep))
        if caches is not None:
            caches.append(a)
            self.seen += 1
        return a @ self.w[-1] + self.b

    def gradients(self, d: Array, caches: list) -> list[Array]:
        """Gradients of all parameters, given that of the scores."""
        a = caches.pop()
        dw, dgamma, dbeta, db = [a.T @ d], [], [], d.sum(0)
        d = d @ self.w[-1].T
        for k in reversed(range(len(self.gamma))):
            inside, normed, scale, lit, keep = caches[k]
            if k < self.channels:
                n, h, w, c = normed.shape
                d = np.repeat(np.repeat(d.reshape(n, h // 2, w // 2, c), 2, 1), 2, 2)
            d = d * lit if keep is None else d * lit * keep
            axes = tuple(range(d.ndim - 1))
            dgamma.insert(0, (d * normed).sum(axes))
            dbeta.insert(0, d.sum(axes))
            d = d * self.gamma[k]
            d = scale * (d - d.mean(axes) - normed * (d * normed).mean(axes))
            dw.insert(0, inside.reshape(-1, inside.shape[-1]).T @ d.reshape(-1, d.shape[-1]))
            if k:
                d = d @ self.w[k].T
                if k < self.channels:
                    d = gathered(d, self.w[k].shape[0] // 9)
        return [*dw, *dgamma, *dbeta, db]


def network(
    x: Array,
    y: Array,
    rng: np.random.Generator,
    *,
    channels: Sequence[int] = (),
    hidden: Sequence[int] = (256, 256),
    drop: float = 0.1,
    epochs: int = 200,
    batch: int = 50,
    lr: float = 2e-3,
    augment: bool = True,
    noise: float = 0.0,
    decay: float = 0.99,
) -> Predict:
    """Adam with a cosine, on samples that are warped anew in each epoch; the average of the weights predicts."""
    net = Network(rng, channels, hidden, drop)
    wanted = np.eye(LETTERS, dtype=np.float32)[y]
    m, v, averages = ([np.zeros_like(w) for w in net.parameters] for _ in range(3))
    total, t = epochs * -(-len(x) // batch), 0
    for _ in range(epochs):
        images = warped(x, rng) if augment else x
        images = noisy(images, rng, noise) if noise else images
        for chosen in np.array_split(rng.permutation(len(x)), -(-len(x) // batch)):
            caches: list = []
            d = (softmax(net.scores(images[chosen], caches)) - wanted[chosen]) / np.float32(len(chosen))
            rate = np.float32(lr * 0.5 * (1 + np.cos(np.pi * t / total)) * min(1, (t + 1) / 20))
            t += 1
            for k, (w, g) in enumerate(zip(net.parameters, net.gradients(d, caches), strict=True)):
                m[k] += np.float32(0.1) * (g - m[k])
                v[k] += np.float32(0.001) * (g * g - v[k])
                root = np.sqrt(v[k] / np.float32(1 - 0.999**t)) + np.float32(1e-8)
                w -= rate * (m[k] / np.float32(1 - 0.9**t)) / root
                averages[k] += np.float32(max(1 - decay, 1 / t)) * (w - averages[k])
    for w, average in zip(net.parameters, averages, strict=True):
        w[...] = average
    return lambda images: softmax(net.scores(images.astype(np.float32)))


def three(x: Array, y: Array, rng: np.random.Generator, **options: object) -> Predict:
    """The mean of three networks' probabilities."""
    members = [network(x, y, rng, **options) for _ in range(3)]  # type: ignore[arg-type]
    return lambda images: sum(predict(images) for predict in members) / 3


_CNN = {"channels": (12, 24), "hidden": (64,), "drop": 0.0, "lr": 5e-3}
SOLUTIONS: dict[str, Callable[..., Predict]] = {
    "constant": constant,
    "class mean": class_mean,
    "softmax regression": softmax_regression,
    "five neighbours": five_neighbours,
    "two layers, SGD": two_layers,
    "+ Adam, BatchNorm, dropout": partial(network, epochs=40, drop=0.5, augment=False),
    "+ augmentation, EMA": network,
    "the same with noise augmentation": partial(network, noise=0.4),
    "CNN, no augmentation": partial(network, **_CNN, epochs=30, augment=False),
    "CNN + augmentation, EMA": partial(network, **_CNN, epochs=90),
    "three CNNs + noise augmentation": partial(three, **_CNN, epochs=50, noise=0.4),
}


def verdict(name: str, seed: str) -> Verdict:
    """The capstone's verdict on one of the solutions."""
    return judge(exercises.load("train"), LocalCaller([SOLUTIONS[name]]), points=100, seed=seed)


def table(names: Iterable[str], alphabets: int) -> str:
    """A line for each solution: means over alphabets, and how far they lie apart."""
    lines = [
        "| solution | clean % | shifted | noisy | ECE | NLL | CPU s | points |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        found = [verdict(name, f"ladder {k}") for k in range(alphabets)]
        told = []
        for key, scale, digits in (
            ("accuracy", 100, 1), ("shifted", 100, 1), ("noisy", 100, 1), ("ece", 1, 3), ("nll", 1, 2),
            ("train_seconds", 1, 1),
        ):  # fmt: skip
            values = [scale * one.measured[key] for one in found]
            told.append(f"{np.mean(values):.{digits}f}")
            if key == "accuracy":
                told[-1] += f" ± {np.std(values):.1f}"
        points = sorted(one.points for one in found)
        lines.append(f"| {name} | {' | '.join(told)} | {points[0]:g}-{points[-1]:g} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(SOLUTIONS), help="names of solutions")
    parser.add_argument("--alphabets", type=int, default=3)
    parser.add_argument("--arc", action="store_true", help="measure the notebook's steps, and write helpers/arc.json")
    arguments = parser.parse_args()
    if arguments.arc:
        arc.measure()
    else:
        print(table(arguments.only, arguments.alphabets))
