"""Networks of one shape that learn side by side: every array has an axis in front, an entry for each network.

Linear, [batch norm], ReLU, [dropout], ..., linear, softmax, as in `helpers.training.MLP`; a few large products in place
of many small ones.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from helpers.plots.stacks import beside, shuffled, stacked
from helpers.training import BatchNorm, Params


class Networks:
    """A network for each seed, of float32.

    Parameters
    ----------
    sizes : widths of all layers, input and classes too
    seeds : a network for each, with the first weights that `helpers.training.init_mlp` draws
    norm : of arrays (N, D): the networks' units stand side by side in it; None leaves it out
    drop : function x -> (x, backward) for what a hidden layer gives, (networks, N, units); None leaves it out
    at_test : function x -> x, what takes the place of `drop` in evaluation; None: nothing
    running : keep running statistics by `norm.update_running` in every training pass, and evaluate by them
    """

    def __init__(
        self,
        sizes: Sequence[int],
        seeds: Iterable[int],
        *,
        norm: BatchNorm | None = None,
        drop: Callable | None = None,
        at_test: Callable | None = None,
        running: bool = False,
    ) -> None:
        self.params = stacked(sizes, seeds, batchnorm=norm is not None)
        self.depth, self.norm, self.drop, self.at_test = len(sizes) - 1, norm, drop, at_test
        columns = [len(self.params["W1"]) * units for units in sizes[1:-1]]
        self.running = [(np.zeros(n, np.float32), np.ones(n, np.float32)) for n in columns] if running else None

    def loss(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, Params]:
        """Return each network's mean cross-entropy of a training batch (networks, N, D), and the gradients."""
        scores, backwards = self._forward(x)
        networks, rows = np.arange(len(y))[:, None], np.arange(y.shape[1])
        log_p = scores - scores.max(axis=-1, keepdims=True)
        log_p = log_p - np.log(np.exp(log_p).sum(axis=-1, keepdims=True))
        dout = np.exp(log_p)
        dout[networks, rows, y] -= 1
        dout /= y.shape[1]
        grads: Params = {}
        for backward in reversed(backwards):
            dout, found = backward(dout)
            grads |= found
        return -log_p[networks, rows, y].mean(axis=1), grads

    def hidden(self, x: np.ndarray, layer: int = 1) -> np.ndarray:
        """Return what a hidden layer gives, no unit dropped, without batch norm."""
        for i in range(1, layer + 1):
            x = np.maximum(x @ self.params[f"W{i}"] + self.params[f"b{i}"][:, None], 0)
        return x

    def relu_inputs(self, x: np.ndarray) -> list[np.ndarray]:
        """Return what each hidden layer's ReLU is given, (networks, N, units), batch norm by the statistics of x."""
        given: list[np.ndarray] = []
        self._forward(x, [], drop=False, given=given)
        return given

    def scores(self, x: np.ndarray, seen: np.ndarray | None = None, *, by_batch: bool = False) -> np.ndarray:
        """Return the scores as in evaluation: no unit dropped, batch norm by the statistics of the images `seen`.

        Without them by the running statistics, or by_batch as in training, by those of x.
        """
        if self.norm is None or by_batch:
            return self._forward(x, [], drop=False)[0]
        if seen is None:
            return self._forward(x, self.running, drop=False, fixed=True)[0]
        statistics: list = []
        self._forward(seen, statistics, drop=False)
        return self._forward(x, statistics, drop=False, fixed=True)[0]

    def accuracy(self, x: np.ndarray, y: np.ndarray, seen: np.ndarray | None = None) -> np.ndarray:
        """Return the share that each network has right."""
        return np.mean(self.scores(x, seen).argmax(axis=-1) == y, axis=-1)

    def _forward(
        self,
        x: np.ndarray,
        statistics: list | None = None,
        *,
        drop: bool = True,
        fixed: bool = False,
        given: list | None = None,
    ) -> tuple[np.ndarray, list[Callable]]:
        """Return the scores and, for each part, its function dout -> (dx, grads); notes or takes the statistics.

        given : is filled with what each ReLU is given
        """
        backwards: list[Callable] = []
        for i in range(1, self.depth + 1):
            last = i == self.depth
            x = self._linear(x, i, backwards, bias=last or self.norm is None)
            if last:
                break
            if self.norm is not None:
                x = self._normalized(x, i, backwards, statistics, fixed)
            if given is not None:
                given.append(x)
            x = _relu(x, backwards)
            if drop and self.drop is not None:
                x, back = self.drop(x)
                backwards.append(lambda dout, back=back: (back(dout), {}))
            elif not drop and self.at_test is not None:
                x = self.at_test(x)
        return x, backwards

    def _linear(self, x: np.ndarray, i: int, backwards: list[Callable], *, bias: bool) -> np.ndarray:
        W = self.params[f"W{i}"]

        def backward(dout):
            grads = {f"W{i}": x.swapaxes(-1, -2) @ dout} | ({f"b{i}": dout.sum(axis=1)} if bias else {})
            return (dout @ W.swapaxes(-1, -2) if i > 1 else dout), grads

        backwards.append(backward)
        return x @ W + self.params[f"b{i}"][:, None] if bias else x @ W

    def _normalized(self, z, i, backwards: list[Callable], statistics: list | None, fixed: bool) -> np.ndarray:
        networks, n, units = z.shape
        columns = z.transpose(1, 0, 2).reshape(n, -1)
        gamma, beta = self.params[f"gamma{i}"].ravel(), self.params[f"beta{i}"].ravel()
        if fixed:
            mean, var = statistics[i - 1]
            out = self.norm.inference(columns, gamma, beta, mean, var, eps=self.norm.eps)
        else:
            if statistics is not None:
                statistics.append((columns.mean(axis=0), columns.var(axis=0)))
            elif self.running is not None:
                kept = self.norm.update_running(*self.running[i - 1], columns, momentum=self.norm.momentum)
                self.running[i - 1] = tuple(np.asarray(part, np.float32) for part in kept)
            out, cache = self.norm.forward(columns, gamma, beta, eps=self.norm.eps)

            def backward(dout):
                found = self.norm.backward(dout.transpose(1, 0, 2).reshape(n, -1), cache)
                dx, dgamma, dbeta = (np.asarray(part, np.float32) for part in found)
                grads = {f"gamma{i}": dgamma.reshape(networks, units), f"beta{i}": dbeta.reshape(networks, units)}
                return dx.reshape(n, networks, units).transpose(1, 0, 2), grads

            backwards.append(backward)
        return np.asarray(out, np.float32).reshape(n, networks, units).transpose(1, 0, 2)


def _relu(x: np.ndarray, backwards: list[Callable]) -> np.ndarray:
    out = np.maximum(x, 0)
    backwards.append(lambda dout: (dout * (out > 0), {}))
    return out


def inverted_dropout(p: float, rng: np.random.Generator) -> Callable:
    """Return the `drop` of `Networks` that drops units with probability p."""

    def drop(x):
        scaled = (rng.random(x.shape, np.float32) >= p) / np.float32(1 - p)
        return x * scaled, lambda dout: dout * scaled

    return drop


def learn(
    networks: Networks,
    x: np.ndarray,
    y: np.ndarray,
    *,
    lr: float | np.ndarray,
    steps: int,
    batch: int,
    rng: np.random.Generator,
    momentum: float = 0.0,
    change: Callable[[Params], Params] | None = None,
    on_step: Callable[[int, np.ndarray, np.ndarray], None] | None = None,
) -> None:
    """Train all networks by SGD, each on data of its own, at the same places of it.

    Parameters
    ----------
    networks : Networks; changed in place
    x, y : ndarrays of shape (networks, N, D) and (networks, N)
    lr : float, or an array with one for each network
    change : function params -> params, called after each step, such as a bound on the weights
    on_step : function (t, x, y) of the step and its batch, called before it
    """
    speed: Params = {}
    for t, chosen in enumerate(shuffled(x.shape[1], batch, steps, rng)):
        if on_step is not None:
            on_step(t, x[:, chosen], y[:, chosen])
        _, grads = networks.loss(x[:, chosen], y[:, chosen])
        for name, grad in grads.items() if momentum else ():
            kept = speed.setdefault(name, np.zeros_like(grad))
            kept *= momentum
            kept += grad
        descend(networks, speed if momentum else grads, lr)
        if change is not None:
            networks.params = change(networks.params)


def descend(networks: Networks, grads: Params, lr: float | np.ndarray) -> None:
    """Take one step against the gradients, at one rate or at one for each network."""
    rates = np.asarray(lr, np.float32)
    for name, grad in grads.items():
        networks.params[name] = networks.params[name] - beside(rates, grad) * grad
