"""How a linear probe is judged: by the loss that it reaches, and what it is instead by where its gradients are zero.

At the least of mean cross-entropy + weight_decay * sum(W^2) the gradient of the cross-entropy is -2 weight_decay W in W
and 0 in b. Another objective has its least where these gradients are something else, which says which one it is.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from autograder import exercises
from autograder.judge import F, Finding, Probe, Script, Want, in_torch, torch, without_compiler
from autograder.worker.calls import LAYOUTS

# Allowed above the least.
WITHIN = {"float64": 1e-6, "float32": 1e-5}


@dataclass(frozen=True)
class Problem:
    """Features, labels, weight decay, and the least loss that there is."""

    x: np.ndarray
    y: np.ndarray
    weight_decay: float | None
    best: tuple[np.ndarray, np.ndarray]

    @property
    def decay(self) -> float:
        return 1e-2 if self.weight_decay is None else self.weight_decay

    @property
    def classes(self) -> int:
        return int(self.y.max()) + 1

    def cross_entropy(self, W, b):
        """Mean cross-entropy and its gradients, in float64."""
        scores = self.x.astype(float) @ W + b
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        rows = np.arange(len(self.y))
        loss = -float(special.log_softmax(scores, axis=1)[rows, self.y].mean())
        p[rows, self.y] -= 1
        return loss, self.x.astype(float).T @ p / len(self.y), p.mean(axis=0)

    def loss(self, W, b):
        return self.cross_entropy(W, b)[0] + self.decay * float((W**2).sum())


def solution(x, y, weight_decay):
    return exercises.load("linear_probe").right[0](x.astype(float), y, weight_decay=weight_decay)


@in_torch(otherwise=solution)
def least(x, y, weight_decay):
    """The minimiser, by torch's L-BFGS in float64."""
    x, y = torch.tensor(x, dtype=torch.float64), torch.tensor(y)
    W = torch.zeros(x.shape[1], int(y.max()) + 1, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(W.shape[1], dtype=torch.float64, requires_grad=True)
    solver = without_compiler(
        torch.optim.LBFGS,
        [W, b],
        max_iter=200,
        tolerance_grad=1e-7,
        tolerance_change=1e-11,
        history_size=30,
        line_search_fn="strong_wolfe",
    )

    def closure():
        solver.zero_grad()
        loss = F.cross_entropy(x @ W + b, y) + weight_decay * (W**2).sum()
        loss.backward()
        return loss

    solver.step(closure)
    return W.detach().numpy(), b.detach().numpy()


def draw(rng, case, dtype="float64"):
    """Samples about a mean for each class, which overlap. Options: `n`, `d`, `classes`, `decay`, `spread`, `offset`."""
    n, d, classes = case.get("n", 40), case.get("d", 3), case.get("classes", 3)
    y = np.concatenate([np.arange(classes), rng.choice(classes, n - classes, p=_shares(classes))])
    y = rng.permutation(y)
    centres = rng.standard_normal((classes, d))
    x = (centres[y] + 1.5 * rng.standard_normal((n, d))) * np.geomspace(1, case.get("spread", 1.0), d)
    x = (x + case.get("offset", 0.0)).astype(dtype)
    decay = case.get("decay", 0.05)
    return Problem(x, y, decay, least(x, y, 1e-2 if decay is None else decay))


def _shares(classes):
    """Classes of different size: the bias has something to do."""
    shares = np.arange(1, classes + 1) ** 1.0
    return shares / shares.sum()


def ask(case, rng):
    """Options: those of `draw`; `problems`, several of them; `mode`."""
    script, mode, dtype = Script(), case.get("mode", "plain"), case.get("dtype", "float64")
    asked = []

    def call(problem, layout=""):
        sent, labels = script.put(problem.x, layout), script.put(problem.y, layout)
        keywords = {} if problem.weight_decay is None else {"weight_decay": problem.weight_decay}
        results = script.call(0, sent, labels, unpack=2, **keywords)
        for name, handle in zip(("W", "b"), results, strict=True):
            script.get(handle, Want(name, None))
        asked.append(problem)
        return sent, labels, results

    options = [{}] if not case.get("problems") else case.get("problems")
    problems = [draw(rng, _Options({**case.options, **each}), dtype) for each in options]
    inputs = []
    for layout in LAYOUTS if mode == "layout" else [""]:
        for problem in problems:
            sent, labels, results = call(problem, layout)
            if mode == "inputs":
                for name, handle, value in (("features", sent, problem.x), ("y", labels, problem.y)):
                    script.get(handle, Want(name, value, 0.0, 0.0, role="input"))
                    inputs.append(value)
                asked.append(None)
    if mode == "again":
        call(draw(rng, case, dtype))
        for handle in results:
            script.scribble(handle)
        call(problems[0])

    def findings(values):
        told, left, kept = [], list(values), list(inputs)
        for problem in asked:
            if problem is not None:
                told.append(judged(problem, left.pop(0), left.pop(0), dtype))
                continue
            same = [np.array_equal(left.pop(0), kept.pop(0)) for _ in ("features", "y")]
            if not all(same):
                told.append(Finding("an argument is changed by the call", "in_place"))
        found = [finding for finding in told if finding]
        if found and case.about and found[0].mistake not in ("in_place", "changes_dtype"):
            return [Finding("the answer is wrong", hides=True)]
        # Who reaches the least where it is easy, and not where it is hard, has stopped too early.
        if found and len(told) > 1 and not told[0] and found[0].message == FAR:
            return [Finding(mistake="stops_early")]
        return found[:1]

    shown = "" if problems[0].weight_decay is None else f", weight_decay={problems[0].weight_decay:g}"
    return Probe(script, f"linear_probe(features, y{shown})", {"features": problems[0].x}, findings)


class _Options:
    def __init__(self, options):
        self.options = options

    def get(self, name, default=None):
        return self.options.get(name, default)


FAR = "the loss is above the least"


def judged(problem, W, b, dtype="float64"):
    """What is wrong with an answer; None where it is right."""
    shape = problem.x.shape[1], problem.classes
    if not all(isinstance(value, np.ndarray) and value.dtype.kind == "f" for value in (W, b)):
        return Finding("W and b must be arrays of floats")
    if W.shape == shape[::-1] != shape and b.shape == shape[1:]:
        return Finding(mistake="transposed")
    if W.shape != shape or b.shape != shape[1:]:
        return Finding("W has the shape (features, classes), b (classes,)", got=f"{W.shape}, {b.shape}")
    if not (np.isfinite(W).all() and np.isfinite(b).all()):
        return Finding("W or b is not finite")
    precise = W.dtype == b.dtype == dtype
    W, b = W.astype(float), b.astype(float)
    limit = problem.loss(*problem.best) + WITHIN[dtype]
    if problem.loss(W, b) <= limit:
        return None if precise else Finding(f"W and b are not {dtype}", "changes_dtype" if dtype == "float32" else None)
    if shape[0] == shape[1] and problem.loss(W.T, b) <= limit:
        return Finding(mistake="transposed")
    return Finding(FAR, _instead(problem, W, b))


def _instead(problem, W, b):
    """The mistake whose objective has its least here."""
    n, decay, (_, slope, slope_b) = len(problem.y), problem.decay, problem.cross_entropy(W, b)
    size = np.abs(W).max() + 1e-12

    def zero(value, scale=1.0):
        return bool(np.abs(value).max() <= 2e-3 * scale)

    def other_decay():
        """The weight decay with which W is where it should be; None where there is none."""
        factor = -float((slope * W).sum() / (2 * (W**2).sum() + 1e-300))
        return factor if zero(slope + 2 * factor * W, max(np.abs(slope).max(), 1e-4) * 5) and factor > -1e-4 else None

    free = zero(slope_b, 0.2)
    pulled = zero(slope_b + 2 * decay * b, 0.2) and not zero(b)
    fits = zero(slope + 2 * decay * W, min(1.0, 2 * decay * size))
    if fits and zero(b - b.mean(), 1e-3):
        return "no_bias"
    if fits and pulled:
        return "penalty_on_b"
    factor = other_decay()
    if factor is not None and free:
        if np.abs(slope).max() < 1e-4 or factor < 2e-3 * decay:
            return "no_penalty"
        for name, share in (("half", 0.5), ("summed", 1 / n), ("mean_of_squares", 1 / W.size), ("doubled", 2.0)):
            if abs(factor / (decay * share) - 1) < 0.02:
                return name
        if problem.weight_decay is None:
            return "default_weight_decay"
        if abs(factor / 0.01 - 1) < 0.02:
            return "weight_decay_ignored"
    if factor is not None and abs(factor / (decay / 2) - 1) < 0.02 and zero(slope_b + decay * b, 0.2):
        return "half"
    if _standardised(problem, W, b):
        return "standardised"
    if _least_squares(problem, W, b):
        return "least_squares"
    return "stops_early" if _on_the_way(problem, W, b) else None


def _standardised(problem, W, b):
    """Whether it is the least for features that were centred or scaled first.

    Their weights may come back as they are, or in the units of the features, in which the penalty is another.
    """
    x, decay = problem.x.astype(float), problem.decay
    mean, std = x.mean(axis=0), x.std(axis=0)
    unbiased = x.std(axis=0, ddof=1)
    made = [(x - mean) / std, (x - mean) / unbiased, x - mean, x / std, (x - x.mean()) / x.std()]
    made += [x / np.linalg.norm(x, axis=1, keepdims=True), (x - x.min(axis=0)) / np.ptp(x, axis=0)]
    made += [x / np.abs(x).max(), x / np.abs(x).max(axis=0)]
    close = 5e-3 * 2 * decay * np.abs(W).max()
    for z in made:
        _, slope, slope_b = replace(problem, x=z).cross_entropy(W, b)
        if np.abs(slope + 2 * decay * W).max() < close and np.abs(slope_b).max() < 1e-3:
            return True
    _, slope, slope_b = problem.cross_entropy(W, b)
    return any(
        np.abs(slope + 2 * decay * W * units[:, None] ** 2).max() < close and np.abs(slope_b).max() < 1e-3
        for units in (std, unbiased, np.ptp(x, axis=0), np.abs(x).max(axis=0), np.full(len(std), x.std()))
    )


def _least_squares(problem, W, b):
    """Whether it is a ridge regression on one-hot labels, with whatever strength and bias."""
    x, n, hot = problem.x.astype(float), len(problem.y), np.eye(problem.classes)[problem.y]
    for targets in (hot, 2 * hot - 1):
        for strength in (0.0, problem.decay, n * problem.decay, 2 * problem.decay, n * problem.decay / 2):
            for form in ("free", "penalised", "none"):
                ones = np.ones((n, 1)) if form != "none" else np.zeros((n, 0))
                full = np.hstack([x, ones])
                keep = np.eye(full.shape[1])
                if form == "free":
                    keep[-1, -1] = 0.0
                solved = np.linalg.lstsq(full.T @ full + strength * keep, full.T @ targets, rcond=None)[0]
                if np.abs(W - solved[: x.shape[1]]).max() < 0.01 * np.abs(solved).max():
                    return True
    return False


def _on_the_way(problem, W, b):
    """Whether it lies between 0, where the loss is ln(classes), and the least, and descent would go on there."""
    start, end = problem.loss(0 * W, 0 * b), problem.loss(*problem.best)
    here = problem.loss(W, b)
    slope = problem.cross_entropy(W, b)[1] + 2 * problem.decay * W
    best = problem.best[0]
    towards = float((W * best).sum() / (np.linalg.norm(W) * np.linalg.norm(best) + 1e-300))
    # At the least of another penalty the slope is a multiple of W.
    share = float(abs((slope * W).sum()) / (np.linalg.norm(slope) * np.linalg.norm(W) + 1e-300))
    shorter = np.linalg.norm(W) < np.linalg.norm(best)
    return shorter and end < here < end + 0.6 * (start - end) and towards > 0.7 and share < 0.97
