"""The networks of the capstone's ladder: dense and convolutional ones, with samples of their own making, in float32."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.exercises.capstone._neighbours import softmax
from helpers.letters import LETTERS, SIZE

Array = np.ndarray
Predict = Callable[[Array], Array]

_EPS = np.float32(1e-5)


def warped(x: Array, rng: np.random.Generator, *, move: float = 2.0, bend: float = 0.7) -> Array:
    """Each image turned, slanted, scaled, moved and bent anew (bilinear; paper without noise enters)."""
    n, wide = len(x), SIZE + 4
    angle, slant = np.array([[np.radians(12)], [0.2]]) * rng.standard_normal((2, n))
    width, height = np.exp(0.12 * rng.standard_normal((2, n)))
    turns = np.array([[np.cos(angle) * width, -np.sin(angle) + slant], [np.sin(angle), np.cos(angle) * height]])
    steps = np.arange(SIZE) - (SIZE - 1) / 2
    grid = np.stack(np.meshgrid(steps, steps)).reshape(2, -1).astype(np.float32)
    knots = np.maximum(0, 1 - np.abs(np.arange(SIZE) - np.linspace(0, SIZE - 1, 4)[:, None]) / 5)
    field = np.einsum("ai,bj->abij", knots, knots).reshape(16, -1).astype(np.float32)
    places = turns.transpose(2, 0, 1).reshape(-1, 2).astype(np.float32) @ grid
    places += np.float32(bend) * rng.standard_normal((2 * n, 16), dtype=np.float32) @ field
    places += rng.uniform(-move, move, (2 * n, 1)).astype(np.float32) + np.float32((SIZE - 1) / 2)
    places = np.clip(places, -1.99, SIZE + 0.99, out=places).reshape(n, 2, -1) + 2
    corner = places.astype(np.int32)
    right, down = (places - corner).transpose(1, 0, 2)
    paper = np.pad(x[:, 0], ((0, 0), (2, 2), (2, 2))).ravel()
    first = corner[:, 1] * wide + corner[:, 0] + wide * wide * np.arange(n)[:, None]
    top, bottom = (paper[first + k] * (1 - right) + paper[first + k + 1] * right for k in (0, wide))
    return (top * (1 - down) + bottom * down).reshape(x.shape)


def noisy(x: Array, rng: np.random.Generator, most: float) -> Array:
    """Half of the images with noise, each of a strength of its own, up to `most`."""
    strength = most * np.maximum(0, 2 * rng.random((len(x), 1, 1, 1), dtype=np.float32) - 1)
    return np.clip(x + strength * rng.standard_normal(x.shape, dtype=np.float32), 0, 1)


def columns(a: Array) -> Array:
    """The 3 x 3 neighbourhoods of (C, N, H, W) as columns: (9 C, N H W)."""
    c, n, h, w = a.shape
    padded = np.zeros((c, n, h + 2, w + 2), a.dtype)
    padded[:, :, 1:-1, 1:-1] = a
    out = np.empty((3, 3, c, n, h, w), a.dtype)
    for i in range(3):
        for j in range(3):
            out[i, j] = padded[:, :, i : i + h, j : j + w]
    return out.reshape(9 * c, -1)


def gathered(d: Array, shape: tuple[int, ...]) -> Array:
    """The transpose of `columns`: what each neighbourhood gives back, summed."""
    c, n, h, w = shape
    d = d.reshape(3, 3, *shape)
    out = np.zeros((c, n, h + 2, w + 2), d.dtype)
    for i in range(3):
        for j in range(3):
            out[:, :, i : i + h, j : j + w] += d[i, j]
    return out[:, :, 1:-1, 1:-1]


def quarters(a: Array) -> list[Array]:
    """The four pixels of each 2 x 2 cell, as views."""
    return [a[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]


class Network:
    """Linear or convolution and 2 x 2 maximum, then BatchNorm, ReLU and dropout: layers, convolutions first.

    Samples are columns. All that is trained lies in one vector, so that an optimizer's step is a few operations.

    Parameters
    ----------
    channels : of the convolutions
    hidden : units of the dense layers
    drop : probability with which a dense unit is dropped
    """

    def __init__(self, rng: np.random.Generator, channels: Sequence[int], hidden: Sequence[int], drop: float):
        self.rng, self.drop, self.convolutions = rng, drop, len(channels)
        side = SIZE // 2**self.convolutions
        ins = [9 * c for c in (1, *channels[:-1])] if channels else []
        ins += [side * side * (channels[-1] if channels else 1), *hidden]
        outs = [*channels, *hidden, LETTERS]
        shapes = [*zip(outs, ins, strict=True), *((n, 1) for n in outs), *((n, 1) for n in outs[:-1])]
        ends = np.cumsum([a * b for a, b in shapes])
        self.vector = np.zeros(ends[-1], np.float32)
        self.gradient = np.zeros_like(self.vector)
        parts, slopes = (
            [part.reshape(shape) for part, shape in zip(np.split(whole, ends[:-1]), shapes, strict=True)]
            for whole in (self.vector, self.gradient)
        )
        k = len(outs)
        self.w, self.beta, self.gamma = parts[:k], parts[k : 2 * k], parts[2 * k :]
        self.dw, self.dbeta, self.dgamma = slopes[:k], slopes[k : 2 * k], slopes[2 * k :]
        for w in self.w:
            w[...] = np.float32((2 / w.shape[1]) ** 0.5) * rng.standard_normal(w.shape, dtype=np.float32)
        for gamma in self.gamma:
            gamma[...] = 1
        self.mean = [np.zeros((n, 1), np.float32) for n in outs[:-1]]
        self.var = [np.ones((n, 1), np.float32) for n in outs[:-1]]
        self.seen = 0

    def scores(self, images: Array, caches: list | None = None) -> Array:
        """Scores of ten letters, (10, N); in training, with the caches of a backward pass."""
        n = len(images)
        a = images.transpose(1, 0, 2, 3) if self.convolutions else images.reshape(n, -1).T
        for k in range(len(self.gamma)):
            best: list[Array] = []
            shape = a.shape
            if k < self.convolutions:
                inside = columns(a)
                cells = quarters((self.w[k] @ inside).reshape(-1, *shape[1:]))
                pooled = np.maximum(np.maximum(cells[0], cells[1]), np.maximum(cells[2], cells[3]))
                best = [cell == pooled for cell in cells] if caches is not None else []
                z, shape = pooled.reshape(len(pooled), -1), pooled.shape
            else:
                if a.ndim == 4:
                    a = a.transpose(0, 2, 3, 1).reshape(-1, n)
                inside, shape = a, (len(self.w[k]), n)
                z = self.w[k] @ a
            if caches is None:
                mean, var = self.mean[k], self.var[k]
            else:
                mean = z.mean(1, keepdims=True)
                var = np.square(z - mean).mean(1, keepdims=True)
                share = max(0.02, 1 / (self.seen + 1))
                self.mean[k] += share * (mean - self.mean[k])
                self.var[k] += share * (var - self.var[k])
            scale = 1 / np.sqrt(var + _EPS)
            normed = (z - mean) * scale
            out = np.maximum(normed * self.gamma[k] + self.beta[k], 0)
            if caches is not None:
                lit: Array = out > 0
                if self.drop and k >= self.convolutions:
                    keep = self.rng.random(out.shape, dtype=np.float32) >= self.drop
                    lit = (lit & keep) * np.float32(1 / (1 - self.drop))
                    out *= keep * np.float32(1 / (1 - self.drop))
                caches.append((inside, normed, scale, lit, best))
            a = out.reshape(shape)
        if caches is not None:
            caches.append(a)
            self.seen += 1
        return self.w[-1] @ a + self.beta[-1]

    def backward(self, d: Array, caches: list) -> None:
        """Write the gradient of all that is trained, given that of the scores."""
        a = caches.pop()
        np.matmul(d, a.T, out=self.dw[-1])
        d.sum(1, keepdims=True, out=self.dbeta[-1])
        d = self.w[-1].T @ d
        for k in reversed(range(len(self.gamma))):
            inside, normed, scale, lit, best = caches[k]
            d = d * lit
            d.sum(1, keepdims=True, out=self.dbeta[k])
            (d * normed).sum(1, keepdims=True, out=self.dgamma[k])
            n = np.float32(d.shape[1])
            d = scale * self.gamma[k] * (d - self.dbeta[k] / n - normed * (self.dgamma[k] / n))
            if k < self.convolutions:
                c, samples, h, w = best[0].shape
                whole = np.empty((c, samples, 2 * h, 2 * w), np.float32)
                for cell, chosen in zip(quarters(whole), best, strict=True):
                    np.multiply(d.reshape(chosen.shape), chosen, out=cell)
                d = whole.reshape(c, -1)
            np.matmul(d, inside.T, out=self.dw[k])
            if k:
                d = self.w[k].T @ d
                if k <= self.convolutions:
                    d = self._of_the_layer_before(d, caches[k - 1][4], k)

    def _of_the_layer_before(self, d: Array, best: list[Array], k: int) -> Array:
        """Columns of a layer's input as the pixels of the convolution before it."""
        c, n, h, w = best[0].shape
        if k < self.convolutions:
            return gathered(d, best[0].shape).reshape(c, -1)
        return d.reshape(c, h, w, n).transpose(0, 3, 1, 2).reshape(c, -1)


def trained(
    x: Array,
    y: Array,
    rng: np.random.Generator,
    *,
    channels: Sequence[int] = (),
    hidden: Sequence[int] = (192, 128),
    drop: float = 0.0,
    epochs: int = 100,
    batch: int = 100,
    lr: float = 4e-3,
    augment: bool = True,
    noise: float = 0.0,
    decay: float = 0.99,
) -> Network:
    """A network after Adam with a cosine, on samples that are warped anew in each epoch; its weights are averages."""
    net = Network(rng, channels, hidden, drop)
    w, g = net.vector, net.gradient
    wanted = np.eye(LETTERS, dtype=np.float32)[y].T
    m, v, average, change = (np.zeros_like(w) for _ in range(4))
    batches = max(len(x) // batch, 1)
    total, t = epochs * batches, 0
    for _ in range(epochs):
        images = warped(x, rng) if augment else x
        images = noisy(images, rng, noise) if noise else images
        for chosen in np.array_split(rng.permutation(len(x)), batches):
            caches: list = []
            p = softmax(net.scores(images[chosen], caches).T).T
            net.backward((p - wanted[:, chosen]) / np.float32(len(chosen)), caches)
            rate = lr * 0.5 * (1 + math.cos(math.pi * t / total)) * min(1, (t + 1) / 20)
            t += 1
            np.subtract(g, m, out=change)
            change *= np.float32(0.1)
            m += change
            np.square(g, out=change)
            change -= v
            change *= np.float32(0.001)
            v += change
            np.sqrt(v, out=change)
            change += np.float32(1e-8)
            np.divide(m, change, out=change)
            change *= np.float32(rate * math.sqrt(1 - 0.999**t) / (1 - 0.9**t))
            w -= change
            np.subtract(w, average, out=change)
            change *= np.float32(max(1 - decay, 1 / t))
            average += change
    w[...] = average
    return net


def network(x: Array, y: Array, rng: np.random.Generator, *, members: int = 1, **options: Any) -> Predict:
    """Probabilities by the mean of the scores of some networks."""
    nets = [trained(x, y, rng, **options) for _ in range(members)]
    return lambda images: softmax(sum(net.scores(images.astype(np.float32)) for net in nets).T / np.float32(members))
