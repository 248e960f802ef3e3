"""equivalent_l2: the strength of an L2 penalty that equals a decay.

With plain SGD the gradient of lam sum w^2 is 2 lam w, so lam = weight_decay / 2 makes the same steps as `decayed_sgd`,
for any lr, since the decay is times lr here (PyTorch's form; lecture 003). Reference: trajectories in torch, from which
lam is solved for.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    many = case.get("pairs")
    pairs = many or [(float(10 ** rng.uniform(-4, 0)), float(10 ** rng.uniform(-3, 0))) for _ in range(4)]
    return [({"weight_decay": decay, "lr": lr}, {}) for decay, lr in pairs]


def reference(weight_decay, lr):
    """What lam has to be, from one decayed step without a gradient and autograd's gradient of sum w^2."""
    w = torch.tensor([0.7, -1.3], dtype=torch.float64, requires_grad=True)
    slope = torch.autograd.grad((w**2).sum(), w)[0]
    decayed = w.detach() * (1 - lr * weight_decay)
    return float(((w.detach() - decayed) / (lr * slope)).mean())


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("lam",),
    sweep="weight_decay",
    section="5 · Decay",
    # No arrays: two numbers in, one out.
    standard=("again",),
    scale=lambda weight_decay, lr: {"lam": weight_decay},
    cases=[
        Case("drawn numbers", weight=3),
        Case("a learning rate of 1", pairs=[(0.02, 1.0), (0.5, 1.0)]),
        Case("a small learning rate", pairs=[(0.3, 1e-3), (1e-4, 1e-3)], weight=3),
        Case("no decay, no penalty", pairs=[(0.0, 0.1)], weight=0.5),
    ],
)


def right(weight_decay, lr):
    lam = weight_decay / 2
    return lam


MISTAKES = slips("""
the_same_number (core): weight_decay / 2 -> weight_decay
    lam is weight_decay itself. The gradient of lam * w^2 is 2 * lam * w: there is a 2 between them.
doubled: weight_decay / 2 -> 2 * weight_decay
    The 2 is on the wrong side: 2 * lam = weight_decay.
divided_by_lr: weight_decay / 2 -> weight_decay / (2 * lr)
    lam depends on lr. That is right where the decay is not multiplied by lr (Loshchilov and Hutter's equation); here it
    is, and lr cancels.
divided_by_lr: weight_decay / 2 -> weight_decay / lr
    lam depends on lr, and the 2 of the square's derivative is missing: here lr multiplies the decay too, and cancels.
times_lr: weight_decay / 2 -> lr * weight_decay / 2
    or weight_decay / 2 -> lr * weight_decay
    lam is multiplied by lr. Both steps have lr in them already, and it cancels.
root: weight_decay / 2 -> (weight_decay / 2) ** 0.5
    The root of it is taken: lam multiplies the squares as it is.
""")


@alternative
def solved_for(weight_decay, lr):
    """From the two steps of a weight of 1."""
    decayed = lr * weight_decay * 1.0
    slope = 2 * 1.0
    return decayed / (lr * slope)


@alternative
def as_a_numpy_number(weight_decay, lr):
    return np.float64(0.5) * weight_decay


HINTS = [
    "Write down the step of `decayed_sgd`, and that of plain SGD on loss + lam * sum(w^2). When are they the same?",
    "lr * weight_decay * w has to be lr * 2 * lam * w.",
    "`lam = weight_decay / 2`: lr cancels.",
]
