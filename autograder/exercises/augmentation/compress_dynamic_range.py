"""compress_dynamic_range: loud samples are brought closer to the rest.

L = 20 log10 |x|; above the threshold T the level becomes T + (L - T) / ratio, below it stays; sign and zeros stay. A
hard knee, no attack or release, no make-up gain: the static curve of Giannoulis, Massberg and Reiss 2012
(lecture 004 names dynamic range compression among the augmentations of audio). Reference: the formula in torch.
"""

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    n, (low, high) = case.get("samples"), case.get("levels")
    level = rng.uniform(low, high, n)
    x = rng.choice([-1.0, 1.0], n) * 10 ** (level / 20)
    if case.get("silent"):
        x[rng.permutation(n)[: int(n * case.get("silent"))]] = 0.0
    return {"x": x, "threshold_db": case.get("threshold"), "ratio": case.get("ratio")}, {}


def reference(x, threshold_db, ratio):
    level = 20 * torch.log10(x.abs())
    above = level > threshold_db
    return torch.where(above, x.sign() * 10 ** ((threshold_db + (level - threshold_db) / ratio) / 20), x)


def scale(x, threshold_db, ratio):
    # Each sample by itself: a quiet one is as exact as a loud one, and 0 is 0.
    return {"out": np.abs(x)}


def level_of(x, factor=20):
    return factor * np.log10(np.maximum(np.abs(x), 1e-300))


def amplitude(level, factor=20):
    return 10 ** (level / factor)


def curve(x, threshold_db, ratio, louder, level_factor=20, amplitude_factor=20):
    """The level above the threshold made new by louder(level, threshold, ratio); right as it stands."""
    level = level_of(x, level_factor)
    new = np.sign(x) * amplitude(louder(level, threshold_db, ratio), amplitude_factor)
    return np.where(level > threshold_db, new, x)


def compressed(level, threshold, ratio):
    return threshold + (level - threshold) / ratio


def power_decibels(x, threshold_db, ratio):
    return curve(x, threshold_db, ratio, compressed, 10, 10)


def power_level(x, threshold_db, ratio):
    return curve(x, threshold_db, ratio, compressed, 10, 20)


def power_gain(x, threshold_db, ratio):
    level = level_of(x)
    gain = np.where(level > threshold_db, (level - threshold_db) * (1 / ratio - 1), 0.0)
    return x * 10 ** (gain / 10)


def natural_logarithm(x, threshold_db, ratio):
    level = 20 * np.log(np.maximum(np.abs(x), 1e-300))
    return np.where(level > threshold_db, np.sign(x) * np.exp(compressed(level, threshold_db, ratio) / 20), x)


def no_knee(x, threshold_db, ratio):
    return np.sign(x) * amplitude(compressed(level_of(x), threshold_db, ratio))


def below_the_threshold(x, threshold_db, ratio):
    return np.where(level_of(x) < threshold_db, no_knee(x, threshold_db, ratio), x)


def expands(x, threshold_db, ratio):
    return curve(x, threshold_db, ratio, lambda level, threshold, r: threshold + (level - threshold) * r)


def threshold_forgotten(x, threshold_db, ratio):
    return curve(x, threshold_db, ratio, lambda level, threshold, r: level / r)


def everything_divided(x, threshold_db, ratio):
    return np.sign(x) * amplitude(level_of(x) / ratio) * (x != 0)


def excess_alone(x, threshold_db, ratio):
    return curve(x, threshold_db, ratio, lambda level, threshold, r: (level - threshold) / r)


def sign_lost(x, threshold_db, ratio):
    return np.abs(curve(x, threshold_db, ratio, compressed))


def sign_lost_above(x, threshold_db, ratio):
    level = level_of(x)
    return np.where(level > threshold_db, amplitude(compressed(level, threshold_db, ratio)), x)


def positive_only(x, threshold_db, ratio):
    return np.where(x > 0, curve(x, threshold_db, ratio, compressed), x)


def linear_excess(x, threshold_db, ratio):
    threshold = 10 ** (threshold_db / 20)
    size = np.abs(x)
    return np.where(size > threshold, np.sign(x) * (threshold + (size - threshold) / ratio), x)


def linear_division(x, threshold_db, ratio):
    return np.where(level_of(x) > threshold_db, x / ratio, x)


def hard_limit(x, threshold_db, ratio):
    threshold = 10 ** (threshold_db / 20)
    return np.clip(x, -threshold, threshold)


def subtracts_the_share_kept(x, threshold_db, ratio):
    return curve(x, threshold_db, ratio, lambda level, threshold, r: level - (level - threshold) / r)


def made_up(x, threshold_db, ratio):
    out = curve(x, threshold_db, ratio, compressed)
    return out * (np.abs(x).max() / max(np.abs(out).max(), 1e-300))


def one_gain_for_all(x, threshold_db, ratio):
    level = level_of(np.abs(x).max())
    excess = max(float(level) - threshold_db, 0.0)
    return x * 10 ** (excess * (1 / ratio - 1) / 20)


def of_the_loudest(x, threshold_db, ratio):
    return curve(x, threshold_db + level_of(np.abs(x).max()), ratio, compressed)


def sample_by_sample(x, threshold_db, ratio):
    import math

    out = x.copy()
    for i, value in enumerate(x.tolist()):
        level = 20 * math.log10(abs(value)) if value else -math.inf
        if level > threshold_db:
            out[i] = math.copysign(10 ** ((threshold_db + (level - threshold_db) / ratio) / 20), value)
    return out


def power_law(x, threshold_db, ratio):
    """In amplitudes the curve is a power: threshold (|x| / threshold)^(1 / ratio)."""
    threshold = 10.0 ** (threshold_db / 20)
    loud = np.abs(x) > threshold
    out = x.copy()
    out[loud] = np.sign(x[loud]) * threshold * (np.abs(x[loud]) / threshold) ** (1 / ratio)
    return out


def gain_everywhere(x, threshold_db, ratio):
    with np.errstate(divide="ignore"):
        excess = np.maximum(20 * np.log10(np.abs(x)) - threshold_db, 0)
    return (x * np.exp(-np.log(10) / 20 * excess * (1 - 1 / ratio))).astype(x.dtype)


MUSIC = {"samples": 200, "levels": (-60.0, 0.0)}

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    scale=scale,
    typical={**MUSIC, "threshold": -20.0, "ratio": 4.0, "silent": 0.1},
    cases=[
        Case("below the threshold nothing changes", samples=50, levels=(-60.0, -21.0), threshold=-20.0, ratio=4.0),
        Case(
            "above it, the excess in dB is divided by the ratio",
            samples=50,
            levels=(-19.0, 0.0),
            threshold=-20.0,
            ratio=4.0,
        ),
        Case("loud and quiet samples", **MUSIC, threshold=-20.0, ratio=4.0, weight=2),
        Case("another threshold, another ratio", **MUSIC, threshold=-33.0, ratio=1.5, weight=2),
        Case("a ratio that is a whole number", **MUSIC, threshold=-12.0, ratio=3),
        Case("ratio=1 changes nothing", **MUSIC, threshold=-30.0, ratio=1.0),
        Case("a ratio of 1,000: nearly a limit", **MUSIC, threshold=-15.0, ratio=1000.0),
        Case("threshold 0 dB: full scale is just reached", **MUSIC, threshold=0.0, ratio=2.0),
        Case("silence stays silence", samples=20, levels=(-40.0, 0.0), silent=1.0, threshold=-20.0, ratio=4.0),
        Case("zeros among the samples", **MUSIC, silent=0.3, threshold=-25.0, ratio=8.0),
        Case("a threshold below the quietest sample", samples=60, levels=(-80.0, 0.0), threshold=-100.0, ratio=2.5),
        Case("one sample", samples=1, levels=(-6.0, -3.0), threshold=-30.0, ratio=5.0),
        Case("samples of 1e-200", samples=60, levels=(-4000.0, -3000.0), threshold=-20.0, ratio=4.0),
    ],
    mistakes=[
        Mistake(
            "ten_for_twenty",
            power_decibels,
            "The level is 10 log10 |x|. Decibels of an amplitude are 20 log10: the power, which 10 log10 is for, is its square.",
        ),
        Mistake("ten_for_twenty", power_level, "The level is 10 log10 |x|. Decibels of an amplitude are 20 log10."),
        Mistake(
            "ten_for_twenty",
            power_gain,
            "The gain is turned into a factor by 10 ** (gain / 10), which is for powers. Samples are amplitudes: "
            "10 ** (gain / 20).",
        ),
        Mistake(
            "natural_logarithm", natural_logarithm, "Decibels use the logarithm to base 10: np.log10, and 10 ** back."
        ),
        Mistake(
            "compresses_below",
            no_knee,
            "Quiet samples are changed too: below the threshold they are lifted towards it. They stay as they are.",
        ),
        Mistake(
            "compresses_below",
            below_the_threshold,
            "The quiet samples are changed and the loud ones stay: it is the other way round, above the threshold.",
        ),
        Mistake(
            "excess_multiplied",
            expands,
            "The excess over the threshold is multiplied by the ratio, so loud samples become louder. Divide.",
        ),
        Mistake(
            "threshold_forgotten",
            threshold_forgotten,
            "The whole level is divided by the ratio. Only the excess is: threshold + (level - threshold) / ratio.",
        ),
        Mistake(
            "threshold_ignored",
            everything_divided,
            "The threshold plays no part: every level is divided by the ratio. Only the excess above it is.",
        ),
        Mistake(
            "excess_alone",
            excess_alone,
            "The threshold is subtracted and never added back: the new level is threshold + excess / ratio.",
        ),
        Mistake("sign_lost", sign_lost, "Negative samples come out positive. The level knows no sign: put it back."),
        Mistake("sign_lost", sign_lost_above, "Loud negative samples come out positive: put the sign back."),
        Mistake(
            "positive_only", positive_only, "Negative samples are never compressed: compare |x| with the threshold."
        ),
        Mistake(
            "linear_excess",
            linear_excess,
            "The excess of the amplitude is divided, not that of the level. Go to dB first, and back at the end.",
        ),
        Mistake(
            "divides_amplitude",
            linear_division,
            "Loud samples are divided by the ratio, whatever their level, and so fall below quieter ones. Divide the "
            "excess in dB.",
        ),
        Mistake(
            "hard_limit",
            hard_limit,
            "Everything above the threshold is clipped to it: a limiter. Compression leaves 1 / ratio of the excess.",
        ),
        Mistake(
            "share_swapped",
            subtracts_the_share_kept,
            "excess / ratio is taken away. It is what stays: take away excess - excess / ratio.",
        ),
        Mistake(
            "make_up_gain",
            made_up,
            "The result is scaled to the old peak. No make-up gain here: quiet samples stay as they are.",
        ),
        Mistake(
            "one_gain_for_all",
            one_gain_for_all,
            "The loudest sample's gain is applied to all of them. Each sample has a level and a gain of its own.",
        ),
        Mistake(
            "relative_threshold",
            of_the_loudest,
            "The threshold is taken relative to the loudest sample. 0 dB is full scale, |x| = 1.",
        ),
    ],
    alternatives=[sample_by_sample, power_law, gain_everywhere],
    hints=[
        "Work in decibels: the level of a sample, its excess over the threshold, the new level, and back.",
        "20 * np.log10 of |x|, where |x| is above the threshold; 0 has no logarithm, and needs none. What is the gain in dB "
        "if excess / ratio is left?",
        "`gain_db = excess / ratio - excess`, then `x * 10 ** (gain_db / 20)` where |x| is above "
        "`10 ** (threshold_db / 20)`, and x elsewhere.",
    ],
)
