"""decayed_sgd: plain SGD with decoupled weight decay.

w <- w - lr weight_decay w - lr grad, both from the w that was given (Loshchilov and Hutter 2019, with the decay times
lr as PyTorch has it). Reference: torch.optim.SGD(weight_decay): without momentum its L2 term is the same step.
"""

import numpy as np

from autograder.exercises._optimizers import STEP
from autograder.judge import Case, Optimizer, alternative, mistake, slips, torch_optimizer

EXERCISE = Optimizer(
    reference=torch_optimizer("SGD"),
    section="5 · Decay",
    cases=[
        Case("one step", steps=1, shape=(3,), lr=0.1, weight_decay=0.2, weight=2),
        Case("60 steps with varying gradients", lr=0.05, weight_decay=0.1, weight=2),
        Case("a strong decay: lr * weight_decay = 0.5", shape=(2, 3), steps=8, lr=0.5, weight_decay=1.0, weight=2),
        Case("weight_decay = 0 is plain SGD", lr=0.1, weight_decay=0.0),
        Case("the learning rate changes on the way", shape=(2, 3, 2), lr=(0.1, 0.003, 0.5), weight_decay=0.3, weight=2),
        Case("gradients of 0: decay alone", steps=10, sizes=0.0, lr=0.1, weight_decay=0.4),
        Case("the caller changes w on the way", mode="moved", weight_decay=0.2),
        Case("several parameters in turn, each with its state", mode="several", steps=12, weight_decay=0.2),
    ],
)


def right(w, grad, state, *, lr, weight_decay):
    step = lr * weight_decay * w + lr * grad
    return w - step, state


MISTAKES = [
    *STEP,
    *slips("""
decay_after_the_step: return w - step, state -> moved = w - lr * grad; return moved - lr * weight_decay * moved, state
    The decay is taken of the weights after the step. Both terms come from the w that was given.
decay_without_lr: lr * weight_decay * w -> weight_decay * w
    The decay is not multiplied by lr, as Loshchilov and Hutter print it. Here, as in PyTorch, it is: a smaller rate
    decays less.
decay_doubled: lr * weight_decay * w -> 2 * lr * weight_decay * w
    The decay is twice too strong: the factor 2 belongs to the gradient of lam * w^2, not to a decay.
decay_grows: lr * weight_decay * w + lr * grad -> lr * grad - lr * weight_decay * w
    The decay has the wrong sign: the weights grow.
gradient_added (core): lr * weight_decay * w + lr * grad -> lr * weight_decay * w - lr * grad
    The gradient's step is added, which leads uphill. It is taken off, as the decay is.
decay_missing (core): lr * weight_decay * w + lr * grad -> lr * grad
    `weight_decay` is not used: this is plain SGD.
gradient_missing (core): lr * weight_decay * w + lr * grad -> lr * weight_decay * w
    The gradient is not used: the weights only decay.
lr_missing: lr * weight_decay * w + lr * grad -> lr * weight_decay * w + grad
    The gradient is not multiplied by lr.
decay_of_the_size: lr * weight_decay * w -> lr * weight_decay * np.sign(w)
    The decay takes the same amount off each weight, as the L1 penalty does. It is proportional to the weight.
decay_exponential: return w - step, state -> return w * np.exp(-lr * weight_decay) - lr * grad, state
    or return w - step, state -> return w / (1 + lr * weight_decay) - lr * grad, state
    The factor on w is exp(-lr * weight_decay), or 1 / (1 + lr * weight_decay): nearly the same for a weak decay. It is
    1 - lr * weight_decay.
in_place (detail): return w - step, state -> w -= step; return w, state
    The caller's array is overwritten: `w -= ...` writes into it. Make a new one.
"""),
]


@mistake("The decay is that of the first weights ever seen. It is that of the w that comes with each step.")
def decay_of_the_first(w, grad, state, *, lr, weight_decay):
    first = (state or {}).get("first", w)
    return w - lr * weight_decay * first - lr * grad, {"first": first}


@alternative
def shrunk_first(w, grad, state, *, lr, weight_decay):
    return (1 - lr * weight_decay) * w - lr * grad, None


@alternative
def as_a_gradient(w, grad, state, *, lr, weight_decay):
    total = np.add(grad, np.multiply(w, weight_decay))
    return [np.subtract(w, lr * total), {"steps": 1}]


HINTS = [
    "Two things are taken off w: a share of itself, and the gradient's step. Which numbers scale each?",
    "Both come from the same w, the one that was given; lr multiplies both. Make a new array.",
    "`w = w - lr * weight_decay * w - lr * grad`.",
]
