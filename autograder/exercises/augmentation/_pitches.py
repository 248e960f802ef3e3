"""The properties of a sound that is higher or lower: what `pitch_shift` is judged by, by ear as in `_stretches`.

No interval is larger than four semitones: `2 ** semitones` in place of `2 ** (semitones / 12)`, or e in place of 2,
makes a sound so many times longer, and has to stay cheap.
"""

import numpy as np

from autograder.exercises.augmentation import _sound
from autograder.exercises.augmentation._mixing import Wrong, probe, report
from autograder.judge import Script

# In samples: what is off by no more is judged otherwise as if it had the right length.
NEARLY = 1400
# Relative: a twentieth of a semitone, or 5 cents. Right ones are off by less than 0.0002, and so a mistake is told.
IN_TUNE = 0.003
TOLD = 0.0005
# Of a tone's deviation in its earlier part: a tape that runs faster has ended by then, right ones keep a half.
ENDED = 0.1
# Share of samples that equal the one before, a third down: 0.16 and more where the nearest is read, 0 on a line.
REPEATED = 0.05
# In samples, as in `time_stretch`: right ones are off by up to 350 for the intervals that are asked.
PLACE = 600
# In a frame of 1,024: a gliding tone is smeared; right ones are off by up to 3.2 bins, wrong ones by 7.6 and more.
GLIDE = 5.5 / 1024


def asked(script, x, semitones):
    report(script, [script.call(0, x, semitones)])


def factor_of(semitones):
    return 2 ** (semitones / 12)


def heard(value, x, semitones, frequency=None):
    """A result of about the length of x, cut to it or filled up; the exact length is a case of its own.

    frequency : of x, where that is a tone: it tells how a result of another length came about
    """
    out, n, factor = _sound.as_sound(value, x.dtype), len(x), factor_of(semitones)
    for kind, samples, higher in (("only_resampled", n / factor, factor), ("only_stretched", n * factor, 1)):
        far = abs(samples - n) > 10 and abs(len(out) - samples) <= 2
        if frequency and far and abs(_sound.pitch(out) / frequency / higher - 1) < IN_TUNE:
            raise Wrong(mistake=kind)
    if abs(len(out) - n) > NEARLY:
        raise Wrong("the result is far from len(x) samples", got=f"{len(out)} samples")
    return np.pad(out, (0, max(n - len(out), 0)))[:n]


def lengths(case, rng):
    script, calls = Script(), case.get("calls")
    for samples, semitones in calls:
        asked(script, 0.1 * rng.standard_normal(samples), semitones)

    def check(values):
        found = [(len(_sound.as_sound(value)), *call) for value, call in zip(values, calls, strict=True)]
        if all(n == samples for n, samples, _ in found):
            return
        few = all(abs(n - samples) <= NEARLY for n, samples, _ in found)
        for sign in (1, -1):
            few &= not all(abs(n - samples * factor_of(sign * semitones)) <= 2 for n, samples, semitones in found)
        raise Wrong(mistake="length_changed") if few else Wrong("the result must have len(x) samples")

    return probe(script, f"pitch_shift(x, {calls[0][1]})", check)


def tones(case, rng, wrong_factors):
    """Steady tones: their pitch."""
    script, sounds = Script(), []
    for semitones in case.get("semitones"):
        frequency = rng.uniform(0.03, 0.06) * 2 ** (max(-semitones, 0) / 12)
        x = _sound.tone(case.get("samples", 8192), frequency).astype(case.get("dtype", "float64"))
        asked(script, x, semitones)
        sounds.append((x, semitones, frequency))

    def check(values):
        ratios = []
        for value, (x, semitones, frequency) in zip(values, sounds, strict=True):
            out = _sound.middle(heard(value, x, semitones, frequency), 1024)
            # A plain vocoder loses a third of a tone on the way to twice the length.
            if not 0.3 < _sound.level(out) / _sound.level(x) < 2:
                raise Wrong("the tone is nearly gone, or far too loud")
            late = out[int(0.9 * len(out)) :]
            if semitones >= 4 and np.std(late) < ENDED * np.std(out[: len(late)]):
                raise Wrong("the tone ends too early")
            ratios.append((semitones, _sound.pitch(out) / frequency))
        check_ratios(ratios, wrong_factors)

    return probe(script, f"pitch_shift(x, {case.get('semitones')[0]})", check, about=case.about)


def check_ratios(ratios, wrong_factors):
    """Pairs of an interval and its frequency's ratio; the one mistake that explains them all is told."""

    def all_by(factor, error):
        return all(abs(got / factor(semitones) - 1) < error for semitones, got in ratios)

    if all_by(factor_of, IN_TUNE):
        return
    kinds = [*wrong_factors(), ("only_stretched", lambda semitones: 1.0)]
    fitting = {mistake for mistake, factor in kinds if all_by(factor, TOLD)}
    if len(fitting) == 1:
        raise Wrong(mistake=fitting.pop())
    raise Wrong("a tone does not get 2^(semitones / 12) times its frequency")


def glides(case, rng):
    """Tones that glide up or down: their pitch in five places, higher and in its time."""
    script, sounds, samples = Script(), [], 16_384
    for semitones, ends in zip(case.get("semitones"), ((0.03, 0.13), (0.13, 0.03)), strict=True):
        first, last = rng.uniform(0.95, 1.05, 2) * ends
        x = _sound.glide(samples, first, last)
        asked(script, x, semitones)
        sounds.append((x, semitones, first, (last - first) / samples))

    def check(values):
        at, fitting = (np.array([0.2, 0.35, 0.5, 0.65, 0.75]) * samples).astype(int), []
        for value, (x, semitones, first, each) in zip(values, sounds, strict=True):
            factor = factor_of(semitones)
            kinds = {"": (factor, 1), "only_resampled": (factor, factor), "only_stretched": (1, 1 / factor)}
            kinds["sign"] = (1 / factor, 1)
            out = heard(value, x, semitones)
            fitting.append(_sound.heard_as(out, at, lambda t, first=first, each=each: first + each * t, kinds, GLIDE))
        _sound.tell(fitting, "a gliding tone does not get 2^(semitones / 12) times its pitches, each in its time")

    return probe(script, f"pitch_shift(x, {case.get('semitones')[0]})", check)


def places(case, rng):
    """A tone that swells and fades stays where it is."""
    script, bursts, samples = Script(), [], 12_288
    for semitones in case.get("semitones"):
        for part in (0.3, 0.7):
            x = _sound.burst(samples, samples * part + int(rng.integers(-300, 300)), rng.uniform(0.04, 0.06))
            asked(script, x, semitones)
            bursts.append((x, semitones))

    def check(values):
        for value, (x, semitones) in zip(values, bursts, strict=True):
            out = heard(value, x, semitones)
            if _sound.level(out) < 1e-6:
                raise Wrong("the sound is gone")
            out = out / np.abs(out).max()
            at = _sound.centre_of_energy(x)
            if abs(_sound.centre_of_energy(out) - at) <= PLACE:
                continue
            kinds = {"only_resampled": factor_of(semitones), "stretched_the_wrong_way": factor_of(semitones) ** 2}
            shares = {share_near(out, at / faster): kind for kind, faster in kinds.items()}
            if max(shares) > 0.4 and abs(_sound.pitch(out) / _sound.pitch(x) / factor_of(semitones) - 1) < 0.03:
                raise Wrong(mistake=shares[max(shares)])
            raise Wrong("what happens at t does not stay at t")

    def share_near(out, place):
        """How much of the sound is there; a tape may begin anew when it has ended."""
        return (out[max(int(place) - 500, 0) : int(place) + 500] ** 2).sum() / (out**2).sum()

    return probe(script, f"pitch_shift(x, {case.get('semitones')[0]})", check)


def between(case, rng):
    """Tones read slower: between two samples of the stretched sound lie others than these two."""
    script, x = Script(), _sound.tone(8192, rng.uniform(0.05, 0.08))
    for semitones in case.get("semitones"):
        asked(script, x, semitones)

    def check(values):
        outs = [_sound.middle(heard(*item), 1024) for item in zip(values, [x, x], case.get("semitones"), strict=True)]
        if not all(0.3 < _sound.level(out) / _sound.level(x) < 2 for out in outs):
            raise Wrong("the tone is nearly gone, or far too loud")
        # The earlier part: what is read too fast has ended later on.
        if all(np.mean(out[1:2500] == out[:2499]) > REPEATED for out in outs):
            raise Wrong(mistake="nearest_sample")

    return probe(script, f"pitch_shift(x, {case.get('semitones')[0]})", check)


def same(case, rng):
    return _sound.unchanged_probe("pitch_shift(x, 0)", lambda script, x: script.call(0, x, 0), rng)


def silence(case, rng):
    return _sound.silence_probe("pitch_shift(x, 4)", lambda script, x: script.call(0, x, 4))
