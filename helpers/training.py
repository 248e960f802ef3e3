"""Small networks in NumPy and the loop that trains them with the student's own functions.

`MLP` is a fully connected network with ReLU and softmax cross-entropy, or with the student's own `Layers`, `BatchNorm`
and `Dropout`. `train` runs it, or any object with the same few methods (`Network`), with an optimizer of the course's
signature.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from helpers import arguments
from helpers.data import Dataset

Initializer = Callable[[tuple[int, int], np.random.Generator], np.ndarray]
Params = dict[str, np.ndarray]


# ------------------------------------------------------------------------------------- network


@dataclass(frozen=True)
class Layers:
    """What a network is made of: the student's functions in place of the built-in ones.

    Attributes
    ----------
    linear_forward : ``linear_forward(x, W, b) -> (out, cache)``
    linear_backward : ``linear_backward(dout, cache) -> (dx, dW, db)``
    activation : ``relu(x) -> out``, or another of its kind
    activation_backward : ``relu_backward(dout, x) -> dx``, where x is what the activation was given
    loss : ``softmax_cross_entropy(scores, y) -> (loss, dscores)``
    """

    linear_forward: Callable
    linear_backward: Callable
    activation: Callable
    activation_backward: Callable
    loss: Callable

    def __post_init__(self) -> None:
        for name, function in vars(self).items():
            arguments.function(name, function)


def _linear_forward(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Any]:
    return x @ W + b, (x, W)


def _linear_backward(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.sum(axis=0)


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def _relu_backward(dout: np.ndarray, x: np.ndarray) -> np.ndarray:
    return dout * (x > 0)


def _cross_entropy(scores: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean of -log softmax(scores)[y], and its gradient (N, classes)."""
    n = len(y)
    shifted = scores - scores.max(axis=1, keepdims=True)
    exp = np.exp(shifted)
    total = exp.sum(axis=1, keepdims=True)
    rows = np.arange(n)
    loss = float(np.mean(np.log(total[:, 0]) - shifted[rows, y]))
    dscores = exp / total
    dscores[rows, y] -= 1
    return loss, dscores / n


BUILT_IN = Layers(_linear_forward, _linear_backward, _relu, _relu_backward, _cross_entropy)


@dataclass(frozen=True)
class BatchNorm:
    """The student's normalisation, put between a layer's weights and its ReLU.

    Attributes
    ----------
    forward : ``batchnorm_forward(x, gamma, beta, *, eps) -> (out, cache)``
    backward : ``batchnorm_backward(dout, cache) -> (dx, dgamma, dbeta)``
    inference : ``batchnorm_inference(x, gamma, beta, running_mean, running_var, *, eps) -> out``.
        None: the network is evaluated with `forward`, on the statistics of the very data it is
        given. That is right for layer norm, and shows what is missing for batch norm.
    update_running : ``update_running(running_mean, running_var, x, *, momentum) -> (mean, var)``;
        given together with `inference`
    eps : float
    momentum : float; weight of the new batch in the running statistics, as in PyTorch
    """

    forward: Callable
    backward: Callable
    inference: Callable | None = None
    update_running: Callable | None = None
    eps: float = 1e-5
    momentum: float = 0.1

    def __post_init__(self) -> None:
        if (self.inference is None) != (self.update_running is None):
            raise ValueError("inference and update_running belong together: give both or none")
        for name in ("forward", "backward", *([] if self.inference is None else ["inference", "update_running"])):
            arguments.function(name, getattr(self, name))
        arguments.not_negative("eps", self.eps)
        arguments.number("momentum", self.momentum, lambda value: 0 <= value <= 1, "lie in [0, 1]")


def grouped(forward: Callable, backward: Callable, groups: int) -> BatchNorm:
    """Return the student's group normalisation for a layer of units, each a channel of one pixel.

    Parameters
    ----------
    forward : ``groupnorm_forward(x, gamma, beta, groups, *, eps) -> (out, cache)``, x (N, C, H, W)
    backward : ``groupnorm_backward(dout, cache) -> (dx, dgamma, dbeta)``
    groups : int; divides the units of every hidden layer
    """

    for name, function in (("forward", forward), ("backward", backward)):
        arguments.function(name, function)
    arguments.whole("groups", groups, 1)

    def of_units(x, gamma, beta, *, eps):
        out, cache = forward(x[:, :, None, None], gamma, beta, groups, eps=eps)
        return out[:, :, 0, 0], cache

    def back(dout, cache):
        dx, dgamma, dbeta = backward(dout[:, :, None, None], cache)
        return dx[:, :, 0, 0], dgamma, dbeta

    return BatchNorm(of_units, back)


def mean_only(forward: Callable, backward: Callable) -> BatchNorm:
    """Return the student's mean-only batch normalisation; its gamma has a gradient of 0 and stays 1.

    Evaluation takes a running mean away, in place of the batch's.

    Parameters
    ----------
    forward : ``mean_only_batchnorm_forward(x, beta) -> (out, cache)``
    backward : ``mean_only_batchnorm_backward(dout, cache) -> (dx, dbeta)``
    """

    for name, function in (("forward", forward), ("backward", backward)):
        arguments.function(name, function)

    def without_gamma(x, gamma, beta, *, eps):
        return forward(x, beta)

    def back(dout, cache):
        dx, dbeta = backward(dout, cache)
        return dx, np.zeros_like(dbeta), dbeta

    def inference(x, gamma, beta, running_mean, running_var, *, eps):
        return x - running_mean + beta

    def update_running(running_mean, running_var, x, *, momentum):
        return (1 - momentum) * running_mean + momentum * x.mean(axis=0), running_var

    return BatchNorm(without_gamma, back, inference, update_running)


@dataclass(frozen=True)
class WeightNorm:
    """The student's weight normalisation: a hidden layer has v (units, inputs) and g (units,) in place of W.

    Attributes
    ----------
    forward : ``weightnorm_forward(v, g) -> (w, cache)``
    backward : ``weightnorm_backward(dw, cache) -> (dv, dg)``
    """

    forward: Callable
    backward: Callable

    def __post_init__(self) -> None:
        for name, function in vars(self).items():
            arguments.function(name, function)

    def params(self, params: Params) -> Params:
        """Return the same network in directions and lengths; the last layer keeps its W."""
        split: Params = {}
        last = f"W{sum(name.startswith('W') for name in params)}"
        for name, value in params.items():
            if name.startswith("W") and name != last:
                split[f"v{name[1:]}"], split[f"g{name[1:]}"] = value.T.copy(), np.linalg.norm(value, axis=0)
            else:
                split[name] = value
        return split

    def weights(self, params: Params) -> tuple[Params, dict[str, Any]]:
        """Return the parameters with every W made of its v and g, and the caches by layer."""
        whole, caches = {}, {}
        for name, value in params.items():
            if name.startswith("v"):
                w, caches[name[1:]] = self.forward(value, params[f"g{name[1:]}"])
                whole[f"W{name[1:]}"] = w.T
            elif not (name.startswith("g") and name[1:].isdigit()):
                whole[name] = value
        return whole, caches

    def gradients(self, grads: Params, caches: dict[str, Any]) -> Params:
        """Return the gradients by v and g in place of those by W."""
        split: Params = {}
        for name, value in grads.items():
            if name.startswith("W") and name[1:] in caches:
                split[f"v{name[1:]}"], split[f"g{name[1:]}"] = self.backward(value.T, caches[name[1:]])
            else:
                split[name] = value
        return split


@dataclass(frozen=True)
class Dropout:
    """The student's dropout, put behind the activation of every hidden layer.

    Attributes
    ----------
    forward : ``dropout_forward(x, p, rng, *, train) -> (out, cache)``; train is False in evaluation
    backward : ``dropout_backward(dout, cache) -> dx``
    p : float in [0, 1); probability that a hidden unit is dropped
    """

    forward: Callable
    backward: Callable
    p: float = 0.5

    def __post_init__(self) -> None:
        arguments.function("forward", self.forward)
        arguments.function("backward", self.backward)
        arguments.share("p", self.p)


def he(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return weights (fan_in, fan_out) from N(0, 2 / fan_in); He et al. (2015), equation 10."""
    return rng.standard_normal(shape) * np.sqrt(2.0 / shape[0])


def init_mlp(
    sizes: Sequence[int],
    rng: np.random.Generator,
    *,
    init: str | Initializer = "he",
    batchnorm: bool = False,
) -> Params:
    """Return the parameters of a fully connected network, layers counted from 1.

    ``W1`` (sizes[0], sizes[1]), ``b1`` (sizes[1],) and so on. With batch norm a hidden layer has
    ``gamma1`` (ones) and ``beta1`` (zeros) in place of ``b1``, which the normalisation would take
    out again (Ioffe and Szegedy 2015, section 3.2).

    Parameters
    ----------
    sizes : sequence of int; input features, hidden units of each layer, classes
    rng : numpy.random.Generator
    init : "he", or a function ``init((fan_in, fan_out), rng) -> W``. One for PyTorch's layout
        is passed as ``lambda shape, rng: kaiming_normal(shape[::-1], rng).T``
    batchnorm : bool

    Examples
    --------
    >>> params = init_mlp([64, 32, 10], np.random.default_rng(0))
    >>> {name: w.shape for name, w in params.items()}
    {'W1': (64, 32), 'b1': (32,), 'W2': (32, 10), 'b2': (10,)}
    """
    arguments.generator("rng", rng)
    for i, size in enumerate(sizes):
        arguments.whole(f"sizes[{i}]", size, 1)
    if len(sizes) < 2:
        raise ValueError(f"sizes={list(sizes)}: at least the input features and the classes")
    if init == "he":
        init = he
    elif not callable(init):
        raise ValueError(f'init={init!r} must be "he" or a function (shape, rng) -> W')
    params: Params = {}
    depth = len(sizes) - 1
    for i, shape in enumerate(pairwise(sizes), start=1):
        weights = np.array(init(shape, rng), dtype=float)
        if weights.shape != shape:
            raise ValueError(f"init gave W{i} the shape {weights.shape}, it must be {shape}")
        params[f"W{i}"] = weights
        if batchnorm and i < depth:
            params[f"gamma{i}"], params[f"beta{i}"] = np.ones(shape[1]), np.zeros(shape[1])
        else:
            params[f"b{i}"] = np.zeros(shape[1])
    return params


def mlp_loss(
    params: Params,
    x: np.ndarray,
    y: np.ndarray,
    *,
    layers: Layers = BUILT_IN,
    batchnorm: BatchNorm | None = None,
    running: Params | None = None,
    dropout: Dropout | None = None,
    rng: np.random.Generator | None = None,
    weight_decay: float = 0.0,
    penalty: Callable | None = None,
) -> tuple[float, Params]:
    """Return the loss of one training batch, and its gradient for every parameter.

    Mean softmax cross-entropy (or the loss in `layers`) + weight_decay * sum of squared weights (no 1/2, as in
    `two_layer_loss`; biases, gamma and beta are not penalised) + the penalty of every weight matrix.

    Parameters
    ----------
    params : dict, from `init_mlp`
    x : ndarray of shape (N, D)
    y : ndarray of int, shape (N,)
    layers : Layers; what computes everything but the normalisation
    batchnorm : BatchNorm; normalises every hidden layer with the statistics of this batch
    running : dict; ``mean1``, ``var1``, ... Its entries are replaced by those that
        `batchnorm.update_running` returns. None: nothing is kept
    dropout : Dropout; drops units of every hidden layer
    rng : numpy.random.Generator; the draws of `dropout`
    weight_decay : float
    penalty : ``penalty(w) -> (value, grad)``, such as ``functools.partial(l1_penalty, lam=1e-3)``; None: none

    Returns
    -------
    loss : float
    grads : dict; same keys and shapes as params
    """
    # A loss of one's own may take something else, such as one-hot rows.
    if layers.loss is BUILT_IN.loss:
        y = arguments.labels("y", y, len(x), _classes(params))
    norm, drop = _training_norm(params, batchnorm, running), _drop(dropout, rng, train=True)
    scores, cache, trace = _forward(params, x, layers, norm, drop)
    loss, dout = layers.loss(scores, y)
    depth = len(trace) + 1
    grads: Params = {}
    dout, grads[f"W{depth}"], grads[f"b{depth}"] = layers.linear_backward(dout, cache)
    for i in range(depth - 1, 0, -1):
        layer = trace[i - 1]
        if dropout is not None:
            dout = dropout.backward(dout, layer.dropout_cache)
        dout = layers.activation_backward(dout, layer.activation_in)
        if batchnorm is not None:
            dout, grads[f"gamma{i}"], grads[f"beta{i}"] = batchnorm.backward(dout, layer.norm_cache)
        dout, grads[f"W{i}"], grads[f"b{i}"] = layers.linear_backward(dout, layer.linear_cache)
    if weight_decay:
        for i in range(1, depth + 1):
            weights = params[f"W{i}"]
            loss += weight_decay * float(np.sum(weights**2))
            grads[f"W{i}"] = grads[f"W{i}"] + 2 * weight_decay * weights
    if penalty is not None:
        for i in range(1, depth + 1):
            value, slope = penalty(params[f"W{i}"])
            loss, grads[f"W{i}"] = loss + value, grads[f"W{i}"] + slope
    return loss, {name: grads[name] for name in params}


def _classes(params: Params) -> int:
    return params[f"W{sum(name.startswith('W') for name in params)}"].shape[1]


def mlp_scores(
    params: Params,
    x: np.ndarray,
    *,
    layers: Layers = BUILT_IN,
    batchnorm: BatchNorm | None = None,
    running: Params | None = None,
    dropout: Dropout | None = None,
    rng: np.random.Generator | None = None,
    drop: bool = False,
) -> np.ndarray:
    """Return the scores (N, classes) as in evaluation: batch norm by the running statistics, no unit dropped.

    Parameters
    ----------
    params : dict, from `init_mlp`
    x : ndarray of shape (N, D)
    layers : Layers
    batchnorm : BatchNorm
    running : dict; ``mean1``, ``var1``, ..., needed if `batchnorm.inference` is given
    dropout : Dropout
    rng : numpy.random.Generator; the draws of `dropout`
    drop : bool; drop units all the same, as MC dropout does (Gal and Ghahramani 2016)
    """
    norm = _evaluation_norm(params, batchnorm, running)
    return _forward(params, x, layers, norm, _drop(dropout, rng, train=drop))[0]


class MLP:
    """A fully connected network: linear, [batch norm], ReLU, [dropout], ..., linear, softmax.

    With two sizes it is just linear, softmax.

    Parameters
    ----------
    sizes, rng, init
        As in `init_mlp`.
    layers : Layers; the student's functions, in place of the built-in ones
    batchnorm : BatchNorm; None leaves normalisation out. `grouped` and `mean_only` make one of their layers
    weightnorm : WeightNorm; None leaves the weights as they are
    dropout : Dropout; None leaves it out. Its draws come from a generator of the network's own, a child of rng: the
        first weights, and batches drawn from rng, are the same with and without
    weight_decay, penalty
        As in `mlp_loss`.

    Attributes
    ----------
    params : dict of ndarray; W1 or v1 and g1, b1 or gamma1 and beta1, ...
    running : dict of ndarray; mean1, var1, ... where batch norm keeps running statistics
    rng : numpy.random.Generator of the dropout, or None

    Examples
    --------
    >>> network = MLP([64, 32, 10], np.random.default_rng(0))
    >>> loss, grads = network.loss(np.zeros((5, 64)), np.zeros(5, dtype=int))
    >>> round(loss, 4)  # log(10): nothing learnt yet
    2.3026
    """

    def __init__(
        self,
        sizes: Sequence[int],
        rng: np.random.Generator,
        *,
        init: str | Initializer = "he",
        layers: Layers = BUILT_IN,
        batchnorm: BatchNorm | None = None,
        weightnorm: WeightNorm | None = None,
        dropout: Dropout | None = None,
        weight_decay: float = 0.0,
        penalty: Callable | None = None,
    ) -> None:
        arguments.not_negative("weight_decay", weight_decay)
        if penalty is not None:
            arguments.function("penalty", penalty)
        self.params = init_mlp(sizes, rng, init=init, batchnorm=batchnorm is not None)
        if weightnorm is not None:
            self.params = weightnorm.params(self.params)
        self.layers = layers
        self.batchnorm = batchnorm
        self.weightnorm = weightnorm
        self.dropout = dropout
        self.rng = None if dropout is None else rng.spawn(1)[0]
        self.weight_decay = weight_decay
        self.penalty = penalty
        self.running: Params = {}
        if batchnorm is not None and batchnorm.update_running is not None:
            for i, width in enumerate(sizes[1:-1], start=1):
                self.running |= {f"mean{i}": np.zeros(width), f"var{i}": np.ones(width)}

    def loss(self, x: np.ndarray, y: np.ndarray) -> tuple[float, Params]:
        """Return the loss of a training batch and its gradients; updates the running statistics."""
        params, caches = self._weights()
        loss, grads = mlp_loss(
            params,
            x,
            y,
            layers=self.layers,
            batchnorm=self.batchnorm,
            running=self.running or None,
            dropout=self.dropout,
            rng=self.rng,
            weight_decay=self.weight_decay,
            penalty=self.penalty,
        )
        return loss, grads if self.weightnorm is None else self.weightnorm.gradients(grads, caches)

    def _weights(self) -> tuple[Params, dict[str, Any]]:
        return (self.params, {}) if self.weightnorm is None else self.weightnorm.weights(self.params)

    def calibrate(self, x: np.ndarray) -> None:
        """Put the statistics of x in place of the running ones, where there are any."""
        if self.running:
            params, _ = self._weights()
            whole = replace(self.batchnorm, momentum=1.0)
            _forward(params, x, self.layers, _training_norm(params, whole, self.running), None)

    def scores(self, x: np.ndarray, *, drop_with: np.random.Generator | None = None) -> np.ndarray:
        """Return the scores (N, classes) as in evaluation; given a generator, with units dropped by its draws."""
        return mlp_scores(
            self._weights()[0],
            x,
            layers=self.layers,
            batchnorm=self.batchnorm,
            running=self.running,
            dropout=self.dropout,
            rng=self.rng if drop_with is None else drop_with,
            drop=drop_with is not None,
        )

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the label (N,) with the highest score."""
        return self.scores(x).argmax(axis=1)

    def accuracy(self, x: np.ndarray, y: np.ndarray) -> float:
        """Return the share of right labels, nan for no samples."""
        return _evaluate(self, x, arguments.labels("y", y, len(x)))[1]

    def activations(self, x: np.ndarray, *, at: str = "relu_in", train: bool = True) -> list[np.ndarray]:
        """Return what a layer computes, one array (N, units) for each hidden layer; no unit is dropped.

        Parameters
        ----------
        x : ndarray of shape (N, D)
        at : "relu_in" for what the ReLU (or the activation in its place) is given (after batch norm), "relu_out" for
            what it gives
        train : bool; batch norm by the statistics of x, or else by the running ones
        """
        if at not in ("relu_in", "relu_out"):
            raise ValueError(f'at={at!r} must be "relu_in" or "relu_out"')
        params, _ = self._weights()
        if train:
            norm = _training_norm(params, self.batchnorm, running=None)
        else:
            norm = _evaluation_norm(params, self.batchnorm, self.running)
        drop = _drop(self.dropout, self.rng, train=False)
        *_, trace = _forward(params, x, self.layers, norm, drop)
        inputs = [layer.activation_in for layer in trace]
        return inputs if at == "relu_in" else [self.layers.activation(z) for z in inputs]


@dataclass(frozen=True)
class _Layer:
    """What the backward pass needs of one hidden layer."""

    linear_cache: Any
    norm_cache: Any
    activation_in: np.ndarray
    dropout_cache: Any


def _forward(
    params: Params, x: np.ndarray, layers: Layers, norm: Callable | None, drop: Callable | None
) -> tuple[np.ndarray, Any, list[_Layer]]:
    """Return the scores, the last layer's cache, and the trace of the hidden layers.

    norm : function (i, z) -> (z, cache), applied to layer i before its activation
    drop : function x -> (x, cache), applied behind every activation
    """
    depth = sum(name.startswith("W") for name in params)
    if depth > 1 and (norm is not None) != ("gamma1" in params):
        raise ValueError("params with gamma and beta need batchnorm, and batchnorm needs them")
    trace = []
    for i in range(1, depth):
        weights = params[f"W{i}"]
        bias = params[f"b{i}"] if norm is None else np.zeros(weights.shape[1], weights.dtype)
        z, linear_cache = layers.linear_forward(x, weights, bias)
        z, norm_cache = (z, None) if norm is None else norm(i, z)
        x = layers.activation(z)
        x, dropout_cache = (x, None) if drop is None else drop(x)
        trace.append(_Layer(linear_cache, norm_cache, z, dropout_cache))
    scores, cache = layers.linear_forward(x, params[f"W{depth}"], params[f"b{depth}"])
    return scores, cache, trace


def _drop(dropout: Dropout | None, rng: np.random.Generator | None, *, train: bool):
    if dropout is None:
        return None
    return lambda x: dropout.forward(x, dropout.p, rng, train=train)


def _training_norm(params: Params, batchnorm: BatchNorm | None, running: Params | None):
    if batchnorm is None:
        return None

    def norm(i, z):
        # A batch of one, as the last of an epoch may be, has no unbiased variance.
        if running is not None and batchnorm.update_running is not None and len(z) > 1:
            running[f"mean{i}"], running[f"var{i}"] = batchnorm.update_running(
                running[f"mean{i}"], running[f"var{i}"], z, momentum=batchnorm.momentum
            )
        return batchnorm.forward(z, params[f"gamma{i}"], params[f"beta{i}"], eps=batchnorm.eps)

    return norm


def _evaluation_norm(params: Params, batchnorm: BatchNorm | None, running: Params | None):
    if batchnorm is None or batchnorm.inference is None:
        return _training_norm(params, batchnorm, running=None)

    def norm(i, z):
        out = batchnorm.inference(
            z,
            params[f"gamma{i}"],
            params[f"beta{i}"],
            running[f"mean{i}"],
            running[f"var{i}"],
            eps=batchnorm.eps,
        )
        return out, None

    return norm


# ---------------------------------------------------------------------------------------- loop


class Network(Protocol):
    """What `train` needs of a network; `MLP` has it, and so may any other.

    `activations` is needed only if `train` is given `watch`.
    """

    params: Params

    def loss(self, x: np.ndarray, y: np.ndarray) -> tuple[float, Params]:
        """Return loss and gradients of a training batch."""

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Return the scores (N, classes) as in evaluation."""

    def activations(self, x: np.ndarray) -> list[np.ndarray]:
        """Return one array for each hidden layer."""


QUANTILES = (0.15, 0.5, 0.85)


@dataclass(frozen=True, eq=False)
class ActivationHistory:
    """How the activations of the watched samples spread, layer by layer, while the network trains.

    Attributes
    ----------
    step : ndarray of int, shape (R,); steps taken when the record was made, from 0
    mean, std : ndarray of shape (R, layers); over all samples and units of a layer
    quantiles : ndarray of shape (R, layers, 3); `QUANTILES`, those of Ioffe and Szegedy (2015),
        figure 1
    """

    step: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    quantiles: np.ndarray


@dataclass(frozen=True, eq=False)
class History:
    """What happened in one run of `train`.

    Attributes
    ----------
    loss, lr : ndarray of shape (steps taken,); of each batch, before its step
    train_accuracy, val_accuracy : ndarray of shape (epochs,); after each epoch, nan for those
        that a diverging or a stopped run did not reach (and nan without validation samples)
    train_loss, val_loss : ndarray of shape (epochs,); mean cross-entropy in evaluation, no penalty
    steps_per_epoch : int; ceil(N / batch_size)
    diverged : bool; the loss, a weight or a score became infinite or nan, and the run ended there
    activations : ActivationHistory, or None where nothing was watched
    best_epoch : int, the epoch whose weights were kept; None where the run was not to be stopped
    """

    loss: np.ndarray
    lr: np.ndarray
    train_accuracy: np.ndarray
    val_accuracy: np.ndarray
    train_loss: np.ndarray
    val_loss: np.ndarray
    steps_per_epoch: int
    diverged: bool
    activations: ActivationHistory | None
    best_epoch: int | None = None

    def __repr__(self) -> str:
        reached = self.train_accuracy[~np.isnan(self.train_accuracy)]
        end = "diverged" if self.diverged else "finished"
        accuracy = f", train accuracy {reached[-1]:.3f}" if len(reached) else ""
        accuracy += f", val accuracy {self.val_accuracy[len(reached) - 1]:.3f}" if accuracy else ""
        return f"History({len(self.loss)} steps, {len(reached)} epochs, {end}{accuracy})"


def shuffled_minibatches(n: int, batch_size: int, rng: np.random.Generator):
    """Yield the indices of one epoch in random order, batch_size at a time; the last may be short."""
    arguments.whole("batch_size", batch_size, 1)
    order = rng.permutation(n)
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]


def train(
    network: Network,
    data: Dataset,
    *,
    step: Callable,
    lr: float | None = None,
    schedule: Callable[[int], float] | None = None,
    epochs: int = 10,
    batch_size: int = 32,
    rng: np.random.Generator,
    minibatches: Callable[[int, int, np.random.Generator], Iterable[np.ndarray]] | None = None,
    watch: np.ndarray | None = None,
    watch_every: int = 10,
    on_step: Callable[[int, Network], None] | None = None,
    stop: Callable[[list[float]], tuple[int, int]] | None = None,
    progress: bool = True,
) -> History:
    """Return the history of training a network, which is changed in place.

    A run that becomes infinite or nan ends there, without a warning. The network then keeps the
    last weights that were finite.

    Parameters
    ----------
    network : Network, such as `MLP`
    data : Dataset
    step : optimizer, ``step(w, grad, state, *, lr) -> (w, state)``; each parameter has its own
        state, {} at first. Set other hyper-parameters with ``functools.partial(momentum,
        momentum=0.9)``
    lr : float; step size
    schedule : function t -> lr, in place of lr; t counts steps from 0
    epochs, batch_size : int
    rng : numpy.random.Generator; shuffles the batches
    minibatches : ``minibatches(n, batch_size, rng)``, gives the index arrays of one epoch; None
        takes `shuffled_minibatches`
    watch : ndarray of shape (N, D); samples whose activations are recorded
    watch_every : int; steps from one record to the next
    on_step : function (t, network), called after step t with whatever it wants to look at
    stop : ``stop(val_losses) -> (stop_epoch, best_epoch)``, such as ``functools.partial(early_stopping, patience=5)``.
        The run ends at stop_epoch, and the network gets the weights that it had after best_epoch
    progress : bool; show a progress bar

    Raises
    ------
    ValueError
        If not exactly one of lr and schedule is given, the optimizer changes a shape, there is no validation sample to
        stop by, or best_epoch is neither the last epoch nor the last one that was best.
    TypeError
        If the optimizer does not return (w, state), or stop no pair.

    Examples
    --------
    >>> from helpers import data
    >>> def sgd(w, grad, state, *, lr):
    ...     return w - lr * grad, state
    >>> rng = np.random.default_rng(0)
    >>> network = MLP([64, 32, 10], rng)
    >>> history = train(
    ...     network, data.digits(), step=sgd, lr=0.5, epochs=5, rng=rng, progress=False
    ... )
    >>> bool(history.val_accuracy[-1] > 0.9)
    True
    """
    if (lr is None) == (schedule is None):
        raise ValueError(f"lr={lr}, schedule={schedule}: give one of them")
    arguments.function("step", step)
    arguments.generator("rng", rng)
    given = {"schedule": schedule, "minibatches": minibatches, "on_step": on_step, "stop": stop}
    for name, function in given.items():
        if function is not None:
            arguments.function(name, function)
    if lr is not None:
        arguments.number("lr", lr, np.isfinite, "be finite")
    for name, value in (("epochs", epochs), ("batch_size", batch_size), ("watch_every", watch_every)):
        arguments.whole(name, value, 1)
    for part in ("train", "val"):
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        arguments.labels(f"data.y_{part}", y, len(x))
    if not len(data.y_train):
        raise ValueError("data holds no samples to train on")
    if stop is not None and not len(data.y_val):
        raise ValueError("stop needs validation samples, and there are none")
    schedule = schedule or (lambda t: lr)
    minibatches = minibatches or shuffled_minibatches
    n = len(data.x_train)
    steps_per_epoch = -(-n // batch_size)
    record = _Recorder(epochs, steps_per_epoch, watch, watch_every)
    states = {name: {} for name in network.params}
    best = None if stop is None else _Best(stop)
    t = 0
    # Infinities are what a diverging run is made of: they are recorded, not warned of.
    with (
        np.errstate(over="ignore", invalid="ignore", divide="ignore"),
        _bar(epochs * steps_per_epoch, progress) as bar,
    ):
        for epoch in range(epochs):
            for batch in minibatches(n, batch_size, rng):
                record.watch(t, network)
                loss, grads = network.loss(data.x_train[batch], data.y_train[batch])
                lr_now = schedule(t)
                record.step(loss, lr_now)
                if not (np.isfinite(loss) and _take_step(network, grads, states, step, lr_now)):
                    return record.history(diverged=True)
                if on_step is not None:
                    on_step(t, network)
                t += 1
                if bar is not None:
                    bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                    bar.update()
            if not record.epoch(epoch, network, data):
                return record.history(diverged=True)
            if best is not None and best.stops(network, record.val[0, : epoch + 1]):
                break
        record.watch(t, network, last=True)
    return record.history(diverged=False, best_epoch=None if best is None else best.put_back(network))


class _Best:
    """Asks the student's early stopping after every epoch, and keeps the weights of the best one."""

    def __init__(self, stop: Callable) -> None:
        self.stop, self.epoch = stop, 0
        self.kept: dict[int, tuple[Params, Params]] = {}

    def stops(self, network: Network, val_losses: np.ndarray) -> bool:
        now = len(val_losses) - 1
        self.kept[now] = network.params, dict(getattr(network, "running", {}))
        # One epoch more that is no better: it tells a run that is stopped here from one that is only over.
        result = self.stop([*val_losses.tolist(), np.inf])
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise TypeError(
                f"{_name(self.stop)} must return (stop_epoch, best_epoch), it returned {type(result).__name__}"
            )
        stop_epoch, self.epoch = result
        if self.epoch not in self.kept:
            raise ValueError(
                f"{_name(self.stop)} returned best_epoch={self.epoch!r}, neither the last epoch nor its last best one"
            )
        self.kept = {epoch: self.kept[epoch] for epoch in {self.epoch, now}}
        return stop_epoch <= now

    def put_back(self, network: Network) -> int:
        network.params, running = self.kept[self.epoch]
        if running:
            network.running = running
        return int(self.epoch)


def _take_step(network, grads, states, step, lr) -> bool:
    """Step every parameter; False, and nothing is moved, if one would no longer be finite."""
    moved = {}
    for name, w in network.params.items():
        result = step(w, grads[name], states[name], lr=lr)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise TypeError(f"{_name(step)} must return (w, state), it returned {type(result).__name__}")
        moved[name], states[name] = np.asarray(result[0]), result[1]
        if moved[name].shape != w.shape:
            raise ValueError(f"{_name(step)} returned w of shape {moved[name].shape} for {name} of shape {w.shape}")
    if not all(np.isfinite(w).all() for w in moved.values()):
        return False
    network.params = moved
    return True


def _name(function: Callable) -> str:
    function = getattr(function, "func", function)  # inside functools.partial
    return getattr(function, "__name__", "the optimizer")


def _bar(total: int, progress: bool):
    if not progress:
        return nullcontext()
    from tqdm.auto import tqdm

    return tqdm(total=total, unit="step")


def _evaluate(network: Network, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return cross-entropy and accuracy; nan for no samples, or scores that are not finite."""
    if len(y) == 0:
        return np.nan, np.nan
    scores = network.scores(x)
    if not np.isfinite(scores).all():
        return np.nan, np.nan
    return _cross_entropy(scores, y)[0], float(np.mean(scores.argmax(axis=1) == y))


class _Recorder:
    """Collects a run's numbers, and makes its History of them."""

    def __init__(self, epochs: int, steps_per_epoch: int, watched: np.ndarray | None, watch_every: int) -> None:
        self.steps_per_epoch = steps_per_epoch
        self.watched, self.watch_every = watched, watch_every
        self.losses, self.rates, self.snapshots = [], [], []
        self.train, self.val = np.full((2, 2, epochs), np.nan)

    def step(self, loss: float, lr: float) -> None:
        self.losses.append(float(loss))
        self.rates.append(float(lr))

    def epoch(self, epoch: int, network: Network, data: Dataset) -> bool:
        """Evaluate the network; False if its scores are no longer finite."""
        self.train[:, epoch] = _evaluate(network, data.x_train, data.y_train)
        if np.isnan(self.train[0, epoch]):
            return False
        self.val[:, epoch] = _evaluate(network, data.x_val, data.y_val)
        return True

    def watch(self, t: int, network: Network, last: bool = False) -> None:
        if self.watched is None or (t % self.watch_every and not last):
            return
        layers = network.activations(self.watched)
        self.snapshots.append(
            (
                t,
                [a.mean() for a in layers],
                [a.std() for a in layers],
                [np.quantile(a, QUANTILES) for a in layers],
            )
        )

    def history(self, *, diverged: bool, best_epoch: int | None = None) -> History:
        activations = None
        if self.snapshots:
            activations = ActivationHistory(*map(np.array, zip(*self.snapshots, strict=True)))
        return History(
            loss=np.array(self.losses),
            lr=np.array(self.rates),
            train_accuracy=self.train[1],
            val_accuracy=self.val[1],
            train_loss=self.train[0],
            val_loss=self.val[0],
            steps_per_epoch=self.steps_per_epoch,
            diverged=diverged,
            activations=activations,
            best_epoch=best_epoch,
        )


def seeds_summary(run: Callable[[int], float | np.ndarray], seeds: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation over seeds of what ``run(seed)`` returns.

    Parameters
    ----------
    run : function of a seed; returns a number, or an array of the same shape for each seed
    seeds : iterable of int, at least two

    Returns
    -------
    mean, std : ndarray of the shape that run returns; std with n - 1, nan where a seed gave nan

    Raises
    ------
    ValueError
        If there are fewer than two seeds, or the shapes differ.

    Examples
    --------
    >>> mean, std = seeds_summary(lambda seed: [seed, 10.0 * seed], seeds=[1, 2, 3])
    >>> mean, std
    (array([ 2., 20.]), array([ 1., 10.]))
    """
    arguments.function("run", run)
    results = [arguments.numbers(f"run({seed})", run(seed)) for seed in seeds]
    if len(results) < 2:
        raise ValueError(f"{len(results)} seeds: a standard deviation needs at least two")
    shapes = {result.shape for result in results}
    if len(shapes) > 1:
        raise ValueError(f"run returned different shapes for different seeds: {sorted(shapes)}")
    return np.mean(results, axis=0), np.std(results, axis=0, ddof=1)
