"""scale_invariance_gap: BN(u @ (a W)) against BN(u @ W), and the gradients by a W and by W.

Without eps the outputs agree for a > 0 and the gradient by a W is 1/a of the one by W (Ioffe and Szegedy 2015, section
3.3; lecture 004). For a < 0 the output turns over: the gap is twice its largest entry, the ratio 1/|a|; the lecture's
equations need a > 0. Reference: torch.nn.functional.batch_norm(training=True) and autograd, with an eps that rounding
swallows.
"""

import numpy as np

from autograder.judge import Case, F, Function, alternative, slips, vjp

NO_EPS = 1e-300  # PyTorch refuses 0 in training; added to any variance here, this changes no digit.


def layer(W, u, dout, *, eps=0.0, ddof=0):
    """Output and gradient by W of BN(u @ W)."""
    z = u @ W
    std = np.sqrt(z.var(0, ddof=ddof) + eps)
    x_hat = (z - z.mean(0)) / std
    dz = (dout - dout.mean(0) - x_hat * (dout * x_hat).mean(0)) / std
    return x_hat, u.T @ dz


def draw(rng, case):
    n, n_in, n_out = case.get("n"), case.get("n_in"), case.get("n_out")
    u = rng.standard_normal((n, n_in)) + rng.uniform(-1.0, 1.0, n_in)
    W = rng.standard_normal((n_in, n_out)) * case.get("size", 1.0)
    out, _ = layer(W, u, np.ones((n, n_out)))
    # The largest entry is positive, so that for a < 0 the largest difference is a negative one.
    u = u if out.max() > -out.min() else -u
    return {"W": W, "u": u, "dout": rng.standard_normal((n, n_out))}, {"a": case.get("a")}


def reference(W, u, dout, a):
    outs, grads = [], []
    for weights in (W, a * W):
        leaf = weights.clone().requires_grad_()
        out = F.batch_norm(u @ leaf, None, None, training=True, eps=NO_EPS)
        outs.append(out.detach())
        grads.append(vjp(out, [leaf], dout)[0])
    return (outs[1] - outs[0]).abs().max(), grads[1].norm() / grads[0].norm()


def scale(W, u, dout, a):
    # The gap is 0 for a > 0; what it is a difference of is of size 1.
    return {"output_gap": 1.0}


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("output_gap", "gradient_ratio"),
    scale=scale,
    section="9 · The scale of the weights",
    typical={"n": 8, "n_in": 4, "n_out": 3, "a": -3.0},
    sizes={"n": "samples", "n_in": "inputs", "n_out": "outputs"},
    # With two samples, or one input, the gradient by W is 0: BN has taken away all that dout could change.
    least={"n": 3, "n_in": 2, "n_out": 1},
    # A column of W that is 0 has no scale.
    tied=("u", "dout"),
    cases=[
        Case("weights ten times as large", n=8, n_in=4, n_out=3, a=10.0),
        Case("weights a tenth as large", n=8, n_in=3, n_out=5, a=0.1),
        Case("a = 1 changes nothing", n=6, n_in=3, n_out=2, a=1.0),
        Case("a batch of 64", n=64, n_in=10, n_out=6, a=100.0),
        Case("small weights, where an eps of 1e-5 would show", n=8, n_in=4, n_out=3, a=3.0, size=1e-3, weight=2),
        Case("weights so small that an eps of 1e-8 would show", n=8, n_in=4, n_out=3, a=0.5, size=1e-5),
        Case("a negative a turns the output over", n=8, n_in=4, n_out=3, a=-2.0, weight=3),
        Case("another negative a", n=10, n_in=3, n_out=4, a=-0.25, weight=3),
    ],
)


def right(W, u, dout, a):
    out, grad = layer(W, u, dout)
    scaled_out, scaled_grad = layer(a * W, u, dout)
    output_gap = np.max(np.abs(scaled_out - out))
    gradient_ratio = np.linalg.norm(scaled_grad) / np.linalg.norm(grad)
    return output_gap, gradient_ratio


MISTAKES = slips("""
eps_left_in:
    layer(W, u, dout) -> layer(W, u, dout, eps=1e-5)
    layer(a * W, u, dout) -> layer(a * W, u, dout, eps=1e-5)
    The default eps of 1e-5 is still in the root. It does not scale with a, so neither law is exact, and with small
    weights both are far off: pass `eps=0.0`.

small_eps (detail):
    layer(W, u, dout) -> layer(W, u, dout, eps=1e-8)
    layer(a * W, u, dout) -> layer(a * W, u, dout, eps=1e-8)
    An eps of 1e-8 is still in the root, and with small weights the variance is as small as that. Asked for is
    `eps=0.0`, exactly.

ddof_one (detail):
    layer(W, u, dout) -> layer(W, u, dout, ddof=1)
    layer(a * W, u, dout) -> layer(a * W, u, dout, ddof=1)
    The variance is divided by N - 1. BatchNorm normalizes with the biased variance: divide by N.

hard_coded (core):
    np.max(np.abs(scaled_out - out)) -> 0.0
    np.linalg.norm(scaled_grad) / np.linalg.norm(grad) -> 1 / a
    The answer is 0 and 1 / a, whatever the layer does. Measure both: for a < 0 the output turns over and the ratio of
    two norms is positive.

hard_coded_gap: np.max(np.abs(scaled_out - out)) -> 0.0
    The gap is always 0: written down, taken between the sizes of the two outputs, or measured for |a|. For a < 0 the
    output turns over, BN(-z) = -BN(z): subtract the outputs first, then take the absolute value.

ratio_keeps_sign: np.linalg.norm(scaled_grad) / np.linalg.norm(grad) -> 1 / a
    The ratio has the sign of a: it is 1 / a, written down or taken entry by entry. A ratio of norms is positive.
ratio_inverted: np.linalg.norm(scaled_grad) / np.linalg.norm(grad) -> np.linalg.norm(grad) / np.linalg.norm(scaled_grad)
    The ratio is upside down: the gradient by a W over the gradient by W.

gradient_by_w: np.linalg.norm(scaled_grad) -> abs(a) * np.linalg.norm(scaled_grad)
    Both gradients are taken by W (or u was scaled in place of W), so the ratio is 1. The scaled layer's weights are a
    W: take its gradient by those, u.T @ dz.

squared_norms: np.linalg.norm(scaled_grad) / np.linalg.norm(grad) -> (scaled_grad**2).sum() / (grad**2).sum()
    This is the ratio of squared norms, 1 / a^2. A norm has a root.
sign_kept: np.abs(scaled_out - out) -> scaled_out - out
    The largest difference is taken with its sign, so a large negative one goes unseen: max of the absolute value.
mean_gap: np.max(np.abs(scaled_out - out)) -> np.mean(np.abs(scaled_out - out))
    The gap is averaged. Asked for is the largest absolute difference.
norm_of_the_gap: np.max(np.abs(scaled_out - out)) -> np.linalg.norm(scaled_out - out)
    The gap is a norm of the difference. Asked for is the largest absolute difference.

old_statistics: scaled_out - out -> (a * (u @ W) - u @ W) / (u @ W).std(axis=0)
    The scaled layer is normalized with the statistics of u @ W. Its own batch is u @ (a W), with its own mean and
    variance: that is what divides a out again.

without_batchnorm (core):
    scaled_out - out -> u @ (a * W) - u @ W
    np.linalg.norm(scaled_grad) / np.linalg.norm(grad) -> 1.0
    This is the gap of the linear layers, before any normalization. Send both through batch normalization.

order_swapped: return output_gap, gradient_ratio -> return gradient_ratio, output_gap
    The two come back in the wrong order: first the gap of the outputs, then the ratio of the gradients.
""")


@alternative
def with_jacobians(W, u, dout, a):
    def both(weights):
        z = u @ weights
        centred = z - z.mean(axis=0, keepdims=True)
        std = np.sqrt(np.einsum("no,no->o", centred, centred) / len(z))
        x_hat = centred / std
        n = len(z)
        jacobians = (np.eye(n, dtype=z.dtype)[:, :, None] - 1 / n - np.einsum("no,mo->nmo", x_hat, x_hat) / n) / std
        return x_hat, np.einsum("ni,nmo,mo->io", u, jacobians, dout)

    (out, grad), (scaled, scaled_grad) = both(W), both(np.multiply(W, a))
    ratio = np.sqrt(np.sum(scaled_grad**2)) / np.sqrt(np.sum(grad**2))
    return float(np.max(np.abs(out - scaled))), float(ratio)


@alternative
def over_all_weights(W, u, dout, a):
    """The maximum over a ravelled array, the norm of a ravelled gradient."""
    (out, grad), (scaled, scaled_grad) = layer(W, u, dout), layer(W * a, u, dout)
    gap = max(abs(scaled.ravel() - out.ravel()))
    return gap, np.sqrt(scaled_grad.ravel() @ scaled_grad.ravel()) / np.sqrt(grad.ravel() @ grad.ravel())


HINTS = [
    "Run the same layer twice, once with W and once with a W, forward and backward. What do you compare?",
    "With gamma = 1, beta = 0 and eps = 0: z = u @ weights, out = BN(z), and the gradient by the weights is u.T @ dz "
    "with dz from your backward function.",
    "`out, cache = batchnorm_forward(u @ weights, ones, 0 * ones, eps=0.0)`, `dz, _, _ = batchnorm_backward(dout, "
    "cache)`, `grad = u.T @ dz`, for W and for a * W; then `np.abs(scaled_out - out).max()` and the ratio of "
    "`np.linalg.norm`.",
]
