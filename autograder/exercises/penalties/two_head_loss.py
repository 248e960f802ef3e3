"""two_head_loss: one trunk, two tasks.

h = relu(x W1 + b1); loss = mean softmax cross-entropy(h Wa + ba, y) + weight * mean over the samples of
sum_j (h Wb + bb - z)_j^2 (Caruana 1997; lecture 002's auxiliary tasks). Reference: autograd.
"""

import numpy as np

from autograder.exercises.backprop._layers import bias, weights
from autograder.exercises.backprop.softmax_cross_entropy import right as cross_entropy
from autograder.judge import Case, F, Function, alternative, slips, torch

NAMES = ("W1", "b1", "Wa", "ba", "Wb", "bb")


def draw(rng, case):
    """A network and a batch, no hidden unit within rounding of the ReLU's kink."""
    n, d, h, c, k = (case.get(name) for name in ("n", "d", "h", "c", "k"))
    while True:
        x = rng.standard_normal((n, d))
        params = {"W1": weights(rng, d, h), "b1": bias(rng, h), "Wa": weights(rng, h, c), "ba": bias(rng, c)}
        params |= {"Wb": weights(rng, h, k), "bb": bias(rng, k)}
        if abs(x @ params["W1"] + params["b1"]).min() > 1e-3:
            break
    params["ba"] = params["ba"] + case.get("lift", 0.0)
    params = {name: params[name] for name in case.get("order", NAMES)}
    y, z = rng.integers(max(c - 1, 1), size=n), rng.standard_normal((n, k))
    return {"params": params, "x": x, "y": y, "z": z, "weight": case.get("share", 0.5)}, {}


def reference(params, x, y, z, weight):
    leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
    W1, b1, Wa, ba, Wb, bb = (leaves[name] for name in NAMES)
    hidden = F.relu(x @ W1 + b1)
    loss = F.cross_entropy(hidden @ Wa + ba, y) + weight * ((hidden @ Wb + bb - z) ** 2).sum(1).mean()
    return loss, dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("loss", "grads"),
    section="9 · More than one task",
    typical={"n": 5, "d": 3, "h": 6, "c": 4, "k": 2},
    sizes={"n": "samples", "d": "inputs", "h": "hidden units", "c": "classes", "k": "numbers of the second task"},
    cases=[
        Case("a small network", n=5, d=4, h=6, c=3, k=2, share=0.5, weight=3),
        Case("a second task of one number", n=6, d=4, h=5, c=3, k=1, share=0.3, weight=2),
        Case("a heavy second task", n=6, d=4, h=5, c=3, k=2, share=3.0, weight=2),
        Case("weight = 0: the main task alone", n=5, d=4, h=6, c=3, k=2, share=0.0),
        Case("a batch of 32", n=32, d=6, h=10, c=5, k=4, share=0.2),
        Case("as many of everything", n=4, d=4, h=4, c=4, k=4, share=0.7),
        Case("params in another order", n=5, d=4, h=4, c=4, k=2, order=NAMES[::-1]),
        Case("all scores moved up by 1000 by the bias", n=5, d=3, h=6, c=4, k=2, lift=1000.0),
    ],
)


def right(params, x, y, z, weight):
    W1, b1, Wa, ba, Wb, bb = (params[name] for name in ("W1", "b1", "Wa", "ba", "Wb", "bb"))
    n = len(x)
    pre = x @ W1 + b1
    hidden = np.maximum(pre, 0)
    main, dscores = cross_entropy(hidden @ Wa + ba, y)
    error = hidden @ Wb + bb - z
    second = (error**2).sum() / n
    derror = weight * (2 * error / n)
    dhidden = dscores @ Wa.T + derror @ Wb.T
    dpre = dhidden * (pre > 0)
    grads = {"W1": x.T @ dpre, "b1": dpre.sum(axis=0)}
    grads |= {"Wa": hidden.T @ dscores, "ba": dscores.sum(axis=0)}
    grads |= {"Wb": hidden.T @ derror, "bb": derror.sum(axis=0)}
    return main + weight * second, grads


MISTAKES = slips("""
trunk_hears_the_main_task (core): dscores @ Wa.T + derror @ Wb.T -> dscores @ Wa.T
    The trunk hears the main task only. It is shared: what comes back from both heads adds up.
trunk_hears_the_second_task: dscores @ Wa.T + derror @ Wb.T -> derror @ Wb.T
    The trunk hears the second task only. It is shared: what comes back from both heads adds up.
weight_on_the_main_task:
    main + weight * second -> weight * main + second
    derror = weight * (2 * error / n) -> derror = 2 * error / n; dscores = weight * dscores
    The weight is on the main task. It belongs to the second one.
weight_on_both:
    main + weight * second -> weight * (main + second)
    derror = weight * (2 * error / n) -> derror = weight * (2 * error / n); dscores = weight * dscores
    The weight is on both tasks. It belongs to the second one.
weight_left_out_of_the_gradient: weight * (2 * error / n) -> 2 * error / n
    The weight stands in the loss, and not in the gradient of the second head.
weight_left_out_of_the_head:
    hidden.T @ derror -> hidden.T @ (2 * error / n)
    derror.sum(axis=0) -> 2 * error.mean(axis=0)
    The weight is missing in the gradients of Wb and bb. It multiplies the second task's loss, and all that comes of it.
weight_left_out_of_the_loss: main + weight * second -> main + second
    The weight stands in the gradients, and not in the loss.
two_lost: 2 * error / n -> error / n
    The gradient lacks the 2 of the square's derivative.
halved:
    (error**2).sum() / n -> (error**2).sum() / n / 2
    2 * error / n -> error / n
    The squared error is halved. Here it is the sum of squares, averaged over the samples.
averaged_over_the_numbers:
    (error**2).sum() / n -> (error**2).mean()
    2 * error / n -> 2 * error / error.size
    The squared error is averaged over the numbers too. Here they are summed, and averaged over the samples alone.
averaged_over_the_numbers: (error**2).sum() / n -> (error**2).mean()
    The squared error is averaged over the numbers too, in the loss. Here they are summed.
not_averaged:
    (error**2).sum() / n -> (error**2).sum()
    2 * error / n -> 2 * error
    The squared error is a sum over the samples. It is their mean.
not_averaged: 2 * error / n -> 2 * error
    The second task's gradient is not divided by N, though its loss is a mean over the samples.
relu_forgotten: dhidden * (pre > 0) -> dhidden
    The ReLU is left out on the way back: no gradient passes where it was 0.
""")


@alternative
def two_passes(params, x, y, z, weight):
    """The trunk's gradient once for each task, then added."""
    p = params
    hidden = np.maximum(x @ p["W1"] + p["b1"], 0)
    loss, dscores = cross_entropy(hidden @ p["Wa"] + p["ba"], y)
    error = hidden @ p["Wb"] + p["bb"] - z
    loss = loss + weight * np.mean(np.sum(error**2, axis=1))
    dsecond = 2 * weight / len(x) * error
    grads = {"Wa": hidden.T @ dscores, "ba": dscores.sum(0), "Wb": hidden.T @ dsecond, "bb": dsecond.sum(0)}
    trunk = [(back @ W.T) * (hidden > 0) for back, W in ((dscores, p["Wa"]), (dsecond, p["Wb"]))]
    grads["W1"] = sum(x.T @ part for part in trunk)
    grads["b1"] = sum(part.sum(0) for part in trunk)
    return [loss, grads]


@alternative
def heads_side_by_side(params, x, y, z, weight):
    """One matrix for both heads."""
    W = np.concatenate([params["Wa"], params["Wb"]], axis=1)
    b = np.concatenate([params["ba"], params["bb"]])
    c, n = params["Wa"].shape[1], len(x)
    pre = x @ params["W1"] + params["b1"]
    hidden = np.where(pre > 0, pre, 0)
    out = hidden @ W + b
    main, dmain = cross_entropy(out[:, :c], y)
    error = out[:, c:] - z
    dout = np.concatenate([dmain, 2 * weight * error / n], axis=1)
    dW, db, dpre = hidden.T @ dout, dout.sum(0), np.where(pre > 0, dout @ W.T, 0)
    grads = {"W1": x.T @ dpre, "b1": dpre.sum(0), "Wa": dW[:, :c], "ba": db[:c], "Wb": dW[:, c:], "bb": db[c:]}
    return main + weight * (error * error).sum() / n, grads


HINTS = [
    "01's `two_layer_loss` with two last layers. What comes back into the hidden layer from each of them?",
    "The heads are computed by themselves; `weight` multiplies the second loss, and so everything that comes back "
    "from it. dhidden is the sum of what comes from both.",
    "`derror = weight * 2 * error / n`, `dhidden = dscores @ Wa.T + derror @ Wb.T`, then through the ReLU as ever.",
]
