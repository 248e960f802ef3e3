"""soft_threshold: the weight that is worth its L1 penalty.

argmin_z (z - w)^2 / 2 + lam |z| = sign(w) max(|w| - lam, 0), the proximal operator of the L1 penalty (Parikh and Boyd
2014, section 6.5.2). A proximal step with learning rate lr uses lr * lam. Reference: torch.nn.functional.softshrink.
"""

import numpy as np

from autograder.exercises.penalties._weights import FORMS
from autograder.judge import Case, F, Function, alternative, slips


def draw(rng, case):
    """Weights on both sides of the threshold, none near it unless `at` puts some on it."""
    lam, shape = case.get("lam", 0.5), case.get("shape", (4, 3))
    # Away from the threshold by a tenth of it, so that no rounding decides.
    inside = rng.uniform(0.02, 0.9, shape) * lam
    outside = lam + rng.uniform(0.1, 3.0, shape) * max(lam, 0.1)
    size = np.where(rng.random(shape) < 0.5, inside, outside)
    w = np.asarray(size * rng.choice([-1.0, 1.0], shape))
    if case.get("at") and w.size > 2:
        w.flat[:3] = lam, -lam, 0.0
    return {"w": w, "lam": lam}, {}


EXERCISE = Function(
    draw=draw,
    reference=lambda w, lam: F.softshrink(w, lam) if lam else w,
    returns=("out",),
    section="3 · Exactly zero",
    forms=FORMS,
    typical={"shape": (4, 3), "lam": 0.5},
    cases=[
        Case("a vector", shape=(8,), lam=0.5, weight=3),
        Case("a matrix", shape=(5, 4), lam=1.5, weight=2),
        Case("a small threshold", shape=(5, 4), lam=1e-3),
        Case("a large one", shape=(5, 4), lam=40.0),
        Case("on the threshold, and 0", shape=(6,), lam=0.25, at=True),
        Case("lam = 0 leaves everything", shape=(3, 4), lam=0.0, weight=0.5),
    ],
)


def right(w, lam):
    size = np.maximum(np.abs(w) - lam, 0)
    return np.sign(w) * size


MISTAKES = slips("""
hard_threshold (core): np.maximum(np.abs(w) - lam, 0) -> np.where(np.abs(w) > lam, np.abs(w), 0)
    What is kept keeps its size: that is the hard threshold. The soft one takes lam off every weight that stays.

subgradient_step (core): return np.sign(w) * size -> return w - lam * np.sign(w)
    This is a subgradient step: small weights jump across 0 to the other side. Below lam a weight becomes exactly 0.
sign_lost: return np.sign(w) * size -> return size
    The sign is lost: negative weights come back positive.
negative_to_zero: return np.sign(w) * size -> return np.maximum(w - lam, 0)
    Negative weights all become 0. The threshold is about their size.
half_the_threshold: np.abs(w) - lam -> np.abs(w) - lam / 2
    The threshold is lam / 2. With a half before the square, as here, it is lam.
twice_the_threshold: np.abs(w) - lam -> np.abs(w) - 2 * lam
    The threshold is 2 lam. With a half before the square, as here, it is lam.
only_the_small_ones: return np.sign(w) * size -> return np.where(np.abs(w) > lam, 0, w)
    or return np.sign(w) * size -> return np.clip(w, -lam, lam)
    This keeps what should go: the small weights become 0, the large ones lose lam.
shrunk_by_a_factor (core): return np.sign(w) * size -> return w / (1 + lam)
    or return np.sign(w) * size -> return w * (1 - lam)
    or return np.sign(w) * size -> return w / (1 + 2 * lam)
    All weights shrink by a factor: that is what the L2 penalty does. L1 takes the same amount off each, down to 0.
lam_added: np.abs(w) - lam -> np.abs(w) + lam
    lam is added to the sizes. It is taken off.
in_place (detail): -> given = w; w = w.copy(); given[np.abs(given) <= lam] = 1.25
    The caller's weights are overwritten. Make a new array.
""")


@alternative
def by_cases(w, lam):
    return np.where(w > lam, w - lam, np.where(w < -lam, w + lam, np.zeros_like(w)))


@alternative
def by_clipping(w, lam):
    return w - np.clip(w, -lam, lam)


HINTS = [
    "Draw (z - w)^2 / 2 + lam |z| for a large w and for a small one. Where is the lowest point?",
    "A weight larger in size than lam comes nearer to 0 by lam; a smaller one becomes 0. The sign stays.",
    "`np.sign(w) * np.maximum(np.abs(w) - lam, 0)`.",
]
