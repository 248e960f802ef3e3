"""A small network that a loop trains, and what it answers to the loop."""

import numpy as np

from autograder.judge import in_torch, torch
from autograder.worker.functions import heavy_step, plain_step

STEPS = {"plain": (plain_step, 0.0), "heavy": (heavy_step, 0.9)}
SHAPES = {"W": (3, 2), "b": (2,), "c": (2,)}


class Problem:
    """A small network, its first parameters, data, batches, and how it is trained. Options: see `ask`."""

    def __init__(self, rng, case):
        names = case.get("names", tuple(SHAPES))
        self.params = {name: rng.standard_normal(SHAPES[name]) for name in names}
        self.x, self.y = rng.standard_normal((24, 3)), rng.standard_normal((24, 2))
        n = case.get("batches", 6)
        self.batches = list(rng.integers(24, size=(n, 4)))
        # More of them than steps: who counts otherwise gets another rate, and no error.
        self.rates = rng.uniform(0.05, 0.3, 3 * n + 3) if case.get("rates") else np.full(3 * n + 3, 0.2)
        self.step, self.momentum = STEPS[case.get("step", "plain")]
        self.asked = []

    def loss(self, params, batch):
        """Mean of (c tanh(x W + b) - y)^2; a parameter that is left out is no part of it."""
        x, y = torch.tensor(self.x[batch]), torch.tensor(self.y[batch])
        hidden = torch.tanh(x @ params.get("W", torch.ones(3, 2, dtype=torch.float64)) + params.get("b", 0.3))
        return ((hidden * params.get("c", 1.0) - y) ** 2).mean()

    def loss_and_grads(self, *args):
        """What the student's function is given; it refuses what are no parameters and batch of it."""
        if len(args) != 2:
            raise ValueError("loss_and_grads takes two arguments, params and batch")
        params, batch = args
        if not (isinstance(params, dict) and params.keys() == self.params.keys()):
            raise ValueError("params must be a dict with the keys that it came with")
        for name, value in params.items():
            if not isinstance(value, np.ndarray) or value.shape != SHAPES[name] or value.dtype.kind != "f":
                raise ValueError(f"params[{name!r}] must be an array of shape {SHAPES[name]}")
        if not any(np.array_equal(batch, known) for known in self.batches):
            raise ValueError("batch must be one of those in batches")
        self.asked.append(batch)
        return slopes(self, params, batch)

    def schedule(self, *args):
        """The rate at step t."""
        if len(args) != 1 or not isinstance(args[0], int | np.integer) or not 0 <= args[0] < len(self.rates):
            raise ValueError("schedule takes t, the number of steps taken so far: 0, 1, 2, ...")
        return float(self.rates[args[0]])


def by_hand(problem, params, batch):
    """The loss and its gradients, in NumPy."""
    x, y, one = problem.x[batch], problem.y[batch], np.ones(2)
    c, hidden = params.get("c", one), np.tanh(x @ params.get("W", np.ones((3, 2))) + params.get("b", 0.3 * one))
    error = hidden * c - y
    dout = 2 * error / error.size
    dsum = dout * c * (1 - hidden**2)
    grads = {"W": x.T @ dsum, "b": dsum.sum(axis=0), "c": (dout * hidden).sum(axis=0)}
    return float(np.mean(error**2)), {name: grads[name] for name in params}


@in_torch(otherwise=by_hand)
def slopes(problem, params, batch):
    """The loss and its gradients, by autograd."""
    leaves = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in params.items()}
    loss = problem.loss(leaves, batch)
    grads = torch.autograd.grad(loss, list(leaves.values()))
    return loss.item(), {name: grad.numpy() for name, grad in zip(leaves, grads, strict=True)}
