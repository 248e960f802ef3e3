"""Curves of training runs, drawn to be read: each shows one thing, and has the names of `History`."""

import numpy as np

from helpers import arguments

Curves = dict[str, np.ndarray]

KINDS = (
    "not a number",
    "rate too high",
    "rate too low",
    "validation set too small",
    "overfitting",
    "underfitting",
)


def curves(kind: str, rng: np.random.Generator, *, epochs: int = 40, first: float = 2.3, doubt: float = 0.0) -> Curves:
    """Return the curves of one run: train_loss, val_loss, train_accuracy, val_accuracy, arrays of shape (epochs,).

    Parameters
    ----------
    kind : one of `KINDS`; what is to be seen in them
    rng : numpy.random.Generator
    epochs : int, at least 20
    first : float; the loss of the first epoch
    doubt : float in [0, 1]; 0 is clear-cut, at 1 the run shows something else (one that is nan is nan)

    Raises
    ------
    ValueError
        For an unknown kind.

    Examples
    --------
    >>> run = curves("rate too low", np.random.default_rng(0))
    >>> bool(run["train_loss"][-1] > 0.99 * run["train_loss"][0])
    True
    """
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} must be one of {', '.join(KINDS)}")
    arguments.generator("rng", rng)
    arguments.whole("epochs", epochs, 20)
    arguments.positive("first", first)
    arguments.number("doubt", doubt, lambda value: 0 <= value <= 1, "lie in [0, 1]")

    def between(clear: float, other: float, spread: float) -> float:
        """From its clear-cut value to one beyond the threshold."""
        return clear + doubt * (other - clear) + float(rng.uniform(-spread, spread)) * (1 - doubt)

    left, top, gap, jumps = float(rng.uniform(0.4, 0.55)), float(rng.uniform(0.5, 0.65)), 0.02, 0.008
    gap = float(rng.uniform(0.014, 0.026))
    if kind == "rate too low":
        left, top = between(0.995, 0.8, 0.003), 0.12
    elif kind == "rate too high":
        left, top = between(3.2, 0.8, 0.8), 0.12
    elif kind == "overfitting":
        left, top, gap = 0.05, float(rng.uniform(0.96, 0.99)), between(0.32, 0.02, 0.06)
    elif kind == "validation set too small":
        left, top, jumps = 0.25, float(rng.uniform(0.62, 0.68)), between(0.14, 0.01, 0.02)
    elif kind == "underfitting":
        gap = between(gap, 0.2, 0.0)
    run = drawn(rng, epochs, first=first, left=left, top=top, gap=gap, jumps=jumps)
    if kind == "not a number":
        reached = int(rng.integers(epochs // 3, epochs - 2))
        for values in run.values():
            values[reached + int(doubt * (epochs - 1 - reached)) :] = np.nan
    return run


def drawn(
    rng: np.random.Generator,
    epochs: int,
    *,
    first: float,
    left: float,
    top: float,
    gap: float,
    jumps: float,
    bottom: float = 0.1,
    bend: float = 2.5,
) -> Curves:
    """Return curves with given features.

    Parameters
    ----------
    rng : numpy.random.Generator
    epochs : int
    first, left : float; the training loss of the first epoch, and the share of it that is left at the end
    bottom, top : float; training accuracy of the first and the last epoch
    gap : float; training accuracy minus validation accuracy, in the last two thirds
    jumps : float; standard deviation of the validation accuracy's differences in the second half
    bend : float, positive; how much faster the run is at its beginning than at its end
    """
    t = np.linspace(0, 1, epochs)
    way = np.expm1(-bend * t) / np.expm1(-bend)
    train_loss = first * (1 + (left - 1) * way)
    train_accuracy = bottom + (top - bottom) * way
    noise = rng.standard_normal(epochs)
    noise *= jumps / np.diff(noise[epochs // 2 :]).std()
    noise -= noise[-(epochs // 4) :].mean()
    apart = gap * np.minimum(1, 3 * t)
    val_accuracy = np.clip(train_accuracy - apart + noise, 0, 1)
    val_loss = train_loss + first * np.maximum(4 * apart * t, 0) + 0.01 * first
    return {
        "train_loss": train_loss,
        "val_loss": val_loss,
        "train_accuracy": train_accuracy,
        "val_accuracy": val_accuracy,
    }
