"""The properties of a stretched sound: what `time_stretch` is judged by.

Right implementations differ at the ends, between bins and behind an onset from silence, where a plain vocoder loses
much of a tone (phase locking mends that: Laroche and Dolson 1999). So the judge listens: to length, pitch, level, and
when things happen. Thresholds stand between what eleven right implementations give and what the mistakes give.
"""

import numpy as np

from autograder.exercises.augmentation import _sound
from autograder.exercises.augmentation._mixing import Wrong, probe, report
from autograder.judge import Script

# Of a bin of the default frame: right ones are off by 0.002, phases that are not carried on by 0.28 or more.
PITCH = 0.1 / 1024
# A tone that begins at its peak, at moderate rates: right ones keep 0.91 and more; the next wrong window gives 0.75.
LEVEL = 0.15
# Loudest over softest block of a steady tone: right ones are within 0.02, and within 0.2 where places in the input are
# added up as floats, so that a frame is now and then a sample late; trembling ones begin at 0.5.
TREMBLE = 0.3
# In samples: right ones are off by up to 430 (a swelling tone's frames see it early), cut ones by 1,200 and more.
PLACE = 600
# In a frame of 1,024: a gliding tone is smeared; right ones are off by up to 3.2 bins, wrong ones by 14 and more.
GLIDE = 8 / 1024
# Of a click's energy, further away than a frame: right ones have 0.001, frames four times as long 0.03.
SMEAR = 0.01


def stretched(script, x, rate, *frames):
    """Call with rate, and with n_fft and hop where they are given."""
    return script.call(0, x, rate, **dict(zip(("n_fft", "hop"), frames, strict=False)))


def asked(script, x, call):
    report(script, [stretched(script, x, *call)])


def words(rate, n_fft=None, hop=None):
    return f"time_stretch(x, {rate}" + (f", n_fft={n_fft}, hop={hop})" if n_fft else ")")


def heard(value, samples, rate, frame=1024, dtype="float64"):
    """A result of about the right length, cut to it; the exact one is a case of its own."""
    out = _sound.as_sound(value, dtype)
    if -frame <= len(out) - samples / rate <= 2 * frame:
        return out[: round(samples / rate)]
    if abs(len(out) - samples * rate) <= frame // 2:
        raise Wrong(mistake="inverse_rate")
    raise Wrong("the result is far from round(len(x) / rate) samples", got=f"{len(out)} samples")


def lengths(case, rng):
    script, calls = Script(), case.get("calls")
    for samples, *call in calls:
        asked(script, 0.1 * rng.standard_normal(samples), call)

    def check(values):
        kinds = {kind(len(_sound.as_sound(value)), *call) for value, call in zip(values, calls, strict=True)} - {None}
        if len(kinds) == 1 and "" not in kinds:
            raise Wrong(mistake=kinds.pop())
        if kinds:
            raise Wrong("the result must have round(len(x) / rate) samples")

    def kind(n, samples, rate, frame=1024, hop=256):
        right = round(samples / rate)
        if n == right:
            return None
        if n in (round(samples * rate), int(samples / rate)):
            return "inverse_rate" if n == round(samples * rate) else "length_rounded_down"
        return "length_of_frames" if 8 < n - right <= 2 * frame else ""

    return probe(script, words(*calls[0][1:]), check)


def tones(case, rng):
    """Steady tones: whether they go on, and in tune; with `level` also how loud they are, and whether they tremble."""
    script, sounds, samples = Script(), [], case.get("samples", 8192)
    for call in case.get("calls"):
        rate, frame, hop = call if len(call) == 3 else (*call, 1024, 256)
        frequency = _sound.telling_frequency(rng, rate, hop, frame)
        asked(script, _sound.tone(samples, frequency).astype(case.get("dtype", "float64")), call)
        sounds.append((rate, frame, frequency))

    def check(values):
        for value, (rate, frame, frequency) in zip(values, sounds, strict=True):
            out = heard(value, samples, rate, frame, case.get("dtype", "float64"))
            check_tone(_sound.middle(out, frame), rate, frequency, case.get("level"))

    return probe(script, words(*case.get("calls")[0]), check, about=case.about)


def check_tone(sound, rate, frequency, with_level):
    usual = 0.5 / np.sqrt(2)
    if not 1e-3 * usual < _sound.level(sound) < 1e3 * usual:
        raise Wrong("the tone is gone, or far too loud")
    got, blocks = _sound.pitch(sound), _sound.levels(sound)
    if abs(got - frequency * rate) < PITCH + 0.01 * frequency:
        raise Wrong(mistake="naive_resampling")
    if blocks.min() < 1e-3 * blocks.max():
        raise Wrong("a part of the tone is silent")
    if abs(got - frequency) > PITCH:
        near = abs(got - frequency) < 4 / 1024
        raise Wrong(mistake="phases_not_carried") if near else Wrong("a tone changes its pitch")
    if with_level and blocks.max() > (1 + TREMBLE) * blocks.min():
        raise Wrong(mistake="phases_not_carried")
    if with_level and abs(_sound.level(sound) / usual - 1) > LEVEL:
        raise Wrong(mistake="window_not_divided")


def places(case, rng):
    """A tone that swells and fades: when, in the result."""
    script, bursts, samples = Script(), [], 12_288
    for rate in case.get("rates"):
        for part in (0.3, 0.7):
            at = samples * part + int(rng.integers(-300, 300))
            x = _sound.burst(samples, at, rng.uniform(0.04, 0.08))
            asked(script, x, (rate,))
            bursts.append((rate, at, x))

    def check(values):
        for value, (rate, at, x) in zip(values, bursts, strict=True):
            out = heard(value, samples, rate)
            if _sound.level(out) < 1e-6:
                raise Wrong("the sound is gone")
            centre = _sound.centre_of_energy(out / np.abs(out).max())
            if abs(centre - at / rate) <= PLACE:
                continue
            both = min(len(out), samples)
            if np.abs(out[:both] - x[:both]).max() < 1e-6:
                raise Wrong(mistake="cut_not_stretched")
            if abs(centre - at * rate) < PLACE:
                raise Wrong(mistake="inverse_rate")
            raise Wrong("what happens at t does not happen at t / rate")

    return probe(script, words(case.get("rates")[0]), check)


def glides(case, rng):
    """A tone that glides up, and one down: its pitch in five places."""
    script, sounds, samples = Script(), [], 16_384
    for rate, ends in zip(case.get("rates"), ((0.03, 0.13), (0.13, 0.03)), strict=True):
        first, last = rng.uniform(0.9, 1.1, 2) * ends
        asked(script, _sound.glide(samples, first, last), (rate,))
        sounds.append((rate, first, last))

    def check(values):
        fitting = []
        for value, (rate, first, last) in zip(values, sounds, strict=True):
            at = (np.array([0.2, 0.35, 0.5, 0.65, 0.8]) * samples / rate).astype(int)
            kinds = {"": (1, rate), "naive_resampling": (rate, rate), "cut_not_stretched": (1, 1)}
            kinds["inverse_rate"] = (1, 1 / rate)
            out, each = heard(value, samples, rate), (last - first) / samples
            fitting.append(_sound.heard_as(out, at, lambda t, first=first, each=each: first + each * t, kinds, GLIDE))
        _sound.tell(fitting, "a gliding tone passes its pitches at other times than t / rate")

    return probe(script, words(case.get("rates")[0]), check)


def clicks(case, rng):
    """A click in frames of 256: no further away from its place than the frames reach."""
    script, at, samples, frame, rates = Script(), [], 6000, 256, (0.8, 1.25, 0.8, 1.25)
    for rate in rates:
        x = _sound.burst(samples, int(rng.integers(2000, 4000)), 0.1, width=15.0) + 1e-6 * rng.standard_normal(samples)
        asked(script, x, (rate, frame, 64))
        at.append(_sound.centre_of_energy(x) / rate)

    def check(values):
        shares = []
        for value, rate, place in zip(values, rates, at, strict=True):
            out = heard(value, samples, rate, frame)
            energy = (out / max(np.abs(out).max(), 1e-300)) ** 2
            far = np.abs(np.arange(len(out)) - place) > 1.25 * frame
            shares.append(float(energy[far].sum() / max(energy.sum(), 1e-300)))
        if max(shares) > SMEAR:
            raise Wrong(mistake="n_fft_ignored") if max(shares) < 0.95 else Wrong("a click does not come at t / rate")

    return probe(script, words(0.8, frame, 64), check)


def same(case, rng):
    return _sound.unchanged_probe(words(1.0), lambda script, x: stretched(script, x, 1.0), rng)


def silence(case, rng):
    return _sound.silence_probe(words(1.25), lambda script, x: stretched(script, x, 1.25))
