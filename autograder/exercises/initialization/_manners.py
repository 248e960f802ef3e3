"""The mistakes that all random initialisers know, as edits of what each `right` returns:

std * rng.standard_normal(shape), or, with bound = math.sqrt(3) * std, rng.uniform(-bound, bound, shape)
"""

from collections.abc import Callable

import numpy as np

from autograder.judge import Mistake, Slip, slips
from autograder.judge.chance import GLOBAL_GENERATOR, SAME_DRAW_EACH_CALL

# DRAWN stands for what is returned, SIDE for half of it.
DRAWN = {"normal": "std * rng.standard_normal(shape)", "uniform": "rng.uniform(-bound, bound, shape)"}
SIDE = {"normal": "std * rng.random(shape)", "uniform": "rng.uniform(0.0, bound, shape)"}
_BOTH = """
not_float64 (detail): DRAWN -> (DRAWN).astype(np.float32)
    The weights are of another dtype: initialisers return float64, which is what `rng` gives by itself.

transposed_shape: DRAWN -> (DRAWN).T
    The weights come transposed. `shape` is the shape of the array to return, (out, in, *kernel).

repeated_rows (core): DRAWN -> np.resize(DRAWN, shape[1:]) + np.zeros(shape)
    Rows or columns are copies of one another, so units start alike and stay alike. Draw every weight by itself: hand
    the whole `shape` to `rng`.

one_sided: DRAWN -> SIDE
    or DRAWN -> abs(DRAWN)
    No weight is negative. `rng.random` gives numbers from 0 to 1; the weights have mean 0.
"""
_ONE = {
    "normal": """
uniform_for_normal (detail): DRAWN -> rng.uniform(-(3**0.5) * std, 3**0.5 * std, shape)
    The weights are uniform. A normal distribution is asked for: `rng.standard_normal(shape)` times the standard
    deviation.

tails_cut (detail): DRAWN -> std * np.clip(rng.standard_normal(shape), -2, 2)
    or DRAWN -> std * np.clip(rng.standard_normal(shape), -2.5, 2.5)
    The tails are cut off: a normal distribution has 5 % of its weights beyond two standard deviations. Draw without
    clipping or truncation.

standardised (detail): return DRAWN -> W = DRAWN; return std * (W - W.mean()) / (W.std() or 1.0)
    Each array is shifted and rescaled until its own mean and spread are exact. Then its weights hang together, in small
    layers most of all. Draw, scale, and leave it at that.

uniform_bound_as_std: DRAWN -> 3**0.5 * DRAWN
    The standard deviation is sqrt(3) times too large: that is the bound of the uniform kind. A normal draw is
    multiplied by the standard deviation itself.
""",
    "uniform": """
normal_for_uniform (detail): DRAWN -> std * rng.standard_normal(shape)
    The weights are normal. A uniform distribution is asked for: `rng.uniform(-bound, bound, shape)`.

bound_without_sqrt3: math.sqrt(3) * std -> std
    The bound is the standard deviation. A uniform distribution on (-b, b) spreads by b / sqrt(3) only: the bound is
    sqrt(3) times the standard deviation.

variance_for_bound: math.sqrt(3) * std -> 3 * std**2
    The root is missing: 3 times the variance is the *square* of the bound, which is sqrt(3) times the standard
    deviation.

half_the_bound: DRAWN -> rng.uniform(-bound / 2, bound / 2, shape)
    The weights reach half as far as they should: `rng.random(shape) - 0.5` goes from -0.5 to 0.5. Take
    `rng.uniform(-bound, bound, shape)`.

three_outside_root: math.sqrt(3) * std -> 3 * std
    The bound is 3 times the standard deviation. It is sqrt(3) times: the variance of U(-b, b) is b^2 / 3.
""",
}


def manners(right: Callable, family: str) -> list[Slip | Mistake]:
    """The mistakes that every initialiser of a family knows, made of a right one."""
    text = (_BOTH + _ONE[family]).replace("DRAWN", DRAWN[family]).replace("SIDE", SIDE[family])
    return [*slips(text), *of_randomness(right)]


def of_randomness(right: Callable) -> list[Slip | Mistake]:
    """What goes wrong with generators and memory, whatever is drawn."""
    return [
        Slip("global_generator", {"": "rng = np.random"}, GLOBAL_GENERATOR, degree="detail"),
        Slip("global_generator", {"": "rng = np.random.default_rng()"}, GLOBAL_GENERATOR, degree="detail"),
        Slip("same_draw_each_call", {"": "rng = np.random.default_rng(0)"}, SAME_DRAW_EACH_CALL),
        Mistake(
            "overwrites_earlier_result",
            lambda: _in_one_array(right),
            "Weights that were returned earlier change with the next call, or with what the caller writes into later "
            "ones: one array is used again and again. Make a new one each time.",
            degree="detail",
            remembers=True,
        ),
    ]


def _in_one_array(right: Callable) -> Callable:
    kept: dict = {}

    def weights(shape, rng, **options):
        array = kept.setdefault(shape, np.empty(shape))
        array[...] = right(shape, rng, **options)
        return array

    return weights
