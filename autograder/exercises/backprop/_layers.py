"""What the layers' exercises share: how they are drawn."""

import numpy as np

SIZES = {"n": "samples", "d": "inputs", "m": "outputs"}


def weights(rng, *shape):
    """Weights that keep the outputs near 1."""
    return rng.standard_normal(shape) / np.sqrt(shape[0])


def bias(rng, n):
    """Biases away from 0, of both signs, so that a forgotten one shows."""
    return rng.uniform(0.3, 1.5, n) * rng.choice([-1.0, 1.0], n)


def draw_linear(rng, case):
    """One linear layer. Options: `n`, `d`, `m`; `size` multiplies x, `offset` is added."""
    n, d, m = (case.get(name) for name in ("n", "d", "m"))
    x = case.get("size", 1.0) * rng.standard_normal((n, d)) + case.get("offset", 0.0)
    return {"x": x, "W": weights(rng, d, m), "b": bias(rng, m)}, {}


def draw_maxout(rng, case):
    """Two linear pieces that nowhere come close to a tie, where the gradient would be a matter of rounding.

    Options as for `draw_linear`; `winner` (1 or 2) wins everywhere.
    """
    while True:
        first, _ = draw_linear(rng, case)
        x, W2, b2 = first["x"], weights(rng, *first["W"].shape), bias(rng, len(first["b"]))
        W1, b1 = first["W"], first["b"]
        if case.get("winner"):
            b1 = b1 + (30.0 if case.get("winner") == 1 else -30.0)
        if abs(x @ W1 + b1 - x @ W2 - b2).min() > 1e-3:
            return {"x": x, "W1": W1, "b1": b1, "W2": W2, "b2": b2}, {}
