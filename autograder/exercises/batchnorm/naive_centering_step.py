"""naive_centering_step: one step down a gradient that forgets the mean, and the true gradient.

out = x + b - mean(x + b). Held constant, the mean leaves sum(grad_out) as the gradient by b; through the mean as well
it is 0, and b grows without bound while the output stands still (Ioffe and Szegedy 2015, section 2; lecture 004).
Reference: autograd, with the mean detached and without.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch, vjp


def draw(rng, case):
    n = case.get("n")
    grad_out = rng.standard_normal(n) * case.get("size", 1.0) + rng.choice([-1.0, 1.0]) * case.get("slope", 0.5)
    if case.get("balanced"):
        grad_out = grad_out - grad_out.mean()
    return {"b": float(rng.uniform(0.5, 2.0)), "grad_out": grad_out}, {"lr": case.get("lr", 0.1)}


def reference(b, grad_out, lr):
    bias = torch.tensor(b, dtype=torch.float64, requires_grad=True)
    # Any x: it is not in the gradient.
    shifted = torch.linspace(-1.0, 1.0, len(grad_out), dtype=torch.float64) + bias
    (naive,) = vjp(shifted - shifted.mean().detach(), [bias], grad_out, retain_graph=True)
    (true,) = vjp(shifted - shifted.mean(), [bias], grad_out)
    # What rounding leaves of 0 is shown as 0.
    true = torch.where(true.abs() > 1e-12 * grad_out.abs().sum(), true, 0.0)
    return (bias - lr * naive).detach(), true


def scale(b, grad_out, lr):
    # Both sums cancel: the true gradient is 0, and right code gives what rounding leaves of it.
    total = float(np.abs(grad_out.astype(np.float64)).sum())
    return {"b_next": abs(b) + lr * total, "true_grad": total}


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("b_next", "true_grad"),
    scale=scale,
    section="8 · Centring that forgets",
    sizes={"n": "samples"},
    cases=[
        Case("a few samples", n=4),
        Case("a batch of 64", n=64),
        Case("two samples", n=2, lr=0.5),
        Case("another learning rate", n=8, lr=0.003),
        Case("large gradients", n=8, size=1e4, slope=1e4),
        Case("gradients that sum to 0, where the naive one is right", n=8, balanced=True),
    ],
)


def right(b, grad_out, lr):
    naive_grad = grad_out.sum()
    through_mean = grad_out.size * grad_out.mean()
    b_next = b - lr * naive_grad
    true_grad = naive_grad - through_mean
    return b_next, true_grad


MISTAKES = slips("""
naive_twice (core): naive_grad - through_mean -> naive_grad
    The naive gradient is returned as the true one. b is in the mean as well: moving b moves x + b and its mean alike,
    so the output, and the loss, stay where they are.

steps_with_true_gradient: b - lr * naive_grad -> b
    b takes its step with the true gradient (0) and stays. The point here is to follow the naive one: b - lr *
    sum(grad_out).

mean_not_sum: b - lr * naive_grad -> b - lr * grad_out.mean()
    The naive gradient is averaged. b is added to every sample, so their gradients add up.

mean_twice:
    grad_out.sum() -> grad_out.mean()
    naive_grad - through_mean -> naive_grad
    The mean of grad_out is used for both. The naive gradient is the sum; the true one goes through the mean of x + b
    too, which takes all of it away.

wrong_sign: b - lr * naive_grad -> b + lr * naive_grad
    The step goes uphill: b - lr * (naive gradient).
no_learning_rate: lr * naive_grad -> naive_grad
    The whole gradient is subtracted: `lr` scales it first.
returns_step: b - lr * naive_grad -> -lr * naive_grad
    What comes back is the step alone. Return where it leads: `b` minus `lr` times the naive gradient.
returns_naive_gradient: b - lr * naive_grad -> naive_grad
    The naive gradient comes back in the place of the new b. Take the step: b - lr * (naive gradient).

mean_of_one_sample: grad_out.size * grad_out.mean() -> grad_out.mean()
    The road through the mean is counted once. The mean is subtracted from each of the N outputs, so it comes N times: N
    * mean(grad_out).

mean_added: naive_grad - through_mean -> naive_grad + through_mean
    The road through the mean has the wrong sign: the mean is subtracted in the forward, so its gradient is too.
only_the_mean: naive_grad - through_mean -> -through_mean
    Only the road through the mean is left in the true gradient. b reaches each output directly too: add sum(grad_out).
not_summed: naive_grad - through_mean -> grad_out - grad_out.mean()
    The true gradient has one entry for each sample. b is one number: sum over the samples.
one_step_for_each_sample: b - lr * naive_grad -> b - lr * grad_out
    The new b has one entry for each sample. b is one number: its gradient is the sum of grad_out.
order_swapped: return b_next, true_grad -> return true_grad, b_next
    The two come back in the wrong order: first the new b, then the true gradient.
""")


@alternative
def by_the_jacobian(b, grad_out, lr):
    n = len(grad_out)
    centring = np.eye(n, dtype=grad_out.dtype) - np.ones((n, n), dtype=grad_out.dtype) / n
    ones = np.ones_like(grad_out)
    return float(b - lr * grad_out @ ones), float(grad_out @ centring @ ones)


@alternative
def knows_the_answer(b, grad_out, lr):
    return b - lr * np.sum(grad_out), 0


HINTS = [
    "Add 1 to b. What happens to x + b, to its mean, and to the difference of the two?",
    "The naive gradient is the sum of grad_out: b reaches each output with slope 1. Through the mean, b reaches each "
    "of the N outputs once more, with slope -1.",
    "`naive = grad_out.sum()`, `b_next = b - lr * naive`, and the true gradient is "
    "`naive - grad_out.size * grad_out.mean()`, which is 0 up to rounding.",
]
