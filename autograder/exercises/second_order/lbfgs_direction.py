"""lbfgs_direction: the step that BFGS would propose, from the last few pairs and without a matrix.

Nocedal and Wright (2006), Algorithm 7.4, with the start gamma I of (7.20). Reference: the dense BFGS matrix in torch,
from that start over the pairs in order, times -grad. torch.optim.LBFGS has the same two loops inside its step.
"""

import numpy as np

from autograder.exercises.second_order._pairs import curvature_pair, direction
from autograder.judge import Case, Function, alternative, mistake, slips


def draw(rng, case):
    """Options: `pairs`, how many of each call; `sizes`: the steps' lengths, one after the other."""
    n, calls = case.get("n"), []
    for m in case.get("pairs"):
        sizes = case.get("sizes", (1.0, 0.3, 2.0))
        pairs = [curvature_pair(rng, n, short=sizes[k % len(sizes)]) for k in range(m)]
        grad = rng.standard_normal(n) + 0.3
        calls.append(({"grad": grad, "s_list": [s for s, _ in pairs], "y_list": [y for _, y in pairs]}, {}))
    return calls


EXERCISE = Function(
    draw=draw,
    reference=direction,
    returns=("d",),
    section="4 · L-BFGS: the same without a matrix",
    sizes={"n": "parameters"},
    tied=("grad",),
    wide=("grad",),
    typical={"n": 4, "pairs": (3,)},
    cases=[
        Case("no pairs yet: the gradient, downhill", n=4, pairs=(0,)),
        Case("one pair", n=3, pairs=(1,), weight=2),
        Case("two pairs", n=4, pairs=(2,), weight=3),
        Case("eight pairs, as many as parameters", n=8, pairs=(8,), weight=2),
        Case("twelve pairs: every one counts", n=5, pairs=(12,), weight=8),
        Case("pairs of very different lengths", n=4, pairs=(5,), sizes=(1e-4, 3.0, 1e-2, 50.0, 0.5), weight=2),
        Case("short steps, 1e-7", n=4, pairs=(4,), sizes=(1e-7, 3e-7), weight=2),
        Case("several calls in turn, each with its own pairs", n=4, pairs=(3, 2, 5, 1), weight=2),
        Case("hundreds of parameters", n=300, pairs=(6,)),
    ],
)


def right(grad, s_list, y_list):
    pairs = list(zip(s_list, y_list, strict=True))
    q = grad.copy()
    alphas = []
    for s, y in pairs[::-1]:
        alpha = s @ q / (s @ y)
        q = q - alpha * y
        alphas.append(alpha)
    if s_list:
        s, y = s_list[-1], y_list[-1]
        gamma = s @ y / (y @ y)
        q = gamma * q
    for (s, y), alpha in zip(pairs, alphas[::-1], strict=True):
        beta = y @ q / (s @ y)
        q = q + (alpha - beta) * s
    return -q


MISTAKES = slips("""
loops_in_wrong_order:
    pairs[::-1] -> pairs
    zip(pairs, alphas[::-1], strict=True) -> zip(pairs[::-1], alphas[::-1], strict=True)
    The loops run in the wrong order: the first goes from the newest pair to the oldest, the second from the oldest to
    the newest.
first_loop_order:
    pairs[::-1] -> pairs
    alphas[::-1] -> alphas
    or pairs[::-1] -> pairs
    The first loop runs from the oldest pair to the newest. It goes from the newest to the oldest, and the second back.
second_loop_order: zip(pairs, alphas[::-1], strict=True) -> zip(pairs[::-1], alphas, strict=True)
    or zip(pairs, alphas[::-1], strict=True) -> zip(pairs[::-1], alphas[::-1], strict=True)
    The second loop runs from the newest pair to the oldest, like the first. It goes back: oldest to newest.
alphas_in_wrong_order: alphas[::-1] -> alphas
    The alphas are those of other pairs: they were kept newest first, and the second loop begins with the oldest.
newest_first: -> s_list, y_list = s_list[::-1], y_list[::-1]
    The lists are read as if the newest pair came first. It is the last: s_list[-1], y_list[-1].

no_scaling: gamma * q -> q
    The start is missing: between the loops q is multiplied by gamma = s.y / y.y of the newest pair. With H_0 = I the
    step has no scale of its own.
scale_of_oldest: s, y = s_list[-1], y_list[-1] -> s, y = s_list[0], y_list[0]
    or s, y = s_list[-1], y_list[-1] ->
    gamma is taken from the oldest pair (after the first loop, `s` and `y` are the oldest). It is s.y / y.y of the
    *newest*: s_list[-1], y_list[-1].
scale_of_s: s @ y / (y @ y) -> s @ s / (s @ y)
    gamma is s.s / s.y here. That too is a curvature's inverse, the larger of the two (Barzilai and Borwein have both);
    asked for is s.y / y.y.
scale_upside_down: gamma * q -> q / gamma
    or s @ y / (y @ y) -> y @ y / (s @ s)
    or s @ y / (y @ y) -> s @ y / (s @ s)
    gamma is a curvature here, and has to be one over it: s.y / y.y.
scale_of_something_else: s @ y / (y @ y) -> s @ y
    or s @ y / (y @ y) -> 1 / (s @ y)
    or s @ y / (y @ y) -> 1 / (y @ y)
    or s @ y / (y @ y) -> s @ s / (y @ y)
    or s @ y / (y @ y) -> np.sqrt(s @ s / (y @ y))
    gamma is not s.y / y.y: the newest pair's product, divided by y's with itself.
scale_outside_the_loops:
    gamma * q -> q
    return -q -> return -gamma * q if s_list else -q
    q is scaled before the first loop or after the second, so that what the loops add is scaled as well. gamma belongs
    between the loops.
scaled_only_once: gamma * q -> q if len(s_list) > 1 else gamma * q
    gamma is used for one pair alone. Between the loops it belongs whatever the number of pairs.

uphill (core): return -q -> return q
    The direction points uphill: H grad comes back, and the step is -H grad.
gradient_alone (core): return -q -> return -grad
    or return -q -> return -grad if not s_list else -gamma * grad
    The pairs do not count, or only in the scale: this is gradient descent. Both loops have to change q.
one_loop (core): q = q + (alpha - beta) * s ->
    or q = q - alpha * y ->
    One of the loops changes nothing: the first takes alpha y from q, the second adds (alpha - beta) s.

alpha_of_y: s @ q / (s @ y) -> y @ q / (s @ y)
    or s @ q / (s @ y) -> s @ grad / (s @ y)
    alpha is s.q / s.y: with s, and with q as the loop has left it.
alpha_divisor: s @ q / (s @ y) -> s @ q / (y @ y)
    or s @ q / (s @ y) -> s @ q / (s @ s)
    or s @ q / (s @ y) -> s @ q
    alpha is s.q divided by s.y of its own pair.
beta_of_s: y @ q / (s @ y) -> s @ q / (s @ y)
    or y @ q / (s @ y) -> y @ grad / (s @ y)
    beta is y.q / s.y: with y, and with q as the loop has left it.
beta_divisor: y @ q / (s @ y) -> y @ q / (y @ y)
    or y @ q / (s @ y) -> y @ q / (s @ s)
    or y @ q / (s @ y) -> y @ q
    beta is y.q divided by s.y of its own pair.
first_loop_takes_s: q - alpha * y -> q - alpha * s
    The first loop takes alpha y from q, not alpha s.
first_loop_adds: q - alpha * y -> q + alpha * y
    The first loop adds alpha y. It is subtracted.
second_loop_adds_y: (alpha - beta) * s -> (alpha - beta) * y
    The second loop adds a multiple of s, not of y: the result is made of steps.
second_loop_sign: alpha - beta -> beta - alpha
    or alpha - beta -> alpha + beta
    The second loop adds (alpha - beta) s, in this order and with a minus.
beta_missing: alpha - beta -> alpha
    beta is missing in the second loop: q grows by (alpha - beta) s.
alpha_missing: alpha - beta -> -beta
    alpha is missing in the second loop: q grows by (alpha - beta) s.

newest_for_scale_alone: zip(s_list, y_list, strict=True) -> zip(s_list[:-1], y_list[:-1], strict=True)
    The newest pair serves for the scale alone. It belongs to both loops as well.
only_some_pairs: -> s_list, y_list = s_list[-10:], y_list[-10:]
    or -> s_list, y_list = s_list[-5:], y_list[-5:]
    or -> s_list, y_list = s_list[-2:], y_list[-2:]
    or -> s_list, y_list = s_list[-3:], y_list[-3:]
    or -> s_list, y_list = s_list[-4:], y_list[-4:]
    or -> s_list, y_list = s_list[-6:], y_list[-6:]
    or -> s_list, y_list = s_list[-7:], y_list[-7:]
    or -> s_list, y_list = s_list[-8:], y_list[-8:]
    or -> s_list, y_list = s_list[-9:], y_list[-9:]
    or -> s_list, y_list = s_list[-1:], y_list[-1:]
    or -> s_list, y_list = s_list[1:], y_list[1:]
    Some pairs are left out. How many are kept is the caller's affair: every pair in the lists counts.
no_pairs (detail): return -q -> return -q if s_list else np.zeros_like(q)
    Without a pair the direction is -grad: the lists are empty before the first step.

in_place (detail):
    q = grad.copy() -> q = grad
    q = q - alpha * y -> q -= alpha * y
    An argument comes back changed: `q = grad` and then `q -= ...` writes into the gradient, and `reverse()`, `pop()`
    into the caller's lists. Begin with a copy; go backwards with s_list[::-1] or reversed(s_list).
""")


@mistake("The lists come back changed.", name="in_place", degree="detail")
def lists_turned_round(grad, s_list, y_list):
    d = right(grad, s_list, y_list)
    s_list.reverse()
    y_list.reverse()
    return d


@mistake("The lists come back changed.", name="in_place", degree="detail")
def lists_emptied(grad, s_list, y_list):
    d = right(grad, s_list, y_list)
    s_list.clear()
    y_list.clear()
    return d


@alternative
def dense(grad, s_list, y_list):
    """The matrix itself, n by n."""
    if len(s_list) == 0:
        return -grad
    identity = np.eye(len(grad), dtype=grad.dtype)
    H = identity * (s_list[-1] @ y_list[-1] / np.sum(y_list[-1] ** 2))
    for s, y in zip(s_list, y_list, strict=True):
        V = identity - np.outer(y, s) / (s @ y)
        H = V.T @ H @ V + np.outer(s, s) / (s @ y)
    return -H @ grad


@alternative
def recursive(grad, s_list, y_list, gamma=None):
    if gamma is None:
        gamma = np.dot(s_list[-1], y_list[-1]) / np.dot(y_list[-1], y_list[-1]) if s_list else 1.0
    if not s_list:
        return -gamma * grad
    s, y = s_list[-1], y_list[-1]
    alpha = np.dot(s, grad) / np.dot(s, y)
    inner = recursive(grad - alpha * y, s_list[:-1], y_list[:-1], gamma)
    return inner - (alpha + np.dot(y, inner) / np.dot(s, y)) * s


@alternative
def by_number(grad, s_list, y_list):
    q, m = np.array(grad), len(s_list)
    rho = [1.0 / np.dot(y, s) for s, y in zip(s_list, y_list, strict=True)]
    a = [0.0] * m
    for i in range(m - 1, -1, -1):
        a[i] = rho[i] * np.sum(s_list[i] * q)
        q -= a[i] * y_list[i]
    if m > 0:
        q *= 1 / (rho[-1] * np.dot(y_list[-1], y_list[-1]))
    for i in range(m):
        q += s_list[i] * (a[i] - rho[i] * np.sum(y_list[i] * q))
    return np.negative(q)


HINTS = [
    "What is multiplied here from the right? V_new grad comes first, so the first loop begins with the newest pair, at "
    "the end of the lists. Keep each alpha.",
    "Newest to oldest: alpha = s.q / s.y, q -= alpha y. Then q times s.y / y.y of the newest pair. Oldest to newest: "
    "beta = y.q / s.y, q += (alpha - beta) s. Without pairs nothing of this happens.",
    "Begin with `q = grad.copy()`, walk `s_list[::-1]` and `y_list[::-1]` and append each alpha to a list; then `q = "
    "gamma * q`; then `zip(s_list, y_list, reversed(alphas))`; return `-q`.",
]
