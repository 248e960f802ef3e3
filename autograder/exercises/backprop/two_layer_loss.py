"""two_layer_loss: a network with one hidden layer, its loss and the gradients of all parameters.

scores = relu(x @ W1 + b1) @ W2 + b2; loss = mean softmax cross-entropy + weight_decay * (sum(W1^2) + sum(W2^2)):
lecture 002's lambda R(W). PyTorch's weight_decay adds w to the gradient, half of this, and to the biases' too.
Reference: autograd.
"""

import numpy as np

from autograder.exercises.backprop._layers import bias, weights
from autograder.exercises.backprop.softmax_cross_entropy import right as cross_entropy
from autograder.exercises.backprop.softmax_cross_entropy import unstable
from autograder.judge import Case, F, Function, alternative, slips, torch


def draw(rng, case):
    """A network and a batch, no hidden unit within rounding of the ReLU's kink.

    Options: `n`, `d`, `h`, `c`; `weight_decay`; `push` is added to b1, `lift` to b2; `order` of the keys; `idle`: the
    first hidden unit has no weights, and stands at exactly 0.
    """
    n, d, h, c = (case.get(name) for name in ("n", "d", "h", "c"))
    while True:
        x = rng.standard_normal((n, d))
        params = {"W1": weights(rng, d, h), "b1": bias(rng, h), "W2": 1.5 * weights(rng, h, c), "b2": bias(rng, c)}
        params["b1"] = params["b1"] + case.get("push", 0.0)
        params["b2"] = params["b2"] + case.get("lift", 0.0)
        if abs(x @ params["W1"] + params["b1"]).min() > 1e-3:
            break
    if case.get("idle"):
        params["W1"][:, 0] = params["b1"][0] = 0
    params = {name: params[name] for name in case.get("order", ("W1", "b1", "W2", "b2"))}
    y = rng.integers(c, size=n)
    return {"params": params, "x": x, "y": y, "weight_decay": case.get("weight_decay", 0.05)}, {}


def reference(params, x, y, weight_decay):
    leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
    W1, b1, W2, b2 = (leaves[name] for name in ("W1", "b1", "W2", "b2"))
    scores = F.relu(x @ W1 + b1) @ W2 + b2
    loss = F.cross_entropy(scores, y) + weight_decay * ((W1**2).sum() + (W2**2).sum())
    return loss, dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("loss", "grads"),
    section="9 · A network",
    typical={"n": 5, "d": 3, "h": 6, "c": 4, "weight_decay": 0.0},
    sizes={"n": "samples", "d": "inputs", "h": "hidden units", "c": "classes"},
    cases=[
        Case("no weight decay", n=5, d=4, h=6, c=3, weight_decay=0.0, weight=2),
        Case("with weight decay", n=5, d=4, h=6, c=3, weight_decay=0.1, weight=3),
        Case("a batch of 32", n=32, d=6, h=10, c=5, weight_decay=0.01),
        Case("as many of everything", n=4, d=4, h=4, c=4, weight_decay=0.0),
        Case("params in another order", n=5, d=4, h=4, c=4, order=("W2", "b2", "W1", "b1")),
        Case("all scores moved up by 1000 by the bias", n=5, d=3, h=6, c=4, lift=1000.0),
        Case("hidden units that are never active", n=5, d=3, h=4, c=3, push=-50.0, weight_decay=0.0),
        Case("hidden units that are always active", n=5, d=3, h=4, c=3, push=50.0, weight_decay=0.0),
        Case("a hidden unit at exactly 0: its slope is taken to be 0", n=5, d=3, h=4, c=3, idle=True),
    ],
)


def right(params, x, y, weight_decay):
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    z = x @ W1 + b1
    hidden = np.maximum(z, 0)
    scores = hidden @ W2 + b2
    loss, dscores = cross_entropy(scores, y)
    penalty = weight_decay * ((W1**2).sum() + (W2**2).sum())
    slope = 2 * weight_decay
    dhidden = dscores @ W2.T
    dz = dhidden * (z > 0)
    dW1 = x.T @ dz + slope * W1
    dW2 = hidden.T @ dscores + slope * W2
    db1 = dz.sum(axis=0)
    db2 = dscores.sum(axis=0)
    return loss + penalty, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def from_probabilities(scores, y):
    """The cross-entropy without the largest score: nan where it overflows."""
    p = unstable(scores)
    return -np.log(p[np.arange(len(y)), y]).mean(), (p - np.eye(p.shape[1], dtype=p.dtype)[y]) / len(y)


def from_logarithms(scores, y):
    """The same, with a gradient of 0 where it overflows."""
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    return -log_p[np.arange(len(y)), y].mean(), (np.exp(log_p) - hot) / len(y)


MISTAKES = slips("""
l2_factor_lost: 2 * weight_decay -> weight_decay
    The penalty's gradient has lost its 2: weight_decay * sum(W^2) has the slope 2 * weight_decay * W.

penalty_halved:
    loss + penalty -> loss + 0.5 * penalty
    2 * weight_decay -> weight_decay
    The penalty is halved, as in PyTorch's weight_decay. Here it is weight_decay * sum(W^2), gradient 2 * weight_decay *
    W.

penalty_halved: loss + penalty -> loss + 0.5 * penalty
    The penalty in the loss is halved. Here it is weight_decay * sum(W^2), and the gradient has the 2.

penalty_on_biases:
    (W1**2).sum() + (W2**2).sum() -> sum((value**2).sum() for value in (W1, b1, W2, b2))
    dz.sum(axis=0) -> dz.sum(axis=0) + slope * b1
    dscores.sum(axis=0) -> dscores.sum(axis=0) + slope * b2
    or dz.sum(axis=0) -> dz.sum(axis=0) + slope * b1
    dscores.sum(axis=0) -> dscores.sum(axis=0) + slope * b2
    or (W1**2).sum() + (W2**2).sum() -> sum((value**2).sum() for value in (W1, b1, W2, b2))
    The biases are penalised too, in the loss or in their gradients. They shift, they do not scale: only W1 and W2 are.

penalty_on_one_layer:
    (W1**2).sum() + (W2**2).sum() -> (W1**2).sum()
    slope * W2 -> 0
    Only W1 is penalised. The penalty is the sum over both layers' weights.

penalty_on_one_layer:
    (W1**2).sum() + (W2**2).sum() -> (W2**2).sum()
    slope * W1 -> 0
    Only W2 is penalised. The penalty is the sum over both layers' weights.

penalty_not_in_gradient: 2 * weight_decay -> 0
    The penalty is in the loss alone. It depends on W1 and W2: add 2 * weight_decay * W to their gradients.
penalty_not_in_loss: loss + penalty -> loss
    The penalty is in the gradients alone. Add weight_decay * (sum(W1^2) + sum(W2^2)) to the loss.

no_penalty:
    loss + penalty -> loss
    2 * weight_decay -> 0
    `weight_decay` is not used. Add the penalty to the loss, and its slope, 2 * weight_decay * W, to the gradients of W1
    and W2.

penalty_over_batch: -> weight_decay = weight_decay / len(x)
    The penalty is divided by N. It belongs to the weights, not to the samples: only the data's loss is a mean.
norm_for_square: (W1**2).sum() + (W2**2).sum() -> np.linalg.norm(W1) + np.linalg.norm(W2)
    The penalty in the loss is a length, np.linalg.norm. It is the sum of the squares: np.sum(W**2), no root.
mean_for_sum: (W1**2).sum() + (W2**2).sum() -> (W1**2).mean() + (W2**2).mean()
    The penalty in the loss is a mean of squares. It is their sum: np.sum(W**2).
sizes_for_squares: (W1**2).sum() + (W2**2).sum() -> np.abs(W1).sum() + np.abs(W2).sum()
    The penalty in the loss adds the sizes of the weights. It is the sum of their squares: np.sum(W**2).
mask_forgotten: dhidden * (z > 0) -> dhidden
    The ReLU has no backward: where a hidden unit was off, nothing passes. Mask with x @ W1 + b1 > 0.

mask_from_scores: dscores @ W2.T -> (dscores * (scores > 0)) @ W2.T
    dhidden * (z > 0) -> dhidden
    dscores.sum(axis=0) -> (dscores * (scores > 0)).sum(axis=0)
    hidden.T @ dscores -> hidden.T @ (dscores * (scores > 0))
    or loss, dscores = cross_entropy(scores, y) -> loss, dscores = cross_entropy(scores, y); dscores *= scores > 0
    The ReLU's mask is taken at the scores. There is no ReLU there; it sits between the layers, at x @ W1 + b1 > 0.

relu_on_scores: hidden @ W2 + b2 -> np.maximum(hidden @ W2 + b2, 0)
    or scores = hidden @ W2 + b2 -> scores = np.maximum(hidden @ W2 + b2, 0)
    loss, dscores = cross_entropy(scores, y) -> loss, dscores = cross_entropy(scores, y); dscores *= scores > 0
    The scores have a ReLU too, which cuts off the negative ones. The only ReLU sits between the layers.

mask_from_gradient (core): dhidden * (z > 0) -> np.maximum(dhidden, 0)
    The mask is taken from the gradient itself. What decides is which hidden units were active in the forward: x @ W1 +
    b1 > 0.

gradient_at_zero (detail): z > 0 -> z >= 0
    Where a hidden unit stands at exactly 0 the gradient passes (`>= 0`). The derivative of the ReLU is taken to be 0
    there: `> 0`.

arguments_swapped: dhidden * (z > 0) -> z * (dhidden > 0)
    relu_backward gets its arguments the wrong way round. The gradient comes first, then what the ReLU was given: (dout,
    x).

no_activation (core):
    np.maximum(z, 0) -> z
    dhidden * (z > 0) -> dhidden
    or np.maximum(z, 0) -> z
    There is no ReLU between the layers, and two linear layers are one.

input_before_relu: hidden.T @ dscores -> z.T @ dscores
    W2's gradient is made with what the ReLU was given. The second layer's input is what the ReLU returned.
b1_not_masked: dz.sum(axis=0) -> dhidden.sum(axis=0)
    b1's gradient has not gone through the ReLU. It is a part of the first layer, as W1 is: sum the masked gradient.

loss_summed:
    loss, dscores = cross_entropy(scores, y) -> loss, dscores = (len(y) * part for part in cross_entropy(scores, y))
    Loss and gradients are summed over the batch. The cross-entropy is a mean: divide by N.

gradient_not_divided:
    loss, dscores = cross_entropy(scores, y) -> loss, dscores = cross_entropy(scores, y); dscores *= len(y)
    The loss is a mean over the batch, its gradient a sum: divide dscores by N before it goes back.

divided_twice:
    loss, dscores = cross_entropy(scores, y) -> loss, dscores = cross_entropy(scores, y); dscores /= len(y)
    The gradients are divided by N twice: the 1/N is in dscores already.

biases_averaged:
    dz.sum(axis=0) -> dz.mean(axis=0)
    dscores.sum(axis=0) -> dscores.mean(axis=0)
    The biases' gradients are divided by N twice: the 1/N is in dscores already. Sum over the batch.

no_max_subtraction (detail): cross_entropy(scores, y) -> from_probabilities(scores, y)
    or cross_entropy(scores, y) -> from_logarithms(scores, y)
    or cross_entropy(scores, y) -> from_probabilities(scores, y)
    dhidden * (z > 0) -> np.where(z > 0, dhidden, 0)
    Not finite for large scores: subtract each row's largest score before the exponential, or use your
    softmax_cross_entropy.

order_of_keys (detail):
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2")) -> W1, b1, W2, b2 = params.values()
    The parameters are taken by their place in the dict. A caller may have written them in another order: ask by name,
    params["W1"].

keys_with_d (detail):
    {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2} -> {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
    The gradients have names of their own (dW1, ...). grads has the keys of params, so that an optimizer can go through
    both.
""")


@alternative
def with_ones(params, x, y, weight_decay):
    """Biases as rows of the weights."""
    column = np.ones((len(x), 1), x.dtype)
    first, second = (np.vstack([params[f"W{k}"], params[f"b{k}"]]) for k in (1, 2))
    inputs = np.hstack([x, column])
    hidden = np.hstack([np.maximum(inputs @ first, 0), column])
    loss, dscores = cross_entropy(hidden @ second, y)
    d_second = hidden.T @ dscores
    d_first = inputs.T @ np.where(hidden[:, :-1] > 0, dscores @ second[:-1].T, 0)
    for grad, both in ((d_first, first), (d_second, second)):
        grad[:-1] += 2 * weight_decay * both[:-1]
        loss += weight_decay * (both[:-1] ** 2).sum()
    return loss, {"W1": d_first[:-1], "b1": d_first[-1], "W2": d_second[:-1], "b2": d_second[-1]}


@alternative
def sample_by_sample(params, x, y, weight_decay):
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    total = 0.0
    for row, label in zip(x, y, strict=True):
        loss, one = right(params, row[None], np.array([label]), 0.0)
        total += loss / len(x)
        for name in grads:
            grads[name] += one[name] / len(x)
    for name in ("W1", "W2"):
        total += weight_decay * np.vdot(params[name], params[name])
        grads[name] += params[name] * (weight_decay + weight_decay)
    return [total, grads]


HINTS = [
    "You have written all the parts. In which order does x meet them, and in which order does the gradient?",
    "Forward: linear, relu, linear, softmax loss. Backward: dscores, linear_backward, relu_backward at what the ReLU "
    "was given, linear_backward. Then the penalty: to the loss, and its slope to the gradients of W1 and W2.",
    '`dhidden, grads["W2"], grads["b2"] = linear_backward(dscores, cache2)`, `relu_backward(dhidden, hidden_in)`, the '
    "same for layer 1; then `grads[name] + 2 * weight_decay * params[name]` for both weights.",
]
