"""gaussian_dropout_forward: x times normal noise of the mean and the variance of inverted dropout's mask.

out = x * noise, noise ~ N(1, p / (1 - p)), a draw for each unit (Srivastava et al. 2014, section 10; Wang and Manning
2013). mask / (1 - p) has mean 1 and variance p / (1 - p) too. PyTorch has no such layer. Judged by what any right
function gives: moments, distribution, independence, use of `rng`.
"""

import numpy as np

from autograder.exercises.dropout import _gaussian, _masks
from autograder.exercises.dropout._draws import draw_x, factors_of
from autograder.exercises.dropout._noise import Noisy, asking, manners
from autograder.judge import Case, Procedure, alternative, slips
from autograder.judge.chance import GLOBAL_GENERATOR, SAME_DRAW_EACH_CALL

LAYER = Noisy(
    name="gaussian_dropout_forward",
    draw=draw_x,
    read=factors_of,
    looks=_gaussian.LOOKS,
    coin=lambda noise, p: (noise > 1, 0.5),
    ties=_gaussian.ties,
    modes=False,
    by_shape=("shared_by_batch", "shared_by_features"),
)
USUAL = ((60, 60), 0.2)
MANY_UNITS = [((200, 200), 0.2), ((200, 200), 0.8)]
SHAPES = [((18, 18), 0.3), ((12, 4, 5, 3), 0.3), ((300,), 0.3), ((1, 300), 0.3), ((300, 1), 0.3), ((1, 1), 0.3)]

EXERCISE = Procedure(
    section="7 · Gaussian dropout",
    ask=asking(LAYER),
    cases=[
        Case("the noise has mean 1", asks=["mean"], calls=MANY_UNITS, weight=2),
        Case("its variance is p / (1 - p), and it is normal", asks=["spread"], calls=MANY_UNITS, weight=4),
        Case("each unit has noise of its own", mode="often", calls=[((4, 6), 0.3), ((200, 200), 0.3)], weight=2),
        Case("all randomness comes from rng, anew at each call", mode="rng", calls=[USUAL], weight=3),
        Case("p = 0 is no noise, p = 0.99 much", calls=[((3, 5), 0.0), ((90, 100), 0.99)], weight=0.5),
        *manners(USUAL, SHAPES, "any shape: vectors, images, a square, lengths of 1", ["spread", "own"]),
    ],
)


def right(x, p, rng):
    shape = x.shape
    std = (p / (1 - p)) ** 0.5
    noise = (1 + std * rng.standard_normal(shape)).astype(x.dtype)
    return x * noise, noise


MISTAKES = [
    _masks.buffered(right),
    *slips(f"""
variance_for_std: (p / (1 - p)) ** 0.5 -> p / (1 - p)
    The standard deviation of the noise is p / (1 - p): that is to be its variance. Take the square root (NumPy's
    `rng.normal` asks for the standard deviation).

std_is_fourth_root: (p / (1 - p)) ** 0.5 -> (p / (1 - p)) ** 0.25
    The standard deviation of the noise is the fourth root of p / (1 - p): the square root is taken twice.

variance_of_mask: (p / (1 - p)) ** 0.5 -> (p * (1 - p)) ** 0.5
    The variance of the noise is p (1 - p), that of the mask itself. Inverted dropout divides the mask by 1 - p, and its
    variance by (1 - p)^2: p / (1 - p).

p_is_keep_probability: (p / (1 - p)) ** 0.5 -> ((1 - p) / p) ** 0.5
    The variance of the noise is (1 - p) / p: p is taken for the probability to KEEP, as in the paper. Here it is the
    probability to drop: p / (1 - p).

std_is_p: (p / (1 - p)) ** 0.5 -> p
    The standard deviation of the noise is p. It is the square root of p / (1 - p).

variance_is_p: (p / (1 - p)) ** 0.5 -> p**0.5
    The variance of the noise is p. It is p / (1 - p), as for inverted dropout.

variance_over_keep_squared: (p / (1 - p)) ** 0.5 -> p**0.5 / (1 - p)
    The variance of the noise is p / (1 - p)^2. It is p / (1 - p): p (1 - p) of the mask, divided by (1 - p)^2.

always_std_one: (p / (1 - p)) ** 0.5 -> 1.0
    The noise has standard deviation 1 whatever p is. It is the square root of p / (1 - p).

mean_zero: 1 + std * rng.standard_normal(shape) -> std * rng.standard_normal(shape)
    The noise has mean 0: x is gone, on average. Noise that multiplies has mean 1.

scaled_too: 1 + std * rng.standard_normal(shape) -> (1 + std * rng.standard_normal(shape)) / (1 - p)
    The noise has mean 1 / (1 - p): x is scaled too. Nothing is dropped here; the noise has mean 1.

uniform_numbers: rng.standard_normal(shape) -> rng.random(shape)
    The random numbers are uniform ones (`rand` for `randn`). Take normal ones: `rng.standard_normal(x.shape)`.

added (core):
    1 + std * rng.standard_normal(shape) -> std * rng.standard_normal(shape)
    x * noise -> x + noise
    or x * noise -> x + noise
    The noise is added to x. It multiplies: out = x * noise, so that large units get large noise.

clipped: x * noise -> x * np.maximum(noise, 0)
    or x * noise -> x * np.abs(noise)
    The noise is never negative: it is clipped, or its absolute value is taken. A normal number may be negative; let it.

drops (core): 1 + std * rng.standard_normal(shape) -> (rng.random(shape) >= p) / (1 - p)
    Units are dropped: that is inverted dropout. Here the noise is normal, and no unit is lost for sure.

never_drops (core): -> return x, None
    There is no noise: what comes out is what went in.

shared_by_batch: shape = x.shape -> shape = x.shape[1:]
    All samples of the batch get the same noise. Every sample draws its own: noise of the shape of x.

shared_by_features: shape = x.shape -> shape = x.shape[:1] + (1,) * (x.ndim - 1)
    All units of a sample get the same noise. Every unit draws its own: noise of the shape of x.

one_number (core): rng.standard_normal(shape) -> np.asarray(rng.standard_normal())
    One random number multiplies all of x. Every unit draws its own: noise of the shape of x.

global_generator (detail): rng.standard_normal(shape) -> np.random.standard_normal(shape)
    or rng.standard_normal(shape) -> np.random.default_rng().standard_normal(shape)
    {GLOBAL_GENERATOR}

same_draw_each_call: rng.standard_normal(shape) -> np.random.default_rng(42).standard_normal(shape)
    {SAME_DRAW_EACH_CALL}

changes_dtype (detail): (1 + std * rng.standard_normal(shape)).astype(x.dtype) -> 1 + std * rng.standard_normal(shape)
    Float32 goes in and float64 comes out: random numbers are float64 and carry over. Give the noise the dtype of the
    input, `.astype(x.dtype)`, before multiplying.

in_place (detail): return x * noise, noise -> x *= noise; return x, noise
    `x *= noise` writes into the caller's array. Make a new one: `x * noise`.
"""),
]


@alternative
def from_uniforms(x, p, rng):
    """Box and Muller's normal numbers; 1 - u is never 0."""
    u, v = rng.random(x.shape), rng.random(x.shape)
    z = np.sqrt(-2 * np.log(1 - u)) * np.cos(2 * np.pi * v)
    return (x + x * np.sqrt(p / (1 - p)) * z).astype(x.dtype), (z, p)


@alternative
def noise_of_the_size_of_x(x, p, rng):
    return rng.normal(x, np.abs(x) * (p / (1 - p)) ** 0.5).astype(x.dtype), x


HINTS = [
    "What are the mean and the variance of mask / (1 - p), where mask is 1 with probability 1 - p and else 0? The "
    "normal noise has the same.",
    "A standard normal number times s has standard deviation s, variance s^2. You know the variance.",
    "`noise = 1 + np.sqrt(p / (1 - p)) * rng.standard_normal(x.shape)`, in the dtype of x; then `x * noise, noise`.",
]
