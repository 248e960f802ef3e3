"""Networks of one shape, trained side by side: every array has an axis in front, an entry for each network."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from helpers.plots.pieces import GUESSING
from helpers.training import init_mlp

Params = dict[str, np.ndarray]


def stacked(sizes: Sequence[int], seeds: Iterable[int], *, batchnorm: bool = False) -> Params:
    """Return the first weights of a network for each seed, as `helpers.training.init_mlp` draws them, in float32."""
    made = [init_mlp(sizes, np.random.default_rng(seed), batchnorm=batchnorm) for seed in seeds]
    return {name: np.stack([params[name] for params in made]).astype(np.float32) for name in made[0]}


def hidden(params: Params, x: np.ndarray) -> list[np.ndarray]:
    """Return what each layer gives, (networks, N, units): after the ReLU, and the scores last."""
    out: list[np.ndarray] = []
    depth = sum(name.startswith("W") for name in params)
    for i in range(1, depth + 1):
        x = x @ params[f"W{i}"]
        x += params[f"b{i}"][..., None, :]
        if i < depth:
            np.maximum(x, 0, out=x)
        out.append(x)
    return out


def scores(params: Params, x: np.ndarray) -> np.ndarray:
    """Return scores (networks, N, classes) of x (N, D), or of data of each network's own, (networks, N, D)."""
    return hidden(params, x)[-1]


def accuracy(params: Params, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the share that each network has right; one that has diverged guesses."""
    return np.mean(scores(params, x).argmax(axis=-1) == y, axis=-1)


def share_right(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the share that each network has right, (networks,); one whose scores are not finite guesses."""
    right = np.mean(scores.argmax(axis=-1) == y, axis=-1)
    return np.where(np.isfinite(scores).all(axis=(1, 2)), right, GUESSING)


def softmax(z: np.ndarray) -> np.ndarray:
    p = z - z.max(axis=-1, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(axis=-1, keepdims=True)
    return p


def cross_entropy(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the mean loss of each network."""
    lead = z - z.max(axis=-1, keepdims=True)
    own = np.take_along_axis(lead, np.broadcast_to(y, z.shape[:-1])[..., None], -1)[..., 0]
    return (np.log(np.exp(lead).sum(axis=-1)) - own).mean(axis=-1)


def gradients(params: Params, x: np.ndarray, y: np.ndarray) -> Params:
    """Return the gradients of each network's mean cross-entropy; y: labels, or shares of classes on a last axis."""
    outs = hidden(params, x)
    depth, n = len(outs), x.shape[-2]
    dout = softmax(outs[-1])
    if y.ndim == dout.ndim:
        dout -= y
    else:
        dout[np.arange(len(dout))[:, None], np.arange(n), y] -= 1
    dout /= n
    grads: Params = {}
    for i in range(depth, 0, -1):
        below = x if i == 1 else outs[i - 2]
        grads[f"W{i}"] = below.swapaxes(-1, -2) @ dout
        grads[f"b{i}"] = dout.sum(axis=-2)
        if i > 1:
            dout = dout @ params[f"W{i}"].swapaxes(-1, -2)
            dout *= below > 0
    return grads


def shuffled(n: int, batch: int, steps: int, rng: np.random.Generator) -> np.ndarray:
    """Return the places (steps, batch) of each step's samples: full batches of n, shuffled anew once all were shown."""
    in_a_pass = n // batch
    order = np.concatenate([rng.permutation(n)[: in_a_pass * batch] for _ in range(-(-steps // in_a_pass))])
    return order[: steps * batch].reshape(steps, batch)


def learn(
    params: Params,
    x: np.ndarray,
    y: np.ndarray,
    *,
    lr: float | np.ndarray,
    steps: int,
    batch: int = 32,
    momentum: float = 0.9,
    weight_decay: float | np.ndarray = 0.0,
    rng: np.random.Generator,
    schedule: Callable[[int], float] | None = None,
    change: Callable[[Params], Params] | None = None,
    on_step: Callable[[int, Params], None] | None = None,
) -> Params:
    """Return the networks after so many steps of SGD with momentum, all on the same places of their data.

    Parameters
    ----------
    params : dict of arrays (networks, ...); left as they are
    x, y : (N, D) and (N,), or of each network's own: (networks, N, D) and (networks, N)
    lr, weight_decay : float, or one for each network; the penalty is weight_decay * sum of squares, biases are free
    steps, batch : int; the samples are shuffled anew whenever all have been shown
    schedule : function t -> what lr is multiplied with
    change : function grads -> grads, such as one that freezes or clips
    on_step : function (t, params), called after step t
    """
    n = x.shape[-2]
    batches = shuffled(n, min(batch, n), steps, rng)
    lr, decay = (np.asarray(value, np.float32) for value in (lr, weight_decay))
    decays = decay.any()
    speed = {name: np.zeros_like(w) for name, w in params.items()}
    with np.errstate(all="ignore"):
        for t, chosen in enumerate(batches):
            grads = gradients(params, x[..., chosen, :], y[..., chosen])
            if change is not None:
                grads = change(grads)
            now = lr * np.float32(1 if schedule is None else schedule(t))
            new = {}
            for name, w in params.items():
                grad = grads[name]
                if decays and name.startswith("W"):
                    grad = grad + 2 * beside(decay, w) * w
                speed[name] *= momentum
                speed[name] += grad
                moved = beside(now, w) * speed[name]
                new[name] = np.subtract(w, moved, out=moved)
            params = new
            if on_step is not None:
                on_step(t, params)
    return params


def beside(value: np.ndarray, w: np.ndarray) -> np.ndarray:
    """A number for each network, in front of its array."""
    return value.reshape(value.shape + (1,) * (w.ndim - 1)) if value.ndim else value
