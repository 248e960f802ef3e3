"""The properties of noise: what `add_noise` is judged by."""

import math

import numpy as np
from scipy import special

from autograder.exercises.augmentation._mixing import Wrong, as_array, draws_probe, probe, report, seeded
from autograder.exercises.augmentation._sound import levels
from autograder.judge import Script
from autograder.judge.chance import distribution_is_off, mean_is_off, std_is_off


def sound(rng, samples, amplitude):
    """A tone with an offset: the powers that mistakes take differ by more than a tenth."""
    t = np.arange(samples)
    return amplitude * (0.75 * np.sin(2 * np.pi * rng.uniform(0.01, 0.02) * t + rng.uniform(0, 6)) + 0.25)


def noisy(script, function, sent, generator):
    return [script.call(function, sent["x"], 10.0, generator)]


def some_sounds(rng):
    return [{"x": sound(rng, n, 0.5)} for n in (64, 1)]


def deviation_of(x, snr_db):
    return math.sqrt(float(np.mean(x**2)) / 10 ** (snr_db / 10))


def noise_probe(case, rng, wrong_deviations):
    """Several sounds and ratios: the noise of each against its own power, pooled. Four questions of chance, and one on
    each sound."""
    script, sounds = Script(), []
    for snr_db, amplitude in case.get("calls"):
        x = sound(rng, case.get("samples", 15_000), amplitude).astype(case.get("dtype", "float64"))
        sounds.append((x, snr_db))
        report(script, [script.call(0, x, snr_db, seeded(script, rng))])

    def check(values):
        outs = [as_array(value, x) for value, (x, _) in zip(values, sounds, strict=True)]
        if case.get("beyond") and all(np.count_nonzero(np.abs(np.abs(out) - 1) < 1e-6) > 20 for out in outs):
            raise Wrong(mistake="clipped")
        # An answer may be as large as floats are.
        with np.errstate(all="ignore"):
            judge_noise(outs, [(x.astype(np.float64), snr_db) for x, snr_db in sounds], wrong_deviations)

    return probe(script, f"add_noise(x, {case.get('calls')[0][0]}, rng)", check, about=case.about)


def judge_noise(outs, sounds, wrong_deviations):
    noises = [out - x for out, (x, _) in zip(outs, sounds, strict=True)]
    right = [deviation_of(*sound) for sound in sounds]
    z = np.concatenate([noise / deviation for noise, deviation in zip(noises, right, strict=True)])
    if not z.any():
        raise Wrong(mistake="no_noise")
    if all(np.ptp(noise) <= 1e-6 * np.abs(noise).max() for noise in noises):
        raise Wrong(mistake="one_draw")
    if fits(noises, right):
        if mean_is_off(z, 0.0, 1.0):
            raise Wrong("the noise is not centred on 0")
        if distribution_is_off(z, special.ndtr):
            raise Wrong(mistake="uniform_noise") if is_uniform(z) else Wrong("the noise is not Gaussian")
        # The sum of two neighbours has twice the variance only if they are independent.
        if std_is_off((z[::2] + z[1::2]) / math.sqrt(2), 0.0, 1.0):
            raise Wrong("neighbouring samples of the noise hang together: draw every sample by itself")
        return
    for mistake, deviations in wrong_deviations(sounds):
        if fits(noises, deviations):
            raise Wrong(mistake=mistake)
    follows_sound = any(abs(np.corrcoef(out, x)[0, 1]) > 0.1 for out, (x, _) in zip(outs, sounds, strict=True))
    if fits(outs, right) and not follows_sound:
        raise Wrong(mistake="sound_lost")
    raise Wrong(mistake="uniform_noise") if is_uniform(z) else Wrong("the noise's power is not the one asked for")


def fits(noises, deviations):
    """Whether these are the noises' deviations, in every sound and in all of them together."""
    each = [noise / deviation for noise, deviation in zip(noises, deviations, strict=True)]
    return not any(std_is_off(z, 0.0, 1.0) for z in (*each, np.concatenate(each)))


def is_uniform(noise):
    low, high = float(noise.min()), float(noise.max())
    return high > low and not distribution_is_off(noise, lambda x: (x - low) / (high - low))


def follows(case, rng):
    """A loud, a quieter and two silent quarters, noisy alike.

    A quarter's deviation is known to a ninetieth: one that is off by a fourth is so by 20 standard errors. A wrong
    power in all of the sound is judged elsewhere.
    """
    n, snr_db = 16_000, 6.0
    x = sound(rng, n, 0.8) * np.repeat(rng.permutation([1.0, 0.3, 0.0, 0.0]), n // 4)
    script = Script()
    report(script, [script.call(0, x, snr_db, seeded(script, rng))])

    def check(values):
        out = as_array(values[0], x)
        noise = out - x
        if not noise.any():
            raise Wrong(mistake="no_noise")
        if np.ptp(noise) <= 1e-6 * np.abs(noise).max():
            raise Wrong(mistake="one_draw")
        if not alike(noise):
            raise Wrong(mistake="sound_lost" if alike(out) else "noise_follows_sound")

    def alike(sound):
        quarters = levels(sound / max(np.abs(sound).max(), 1e-300), n // 4)
        return np.abs(quarters - quarters.mean()).max() < 0.25 * quarters.mean()

    return probe(script, f"add_noise(x, {snr_db}, rng)", check)


def silence(case, rng):
    script, sounds = Script(), [np.zeros(n) for n in (1, 2, 5, 1000)]
    for x in sounds:
        report(script, [script.call(0, x, 10.0, seeded(script, rng))])

    def check(values):
        if any(as_array(value, x).any() for value, x in zip(values, sounds, strict=True)):
            raise Wrong("silence has no power, and so has its noise: the result must be 0")

    return probe(script, "add_noise(np.zeros(n), 10.0, rng)", check)


def draws(case, rng):
    given = some_sounds(rng)[0]

    def is_random(values):
        return not all(isinstance(value, np.ndarray) and np.array_equal(value, given["x"]) for value in values)

    return draws_probe("add_noise(x, 10.0, rng)", lambda script, g: noisy(script, 0, given, g), rng, is_random)
