"""add_noise: a sound with Gaussian noise at a signal-to-noise ratio in decibels.

Noise of power mean(x^2) / 10^(snr_db / 10), not clipped (torchaudio.functional.add_noise scales given noise to exactly
that power: accepted too). Lecture 004 names background noise among the augmentations of audio.

Judged by properties of what is added: its power to 5 per cent of its deviation, its distribution, whether it follows
the sound.
"""

import math
from dataclasses import replace

import numpy as np
from scipy import stats

from autograder.exercises.augmentation._mixing import stays_probe
from autograder.exercises.augmentation._sound import as_sound, levels
from autograder.judge import Case, Finding, Mistake, Probe, Procedure, Script, Want
from autograder.judge.chance import (
    GLOBAL_GENERATOR,
    SAME_DRAW_EACH_CALL,
    distribution_is_off,
    generator_probe,
    mean_is_off,
    std_is_off,
)

# How the noise's power is got wrong: the power that comes of it. `x` is the sound, `ratio` 10^(snr_db / 10).
POWERS = {
    "ratio_of_amplitudes": lambda x, ratio: np.mean(x**2) / math.sqrt(ratio),
    "sign_of_snr": lambda x, ratio: np.mean(x**2) * ratio,
    "power_for_deviation": lambda x, ratio: (np.mean(x**2) / ratio) ** 2,
    "powers_for_amplitudes": lambda x, ratio: np.mean(x**2) / ratio**2,
    "peak_for_power": lambda x, ratio: np.max(np.abs(x)) ** 2 / ratio,
    "mean_size_for_power": lambda x, ratio: np.mean(np.abs(x)) ** 2 / ratio,
    "variance_for_power": lambda x, ratio: np.var(x) / ratio,
    "energy_for_power": lambda x, ratio: np.sum(x**2) / ratio,
    "sound_ignored": lambda x, ratio: 1 / ratio,
    "snr_ignored": lambda x, ratio: 1.0,
}

SENTENCES = {
    "ratio_of_amplitudes": "The noise's power is too large (too small for a negative snr_db): snr_db counts powers, "
    "10^(snr_db / 10). 10^(snr_db / 20) is the ratio of amplitudes.",
    "sign_of_snr": "A larger snr_db gives more noise. It is signal over noise: the noise has the sound's power *divided* by "
    "10^(snr_db / 10).",
    "power_for_deviation": "The noise's power is used as its standard deviation. The deviation is the root of the power.",
    "powers_for_amplitudes": "The deviation of the noise is divided by 10^(snr_db / 10). That divides the *power*: the "
    "deviation is its root, so divide it by 10^(snr_db / 20).",
    "peak_for_power": "The noise is scaled by the loudest sample. The sound's power is the mean of its squares.",
    "mean_size_for_power": "The noise is scaled by the mean of |x|. The sound's power is the mean of its *squares*.",
    "variance_for_power": "The noise is scaled by the variance of x. The power is mean(x^2), the sound's mean included.",
    "energy_for_power": "The sum of squares stands where the mean belongs: the noise grows with the sound's length.",
    "sound_ignored": "The noise does not depend on the sound's power: half as loud a sound needs half as loud a noise.",
    "snr_ignored": "Noise of deviation 1 is added, whatever the sound and snr_db.",
    "uniform_noise": "The noise is uniform. Draw it with `rng.standard_normal` (Gaussian).",
    "clipped": "The result is clipped to [-1, 1]. Leave it: clipping is another effect.",
    "noise_follows_sound": "The noise is stronger where the sound is loud: it is multiplied by x, or its power is taken "
    "sample by sample. It has one power everywhere.",
    "one_draw": "One number is added to all samples. Draw one for each: `rng.standard_normal(x.shape)`.",
    "sound_lost": "The noise comes back without the sound: return x + noise.",
    "global_generator": GLOBAL_GENERATOR,
    "same_draw_each_call": SAME_DRAW_EACH_CALL,
}


def named(mistake):
    return Finding(SENTENCES[mistake], mistake)


def sound(rng, samples, amplitude):
    """A tone with an offset: all the powers above differ by more than a tenth."""
    t = np.arange(samples)
    return amplitude * (0.75 * np.sin(2 * np.pi * rng.uniform(0.01, 0.02) * t + rng.uniform(0, 6)) + 0.25)


def ask_power(case, rng):
    """Several sounds and ratios: the noise of each against its own power, pooled. Four questions of chance, and one on each
    sound."""
    script, sounds = Script(), []
    samples, dtype = case.get("samples", 15_000), case.get("dtype", "float64")
    for snr_db, amplitude in case.get("calls"):
        x = sound(rng, samples, amplitude).astype(dtype)
        sounds.append((x.astype(np.float64), 10 ** (snr_db / 10)))
        script.get(script.call(0, x, snr_db, script.rng(int(rng.integers(2**31)))), Want("out", None))

    def findings(values):
        noises = []
        for value, (x, _) in zip(values, sounds, strict=True):
            out = as_sound(value, samples, dtype)
            if isinstance(out, Finding):
                return [out]
            if case.get("beyond") and np.count_nonzero(np.abs(np.abs(out) - 1) < 1e-6) > 20:
                return [named("clipped")]
            noises.append(out - x)
        # An answer may be as large as floats are.
        with np.errstate(all="ignore"):
            return noise_findings(noises, sounds)

    first = case.get("calls")[0][0]
    return Probe(script, f"add_noise(x, {first}, rng)", findings=findings)


def noise_findings(noises, sounds):
    if all(np.ptp(noise) <= 1e-6 * np.abs(noise).max() for noise in noises):
        return [named("one_draw") if any(noise.any() for noise in noises) else Finding("no noise is added")]

    def fits(power):
        """Whether this is the noise's power, in every sound and in all of them together."""
        each = [noise / math.sqrt(power(*sound)) for noise, sound in zip(noises, sounds, strict=True)]
        return not any(std_is_off(z, 0.0, 1.0) for z in (*each, np.concatenate(each)))

    z = np.concatenate([n / math.sqrt(np.mean(x**2) / ratio) for n, (x, ratio) in zip(noises, sounds, strict=True)])
    if fits(lambda x, ratio: np.mean(x**2) / ratio):
        if mean_is_off(z, 0.0, 1.0):
            return [Finding("the noise is not centred on 0")]
        if distribution_is_off(z, stats.norm.cdf):
            return [named("uniform_noise") if is_uniform(z) else Finding("the noise is not Gaussian")]
        # The sum of two neighbours has twice the variance only if they are independent.
        if std_is_off((z[::2] + z[1::2]) / math.sqrt(2), 0.0, 1.0):
            return [Finding("neighbouring samples of the noise hang together: draw every sample by itself")]
        return []
    for mistake, power in POWERS.items():
        if fits(power):
            return [named(mistake)]
    noises = [noise + x for noise, (x, _) in zip(noises, sounds, strict=True)]
    if fits(lambda x, ratio: np.mean(x**2) / ratio):
        return [named("sound_lost")]
    if is_uniform(z):
        return [named("uniform_noise")]
    return [Finding("the noise has another power than mean(x^2) / 10^(snr_db / 10)")]


def is_uniform(noise):
    low, high = float(noise.min()), float(noise.max())
    return high > low and not distribution_is_off(noise, stats.uniform(low, high - low).cdf)


def ask_follows(case, rng):
    """A loud, a quieter and two silent quarters, noisy alike.

    A quarter's deviation is known to a ninetieth: one that is off by a fourth is so by 20 standard errors. A wrong power
    in all of the sound is judged elsewhere.
    """
    n, snr_db = 16_000, 6.0
    x = sound(rng, n, 0.8) * np.repeat(rng.permutation([1.0, 0.3, 0.0, 0.0]), n // 4)
    script = Script()
    script.get(script.call(0, x, snr_db, script.rng(int(rng.integers(2**31)))), Want("out", None))

    def findings(values):
        out = as_sound(values[0], n, "float64")
        if isinstance(out, Finding):
            return [out]
        noise = out - x
        if not noise.any():
            return [Finding("no noise is added")]
        if np.ptp(noise) <= 1e-6 * np.abs(noise).max():
            return [named("one_draw")]
        if alike(noise):
            return []
        return [named("sound_lost" if alike(out) else "noise_follows_sound")]

    def alike(sound):
        quarters = levels(sound / max(np.abs(sound).max(), 1e-300), n // 4)
        return np.abs(quarters - quarters.mean()).max() < 0.25 * quarters.mean()

    return Probe(script, f"add_noise(x, {snr_db}, rng)", findings=findings)


def ask_silence(case, rng):
    script, lengths = Script(), (1, 6, 1000)
    for n in lengths:
        script.get(script.call(0, np.zeros(n), 10.0, script.rng(int(rng.integers(2**31)))), Want("out", None))

    def findings(values):
        for value, n in zip(values, lengths, strict=True):
            out = as_sound(value, n, "float64")
            if isinstance(out, Finding):
                return [out]
            if out.any():
                return [Finding("silence has no power, and so has its noise: the result must be 0")]
        return []

    return Probe(script, "add_noise(np.zeros(n), 10.0, rng)", findings=findings)


def ask_short(case, rng):
    """One to five samples: no draw lies beyond seven deviations (once in 400 thousand million)."""
    script, sounds, snr_db = Script(), [sound(rng, n, 0.7) for n in (1, 2, 5)], -3
    for x in sounds:
        script.get(script.call(0, x, snr_db, script.rng(int(rng.integers(2**31)))), Want("out", None))

    def findings(values):
        for value, x in zip(values, sounds, strict=True):
            out = as_sound(value, len(x), "float64")
            if isinstance(out, Finding):
                return [out]
            if np.abs(out - x).max() > 7 * math.sqrt(np.mean(x**2) / 10 ** (snr_db / 10)):
                return [Finding("the noise of a short sound is far too strong")]
        return []

    return Probe(script, f"add_noise(x, {snr_db}, rng)", findings=findings)


def ask_draws(case, rng):
    x = sound(rng, 64, 0.5)
    probe = generator_probe("add_noise(x, 10.0, rng)", lambda script, g: script.call(0, x, 10.0, g), rng)

    def findings(values):
        same = all(isinstance(value, np.ndarray) and np.array_equal(value, x) for value in values)
        return [Finding("no noise is added")] if same else probe.findings(values)

    return replace(probe, findings=findings)


def ask_inputs(case, rng):
    script, x = Script(), sound(rng, 100, 0.5)
    given = script.put(x)
    script.call(0, given, 10.0, script.rng(int(rng.integers(2**31))))
    script.get(given, Want("x", x, rtol=0.0, atol=0.0, role="input"))
    return Probe(script, "add_noise(x, 10.0, rng)", {"x": x})


def ask_stays(case, rng):
    sounds, seeds = iter([sound(rng, 100, 0.5), sound(rng, 100, 0.4)]), iter(rng.integers(2**31, size=2).tolist())

    def ask(script):
        return [script.call(0, next(sounds), 10.0, script.rng(next(seeds)))]

    return stays_probe("add_noise(x, 10.0, rng)", ask)


ASK = {
    "power": ask_power,
    "follows": ask_follows,
    "silence": ask_silence,
    "short": ask_short,
    "draws": ask_draws,
    "inputs": ask_inputs,
    "stays": ask_stays,
}


def ask(case, rng):
    return ASK[case.get("property")](case, rng)


def with_power(power):
    def wrong(x, snr_db, rng):
        deviation = math.sqrt(float(power(x, 10 ** (snr_db / 10))))
        return (x + deviation * rng.standard_normal(x.shape)).astype(x.dtype)

    return wrong


def deviation_of(x, snr_db):
    return math.sqrt(float(np.mean(x.astype(np.float64) ** 2)) / 10 ** (snr_db / 10))


def uniform_noise(x, snr_db, rng):
    noise = rng.uniform(-1, 1, x.shape) * math.sqrt(3) * deviation_of(x, snr_db)
    return (x + noise).astype(x.dtype)


def positive_noise(x, snr_db, rng):
    return (x + deviation_of(x, snr_db) * rng.random(x.shape)).astype(x.dtype)


def clipped(x, snr_db, rng):
    return np.clip(rescaled(x, snr_db, rng), -1, 1)


def multiplied(x, snr_db, rng):
    return (x * (1 + rng.standard_normal(x.shape) / 10 ** (snr_db / 20))).astype(x.dtype)


def power_of_each_sample(x, snr_db, rng):
    return (x + np.abs(x) / 10 ** (snr_db / 20) * rng.standard_normal(x.shape)).astype(x.dtype)


def one_number(x, snr_db, rng):
    return (x + deviation_of(x, snr_db) * rng.standard_normal()).astype(x.dtype)


def noise_alone(x, snr_db, rng):
    return (deviation_of(x, snr_db) * rng.standard_normal(x.shape)).astype(x.dtype)


def global_state(x, snr_db, rng):
    return (x + deviation_of(x, snr_db) * np.random.standard_normal(x.shape)).astype(x.dtype)  # noqa: NPY002


def unseeded(x, snr_db, rng):
    return rescaled(x, snr_db, np.random.default_rng())


def fixed_seed(x, snr_db, rng):
    return rescaled(x, snr_db, np.random.default_rng(len(x)))


def rescaled(x, snr_db, rng):
    """Scaled to exactly the power that is asked for."""
    noise = rng.normal(size=len(x))
    noise *= deviation_of(x, snr_db) / math.sqrt(np.mean(noise**2))
    return (x + noise).astype(x.dtype)


def sample_by_sample(x, snr_db, rng):
    deviation = deviation_of(x, snr_db)
    return np.array([value + rng.normal(0.0, deviation) for value in x.tolist()], dtype=x.dtype)


def in_decibels(x, snr_db, rng):
    with np.errstate(divide="ignore"):
        level = 10 * np.log10(np.mean(np.square(x, dtype=np.float64))) - snr_db
    return x + rng.standard_normal(len(x)).astype(x.dtype) * float(10 ** (level / 20))


def mistake(name, wrong):
    return Mistake(name, wrong, SENTENCES[name])


EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case(
            "the noise has the power mean(x^2) / 10^(snr_db / 10), and is Gaussian",
            property="power",
            calls=[(10.0, 0.3), (20.0, 0.5), (3.0, 0.1), (30.0, 0.6)],
            weight=6,
        ),
        Case(
            "noise stronger than the sound, nothing clipped",
            property="power",
            calls=[(-6, 0.9), (-2, 0.95)],
            samples=16_000,
            beyond=True,
            weight=3,
        ),
        Case("noise does not follow the sound", property="follows", weight=2),
        Case("silence stays silence", property="silence"),
        Case("a few samples", property="short"),
        Case("all randomness comes from rng, drawn anew in each call", property="draws", weight=2),
        Case("float32 in, float32 out", property="power", calls=[(12.0, 0.4)], samples=32_000, dtype="float32"),
        Case("leaves x as it was", property="inputs"),
        Case("leaves an earlier result as it was", property="stays"),
    ],
    mistakes=[
        *(mistake(name, with_power(power)) for name, power in POWERS.items()),
        mistake("uniform_noise", uniform_noise),
        mistake("uniform_noise", positive_noise),
        mistake("clipped", clipped),
        mistake("noise_follows_sound", multiplied),
        mistake("noise_follows_sound", power_of_each_sample),
        mistake("one_draw", one_number),
        mistake("sound_lost", noise_alone),
        mistake("global_generator", global_state),
        mistake("global_generator", unseeded),
        mistake("same_draw_each_call", fixed_seed),
    ],
    alternatives=[rescaled, sample_by_sample, in_decibels],
    hints=[
        "Decibels first: how many times smaller than the sound's power is the noise's, for 10 dB, for 20?",
        "The power of x is `np.mean(x**2)`; divided by `10 ** (snr_db / 10)` it is the noise's, and the root of that is the "
        "noise's standard deviation.",
        "`noise = np.sqrt(power) * rng.standard_normal(x.shape)`; return `x + noise`, in the dtype of x.",
    ],
)
