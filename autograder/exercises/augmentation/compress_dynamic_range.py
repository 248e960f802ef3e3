"""compress_dynamic_range: loud samples are brought closer to the rest.

L = 20 log10 |x|; above the threshold T the level becomes T + (L - T) / ratio, below it stays; sign and zeros stay. A
hard knee, no attack or release, no make-up gain: the static curve of Giannoulis, Massberg and Reiss 2012
(lecture 004 names dynamic range compression among the augmentations of audio). Reference: the formula in torch.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    n, (low, high) = case.get("n"), case.get("levels", (-60.0, 0.0))
    x = rng.choice([-1.0, 1.0], n) * 10 ** (rng.uniform(low, high, n) / 20)
    x[rng.permutation(n)[: int(n * case.get("silent", 0.0))]] = 0.0
    return {"x": x, "threshold_db": case.get("threshold", -20.0), "ratio": case.get("ratio", 4.0)}, {}


def reference(x, threshold_db, ratio):
    level = 20 * torch.log10(x.abs())
    above = level > threshold_db
    return torch.where(above, x.sign() * 10 ** ((threshold_db + (level - threshold_db) / ratio) / 20), x)


def scale(x, threshold_db, ratio):
    # Of quiet samples as much as of full scale: a log10(|x| + 1e-8) against zeros is all right.
    return {"out": np.abs(x) + 0.2}


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    section="9 · Sound: noise and loudness",
    scale=scale,
    sizes={"n": "samples"},
    # No sample is beyond full scale.
    standard=("float32", "shapes", "layout", "ties", "inputs", "again"),
    typical={"n": 200, "silent": 0.1},
    cases=[
        Case("below the threshold nothing changes", n=50, levels=(-60.0, -21.0)),
        Case("above it, the excess in dB is divided by the ratio", n=50, levels=(-19.0, 0.0)),
        Case("loud and quiet samples", n=400, weight=2),
        Case("another threshold, another ratio", n=200, threshold=-33.0, ratio=1.5, weight=2),
        Case("a ratio that is a whole number", n=200, threshold=-12.0, ratio=3),
        Case("ratio=1 changes nothing", n=200, threshold=-30.0, ratio=1.0),
        Case("a ratio of 1,000: nearly a limit", n=200, threshold=-15.0, ratio=1000.0),
        Case("threshold 0 dB: full scale is just reached", n=200, threshold=0.0, ratio=2.0),
        Case("silence stays silence", n=20, silent=1.0),
        Case("zeros among the samples", n=200, silent=0.3, threshold=-25.0, ratio=8.0),
        Case("a threshold below the quietest sample", n=60, levels=(-80.0, 0.0), threshold=-100.0, ratio=2.5),
    ],
)


def right(x, threshold_db, ratio):
    # The floor stands in for the logarithm of 0.
    level = 20 * np.log10(np.maximum(np.abs(x), 1e-12))
    excess = level - threshold_db
    gain_db = excess / ratio - excess
    quieter = x * 10 ** (gain_db / 20)
    return np.where(excess > 0, quieter, x).astype(x.dtype)


MISTAKES = slips("""
ten_for_twenty:
    20 * np.log10(np.maximum(np.abs(x), 1e-12)) -> 10 * np.log10(np.maximum(np.abs(x), 1e-12))
    gain_db / 20 -> gain_db / 10
    or 20 * np.log10(np.maximum(np.abs(x), 1e-12)) -> 10 * np.log10(np.maximum(np.abs(x), 1e-12))
    or gain_db / 20 -> gain_db / 10
    or 20 * np.log10(np.maximum(np.abs(x), 1e-12)) -> 10 * np.log10(np.maximum(np.abs(x), 1e-12))
    x * 10 ** (gain_db / 20) -> np.sign(x) * 10 ** ((level + gain_db) / 20)
    10 stands where 20 belongs. Samples are amplitudes: their level is 20 log10 |x|, and dB / 20 on the way back. 10 is
    for powers, which are squares.

squared_amplitude: np.abs(x) -> x**2
    The level is 20 log10 of x^2, twice what it is. It is 20 log10 |x|, or 10 log10 of the square.

natural_logarithm:
    np.log10(np.maximum(np.abs(x), 1e-12)) -> np.log(np.maximum(np.abs(x), 1e-12))
    10 ** (gain_db / 20) -> np.exp(gain_db / 20)
    or np.log10(np.maximum(np.abs(x), 1e-12)) -> np.log(np.maximum(np.abs(x), 1e-12))
    Decibels use the logarithm to base 10: np.log10, and 10 ** back.

compresses_below:
    np.where(excess > 0, quieter, x) -> quieter
    or excess > 0 -> excess < 0
    or excess / ratio - excess -> abs(excess) / ratio - abs(excess)
    np.where(excess > 0, quieter, x) -> quieter
    Quiet samples are changed too. Below the threshold they stay as they are: only what is above it is compressed.

excess_multiplied: excess / ratio - excess -> excess * ratio - excess
    The excess over the threshold is multiplied by the ratio, so loud samples become louder. Divide.

gain_reversed: excess / ratio - excess -> excess - excess / ratio
    The gain has the wrong sign, so loud samples become louder. What is left is excess / ratio, and the gain is that
    minus the excess.

threshold_forgotten: excess / ratio - excess -> level / ratio - level
    The whole level is divided by the ratio. Only the excess is: threshold + (level - threshold) / ratio.

threshold_ignored:
    excess / ratio - excess -> level / ratio - level
    np.where(excess > 0, quieter, x) -> quieter
    The threshold plays no part: every level is divided by the ratio. Only the excess above it is.

excess_alone: excess / ratio - excess -> excess / ratio - level
    The threshold is subtracted and never added back: the new level is threshold + excess / ratio.
share_swapped: excess / ratio - excess -> -excess / ratio
    excess / ratio is taken away. It is what stays: take away excess - excess / ratio.

sign_lost: x * 10 ** (gain_db / 20) -> np.abs(x) * 10 ** (gain_db / 20)
    or np.where(excess > 0, quieter, x) -> np.abs(np.where(excess > 0, quieter, x))
    Negative samples come out positive. The level knows no sign: put it back.

positive_only: np.abs(x) -> x
    Negative samples are never compressed: compare |x| with the threshold.

linear_excess:
    x * 10 ** (gain_db / 20) -> np.sign(x) * (np.abs(x) / ratio + 10 ** (threshold_db / 20) * (1 - 1 / ratio))
    The excess of the amplitude is divided, not that of the level. Go to dB first, and back at the end.

divides_amplitude (core): x * 10 ** (gain_db / 20) -> x / ratio
    Loud samples are divided by the ratio, whatever their level, and so fall below quieter ones. Divide the excess in
    dB.

hard_limit (core): excess / ratio - excess -> -excess
    Everything above the threshold is clipped to it: a limiter. Compression leaves 1 / ratio of the excess.
unchanged (core): np.where(excess > 0, quieter, x) -> x
    The sound comes back as it was.

make_up_gain:
    quieter = x * 10 ** (gain_db / 20) -> quieter = np.where(excess > 0, x * 10 ** (gain_db / 20), x)
    np.where(excess > 0, quieter, x) -> quieter * np.max(np.abs(x)) / max(np.max(np.abs(quieter)), 1e-12)
    The result is scaled to the old peak. No make-up gain here: quiet samples stay as they are.

one_gain_for_all: np.abs(x) -> np.max(np.abs(x))
    or np.abs(x) -> np.sqrt(np.mean(x**2))
    One level is taken of the whole sound, and one gain applied to all. Each sample has a level and a gain of its own.

relative_threshold: level - threshold_db -> level - np.max(level) - threshold_db
    The threshold is taken relative to the loudest sample. 0 dB is full scale, |x| = 1.
""")


@alternative
def power_law(x, threshold_db, ratio):
    """In amplitudes the curve is a power: threshold (|x| / threshold)^(1 / ratio)."""
    threshold = 10.0 ** (threshold_db / 20)
    loud = np.abs(x) > threshold
    out = x.copy()
    out[loud] = np.sign(x[loud]) * threshold * (np.abs(x[loud]) / threshold) ** (1 / ratio)
    return out


@alternative
def from_the_level(x, threshold_db, ratio):
    """The level again, zeros and quiet samples lifted to a floor that nobody hears."""
    level = 20 * np.log10(np.abs(x) + 1e-8)
    new = np.where(level > threshold_db, threshold_db + (level - threshold_db) / ratio, level)
    return (np.sign(x) * 10 ** (new / 20)).astype(x.dtype)


HINTS = [
    "Work in decibels: the level of a sample, its excess over the threshold, the new level, and back.",
    "20 * np.log10 of |x|, where |x| is above the threshold; 0 has no logarithm, and needs none. What is the gain in "
    "dB if excess / ratio is left?",
    "`gain_db = excess / ratio - excess`, then `x * 10 ** (gain_db / 20)` where |x| is above "
    "`10 ** (threshold_db / 20)`, and x elsewhere.",
]
