"""add_noise: a sound with Gaussian noise at a signal-to-noise ratio in decibels.

Noise of power mean(x^2) / 10^(snr_db / 10), not clipped (torchaudio.functional.add_noise scales given noise to exactly
that power: accepted too). Lecture 004 names background noise among the augmentations of audio.

Judged by properties of what is added: its power to 5 per cent of its deviation, its distribution, whether it follows
the sound.
"""

import math

import numpy as np

from autograder.exercises.augmentation._mixing import GENERATOR, manner_cases
from autograder.exercises.augmentation._noise import draws, follows, noise_probe, noisy, silence, some_sounds
from autograder.judge import Case, Procedure, alternative, slips
from autograder.judge.mistakes import Solution


def wrong_deviations(sounds):
    """The noise's deviation in each sound, as each mistake in its power has it: what is added where every draw is 1."""

    class Ones:
        def standard_normal(self, size):
            return np.ones(size)

    for slip in POWERS:
        (wrong,) = Solution((right,)).bound(slip).functions
        yield slip.name, [float((wrong(x, snr_db, Ones()) - x)[0]) for x, snr_db in sounds]


def power(case, rng):
    return noise_probe(case, rng, wrong_deviations)


SOUNDS = [(10.0, 0.3), (20.0, 0.5), (3.0, 0.1), (30.0, 0.6)]
LOUD = [(-6, 0.9), (-10, 0.95)]

EXERCISE = Procedure(
    ask=lambda case, rng: case.get("property")(case, rng),
    section="9 · Sound: noise and loudness",
    cases=[
        Case("Gaussian, of power mean(x^2) / 10^(snr_db / 10)", property=power, calls=SOUNDS, weight=8.5),
        Case("stronger than the sound, nothing clipped", property=power, calls=LOUD, beyond=True, weight=2.5),
        Case("noise does not follow the sound", property=follows, weight=1.5),
        Case("silence stays silence", property=silence, weight=0.5),
        Case("all randomness comes from rng, drawn anew in each call", property=draws, weight=5),
        Case("float32 in, float32 out", about="dtype", property=power, calls=SOUNDS[:1], dtype="float32"),
        *manner_cases("add_noise(x, 10.0, rng)", noisy, some_sounds),
    ],
)


def right(x, snr_db, rng):
    power = np.mean(x**2) / 10 ** (snr_db / 10)
    noise = np.sqrt(power) * rng.standard_normal(x.shape)
    return (x + noise).astype(x.dtype)


# Mistakes in the noise's power alone: what each of them adds is calculated, not written down once more.
POWERS = slips("""
ratio_of_amplitudes: snr_db / 10 -> snr_db / 20
    The noise's power is too large (too small for a negative snr_db): snr_db counts powers, 10^(snr_db / 10).
    10^(snr_db / 20) is the ratio of amplitudes.

natural_base: 10 ** (snr_db / 10) -> np.exp(snr_db / 10)
    The ratio of the powers is e^(snr_db / 10). Decibels count powers of ten: 10^(snr_db / 10).

sign_of_snr (core): np.mean(x**2) / 10 ** (snr_db / 10) -> np.mean(x**2) * 10 ** (snr_db / 10)
    A larger snr_db gives more noise. It is signal over noise: the noise has the sound's power *divided* by
    10^(snr_db / 10).

power_for_deviation: np.sqrt(power) -> power
    The noise's power is used as its standard deviation. The deviation is the root of the power.

powers_for_amplitudes: np.sqrt(power) -> np.sqrt(power / 10 ** (snr_db / 10))
    The deviation of the noise is divided by 10^(snr_db / 10). That divides the *power*: the deviation is its root, so
    divide it by 10^(snr_db / 20).

peak_for_power: np.mean(x**2) -> np.max(np.abs(x)) ** 2
    The noise is scaled by the loudest sample. The sound's power is the mean of its squares.
mean_size_for_power: np.mean(x**2) -> np.mean(np.abs(x)) ** 2
    The noise is scaled by the mean of |x|. The sound's power is the mean of its *squares*.
variance_for_power (detail): np.mean(x**2) -> np.var(x)
    The noise is scaled by the variance of x. The power is mean(x^2), the sound's mean included.
energy_for_power: np.mean(x**2) -> np.sum(x**2)
    The sum of squares stands where the mean belongs: the noise grows with the sound's length.
sound_ignored (core): np.mean(x**2) / 10 ** (snr_db / 10) -> 1 / 10 ** (snr_db / 10)
    The noise does not depend on the sound's power: half as loud a sound needs half as loud a noise.
snr_ignored (core): np.sqrt(power) -> 1.0
    Noise of deviation 1 is added, whatever the sound and snr_db.
only_the_sound_counts (core): np.mean(x**2) / 10 ** (snr_db / 10) -> np.mean(x**2)
    The noise is as strong as the sound, whatever snr_db. Divide the sound's power by 10^(snr_db / 10).
""")

MISTAKES = [
    *POWERS,
    *slips("""
uniform_noise: rng.standard_normal(x.shape) -> rng.uniform(-1, 1, x.shape) * np.sqrt(3)
    or rng.standard_normal(x.shape) -> rng.random(x.shape)
    The noise is uniform. Draw it with `rng.standard_normal` (Gaussian).

clipped (detail): (x + noise).astype(x.dtype) -> np.clip(x + noise, -1, 1).astype(x.dtype)
    The result is clipped to [-1, 1]. Leave it: clipping is another effect.

noise_follows_sound (core): np.sqrt(power) -> np.abs(x) * 10 ** (-snr_db / 20)
    or x + noise -> x * (1 + noise)
    np.mean(x**2) -> 1.0
    The noise is stronger where the sound is loud: it is multiplied by x, or its power is taken sample by sample. It has
    one power everywhere.

one_draw (core): rng.standard_normal(x.shape) -> rng.standard_normal()
    One number is added to all samples. Draw one for each: `rng.standard_normal(x.shape)`.
sound_lost (core): x + noise -> noise
    The noise comes back without the sound: return x + noise.
no_noise (core): x + noise -> x
    No noise is added: the sound comes back as it was.
changes_dtype (detail): (x + noise).astype(x.dtype) -> x + noise
    Float32 goes in and float64 comes out: the draws of `rng` are float64. Turn the result with `.astype(x.dtype)`.
in_place (detail): return (x + noise).astype(x.dtype) -> x += noise; return x
    `x += noise` writes into the caller's array. `x + noise` is a new one.
"""),
    *GENERATOR,
]


@alternative
def rescaled(x, snr_db, rng):
    """Scaled to exactly the power that is asked for."""
    noise = rng.normal(size=len(x))
    noise *= math.sqrt(np.mean(x.astype(float) ** 2) / 10 ** (snr_db / 10) / np.mean(noise**2))
    return (x + noise).astype(x.dtype)


@alternative
def in_decibels(x, snr_db, rng):
    with np.errstate(divide="ignore"):
        level = 10 * np.log10(np.mean(np.square(x, dtype=np.float64))) - snr_db
    return x + rng.standard_normal(len(x)).astype(x.dtype) * float(10 ** (level / 20))


HINTS = [
    "Decibels first: how many times smaller than the sound's power is the noise's, for 10 dB, for 20?",
    "The power of x is `np.mean(x**2)`; divided by `10 ** (snr_db / 10)` it is the noise's, and the root of that is "
    "the noise's standard deviation.",
    "`noise = np.sqrt(power) * rng.standard_normal(x.shape)`; return `x + noise`, in the dtype of x.",
]
