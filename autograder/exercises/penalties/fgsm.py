"""fgsm: the picture that is a little worse everywhere.

clip(x + eps sign(grad_x), 0, 1), the fast gradient sign method (Goodfellow, Shlens and Szegedy 2015, section 4; clipped
as Kurakin, Goodfellow and Bengio 2017). Reference: torch.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    """Pixels in [0, 1], some at the edges, none of them if `grey`, and a gradient with zeros, times `sizes`."""
    shape = case.get("shape", (4, 6))
    x = np.asarray(rng.uniform(0, 1, shape))
    edge = rng.random(shape)
    x = 0.25 + x / 2 if case.get("grey") else np.where(edge < 0.15, 0.0, np.where(edge > 0.85, 1.0, x))
    grad = np.asarray(rng.standard_normal(shape)) * case.get("sizes", 1.0)
    grad = np.where(rng.random(shape) < case.get("zeros", 0.2), 0.0, grad)
    return {"x": x, "grad_x": grad, "eps": case.get("eps", 0.1)}, {}


EXERCISE = Function(
    draw=draw,
    reference=lambda x, grad_x, eps: torch.clamp(x + eps * torch.sign(grad_x), 0, 1),
    returns=("x",),
    section="10 · A push in the worst direction",
    typical={"shape": (4, 6), "eps": 0.1},
    forms=[{"shape": s} for s in ((4, 4), (1, 5), (3, 1), (1,), (), (2, 1, 3, 3))],
    # Pixels lie in [0, 1].
    standard=("float32", "shapes", "layout", "inputs", "again"),
    cases=[
        Case("a batch of digits", shape=(6, 64), eps=0.1, weight=3),
        Case("images, (N, C, H, W)", shape=(2, 3, 4, 5), eps=0.03, weight=2),
        Case("gradients as small as 1e-9 count whole", shape=(5, 8), sizes=1e-9, eps=0.1, weight=2),
        Case("a large eps: black and white", shape=(5, 8), eps=0.7),
        Case("a grey picture: no pixel near the ends of [0, 1]", shape=(4, 8), eps=0.2, grey=True),
        Case("pixels without a gradient stay", shape=(5, 8), eps=0.2, zeros=0.6),
        Case("eps = 0: the picture itself", shape=(3, 4), eps=0.0, weight=0.5),
    ],
)


def right(x, grad_x, eps):
    step = eps * np.sign(grad_x)
    return np.clip(x + step, 0, 1)


MISTAKES = slips("""
not_clipped: np.clip(x + step, 0, 1) -> x + step
    The result leaves [0, 1], where no picture is: clip it.
downhill (core): np.clip(x + step, 0, 1) -> np.clip(x - step, 0, 1)
    The step goes downhill, which makes the loss smaller. An adversary goes uphill: x + eps sign(grad_x).
not_the_sign (core): np.sign(grad_x) -> grad_x
    The step is the gradient itself. Its sign makes every pixel move by eps, however small its slope.
normalised: np.sign(grad_x) -> grad_x / np.maximum(np.sqrt((grad_x**2).sum()), 1e-300)
    or np.sign(grad_x) -> grad_x / np.maximum(np.abs(grad_x).max(), 1e-300)
    The step is the gradient made 1 long, or 1 at its largest. Its sign makes every pixel move by eps.
one_at_zero: np.sign(grad_x) -> np.where(grad_x >= 0, 1.0, -1.0).astype(x.dtype)
    or np.sign(grad_x) -> np.where(grad_x > 0, 1.0, -1.0).astype(x.dtype)
    Pixels whose gradient is 0 are moved. They stay: np.sign is 0 there.
clipped_to_minus_one: np.clip(x + step, 0, 1) -> np.clip(x + step, -1, 1)
    It is clipped to [-1, 1]. Pixels lie in [0, 1].
step_clipped: np.clip(x + step, 0, 1) -> x + np.clip(step, 0, 1)
    The step is clipped, not the picture.
nan_at_zero: np.sign(grad_x) -> grad_x / np.abs(grad_x)
    grad / |grad| is nan where the gradient is 0. Take np.sign.
eps_missing: eps * np.sign(grad_x) -> np.sign(grad_x)
    `eps` is not used: it is how far each pixel moves.
perturbation_alone (core): np.clip(x + step, 0, 1) -> step
    This is the perturbation alone. Add it to x.
in_place (detail): -> given = x; x = x.copy(); given += eps * np.sign(grad_x)
    The caller's picture is overwritten: `x += ...`. Make a new array.
""")


@alternative
def by_comparison(x, grad_x, eps):
    up, down = (grad_x > 0).astype(x.dtype), (grad_x < 0).astype(x.dtype)
    return np.minimum(np.maximum(x + eps * up - eps * down, 0), 1)


@alternative
def pixel_by_pixel(x, grad_x, eps):
    out = x.copy()
    for place in np.ndindex(x.shape):
        if grad_x[place] != 0:
            out[place] = min(max(x[place] + (eps if grad_x[place] > 0 else -eps), 0.0), 1.0)
    return out


HINTS = [
    "Which way does a pixel have to go so that the loss grows? Every pixel may move by eps, not more.",
    "eps times the sign of the gradient, added; then back into [0, 1].",
    "`np.clip(x + eps * np.sign(grad_x), 0, 1)`.",
]
