"""linear_probe: the linear classifier on features that stay as they are.

The W (D, C) and b (C,), C = max(y) + 1, of the least mean softmax cross-entropy + weight_decay * sum(W^2), b free (as
in 01_backprop: no 1/2), by any solver (Donahue et al. 2014 and Razavian et al. 2014, in lecture 003; Alain and Bengio
2016). Judged by the loss reached, at most 1e-6 above the least, 1e-5 in float32. Reference: torch.optim.LBFGS; the
same as sklearn's LogisticRegression(C=1 / (2 N weight_decay)).
"""

import numpy as np

from autograder.exercises.training._probes import ask
from autograder.judge import Case, Procedure, alternative, mistake, slips

EASY, HARD = {"decay": 0.5}, {"decay": 0.01, "spread": 2.0, "offset": 0.5}
EXERCISE = Procedure(
    ask=ask,
    section="9 · Borrowed features",
    cases=[
        Case("three classes", problems=[EASY, {"decay": 0.1}], weight=3),
        Case("two classes, ten", problems=[{**EASY, "classes": 2}, {"n": 90, "d": 6, "classes": 10}], weight=2),
        Case("the least is reached where it is flat too", problems=[EASY, HARD], weight=2),
        Case("features of different size", problems=[{**EASY, "spread": 3.0}, {"spread": 3.0, "decay": 0.1}], weight=2),
        Case("features far from 0", problems=[{"decay": 0.2, "offset": 1.5}], weight=2),
        Case("as many features as classes", problems=[{"d": 4, "classes": 4, "decay": 0.1}]),
        Case("one feature", problems=[{"d": 1, "decay": 0.1}], weight=0.5),
        Case("the default weight_decay is 1e-2", problems=[{"decay": None}], weight=0.5),
        Case("float32 in, float32 out", about="dtype", decay=0.1, dtype="float32"),
        Case("arrays that lie otherwise in memory", about="layout", mode="layout", decay=0.1, weight=0.5),
        Case("leaves features and labels as they were", about="inputs", mode="inputs", decay=0.1, offset=1.0),
        Case("a right answer again, in arrays that are yours", about="again", mode="again", decay=0.1),
    ],
)


def right(features, y, *, weight_decay=1e-2):
    x = features.astype(np.float64)
    n = len(features)
    classes = int(np.max(y)) + 1
    target = np.eye(classes)[y]
    one = np.hstack([x, np.ones((n, 1))])
    penalty = np.full((x.shape[1] + 1, 1), 2.0 * weight_decay)
    penalty[-1] = 0.0
    theta = np.zeros((one.shape[1], classes))
    velocity = np.zeros_like(theta)
    # The gradient changes by at most this much a step of 1: half the largest curvature of the features.
    lipschitz = 0.5 * np.linalg.eigvalsh(one.T @ one / n)[-1] + penalty.max()
    last = theta
    for t in range(1, 3000):
        ahead = theta + (t - 1) / (t + 2) * velocity
        scores = one @ ahead
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        grad = one.T @ (p - target) / n + penalty * ahead
        last, theta = theta, ahead - grad / lipschitz
        velocity = theta - last
        if np.abs(grad).max() < 1e-7:
            break
    W, b = theta[:-1], theta[-1]
    W, b = W.astype(features.dtype), b.astype(features.dtype)
    return W, b


MISTAKES = slips("""
stops_early: range(1, 3000) -> range(1, 8)
    or range(1, 3000) -> range(1, 20)
    or range(1, 3000) -> range(1, 4)
    It stops before the least is reached: a loss that falls no more is not enough, and no fixed number of steps is. Go
    on until the gradient is nearly 0.
penalty_on_b: penalty[-1] = 0.0 ->
    The penalty is on b too. It is on W alone: b only moves the scores.
half: 2.0 * weight_decay -> weight_decay
    The penalty is halved: weight_decay * sum(W^2), without a 1/2, has the gradient 2 * weight_decay * W.
doubled: 2.0 * weight_decay -> 4.0 * weight_decay
    The penalty counts twice: weight_decay * sum(W^2) has the gradient 2 * weight_decay * W.
no_penalty (core): 2.0 * weight_decay -> 0.0
    There is no penalty: `weight_decay` is not used.
summed: 2.0 * weight_decay -> 2.0 * weight_decay / n
    The cross-entropy is summed over the samples, so that the penalty counts N times less. It is their mean.
mean_of_squares: 2.0 * weight_decay -> 2.0 * weight_decay / (x.shape[1] * classes)
    The squares are averaged in the penalty. They are added up.
weight_decay_ignored: 2.0 * weight_decay -> 0.02
    `weight_decay` makes no difference: use the argument.
no_bias: np.ones((n, 1)) -> np.zeros((n, 1))
    There is no bias: b stays 0. It is free, and learnt with W.
standardised: features.astype(np.float64) -> (features - features.mean(0)) / features.std(0)
    or features.astype(np.float64) -> features - features.mean(0)
    The features are standardised (or centred, or scaled) first, and the weights are those for these. They are asked
    for the features as they are.
transposed: return W, b -> return W.T, b
    W is transposed. It is (features, classes), so that features @ W + b are the scores.
changes_dtype (detail): W, b = W.astype(features.dtype), b.astype(features.dtype) ->
    Float32 goes in and float64 comes out. Calculate in float64 as you like, and give back the dtype of the features.
in_place (detail): return W, b -> features -= features.mean(0); return W, b
    The features, or the labels, are changed by the call: `features -= features.mean(0)`. They are the caller's.
default_weight_decay (detail): weight_decay=1e-2 -> weight_decay=1e-3
    The default of `weight_decay` is another one than 1e-2.
""")


@mistake("These are the weights of least squares on one-hot labels. The cross-entropy of a softmax is asked for.")
def least_squares(features, y, *, weight_decay=1e-2):
    one = np.hstack([features, np.ones((len(features), 1))])
    penalty = np.full(one.shape[1], len(features) * weight_decay)
    penalty[-1] = 0
    theta = np.linalg.solve(one.T @ one + np.diag(penalty), one.T @ np.eye(int(np.max(y)) + 1)[y])
    return theta[:-1].astype(features.dtype), theta[-1].astype(features.dtype)


@alternative
def by_newton(features, y, *, weight_decay=1e-2):
    """Newton's steps, halved where they do not lower the loss."""
    x = np.hstack([features, np.ones((len(features), 1))]).astype(float)
    (n, d), classes = x.shape, int(np.max(y)) + 1
    penalty = np.repeat(np.r_[np.full(d - 1, 2 * weight_decay), 0.0], classes)

    def at(theta):
        scores = x @ theta.reshape(d, classes)
        scores = scores - scores.max(axis=1, keepdims=True)
        log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return np.exp(log_p), -log_p[np.arange(n), y].mean() + penalty @ theta**2 / 2

    theta = np.zeros(d * classes)
    for _ in range(50):
        p, loss = at(theta)
        grad = (x.T @ (p - np.eye(classes)[y])).ravel() / n + penalty * theta
        spread = np.einsum("nc,ck->nck", p, np.eye(classes)) - np.einsum("nc,nk->nck", p, p)
        hessian = np.einsum("ni,nj,nck->icjk", x, x, spread).reshape(d * classes, -1) / n + np.diag(penalty)
        step = np.linalg.lstsq(hessian, grad, rcond=None)[0]
        size = 1.0
        while size > 1e-6 and at(theta - size * step)[1] > loss:
            size /= 2
        theta = theta - size * step
    W = theta.reshape(d, classes).astype(features.dtype)
    return W[:-1], W[-1]


@alternative
def by_gradient_descent(features, y, *, weight_decay=1e-2):
    x, n = features - features.mean(axis=0), len(y)
    mean, hot = features.mean(axis=0), np.eye(max(y) + 1)[y]
    W, b = np.zeros((x.shape[1], hot.shape[1])), np.zeros(hot.shape[1])
    rate = 1 / (np.linalg.norm(x, 2) ** 2 / n + 2 * weight_decay)
    for _ in range(6000):
        scores = x @ W + b
        p = np.exp(scores - scores.max(axis=1)[:, None])
        error = (p / p.sum(axis=1)[:, None] - hot) / n
        slope = x.T @ error + 2 * weight_decay * W
        W, b = W - rate * slope, b - error.sum(axis=0)
        if max(np.abs(slope).max(), np.abs(error.sum(axis=0)).max()) < 1e-6:
            break
    return [W.astype(features.dtype), (b - mean @ W).astype(features.dtype)]


HINTS = [
    "Which loss has its least there, and how do you see that you have arrived?",
    "Softmax cross-entropy as in 01, plus weight_decay * sum(W^2); from zeros downhill, with gradient descent and a "
    "step below 1 / curvature, or with the L-BFGS of 05, until the largest entry of the gradient is below 1e-6.",
    "dscores = (softmax(features @ W + b) - onehot) / N; dW = features.T @ dscores + 2 * weight_decay * W; "
    "db = dscores.sum(axis=0). Loop until both are nearly 0; at last `.astype(features.dtype)`.",
]
