"""adversarial_loss: the loss, and the loss at the worst neighbour.

alpha J(x) + (1 - alpha) J(fgsm(x, grad J(x), eps)) (Goodfellow, Shlens and Szegedy 2015, section 6; lecture 004 names
adversarial samples among the regularisers). Reference: the formula in torch, with autograd.
"""

import numpy as np
from scipy import special

from autograder.exercises.penalties.fgsm import right as fgsm
from autograder.judge import Case, Probe, Procedure, Script, Want, alternative, in_torch, slips, torch


def ask(case, rng):
    script, shape = Script(), case.get("shape", (4, 6))
    slope, curve = rng.standard_normal(shape), rng.uniform(5.0, 30.0, shape)
    x = rng.uniform(0, 1, shape)
    x = np.where(rng.random(shape) < 0.15, np.round(x), x)

    def loss(point, m=np):
        return m.log(1 + m.exp((m.asarray(slope) * point).sum())) + m.sin(m.asarray(curve) * point).sum()

    def loss_and_grad(point):
        if not isinstance(point, np.ndarray) or point.shape != tuple(shape):
            raise ValueError(f"loss_and_grad takes one array of shape {tuple(shape)}")
        point = point.astype(np.float64)
        rising = special.expit((slope * point).sum())
        return float(loss(point)), rising * slope + curve * np.cos(curve * point)

    @in_torch(otherwise=lambda share: right(loss_and_grad, x, eps, alpha=share))
    def reference(share):
        point = torch.tensor(x, requires_grad=True)
        clean = loss(point, torch)
        (grad,) = torch.autograd.grad(clean, point)
        attacked = loss(torch.clamp(torch.tensor(x) + eps * torch.sign(grad), 0, 1), torch)
        return share * clean.detach() + (1 - share) * attacked.detach()

    eps, alpha = case.get("eps", 0.1), case.get("alpha", 0.3)
    options = {} if alpha is None else {"alpha": alpha}
    sent = script.put(x)
    for _ in range(2 if case.get("again") else 1):
        result = script.call(0, script.callback(loss_and_grad), sent, eps, **options)
        value = float(reference(0.5 if alpha is None else alpha))
        script.get(result, Want("loss", value, result="loss"))
    if case.get("inputs"):
        script.get(sent, Want("x", x, rtol=0.0, atol=0.0, role="input"))
    keywords = "" if alpha is None else f", alpha={alpha}"
    return Probe(script, f"adversarial_loss(loss_and_grad, x, {eps}{keywords})", {"x": x})


EXERCISE = Procedure(
    ask=ask,
    section="10 · A push in the worst direction",
    cases=[
        Case("more of the attacked picture", shape=(8,), eps=0.1, alpha=0.3, weight=3),
        Case("more of the clean one", shape=(4, 6), eps=0.2, alpha=0.8, weight=2),
        Case("the attacked picture alone", shape=(4, 6), eps=0.1, alpha=0.0, weight=2),
        Case("the clean one alone", shape=(4, 6), eps=0.1, alpha=1.0),
        Case("a large eps: the result stays in [0, 1]", shape=(5, 5), eps=0.6, alpha=0.2, weight=2),
        Case("eps = 0: the loss itself", shape=(4, 4), eps=0.0, alpha=0.4, weight=0.5),
        Case("the default alpha is 0.5", shape=(4, 6), eps=0.15, alpha=None),
        Case("leaves x as it was", about="inputs", shape=(4, 6), inputs=True),
        Case("gives the same answer when it is called again", about="again", shape=(4, 6), again=True, weight=0.5),
    ],
)


def right(loss_and_grad, x, eps, *, alpha=0.5):
    clean, grad_x = loss_and_grad(x)
    worst = fgsm(x, grad_x, eps)
    attacked, _ = loss_and_grad(worst)
    return alpha * clean + (1 - alpha) * attacked


MISTAKES = slips("""
alpha_swapped: alpha * clean + (1 - alpha) * attacked -> (1 - alpha) * clean + alpha * attacked
    alpha weighs the attacked picture here. It weighs the clean one: alpha J(x) + (1 - alpha) J(worst).
attacked_alone (core): alpha * clean + (1 - alpha) * attacked -> attacked
    This is the loss of the attacked picture alone: mix it with the clean one.
clean_alone (core): alpha * clean + (1 - alpha) * attacked -> clean
    This is the loss of the clean picture: the attacked one is not used.
plain_sum: alpha * clean + (1 - alpha) * attacked -> clean + attacked
    The two losses are added, without alpha.
plain_sum: alpha * clean + (1 - alpha) * attacked -> clean + alpha * attacked
    or alpha * clean + (1 - alpha) * attacked -> clean + (1 - alpha) * attacked
    The clean loss counts whole, and a share of the other is added. Their weights are alpha and 1 - alpha.
gradient_at_the_worst:
    attacked, _ = loss_and_grad(worst) -> attacked, _ = loss_and_grad(fgsm(x, loss_and_grad(worst)[1], eps))
    The gradient is taken at the perturbed picture. It is the one at x.
attacked_twice:
    attacked, _ = loss_and_grad(worst) -> attacked, _ = loss_and_grad(fgsm(worst, loss_and_grad(worst)[1], eps))
    The picture is attacked twice. One step is enough.
not_clipped: fgsm(x, grad_x, eps) -> x + eps * np.sign(grad_x)
    The attacked picture leaves [0, 1]: clip it, as `fgsm` does.
downhill (core): fgsm(x, grad_x, eps) -> fgsm(x, -grad_x, eps)
    The step goes downhill. An adversary goes uphill.
not_the_sign (core): fgsm(x, grad_x, eps) -> np.clip(x + eps * grad_x, 0, 1)
    The step is the gradient itself, not its sign.
alpha_hard_coded: -> alpha = 0.5
    `alpha` makes no difference: 0.5 stands in its place.
in_place (detail): attacked, _ = loss_and_grad(worst) -> attacked, _ = loss_and_grad(worst); x[...] = worst
    The caller's picture is overwritten. Make a new one.
""")


@alternative
def written_out(loss_and_grad, x, eps, *, alpha=0.5):
    losses = loss_and_grad(x.copy())
    shifted = np.minimum(1, np.maximum(0, x + eps * np.sign(losses[1])))
    return losses[0] * alpha + loss_and_grad(shifted)[0] * (1 - alpha)


@alternative
def from_the_difference(loss_and_grad, x, eps, *, alpha=0.5):
    clean, slope = loss_and_grad(x)
    rise = loss_and_grad(np.clip(np.where(slope > 0, x + eps, np.where(slope < 0, x - eps, x)), 0, 1))[0] - clean
    return np.float64(clean + (1 - alpha) * rise)


HINTS = [
    "Two losses: of x, and of the picture that `fgsm` makes of it. Which gradient does `fgsm` need?",
    "`loss_and_grad(x)` gives the loss and that gradient; ask it again at the attacked picture, and mix the two "
    "losses.",
    "`clean, grad_x = loss_and_grad(x)`, `attacked, _ = loss_and_grad(fgsm(x, grad_x, eps))`, `alpha * clean + (1 - "
    "alpha) * attacked`.",
]
