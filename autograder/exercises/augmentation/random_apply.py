"""random_apply: a transform that each image gets with probability p.

A function that makes a function: the decision is drawn from rng for every image and at every call (the course's
convention: randomness is per sample; torchvision.transforms.RandomApply decides once for all that it is given).

Judged by properties: whether an image was transformed shows in the image.
"""

import numpy as np

from autograder.exercises.augmentation._decisions import certain, draws, each, manners, rates
from autograder.exercises.augmentation._mixing import GENERATOR
from autograder.judge import Case, Procedure, alternative, slips

BATCHES = [(5, 3, 2, 4), (4, 1, 3, 3), (4, 4, 4, 4)]
SINGLES = [(1, 3, 4, 2), (1, 1, 1, 2), (1, 1, 1, 1)] * 4

EXERCISE = Procedure(
    ask=lambda case, rng: case.get("property")(case, rng),
    section="7 · Pipelines",
    cases=[
        Case("p=0 leaves every image, p=1 transforms every one", property=certain, shapes=BATCHES, weight=2),
        Case("a batch of one image", property=certain, shapes=SINGLES),
        Case("each image is decided on by itself, anew in each call", property=each, weight=4),
        Case("a share p of the images is transformed", property=rates, rates=[(0.8, 3000), (0.2, 1500)], weight=3),
        Case("all randomness comes from rng", property=draws),
        Case("float32 in, float32 out", about="dtype", property=certain, shapes=BATCHES[:1], dtype="float32"),
        *manners(),
    ],
)


def right(transform, p, rng):
    def apply(x):
        chosen = rng.random(len(x)) < p
        out = x.copy()
        if chosen.any():
            out[chosen] = transform(x[chosen])
        return out

    return apply


MISTAKES = slips("""
always_applied (core): return apply -> return transform
    Every image is transformed, whatever p.

never_applied (core): out[chosen] = transform(x[chosen]) -> transform(x[chosen])
    or out[chosen] = transform(x[chosen]) -> out[chosen][:] = transform(x[chosen])
    No image is ever transformed, whatever p. (A transform returns new images, and `out[chosen]` alone is a copy: write
    `out[chosen] = ...`.)

p_swapped: rng.random(len(x)) < p -> rng.random(len(x)) > p
    p is the probability that an image is *transformed*; here it is left alone with p.
p_ignored: rng.random(len(x)) < p -> rng.random(len(x)) < 0.5
    Half of the images are transformed, whatever p: compare `rng.random(len(x))` with p.
decides_for_batch: rng.random(len(x)) < p -> np.full(len(x), rng.random() < p)
    The whole batch is transformed or left alone. Draw one number for each image: `rng.random(len(x))`.

decides_once:
    -> luck = rng.random()
    rng.random(len(x)) -> np.full(len(x), luck)
    or -> luck = {}
    rng.random(len(x)) -> luck.setdefault(len(x), rng.random(len(x)))
    What is transformed is decided once and stays so in every call. Draw inside the function that you return, not
    outside.

decides_for_pixels: return out -> return np.where(rng.random(x.shape) < p, transform(x), x)
    Every pixel is decided on by itself. Draw one number for each image, `rng.random(len(x))`.
exact_share: rng.random(len(x)) < p -> rng.permutation(len(x)) < round(p * len(x))
    The same number of images is transformed in every call. Each image is decided on by itself, so the number varies.
others_dropped: return out -> return out[chosen]
    Only the transformed images come back. The others belong to the result too, in their places.
others_blank: x.copy() -> np.zeros_like(x)
    Images that are not transformed come out empty: begin with a copy of x, not with zeros.
order_changed: return out -> return np.concatenate([out[chosen], out[~chosen]])
    The images come back in another order. Each belongs in its old place, transformed or not.

blended: return out -> return (p * transform(x) + (1 - p) * x).astype(x.dtype)
    Every image is a blend of itself and its transformed version, with weight p. p is a probability: each image is
    either the one or the other.

applied_twice: transform(x[chosen]) -> transform(transform(x[chosen]))
    Some images are transformed twice.

same_draw_each_call: rng.random(len(x)) -> np.random.default_rng(0).random(len(x))
    A second call with the same generator, or a call with another one, gives the same draw. Draw from `rng` itself at
    each call: no new generator with a fixed seed, no copy.

changes_dtype (detail): x.copy() -> np.array(x, float)
    Float32 goes in and float64 comes out: a new array is float64 unless told. `x.copy()` and `np.empty_like(x)` keep
    the dtype.

in_place (detail): x.copy() -> x
    The transformed images are written into the caller's array, or into the one that the transform returned, which may
    be a view of x. Begin with `x.copy()`.
""")
MISTAKES += GENERATOR


@alternative
def one_by_one(transform, p, rng):
    def apply(x):
        out = np.empty_like(x)
        for i in range(len(x)):
            out[i] = transform(x[i : i + 1])[0] if rng.random() < p else x[i]
        return out

    return apply


@alternative
def all_then_some(transform, p, rng):
    return lambda x: np.where(rng.binomial(1, p, (len(x), 1, 1, 1)).astype(bool), transform(x), x)


HINTS = [
    "What you return is a function of x. What has to be drawn inside it, at each call, and what is known outside?",
    "`chosen = rng.random(len(x)) < p` is one decision for each image. `x[chosen]` are those to transform; the others "
    "stay in their places in a copy of x.",
    "Inside `def apply(x):` draw `chosen`, then `out = x.copy()`, `out[chosen] = transform(x[chosen])`, `return out`; "
    "outside, `return apply`.",
]
