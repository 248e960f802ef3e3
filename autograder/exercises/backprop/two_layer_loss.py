"""two_layer_loss: a network with one hidden layer, its loss and the gradients of all parameters.

scores = relu(x @ W1 + b1) @ W2 + b2; loss = mean softmax cross-entropy + weight_decay * (sum(W1^2) + sum(W2^2)):
lecture 002's lambda R(W). PyTorch's weight_decay adds w to the gradient, half of this, and to the biases' too.
Reference: autograd.
"""

import numpy as np
import torch
import torch.nn.functional as F

from autograder.exercises.backprop._layers import bias, cross_entropy, weights
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    """A network and a batch, no hidden unit within rounding of the ReLU's kink.

    Options: `n`, `d`, `h`, `c`; `weight_decay`; `push` is added to b1, `lift` to b2; `order` of the keys.
    """
    n, d, h, c = (case.get(name) for name in ("n", "d", "h", "c"))
    while True:
        x = rng.standard_normal((n, d))
        params = {"W1": weights(rng, d, h), "b1": bias(rng, h), "W2": 1.5 * weights(rng, h, c), "b2": bias(rng, c)}
        params["b1"] = params["b1"] + case.get("push", 0.0)
        params["b2"] = params["b2"] + case.get("lift", 0.0)
        if abs(x @ params["W1"] + params["b1"]).min() > 1e-3:
            break
    params = {name: params[name] for name in case.get("order", ("W1", "b1", "W2", "b2"))}
    y = rng.integers(c, size=n)
    return {"params": params, "x": x, "y": y, "weight_decay": case.get("weight_decay", 0.05)}, {}


def reference(params, x, y, weight_decay):
    leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
    W1, b1, W2, b2 = (leaves[name] for name in ("W1", "b1", "W2", "b2"))
    scores = F.relu(x @ W1 + b1) @ W2 + b2
    loss = F.cross_entropy(scores, y) + weight_decay * ((W1**2).sum() + (W2**2).sum())
    return loss, dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))


def network(
    params,
    x,
    y,
    weight_decay,
    *,
    penalty=1.0,
    slope=2.0,
    on=("W1", "W2"),
    act=lambda z: np.maximum(z, 0),
    mask=lambda dh, z, scores: dh * (z > 0),
    down=lambda dscores, scores: dscores,
    loss_of=cross_entropy,
    mean=lambda grad, n: grad,
):
    """The network with its joints open: what is penalised and how, the activation, the masks, the loss."""
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    z = x @ W1 + b1
    hidden = act(z)
    scores = hidden @ W2 + b2
    loss, dscores = loss_of(scores, y)
    dscores = down(dscores, scores)
    dz = mask(dscores @ W2.T, z, scores)
    grads = {
        "W1": x.T @ dz,
        "b1": mean(dz.sum(axis=0), len(x)),
        "W2": hidden.T @ dscores,
        "b2": mean(dscores.sum(axis=0), len(x)),
    }
    for name in on:
        loss = loss + penalty * weight_decay * (params[name] ** 2).sum()
        grads[name] = grads[name] + slope * weight_decay * params[name]
    return loss, grads


def version(**joints):
    return lambda params, x, y, weight_decay: network(params, x, y, weight_decay, **joints)


def summed(scores, y):
    loss, dscores = cross_entropy(scores, y)
    return loss * len(y), dscores * len(y)


def gradient_summed(scores, y):
    loss, dscores = cross_entropy(scores, y)
    return loss, dscores * len(y)


def no_max(scores, y):
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    picked = p[np.arange(len(y)), y]
    return -np.log(picked).mean(), (p - np.eye(scores.shape[1], dtype=p.dtype)[y]) / len(y)


def penalty_over_batch(params, x, y, weight_decay):
    return network(params, x, y, weight_decay / len(x))


def norm_for_square(params, x, y, weight_decay):
    loss, _ = network(params, x, y, 0.0)
    norms = np.linalg.norm(params["W1"]) + np.linalg.norm(params["W2"])
    return loss + weight_decay * norms, network(params, x, y, weight_decay)[1]


def by_order_of_keys(params, x, y, weight_decay):
    W1, b1, W2, b2 = params.values()
    return network({"W1": W1, "b1": b1, "W2": W2, "b2": b2}, x, y, weight_decay)


def gradient_without_penalty(params, x, y, weight_decay):
    loss, _ = network(params, x, y, weight_decay)
    return loss, network(params, x, y, 0.0)[1]


def loss_without_penalty(params, x, y, weight_decay):
    _, grads = network(params, x, y, weight_decay)
    return network(params, x, y, 0.0)[0], grads


def keys_with_d(params, x, y, weight_decay):
    loss, grads = network(params, x, y, weight_decay)
    return loss, {f"d{name}": grad for name, grad in grads.items()}


def in_one_piece(params, x, y, weight_decay):
    """All by itself, the ReLU as a product with its mask, gradients by einsum."""
    n = x.shape[0]
    on = (x.dot(params["W1"]) + params["b1"] > 0).astype(x.dtype)
    hidden = on * (x.dot(params["W1"]) + params["b1"])
    s = hidden.dot(params["W2"]) + params["b2"]
    s -= s.max(axis=1)[:, None]
    log_p = s - np.log(np.sum(np.exp(s), axis=1))[:, None]
    delta = np.exp(log_p)
    delta[np.arange(n), y] -= 1
    delta /= n
    back = np.einsum("nc,hc->nh", delta, params["W2"]) * on
    decay = float(weight_decay)
    grads = {
        "b2": np.einsum("nc->c", delta),
        "b1": np.einsum("nh->h", back),
        "W2": np.einsum("nh,nc->hc", hidden, delta) + 2 * decay * params["W2"],
        "W1": np.einsum("nd,nh->dh", x, back) + 2 * decay * params["W1"],
    }
    penalty = sum(float(np.square(params[k]).sum()) for k in ("W1", "W2"))
    return float(-log_p[np.arange(n), y].sum()) / n + decay * penalty, grads


def sample_by_sample(params, x, y, weight_decay):
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    total = 0.0
    for row, label in zip(x, y, strict=True):
        loss, one = network(params, row[None], np.array([label]), 0.0)
        total += loss / len(x)
        for name in grads:
            grads[name] += one[name] / len(x)
    for name in ("W1", "W2"):
        total += weight_decay * np.vdot(params[name], params[name])
        grads[name] += params[name] * (weight_decay + weight_decay)
    return [total, grads]


def with_ones(params, x, y, weight_decay):
    """Biases as rows of the weights."""
    column = np.ones((len(x), 1), x.dtype)
    first, second = (np.vstack([params[f"W{k}"], params[f"b{k}"]]) for k in (1, 2))
    inputs = np.hstack([x, column])
    hidden = np.hstack([np.maximum(inputs @ first, 0), column])
    loss, dscores = cross_entropy(hidden @ second, y)
    d_second = hidden.T @ dscores
    d_first = inputs.T @ np.where(hidden[:, :-1] > 0, dscores @ second[:-1].T, 0)
    d_first[:-1] += 2 * weight_decay * first[:-1]
    d_second[:-1] += 2 * weight_decay * second[:-1]
    loss += weight_decay * ((first[:-1] ** 2).sum() + (second[:-1] ** 2).sum())
    return loss, {"W1": d_first[:-1], "b1": d_first[-1], "W2": d_second[:-1], "b2": d_second[-1]}


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("loss", "grads"),
    typical={"n": 5, "d": 3, "h": 6, "c": 4},
    cases=[
        Case("no weight decay", n=5, d=4, h=6, c=3, weight_decay=0.0, weight=2.0),
        Case("with weight decay", n=5, d=4, h=6, c=3, weight_decay=0.1, weight=2.0),
        Case("a batch of 32", n=32, d=6, h=10, c=5, weight_decay=1e-2),
        Case("as many of everything", n=4, d=4, h=4, c=4),
        Case("one sample", n=1, d=3, h=5, c=3),
        Case("one input, one hidden unit", n=6, d=1, h=1, c=3),
        Case("two classes", n=6, d=3, h=4, c=2),
        Case("params in another order", n=5, d=4, h=4, c=4, order=("W2", "b2", "W1", "b1")),
        Case("all scores moved up by 1000 by the bias", n=5, d=3, h=6, c=4, lift=1000.0),
        Case("hidden units that are never active", n=5, d=3, h=4, c=3, push=-50.0),
        Case("hidden units that are always active", n=5, d=3, h=4, c=3, push=50.0),
    ],
    mistakes=[
        Mistake(
            "l2_factor_lost",
            version(slope=1.0),
            "The penalty's gradient has lost its 2: weight_decay * sum(W^2) has the slope 2 * weight_decay * W.",
        ),
        Mistake(
            "penalty_halved",
            version(penalty=0.5, slope=1.0),
            "The penalty is halved, as in PyTorch's weight_decay. Here it is weight_decay * sum(W^2), gradient "
            "2 * weight_decay * W.",
        ),
        Mistake(
            "penalty_halved",
            version(penalty=0.5),
            "The penalty in the loss is halved. Here it is weight_decay * sum(W^2), and the gradient has the 2.",
        ),
        Mistake(
            "penalty_on_biases",
            version(on=("W1", "b1", "W2", "b2")),
            "The biases are penalised too. They shift, they do not scale: only W1 and W2 are.",
        ),
        Mistake(
            "penalty_on_one_layer",
            version(on=("W1",)),
            "Only W1 is penalised. The penalty is the sum over both layers' weights.",
        ),
        Mistake(
            "penalty_on_one_layer",
            version(on=("W2",)),
            "Only W2 is penalised. The penalty is the sum over both layers' weights.",
        ),
        Mistake(
            "penalty_not_in_gradient",
            gradient_without_penalty,
            "The penalty is in the loss alone. It depends on W1 and W2: add 2 * weight_decay * W to their gradients.",
        ),
        Mistake(
            "penalty_not_in_loss",
            loss_without_penalty,
            "The penalty is in the gradients alone. Add weight_decay * (sum(W1^2) + sum(W2^2)) to the loss.",
        ),
        Mistake(
            "penalty_over_batch",
            penalty_over_batch,
            "The penalty is divided by N. It belongs to the weights, not to the samples: only the data's loss is a mean.",
        ),
        Mistake(
            "norm_for_square",
            norm_for_square,
            "The penalty in the loss is a length, np.linalg.norm. It is the sum of the squares: np.sum(W**2), no root.",
        ),
        Mistake(
            "mask_forgotten",
            version(mask=lambda dh, z, scores: dh),
            "The ReLU has no backward: where a hidden unit was off, nothing passes. Mask with x @ W1 + b1 > 0.",
        ),
        Mistake(
            "mask_from_scores",
            version(mask=lambda dh, z, scores: dh, down=lambda dscores, scores: dscores * (scores > 0)),
            "The ReLU's mask is taken at the scores. There is no ReLU there; it sits between the layers, at "
            "x @ W1 + b1 > 0.",
        ),
        Mistake(
            "mask_from_gradient",
            version(mask=lambda dh, z, scores: np.maximum(dh, 0)),
            "The mask is taken from the gradient itself. What decides is which hidden units were active in the forward: "
            "x @ W1 + b1 > 0.",
        ),
        Mistake(
            "arguments_swapped",
            version(mask=lambda dh, z, scores: z * (dh > 0)),
            "relu_backward gets its arguments the wrong way round. The gradient comes first, then what the ReLU was given: "
            "(dout, x).",
        ),
        Mistake(
            "no_activation",
            version(act=lambda z: z, mask=lambda dh, z, scores: dh),
            "There is no ReLU between the layers, and two linear layers are one.",
        ),
        Mistake(
            "loss_summed",
            version(loss_of=summed),
            "Loss and gradients are summed over the batch. The cross-entropy is a mean: divide by N.",
        ),
        Mistake(
            "gradient_not_divided",
            version(loss_of=gradient_summed),
            "The loss is a mean over the batch, its gradient a sum: divide dscores by N before it goes back.",
        ),
        Mistake(
            "biases_averaged",
            version(mean=lambda grad, n: grad / n),
            "The biases' gradients are divided by N twice: the 1/N is in dscores already. Sum over the batch.",
        ),
        Mistake(
            "no_max_subtraction",
            version(loss_of=no_max),
            "Not finite for large scores: subtract each row's largest score before the exponential, or use your "
            "softmax_cross_entropy.",
        ),
        Mistake(
            "order_of_keys",
            by_order_of_keys,
            "The parameters are taken by their place in the dict. A caller may have written them in another order: ask by "
            'name, params["W1"].',
        ),
        Mistake(
            "keys_with_d",
            keys_with_d,
            "The gradients have names of their own (dW1, ...). grads has the keys of params, so that an optimizer can go "
            "through both.",
        ),
    ],
    alternatives=[network, in_one_piece, sample_by_sample, with_ones],
    hints=[
        "You have written all the parts. In which order does x meet them, and in which order does the gradient?",
        "Forward: linear, relu, linear, softmax loss. Backward: dscores, linear_backward, relu_backward at what the ReLU was "
        "given, linear_backward. Then the penalty: to the loss, and its slope to the gradients of W1 and W2.",
        '`dhidden, grads["W2"], grads["b2"] = linear_backward(dscores, cache2)`, `relu_backward(dhidden, hidden_in)`, '
        "the same for layer 1; then `grads[name] + 2 * weight_decay * params[name]` for both weights.",
    ],
)
