"""gaussian_dropout_forward: x times normal noise of the mean and the variance of inverted dropout's mask.

out = x * noise, noise ~ N(1, p / (1 - p)), a draw for each unit (Srivastava et al. 2014, section 10; Wang and Manning
2013). mask / (1 - p) has mean 1 and variance p / (1 - p) too. PyTorch has no such layer. Judged by what any right function
gives: moments, distribution, independence, use of `rng`.
"""

import math

import numpy as np
from scipy import stats

from autograder.exercises.dropout._noise import (
    MANY,
    SAME,
    Noisy,
    asking,
    close,
    crowd_findings,
    draw_x,
    factors_of,
    often_counts,
    often_ties,
    tie,
    tied,
)
from autograder.judge import Case, Finding, Mistake, Procedure
from autograder.judge.chance import (
    GLOBAL_GENERATOR,
    SAME_DRAW_EACH_CALL,
    distribution_is_off,
    mean_is_off,
    std_is_off,
)
from autograder.judge.compare import RTOL

SENTENCES = {
    "variance_for_std": "The standard deviation of the noise is p / (1 - p): that is to be its variance. Take the square root (NumPy's "
    "`rng.normal` asks for the standard deviation).",
    "std_is_fourth_root": "The standard deviation of the noise is the fourth root of p / (1 - p): the square root is taken twice.",
    "variance_of_mask": "The variance of the noise is p (1 - p), that of the mask itself. Inverted dropout divides the mask by 1 - p, "
    "and its variance by (1 - p)^2: p / (1 - p).",
    "p_is_keep_probability": "The variance of the noise is (1 - p) / p: p is taken for the probability to KEEP, as in the paper. Here "
    "it is the probability to drop: p / (1 - p).",
    "std_is_p": "The standard deviation of the noise is p. It is the square root of p / (1 - p).",
    "variance_is_p": "The variance of the noise is p. It is p / (1 - p), as for inverted dropout.",
    "variance_over_keep_squared": "The variance of the noise is p / (1 - p)^2. It is p / (1 - p): p (1 - p) of the mask, divided by "
    "(1 - p)^2.",
    "always_std_one": "The noise has standard deviation 1 whatever p is. It is the square root of p / (1 - p).",
    "mean_zero": "The noise has mean 0: x is gone, on average. Noise that multiplies has mean 1.",
    "scaled_too": "The noise has mean 1 / (1 - p): x is scaled too. Nothing is dropped here; the noise has mean 1.",
    "added": "The noise is added to x. It multiplies: out = x * noise, so that large units get large noise.",
    "clipped": "The noise is never negative: it is clipped, or its absolute value is taken. A normal number may be negative; "
    "let it.",
    "drops": "Units are dropped: that is inverted dropout. Here the noise is normal, and no unit is lost for sure.",
    "never_drops": "There is no noise: what comes out is what went in.",
    "shared_by_batch": "All samples of the batch get the same noise. Every sample draws its own: noise of the shape of x.",
    "shared_by_features": "All units of a sample get the same noise. Every unit draws its own: noise of the shape of x.",
    "one_number": "One random number multiplies all of x. Every unit draws its own: noise of the shape of x.",
    "global_generator": GLOBAL_GENERATOR,
    "same_draw_each_call": SAME_DRAW_EACH_CALL,
}


def std_of(p):
    return math.sqrt(p / (1 - p))


def wrong_noises(p):
    """Mean and standard deviation of the noise of each mistake."""
    return {
        "variance_for_std": (1.0, p / (1 - p)),
        "std_is_fourth_root": (1.0, math.sqrt(std_of(p))),
        "variance_of_mask": (1.0, math.sqrt(p * (1 - p))),
        "p_is_keep_probability": (1.0, 1 / std_of(p)),
        "std_is_p": (1.0, p),
        "variance_is_p": (1.0, math.sqrt(p)),
        "variance_over_keep_squared": (1.0, math.sqrt(p) / (1 - p)),
        "always_std_one": (1.0, 1.0),
        "mean_zero": (0.0, std_of(p)),
        "scaled_too": (1 / (1 - p), std_of(p) / (1 - p)),
    }


def is_normal(noise, mean, std):
    if mean_is_off(noise, mean, std) or std_is_off(noise, mean, std):
        return False
    # Of a few hundred numbers the distribution says nothing that the moments do not.
    return noise.size < MANY or not distribution_is_off(noise, stats.norm(mean, std).cdf)


def read(arrays, values, p):
    """The noise; where it is x + noise that came, the finding that says so."""
    noise = factors_of(arrays, values, p)
    if isinstance(noise, Finding) or noise.size < MANY or p == 0:
        return noise
    if not is_normal(noise, 1.0, std_of(p)) and is_normal((noise - 1) * arrays[0], 0.0, std_of(p)):
        return LAYER.say("added")
    return noise


def judge(layer, noise, p, dtype):
    if p == 0:
        return [] if close(noise, 1.0, RTOL[dtype]) else [Finding("with p = 0 there must be no noise: out is x")]
    if noise.size == 1:
        return []
    if np.ptp(noise) < SAME:
        return [layer.say("never_drops" if close(noise, 1.0, SAME) else "one_number")]
    axes = tied(noise, 0.5)
    if axes:
        return [tie(layer, axes, noise.ndim)]
    if is_normal(noise, 1.0, std_of(p)):
        above = (noise > 1).reshape(len(noise), -1)
        return crowd_findings(layer, above, 0.5) if noise.size >= MANY else []
    if noise.size < MANY:
        return [Finding("the noise is not normal with mean 1 and variance p / (1 - p)")]
    names = [name for name, (mean, std) in wrong_noises(p).items() if is_normal(noise, mean, std)]
    if not names:
        names = folded(noise, p)
    if len(names) == 1:
        return [layer.say(names[0])]
    got = f"mean {noise.mean():.4g}, standard deviation {noise.std():.4g}"
    return [Finding("the noise is not normal with mean 1 and variance p / (1 - p)", got=got)]


def folded(noise, p):
    """Noise of two values, or without its negative part."""
    rest = noise[noise != 0]
    if np.ptp(rest) < SAME * rest.max():
        return ["drops"]
    normal = stats.norm(1.0, std_of(p))
    absolute = not distribution_is_off(noise, lambda x: normal.cdf(x) - normal.cdf(-x))
    clipped = rest.size < noise.size and not distribution_is_off(
        rest, stats.truncnorm(-1 / std_of(p), np.inf, 1, std_of(p)).cdf
    )
    return ["clipped"] if (noise >= 0).all() and (absolute or clipped) else []


def often(layer, noise, p):
    """Above 1 or below is a coin that every unit tosses anew."""
    if np.ptp(noise) < SAME:
        return [layer.say("never_drops" if close(noise, 1.0, SAME) else "same_draw_each_call")]
    if all(np.ptp(call) < SAME for call in noise):
        return [layer.say("one_number")]
    return often_ties(layer, noise, 0.5) or often_counts(layer, (noise > 1).reshape(len(noise), -1), 0.5)


def ties(axes, ndim):
    return {(0,): "shared_by_batch", tuple(range(1, ndim)): "shared_by_features"}.get(axes)


LAYER = Noisy(
    name="gaussian_dropout_forward",
    sentences=SENTENCES,
    draw=draw_x,
    read=read,
    judge=judge,
    often=often,
    ties=ties,
    modes=False,
)


def gaussian(
    std=std_of,
    mean=lambda p: 1.0,
    shape=lambda x: x.shape,
    draw=lambda rng, mean, std, shape: rng.normal(mean, std, shape),
    apply=lambda x, noise: x * noise,
):
    """The function in its pieces, right where they are left out."""

    def gaussian(x, p, rng):
        noise = np.asarray(draw(rng, mean(p), std(p), shape(x))).astype(x.dtype)
        return apply(x, noise), noise

    return gaussian


def global_state(rng, mean, std, shape):
    return np.random.normal(mean, std, shape)  # noqa: NPY002


def fixed_seed(rng, mean, std, shape):
    return np.random.default_rng(42).normal(mean, std, shape)


WRONG = {
    "variance_for_std": gaussian(lambda p: p / (1 - p)),
    "std_is_fourth_root": gaussian(lambda p: std_of(p) ** 0.5),
    "variance_of_mask": gaussian(lambda p: (p * (1 - p)) ** 0.5),
    "p_is_keep_probability": gaussian(lambda p: ((1 - p) / p) ** 0.5 if p else 0.0),
    "std_is_p": gaussian(lambda p: p),
    "variance_is_p": gaussian(lambda p: p**0.5),
    "variance_over_keep_squared": gaussian(lambda p: p**0.5 / (1 - p)),
    "always_std_one": gaussian(lambda p: 1.0),
    "mean_zero": gaussian(mean=lambda p: 0.0),
    "scaled_too": gaussian(
        apply=lambda x, noise: x * noise, mean=lambda p: 1 / (1 - p), std=lambda p: std_of(p) / (1 - p)
    ),
    "added": gaussian(mean=lambda p: 0.0, apply=lambda x, noise: x + noise),
    "clipped": gaussian(apply=lambda x, noise: x * np.maximum(noise, 0)),
    "drops": gaussian(draw=lambda rng, mean, std, shape: (rng.random(shape) >= std**2 / (1 + std**2)) * (1 + std**2)),
    "never_drops": lambda x, p, rng: (x.copy(), None),
    "shared_by_batch": gaussian(shape=lambda x: x.shape[1:]),
    "shared_by_features": gaussian(shape=lambda x: x.shape[:1] + (1,) * (x.ndim - 1)),
    "one_number": gaussian(shape=lambda x: ()),
    "global_generator": gaussian(draw=global_state),
    "same_draw_each_call": gaussian(draw=fixed_seed),
}


def from_uniforms(x, p, rng):
    """Box and Muller's normal numbers; 1 - u is never 0."""
    u, v = rng.random(x.shape), rng.random(x.shape)
    z = np.sqrt(-2 * np.log(1 - u)) * np.cos(2 * np.pi * v)
    return (x + x * np.sqrt(p / (1 - p)) * z).astype(x.dtype), (z, p)


def noise_of_the_size_of_x(x, p, rng):
    return rng.normal(x, np.abs(x) * (p / (1 - p)) ** 0.5).astype(x.dtype), x


def one_by_one(x, p, rng):
    alpha = p / (1.0 - p)
    out = [value * rng.normal(1.0, math.sqrt(alpha)) for value in x.ravel().tolist()]
    return [np.array(out, dtype=x.dtype).reshape(x.shape), None]


def single_precision(x, p, rng):
    z = rng.standard_normal(x.shape, dtype=x.dtype)
    return x * (1 + float(np.sqrt(1 / (1 - p) - 1)) * z), {"z": z}


EXERCISE = Procedure(
    ask=asking(LAYER),
    cases=[
        Case(
            "the noise has mean 1 and variance p / (1 - p): p = 0.3",
            property="each",
            calls=[((200, 200), 0.3)],
            weight=2,
        ),
        Case(
            "the noise has mean 1 and variance p / (1 - p): p = 0.8",
            property="each",
            calls=[((200, 200), 0.8)],
            weight=2,
        ),
        Case(
            "any shape: vectors, images, one sample, one feature",
            property="each",
            calls=[((12, 4, 5, 3), 0.3), ((300,), 0.3), ((1, 300), 0.3), ((300, 1), 0.3), ((1, 1), 0.3)],
        ),
        Case("each unit has noise of its own", property="often", shape=(4, 6), p=0.3, weight=2),
        Case("all randomness comes from rng, anew at each call", property="rng", shape=(15, 20), p=0.3, weight=2),
        Case("p = 0 is no noise, p = 0.99 much", property="each", calls=[((3, 5), 0.0), ((90, 100), 0.99)]),
        Case("zeros in x stay zeros", property="zeros", shape=(30, 60), p=0.3),
        Case("float32 in, float32 out", property="each", calls=[((15, 20), 0.3)], dtype="float32"),
        Case("leaves x as it was", property="inputs", calls=[((15, 20), 0.3)]),
        Case("a later call leaves the first result as it was", property="kept", calls=[((15, 20), 0.3)]),
    ],
    mistakes=[Mistake(name, function, SENTENCES[name]) for name, function in WRONG.items()],
    alternatives=[from_uniforms, noise_of_the_size_of_x, one_by_one, single_precision],
    hints=[
        "What are the mean and the variance of mask / (1 - p), where mask is 1 with probability 1 - p and else 0? The normal "
        "noise has the same.",
        "A standard normal number times s has standard deviation s, variance s^2. You know the variance.",
        "`noise = 1 + np.sqrt(p / (1 - p)) * rng.standard_normal(x.shape)`, in the dtype of x; then `x * noise, noise`.",
    ],
)
