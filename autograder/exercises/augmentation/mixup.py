"""mixup: every image blended with another one of the batch, labels with it.

x_i <- lam_i x_i + (1 - lam_i) x_j, y likewise, lam_i ~ Beta(alpha, alpha) for each image, j = perm[i] (Zhang, Cisse,
Dauphin and Lopez-Paz 2018, section 2; their code and torchvision's v2.MixUp draw one lam for the whole batch).

Judged by properties: images of which none is a blend of others tell the weights and the partner of every result.
"""

import numpy as np

from autograder.exercises.augmentation._blends import batches, blended, blends, draws, lams, own_lams, partners
from autograder.exercises.augmentation._mixing import GENERATOR, manner_cases
from autograder.judge import Case, Procedure, alternative, slips

USUAL = [(12, (1, 3, 4), "pixels"), (9, (2, 2, 3), "any"), (6, (6, 6, 6), "any")] * 3
PIXELS = USUAL[::3]
PAIRS = [(2, (1, 1, 3), "any")] * 3
CLASSES = [(15, (2, 2, 4), "any", 3), (15, (4, 4, 1), "pixels", 3)] * 3
ALONE = [(1, (3, 2, 2), "any"), (1, (1, 4, 4), "pixels", 5), (1, (1, 1, 1), "any")]

EXERCISE = Procedure(
    ask=lambda case, rng: case.get("property")(case, rng),
    section="6 · Blends",
    cases=[
        Case("x: an image and a partner, lam and 1 - lam of them", property=blends, batches=USUAL + PAIRS, alpha=1.0),
        Case("y: blended as x is", property=blends, batches=USUAL, alpha=2.0, labels=True, weight=4),
        Case("three classes for 15 images", property=blends, batches=CLASSES, alpha=3, labels=True, weight=2),
        Case("one image is its own partner", property=blends, batches=ALONE, alpha=0.5, labels=True, weight=0.5),
        Case("x and y: every image has a lam of its own", property=own_lams, n=12, calls=6, alpha=1.0, weight=1.5),
        Case("x and y: partners are a random permutation", property=partners, n=12, calls=350, alpha=2.0, weight=3),
        Case("x and y: lam comes from Beta(0.4, 0.4)", property=lams, n=100, calls=42, alpha=0.4, weight=3),
        Case("x and y: lam comes from Beta(10, 10)", property=lams, n=1000, calls=40, alpha=10.0, weight=2.5),
        Case("all randomness comes from rng, drawn anew in each call", property=draws),
        Case("float32 in, float32 out", about="dtype", property=blends, batches=PIXELS, alpha=1.0, dtype="float32"),
        *manner_cases("mixup(x, y, 1.0, rng)", blended, batches, arguments="x, y"),
    ],
)


def right(x, y, alpha, rng):
    perm = rng.permutation(len(x))
    lam = rng.beta(alpha, alpha, len(x)).astype(x.dtype)
    lam_x = lam[:, None, None, None]
    lam_y = lam[:, None]
    x_mixed = lam_x * x + (1 - lam_x) * x[perm]
    y_mixed = lam_y * y + (1 - lam_y) * y[perm]
    return x_mixed, y_mixed


MISTAKES = slips("""
labels_not_mixed (core): lam_y * y + (1 - lam_y) * y[perm] -> y
    The images are blended and the labels are not. Blend y too, with the same lam and partner: an image that is 30 % cat
    is labelled 30 % cat.

images_not_mixed (core): lam_x * x + (1 - lam_x) * x[perm] -> x
    The images are not blended: each result is one image alone.

hard_labels (core): lam_y * y + (1 - lam_y) * y[perm] -> np.where(lam_y >= 0.5, y, y[perm])
    The labels stay one-hot: each image takes the label of its larger part. Blend them: lam of the one, 1 - lam of the
    other.

label_weights_swapped: lam_y * y + (1 - lam_y) * y[perm] -> (1 - lam_y) * y + lam_y * y[perm]
    The labels are blended the wrong way round: lam belongs to the same image in x and in y.
labels_of_another_lam: lam[:, None] -> rng.beta(alpha, alpha, (len(x), 1)).astype(x.dtype)
    Images and labels are blended with different lam. Draw once, use it for both.
labels_of_another_partner: y[perm] -> y[rng.permutation(len(x))]
    The labels come from another partner than the image. Draw one permutation, use it for both.

weights_do_not_add_up: lam[:, None, None, None] -> rng.beta(alpha, alpha, x.shape).astype(x.dtype)
    or 1 - lam_x -> rng.beta(alpha, alpha, lam_x.shape).astype(x.dtype)
    or 1 - lam_x -> lam_x
    The weights of an image and its partner do not add up to 1: they are lam and 1 - lam, one lam for all pixels of the
    image.

one_lam: rng.beta(alpha, alpha, len(x)) -> np.full(len(x), rng.beta(alpha, alpha))
    All images of a batch share one lam. Draw one for each: `size=len(x)`.
uniform_lam: rng.beta(alpha, alpha, len(x)) -> rng.random(len(x))
    lam is uniform on [0, 1], whatever alpha. Draw it with `rng.beta(alpha, alpha, ...)`.

lam_folded: rng.beta(alpha, alpha, len(x)) -> 0.5 + abs(rng.beta(alpha, alpha, len(x)) - 0.5)
    or rng.beta(alpha, alpha, len(x)) -> 0.5 - abs(rng.beta(alpha, alpha, len(x)) - 0.5)
    Each image always keeps the larger (or the smaller) part: lam is folded at 1/2. Take Beta(alpha, alpha) as it comes.

with_replacement (detail): rng.permutation(len(x)) -> rng.integers(len(x), size=len(x))
    Some images are the partner of several and others of none: draw a permutation, not random indices.

same_partner (detail): rng.permutation(len(x)) -> np.arange(len(x))[::-1]
    or rng.permutation(len(x)) -> np.roll(np.arange(len(x)), 1)
    An image has the same partner in every call (reversed or rolled order). Draw a new permutation each time.

not_uniform (detail): rng.permutation(len(x)) -> np.roll(np.arange(len(x)), rng.integers(len(x)))
    Some pairs come far more often than others: every permutation is equally likely, one that leaves an image its own
    partner too.

changes_dtype (detail): rng.beta(alpha, alpha, len(x)).astype(x.dtype) -> rng.beta(alpha, alpha, len(x))
    Float32 goes in and float64 comes out: `rng.beta` gives float64. Turn lam with `.astype(x.dtype)`.
in_place (detail): x_mixed = lam_x * x + (1 - lam_x) * x[perm] -> x_mixed = x; x[:] = lam_x * x + (1 - lam_x) * x[perm]
    `x[...] = ...` and `x *= ...` write into the caller's array. Make a new one.
""")
MISTAKES += GENERATOR


@alternative
def with_loops(x, y, alpha, rng):
    order = rng.permutation(len(x))
    x_mixed, y_mixed = np.empty_like(x), np.empty_like(y)
    for i, j in enumerate(order):
        lam = rng.beta(alpha, alpha)
        x_mixed[i] = x[j] + lam * (x[i] - x[j])
        y_mixed[i] = y[j] + lam * (y[i] - y[j])
    return [x_mixed, y_mixed]


@alternative
def stacked(x, y, alpha, rng):
    """Images and labels in one array; Beta as a share of two gammas."""
    n, cut = len(x), x[0].size
    together = np.concatenate([x.reshape(n, -1), y], axis=1)
    a, b = rng.gamma(alpha, size=(2, n, 1))
    share = (b / (a + b)).astype(x.dtype)
    mixed = share * together + (1 - share) * together[np.argsort(rng.random(n))]
    return mixed[:, :cut].reshape(x.shape), mixed[:, cut:]


HINTS = [
    "Two draws: one lam for each image, and one order of the whole batch that gives each image its partner.",
    "`rng.beta(alpha, alpha, len(x))` and `rng.permutation(len(x))`. lam has shape (N,): for x it needs three more "
    "axes, for y one more. Mind the dtype.",
    "`lam[:, None, None, None] * x + (1 - lam[:, None, None, None]) * x[perm]`, and the same for y with "
    "`lam[:, None]`.",
]
